#include "server/outbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/crypto.h"
#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "server/app.h"
#include "server/config.h"
#include "server/letter.h"
#include "server/receiver.h"
#include "server/store/outbox.h"
#include "server/store/store.h"

enum {
	AT_ONCE = 64,    /* letters in hand */
	AT_ONE_URL = 16, /* of these, under way to one receiver, and as many
	                   * that are next; others find room */
	FULL_MS = 2000,  /* for those that are not even next */
	CONNECT_MS = 3000,
	TOTAL_MS = 10000, /* to be taken */
	LEASE_MS = 30000, /* longer than that, with room */
	LOOK_MS = 500,
	TIDY_MS = 60000,
	KEEP = 100000,   /* letters in the ledger; about 100 MB */
	ERROR_MAX = 128, /* [bytes] */
};

/* One letter in hand; texts are copies. */
struct sending {
	struct link link; /* in one of the outbox' lists */
	struct outbox *o;
	struct receiver *to; /* NULL until it is on its way, or held */
	bool out;
	struct fetch_req *req;
	char *url, *event_id, *call_id, *type, *data;
	struct store_letter letter; /* of these */
};

struct outbox {
	struct app *app;
	struct fetchd *d;
	struct fetchd_job kick;
	atomic_bool kicked;
	/* ---- the thread's own ---- */
	struct timer look, tidy;
	struct link fresh;   /* claimed just now */
	struct link held;    /* their receiver has its number */
	struct link sending; /* requests under way */
	unsigned n;          /* in all three */
	struct link receivers;
	bool closing;
};

/* The receiver stays. */
static void sending_free(struct sending *s)
{
	if (s->to && s->out)
		s->to->n_out--;
	else if (s->to)
		s->to->n_held--;
	fetch_cancel(&s->req);
	list_remove(&s->link);
	s->o->n--;
	mem_free(s->url);
	mem_free(s->event_id);
	mem_free(s->call_id);
	mem_free(s->type);
	mem_free(s->data);
	mem_free(s);
}

static void settle(struct sending *s, const struct store_settle *what)
{
	struct app *app = s->o->app;
	int err = store_outbox_settle(app->store, s->letter.seq, what);

	/* It is due again when its lease is over: twice is allowed. */
	if (err)
		app_store_fault(app, s->call_id, err);
}

static void count(struct app *app, enum store_verdict v)
{
	app_count(app, v == STORE_SENT   ? COUNT_TOLD
	               : v == STORE_DEAD ? COUNT_UNTOLD
	                                 : COUNT_RETOLD);
}

/* It was not taken: later, or never. */
static void failed(struct sending *s, const char *why, long asked_sec,
                   bool is_final)
{
	const int64_t now_ms = app_now_ms();
	struct store_settle what = {.verdict = STORE_LATER,
	                            .tries = s->letter.tries + 1,
	                            .error = why};
	uint32_t chance;

	crypto_random(&chance, sizeof(chance));
	what.next_ms = now_ms + letter_wait_ms(what.tries, asked_sec, chance);
	if (is_final || what.next_ms - s->letter.created_ms > LETTER_DAY_MS)
		what.verdict = STORE_DEAD;
	if (what.tries == 1 || what.verdict == STORE_DEAD)
		log_line(what.verdict == STORE_DEAD ? LOG_ERROR : LOG_WARN,
		         "outbox", s->call_id,
		         "event=%s type=%s event_id=%s tries=%u why=%s",
		         what.verdict == STORE_DEAD ? "given_up" : "not_taken",
		         s->type, s->event_id, what.tries, LOG_TEXT(why));
	count(s->o->app, what.verdict);
	settle(s, &what);
}

static void look(struct outbox *o);
static void begin(struct sending *s);
static void release_held(struct outbox *o, struct receiver *to);

/* Is it the receiver that fails, and not this letter alone? */
static bool is_trouble(const struct fetch_result *r)
{
	return r->err || r->status >= 500 || r->status == 429;
}

static void on_done(const struct fetch_result *r, void *arg)
{
	static const struct store_settle sent = {.verdict = STORE_SENT};
	struct sending *s = arg;
	struct outbox *o = s->o;
	struct receiver *to = s->to;
	char why[ERROR_MAX];

	s->req = NULL;
	to->failing = is_trouble(r);
	if (!r->err && r->status / 100 == 2) {
		count(o->app, STORE_SENT);
		settle(s, &sent);
	} else {
		if (r->err == -EACCES)
			snprintf(why, sizeof(why), "its address is not public");
		else if (r->err)
			snprintf(why, sizeof(why), "%s", err_str(r->err));
		else
			snprintf(why, sizeof(why), "it answered %d%s",
			         r->status,
			         r->status / 100 == 3
			                 ? "; redirects are not followed"
			                 : "");
		failed(s, why, r->retry_after_sec, r->status == 410);
	}
	sending_free(s);
	release_held(o, to);
	receiver_drop(to);
	look(o); /* the call's next one may be due */
}

/* Nobody reads what a receiver says. */
static int discard(const char *v, size_t len, void *arg)
{
	(void)v;
	(void)len;
	(void)arg;
	return 0;
}

static int post(struct sending *s, const char *url, const struct buf *body)
{
	const struct config *cfg = s->o->app->cfg;
	char sign[LETTER_SIGNED_MAX];
	const char *headers[] = {"Content-Type: application/json", NULL, NULL};
	const struct fetch_params prm = {.method = "POST",
	                                 .url = url,
	                                 .headers = headers,
	                                 .body = buf_str(body),
	                                 .body_len = body->len,
	                                 .connect_ms = CONNECT_MS,
	                                 .total_ms = TOTAL_MS,
	                                 .public_only = !cfg->events_anywhere,
	                                 .data = discard,
	                                 .done = on_done,
	                                 .arg = s};
	int err = 0;

	if (cfg->events_secret) {
		err = letter_sign(sign, cfg->events_secret, app_now_ms() / 1000,
		                  body);
		headers[1] = sign;
	}
	if (err)
		return err;
	return fetch_start(fetchd_fetch(s->o->d), &s->req, &prm);
}

static int write_and_post(struct sending *s, const char *url)
{
	struct store_call call;
	struct buf body;
	int err = store_call_get(s->o->app->store, STORE_ID, s->call_id, &call);

	if (err)
		return err;
	buf_init(&body, LETTER_BODY_MAX);
	err = letter_body(&body, &s->letter, &call);
	if (!err)
		err = post(s, url, &body);
	buf_fini(&body);
	store_call_fini(&call);
	return err;
}

static void send_out(struct sending *s, struct receiver *to)
{
	int err = write_and_post(s, to->url);

	if (err) {
		failed(s, err_str(err), -1, false);
		sending_free(s);
		return;
	}
	s->to = to;
	s->out = true;
	to->n_out++;
	list_remove(&s->link);
	list_append(&s->o->sending, &s->link);
}

/* Its lease goes on: it is due again when that is over. */
static void put_back(struct sending *s)
{
	if (app_now_ms() - s->letter.created_ms > LETTER_DAY_MS)
		failed(s, "its receiver takes nothing", -1, true);
	sending_free(s);
}

/* Its receiver is well, and has enough to do for now. */
static void postpone(struct sending *s)
{
	const struct store_settle what = {.verdict = STORE_LATER,
	                                  .tries = s->letter.tries,
	                                  .next_ms = app_now_ms() + FULL_MS};

	settle(s, &what);
	sending_free(s);
}

/* A request to @to is over: the next one, or none if it fails. */
static void release_held(struct outbox *o, struct receiver *to)
{
	struct link *next;

	for (struct link *l = o->held.next; l != &o->held; l = next) {
		struct sending *s = CONTAINER_OF(l, struct sending, link);

		next = l->next;
		if (s->to != to)
			continue;
		if (to->failing) {
			put_back(s);
		} else if (to->n_out < AT_ONE_URL) {
			to->n_held--;
			s->to = NULL;
			begin(s);
		}
	}
}

/* A letter that was claimed, or was held and has its turn. */
static void begin(struct sending *s)
{
	struct outbox *o = s->o;
	const char *url = s->url[0] ? s->url : o->app->cfg->events_url;
	struct receiver *to = url ? receiver_of(&o->receivers, url) : NULL;

	if (!url) {
		failed(s, "EVENTS_URL is not set", -1, false);
		sending_free(s);
	} else if (!to || (to->failing && to->n_out)) {
		put_back(s);
	} else if (to->n_out < AT_ONE_URL) {
		send_out(s, to);
	} else if (to->n_held >= AT_ONE_URL) {
		postpone(s);
	} else {
		s->to = to;
		to->n_held++;
		list_remove(&s->link);
		list_append(&o->held, &s->link);
	}
}

/* Copy a claimed letter; without memory it is due again later. */
static int take(const struct store_letter *l, void *arg)
{
	struct outbox *o = arg;
	struct sending *s = mem_zalloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->o = o;
	list_append(&o->fresh, &s->link);
	o->n++;
	s->url = mem_strdup(l->url);
	s->event_id = mem_strdup(l->event_id);
	s->call_id = mem_strdup(l->call_id);
	s->type = mem_strdup(l->type);
	s->data = mem_strdup(l->data ? l->data : "");
	if (!s->url || !s->event_id || !s->call_id || !s->type || !s->data) {
		sending_free(s);
		return -ENOMEM;
	}
	s->letter = *l;
	s->letter.url = s->url;
	s->letter.event_id = s->event_id;
	s->letter.call_id = s->call_id;
	s->letter.type = s->type;
	s->letter.data = s->data;
	s->letter.error = NULL;
	return 0;
}

static void look(struct outbox *o)
{
	int err = 0;

	if (o->closing)
		return;
	if (o->n < AT_ONCE)
		err = store_outbox_claim(o->app->store, app_now_ms(), LEASE_MS,
		                         AT_ONCE - o->n, take, o);
	if (err)
		app_store_fault(o->app, NULL, err);
	while (!list_empty(&o->fresh)) {
		struct sending *s =
			CONTAINER_OF(o->fresh.next, struct sending, link);

		/* What was not committed is not ours. */
		if (err)
			sending_free(s);
		else
			begin(s);
	}
}

static void on_look(void *arg)
{
	struct outbox *o = arg;

	look(o);
	fetchd_timer(o->d, &o->look, LOOK_MS, on_look, o);
}

static void on_kick(void *arg)
{
	struct outbox *o = arg;

	atomic_store(&o->kicked, false);
	look(o);
}

static void on_tidy(void *arg)
{
	struct outbox *o = arg;
	unsigned waiting = 0, dead = 0, dropped = 0;
	int err = store_outbox_count(o->app->store, &waiting, &dead);

	/* To count them holds up nobody who writes. */
	if (!err && waiting + dead > KEEP)
		err = store_outbox_trim(o->app->store, KEEP, &dropped);
	if (err)
		app_store_fault(o->app, NULL, err);
	if (dropped)
		log_line(LOG_ERROR, "outbox", NULL,
		         "event=dropped letters=%u hint=\"nobody has taken the "
		         "newest %d either: is EVENTS_URL right?\"",
		         dropped, KEEP);
	fetchd_timer(o->d, &o->tidy, TIDY_MS, on_tidy, o);
}

static void start(void *arg)
{
	on_tidy(arg);
	on_look(arg);
}

static void end(void *arg)
{
	struct outbox *o = arg;

	fetchd_timer_stop(o->d, &o->look);
	fetchd_timer_stop(o->d, &o->tidy);
	o->closing = true;
	while (!list_empty(&o->sending))
		sending_free(
			CONTAINER_OF(o->sending.next, struct sending, link));
	while (!list_empty(&o->held))
		sending_free(CONTAINER_OF(o->held.next, struct sending, link));
	receivers_free(&o->receivers);
}

int outbox_open(struct outbox **op, struct app *app)
{
	const struct fetch_opts opts = {.ca_file = app->cfg->tls_ca_file};
	struct outbox *o = mem_zalloc(sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	o->app = app;
	o->kick = (struct fetchd_job){.run = on_kick, .arg = o};
	list_init(&o->fresh);
	list_init(&o->held);
	list_init(&o->sending);
	list_init(&o->receivers);
	err = store_outbox_wake(app->store, false);
	if (!err)
		err = fetchd_new(&o->d, &opts);
	if (err) {
		mem_free(o);
		return err;
	}
	fetchd_call(o->d, start, o);
	*op = o;
	return 0;
}

void outbox_close(struct outbox **op)
{
	struct outbox *o = *op;

	if (!o)
		return;
	*op = NULL;
	fetchd_call(o->d, end, o);
	fetchd_free(&o->d);
	mem_free(o);
}

void outbox_kick(struct outbox *o)
{
	if (o && !atomic_exchange(&o->kicked, true))
		fetchd_post(o->d, &o->kick);
}
