#include "tests/harness/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/test.h"

struct sink {
	char *v;
	size_t len;
};

static size_t keep(char *v, size_t size, size_t n, void *arg)
{
	struct sink *s = arg;
	char *more = realloc(s->v, s->len + size * n + 1);

	if (!more)
		return 0;
	s->v = more;
	memcpy(s->v + s->len, v, size * n);
	s->len += size * n;
	s->v[s->len] = '\0';
	return size * n;
}

static struct curl_slist *make_headers(const char *const *headers)
{
	/* A test's request is no browser's: nothing is added behind its back.
	 */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (; headers && *headers; headers++)
		list = curl_slist_append(list, *headers);
	return list;
}

void http_send(struct http_answer *a, const char *method, const char *url,
               const char *const *headers, const char *body)
{
	struct curl_slist *list = make_headers(headers);
	struct sink text = {0}, head = {0};
	CURL *e = curl_easy_init();

	memset(a, 0, sizeof(*a));
	if (!e)
		test_fail(__FILE__, __LINE__, "no memory for curl");
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(e, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, &text);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, keep);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, &head);
	if (body) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	}
	if (curl_easy_perform(e) == CURLE_OK)
		curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &a->status);
	curl_easy_cleanup(e);
	curl_slist_free_all(list);
	snprintf(a->headers, sizeof(a->headers), "%s", head.v ? head.v : "");
	free(head.v);
	a->body = text.v ? text.v : calloc(1, 1);
	a->json = json_loads(a->body, JSON_DECODE_ANY, NULL);
}

void http_done(struct http_answer *a)
{
	json_decref(a->json);
	free(a->body);
	memset(a, 0, sizeof(*a));
}

void http_post(struct http_answer *a, const char *url, const char *body)
{
	static const char *const headers[] = {"Content-Type: application/json",
	                                      NULL};

	http_send(a, "POST", url, headers, body);
}

void http_get(struct http_answer *a, const char *url)
{
	http_send(a, "GET", url, NULL, NULL);
}
