/*
 * Deepgram Aura, /v1/speak (providers.md 4.2).
 *
 * Binary messages are samples, and nothing but their order says of which text:
 * a piece is spoken and flushed, its audio ends with Flushed. What still comes
 * of a piece that nobody wants is dropped until the Clear that was sent has its
 * Cleared; without one soon the socket is given up, since otherwise old words
 * would be heard as new ones.
 */
#include "bot/provider/deepgram_tts.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/provider/reconnect.h"
#include "bot/provider/tts_line.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	MESSAGE_MAX = 1 << 20, /* [bytes] of audio in one message */
	CLEAR_MS = 1000,       /* until Cleared */
	SPEAK_MAX = 16 * 1024, /* [bytes] of a message with text */
};

struct aura {
	struct tts_line line;
	struct ws *ws;
	bool open;
	unsigned clears; /* sent, without their Cleared */
	struct timer clear;
	struct reconnect again;
	char *url, *auth;
};

static struct aura *aura_of(struct tts_line *l)
{
	return CONTAINER_OF(l, struct aura, line);
}

static struct timers *clock_of(const struct aura *a)
{
	return net_timers(a->line.net);
}

static int send(struct aura *a, const char *text)
{
	return ws_send_text(a->ws, text, strlen(text));
}

static int begin(struct tts_line *l, const char *text, size_t len)
{
	struct aura *a = aura_of(l);
	struct buf msg;
	int err;

	if (!a->open)
		return -EAGAIN;
	buf_init(&msg, SPEAK_MAX);
	err = buf_adds(&msg, "{\"type\":\"Speak\",\"text\":");
	if (!err)
		err = js_quote(&msg, text, len);
	if (!err)
		err = buf_adds(&msg, "}");
	if (!err)
		err = ws_send_text(a->ws, buf_str(&msg), msg.len);
	buf_fini(&msg);
	return err ? err : send(a, "{\"type\":\"Flush\"}");
}

static void lost(struct aura *a, int err, int status);

static void not_cleared(void *arg)
{
	struct aura *a = arg;

	ws_close(&a->ws, 1000, NULL);
	lost(a, -ETIMEDOUT, 0);
}

static void abort_piece(struct tts_line *l)
{
	struct aura *a = aura_of(l);

	if (!a->open)
		return;
	if (send(a, "{\"type\":\"Clear\"}") != 0)
		log_line(LOG_WARN, "aura", l->call_id, "event=clear_failed");
	a->clears++;
	timer_start(clock_of(a), &a->clear, CLEAR_MS, not_cleared, a);
}

static void on_cleared(struct aura *a)
{
	if (a->clears)
		a->clears--;
	if (!a->clears)
		timer_stop(clock_of(a), &a->clear);
}

static void on_text(struct aura *a, const char *text, size_t len)
{
	json_t *msg = js_parse(text, len, NULL, 0);
	const char *type = js_str(msg, "type", "");
	const bool flushed = !strcmp(type, "Flushed");

	if (!strcmp(type, "Cleared"))
		on_cleared(a);
	else if (!strcmp(type, "Warning") || !strcmp(type, "Error"))
		log_line(LOG_WARN, "aura", a->line.call_id,
		         "event=%s code=%s text=%s", type,
		         LOG_TEXT(js_str(msg, "code", "")),
		         LOG_TEXT(js_str(msg, "description", "")));
	json_decref(msg);
	if (flushed && !a->clears)
		tts_line_done(&a->line);
}

static void on_event(const struct ws_event *ev, void *arg);

static int connect_socket(struct aura *a)
{
	struct ws_header headers[] = {{"authorization", a->auth}};
	struct ws_params prm = {.url = a->url,
	                        .headers = headers,
	                        .n_headers = ARRAY_LEN(headers),
	                        .max_message = MESSAGE_MAX};

	return ws_connect(&a->ws, a->line.net, &prm, on_event, a);
}

static void connect_later(void *arg)
{
	struct aura *a = arg;
	int err = connect_socket(a);

	if (err)
		tts_line_end(&a->line, err);
}

static void lost(struct aura *a, int err, int status)
{
	a->open = false;
	a->clears = 0;
	timer_stop(clock_of(a), &a->clear);
	tts_line_lost(&a->line);
	tts_line_ready(&a->line); /* ends of replies need no socket */
	err = reconnect_later(&a->again, err, status, connect_later, a);
	if (err)
		tts_line_end(&a->line, err);
}

static void on_event(const struct ws_event *ev, void *arg)
{
	struct aura *a = arg;

	switch (ev->type) {
	case WS_OPEN:
		a->open = true;
		tts_line_ready(&a->line);
		tts_emit(&a->line.tts, &(struct tts_event){.type = TTS_READY});
		break;
	case WS_TEXT:
		on_text(a, ev->data, ev->len);
		break;
	case WS_BINARY:
		reconnect_good(&a->again);
		if (!a->clears)
			tts_line_audio(&a->line, ev->data, ev->len);
		break;
	case WS_CLOSED:
		ws_close(&a->ws, 1000, NULL);
		lost(a, -ECONNRESET, 0);
		break;
	case WS_FAILED:
	default:
		ws_close(&a->ws, 1000, NULL);
		lost(a, ev->err, ev->status);
		break;
	}
}

static void aura_close(struct tts *tts)
{
	struct aura *a = CONTAINER_OF(tts, struct aura, line.tts);

	if (a->open && send(a, "{\"type\":\"Close\"}") != 0)
		log_line(LOG_WARN, "aura", a->line.call_id,
		         "event=close_failed");
	timer_stop(clock_of(a), &a->clear);
	reconnect_stop(&a->again);
	ws_close(&a->ws, 1000, NULL);
	tts_line_fini(&a->line);
	mem_free(a->url);
	mem_free(a->auth);
	mem_free(a);
}

/* Address and credential, as texts of our own. */
static int prepare(struct aura *a, const struct provider_cfg *cfg)
{
	const char *base = cfg->url ? cfg->url : "wss://api.deepgram.com";
	const char *voice = cfg->voice ? cfg->voice : "aura-2-helena-en";
	struct buf b;
	int err;

	buf_init(&b, 1024);
	err = buf_addf(&b, "%s/v1/speak?model=%s&encoding=%s&sample_rate=%u",
	               base, voice,
	               a->line.fmt == AUDIO_ULAW_8K ? "mulaw" : "linear16",
	               audio_hz(a->line.fmt));
	if (!err)
		a->url = mem_strdup(buf_str(&b));
	buf_reset(&b);
	if (!err)
		err = buf_addf(&b, "Token %s", cfg->key ? cfg->key : "");
	if (!err)
		a->auth = mem_strdup(buf_str(&b));
	buf_fini(&b);
	if (!err && (!a->url || !a->auth))
		err = -ENOMEM;
	return err;
}

static int aura_open(struct tts **ttsp, struct net *net,
                     const struct tts_params *prm)
{
	static const struct tts_line_ops ops = {
		.name = "aura", .begin = begin, .abort = abort_piece};
	struct aura *a = mem_zalloc(sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	err = tts_line_init(&a->line, net, prm, &ops);
	reconnect_init(&a->again, net_timers(net), "aura", a->line.call_id);
	a->again.limit = prm->cfg->tries;
	if (!err)
		err = prepare(a, prm->cfg);
	if (!err)
		err = connect_socket(a);
	if (err) {
		aura_close(&a->line.tts);
		return err;
	}
	*ttsp = &a->line.tts;
	return 0;
}

const struct tts_ops tts_deepgram_ops = {
	.name = "deepgram",
	.late_ms = 1000,
	.open = aura_open,
	.speak = tts_line_speak,
	.finish = tts_line_finish,
	.cancel = tts_line_cancel,
	.close = aura_close,
};
