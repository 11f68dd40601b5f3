#define _GNU_SOURCE
#include "bot/net/http_head.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
	BAD_REQUEST = 400,
	UPGRADE_REQUIRED = 426,
	TOO_MANY_HEADERS = 431,
	BAD_VERSION = 505,
	KEY_LEN = 24, /* [characters] sixteen bytes in base64 */
};

static bool is_token(struct str s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.v[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9'))
			continue;
		if (!c || !strchr(others, c))
			return false;
	}
	return s.len > 0;
}

static bool is_text(struct str s, bool spaces)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.v[i];

		if (c == 0x7f || c < ' ' || (c == ' ' && !spaces))
			if (c != '\t' || !spaces)
				return false;
	}
	return true;
}

static int parse_target(struct http_head *h, struct str target)
{
	/* The absolute form is for proxies; its path is what counts. */
	if (str_starts(target, "http://") || str_starts(target, "https://")) {
		const char *slash = memchr(target.v + 8, '/', target.len - 8);

		if (!slash)
			return BAD_REQUEST;
		target = str_n(slash, target.len - (size_t)(slash - target.v));
	}
	if (!str_starts(target, "/") || !is_text(target, false) ||
	    memchr(target.v, '#', target.len))
		return BAD_REQUEST;
	h->path = str_cut(&target, '?');
	h->query = target.v ? target : str_of("");
	return 0;
}

static int parse_line(struct http_head *h, struct str line)
{
	struct str target;

	h->method = str_cut(&line, ' ');
	target = str_cut(&line, ' ');
	if (!is_token(h->method) || !line.v)
		return BAD_REQUEST;
	h->v11 = str_eq(line, "HTTP/1.1");
	if (!h->v11 && !str_eq(line, "HTTP/1.0"))
		return str_starts(line, "HTTP/") ? BAD_VERSION : BAD_REQUEST;
	return parse_target(h, target);
}

static int parse_field(struct http_head *h, struct str line)
{
	struct http_field *f = &h->field[h->n_fields];

	if (h->n_fields == HTTP_HEADERS_MAX)
		return TOO_MANY_HEADERS;
	f->name = str_cut(&line, ':');
	if (!is_token(f->name) || !line.v || !is_text(line, true))
		return BAD_REQUEST;
	f->value = str_trim(line);
	h->n_fields++;
	return 0;
}

struct str http_head_get(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (str_eq_nocase(h->field[i].name, name))
			return h->field[i].value;
	return (struct str){NULL, 0};
}

/* Is @word in a comma-separated list, in any case? */
static bool lists(struct str value, const char *word)
{
	while (value.len)
		if (str_eq_nocase(str_trim(str_cut(&value, ',')), word))
			return true;
	return false;
}

/* Two different ideas of where a body ends are how requests are smuggled. */
static int parse_framing(struct http_head *h)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->field[i];
		uint64_t n;

		if (str_eq_nocase(f->name, "transfer-encoding"))
			h->chunked = true;
		if (!str_eq_nocase(f->name, "content-length"))
			continue;
		if (str_u64(f->value, SIZE_MAX / 2, &n))
			return BAD_REQUEST;
		if (h->has_length && h->body_len != n)
			return BAD_REQUEST;
		h->has_length = true;
		h->body_len = (size_t)n;
	}
	return h->chunked && h->has_length ? BAD_REQUEST : 0;
}

static int parse_upgrade(struct http_head *h)
{
	struct str up = http_head_get(h, "upgrade");
	struct str conn = http_head_get(h, "connection");

	if (!up.len || !lists(conn, "upgrade") || !lists(up, "websocket"))
		return 0;
	if (!str_eq(h->method, "GET") || !h->v11)
		return BAD_REQUEST;
	if (!str_eq(http_head_get(h, "sec-websocket-version"), "13"))
		return UPGRADE_REQUIRED;
	h->key = http_head_get(h, "sec-websocket-key");
	if (h->key.len != KEY_LEN || !is_text(h->key, false))
		return BAD_REQUEST;
	h->upgrade = true;
	return 0;
}

int http_head_parse(struct http_head *h, const char *text, size_t len)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4);
	struct str rest, conn;
	int status;

	if (!end)
		return -EAGAIN;
	memset(h, 0, sizeof(*h));
	h->len = (size_t)(end - text) + 4;
	if (memchr(text, '\0', h->len))
		return BAD_REQUEST;
	rest = str_n(text, h->len - 2);
	for (size_t i = 0; rest.len; i++) {
		struct str line = str_cut(&rest, '\n');

		if (!line.len || line.v[line.len - 1] != '\r')
			return BAD_REQUEST;
		line.len--;
		status = i ? parse_field(h, line) : parse_line(h, line);
		if (status)
			return status;
	}
	status = parse_framing(h);
	if (status)
		return status;
	conn = http_head_get(h, "connection");
	h->keep_alive =
		h->v11 ? !lists(conn, "close") : lists(conn, "keep-alive");
	return parse_upgrade(h);
}
