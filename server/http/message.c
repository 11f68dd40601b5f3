#define _POSIX_C_SOURCE 200809L
#include "server/http/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/err.h"
#include "common/js.h"
#include "common/mem.h"

enum { HEADERS_MAX = 4096, DETAIL_MAX = 4096 }; /* [bytes] of a response */

static const char JSON[] = "application/json";

const char *http_header(const struct http_req *req, const char *name)
{
	for (size_t i = 0; i < req->n_headers; i++)
		if (!strcasecmp(req->headers[i].name, name))
			return req->headers[i].value;
	return NULL;
}

const char *http_method_name(enum http_method method)
{
	switch (method) {
	case HTTP_POST:
		return "POST";
	case HTTP_DELETE:
		return "DELETE";
	case HTTP_OPTIONS:
		return "OPTIONS";
	case HTTP_GET:
	default:
		return "GET";
	}
}

const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {
		{200, "OK"},
		{202, "Accepted"},
		{204, "No Content"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Internal Server Error";
}

int http_form_get(char *dst, size_t cap, struct str form, const char *name)
{
	struct str rest = form;

	dst[0] = '\0';
	while (rest.v) {
		struct str value = str_cut(&rest, '&');
		struct str key = str_cut(&value, '=');
		char decoded[64];
		long n;

		/* A long key is none of ours, however it decodes. */
		if (key.len >= sizeof(decoded))
			continue;
		memcpy(decoded, key.v, key.len);
		n = str_unescape(decoded, key.len, true);
		if (n < 0 || !str_eq(str_n(decoded, (size_t)n), name))
			continue;
		if (value.len >= cap)
			return ERR_LIMIT;
		if (value.len)
			memcpy(dst, value.v, value.len);
		n = str_unescape(dst, value.len, true);
		dst[n < 0 ? 0 : n] = '\0';
		return n < 0 ? -EINVAL : 0;
	}
	return -ENOENT;
}

const char *http_param(char *dst, size_t cap, const struct http_req *req,
                       const char *name)
{
	struct str body = str_n(req->body, req->body_len);

	if (req->method != HTTP_POST || http_form_get(dst, cap, body, name))
		if (http_form_get(dst, cap, str_of(req->query), name))
			dst[0] = '\0';
	return dst;
}

void http_res_init(struct http_res *res)
{
	memset(res, 0, sizeof(*res));
	res->status = 200;
	res->content_type = JSON;
	buf_init(&res->body, HTTP_RESPONSE_MAX);
	buf_init(&res->headers, HEADERS_MAX);
}

void http_res_fini(struct http_res *res)
{
	buf_fini(&res->body);
	buf_fini(&res->headers);
}

void http_res_header(struct http_res *res, const char *name, const char *value)
{
	/* No value may add a line of its own. */
	ASSERT(!strpbrk(value, "\r\n"));
	http_res_check(res, buf_addf(&res->headers, "%s: %s\r\n", name, value));
}

void http_res_check(struct http_res *res, int err)
{
	static const char text[] = "{\"detail\":\"no memory for the answer\"}";

	if (!err)
		return;
	res->status = 500;
	res->content_type = JSON;
	buf_reset(&res->body);
	if (buf_adds(&res->body, text))
		buf_reset(&res->body);
}

PRINTF_LIKE(3, 0)
static void fail(struct http_res *res, int status, const char *fmt, va_list ap)
{
	char text[DETAIL_MAX];
	int n, err;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	res->status = status;
	res->content_type = JSON;
	buf_reset(&res->body);
	err = buf_adds(&res->body, "{\"detail\":");
	if (!err)
		err = js_quote(&res->body, text, (size_t)n);
	if (!err)
		err = buf_adds(&res->body, "}");
	http_res_check(res, err);
}

void http_fail(struct http_res *res, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(res, status, fmt, ap);
	va_end(ap);
}

void http_fail_later(struct http_res *res, int status, unsigned retry_sec,
                     const char *fmt, ...)
{
	char seconds[16];
	va_list ap;

	va_start(ap, fmt);
	fail(res, status, fmt, ap);
	va_end(ap);
	snprintf(seconds, sizeof(seconds), "%u", retry_sec);
	http_res_header(res, "Retry-After", seconds);
}

bool http_body_length(const struct http_req *req, struct http_res *res,
                      bool needed, size_t max, long long *len)
{
	const char *te = http_header(req, "Transfer-Encoding");
	const char *cl = http_header(req, "Content-Length");
	uint64_t n = 0;

	*len = te ? -1 : 0;
	if ((te && cl) || (te && strcasecmp(te, "chunked") != 0) ||
	    (cl && str_u64(str_of(cl), INT64_MAX, &n) == -EINVAL)) {
		http_fail(
			res, 400,
			"The request's length is ambiguous: send one "
			"Content-Length, and no Transfer-Encoding beside it.");
		return false;
	}
	if (!te && !cl && needed) {
		http_fail(res, 411, "Send the body with Content-Length.");
		return false;
	}
	if (n > max || (cl && str_u64(str_of(cl), INT64_MAX, &n))) {
		http_fail(res, 413,
		          "The request has more than %zu bytes: send less.",
		          max);
		return false;
	}
	if (!te)
		*len = (long long)n;
	return true;
}

bool http_peer_loopback(const char *peer)
{
	return !strncmp(peer, "127.", 4) || !strcmp(peer, "::1") ||
	       !strncmp(peer, "::ffff:127.", 11);
}

/* The host without its port and brackets. */
static struct str bare_host(const char *host)
{
	struct str h = str_of(host);
	const char *colon;

	if (h.len && h.v[0] == '[') {
		const char *end = strchr(h.v, ']');

		return end ? str_n(h.v + 1, (size_t)(end - h.v - 1))
		           : str_n(h.v, 0);
	}
	colon = strchr(host, ':');
	return colon ? str_n(h.v, (size_t)(colon - h.v)) : h;
}

bool http_host_loopback(const char *host)
{
	struct str h = bare_host(host);
	bool v4 = h.len > 4 && str_starts(h, "127.");

	/* "127.evil.example" is somebody's domain, not an address. */
	for (size_t i = 0; v4 && i < h.len; i++)
		v4 = h.v[i] == '.' || (h.v[i] >= '0' && h.v[i] <= '9');
	if (!v4 && !str_eq_nocase(h, "localhost") && !str_eq(h, "::1"))
		return false;
	return http_host_ok(host);
}

bool http_host_ok(const char *host)
{
	size_t len = strlen(host);

	for (size_t i = 0; i < len; i++) {
		char c = host[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		             (c >= 'A' && c <= 'Z');

		if (!alnum && !strchr(".-_:[]", c))
			return false;
	}
	return len > 0 && len < 256 && bare_host(host).len > 0;
}

bool http_origin_allowed(const char *origin, const char *allowed)
{
	struct str rest = str_of(allowed);

	while (rest.v) {
		struct str one = str_trim(str_cut(&rest, ','));

		if (one.len && (str_eq(one, origin) || str_eq(one, "*")))
			return true;
	}
	return false;
}
