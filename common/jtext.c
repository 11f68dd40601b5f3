/*
 * Walking text that jtext_check() has passed. These functions trust its form,
 * and still never read beyond the span they were given.
 */
#include "common/jtext.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_string(const struct str t, size_t at)
{
	for (at++; at < t.len && t.v[at] != '"'; at++)
		if (t.v[at] == '\\')
			at++;
	return at < t.len ? at + 1 : t.len;
}

/* The offset behind the value that begins at @at. */
static size_t skip_value(const struct str t, size_t at)
{
	size_t depth = 0;

	while (at < t.len) {
		char c = t.v[at];

		if (c == '"') {
			at = skip_string(t, at);
		} else if (c == '{' || c == '[') {
			depth++;
			at++;
			continue;
		} else if (c == '}' || c == ']') {
			if (!depth)
				return at;
			depth--;
			at++;
		} else if (depth || !(c == ',' || c == ':' || is_space(c))) {
			at++;
			if (depth ||
			    (at < t.len && !strchr(",:]} \t\r\n", t.v[at])))
				continue;
		}
		if (!depth)
			return at;
	}
	return at;
}

static size_t skip_between(const struct str t, size_t at)
{
	while (at < t.len &&
	       (is_space(t.v[at]) || t.v[at] == ',' || t.v[at] == ':'))
		at++;
	return at;
}

enum jtext_type jtext_type(struct str value)
{
	value = str_trim(value);
	switch (value.len ? value.v[0] : 'n') {
	case 'n':
		return JTEXT_NULL;
	case 'f':
		return JTEXT_FALSE;
	case 't':
		return JTEXT_TRUE;
	case '"':
		return JTEXT_STRING;
	case '[':
		return JTEXT_ARRAY;
	case '{':
		return JTEXT_OBJECT;
	default:
		return JTEXT_NUMBER;
	}
}

bool jtext_falsy(struct str value)
{
	struct str key, first;
	size_t pos = 0;

	value = str_trim(value);
	switch (jtext_type(value)) {
	case JTEXT_NULL:
	case JTEXT_FALSE:
		return true;
	case JTEXT_STRING:
		return value.len == 2;
	case JTEXT_ARRAY:
	case JTEXT_OBJECT:
		return !jtext_next(value, &pos, &key, &first);
	case JTEXT_NUMBER:
		for (size_t i = 0; i < value.len; i++) {
			if (value.v[i] == 'e' || value.v[i] == 'E')
				break;
			if (value.v[i] >= '1' && value.v[i] <= '9')
				return false;
		}
		return true;
	case JTEXT_TRUE:
	default:
		return false;
	}
}

bool jtext_next(struct str container, size_t *pos, struct str *key,
                struct str *value)
{
	bool object = jtext_type(container) == JTEXT_OBJECT;
	size_t at = *pos, end;

	container = str_trim(container);
	if (!at)
		at = 1;
	at = skip_between(container, at);
	if (at + 1 >= container.len)
		return false;

	*key = str_n("", 0);
	if (object) {
		end = skip_string(container, at);
		*key = str_n(container.v + at + 1, end - at - 2);
		at = skip_between(container, end);
	}
	end = skip_value(container, at);
	*value = str_n(container.v + at, end - at);
	*pos = end;
	return true;
}

/* The code point of the escape at @at, which is behind "\\u"; a pair of
 * surrogates is one. Advances @at. */
static uint32_t unicode_escape(struct str raw, size_t *at)
{
	uint32_t code = (uint32_t)str_hex4(raw.v + *at, raw.len - *at);
	const char *next = raw.v + *at + 4;

	*at += 4;
	if (code >= 0xd800 && code < 0xdc00 && *at + 6 <= raw.len &&
	    next[0] == '\\' && next[1] == 'u') {
		uint32_t low = (uint32_t)str_hex4(next + 2, 4);

		if (low >= 0xdc00 && low < 0xe000) {
			*at += 6;
			return 0x10000 + ((code - 0xd800) << 10) +
			       (low - 0xdc00);
		}
	}
	if (!code || (code >= 0xd800 && code < 0xe000))
		return 0xfffd;
	return code;
}

/* Append a string's content: escapes become what they mean. */
static int print_string(struct buf *out, struct str raw)
{
	static const char names[] = "bfnrt", means[] = "\b\f\n\r\t";
	size_t at = 0;
	int err = 0;

	while (at < raw.len && !err) {
		const char *c = &raw.v[at++], *named;
		char utf8[4];

		if (*c != '\\' || at == raw.len) {
			err = buf_add(out, c, 1);
			continue;
		}
		c = &raw.v[at++];
		if (*c == 'u') {
			size_t n = utf8_put(utf8, unicode_escape(raw, &at));

			err = buf_add(out, utf8, n);
			continue;
		}
		named = strchr(names, *c);
		err = buf_add(out, named ? &means[named - names] : c, 1);
	}
	return err;
}

int jtext_print(struct buf *out, struct str value)
{
	value = str_trim(value);
	if (jtext_type(value) != JTEXT_STRING)
		return buf_add(out, value.v, value.len);
	return print_string(out, str_n(value.v + 1, value.len - 2));
}

int jtext_string(char *dst, size_t cap, struct str value)
{
	struct buf text;
	int err;

	value = str_trim(value);
	if (jtext_type(value) != JTEXT_STRING)
		return -EINVAL;
	for (size_t i = 0; i + 6 <= value.len; i++) {
		if (value.v[i] != '\\')
			continue;
		if (!memcmp(value.v + i, "\\u0000", 6))
			return -EINVAL;
		i++;
	}
	buf_init(&text, cap ? cap - 1 : 0);
	err = print_string(&text, str_n(value.v + 1, value.len - 2));
	if (!err)
		err = str_copy(dst, cap, str_n(buf_str(&text), text.len));
	buf_fini(&text);
	return err;
}

/* Does the raw key, as written, mean @name? */
static bool key_is(struct str raw, struct str name)
{
	struct buf text;
	bool same;

	if (!memchr(raw.v, '\\', raw.len))
		return raw.len == name.len && !memcmp(raw.v, name.v, raw.len);
	buf_init(&text, raw.len);
	same = !print_string(&text, raw) && text.len == name.len &&
	       !memcmp(buf_str(&text), name.v, name.len);
	buf_fini(&text);
	return same;
}

static int get(struct str container, struct str name, struct str *value)
{
	bool array = jtext_type(container) == JTEXT_ARRAY;
	struct str key, v;
	uint64_t want = 0, i = 0;
	size_t pos = 0;
	int err = -ENOENT;

	if (array && str_u64(name, SIZE_MAX, &want))
		return -ENOENT;
	if (!array && jtext_type(container) != JTEXT_OBJECT)
		return -ENOENT;
	for (; jtext_next(container, &pos, &key, &v); i++) {
		if (array ? i != want : !key_is(key, name))
			continue;
		*value = v;
		err = 0;
		if (array)
			break;
	}
	return err;
}

int jtext_get(struct str object, const char *key, struct str *value)
{
	if (jtext_type(object) != JTEXT_OBJECT)
		return -ENOENT;
	return get(object, str_of(key), value);
}

int jtext_path(struct str value, struct str path, struct str *out)
{
	while (path.v) {
		int err = get(value, str_cut(&path, '.'), &value);

		if (err)
			return err;
	}
	*out = value;
	return 0;
}
