/*
 * The checker is one loop over tokens with a stack of bits, one per level:
 * object or array. What it has passed, the finders in jtext.c may walk with
 * simple code.
 */
#include "common/jtext.h"

#include <stdint.h>
#include <string.h>

#include "common/err.h"
#include "common/utf8.h"

struct scan {
	const char *v;
	size_t len, at;
	const char *what;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_space(struct scan *s)
{
	while (s->at < s->len && is_space(s->v[s->at]))
		s->at++;
}

/* The character at the cursor; 0 at the end, which no token begins with. */
static char peek(const struct scan *s)
{
	return s->at < s->len ? s->v[s->at] : '\0';
}

static bool fail(struct scan *s, const char *what)
{
	s->what = what;
	return false;
}

static bool check_escape(struct scan *s)
{
	char c = s->at + 1 < s->len ? s->v[s->at + 1] : '\0';

	if (c == 'u') {
		if (str_hex4(s->v + s->at + 2, s->len - s->at - 2) < 0)
			return fail(s,
			            "four hexadecimal digits must follow \\u");
		s->at += 6;
		return true;
	}
	if (!c || !strchr("\"\\/bfnrt", c))
		return fail(s, "this escape does not exist in JSON");
	s->at += 2;
	return true;
}

/* A string, the cursor on its opening quote. */
static bool check_string(struct scan *s)
{
	for (s->at++; s->at < s->len;) {
		unsigned char c = (unsigned char)s->v[s->at];
		size_t n;

		/* The common case, for texts of many kilobytes of base64. */
		if (c > '\\' && c < 0x80) {
			s->at++;
			continue;
		}
		if (c == '"') {
			s->at++;
			return true;
		}
		if (c < ' ')
			return fail(s, "a control character must be escaped");
		if (c == '\\') {
			if (!check_escape(s))
				return false;
			continue;
		}
		n = utf8_len(s->v + s->at, s->len - s->at);
		if (!n)
			return fail(s, "this is not UTF-8");
		s->at += n;
	}
	return fail(s, "the string does not end");
}

static size_t skip_digits(struct scan *s)
{
	size_t from = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return s->at - from;
}

static bool check_number(struct scan *s)
{
	if (peek(s) == '-')
		s->at++;
	if (peek(s) == '0')
		s->at++;
	else if (!skip_digits(s))
		return fail(s, "a digit was expected");
	if (is_digit(peek(s)))
		return fail(s, "a number does not begin with 0");
	if (peek(s) == '.') {
		s->at++;
		if (!skip_digits(s))
			return fail(s, "a digit must follow the point");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (!skip_digits(s))
			return fail(s, "a digit must follow the exponent");
	}
	return true;
}

static bool check_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (s->len - s->at < n || memcmp(s->v + s->at, word, n) != 0)
		return fail(s, "a value was expected");
	s->at += n;
	return true;
}

static bool check_scalar(struct scan *s)
{
	switch (peek(s)) {
	case '"':
		return check_string(s);
	case 't':
		return check_word(s, "true");
	case 'f':
		return check_word(s, "false");
	case 'n':
		return check_word(s, "null");
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return check_number(s);
	default:
		return fail(s, s->at < s->len ? "a value was expected"
		                              : "the text ends too early");
	}
}

/* A key and its colon, the cursor where the key must begin. */
static bool check_key(struct scan *s)
{
	skip_space(s);
	if (peek(s) != '"')
		return fail(s, "a key in quotes was expected");
	if (!check_string(s))
		return false;
	skip_space(s);
	if (peek(s) != ':')
		return fail(s, "a colon was expected");
	s->at++;
	return true;
}

struct nest {
	uint64_t objects; /* a bit per level: is it an object? */
	unsigned depth, max;
};

static bool in_object(const struct nest *n)
{
	return n->depth && (n->objects >> (n->depth - 1) & 1);
}

/* After a value: close what ends here; true with @more set when another
 * element follows. */
static bool check_after(struct scan *s, struct nest *n, bool *more)
{
	*more = false;
	while (n->depth) {
		skip_space(s);
		if (peek(s) == ',') {
			s->at++;
			*more = true;
			return in_object(n) ? check_key(s) : true;
		}
		if (peek(s) != (in_object(n) ? '}' : ']'))
			return fail(s, in_object(n)
			                       ? "',' or '}' was expected"
			                       : "',' or ']' was expected");
		s->at++;
		n->depth--;
	}
	return true;
}

/* Enter a container, or pass an empty one (then it is a value like others). */
static bool check_open(struct scan *s, struct nest *n, bool *entered)
{
	bool object = peek(s) == '{';

	s->at++;
	skip_space(s);
	*entered = peek(s) != (object ? '}' : ']');
	if (n->depth == n->max) {
		n->depth++; /* tells jtext_check() which fault it was */
		return fail(s, "it is nested too deep");
	}
	if (!*entered) {
		s->at++;
		return true;
	}
	n->objects &= ~(1ULL << n->depth);
	n->objects |= (uint64_t)object << n->depth;
	n->depth++;
	return object ? check_key(s) : true;
}

static bool check_value(struct scan *s, struct nest *n)
{
	bool more = true;

	while (more) {
		skip_space(s);
		if (peek(s) == '{' || peek(s) == '[') {
			bool entered;

			if (!check_open(s, n, &entered))
				return false;
			if (entered)
				continue;
		} else if (!check_scalar(s)) {
			return false;
		}
		if (!check_after(s, n, &more))
			return false;
	}
	return true;
}

int jtext_check(struct str text, unsigned depth, struct jtext_fault *fault)
{
	struct scan s = {text.v, text.len, 0, NULL};
	struct nest n = {0, 0, depth};
	bool good;

	ASSERT(depth >= 1 && depth <= JTEXT_DEPTH_MAX);
	good = check_value(&s, &n);
	if (good) {
		skip_space(&s);
		if (s.at < s.len)
			good = fail(&s, "more text follows the value");
	}
	if (good)
		return 0;
	if (fault)
		*fault = (struct jtext_fault){s.at, s.what};
	return n.depth > depth ? ERR_LIMIT : ERR_PROTO;
}
