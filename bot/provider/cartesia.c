/*
 * Cartesia text to speech, /tts/websocket.
 *
 * One socket serves a session. A reply is spoken in a context; each piece of
 * its text is one submission, which Cartesia generates at once
 * (max_buffer_delay_ms 0) and ends with flush_done. A reply may need several
 * contexts: one expires a second after its last audio, as happens when the
 * model pauses, and none survives its socket. Times of words count from the
 * context's first sample; what the reply had before is added.
 *
 * Pieces are kept until their flush_done. When the socket is lost, those that
 * had no audio are submitted again in a new context; the one that was being
 * heard is not, because half a sentence twice is worse than half a sentence.
 */
#include "bot/provider/cartesia.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/provider/cartesia_parts.h"
#include "bot/provider/reconnect.h"
#include "common/base64.h"
#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/js.h"
#include "common/jtext.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/timer.h"

enum {
	MESSAGE_MAX = 1 << 20, /* a chunk of audio in base64 */
	PIECES_MAX = 64,       /* of one reply, not yet generated */
	CONTEXT_IDLE_MS = 700, /* reuse before Cartesia's 1,000 */
	AUDIO_WAIT_MS = 3000,  /* without audio although text waits */
};

struct ca {
	struct tts tts;
	struct net *net;
	struct ws *ws;
	bool open;
	char call_id[PROVIDER_CALL_ID_MAX];
	char *url, *key;
	struct buf constants; /* the members that every submission repeats */
	struct reconnect again;
	enum audio_fmt fmt;
	struct ca_reply replies[CA_REPLIES]; /* the one spoken, the next */
	struct timer wait, settle;
	struct ca_pcm pcm;
};

static struct timers *clock_of(const struct ca *ca)
{
	return net_timers(ca->net);
}

static uint32_t to_ms(const struct ca *ca, uint64_t bytes)
{
	return (uint32_t)(bytes / audio_bytes_per_ms(ca->fmt));
}

static int send(struct ca *ca, const struct buf *msg)
{
	return ws_send_text(ca->ws, buf_str(msg), msg->len);
}

/* One submission: @text to be spoken, or the end of the context. */
static int submit(struct ca *ca, const struct ca_reply *r, const char *text,
                  size_t len, bool more)
{
	struct buf msg;
	int err;

	buf_init(&msg, MESSAGE_MAX);
	err = ca_submission(&msg, &ca->constants, r->context, str_n(text, len),
	                    more);
	if (!err)
		err = send(ca, &msg);
	buf_fini(&msg);
	return err;
}

static void new_context(struct ca *ca, struct ca_reply *r)
{
	char id[CRYPTO_ID_LEN];

	if (ca->pcm.odd_of == r->context)
		ca->pcm.odd_of = NULL;
	crypto_id(id);
	snprintf(r->context, sizeof(r->context), "%s-%u", id, r->number);
	r->context_b = r->audio_b;
	r->submitted = 0;
	r->ended = false;
}

/* A context that has nothing to do is about to expire. */
static bool is_stale(const struct ca *ca, const struct ca_reply *r)
{
	uint64_t now = timers_now(clock_of(ca));

	return !r->waiting && r->last_us &&
	       now - r->last_us > CONTEXT_IDLE_MS * 1000ULL;
}

static void waited(void *arg);

/* Send what of @r has not been sent. */
static void advance(struct ca *ca, struct ca_reply *r)
{
	const struct ca_piece *p = r->first;

	if (!ca->open || !r->number)
		return;
	if (!r->context[0] && r->waiting)
		new_context(ca, r);
	for (unsigned i = 0; i < r->submitted && p; i++)
		p = p->next;
	for (; p; p = p->next) {
		if (submit(ca, r, p->text, p->len, true))
			return; /* the socket is full: with the next event */
		r->submitted++;
	}
	if (r->waiting && !timer_running(&ca->wait))
		timer_start(clock_of(ca), &ca->wait, AUDIO_WAIT_MS, waited, ca);
	if (r->finished && !r->ended && r->context[0])
		r->ended = !submit(ca, r, "", 0, false);
}

/* The reply ends with @type. The last thing done with @ca. */
static void end_reply(struct ca *ca, struct ca_reply *r,
                      enum tts_event_type type, int err)
{
	struct tts_event ev = {.type = type, .reply = r->number, .err = err};

	ca_reply_clear(r);
	timer_stop(clock_of(ca), &ca->wait);
	tts_emit(&ca->tts, &ev);
}

/* Replies that were finished when nothing was left to be said. */
static void settle(void *arg)
{
	struct ca *ca = arg;

	for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++) {
		struct ca_reply *r = &ca->replies[i];

		if (r->number && r->finished && !r->waiting && !r->context[0]) {
			/* Another may be left: it gets its own turn. */
			timer_start(clock_of(ca), &ca->settle, 0, settle, ca);
			end_reply(ca, r, TTS_REPLY_DONE, 0);
			return;
		}
	}
}

/* Text waits, and for too long no audio came. */
static void waited(void *arg)
{
	struct ca *ca = arg;

	for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++)
		if (ca->replies[i].number && ca->replies[i].waiting) {
			end_reply(ca, &ca->replies[i], TTS_REPLY_FAILED,
			          -ETIMEDOUT);
			return;
		}
}

static void on_chunk(struct ca *ca, struct ca_reply *r, struct str data)
{
	struct tts_event ev = {.type = TTS_AUDIO, .reply = r->number};
	long n = ca_pcm_decode(&ca->pcm, ca->fmt, r->context, data);

	if (n < 0)
		log_line(LOG_WARN, "cartesia", ca->call_id,
		         "event=bad_audio len=%zu", data.len);
	if (n <= 0)
		return;
	r->heard = true;
	r->audio_b += (uint64_t)n;
	r->last_us = timers_now(clock_of(ca));
	timer_start(clock_of(ca), &ca->wait, AUDIO_WAIT_MS, waited, ca);
	reconnect_good(&ca->again);
	ev.audio = ca->pcm.samples.v;
	ev.audio_len = (size_t)n;
	tts_emit(&ca->tts, &ev);
}

static void on_words(struct ca *ca, uint32_t number, uint32_t base,
                     const char *text, size_t len)
{
	json_t *msg = js_parse(text, len, NULL, 0);
	const json_t *times = json_object_get(msg, "word_timestamps");
	const json_t *words = json_object_get(times, "words");
	const json_t *begin = json_object_get(times, "start");
	const json_t *end = json_object_get(times, "end");

	for (size_t i = 0; i < json_array_size(words); i++) {
		const json_t *w = json_array_get(words, i);
		struct tts_event ev = {
			.type = TTS_WORD,
			.reply = number,
			.word = json_string_value(w),
			.word_len = json_string_length(w),
			.begin_ms = base + ca_seconds(begin, i),
			.end_ms = base + ca_seconds(end, i),
		};

		if (ev.word && !tts_emit(&ca->tts, &ev))
			break;
	}
	json_decref(msg);
}

static void on_flush_done(struct ca *ca, struct ca_reply *r)
{
	if (r->first && r->submitted)
		ca_reply_drop(r);
	if (!r->waiting)
		timer_stop(clock_of(ca), &ca->wait);
}

/* The context is over; whose wish was it? */
static void on_done(struct ca *ca, struct ca_reply *r)
{
	while (r->first && r->submitted)
		ca_reply_drop(r);
	r->context[0] = '\0';
	if (r->waiting)
		advance(ca, r);
	else if (r->finished && r->has_text && !r->audio_b)
		end_reply(ca, r, TTS_REPLY_FAILED, ERR_PROVIDER);
	else if (r->finished)
		end_reply(ca, r, TTS_REPLY_DONE, 0);
	else
		timer_stop(clock_of(ca), &ca->wait);
}

static void on_error(struct ca *ca, struct ca_reply *r, const char *text,
                     size_t len)
{
	json_t *msg = js_parse(text, len, NULL, 0);
	int status = (int)js_int(msg, "status_code", 0);
	const char *what = js_str(msg, "message", js_str(msg, "error", ""));

	log_line(LOG_WARN, "cartesia", ca->call_id,
	         "event=error status=%d code=%s text=%s", status,
	         LOG_TEXT(js_str(msg, "error_code", "")), LOG_TEXT(what));
	json_decref(msg);
	if (r)
		end_reply(ca, r, TTS_REPLY_FAILED, provider_status_err(status));
}

static void on_message(struct ca *ca, const char *text, size_t len)
{
	struct str msg = str_n(text, len);
	struct ca_parts parts;
	struct ca_reply *r;

	if (jtext_check(msg, 16, NULL) || jtext_type(msg) != JTEXT_OBJECT) {
		log_line(LOG_WARN, "cartesia", ca->call_id,
		         "event=not_json len=%zu", len);
		return;
	}
	ca_parts_find(msg, &parts);
	r = ca_reply_of_context(ca->replies, parts.context);
	if (str_eq(parts.type, "error"))
		on_error(ca, r, text, len);
	else if (!r)
		return; /* late news of a context that was given up */
	else if (str_eq(parts.type, "chunk"))
		on_chunk(ca, r, parts.data);
	else if (str_eq(parts.type, "timestamps"))
		on_words(ca, r->number, to_ms(ca, r->context_b), text, len);
	else if (str_eq(parts.type, "flush_done"))
		on_flush_done(ca, r);
	else if (str_eq(parts.type, "done"))
		on_done(ca, r);
}

static void on_event(const struct ws_event *ev, void *arg);

static int connect_socket(struct ca *ca)
{
	struct ws_header headers[] = {{"x-api-key", ca->key},
	                              {"cartesia-version", "2026-03-01"}};
	struct ws_params prm = {.url = ca->url,
	                        .headers = headers,
	                        .n_headers = ARRAY_LEN(headers),
	                        .max_message = MESSAGE_MAX};

	return ws_connect(&ca->ws, ca->net, &prm, on_event, ca);
}

static void fail(struct ca *ca, int err)
{
	tts_emit(&ca->tts, &(struct tts_event){.type = TTS_FAILED, .err = err});
}

static void connect_later(void *arg)
{
	struct ca *ca = arg;
	int err = connect_socket(ca);

	if (err)
		fail(ca, err);
}

static void lost(struct ca *ca, int err, int status)
{
	ca->open = false;
	timer_stop(clock_of(ca), &ca->wait);
	for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++) {
		struct ca_reply *r = &ca->replies[i];

		if (r->heard && r->first)
			ca_reply_drop(r);
		r->context[0] = '\0';
		r->submitted = 0;
	}
	timer_start(clock_of(ca), &ca->settle, 0, settle, ca);
	err = reconnect_later(&ca->again, err, status, connect_later, ca);
	if (err)
		fail(ca, err);
}

static void on_event(const struct ws_event *ev, void *arg)
{
	struct ca *ca = arg;

	switch (ev->type) {
	case WS_OPEN:
		ca->open = true;
		for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++)
			advance(ca, &ca->replies[i]);
		tts_emit(&ca->tts, &(struct tts_event){.type = TTS_READY});
		break;
	case WS_TEXT:
		on_message(ca, ev->data, ev->len);
		break;
	case WS_BINARY:
		break;
	case WS_CLOSED:
		ws_close(&ca->ws, 1000, NULL);
		lost(ca, -ECONNRESET, 0);
		break;
	case WS_FAILED:
	default:
		ws_close(&ca->ws, 1000, NULL);
		lost(ca, ev->err, ev->status);
		break;
	}
}

static void ca_close(struct tts *tts)
{
	struct ca *ca = CONTAINER_OF(tts, struct ca, tts);

	timer_stop(clock_of(ca), &ca->wait);
	timer_stop(clock_of(ca), &ca->settle);
	reconnect_stop(&ca->again);
	ws_close(&ca->ws, 1000, NULL);
	for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++)
		ca_reply_clear(&ca->replies[i]);
	buf_fini(&ca->constants);
	buf_fini(&ca->pcm.samples);
	mem_free(ca->url);
	mem_free(ca->key);
	mem_free(ca);
}

static int ca_open(struct tts **ttsp, struct net *net,
                   const struct tts_params *prm)
{
	const char *base =
		prm->cfg->url ? prm->cfg->url : "wss://api.cartesia.ai";
	struct ca *ca = mem_zalloc(sizeof(*ca));
	struct buf url;
	int err;

	if (!ca)
		return -ENOMEM;
	ca->net = net;
	ca->fmt = prm->fmt;
	for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++)
		ca_reply_clear(&ca->replies[i]);
	buf_init(&ca->constants, 2048);
	buf_init(&ca->pcm.samples, MESSAGE_MAX);
	buf_init(&url, 512);
	reconnect_init(&ca->again, net_timers(net), "cartesia", ca->call_id);
	ca->again.limit = prm->cfg->tries;
	err = str_copy(ca->call_id, sizeof(ca->call_id),
	               str_of(prm->call_id ? prm->call_id : "-"));
	if (!err)
		err = ca_constants(&ca->constants, prm);
	if (!err)
		err = buf_addf(&url, "%s/tts/websocket", base);
	ca->url = err ? NULL : buf_take(&url, NULL);
	ca->key = mem_strdup(prm->cfg->key ? prm->cfg->key : "");
	if (!err && !ca->key)
		err = -ENOMEM;
	if (!err)
		err = connect_socket(ca);
	buf_fini(&url);
	if (err) {
		ca_close(&ca->tts);
		return err;
	}
	*ttsp = &ca->tts;
	return 0;
}

/* The reply of that number, or a free place for it. */
static struct ca_reply *reply_for(struct ca *ca, uint32_t number)
{
	struct ca_reply *r = ca_reply_find(ca->replies, number);

	if (!r) {
		r = ca_reply_find(ca->replies, 0);
		if (r)
			r->number = number;
	}
	return r;
}

static int ca_speak(struct tts *tts, uint32_t reply, const char *text,
                    size_t len)
{
	struct ca *ca = CONTAINER_OF(tts, struct ca, tts);
	struct ca_reply *r = reply_for(ca, reply);
	int err;

	if (!r)
		return -EAGAIN;
	if (is_stale(ca, r))
		r->context[0] = '\0';
	err = ca_reply_add(r, text, len);
	if (err)
		return err;
	advance(ca, r);
	return 0;
}

static int ca_finish(struct tts *tts, uint32_t reply)
{
	struct ca *ca = CONTAINER_OF(tts, struct ca, tts);
	struct ca_reply *r = reply_for(ca, reply);

	if (!r)
		return -EAGAIN;
	r->finished = true;
	if (is_stale(ca, r))
		r->context[0] = '\0'; /* Cartesia has forgotten it, too */
	advance(ca, r);
	if (!r->waiting && !r->context[0])
		timer_start(clock_of(ca), &ca->settle, 0, settle, ca);
	return 0;
}

static void ca_cancel(struct tts *tts, uint32_t reply)
{
	struct ca *ca = CONTAINER_OF(tts, struct ca, tts);

	for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++) {
		struct ca_reply *r = &ca->replies[i];
		struct buf msg;

		if (!r->number || r->number > reply)
			continue;
		buf_init(&msg, 128);
		if (ca->open && r->context[0] &&
		    (buf_addf(&msg, "{\"context_id\":\"%s\",\"cancel\":true}",
		              r->context) ||
		     send(ca, &msg)))
			log_line(LOG_WARN, "cartesia", ca->call_id,
			         "event=cancel_failed");
		buf_fini(&msg);
		ca_reply_clear(r);
	}
	timer_stop(clock_of(ca), &ca->wait);
	for (size_t i = 0; i < ARRAY_LEN(ca->replies); i++)
		advance(ca, &ca->replies[i]);
}

const struct tts_ops tts_cartesia_ops = {
	.name = "cartesia",
	.open = ca_open,
	.speak = ca_speak,
	.finish = ca_finish,
	.cancel = ca_cancel,
	.close = ca_close,
};
