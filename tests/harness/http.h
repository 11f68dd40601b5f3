/*
 * http.h - requests of a test, one at a time and waited for
 */
#ifndef TESTS_HARNESS_HTTP_H
#define TESTS_HARNESS_HTTP_H

#include <jansson.h>

struct http_answer {
	long status; /* 0: none came */
	char *body;  /* terminated */
	char headers[8192];
	json_t *json; /* NULL when the body is none */
};

/* Send; @headers are "Name: value", NULL-terminated, or NULL; @body may be
 * NULL. Times out after 30 s. */
void http_send(struct http_answer *a, const char *method, const char *url,
               const char *const *headers, const char *body);

void http_done(struct http_answer *a);

/* POST JSON, GET: the usual cases. */
void http_post(struct http_answer *a, const char *url, const char *body);
void http_get(struct http_answer *a, const char *url);

#endif
