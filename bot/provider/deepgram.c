/*
 * Deepgram streaming speech to text, /v1/listen.
 *
 * All audio since the end of the last final text is kept (stt_ring.h), so that
 * a lost connection costs no word: a new socket is opened at once and hears
 * that audio again. Its times count from its own first sample; base_ms turns
 * them into ours.
 */
#include "bot/provider/deepgram.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/provider/reconnect.h"
#include "bot/provider/stt.h"
#include "bot/provider/stt_ring.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/timer.h"

enum {
	KEEPALIVE_MS = 4000, /* Deepgram closes after 10 s of nothing */
	DEAF_MS = 5000,      /* results of silence come every second, too */
	FLUSH_WAIT_MS = 500, /* it may never answer a Finalize */
	MESSAGE_MAX = 256 * 1024,
	URL_MAX = 1024,
};

struct dg {
	struct stt stt;
	struct net *net;
	struct ws *ws;
	bool open;
	uint32_t hz;
	char call_id[PROVIDER_CALL_ID_MAX];
	char *url;
	struct buf auth;
	struct reconnect again;

	struct stt_ring ring;

	bool flushing;
	struct timer flush, keepalive, deaf;
};

static struct timers *clock_of(const struct dg *dg)
{
	return net_timers(dg->net);
}

static void send_text(struct dg *dg, const char *text)
{
	if (dg->open && ws_send_text(dg->ws, text, strlen(text)))
		log_line(LOG_WARN, "deepgram", dg->call_id,
		         "event=send_failed");
}

static void keep_alive(void *arg)
{
	struct dg *dg = arg;

	send_text(dg, "{\"type\":\"KeepAlive\"}");
	timer_start(clock_of(dg), &dg->keepalive, KEEPALIVE_MS, keep_alive, dg);
}

static void send_audio(struct dg *dg)
{
	const uint64_t now = timers_now(clock_of(dg));
	const void *v;
	size_t len;

	while (dg->open && (len = stt_ring_next(&dg->ring, now, &v)) > 0) {
		if (ws_send_binary(dg->ws, v, len))
			return; /* the socket is full; with the next push */
		stt_ring_sent(&dg->ring, len);
		timer_start(clock_of(dg), &dg->keepalive, KEEPALIVE_MS,
		            keep_alive, dg);
	}
}

static void flushed(void *arg)
{
	struct dg *dg = arg;

	timer_stop(clock_of(dg), &dg->flush);
	/* What no socket has heard is not decided: the next one is asked. */
	if (!dg->flushing || !dg->open)
		return;
	dg->flushing = false;
	stt_emit(&dg->stt, &(struct stt_event){.type = STT_FLUSHED});
}

static void on_results(struct dg *dg, const json_t *msg)
{
	const json_t *best =
		json_array_get(json_object_get(json_object_get(msg, "channel"),
	                                       "alternatives"),
	                       0);
	const char *text = js_str(best, "transcript", "");
	uint32_t base_ms = stt_ring_ms(&dg->ring, dg->ring.socket_b);
	double begin = js_real(msg, "start", 0);
	double length = js_real(msg, "duration", 0);
	bool final = js_bool(msg, "is_final", false);
	bool of_flush = js_bool(msg, "from_finalize", false);
	struct stt *stt = &dg->stt;
	struct stt_event ev = {
		.type = final ? STT_FINAL : STT_INTERIM,
		.text = text,
		.text_len = strlen(text),
		.confidence = js_real(best, "confidence", 0),
	};

	if (begin < 0 || length < 0 || begin > 1e6 || length > 1e6)
		return;
	ev.begin_ms = base_ms + (uint32_t)(begin * 1000);
	ev.end_ms = ev.begin_ms + (uint32_t)(length * 1000);
	reconnect_good(&dg->again);
	if (final)
		stt_ring_forget(&dg->ring, ev.end_ms);
	if (ev.text_len && !stt_emit(stt, &ev))
		return;
	if (final && js_bool(msg, "speech_final", false)) {
		ev = (struct stt_event){.type = STT_SILENCE,
		                        .begin_ms = ev.end_ms,
		                        .end_ms = ev.end_ms};
		if (!stt_emit(stt, &ev))
			return;
	}
	if (of_flush)
		flushed(dg);
}

static void lost(struct dg *dg, int err, int status);
static void watch(struct dg *dg);

static void on_deaf(void *arg)
{
	struct dg *dg = arg;

	if (!stt_ring_is_deaf(&dg->ring, DEAF_MS)) {
		watch(dg);
		return;
	}
	log_line(LOG_WARN, "deepgram", dg->call_id, "event=deaf");
	ws_close(&dg->ws, 1000, NULL);
	lost(dg, -ETIMEDOUT, 0);
}

static void watch(struct dg *dg)
{
	stt_ring_mark(&dg->ring);
	timer_start(clock_of(dg), &dg->deaf, DEAF_MS, on_deaf, dg);
}

static void on_message(struct dg *dg, const char *text, size_t len)
{
	json_t *msg = js_parse(text, len, NULL, 0);
	const char *type = js_str(msg, "type", "");

	watch(dg);
	if (!strcmp(type, "Results")) {
		on_results(dg, msg);
	} else if (!strcmp(type, "SpeechStarted")) {
		double at = js_real(msg, "timestamp", 0);
		uint32_t ms = stt_ring_ms(&dg->ring, dg->ring.socket_b);

		if (at > 0 && at < 1e6)
			ms += (uint32_t)(at * 1000);
		stt_emit(&dg->stt, &(struct stt_event){.type = STT_SPEECH,
		                                       .begin_ms = ms,
		                                       .end_ms = ms});
	} else if (!strcmp(type, "Error")) {
		log_line(LOG_WARN, "deepgram", dg->call_id,
		         "event=error text=%s",
		         LOG_TEXT(js_str(msg, "description", "")));
	}
	json_decref(msg);
}

static void on_open(struct dg *dg)
{
	dg->open = true;
	stt_ring_open(&dg->ring, timers_now(clock_of(dg)));
	timer_start(clock_of(dg), &dg->keepalive, KEEPALIVE_MS, keep_alive, dg);
	watch(dg);
	send_audio(dg);
	if (dg->flushing) {
		send_text(dg, "{\"type\":\"Finalize\"}");
		timer_start(clock_of(dg), &dg->flush, FLUSH_WAIT_MS, flushed,
		            dg);
	}
	stt_emit(&dg->stt, &(struct stt_event){.type = STT_READY});
}

static void on_event(const struct ws_event *ev, void *arg);

static void connect_now(void *arg)
{
	struct dg *dg = arg;
	struct ws_header auth = {"authorization", buf_str(&dg->auth)};
	struct ws_params prm = {.url = dg->url,
	                        .headers = &auth,
	                        .n_headers = 1,
	                        .max_message = MESSAGE_MAX};
	int err = ws_connect(&dg->ws, dg->net, &prm, on_event, dg);

	if (err)
		stt_emit(&dg->stt,
		         &(struct stt_event){.type = STT_FAILED, .err = err});
}

/* The socket is gone. */
static void lost(struct dg *dg, int err, int status)
{
	dg->open = false;
	timer_stop(clock_of(dg), &dg->keepalive);
	timer_stop(clock_of(dg), &dg->deaf);
	err = reconnect_later(&dg->again, err, status, connect_now, dg);
	stt_emit(&dg->stt,
	         &(struct stt_event){.type = err ? STT_FAILED : STT_AWAY,
	                             .err = err});
}

static void on_event(const struct ws_event *ev, void *arg)
{
	struct dg *dg = arg;

	switch (ev->type) {
	case WS_OPEN:
		on_open(dg);
		break;
	case WS_TEXT:
		on_message(dg, ev->data, ev->len);
		break;
	case WS_BINARY:
		break;
	case WS_CLOSED:
		ws_close(&dg->ws, 1000, NULL);
		log_line(LOG_INFO, "deepgram", dg->call_id,
		         "event=closed code=%d", ev->code);
		lost(dg, -ECONNRESET, 0);
		break;
	case WS_FAILED:
	default:
		ws_close(&dg->ws, 1000, NULL);
		lost(dg, ev->err, ev->status);
		break;
	}
}

/* Defaults are those of the Pipecat example (providers.md 1.2). */
static int make_url(struct dg *dg, const struct provider_cfg *cfg)
{
	struct buf url;
	int err;

	buf_init(&url, URL_MAX);
	err = buf_addf(&url,
	               "%s/v1/listen?detect_entities=false&diarize=false"
	               "&dictation=false&interim_results=true&numerals=false"
	               "&profanity_filter=true&punctuate=true"
	               "&smart_format=false&channels=1&multichannel=false"
	               "&encoding=%s&sample_rate=%u&model=",
	               cfg->url ? cfg->url : "wss://api.deepgram.com",
	               dg->ring.ulaw ? "mulaw" : "linear16", dg->hz);
	if (!err)
		err = str_escape(&url, str_of(cfg->model ? cfg->model
		                                         : "nova-3-general"));
	if (!err)
		err = buf_adds(&url, "&language=");
	if (!err)
		err = str_escape(&url,
		                 str_of(cfg->language ? cfg->language : "en"));
	dg->url = err ? NULL : buf_take(&url, NULL);
	buf_fini(&url);
	return err;
}

static void dg_close(struct stt *stt)
{
	struct dg *dg = CONTAINER_OF(stt, struct dg, stt);

	timer_stop(clock_of(dg), &dg->flush);
	timer_stop(clock_of(dg), &dg->keepalive);
	timer_stop(clock_of(dg), &dg->deaf);
	reconnect_stop(&dg->again);
	send_text(dg, "{\"type\":\"CloseStream\"}");
	ws_close(&dg->ws, 1000, NULL);
	stt_ring_fini(&dg->ring);
	buf_fini(&dg->auth);
	mem_free(dg->url);
	mem_free(dg);
}

static int dg_open(struct stt **sttp, struct net *net,
                   const struct stt_params *prm)
{
	const struct provider_cfg *cfg = prm->cfg;
	struct dg *dg;
	int err;

	if (prm->hz != 8000 && prm->hz != 16000)
		return -EINVAL;
	dg = mem_zalloc(sizeof(*dg));
	if (!dg)
		return -ENOMEM;
	dg->net = net;
	dg->hz = prm->hz;
	stt_ring_init(&dg->ring, prm->hz, prm->ulaw && prm->hz == 8000);
	buf_init(&dg->auth, 512);
	reconnect_init(&dg->again, net_timers(net), "deepgram", dg->call_id);
	dg->again.limit = prm->cfg->tries;

	err = str_copy(dg->call_id, sizeof(dg->call_id),
	               str_of(prm->call_id ? prm->call_id : "-"));
	if (!err)
		err = buf_addf(&dg->auth, "Token %s", cfg->key ? cfg->key : "");
	if (!err)
		err = make_url(dg, cfg);
	if (!err) {
		struct ws_header auth = {"authorization", buf_str(&dg->auth)};
		struct ws_params ws = {.url = dg->url,
		                       .headers = &auth,
		                       .n_headers = 1,
		                       .max_message = MESSAGE_MAX};

		err = ws_connect(&dg->ws, net, &ws, on_event, dg);
	}
	if (err) {
		dg_close(&dg->stt);
		return err;
	}
	*sttp = &dg->stt;
	return 0;
}

static int dg_push(struct stt *stt, const struct pcm *pcm)
{
	struct dg *dg = CONTAINER_OF(stt, struct dg, stt);
	const int err = stt_ring_push(&dg->ring, pcm);

	if (!err)
		send_audio(dg);
	return err;
}

static int dg_flush(struct stt *stt)
{
	struct dg *dg = CONTAINER_OF(stt, struct dg, stt);

	dg->flushing = true;
	send_text(dg, "{\"type\":\"Finalize\"}");
	timer_start(clock_of(dg), &dg->flush, FLUSH_WAIT_MS, flushed, dg);
	return 0;
}

const struct stt_ops stt_deepgram_ops = {
	.name = "deepgram",
	.open = dg_open,
	.push = dg_push,
	.flush = dg_flush,
	.close = dg_close,
};
