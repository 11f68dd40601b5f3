#define _GNU_SOURCE
#include "tests/sim/lib/plivo_http.h"

#include <errno.h>
#include <string.h>

#include "common/err.h"

void psim_message_init(struct psim_message *m)
{
	memset(m, 0, sizeof(*m));
	buf_init(&m->body, PSIM_BODY_MAX);
}

void psim_message_fini(struct psim_message *m)
{
	buf_fini(&m->body);
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		const unsigned char c = (unsigned char)s.v[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
	return s.len > 0;
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		const unsigned char c = (unsigned char)s.v[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Up to CRLF; false: there is none, or a lone CR or LF before it. */
static bool cut_line(struct str *rest, struct str *line)
{
	const char *end = rest->len ? memchr(rest->v, '\n', rest->len) : NULL;
	size_t len;

	if (!end || end == rest->v || end[-1] != '\r')
		return false;
	len = (size_t)(end - rest->v) - 1;
	*line = str_n(rest->v, len);
	*rest = str_n(end + 1, rest->len - len - 2);
	return !memchr(line->v, '\r', len);
}

static int request_line(struct psim_message *m, struct str line)
{
	m->method = str_cut(&line, ' ');
	m->target = str_cut(&line, ' ');
	m->http10 = str_eq(line, "HTTP/1.0");
	if (!is_token(m->method) || !m->target.len || m->target.v[0] != '/' ||
	    (!m->http10 && !str_eq(line, "HTTP/1.1")))
		return ERR_PROTO;
	return 0;
}

static int status_line(struct psim_message *m, struct str line)
{
	const struct str version = str_cut(&line, ' ');
	const struct str code = str_cut(&line, ' ');
	uint64_t n;

	m->http10 = str_eq(version, "HTTP/1.0");
	if ((!m->http10 && !str_eq(version, "HTTP/1.1")) || code.len != 3 ||
	    str_u64(code, 599, &n) || n < 100)
		return ERR_PROTO;
	m->status = (int)n;
	return 0;
}

struct str psim_message_header(const struct psim_message *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq_nocase(m->h[i].name, name))
			return m->h[i].value;
	return (struct str){0};
}

static int header_line(struct psim_message *m, struct str line)
{
	struct psim_header *h = &m->h[m->n];

	if (m->n == PSIM_HEADERS_MAX)
		return ERR_LIMIT;
	h->value = line;
	h->name = str_cut(&h->value, ':');
	if (!h->value.v || !is_token(h->name) || !is_printable(h->value))
		return ERR_PROTO;
	h->value = str_trim(h->value);
	if (str_eq_nocase(h->name, "content-length") &&
	    psim_message_header(m, "content-length").v)
		return ERR_PROTO;
	m->n++;
	return 0;
}

int psim_head_parse(struct psim_message *m, struct str in, bool response)
{
	const char *end = in.len ? memmem(in.v, in.len, "\r\n\r\n", 4) : NULL;
	struct str rest, line;
	int err;

	if (!end)
		return in.len > PSIM_HEAD_MAX ? ERR_LIMIT : 0;
	m->n = 0;
	m->head_len = (size_t)(end - in.v) + 4;
	if (m->head_len > PSIM_HEAD_MAX)
		return ERR_LIMIT;
	rest = str_n(in.v, m->head_len - 2);
	if (!cut_line(&rest, &line))
		return ERR_PROTO;
	err = response ? status_line(m, line) : request_line(m, line);
	while (!err && rest.len)
		err = cut_line(&rest, &line) ? header_line(m, line) : ERR_PROTO;
	if (err)
		return err;
	line = psim_message_header(m, "connection");
	m->keep_alive = m->http10 ? str_eq_nocase(line, "keep-alive")
	                          : !str_eq_nocase(line, "close");
	return 1;
}

/* Chunks, without trailers. */
static int chunked(struct psim_message *m, struct str in, size_t *used)
{
	struct str rest = in, line;

	for (;;) {
		size_t len = 0;

		if (!rest.len || !memchr(rest.v, '\n', rest.len))
			return 0;
		if (!cut_line(&rest, &line) || !line.len || line.len > 6)
			return ERR_PROTO;
		for (size_t i = 0; i < line.len; i++) {
			const char *hex = "0123456789abcdef";
			const char *at =
				strchr(hex, line.v[i] >= 'A' && line.v[i] <= 'F'
			                            ? line.v[i] + 32
			                            : line.v[i]);

			if (!at || !*at)
				return ERR_PROTO;
			len = len * 16 + (size_t)(at - hex);
		}
		if (rest.len < len + 2)
			return 0;
		if (memcmp(rest.v + len, "\r\n", 2) != 0)
			return ERR_PROTO;
		if (len && buf_add(&m->body, rest.v, len))
			return ERR_LIMIT;
		rest = str_n(rest.v + len + 2, rest.len - len - 2);
		if (!len)
			break;
	}
	*used = (size_t)(rest.v - in.v);
	return 1;
}

int psim_message_parse(struct psim_message *m, struct str in, bool response,
                       bool eof, size_t *used)
{
	struct str length, coding, body;
	uint64_t n = 0;
	int rc = psim_head_parse(m, in, response);

	if (rc != 1)
		return rc;
	buf_reset(&m->body);
	length = psim_message_header(m, "content-length");
	coding = psim_message_header(m, "transfer-encoding");
	body = str_n(in.v + m->head_len, in.len - m->head_len);
	if (coding.v) {
		size_t len = 0;

		if (length.v || !str_eq_nocase(coding, "chunked"))
			return ERR_PROTO;
		rc = chunked(m, body, &len);
		*used = m->head_len + len;
		return rc;
	}
	if (length.v && str_u64(length, PSIM_BODY_MAX, &n))
		return ERR_PROTO;
	if (response && !length.v && m->status != 204 && m->status != 304) {
		if (!eof)
			return 0;
		n = body.len;
		m->keep_alive = false;
	}
	if (body.len < n)
		return 0;
	*used = m->head_len + (size_t)n;
	return buf_add(&m->body, body.v, (size_t)n) ? ERR_LIMIT : 1;
}

const char *psim_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} known[] = {{200, "OK"},
	             {201, "CREATED"},
	             {202, "ACCEPTED"},
	             {204, "NO CONTENT"},
	             {400, "BAD REQUEST"},
	             {401, "UNAUTHORIZED"},
	             {403, "FORBIDDEN"},
	             {404, "NOT FOUND"},
	             {405, "METHOD NOT ALLOWED"},
	             {413, "PAYLOAD TOO LARGE"},
	             {415, "UNSUPPORTED MEDIA TYPE"},
	             {429, "TOO MANY REQUESTS"},
	             {500, "INTERNAL SERVER ERROR"},
	             {502, "BAD GATEWAY"},
	             {503, "SERVICE UNAVAILABLE"}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].status == status)
			return known[i].text;
	return "STATUS";
}
