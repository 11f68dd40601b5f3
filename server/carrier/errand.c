#include <errno.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/carrier/priv.h"

enum {
	CONNECT_MS = 2000,
	END_MS = 5000,  /* [ms] of one attempt to hang up */
	ASK_MS = 10000, /* [ms] of one question */
	RETRY_AFTER_MAX_SEC = 10,
};

/* [ms] after each attempt to hang up that failed. */
static const uint32_t pauses[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};

/* A hang-up, a stream's end, a transfer or a question. */
struct errand {
	struct link link;
	struct carrier *c;
	struct fetchd_job job;
	struct timer timer;
	struct fetch_req *req;
	char uuid[CARRIER_UUID_MAX];
	unsigned attempt;

	struct carrier_end end;
	bool cancelling; /* the call is gone; now the request for it */
	bool leaving;    /* not the call ends, but its stream */
	char *to_url;    /* of a transfer */

	enum carrier_list list;
	char *to;
	carrier_info_h *info;
	void *arg;
};

static void errand_free(struct errand *e)
{
	list_remove(&e->link);
	fetchd_timer_stop(e->c->d, &e->timer);
	fetch_cancel(&e->req);
	mem_free(e->to);
	mem_free(e->to_url);
	mem_free(e);
}

static struct errand *errand_new(struct carrier *c, const char *uuid)
{
	struct errand *e = mem_zalloc(sizeof(*e));

	if (!e)
		return NULL;
	list_init(&e->link);
	e->c = c;
	e->job.arg = e;
	if (uuid)
		memcpy(e->uuid, uuid, strlen(uuid) + 1);
	return e;
}

static const char *what_failed(const struct errand *e)
{
	if (e->to_url)
		return "transfer_failed";
	return e->leaving ? "leave_failed" : "hangup_failed";
}

static void finish_end(struct errand *e, int err)
{
	carrier_ended_h *done = e->end.done;
	void *arg = e->end.arg;

	if (err)
		log_line(LOG_WARN, "carrier", NULL,
		         "event=%s call_uuid=%s attempts=%u "
		         "err=\"%s\"",
		         what_failed(e), e->uuid, e->attempt, err_str(err));
	errand_free(e);
	if (done)
		done(err, arg);
}

static void finish_ask(struct errand *e, int err)
{
	carrier_info_h *h = e->info;
	void *arg = e->arg;

	errand_free(e);
	h(NULL, err, arg);
}

/* What an answer means where only its status counts. */
static int err_of(const struct fetch_result *r)
{
	if (r->err)
		return r->err;
	if (r->status / 100 == 2)
		return 0;
	switch (r->status) {
	case 401:
		return ERR_AUTH;
	case 404:
		return -ENOENT;
	case 429:
		return ERR_LIMIT;
	default:
		return r->status >= 500 ? -EAGAIN : ERR_PROTO;
	}
}

static int start(struct errand *e, const struct carrier_req *req,
                 uint32_t total_ms, fetch_done_h *done)
{
	static const char *const json[] = {"Content-Type: application/json",
	                                   NULL};
	const struct fetch_params prm = {
		.method = req->method,
		.url = buf_str(&req->url),
		.headers = req->body.len ? json : NULL,
		.body = req->body.len ? buf_str(&req->body) : NULL,
		.body_len = req->body.len,
		/* The library does not say again what changes something. */
		.fresh = req->body.len > 0 || e->leaving,
		.user = e->c->auth_id,
		.password = e->c->auth_token,
		.connect_ms = CONNECT_MS,
		.total_ms = total_ms,
		.max_body = CARRIER_REPLY_MAX,
		.done = done,
		.arg = e,
	};

	return fetch_start(fetchd_fetch(e->c->d), &e->req, &prm);
}

static void try_end(void *arg);

static void try_again(struct errand *e, int err, long retry_after_sec)
{
	uint32_t ms;

	if (e->attempt > ARRAY_LEN(pauses)) {
		finish_end(e, err == ERR_LIMIT ? err : -ETIMEDOUT);
		return;
	}
	ms = pauses[e->attempt - 1];
	if (retry_after_sec > RETRY_AFTER_MAX_SEC)
		retry_after_sec = RETRY_AFTER_MAX_SEC;
	if (retry_after_sec > 0 && (uint32_t)retry_after_sec * 1000 > ms)
		ms = (uint32_t)retry_after_sec * 1000;
	fetchd_timer(e->c->d, &e->timer, ms, try_end, e);
}

static void end_answered(const struct fetch_result *r, void *arg)
{
	struct errand *e = arg;
	int err = err_of(r);

	e->req = NULL;
	if (err == -ENOENT && e->end.maybe_queued && !e->cancelling) {
		/* No call yet: there may still be the request for one. */
		e->cancelling = true;
		e->attempt = 0;
		try_end(e);
	} else if (!err || err == -ENOENT) {
		finish_end(e, 0);
	} else if (err == ERR_PROTO || (err == ERR_AUTH && r->status)) {
		finish_end(e, err);
	} else {
		try_again(e, err, r->retry_after_sec);
	}
}

static int write_end(const struct errand *e, struct carrier_req *req)
{
	const struct carrier_ops *ops = e->c->ops;
	const struct carrier_account a = carrier_account(e->c);

	if (e->leaving)
		return ops->leave(req, &a, e->uuid);
	return e->cancelling ? ops->cancel(req, &a, e->uuid)
	                     : ops->hangup(req, &a, e->uuid);
}

/* A hang-up that has begun goes its way: it does no harm. To leave a stream
 * does, once the call is in the next one. */
static bool is_wanted(const struct errand *e)
{
	const bool ask = e->leaving || (!e->attempt && !e->cancelling);

	return !ask || !e->end.still || e->end.still(e->end.arg);
}

static void try_end(void *arg)
{
	struct errand *e = arg;
	struct carrier_req req;
	int err;

	if (!is_wanted(e)) {
		finish_end(e, 0);
		return;
	}
	e->attempt++;
	carrier_req_init(&req);
	err = write_end(e, &req);
	if (!err)
		err = start(e, &req, END_MS, end_answered);
	carrier_req_fini(&req);
	if (err)
		try_again(e, err, -1);
}

static void begin_end(void *arg)
{
	struct errand *e = arg;

	list_append(&e->c->errands, &e->link);
	if (e->end.delay_ms)
		fetchd_timer(e->c->d, &e->timer, e->end.delay_ms, try_end, e);
	else
		try_end(e);
}

static int begin(struct carrier *c, const struct carrier_end *end, bool leaving)
{
	struct errand *e;
	int err;

	if (!end->uuid || !end->uuid[0] ||
	    strlen(end->uuid) >= CARRIER_UUID_MAX)
		return -EINVAL;
	e = errand_new(c, end->uuid);
	if (!e)
		return -ENOMEM;
	e->end = *end;
	e->end.uuid = e->uuid;
	e->leaving = leaving;
	e->job.run = begin_end;
	err = carrier_post(c, &e->job);
	if (err)
		mem_free(e);
	return err;
}

int carrier_hangup(struct carrier *c, const struct carrier_end *end)
{
	return begin(c, end, false);
}

int carrier_leave(struct carrier *c, const struct carrier_end *end)
{
	return begin(c, end, true);
}

static void transfer_answered(const struct fetch_result *r, void *arg)
{
	struct errand *e = arg;

	e->req = NULL;
	finish_end(e, err_of(r));
}

static void begin_transfer(void *arg)
{
	struct errand *e = arg;
	const struct carrier_account a = carrier_account(e->c);
	struct carrier_req req;
	int err;

	list_append(&e->c->errands, &e->link);
	carrier_req_init(&req);
	err = e->c->ops->transfer(&req, &a, e->uuid, e->to_url);
	if (!err)
		err = start(e, &req, END_MS, transfer_answered);
	carrier_req_fini(&req);
	if (err)
		finish_end(e, err);
}

int carrier_transfer(struct carrier *c, const char *uuid, const char *url,
                     carrier_ended_h *done, void *arg)
{
	struct errand *e;
	int err;

	if (!uuid || !uuid[0] || strlen(uuid) >= CARRIER_UUID_MAX)
		return -EINVAL;
	e = errand_new(c, uuid);
	if (!e)
		return -ENOMEM;
	e->end.done = done;
	e->end.arg = arg;
	e->job.run = begin_transfer;
	e->to_url = mem_strdup(url);
	err = e->to_url ? carrier_post(c, &e->job) : -ENOMEM;
	if (err) {
		mem_free(e->to_url);
		mem_free(e);
	}
	return err;
}

static void ask_answered(const struct fetch_result *r, void *arg)
{
	struct errand *e = arg;
	int err = err_of(r);

	e->req = NULL;
	if (!err)
		err = e->c->ops->asked(r, e->list, e->info, e->arg);
	finish_ask(e, err);
}

static void begin_ask(void *arg)
{
	struct errand *e = arg;
	const struct carrier_account a = carrier_account(e->c);
	struct carrier_req req;
	int err;

	list_append(&e->c->errands, &e->link);
	carrier_req_init(&req);
	err = e->c->ops->ask(&req, &a, e->list, e->uuid[0] ? e->uuid : NULL,
	                     e->to);
	if (!err)
		err = start(e, &req, ASK_MS, ask_answered);
	carrier_req_fini(&req);
	if (err)
		finish_ask(e, err);
}

int carrier_ask(struct carrier *c, enum carrier_list list, const char *uuid,
                const char *to, carrier_info_h *h, void *arg)
{
	struct errand *e;
	int err = 0;

	if (uuid && strlen(uuid) >= CARRIER_UUID_MAX)
		return -EINVAL;
	e = errand_new(c, uuid);
	if (!e)
		return -ENOMEM;
	e->list = list;
	e->info = h;
	e->arg = arg;
	e->job.run = begin_ask;
	if (to) {
		e->to = mem_strdup(to);
		err = e->to ? 0 : -ENOMEM;
	}
	if (!err)
		err = carrier_post(c, &e->job);
	if (err) {
		mem_free(e->to);
		mem_free(e);
	}
	return err;
}

void carrier_end_errands(struct carrier *c)
{
	while (!list_empty(&c->errands)) {
		struct errand *e =
			CONTAINER_OF(c->errands.next, struct errand, link);

		if (e->info)
			finish_ask(e, -ECANCELED);
		else
			finish_end(e, -ECANCELED);
	}
}
