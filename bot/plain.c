#include "bot/plain.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"

static bool is_emoji(uint32_t c)
{
	return (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x2600 && c <= 0x27bf) ||
	       (c >= 0x2b00 && c <= 0x2bff) || (c >= 0xfe00 && c <= 0xfe0f) ||
	       (c >= 0x2190 && c <= 0x21ff) || (c >= 0xe0000 && c <= 0xe007f) ||
	       c == 0x200d || c == 0x20e3 || c == 0x2022;
}

static bool alnum_at(struct str s, size_t i)
{
	return i < s.len && (isalnum((unsigned char)s.v[i]) || s.v[i] & 0x80);
}

/* Length of a sign that begins a line and is no part of what it says. */
static size_t line_sign(struct str s, size_t i)
{
	size_t n = i;

	while (n < s.len && s.v[n] == '#')
		n++;
	if (n == i && n < s.len && s.v[n] && strchr("-*+>", s.v[n]))
		n++;
	return n > i && n < s.len && s.v[n] == ' ' ? n - i : 0;
}

/* "](target)" at @i: its length, 0 if it is none. */
static size_t link_target(struct str s, size_t i)
{
	const char *end;

	if (i + 1 >= s.len || s.v[i] != ']' || s.v[i + 1] != '(')
		return 0;
	end = memchr(s.v + i, ')', s.len - i);
	return end ? (size_t)(end - s.v) + 1 - i : 0;
}

/* Is there a link's text from @i on: "[text](target)"? */
static bool link_text(struct str s, size_t i)
{
	const char *end = memchr(s.v + i, ']', s.len - i);

	return end && link_target(s, (size_t)(end - s.v)) > 0;
}

/* Bytes at @i that are not spoken; 0: they are. */
static size_t unspoken(struct str s, size_t i, bool line_begins)
{
	const size_t n = utf8_len(s.v + i, s.len - i);
	size_t len;

	if (!n)
		return 1;
	if (n > 1)
		return is_emoji(utf8_code(s.v + i, n)) ? n : 0;
	len = line_begins ? line_sign(s, i) : 0;
	if (len)
		return len;
	switch (s.v[i]) {
	case '*':
	case '`':
		return 1;
	case '_': /* snake_case is a word, _this_ is emphasis */
		return i && alnum_at(s, i - 1) && alnum_at(s, i + 1) ? 0 : 1;
	case '~':
		return i + 1 < s.len && s.v[i + 1] == '~' ? 2 : 0;
	case '[':
		return link_text(s, i) ? 1 : 0;
	case ']':
		return link_target(s, i);
	default:
		return 0;
	}
}

int plain_add(struct buf *out, struct str text)
{
	const size_t start = out->len;
	bool gap = false, line = true;
	size_t n;

	for (size_t i = 0; i < text.len; i += n) {
		const char c = text.v[i];
		int err;

		if (isspace((unsigned char)c)) {
			gap = true;
			line = line || c == '\n';
			n = 1;
			continue;
		}
		n = unspoken(text, i, line);
		line = false;
		if (n)
			continue;
		n = utf8_len(text.v + i, text.len - i);
		err = gap && out->len > start ? buf_add(out, " ", 1) : 0;
		if (!err)
			err = buf_add(out, text.v + i, n);
		if (err)
			return err;
		gap = false;
	}
	return 0;
}

int plain_line(struct buf *out, struct str text, size_t max)
{
	const size_t start = out->len;
	bool gap = false;
	size_t n;

	for (size_t i = 0; i < text.len; i += n) {
		const bool wide = gap && out->len > start;
		int err;

		n = utf8_len(text.v + i, text.len - i);
		if (n <= 1 && (n == 0 || isspace((unsigned char)text.v[i]) ||
		               iscntrl((unsigned char)text.v[i]))) {
			gap = true;
			n = 1;
			continue;
		}
		if (out->len - start + n + wide > max)
			break;
		err = wide ? buf_add(out, " ", 1) : 0;
		if (!err)
			err = buf_add(out, text.v + i, n);
		if (err)
			return err;
		gap = false;
	}
	return 0;
}
