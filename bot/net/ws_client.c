#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "bot/net/ws_priv.h"
#include "common/err.h"
#include "common/mem.h"

enum { CONNECT_MS = 5000, HEADERS_MAX = 4096 /* [bytes] */ };

static void dial_next(void *arg);

/* The library's words, as one of our codes. */
static int classify(const struct ws_dial *d)
{
	static const char *const tls_words[] = {"cert", "tls", "ssl", "SSL"};

	if (d->status)
		return ERR_PROTO;
	for (size_t i = 0; i < ARRAY_LEN(tls_words); i++)
		if (strstr(d->why, tls_words[i]))
			return ERR_AUTH;
	return -ECONNREFUSED;
}

static void note_failure(struct ws_dial *d, const char *why, size_t len)
{
	if (len >= sizeof(d->why))
		len = sizeof(d->why) - 1;
	memcpy(d->why, why ? why : "", len);
	d->why[len] = '\0';
	d->err = classify(d);
}

static void dial_over(struct ws *ws)
{
	struct ws_dial *d = ws->dial;

	/* An answer, if only a refusal, is the host's last word. */
	if (d->status || ws->released || d->next >= d->addrs.n)
		ws_failed(ws, d->err, d->status, d->why);
	else
		/* Not from within the library's callback. */
		timer_start(ws->net->timers, &ws->ping, 0, dial_next, ws);
}

void ws_dial_failed(struct ws *ws, const char *why, size_t len)
{
	struct ws_dial *d = ws->dial;

	ws->wsi = NULL;
	note_failure(d, why, len);
	if (d->dialling)
		d->failed = true; /* dial_next() goes on with it */
	else
		dial_over(ws);
}

static void dial_next(void *arg)
{
	struct ws *ws = arg;
	struct ws_dial *d = ws->dial;
	struct lws_client_connect_info cci = {0};
	struct lws *wsi;

	cci.context = ws->net->lws;
	cci.vhost = ws->net->client_vhost;
	cci.address = d->addrs.v[d->next++];
	cci.port = d->url.port;
	cci.path = d->url.path;
	cci.host = d->url.host;
	cci.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
	if (d->url.tls)
		cci.ssl_connection |= LCCSCF_USE_SSL;
	cci.alpn = "http/1.1";
	cci.local_protocol_name = "dialout";
	cci.ietf_version_or_minus_one = -1;
	cci.opaque_user_data = ws;
	cci.pwsi = &ws->wsi;

	d->failed = false;
	d->dialling = true;
	wsi = lws_client_connect_via_info(&cci);
	d->dialling = false;
	if (wsi && !d->failed) {
		ws->wsi = wsi;
		return;
	}
	if (!d->failed)
		note_failure(d, "not connected", 13);
	ws->wsi = NULL;
	dial_over(ws);
}

static void resolved(int err, const struct dns_addrs *addrs, void *arg)
{
	struct ws *ws = arg;

	ws->dial->dns = NULL;
	if (err) {
		ws_failed(ws, err, 0, "name not resolved");
		return;
	}
	ws->dial->addrs = *addrs;
	dial_next(ws);
}

static void timeout_handler(void *arg)
{
	struct ws *ws = arg;
	struct ws_dial *d = ws->dial;
	struct lws *wsi = ws->wsi;

	/* Not through ws_dial_failed(): there is no time for another. */
	ws->wsi = NULL;
	dns_cancel(&d->dns);
	if (wsi) {
		lws_set_opaque_user_data(wsi, NULL);
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	}
	ws_failed(ws, -ETIMEDOUT, 0, "no answer in time");
}

static void start_handler(void *arg)
{
	struct ws *ws = arg;
	struct ws_dial *d = ws->dial;
	struct dns *dns = ws->net->dns;
	int err;

	timer_start(ws->net->timers, &ws->timer, ws->connect_ms,
	            timeout_handler, ws);
	if (!dns_lookup(dns, d->url.host, &d->addrs)) {
		dial_next(ws);
		return;
	}
	err = dns_resolve(&d->dns, dns, d->url.host, resolved, ws);
	if (err)
		ws_failed(ws, err, 0, "name not asked for");
}

static int copy_headers(struct ws_dial *d, const struct ws_params *prm)
{
	struct buf b;
	int err = 0;

	buf_init(&b, HEADERS_MAX);
	for (size_t i = 0; i < prm->n_headers && !err; i++) {
		const struct ws_header *h = &prm->headers[i];

		err = buf_addf(&b, "%s:", h->name);
		if (!err)
			err = buf_add(&b, "", 1);
		if (!err)
			err = buf_add(&b, h->value, strlen(h->value) + 1);
	}
	if (err)
		buf_fini(&b);
	else
		d->headers = buf_take(&b, &d->headers_len);
	return err;
}

void ws_dial_free(struct ws *ws)
{
	struct ws_dial *d = ws->dial;

	if (!d)
		return;
	ws->dial = NULL;
	dns_cancel(&d->dns);
	mem_free(d->headers);
	mem_free(d);
}

int ws_connect(struct ws **wsp, struct net *net, const struct ws_params *prm,
               ws_event_h *eventh, void *arg)
{
	struct ws_dial *d = mem_zalloc(sizeof(*d));
	struct ws *ws;
	int err;

	if (!d)
		return -ENOMEM;
	err = url_parse(&d->url, prm->url);
	if (!err)
		err = copy_headers(d, prm);
	if (!err)
		err = ws_new(&ws, net, prm->max_message, eventh, arg);
	if (err) {
		mem_free(d->headers);
		mem_free(d);
		return err;
	}
	ws->dial = d;
	ws->ping_sec = prm->ping_sec;
	ws->connect_ms = prm->connect_ms ? prm->connect_ms : CONNECT_MS;
	timer_start(net->timers, &ws->timer, 0, start_handler, ws);
	*wsp = ws;
	return 0;
}
