#include "bot/stream/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct scan {
	const char *p, *end;
};

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' ||
	                         *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

/* The next character that is no white space; 0 at the end. */
static char look(struct scan *s)
{
	skip_space(s);
	return s->p < s->end ? *s->p : '\0';
}

static bool take(struct scan *s, char c)
{
	if (look(s) != c || c == '\0')
		return false;
	s->p++;
	return true;
}

/* From the opening quote to behind the closing one. */
static bool skip_string(struct scan *s)
{
	const char *first = s->p + 1, *q = first;

	for (;;) {
		const char *back;

		q = q < s->end ? memchr(q, '"', (size_t)(s->end - q)) : NULL;
		if (!q)
			return false;
		/* An odd number of backslashes makes the quote a character. */
		back = q;
		while (back > first && back[-1] == '\\')
			back--;
		if ((q - back) % 2 == 0)
			break;
		q++;
	}
	s->p = q + 1;
	return true;
}

/* An object or array, by counting brackets outside of strings. */
static bool skip_nested(struct scan *s)
{
	size_t depth = 0;

	while (s->p < s->end) {
		switch (*s->p) {
		case '"':
			if (!skip_string(s))
				return false;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		s->p++;
		if (!depth)
			return true;
	}
	return false;
}

static bool skip_value(struct scan *s, struct str *value)
{
	char c = look(s);
	const char *first = s->p;
	bool ok = true;

	if (c == '"') {
		ok = skip_string(s);
	} else if (c == '{' || c == '[') {
		ok = skip_nested(s);
	} else {
		while (s->p < s->end && !strchr(",}] \t\r\n", *s->p))
			s->p++;
		ok = s->p > first;
	}
	*value = str_n(first, (size_t)(s->p - first));
	return ok;
}

/* One member up to its value. @more is false when the object has ended. */
static bool member(struct scan *s, bool first, struct str *key, bool *more)
{
	const char *from;

	*more = false;
	if (take(s, '}'))
		return true;
	if (!first && !take(s, ','))
		return false;
	if (look(s) != '"')
		return false;
	from = s->p;
	if (!skip_string(s))
		return false;
	*key = str_n(from + 1, (size_t)(s->p - from) - 2);
	*more = true;
	return take(s, ':');
}

struct str scan_text(struct str value)
{
	if (value.len < 2 || value.v[0] != '"' ||
	    memchr(value.v, '\\', value.len))
		return str_n(NULL, 0);
	return str_n(value.v + 1, value.len - 2);
}

static bool is(struct str key, const char *name, size_t len)
{
	return key.len == len && memcmp(key.v, name, len) == 0;
}

#define IS(key, name) is(key, name, sizeof(name) - 1)

/* Behind the brace of the member "media". */
static bool media_object(struct scan *s, struct scan_media *m)
{
	struct str key, value;
	bool more, first = true;

	*m = (struct scan_media){0};
	for (;; first = false) {
		if (!member(s, first, &key, &more))
			return false;
		if (!more)
			return true;
		/* A key with an escape in it may be any of them. */
		if (memchr(key.v, '\\', key.len) || !skip_value(s, &value))
			return false;
		if (IS(key, "payload"))
			m->payload = value;
		else if (IS(key, "track"))
			m->track = value;
		else if (IS(key, "chunk"))
			m->chunk = value;
		else if (IS(key, "timestamp"))
			m->timestamp = value;
	}
}

static bool whole_object(struct scan *s, struct scan_media *m, bool *media)
{
	struct str key, value, event = {0};
	bool more, first = true, object = false;

	for (;; first = false) {
		if (!member(s, first, &key, &more))
			return false;
		if (!more)
			break;
		if (memchr(key.v, '\\', key.len))
			return false;
		if (IS(key, "media") && look(s) == '{') {
			s->p++;
			object = true;
			if (!media_object(s, m))
				return false;
			continue;
		}
		if (!skip_value(s, &value))
			return false;
		if (IS(key, "event"))
			event = value;
		else if (IS(key, "media"))
			object = false;
	}
	*media = object && IS(event, "\"media\"");
	return look(s) == '\0' && s->p == s->end;
}

int scan_media(struct scan_media *m, const char *text, size_t len)
{
	struct scan s = {text, text + len};
	bool media = false;

	if (!take(&s, '{') || !whole_object(&s, m, &media) || !media)
		return -ENOENT;
	return 0;
}
