#include <ctype.h>
#include <string.h>

#include "bot/spoken_impl.h"

char spoken_char(const struct spoken_job *j, size_t at)
{
	return at < j->in.len ? j->in.v[at] : '\0';
}

bool spoken_digit(const struct spoken_job *j, size_t at)
{
	return isdigit((unsigned char)spoken_char(j, at)) != 0;
}

size_t spoken_digits(const struct spoken_job *j, size_t at)
{
	size_t n = 0;

	while (spoken_digit(j, at + n))
		n++;
	return n;
}

unsigned spoken_value(const struct spoken_job *j, size_t at, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n && i < 9; i++)
		v = 10 * v + (unsigned)(spoken_char(j, at + i) - '0');
	return v;
}

bool spoken_edge(const struct spoken_job *j, size_t at)
{
	return !isalnum((unsigned char)spoken_char(j, at));
}

size_t spoken_spaces(const struct spoken_job *j, size_t at)
{
	size_t n = 0;

	while (spoken_char(j, at + n) == ' ')
		n++;
	return n;
}

struct str spoken_letters(const struct spoken_job *j, size_t at)
{
	size_t n = 0;

	while (isalpha((unsigned char)spoken_char(j, at + n)))
		n++;
	return str_n(j->in.v + at, n);
}

struct str spoken_before(const struct spoken_job *j, size_t at)
{
	size_t end = at, from;

	while (end && j->in.v[end - 1] && strchr(" .:#", j->in.v[end - 1]))
		end--;
	from = end;
	while (from && isalpha((unsigned char)j->in.v[from - 1]))
		from--;
	return str_n(j->in.v + from, end - from);
}

bool spoken_starts(const struct spoken_job *j, size_t at, const char *text)
{
	const size_t n = strlen(text);

	return at + n <= j->in.len && memcmp(j->in.v + at, text, n) == 0;
}

size_t spoken_dash(const struct spoken_job *j, size_t at)
{
	if (spoken_char(j, at) == '-')
		return 1;
	return spoken_starts(j, at, "–") || spoken_starts(j, at, "—") ||
	                       spoken_starts(j, at, "−") ||
	                       spoken_starts(j, at, "‑")
	               ? 3
	               : 0;
}

/* Digits in groups of three: "12,500"; else all there are. */
static size_t whole_len(const struct spoken_job *j, size_t at)
{
	const size_t first = spoken_digits(j, at);
	size_t n = first;

	while (first <= 3 && spoken_char(j, at + n) == ',' &&
	       spoken_digits(j, at + n + 1) == 3)
		n += 4;
	return n;
}

bool spoken_num(const struct spoken_job *j, size_t at, struct spoken_num *n)
{
	const size_t len = whole_len(j, at);
	size_t digits = 0, part = 0;

	if (spoken_char(j, at + len) == '.')
		part = spoken_digits(j, at + len + 1);
	if (!len && !part)
		return false;
	*n = (struct spoken_num){.whole = str_n(j->in.v + at, len),
	                         .len = len + (part ? 1 + part : 0)};
	if (part)
		n->part = str_n(j->in.v + at + len + 1, part);
	for (size_t i = 0; i < len; i++) {
		if (n->whole.v[i] == ',') {
			n->commas = true;
			continue;
		}
		if (++digits <= SPOKEN_DIGITS_MAX)
			n->value =
				10 * n->value + (uint64_t)(n->whole.v[i] - '0');
	}
	if (digits > SPOKEN_DIGITS_MAX)
		n->value = UINT64_MAX;
	return true;
}
