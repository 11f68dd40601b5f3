#include "bot/watch.h"

#include <errno.h>
#include <string.h>

#include "bot/net/net.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

enum {
	EVERY_MS = 1000,
	CONNECT_MS = 500,   /* [ms] */
	ANSWER_MS = 900,    /* [ms] */
	FAILURES_MAX = 2,   /* late answers in a row that mean it is gone */
	BEARER_MAX = 4096,  /* [bytes] of the header */
	ANSWER_MAX = 16384, /* [bytes] of what it says, which is not read */
};

struct seen {
	struct watch *watch;
	char *url; /* NULL: a free slot */
	struct fetch_req *req;
	uint64_t added_us;
	unsigned failures; /* in a row */
	bool gone;
};

struct watch {
	struct net *net;
	char *bearer; /* whole header line; NULL without */
	struct seen servers[WATCH_MAX];
	struct timer timer;
	watch_back_h *back;
	void *arg;
};

static void forget(struct seen *s)
{
	fetch_cancel(&s->req);
	mem_free(s->url);
	memset(s, 0, sizeof(*s));
}

static void saw(struct seen *s, int err)
{
	if (!err) {
		s->failures = 0;
		if (!s->gone)
			return;
		s->gone = false;
		log_line(LOG_INFO, "watch", NULL, "event=server_answers url=%s",
		         LOG_TEXT(s->url));
		s->watch->back(s->url, s->watch->arg);
	} else if (!s->gone &&
	           (++s->failures >= FAILURES_MAX || err == -ECONNREFUSED)) {
		s->gone = true;
		log_line(LOG_WARN, "watch", NULL,
		         "event=server_gone url=%s why=%s", LOG_TEXT(s->url),
		         LOG_TEXT(err_str(err)));
	}
}

static void answered(const struct fetch_result *r, void *arg)
{
	struct seen *s = arg;

	s->req = NULL;
	/* Whatever it says, somebody is there who says it. */
	saw(s, r->err);
}

static void ask(struct seen *s)
{
	const char *headers[] = {"Content-Type: application/json",
	                         s->watch->bearer, NULL};
	const struct fetch_params prm = {.method = "POST",
	                                 .url = s->url,
	                                 .headers = headers,
	                                 .body = "[]",
	                                 .body_len = 2,
	                                 .connect_ms = CONNECT_MS,
	                                 .total_ms = ANSWER_MS,
	                                 .max_body = ANSWER_MAX,
	                                 .done = answered,
	                                 .arg = s};
	int err = fetch_start(net_fetch(s->watch->net), &s->req, &prm);

	if (err)
		log_line(LOG_DEBUG, "watch", NULL, "event=not_asked why=%s",
		         LOG_TEXT(err_str(err)));
}

static void ask_all(void *arg)
{
	struct watch *w = arg;
	struct timers *ts = net_timers(w->net);
	uint64_t now_us = timers_now(ts);

	for (size_t i = 0; i < WATCH_MAX; i++) {
		struct seen *s = &w->servers[i];

		if (!s->url)
			continue;
		if (now_us - s->added_us > WATCH_KEEP_SEC * 1000000ULL)
			forget(s);
		else if (!s->req)
			ask(s);
	}
	timer_start(ts, &w->timer, EVERY_MS, ask_all, w);
}

/* The server's slot, a free one, or the least recent one's. */
static struct seen *slot_for(struct watch *w, const char *url)
{
	struct seen *best = &w->servers[0];

	for (size_t i = 0; i < WATCH_MAX; i++)
		if (w->servers[i].url && !strcmp(w->servers[i].url, url))
			return &w->servers[i];
	for (size_t i = 0; i < WATCH_MAX; i++) {
		if (!w->servers[i].url)
			return &w->servers[i];
		if (w->servers[i].added_us < best->added_us)
			best = &w->servers[i];
	}
	forget(best);
	return best;
}

void watch_add(struct watch *w, const char *url, bool heard)
{
	struct seen *s;

	if (!url[0])
		return;
	s = slot_for(w, url);
	if (!s->url)
		s->url = mem_strdup(url);
	s->watch = w;
	s->added_us = timers_now(net_timers(w->net));
	if (heard && s->url)
		saw(s, 0);
}

int watch_new(struct watch **wp, struct net *net, const char *secret,
              watch_back_h *back, void *arg)
{
	struct watch *w = mem_zalloc(sizeof(*w));
	struct buf b;

	if (!w)
		return -ENOMEM;
	w->net = net;
	w->back = back;
	w->arg = arg;
	if (secret) {
		buf_init(&b, BEARER_MAX);
		if (buf_addf(&b, "Authorization: Bearer %s", secret)) {
			buf_fini(&b);
			mem_free(w);
			return -ENOMEM;
		}
		w->bearer = buf_take(&b, NULL);
	}
	timer_start(net_timers(net), &w->timer, EVERY_MS, ask_all, w);
	*wp = w;
	return 0;
}

void watch_free(struct watch **wp)
{
	struct watch *w = *wp;

	if (!w)
		return;
	*wp = NULL;
	timer_stop(net_timers(w->net), &w->timer);
	for (size_t i = 0; i < WATCH_MAX; i++)
		forget(&w->servers[i]);
	mem_free(w->bearer);
	mem_free(w);
}
