#include "bot/provider/http_probe.h"

#include <errno.h>
#include <string.h>

#include "bot/net/net.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	CONNECT_MS = 5000,
	TOTAL_MS = 8000,
	LIST_MAX = 1 << 20, /* [bytes] of a list of models; not looked at */
	URL_MAX = 1024,     /* [bytes] */
};

static int ask(struct http_probe *p);

static void ask_again(void *arg)
{
	struct http_probe *p = arg;
	const int err = ask(p);

	if (err)
		p->handler(err, p->arg);
}

static void on_done(const struct fetch_result *r, void *arg)
{
	struct http_probe *p = arg;
	int err = r->err;

	p->req = NULL;
	if (r->status) {
		err = r->status < 300 ? 0 : provider_status_err(r->status);
		/* Whatever else it says, it is there. */
		if (err != ERR_AUTH && err != -EDQUOT)
			err = 0;
	} else if (err) {
		err = reconnect_later(&p->again, err, 0, ask_again, p);
		if (!err)
			return;
	}
	p->handler(err, p->arg);
}

static int ask(struct http_probe *p)
{
	const char *headers[] = {p->auth, NULL};
	struct fetch_params f = {
		.method = "GET",
		.headers = headers,
		.connect_ms = CONNECT_MS,
		.total_ms = TOTAL_MS,
		.max_body = LIST_MAX,
		.http2 = true,
		.done = on_done,
		.arg = p,
	};
	struct buf url;
	int err;

	buf_init(&url, URL_MAX);
	err = buf_addf(&url, "%s/models", p->base);
	f.url = buf_str(&url);
	if (!err)
		err = fetch_start(net_fetch(p->net), &p->req, &f);
	buf_fini(&url);
	return err;
}

int http_probe_start(struct http_probe *p, struct net *net)
{
	p->net = net;
	reconnect_init(&p->again, net_timers(net), p->module, p->call_id);
	p->again.limit = p->tries;
	return ask(p);
}

void http_probe_stop(struct http_probe *p)
{
	if (!p->net)
		return;
	reconnect_stop(&p->again);
	fetch_cancel(&p->req);
}

int http_provider_texts(char **base, char **auth, const char *url,
                        const char *key)
{
	size_t len = strlen(url);
	struct buf b;
	int err = 0;

	while (len && url[len - 1] == '/')
		len--;
	*base = mem_strndup(url, len);
	if (!*base)
		return -ENOMEM;
	if (!key)
		return 0;
	buf_init(&b, URL_MAX);
	err = buf_addf(&b, "Authorization: Bearer %s", key);
	if (!err)
		*auth = mem_strdup(buf_str(&b));
	if (!err && !*auth)
		err = -ENOMEM;
	buf_fini(&b);
	return err;
}
