/*
 * message.h - reading a request's parts, writing a response's
 */
#ifndef SERVER_HTTP_MESSAGE_H
#define SERVER_HTTP_MESSAGE_H

#include "server/http/http.h"

/* A header's value, whatever its case; NULL without. */
const char *http_header(const struct http_req *req, const char *name);

/* "GET", for @method. */
const char *http_method_name(enum http_method method);

/* A reason phrase for @status. */
const char *http_reason(int status);

/* The decoded value of @name in form-encoded text (a query or a body), cut to
 * what @dst holds. -ENOENT, -EINVAL (broken escape), ERR_LIMIT (too long);
 * @dst is then "". */
int http_form_get(char *dst, size_t cap, struct str form,
                  const char *name) MUST_CHECK;

/* The same for a webhook: of a POST's body first, then of the query; any fault
 * is an empty text. */
const char *http_param(char *dst, size_t cap, const struct http_req *req,
                       const char *name);

/* An empty 200 of JSON. */
void http_res_init(struct http_res *res);
void http_res_fini(struct http_res *res);

/* Add a header line; without memory the response becomes a 500. */
void http_res_header(struct http_res *res, const char *name, const char *value);

/* Answer with @status and {"detail": the formatted text}. */
void http_fail(struct http_res *res, int status, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* The same, with Retry-After. */
void http_fail_later(struct http_res *res, int status, unsigned retry_sec,
                     const char *fmt, ...) PRINTF_LIKE(4, 5);

/* How long is the body, and may it be? Two lengths in one request are how
 * smuggling is done. @len is -1 for chunks. False: @res says why not. */
bool http_body_length(const struct http_req *req, struct http_res *res,
                      bool needed, size_t max, long long *len);

/* @err of writing a body: nothing if 0, a 500 otherwise. */
void http_res_check(struct http_res *res, int err);

/* Is @peer this machine's loopback? */
bool http_peer_loopback(const char *peer);

/* Is @host ("localhost:7860") a name of the loopback? */
bool http_host_loopback(const char *host);

/* Is @host a host name or address with an optional port, and nothing that
 * could change the meaning of a URL? */
bool http_host_ok(const char *host);

/* Is @origin one of the comma separated @allowed? */
bool http_origin_allowed(const char *origin, const char *allowed);

#endif
