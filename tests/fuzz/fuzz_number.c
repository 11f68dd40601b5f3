/*
 * Telephone numbers. What is dialled is one E.164 number, whatever came in.
 */
#include "server/number.h"
#include "tests/fuzz/fuzz.h"

static void check(const char *out)
{
	char again[NUMBER_MAX];
	size_t n = strlen(out);

	must(n >= 8 && n <= 16 && out[0] == '+' && out[1] != '0');
	must(strspn(out + 1, "0123456789") == n - 1);
	must(number_parse(again, str_of(out)) == 0);
	must(strcmp(again, out) == 0);
	must(number_same(out, str_of(out)));
	must(number_country_len(out + 1) <= n - 1);
	must(number_allowed(out, "*"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len), *list = fuzz_string(data, len);
	char out[NUMBER_MAX];

	if (number_parse(out, str_n(v, len)) == 0) {
		check(out);
		must(number_same(out, str_n(v, len)));
	} else {
		must(out[0] == '\0');
	}
	number_same("+15551234567", str_n(v, len));
	if (number_prefixes_ok(list))
		number_allowed("+15551234567", list);
	free(v);
	free(list);
	return 0;
}
