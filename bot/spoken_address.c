#include <ctype.h>
#include <string.h>

#include "bot/spoken_impl.h"

/* Ends of a name that are one without "www." or "https://", too. */
static const char *const zones[] = {
	"com",    "org",    "net",     "edu",  "gov",    "io",  "co",   "uk",
	"de",     "fr",     "es",      "it",   "nl",     "eu",  "us",   "ca",
	"au",     "in",     "me",      "ai",   "app",    "dev", "info", "biz",
	"health", "clinic", "example", "shop", "online", "tv",
};

static const struct {
	char c;
	const char *as;
} signs[] = {
	{'.', "dot"},   {'@', "at"},     {'-', "dash"},    {'_', "underscore"},
	{'/', "slash"}, {'+', "plus"},   {'~', "tilde"},   {':', "colon"},
	{'&', "and"},   {'=', "equals"}, {'%', "percent"},
};

/* The bytes of a name, "a.b-c.example", without a full stop behind. */
static size_t host_len(const struct spoken_job *j, size_t at)
{
	size_t n = 0;

	while (isalnum((unsigned char)spoken_char(j, at + n)) ||
	       (spoken_char(j, at + n) && strchr(".-", spoken_char(j, at + n))))
		n++;
	while (n && !isalnum((unsigned char)spoken_char(j, at + n - 1)))
		n--;
	return n;
}

/* Is it a name with at least one dot and a known end? */
static bool is_host(struct str name, bool known)
{
	struct str last = name;
	const char *dot = NULL;

	for (size_t i = 0; i < name.len; i++)
		if (name.v[i] == '.')
			dot = name.v + i;
	if (!dot || dot == name.v)
		return false;
	last.v = dot + 1;
	last.len = (size_t)(name.v + name.len - last.v);
	if (last.len < 2 || !isalpha((unsigned char)last.v[0]))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (str_eq_nocase(last, zones[i]))
			return true;
	return !known;
}

static const char *sign_word(char c)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (signs[i].c == c)
			return signs[i].as;
	return NULL;
}

/* Letters as they are, digits and signs by their names. */
static void spell(struct spoken_job *j, size_t from, size_t to)
{
	for (size_t i = from; i < to && !j->err;) {
		const struct str word = spoken_letters(j, i);
		const size_t digits = spoken_digits(j, i);
		const char *sign = sign_word(j->in.v[i]);

		if (str_eq_nocase(word, "www")) {
			spoken_words(j, "w w w");
		} else if (word.len) {
			spoken_word(j, word);
		} else if (digits && digits <= 2 && j->in.v[i] != '0') {
			spoken_cardinal(j, spoken_value(j, i, digits));
		} else if (digits) {
			spoken_spell(j, str_n(j->in.v + i, digits));
		} else if (sign) {
			spoken_words(j, sign);
		}
		i += word.len ? word.len : digits ? digits : 1;
	}
}

static size_t mail(struct spoken_job *j, size_t at)
{
	size_t i = at, host;

	while (isalnum((unsigned char)spoken_char(j, i)) ||
	       (spoken_char(j, i) && strchr("._+-", spoken_char(j, i))))
		i++;
	if (i == at || spoken_char(j, i) != '@')
		return 0;
	host = host_len(j, i + 1);
	if (!is_host(str_n(j->in.v + i + 1, host), false))
		return 0;
	spell(j, at, i + 1 + host);
	return i + 1 + host - at;
}

/* The bytes of "/a/b.html?c#d" */
static size_t path_len(const struct spoken_job *j, size_t at)
{
	size_t n = 0;

	if (spoken_char(j, at) != '/' && spoken_char(j, at) != ':' &&
	    spoken_char(j, at) != '?' && spoken_char(j, at) != '#')
		return 0;
	while (spoken_char(j, at + n) &&
	       !strchr(" <>\"()[]", spoken_char(j, at + n)) &&
	       !(j->in.v[at + n] & 0x80))
		n++;
	/* Marks at its end are the sentence's. */
	while (n && strchr(".,;:!?'", spoken_char(j, at + n - 1)))
		n--;
	return n;
}

size_t spoken_read_address(struct spoken_job *j, size_t at)
{
	const size_t scheme = spoken_starts(j, at, "https://")  ? 8
	                      : spoken_starts(j, at, "http://") ? 7
	                                                        : 0;
	const size_t name = at + scheme, host = host_len(j, name);
	const bool www = spoken_starts(j, name, "www.");
	size_t path, say, n;

	if (!isalnum((unsigned char)spoken_char(j, at)))
		return 0;
	n = scheme ? 0 : mail(j, at);
	if (n || !is_host(str_n(j->in.v + name, host), !scheme && !www))
		return n;
	path = path_len(j, name + host);
	/* Nobody says what comes behind a question mark. */
	for (say = 0; say < path; say++)
		if (strchr("?#", j->in.v[name + host + say]))
			break;
	while (say && j->in.v[name + host + say - 1] == '/')
		say--;
	spell(j, name, name + host + say);
	return scheme + host + path;
}
