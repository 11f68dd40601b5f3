#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/carrier/priv.h"

enum {
	QUEUE_MAX = 1000,  /* calls, unless said otherwise */
	CONNECT_MS = 3000, /* [ms] of a POST's connection */
	POST_MS = 20000,   /* [ms] of a POST: late is better than unknown */
	AGAIN_MS = 500,    /* [ms] until the first is asked for again */
};

uint64_t carrier_clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void carrier_req_init(struct carrier_req *r)
{
	r->method = "GET";
	buf_init(&r->url, CARRIER_BODY_MAX);
	buf_init(&r->body, CARRIER_BODY_MAX);
}

void carrier_req_fini(struct carrier_req *r)
{
	buf_fini(&r->url);
	buf_fini(&r->body);
}

struct carrier_account carrier_account(const struct carrier *c)
{
	return (struct carrier_account){c->api_url, c->auth_id, c->auth_token};
}

static struct dialing *dialing_of(struct link *l)
{
	return CONTAINER_OF(l, struct dialing, link);
}

static void dialing_free(struct dialing *dg)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(dg->texts); i++)
		mem_free(dg->texts[i]);
	mem_free(dg);
}

static struct dialing *dialing_new(const struct carrier_dial *d)
{
	const char *from[] = {d->from,     d->to,         d->answer_url,
	                      d->ring_url, d->hangup_url, d->machine_url,
	                      d->kind,     d->id};
	struct dialing *dg = mem_zalloc(sizeof(*dg));
	size_t i;

	for (i = 0; dg && i < ARRAY_LEN(from); i++) {
		if (!from[i])
			continue;
		dg->texts[i] = mem_strdup(from[i]);
		if (!dg->texts[i]) {
			dialing_free(dg);
			return NULL;
		}
	}
	if (!dg)
		return NULL;
	list_init(&dg->link);
	dg->dial = *d;
	dg->dial.from = dg->texts[0];
	dg->dial.to = dg->texts[1];
	dg->dial.answer_url = dg->texts[2];
	dg->dial.ring_url = dg->texts[3];
	dg->dial.hangup_url = dg->texts[4];
	dg->dial.machine_url = dg->texts[5];
	dg->dial.kind = dg->texts[6];
	dg->dial.id = dg->texts[7];
	return dg;
}

/* The last word of a call, without a lock; it is in no list any more. */
static void finish(struct dialing *dg, const struct carrier_outcome *o)
{
	dg->done(o, dg->arg);
	dialing_free(dg);
}

static void finish_as(struct dialing *dg, enum carrier_result result,
                      const char *text)
{
	const struct carrier_outcome o = {.result = result,
	                                  .uuid = "",
	                                  .text = text,
	                                  .retry_after_sec = -1};

	finish(dg, &o);
}

static void count_out(struct carrier *c, bool more)
{
	pthread_mutex_lock(&c->lock);
	c->out += more ? 1 : -1U;
	pthread_mutex_unlock(&c->lock);
}

static void posted(const struct fetch_result *r, void *arg)
{
	struct dialing *dg = arg;
	struct carrier *c = dg->c;
	char uuid[CARRIER_UUID_MAX], text[CARRIER_TEXT_MAX];
	struct carrier_outcome o = {.uuid = ""};

	dg->req = NULL;
	c->ops->dialed(r, &o, uuid, text);
	list_remove(&dg->link);
	count_out(c, false);
	if (o.result == CARRIER_BUSY)
		carrier_hold(c, o.retry_after_sec);
	finish(dg, &o);
}

static int post(struct carrier *c, struct dialing *dg)
{
	const struct carrier_account a = carrier_account(c);
	static const char *const headers[] = {"Content-Type: application/json",
	                                      "Accept: application/json", NULL};
	struct carrier_req req;
	int err;

	carrier_req_init(&req);
	err = c->ops->dial(&req, &a, &dg->dial);
	if (!err) {
		const struct fetch_params prm = {
			.method = req.method,
			.url = buf_str(&req.url),
			.headers = headers,
			.user = c->auth_id,
			.password = c->auth_token,
			.body = buf_str(&req.body),
			.body_len = req.body.len,
			.connect_ms = CONNECT_MS,
			.total_ms = POST_MS,
			.max_body = CARRIER_REPLY_MAX,
			.fresh = true, /* a call is never asked for twice */
			.done = posted,
			.arg = dg,
		};

		err = fetch_start(fetchd_fetch(c->d), &dg->req, &prm);
	}
	carrier_req_fini(&req);
	return err;
}

static struct dialing *take(struct carrier *c, struct link *list)
{
	struct dialing *dg = NULL;

	pthread_mutex_lock(&c->lock);
	if (!list_empty(list)) {
		dg = dialing_of(list->next);
		list_remove(&dg->link);
		if (list == &c->queue)
			c->queued--;
	}
	pthread_mutex_unlock(&c->lock);
	return dg;
}

static bool goes_before(const struct dialing *a, const struct dialing *b)
{
	if (a->dial.priority != b->dial.priority)
		return a->dial.priority > b->dial.priority;
	if (a->dial.as_of != b->dial.as_of)
		return a->dial.as_of < b->dial.as_of;
	return a->ticket < b->ticket;
}

/* Under the lock. Most come last. */
static void line_up(struct carrier *c, struct dialing *dg)
{
	struct link *l = c->queue.prev;

	while (l != &c->queue && goes_before(dg, dialing_of(l)))
		l = l->prev;
	/* Behind @l, which is before the one that follows. */
	list_append(l->next, &dg->link);
	c->queued++;
	dg->waits = true;
}

/* No equal overtakes it. */
static void put_back(struct carrier *c, struct dialing *dg)
{
	pthread_mutex_lock(&c->lock);
	line_up(c, dg);
	pthread_mutex_unlock(&c->lock);
}

static void post_now(struct carrier *c, struct dialing *dg)
{
	int err = post(c, dg);

	if (!err)
		return;
	list_remove(&dg->link);
	count_out(c, false);
	finish_as(dg, CARRIER_UNREACHED, err_str(err));
}

static void post_armed(void *arg);

/* It goes out now, or when it may. */
static void post_in_time(struct carrier *c, struct dialing *dg, uint64_t at_us)
{
	uint64_t now;

	if (carrier_in_time(c, &at_us)) {
		post_now(c, dg);
		return;
	}
	now = carrier_clock_us();
	c->armed = dg;
	c->armed_us = at_us;
	fetchd_timer(c->d, &c->arm,
	             at_us > now ? (uint32_t)((at_us - now + 999) / 1000) : 0,
	             post_armed, c);
}

static void post_armed(void *arg)
{
	struct carrier *c = arg;
	struct dialing *dg = c->armed;

	c->armed = NULL;
	post_in_time(c, dg, c->armed_us);
	carrier_pump(c);
}

/* Its turn is at @at_us; to write that down takes some of the time until
 * then, or more. */
static void send_one(struct carrier *c, struct dialing *dg, uint64_t at_us)
{
	int err = dg->sending ? dg->sending(dg->arg) : 0;

	if (err == -EAGAIN || err == -EBUSY) {
		put_back(c, dg);
		if (err == -EBUSY)
			carrier_hold_kind(c, dg);
		else
			carrier_pause(c, AGAIN_MS);
		return;
	}
	if (err < 0) {
		finish_as(dg, CARRIER_CANCELLED, "");
		return;
	}
	list_append(&c->posts, &dg->link);
	count_out(c, true);
	post_in_time(c, dg, at_us);
}

static bool is_closing(struct carrier *c)
{
	bool closing;

	pthread_mutex_lock(&c->lock);
	closing = c->closing;
	pthread_mutex_unlock(&c->lock);
	return closing;
}

void carrier_pump(void *arg)
{
	struct carrier *c = arg;
	struct dialing *dg;

	for (dg = take(c, &c->withdrawn); dg; dg = take(c, &c->withdrawn))
		finish_as(dg, CARRIER_CANCELLED, "");
	while (!c->armed && !is_closing(c) && (dg = carrier_next_ready(c)) &&
	       carrier_its_turn(c, dg->dial.priority)) {
		uint64_t at_us = c->next_us;

		if (!carrier_take_out(c, dg))
			continue;
		carrier_spend_turn(c);
		send_one(c, dg, at_us);
	}
}

static void run_pump(void *arg)
{
	struct carrier *c = arg;

	pthread_mutex_lock(&c->lock);
	c->pump_posted = false;
	pthread_mutex_unlock(&c->lock);
	carrier_pump(c);
}

/* Under the lock. */
static void post_pump(struct carrier *c)
{
	if (c->pump_posted)
		return;
	c->pump_posted = true;
	c->pump.run = run_pump;
	c->pump.arg = c;
	fetchd_post(c->d, &c->pump);
}

int carrier_post(struct carrier *c, struct fetchd_job *job)
{
	int err = 0;

	pthread_mutex_lock(&c->lock);
	if (c->closing)
		err = -ECANCELED;
	else
		fetchd_post(c->d, job);
	pthread_mutex_unlock(&c->lock);
	return err;
}

int carrier_dial(struct carrier *c, const struct carrier_dial *dial,
                 carrier_sending_h *sending, carrier_dialed_h *done, void *arg,
                 uint64_t *ticket)
{
	struct dialing *dg = dialing_new(dial);
	int err = 0;

	if (!dg)
		return -ENOMEM;
	dg->c = c;
	dg->sending = sending;
	dg->done = done;
	dg->arg = arg;
	pthread_mutex_lock(&c->lock);
	if (c->closing) {
		err = -ECANCELED;
	} else if (c->queued >= c->queue_max) {
		err = ERR_LIMIT;
	} else {
		dg->ticket = ++c->last_ticket;
		if (ticket)
			*ticket = dg->ticket;
		line_up(c, dg);
		post_pump(c);
	}
	pthread_mutex_unlock(&c->lock);
	if (err)
		dialing_free(dg);
	return err;
}

/* Under the lock. */
static struct dialing *find(struct carrier *c, uint64_t ticket)
{
	struct link *l;

	for (l = c->queue.next; l != &c->queue; l = l->next)
		if (dialing_of(l)->ticket == ticket)
			return dialing_of(l);
	return NULL;
}

int carrier_withdraw(struct carrier *c, uint64_t ticket)
{
	struct dialing *dg;

	pthread_mutex_lock(&c->lock);
	dg = find(c, ticket);
	if (dg) {
		list_remove(&dg->link);
		list_append(&c->withdrawn, &dg->link);
		c->queued--;
		dg->waits = false;
		post_pump(c);
	}
	pthread_mutex_unlock(&c->lock);
	return dg ? 0 : -ENOENT;
}

unsigned carrier_waiting(struct carrier *c)
{
	unsigned n;

	pthread_mutex_lock(&c->lock);
	n = c->queued + c->out;
	pthread_mutex_unlock(&c->lock);
	return n;
}

static int copy_texts(struct carrier *c, const struct carrier_opts *o)
{
	c->api_url = mem_strdup(o->api_url);
	c->auth_id = mem_strdup(o->auth_id);
	c->auth_token = mem_strdup(o->auth_token);
	return c->api_url && c->auth_id && c->auth_token ? 0 : -ENOMEM;
}

static void release(struct carrier *c)
{
	pthread_mutex_destroy(&c->lock);
	mem_free(c->api_url);
	mem_free(c->auth_id);
	mem_free(c->auth_token);
	mem_free(c);
}

int carrier_new(struct carrier **cp, struct fetchd *d,
                const struct carrier_opts *opts)
{
	struct carrier *c = mem_zalloc(sizeof(*c));

	ASSERT(opts->calls_per_sec > 0);
	if (!c)
		return -ENOMEM;
	c->ops = opts->ops;
	c->d = d;
	c->full_us = 1000000 / opts->calls_per_sec;
	c->interval_us = c->full_us;
	c->turn = opts->turn;
	c->turn_hold = opts->turn_hold;
	c->turn_arg = opts->turn_arg;
	c->queue_max = opts->queue_max ? opts->queue_max : QUEUE_MAX;
	list_init(&c->queue);
	list_init(&c->withdrawn);
	list_init(&c->posts);
	list_init(&c->errands);
	pthread_mutex_init(&c->lock, NULL);
	if (copy_texts(c, opts)) {
		release(c);
		return -ENOMEM;
	}
	*cp = c;
	return 0;
}

static void end_all(void *arg)
{
	struct carrier *c = arg;
	struct dialing *dg;

	fetchd_timer_stop(c->d, &c->pace);
	fetchd_timer_stop(c->d, &c->arm);
	c->armed = NULL;
	for (dg = take(c, &c->withdrawn); dg; dg = take(c, &c->withdrawn))
		finish_as(dg, CARRIER_CANCELLED, "");
	for (dg = take(c, &c->queue); dg; dg = take(c, &c->queue))
		finish_as(dg, CARRIER_CANCELLED, "");
	while (!list_empty(&c->posts)) {
		dg = dialing_of(c->posts.next);
		list_remove(&dg->link);
		count_out(c, false);
		fetch_cancel(&dg->req);
		finish_as(dg, CARRIER_UNKNOWN, "the server was stopped");
	}
	carrier_end_errands(c);
}

void carrier_free(struct carrier **cp)
{
	struct carrier *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	pthread_mutex_unlock(&c->lock);
	fetchd_call(c->d, end_all, c);
	release(c);
}
