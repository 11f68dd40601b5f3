#include "server/number.h"

#include <errno.h>
#include <string.h>

enum { DIGITS_MIN = 7, DIGITS_MAX = 15 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int number_parse(char out[NUMBER_MAX], struct str text)
{
	struct str s = str_trim(text);
	size_t n = 0;
	bool plus = false;

	out[0] = '\0';
	for (size_t i = 0; i < s.len; i++) {
		char c = s.v[i];

		if (is_digit(c)) {
			if (n == DIGITS_MAX)
				goto bad;
			out[1 + n++] = c;
		} else if (c == '+') {
			if (plus || n)
				goto bad;
			plus = true;
		} else if (c == '\0' || !strchr(" -.()", c)) {
			goto bad;
		}
	}
	if (n < DIGITS_MIN || out[1] == '0')
		goto bad;
	out[0] = '+';
	out[1 + n] = '\0';
	return 0;
bad:
	out[0] = '\0';
	return -EINVAL;
}

/* The plan of numbers: 1 and 7 are whole zones, these are the countries with
 * two digits, all others have three. */
size_t number_country_len(const char *digits)
{
	static const char two[][3] = {
		"20", "27", "30", "31", "32", "33", "34", "36", "39",
		"40", "41", "43", "44", "45", "46", "47", "48", "49",
		"51", "52", "53", "54", "55", "56", "57", "58", "60",
		"61", "62", "63", "64", "65", "66", "81", "82", "84",
		"86", "90", "91", "92", "93", "94", "95", "98"};

	if (digits[0] == '1' || digits[0] == '7')
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(two); i++)
		if (!strncmp(digits, two[i], 2))
			return 2;
	return 3;
}

static struct str prefix_digits(struct str prefix)
{
	struct str p = str_trim(prefix);

	if (p.len && p.v[0] == '+') {
		p.v++;
		p.len--;
	}
	return p;
}

bool number_allowed(const char *e164, const char *prefixes)
{
	struct str rest = str_of(prefixes);

	while (rest.v) {
		struct str p = prefix_digits(str_cut(&rest, ','));

		if (str_eq(p, "*") || (p.len && !strncmp(e164 + 1, p.v, p.len)))
			return true;
	}
	return false;
}

bool number_prefixes_ok(const char *prefixes)
{
	struct str rest = str_of(prefixes);

	while (rest.v) {
		struct str p = prefix_digits(str_cut(&rest, ','));

		if (str_eq(p, "*"))
			continue;
		if (!p.len || p.len > DIGITS_MAX || p.v[0] == '0')
			return false;
		for (size_t i = 0; i < p.len; i++)
			if (!is_digit(p.v[i]))
				return false;
	}
	return true;
}

bool number_same(const char *e164, struct str number)
{
	char other[NUMBER_MAX];

	return !number_parse(other, number) && !strcmp(e164, other);
}
