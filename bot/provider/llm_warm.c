#include "bot/provider/llm_warm.h"

#include <errno.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/provider/llm_http.h"
#include "bot/provider/provider.h"
#include "common/buf.h"
#include "common/mem.h"

enum {
	CONNECT_MS = 3000,
	TOTAL_MS = 5000,
	LIST_MAX = 256 * 1024, /* [bytes] of an answer that nobody reads */
	TEXT_MAX = 1024,       /* [bytes] of URL and key */
};

struct llm_warm {
	struct fetch_req *req;
};

static void on_done(const struct fetch_result *r, void *arg)
{
	struct llm_warm *w = arg;

	(void)r;
	w->req = NULL;
}

static int ask(struct llm_warm *w, struct net *net, const char *url,
               const char *const *headers)
{
	const struct fetch_params f = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.connect_ms = CONNECT_MS,
		.total_ms = TOTAL_MS,
		.max_body = LIST_MAX,
		.http2 = true, /* as requests are made */
		.done = on_done,
		.arg = w,
	};

	return fetch_start(net_fetch(net), &w->req, &f);
}

int llm_warm_http(struct llm_warm **wp, struct net *net,
                  const struct provider_cfg *cfg,
                  const struct llm_dialect *dialect)
{
	const char *base = cfg->url ? cfg->url : dialect->base;
	const char *headers[3] = {NULL};
	struct llm_warm *w = mem_zalloc(sizeof(*w));
	struct buf url, auth;
	size_t n = 0;
	int err;

	if (!w)
		return -ENOMEM;
	buf_init(&url, TEXT_MAX);
	buf_init(&auth, TEXT_MAX);
	err = buf_addf(&url, "%s%s%s", base,
	               base[strlen(base) - 1] == '/' ? "" : "/",
	               dialect->models);
	if (!err && cfg->key) {
		err = buf_addf(&auth, "%s%s", dialect->key_header, cfg->key);
		headers[n++] = buf_str(&auth);
	}
	headers[n] = dialect->header;
	if (!err)
		err = ask(w, net, buf_str(&url), headers);
	buf_fini(&url);
	buf_fini(&auth);
	if (err)
		mem_free(w);
	else
		*wp = w;
	return err;
}

int llm_warm_open(struct llm_warm **wp, const struct llm_ops *ops,
                  struct net *net, const struct provider_cfg *cfg)
{
	*wp = NULL;
	return ops->warm ? ops->warm(wp, net, cfg) : 0;
}

void llm_warm_close(struct llm_warm **wp)
{
	struct llm_warm *w = *wp;

	*wp = NULL;
	if (!w)
		return;
	fetch_cancel(&w->req);
	mem_free(w);
}
