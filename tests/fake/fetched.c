#define _POSIX_C_SOURCE 200809L
#include "tests/fake/fetched.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/test.h"

struct fetch *fetched_pool;

void fetched_done(const struct fetch_result *r, void *arg)
{
	struct fetched *s = arg;

	s->done++;
	s->r = *r;
	snprintf(s->body, sizeof(s->body), "%s", r->body);
	s->req = NULL;
}

int fetched_data(const char *v, size_t len, void *arg)
{
	struct fetched *s = arg;
	size_t n = strlen(s->text);

	s->datas++;
	snprintf(s->text + n, sizeof(s->text) - n, "%.*s", (int)len, v);
	if (s->cancel)
		fetch_cancel(&s->req);
	return s->data_err;
}

struct fetch_params fetched_get(struct fetched *s, const char *url)
{
	memset(s, 0, sizeof(*s));
	return (struct fetch_params){.method = "GET",
	                             .url = url,
	                             .total_ms = 5000,
	                             .done = fetched_done,
	                             .arg = s};
}

void fetched_run(struct fetched *s)
{
	unsigned i;

	for (i = 0; i < FETCHED_TURNS_MAX && !s->done; i++)
		CHECK_INT(0, fetch_wait(fetched_pool, 100));
	CHECK_INT(1, s->done);
}

void fetched_open(void)
{
	const struct fetch_opts opts = {0};

	CHECK_INT(0, fetch_new(&fetched_pool, &opts));
}

void fetched_once(struct fetched *s, const struct fetch_params *prm)
{
	fetched_open();
	CHECK_INT(0, fetch_start(fetched_pool, &s->req, prm));
	CHECK_INT(0, s->done);
	fetched_run(s);
	fetch_free(&fetched_pool);
	CHECK(fetched_pool == NULL);
}

void fetched_hello(struct peer_conn *c, void *arg)
{
	(void)arg;
	while (peer_read(c))
		peer_answer(c, 200, "X-Request-Id: r-1\r\n", "hello");
}

void fetched_keep(struct peer_conn *c, void *arg)
{
	if (!peer_read(c))
		return;
	memcpy(arg, c->request, PEER_TEXT_MAX);
	peer_answer(c, 429, "Retry-After: 7\r\n", "{\"error\":\"slow\"}");
}

void fetched_pieces(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (!peer_read(c))
		return;
	peer_send(c, "HTTP/1.1 200 OK\r\n\r\none ");
	peer_wait(c, 30);
	peer_send(c, "two");
	if (arg)
		peer_wait(c, 10000);
}
