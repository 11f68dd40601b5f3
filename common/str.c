#include "common/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/err.h"

struct str str_n(const char *v, size_t len)
{
	return (struct str){v, len};
}

struct str str_of(const char *text)
{
	return text ? str_n(text, strlen(text)) : str_n("", 0);
}

bool str_eq(struct str a, const char *b)
{
	return a.len == strlen(b) && (!a.len || memcmp(a.v, b, a.len) == 0);
}

bool str_eq_nocase(struct str a, const char *b)
{
	return a.len == strlen(b) && (!a.len || !strncasecmp(a.v, b, a.len));
}

bool str_starts(struct str a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.len >= n && (!n || memcmp(a.v, prefix, n) == 0);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len && is_space(s.v[0])) {
		s.v++;
		s.len--;
	}
	while (s.len && is_space(s.v[s.len - 1]))
		s.len--;
	return s;
}

struct str str_cut(struct str *s, char sep)
{
	const char *at = s->len ? memchr(s->v, sep, s->len) : NULL;
	struct str head = *s;

	if (!at) {
		*s = str_n(NULL, 0);
		return head;
	}
	head.len = (size_t)(at - head.v);
	s->v = at + 1;
	s->len -= head.len + 1;
	return head;
}

int str_copy(char *dst, size_t cap, struct str s)
{
	if (s.len >= cap) {
		if (cap)
			dst[0] = '\0';
		return ERR_LIMIT;
	}
	if (s.len)
		memcpy(dst, s.v, s.len);
	dst[s.len] = '\0';
	return 0;
}

int str_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!s.len)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(s.v[i] - '0');

		if (digit > 9)
			return -EINVAL;
		if (n > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		n = n * 10 + digit;
	}
	if (n > max)
		return -ERANGE;
	*out = n;
	return 0;
}

const char *str_mask_phone(char dst[STR_PHONE_MAX], const char *number)
{
	size_t plus = number && number[0] == '+';
	size_t len = number ? strlen(number) : 0;
	size_t digits = len ? strspn(number + plus, "0123456789") : 0;

	if (digits < 5 || digits + plus != len || len >= STR_PHONE_MAX) {
		memcpy(dst, "***", 4);
		return dst;
	}
	for (size_t i = 0; i < len; i++)
		dst[i] = i <= plus || i + 2 >= len ? number[i] : '*';
	dst[len] = '\0';
	return dst;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int str_hex4(const char *v, size_t len)
{
	int code = 0;

	if (len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex(v[i]);

		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

long str_unescape(char *text, size_t len, bool form)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%') {
			int hi = i + 2 < len ? hex(text[i + 1]) : -1;
			int lo = i + 2 < len ? hex(text[i + 2]) : -1;

			/* A terminator inside a value would cut it short. */
			if (hi < 0 || lo < 0 || hi + lo == 0)
				return -1;
			text[out++] = (char)(hi * 16 + lo);
			i += 2;
		} else {
			text[out++] = form && text[i] == '+' ? ' ' : text[i];
		}
	}
	return (long)out;
}

int str_escape(struct buf *out, struct str s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._~-";
	int err = 0;

	for (size_t i = 0; i < s.len && !err; i++) {
		if (s.v[i] && strchr(plain, s.v[i]))
			err = buf_add(out, &s.v[i], 1);
		else
			err = buf_addf(out, "%%%02X", (unsigned char)s.v[i]);
	}
	return err;
}
