#include "bot/events.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bot/net/backoff.h"
#include "bot/net/net.h"
#include "bot/spool.h"
#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

enum {
	EVENT_MAX = 64 * 1024,       /* [bytes] of one event */
	ID_AT = 13,                  /* [bytes] before its id, see format() */
	CONNECT_MS = 2000,           /* [ms] */
	POST_MS = 8000,              /* [ms] */
	RETRY_FIRST_MS = 250,        /* [ms] */
	RETRY_CAP_MS = 15000,        /* [ms] */
	GIVE_UP_SEC = 1800,          /* after the call has ended [s] */
	GIVE_UP_SPOOLED_SEC = 86400, /* the same, where a restart may help */
};

struct events_feed {
	struct link link;
	struct events *ev;
	char *url, *call_id;
	uint64_t seq;
	unsigned again; /* see events_again() */
	struct spool_event *head, **tail;
	unsigned n_sent; /* of the head, in the request under way */
	struct fetch_req *req;
	struct timer timer;
	struct backoff backoff;
	bool closed;
	uint64_t closed_us;
};

struct events {
	struct net *net;
	struct spool *spool; /* NULL: memory only */
	char *bearer;        /* whole header line; NULL without */
	struct link feeds;
	struct events_stats stats;
};

static int set_bearer(struct events *ev, const char *secret)
{
	struct buf b;
	int err;

	buf_init(&b, 4096);
	err = buf_addf(&b, "Authorization: Bearer %s", secret);
	if (!err)
		ev->bearer = buf_take(&b, NULL);
	buf_fini(&b);
	return err;
}

static void found_handler(struct spool_feed *list, void *arg);

static int open_spool(struct events *ev, const char *dir)
{
	int err;

	if (!dir) {
		log_line(LOG_INFO, "events", NULL,
		         "event=kept_in_memory_alone hint=\"STATE_DIR has "
		         "them outlive a restart\"");
		return 0;
	}
	err = spool_open(&ev->spool, ev->net, dir, found_handler, ev);
	log_line(err ? LOG_ERROR : LOG_INFO, "events", NULL,
	         "event=%s folder=%s why=%s",
	         err ? "no_state_dir" : "kept_on_disk", LOG_TEXT(dir),
	         LOG_TEXT(err ? err_str(err) : ""));
	return err;
}

int events_new(struct events **ep, struct net *net, const char *secret,
               const char *dir)
{
	struct events *ev = mem_zalloc(sizeof(*ev));
	int err = 0;

	if (!ev)
		return -ENOMEM;
	ev->net = net;
	list_init(&ev->feeds);
	if (secret)
		err = set_bearer(ev, secret);
	if (!err)
		err = open_spool(ev, dir);
	if (err)
		events_free(&ev);
	*ep = ev;
	return err;
}

/* The first event leaves the feed, but not the spool. */
static struct spool_event *unlink_first(struct events_feed *f)
{
	struct spool_event *e = f->head;

	f->head = e->next;
	if (!f->head)
		f->tail = &f->head;
	f->ev->stats.waiting--;
	f->ev->stats.waiting_bytes -= e->len;
	return e;
}

/* Nobody waits for it any more. */
static void drop_first(struct events_feed *f)
{
	struct events *ev = f->ev;
	struct spool_event *e = unlink_first(f);

	if (ev->spool && ev->stats.waiting)
		spool_done(ev->spool, e);
	else if (ev->spool)
		spool_clear(ev->spool);
	mem_free(e);
}

/* Append to the feed and to the spool. */
static void append(struct events_feed *f, struct spool_event *e)
{
	struct events *ev = f->ev;

	*f->tail = e;
	f->tail = &e->next;
	ev->stats.waiting++;
	ev->stats.waiting_bytes += e->len;
	if (ev->spool)
		spool_keep(ev->spool, e, f->call_id, f->url);
}

static void feed_free(struct events_feed *f)
{
	timer_stop(net_timers(f->ev->net), &f->timer);
	fetch_cancel(&f->req);
	while (f->head)
		drop_first(f);
	list_remove(&f->link);
	mem_free(f->url);
	mem_free(f->call_id);
	mem_free(f);
}

void events_free(struct events **ep)
{
	struct events *ev = *ep;

	if (!ev)
		return;
	*ep = NULL;
	while (!list_empty(&ev->feeds)) {
		struct events_feed *f =
			CONTAINER_OF(ev->feeds.next, struct events_feed, link);

		ASSERT(f->closed);
		if (f->head)
			log_line(LOG_WARN, "events", f->call_id,
			         "event=undelivered waiting=%zu kept=%s",
			         ev->stats.waiting, ev->spool ? "disk" : "no");
		/* What is on disk stays there. */
		while (f->head)
			mem_free(unlink_first(f));
		feed_free(f);
	}
	spool_close(&ev->spool);
	mem_free(ev->bearer);
	mem_free(ev);
}

static void post(void *arg);

static void post_later(struct events_feed *f)
{
	uint32_t r;

	crypto_random(&r, sizeof(r));
	timer_start(net_timers(f->ev->net), &f->timer,
	            backoff_next(&f->backoff, r), post, f);
}

/* What a server says about these events, and will say again. */
static bool is_final(int status)
{
	return status >= 400 && status < 500 && status != 401 &&
	       status != 403 && status != 408 && status != 429;
}

static void drop_sent(struct events_feed *f)
{
	for (; f->n_sent; f->n_sent--)
		drop_first(f);
	backoff_reset(&f->backoff);
}

static bool is_late(const struct events_feed *f)
{
	const uint64_t now_us = timers_now(net_timers(f->ev->net));
	const uint64_t sec = f->ev->spool ? GIVE_UP_SPOOLED_SEC : GIVE_UP_SEC;

	return now_us - f->closed_us > sec * 1000000;
}

static void done_handler(const struct fetch_result *r, void *arg)
{
	struct events_feed *f = arg;
	struct events *ev = f->ev;

	f->req = NULL;
	if (!r->err && r->status >= 200 && r->status < 300) {
		ev->stats.delivered += f->n_sent;
		drop_sent(f);
	} else if (!r->err && is_final(r->status)) {
		log_line(LOG_ERROR, "events", f->call_id,
		         "event=refused status=%d events=%u", r->status,
		         f->n_sent);
		ev->stats.refused += f->n_sent;
		drop_sent(f);
	} else if (f->closed && is_late(f)) {
		log_line(LOG_ERROR, "events", f->call_id,
		         "event=given_up err=%d status=%d", r->err, r->status);
		feed_free(f);
		return;
	} else {
		if (!f->backoff.tries)
			log_line(LOG_WARN, "events", f->call_id,
			         "event=post_failed err=%d status=%d", r->err,
			         r->status);
		f->n_sent = 0;
		post_later(f);
		return;
	}
	if (f->head)
		post(f);
	else if (f->closed)
		feed_free(f);
}

/* As many of the first events as fit into a batch, at least one. */
static int batch(struct events_feed *f, struct buf *body)
{
	int err = buf_adds(body, "[");

	f->n_sent = 0;
	for (struct spool_event *e = f->head; e && !err; e = e->next) {
		if (f->n_sent && body->len + e->len > EVENTS_BATCH_MAX)
			break;
		if (f->n_sent)
			err = buf_adds(body, ",");
		if (!err)
			err = buf_add(body, e->json, e->len);
		f->n_sent++;
	}
	return err ? err : buf_adds(body, "]");
}

static void post(void *arg)
{
	struct events_feed *f = arg;
	const char *headers[] = {"Content-Type: application/json",
	                         f->ev->bearer, NULL};
	struct fetch_params prm = {.method = "POST",
	                           .url = f->url,
	                           .headers = headers,
	                           .connect_ms = CONNECT_MS,
	                           .total_ms = POST_MS,
	                           .done = done_handler,
	                           .arg = f};
	struct buf body;
	int err;

	if (f->req || !f->head)
		return;
	timer_stop(net_timers(f->ev->net), &f->timer);
	buf_init(&body, EVENTS_BATCH_MAX + 2 * EVENT_MAX);
	err = batch(f, &body);
	prm.body = body.v;
	prm.body_len = body.len;
	if (!err)
		err = fetch_start(net_fetch(f->ev->net), &f->req, &prm);
	buf_fini(&body);
	if (err) {
		f->n_sent = 0;
		post_later(f);
	}
}

int events_open(struct events_feed **fp, struct events *ev, const char *url,
                const char *call_id)
{
	struct events_feed *f = mem_zalloc(sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->ev = ev;
	f->tail = &f->head;
	f->backoff.first_ms = RETRY_FIRST_MS;
	f->backoff.cap_ms = RETRY_CAP_MS;
	list_init(&f->link);
	f->url = url && url[0] ? mem_strdup(url) : NULL;
	f->call_id = mem_strdup(call_id);
	if (!f->call_id || (url && url[0] && !f->url)) {
		feed_free(f);
		return -ENOMEM;
	}
	list_append(&ev->feeds, &f->link);
	*fp = f;
	return 0;
}

void events_again(struct events_feed *f, unsigned n)
{
	f->again = n;
}

static int format(struct buf *b, const char *id, const struct events_feed *f,
                  const char *type, uint64_t at_us, const char *members)
{
	int err = buf_addf(
		b,
		"{\"event_id\":\"%s\",\"call_id\":\"%s\","
		"\"seq\":%" PRIu64 ",\"at_ms\":%" PRIu64 ",\"type\":\"%s\"",
		id, f->call_id, f->seq, net_wall_ms(f->ev->net, at_us), type);

	if (!err && f->again)
		err = buf_addf(b, ",\"again\":%u", f->again);
	return err ? err : buf_addf(b, "%s%s}", members[0] ? "," : "", members);
}

void events_add(struct events_feed *f, const char *type, uint64_t at_us,
                const char *members, bool vital)
{
	struct events *ev = f->ev;
	struct spool_event *e = NULL;
	char id[CRYPTO_ID_LEN];
	struct buf b;

	f->seq++;
	if (!f->url)
		return;
	buf_init(&b, EVENT_MAX);
	crypto_id(id);
	if (!format(&b, id, f, type, at_us, members) &&
	    (vital || ev->stats.waiting_bytes + b.len <= EVENTS_SPOOL_MAX))
		e = spool_event_new(str_n(b.v, b.len),
		                    str_n(b.v + ID_AT, strlen(id)));
	if (!e) {
		ev->stats.dropped++;
		log_line(LOG_ERROR, "events", f->call_id,
		         "event=dropped type=%s", type);
		buf_fini(&b);
		return;
	}
	buf_fini(&b);
	append(f, e);
	/* Events of one turn of the loop leave together. */
	if (!f->req && !timer_running(&f->timer))
		timer_start(net_timers(ev->net), &f->timer, 0, post, f);
}

void events_hurry(struct events *ev, const char *url)
{
	for (struct link *l = ev->feeds.next; l != &ev->feeds; l = l->next) {
		struct events_feed *f =
			CONTAINER_OF(l, struct events_feed, link);

		if (!f->head || f->req || !f->url || strcmp(f->url, url) != 0)
			continue;
		backoff_reset(&f->backoff);
		timer_start(net_timers(ev->net), &f->timer, 0, post, f);
	}
}

void events_close(struct events_feed **fp)
{
	struct events_feed *f = *fp;

	if (!f)
		return;
	*fp = NULL;
	f->closed = true;
	f->closed_us = timers_now(net_timers(f->ev->net));
	if (!f->head)
		feed_free(f);
}

/* Of a bot that is gone: its calls have ended, so nothing comes after these.
 * The server takes each once, should it have some already. */
static void found_handler(struct spool_feed *list, void *arg)
{
	struct events *ev = arg;

	for (struct spool_feed *l = list; l; l = l->next) {
		struct events_feed *f;

		if (events_open(&f, ev, l->url, l->call_id)) {
			log_line(LOG_ERROR, "events", l->call_id,
			         "event=not_inherited events=%zu", l->n);
			continue;
		}
		while (l->head) {
			struct spool_event *e = l->head;

			l->head = e->next;
			e->next = NULL;
			append(f, e);
		}
		timer_start(net_timers(ev->net), &f->timer, 0, post, f);
		events_close(&f);
	}
	spool_feed_free(list);
}

void events_stats(const struct events *ev, struct events_stats *st)
{
	*st = ev->stats;
	if (ev->spool)
		st->unkept = spool_lost(ev->spool);
}
