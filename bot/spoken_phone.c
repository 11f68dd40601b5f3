#include <string.h>

#include "bot/spoken_impl.h"

enum { GROUPS_MAX = 6 };

struct group {
	size_t at, len;
	char sep; /* before it: '\0', ' ', '-', '.', or ')' */
};

/* How the groups of a number's digits are written, longest first. */
static const struct {
	const char *sizes;
	char first;  /* its first digit; '\0': any */
	bool dashed; /* with no spaces between them */
} forms[] = {
	{"1334", '1', false}, {"4444", '\0', true}, {"4444", '\0', false},
	{"334", '\0', false}, {"324", '\0', true},  {"344", '0', false},
	{"433", '0', false},  {"56", '0', false},   {"47", '0', false},
};

/* The groups from @at on; their number. */
static size_t collect(const struct spoken_job *j, size_t at,
                      struct group groups[GROUPS_MAX])
{
	size_t i = at, n = 0;
	char sep = '\0';

	while (n < GROUPS_MAX) {
		if (spoken_char(j, i) == '(') {
			sep = '(';
			i++;
		}
		groups[n] = (struct group){i, spoken_digits(j, i), sep};
		if (!groups[n].len)
			return n;
		i += groups[n++].len;
		sep = ' ';
		if (spoken_char(j, i) == ')') {
			sep = ')';
			i++;
		}
		if (spoken_char(j, i) == '-' || spoken_char(j, i) == '.')
			sep = spoken_char(j, i++);
		else if (spoken_char(j, i) == ' ')
			i++;
		else if (sep == ' ' && spoken_char(j, i) != '(')
			return n;
	}
	return n;
}

static bool has_form(const struct spoken_job *j, const struct group *groups,
                     size_t n, size_t form)
{
	const char *sizes = forms[form].sizes;

	if (strlen(sizes) > n ||
	    (forms[form].first &&
	     spoken_char(j, groups[0].at) != forms[form].first))
		return false;
	for (size_t i = 0; sizes[i]; i++) {
		if (groups[i].len != (size_t)(sizes[i] - '0'))
			return false;
		if (i && forms[form].dashed && groups[i].sep != '-')
			return false;
	}
	return true;
}

/* Groups of a number of an exchange, "555-0123", and not "200-1000". */
static bool is_local(const struct spoken_job *j, const struct group *g,
                     size_t n)
{
	return n >= 2 && g[0].len == 3 && g[1].len == 4 &&
	       (g[1].sep == '-' || g[1].sep == '.') &&
	       spoken_char(j, g[0].at) > '1' &&
	       !spoken_starts(j, g[1].at + 2, "00");
}

/* Groups of a longer name made of digits, as a book's is, or of a shorter one
 * that is called so. */
static size_t code_groups(const struct spoken_job *j, const struct group *g,
                          size_t n)
{
	size_t digits = 0, i = 0;

	while (i < n && (!i || g[i].sep == '-'))
		digits += g[i++].len;
	if (i >= 3 && digits >= 7)
		return i;
	return i >= 2 && spoken_coded(j, g[0].at) ? i : 0;
}

/* How many of the groups are a telephone number; 0: none. */
static size_t phone_groups(const struct spoken_job *j,
                           const struct group *groups, size_t n, bool plus)
{
	size_t digits = 0, most = 0;

	for (size_t i = 0; i < ARRAY_LEN(forms) && !plus; i++)
		if (has_form(j, groups, n, i))
			return strlen(forms[i].sizes);
	if (!plus)
		return is_local(j, groups, n) ? 2 : code_groups(j, groups, n);
	for (size_t i = 0; i < n; i++) {
		digits += groups[i].len;
		if (digits >= 8 && digits <= 15)
			most = i + 1;
	}
	return most;
}

static void say_group(struct spoken_job *j, size_t at, size_t len, bool first)
{
	if (!first) {
		spoken_comma(j);
		spoken_cut(j, at);
	}
	spoken_spell(j, str_n(j->in.v + at, len));
}

/* A run of digits, as they are grouped in speech: "1", "555", "555", "0123". */
static void say_run(struct spoken_job *j, size_t at, size_t len)
{
	const bool one = len == 11 && spoken_char(j, at) == '1';
	size_t i = 0;

	if (len < 6) {
		spoken_spell(j, str_n(j->in.v + at, len));
		return;
	}
	if (one)
		say_group(j, at + i++, 1, true);
	while (i < len) {
		const size_t left = len - i;
		const size_t n = left <= 4 ? left : 3;

		say_group(j, at + i, n, !i);
		i += n;
	}
}

/* " ext. 12", " x12": the bytes. */
static size_t extension(struct spoken_job *j, size_t at)
{
	static const char *const names[] = {"extension", "ext", "x"};
	const size_t gap = spoken_spaces(j, at + (spoken_char(j, at) == ','));
	size_t i = at + (spoken_char(j, at) == ',') + gap, n;
	const struct str word = spoken_letters(j, i);
	bool known = false;

	for (size_t k = 0; k < ARRAY_LEN(names); k++)
		known = known || str_eq_nocase(word, names[k]);
	if (!known)
		return 0;
	i += word.len;
	i += spoken_char(j, i) == '.';
	i += spoken_spaces(j, i);
	n = spoken_digits(j, i);
	if (!n || n > 6)
		return 0;
	spoken_comma(j);
	spoken_cut(j, at);
	spoken_words(j, "extension");
	spoken_spell(j, str_n(j->in.v + i, n));
	return i + n - at;
}

size_t spoken_read_phone(struct spoken_job *j, size_t at)
{
	const bool plus = spoken_char(j, at) == '+';
	struct group groups[GROUPS_MAX];
	size_t n = collect(j, at + plus, groups), run, end;

	if (!n)
		return 0;
	run = groups[0].len;
	n = phone_groups(j, groups, n, plus);
	if (!n && (run == 10 || (run == 11 && groups[0].at == at &&
	                         spoken_char(j, at) == '1')))
		n = 1;
	if (!n)
		return 0;
	end = groups[n - 1].at + groups[n - 1].len;
	if (!spoken_edge(j, end) ||
	    (spoken_char(j, end) == '.' && spoken_digit(j, end + 1)))
		return 0;
	if (plus)
		spoken_words(j, "plus");
	for (size_t i = 0; i < n; i++) {
		if (i) {
			spoken_comma(j);
			spoken_cut(j, groups[i - 1].at + groups[i - 1].len);
		}
		say_run(j, groups[i].at, groups[i].len);
	}
	return end - at + extension(j, end);
}
