#include "bot/hangup.h"

#include <errno.h>
#include <string.h>

#include "bot/net/backoff.h"
#include "bot/net/net.h"
#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/timer.h"

enum {
	TRIES_MAX = 6,
	FIRST_MS = 200,    /* [ms] */
	CAP_MS = 5000,     /* [ms] */
	CONNECT_MS = 3000, /* [ms] */
	ANSWER_MS = 8000,  /* [ms] */
	URL_LEN_MAX = 2048 /* [bytes] */
};

struct hangup {
	struct net *net;
	const struct hangup_account *acc;
	char *url, *call_id;
	struct fetch_req *req;
	struct timer timer;
	struct backoff backoff;
	hangup_h *handler;
	void *arg;
};

static void try_now(void *arg);

static void finish(struct hangup *h, int err)
{
	log_line(err ? LOG_ERROR : LOG_INFO, "hangup", h->call_id,
	         "event=%s err=%d tries=%u", err ? "failed" : "done", err,
	         h->backoff.tries + 1);
	h->handler(err, h->arg);
}

static void again(struct hangup *h, int err)
{
	uint32_t r;

	if (h->backoff.tries + 1 >= TRIES_MAX) {
		finish(h, err);
		return;
	}
	crypto_random(&r, sizeof(r));
	timer_start(net_timers(h->net), &h->timer, backoff_next(&h->backoff, r),
	            try_now, h);
}

static void done_handler(const struct fetch_result *r, void *arg)
{
	struct hangup *h = arg;

	h->req = NULL;
	if (r->err)
		again(h, r->err);
	else if ((r->status >= 200 && r->status < 300) || r->status == 404)
		finish(h, 0);
	else if (r->status == 401 || r->status == 403)
		finish(h, ERR_AUTH);
	else
		again(h, ERR_PROTO);
}

static void try_now(void *arg)
{
	struct hangup *h = arg;
	struct fetch_params prm = {.method = "DELETE",
	                           .url = h->url,
	                           .user = h->acc->auth_id,
	                           .password = h->acc->auth_token,
	                           .connect_ms = CONNECT_MS,
	                           .total_ms = ANSWER_MS,
	                           .done = done_handler,
	                           .arg = h};
	int err = fetch_start(net_fetch(h->net), &h->req, &prm);

	if (err)
		again(h, err);
}

static int format_url(struct hangup *h, const char *uuid)
{
	struct buf b;
	int err;

	buf_init(&b, URL_LEN_MAX);
	err = buf_addf(&b, "%s/v1/Account/", h->acc->api_url);
	if (!err)
		err = str_escape(&b, str_of(h->acc->auth_id));
	if (!err)
		err = buf_adds(&b, "/Call/");
	if (!err)
		err = str_escape(&b, str_of(uuid));
	if (!err)
		err = buf_adds(&b, "/");
	if (err)
		buf_fini(&b);
	else
		h->url = buf_take(&b, NULL);
	return err;
}

int hangup_open(struct hangup **hp, struct net *net,
                const struct hangup_account *acc, const char *uuid,
                const char *call_id, hangup_h *handler, void *arg)
{
	struct hangup *h;
	int err;

	if (!uuid[0])
		return -EINVAL;
	h = mem_zalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->net = net;
	h->acc = acc;
	h->handler = handler;
	h->arg = arg;
	h->backoff.first_ms = FIRST_MS;
	h->backoff.cap_ms = CAP_MS;
	h->call_id = mem_strdup(call_id);
	err = h->call_id ? format_url(h, uuid) : -ENOMEM;
	if (err) {
		hangup_close(&h);
		return err;
	}
	timer_start(net_timers(net), &h->timer, 0, try_now, h);
	*hp = h;
	return 0;
}

void hangup_close(struct hangup **hp)
{
	struct hangup *h = *hp;

	if (!h)
		return;
	*hp = NULL;
	timer_stop(net_timers(h->net), &h->timer);
	fetch_cancel(&h->req);
	mem_free(h->url);
	mem_free(h->call_id);
	mem_free(h);
}
