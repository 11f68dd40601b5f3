/*
 * Base64. What the strict decoder takes is exactly what the encoder writes,
 * and the lenient one takes all of that.
 */
#include "common/base64.h"
#include "tests/fuzz/fuzz.h"

static void decode(const char *v, size_t len)
{
	uint8_t *strict = malloc(len / 4 * 3 + 1);
	uint8_t *lenient = malloc(len / 4 * 3 + 3);
	char *again = malloc(len + 4);
	long n, m;

	must(strict && lenient && again);
	n = base64_decode(strict, v, len);
	m = base64_decode_lenient(lenient, v, len);
	must(m < 0 || (size_t)m <= len / 4 * 3 + 3);
	if (n >= 0) {
		must(base64_encode(again, strict, (size_t)n) == len);
		must(!memcmp(again, v, len));
		must(m == n && !memcmp(strict, lenient, (size_t)n));
	}
	free(strict);
	free(lenient);
	free(again);
}

static void encode(const char *v, size_t len)
{
	char *text = malloc(BASE64_LEN(len) + 1);
	uint8_t *back = malloc(BASE64_LEN(len) / 4 * 3 + 1);
	size_t n;

	must(text && back);
	n = base64_encode(text, v, len);
	must(n == BASE64_LEN(len));
	must(base64_decode(back, text, n) == (long)len);
	must(!memcmp(back, v, len));
	free(text);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);

	decode(v, len);
	encode(v, len);
	free(v);
	return 0;
}
