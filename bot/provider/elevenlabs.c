/*
 * ElevenLabs text to speech, multi-stream-input (providers.md 4.1).
 *
 * One socket serves a session, one context a piece: it gets its text and is
 * closed at once, so isFinal says when all its audio has come, and what still
 * comes of a context that nobody wants is told by its name. Times are given by
 * character and begin anew with each message; words are put together from
 * them, also across messages.
 */
#include "bot/provider/elevenlabs.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/provider/reconnect.h"
#include "bot/provider/tts_line.h"
#include "common/base64.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	MESSAGE_MAX = 4 << 20, /* [bytes] tens of kB of base64 are usual */
	KEEPALIVE_MS = 10000,  /* half of what the service waits */
	WORD_MAX = 128,        /* [bytes] */
	SAY_MAX = 16 * 1024,   /* [bytes] of a message with text */
};

struct el {
	struct tts_line line;
	struct ws *ws;
	bool open;
	uint32_t context; /* the number of the last one */
	struct timer alive;
	struct reconnect again;
	char *url, *key;
	struct buf audio;
	char word[WORD_MAX]; /* of which the last message had a part */
	size_t word_len;
	uint32_t word_begin_ms, word_end_ms;
};

static struct el *el_of(struct tts_line *l)
{
	return CONTAINER_OF(l, struct el, line);
}

static struct timers *clock_of(const struct el *el)
{
	return net_timers(el->line.net);
}

static int send(struct el *el, const struct buf *msg)
{
	return ws_send_text(el->ws, buf_str(msg), msg->len);
}

static int send_close(struct el *el)
{
	struct buf msg;
	int err;

	buf_init(&msg, 128);
	err = buf_addf(&msg, "{\"context_id\":\"c%u\",\"close_context\":true}",
	               el->context);
	if (!err)
		err = send(el, &msg);
	buf_fini(&msg);
	return err;
}

static void keep_alive(void *arg)
{
	struct el *el = arg;
	static const char text[] = "{\"text\":\"\"}";

	timer_start(clock_of(el), &el->alive, KEEPALIVE_MS, keep_alive, el);
	if (el->open && ws_send_text(el->ws, text, sizeof(text) - 1) != 0)
		log_line(LOG_WARN, "elevenlabs", el->line.call_id,
		         "event=keepalive_failed");
}

static int begin(struct tts_line *l, const char *text, size_t len)
{
	struct el *el = el_of(l);
	struct buf msg;
	int err;

	if (!el->open)
		return -EAGAIN;
	el->context++;
	el->word_len = 0;
	buf_init(&msg, SAY_MAX);
	/* A blank opens a context. */
	err = buf_addf(&msg, "{\"text\":\" \",\"context_id\":\"c%u\"}",
	               el->context);
	if (!err)
		err = send(el, &msg);
	buf_reset(&msg);
	if (!err)
		err = buf_adds(&msg, "{\"text\":");
	if (!err)
		err = js_quote(&msg, text, len);
	/* The service wants a blank behind what may be spoken. */
	if (!err) {
		msg.len--;
		err = buf_addf(&msg,
		               " \",\"context_id\":\"c%u\",\"flush\":true}",
		               el->context);
	}
	if (!err)
		err = send(el, &msg);
	buf_fini(&msg);
	return err ? err : send_close(el);
}

/* It is closed already, and its name is not ours any more. */
static void abort_piece(struct tts_line *l)
{
	struct el *el = el_of(l);

	el->context++;
}

/* ---- words ----------------------------------------------------------------- */

static bool give_word(struct el *el)
{
	const size_t len = el->word_len;

	el->word_len = 0;
	return !len || tts_line_word(&el->line, el->word, len,
	                             el->word_begin_ms, el->word_end_ms);
}

static uint32_t ms_at(const json_t *list, size_t i)
{
	const double ms = json_number_value(json_array_get(list, i));

	return ms > 0 && ms < 1e7 ? (uint32_t)ms : 0;
}

/* @base: audio of the piece before this message [ms]. */
static bool on_alignment(struct el *el, const json_t *alignment, uint32_t base)
{
	const json_t *chars = json_object_get(alignment, "chars");
	const json_t *begins = json_object_get(alignment, "charStartTimesMs");
	const json_t *lasts = json_object_get(alignment, "charDurationsMs");

	for (size_t i = 0; i < json_array_size(chars); i++) {
		const json_t *c = json_array_get(chars, i);
		const char *v = json_string_value(c);
		const size_t n = json_string_length(c);
		const uint32_t at = base + ms_at(begins, i);

		if (!v || !n)
			continue;
		if (n == 1 && strchr(" \t\r\n", *v)) {
			if (!give_word(el))
				return false;
			continue;
		}
		if (el->word_len + n > WORD_MAX)
			continue;
		if (!el->word_len)
			el->word_begin_ms = at;
		memcpy(el->word + el->word_len, v, n);
		el->word_len += n;
		el->word_end_ms = at + ms_at(lasts, i);
	}
	return true;
}

/* ---- messages -------------------------------------------------------------- */

static bool on_audio(struct el *el, const json_t *data)
{
	const size_t len = json_string_length(data);
	long n;

	buf_reset(&el->audio);
	/* Room first, then decoded in place. */
	if (!len || buf_add(&el->audio, json_string_value(data), len))
		return true;
	n = base64_decode(el->audio.v, json_string_value(data), len);
	if (n < 0) {
		log_line(LOG_WARN, "elevenlabs", el->line.call_id,
		         "event=bad_audio len=%zu", len);
		return true;
	}
	reconnect_good(&el->again);
	return tts_line_audio(&el->line, el->audio.v, (size_t)n);
}

static bool is_current(const struct el *el, const char *id)
{
	struct str rest = str_of(id);
	uint64_t n;

	if (!el->line.making || !rest.len || *rest.v != 'c')
		return false;
	rest = str_n(rest.v + 1, rest.len - 1);
	return str_u64(rest, UINT32_MAX, &n) == 0 && n == el->context;
}

static void on_error(struct el *el, const json_t *msg)
{
	log_line(LOG_WARN, "elevenlabs", el->line.call_id,
	         "event=error code=%lld error=%s text=%s",
	         (long long)js_int(msg, "code", 0),
	         LOG_TEXT(js_str(msg, "error", "")),
	         LOG_TEXT(js_str(msg, "message", "")));
	tts_line_failed(&el->line, ERR_PROVIDER);
}

static void on_part(struct el *el, const json_t *msg)
{
	const uint32_t base =
		(uint32_t)(el->line.piece_b / audio_bytes_per_ms(el->line.fmt));
	const json_t *alignment = json_object_get(msg, "alignment");

	if (!on_audio(el, json_object_get(msg, "audio")) ||
	    !on_alignment(el, alignment, base))
		return;
	if (js_bool(msg, "isFinal", false) && give_word(el))
		tts_line_done(&el->line);
}

static void on_text(struct el *el, const char *text, size_t len)
{
	json_t *msg = js_parse(text, len, NULL, 0);

	if (!json_is_object(msg))
		log_line(LOG_WARN, "elevenlabs", el->line.call_id,
		         "event=not_json len=%zu", len);
	else if (js_str(msg, "error", NULL))
		on_error(el, msg);
	else if (is_current(el, js_str(msg, "contextId", "")))
		on_part(el, msg);
	json_decref(msg);
}

/* ---- the socket ------------------------------------------------------------ */

static void on_event(const struct ws_event *ev, void *arg);

static int connect_socket(struct el *el)
{
	struct ws_header headers[] = {{"xi-api-key", el->key}};
	struct ws_params prm = {.url = el->url,
	                        .headers = headers,
	                        .n_headers = ARRAY_LEN(headers),
	                        .max_message = MESSAGE_MAX};

	return ws_connect(&el->ws, el->line.net, &prm, on_event, el);
}

static void connect_later(void *arg)
{
	struct el *el = arg;
	int err = connect_socket(el);

	if (err)
		tts_line_end(&el->line, err);
}

static void lost(struct el *el, int err, int status)
{
	el->open = false;
	timer_stop(clock_of(el), &el->alive);
	tts_line_lost(&el->line);
	tts_line_ready(&el->line); /* ends of replies need no socket */
	err = reconnect_later(&el->again, err, status, connect_later, el);
	if (err)
		tts_line_end(&el->line, err);
}

static void on_event(const struct ws_event *ev, void *arg)
{
	struct el *el = arg;

	switch (ev->type) {
	case WS_OPEN:
		el->open = true;
		timer_start(clock_of(el), &el->alive, KEEPALIVE_MS, keep_alive,
		            el);
		tts_line_ready(&el->line);
		tts_emit(&el->line.tts, &(struct tts_event){.type = TTS_READY});
		break;
	case WS_TEXT:
		on_text(el, ev->data, ev->len);
		break;
	case WS_BINARY:
		break;
	case WS_CLOSED:
		ws_close(&el->ws, 1000, NULL);
		lost(el, -ECONNRESET, 0);
		break;
	case WS_FAILED:
	default:
		ws_close(&el->ws, 1000, NULL);
		lost(el, ev->err, ev->status);
		break;
	}
}

static void el_close(struct tts *tts)
{
	static const char text[] = "{\"close_socket\":true}";
	struct el *el = CONTAINER_OF(tts, struct el, line.tts);

	if (el->open && ws_send_text(el->ws, text, sizeof(text) - 1) != 0)
		log_line(LOG_WARN, "elevenlabs", el->line.call_id,
		         "event=close_failed");
	timer_stop(clock_of(el), &el->alive);
	reconnect_stop(&el->again);
	ws_close(&el->ws, 1000, NULL);
	tts_line_fini(&el->line);
	buf_fini(&el->audio);
	mem_free(el->url);
	mem_free(el->key);
	mem_free(el);
}

static int make_url(struct el *el, const struct provider_cfg *cfg)
{
	static const char *const formats[] = {
		[AUDIO_ULAW_8K] = "ulaw_8000",
		[AUDIO_L16_8K] = "pcm_8000",
		[AUDIO_L16_16K] = "pcm_16000",
	};
	const char *model = cfg->model ? cfg->model : "eleven_flash_v2_5";
	const char *language = cfg->language ? cfg->language : "";
	struct buf b;
	int err;

	buf_init(&b, 1024);
	err = buf_addf(&b,
	               "%s/v1/text-to-speech/%s/multi-stream-input?"
	               "model_id=%s&output_format=%s&auto_mode=true",
	               cfg->url ? cfg->url : "wss://api.elevenlabs.io",
	               cfg->voice ? cfg->voice : "bIHbv24MWmeRgasZH58o", model,
	               formats[el->line.fmt]);
	/* Other models refuse to be told. */
	if (!err && *language && strstr(model, "_v2_5"))
		err = buf_addf(&b, "&language_code=%.*s",
		               (int)strcspn(language, "-_"), language);
	if (!err)
		el->url = mem_strdup(buf_str(&b));
	if (!err && !el->url)
		err = -ENOMEM;
	buf_fini(&b);
	return err;
}

static int el_open(struct tts **ttsp, struct net *net,
                   const struct tts_params *prm)
{
	static const struct tts_line_ops ops = {
		.name = "elevenlabs", .begin = begin, .abort = abort_piece};
	struct el *el = mem_zalloc(sizeof(*el));
	int err;

	if (!el)
		return -ENOMEM;
	err = tts_line_init(&el->line, net, prm, &ops);
	buf_init(&el->audio, MESSAGE_MAX);
	reconnect_init(&el->again, net_timers(net), "elevenlabs",
	               el->line.call_id);
	el->again.limit = prm->cfg->tries;
	if (!err)
		err = make_url(el, prm->cfg);
	el->key = mem_strdup(prm->cfg->key ? prm->cfg->key : "");
	if (!err && !el->key)
		err = -ENOMEM;
	if (!err)
		err = connect_socket(el);
	if (err) {
		el_close(&el->line.tts);
		return err;
	}
	*ttsp = &el->line.tts;
	return 0;
}

const struct tts_ops tts_elevenlabs_ops = {
	.name = "elevenlabs",
	.late_ms = 1000,
	.open = el_open,
	.speak = tts_line_speak,
	.finish = tts_line_finish,
	.cancel = tts_line_cancel,
	.close = el_close,
};
