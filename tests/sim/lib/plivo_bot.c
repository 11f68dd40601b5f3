/*
 * What the bot sends on the stream, judged strictly: whatever the reference
 * does not allow is a violation, and is not obeyed.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_media.h"
#include "tests/sim/lib/plivo_stream.h"

enum {
	PAYLOAD_MAX = 16 * 1024,       /* [characters] recommended */
	RAW_MAX = PSIM_WS_MESSAGE_MAX, /* [bytes] decoded */
	NAME_MAX_LEN = 256,            /* [bytes] of a checkpoint's name */
	TEXT_SHOWN = 80,               /* [bytes] of a bad message */
};

static void PRINTF_LIKE(2, 3)
	wrong(struct psim_stream *st, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	psim_violation(st->call->sim, st->call, "stream: %s", text);
}

/* Only keys that the reference has; the extra streamId is tolerated. */
static void check_keys(struct psim_stream *st, json_t *o, const char *event,
                       const char *allowed)
{
	const char *key;
	json_t *value;

	json_object_foreach(o, key, value)
	{
		char spaced[80];

		(void)snprintf(spaced, sizeof(spaced), " %.70s ", key);
		if (!strstr(allowed, spaced))
			wrong(st, "%s has an unknown key \"%.60s\"", event,
			      key);
	}
}

/* @must: it has to be there. */
static bool id_ok(struct psim_stream *st, json_t *o, const char *event,
                  bool must)
{
	const char *id = js_str(o, "streamId", NULL);

	if (json_object_get(o, "stream_id")) {
		wrong(st, "%s with stream_id; the key is streamId", event);
		return false;
	}
	if (!id && !json_object_get(o, "streamId") && !must)
		return true;
	if (!id || strcmp(id, st->id) != 0) {
		wrong(st, "%s %s", event,
		      id ? "for another stream" : "without streamId");
		return false;
	}
	return true;
}

static bool format_ok(struct psim_stream *st, json_t *media)
{
	const char *type = js_str(media, "contentType", NULL);
	const json_t *rate = json_object_get(media, "sampleRate");
	const unsigned hz = psim_codec_hz(st->spec.codec);

	if (!type || strcmp(type, psim_codec_type(st->spec.codec)) != 0) {
		wrong(st, "playAudio with contentType \"%.60s\", not \"%s\"",
		      type ? type : "(none)", psim_codec_type(st->spec.codec));
		return false;
	}
	if (json_is_string(rate))
		psim_warning(st->call->sim, st->call,
		             "stream: sampleRate is a string");
	if (js_int(media, "sampleRate", -1) != (int64_t)hz) {
		wrong(st, "playAudio with another sampleRate than %u", hz);
		return false;
	}
	return true;
}

/* To samples at 8,000 Hz. Returns how many. */
static size_t decode(const struct psim_stream *st, const uint8_t *raw,
                     size_t len, int16_t *to)
{
	size_t n = 0;

	if (st->spec.codec == PSIM_ULAW_8K) {
		for (size_t i = 0; i < len; i++)
			to[n++] = psim_ulaw_pcm(raw[i]);
		return n;
	}
	for (size_t i = 0; i + 1 < len; i += 2) {
		const int a = (int16_t)(raw[i] | raw[i + 1] << 8);

		if (st->spec.codec == PSIM_L16_8K) {
			to[n++] = (int16_t)a;
		} else if (i + 3 < len) {
			const int b = (int16_t)(raw[i + 2] | raw[i + 3] << 8);

			to[n++] = (int16_t)((a + b) / 2);
			i += 2;
		}
	}
	return n;
}

/* One message at a time: these are free again when it has been obeyed. */
static uint8_t raw[RAW_MAX];
static int16_t samples[RAW_MAX];

static void queue_audio(struct psim_stream *st, long len)
{
	struct psim_playout *p = psim_media_playout(st->call->media);
	const size_t n = decode(st, raw, (size_t)len, samples);
	const int err = psim_playout_add(p, samples, n);
	const uint32_t waiting = psim_playout_waiting_ms(p);

	st->sums.packets++;
	st->sums.bytes += (uint64_t)len;
	if (waiting > st->sums.waiting_max_ms)
		st->sums.waiting_max_ms = waiting;
	if (err == ERR_LIMIT)
		wrong(st, "buffer_overflow: more than 60 s wait to be played");
}

static void play_audio(struct psim_stream *st, json_t *o)
{
	json_t *media = json_object_get(o, "media");
	const json_t *payload = json_object_get(media, "payload");
	long len;

	check_keys(st, o, "playAudio", " event media streamId ");
	if (!json_is_object(media) || !json_is_string(payload)) {
		wrong(st, "playAudio without media.payload");
		return;
	}
	check_keys(st, media, "playAudio.media",
	           " contentType sampleRate payload ");
	if (!id_ok(st, o, "playAudio", false) || !format_ok(st, media))
		return;
	if (json_string_length(payload) > PAYLOAD_MAX)
		psim_warning(st->call->sim, st->call,
		             "stream: payload of more than 16 KB");
	len = psim_base64_decode(raw, json_string_value(payload),
	                         json_string_length(payload));
	if (len < 0)
		wrong(st, "playAudio: bad base64");
	else if (!len)
		wrong(st, "playAudio without audio");
	else if (st->spec.codec != PSIM_ULAW_8K && len % 2)
		wrong(st, "playAudio: half a sample");
	else if (len >= 12 && !memcmp(raw, "RIFF", 4))
		wrong(st, "playAudio with a WAV header");
	else if (!st->spec.bidirectional)
		wrong(st, "playAudio on a stream that is not bidirectional");
	else
		queue_audio(st, len);
}

static void checkpoint(struct psim_stream *st, json_t *o)
{
	const char *name = js_str(o, "name", NULL);

	check_keys(st, o, "checkpoint", " event streamId name ");
	if (!id_ok(st, o, "checkpoint", true))
		return;
	if (!name || !*name || strlen(name) > NAME_MAX_LEN) {
		wrong(st, "checkpoint without a usable name");
		return;
	}
	st->sums.checkpoints++;
	if (psim_playout_checkpoint(psim_media_playout(st->call->media), name))
		wrong(st, "too many checkpoints");
}

static void clear_audio(struct psim_stream *st, json_t *o)
{
	check_keys(st, o, "clearAudio", " event streamId ");
	if (!id_ok(st, o, "clearAudio", true))
		return;
	st->sums.clears++;
	psim_media_cleared(
		st->call->media,
		psim_playout_clear(psim_media_playout(st->call->media)));
	psim_stream_cleared(st);
}

static void send_dtmf(struct psim_stream *st, json_t *o)
{
	const char *digits = js_str(o, "dtmf", NULL);

	check_keys(st, o, "sendDTMF", " event dtmf streamId ");
	if (!id_ok(st, o, "sendDTMF", false))
		return;
	if (!digits || !*digits ||
	    strspn(digits, "0123456789*#ABCDwW") != strlen(digits)) {
		wrong(st, "sendDTMF with \"%.60s\"", digits ? digits : "");
		return;
	}
	psim_note(st->call->sim, st->call, "dtmf-heard",
	          json_pack("{s:s}", "digits", digits));
}

void psim_bot_message(struct psim_stream *st, const char *v, size_t len)
{
	static const struct {
		const char *event;
		void (*obey)(struct psim_stream *st, json_t *o);
	} known[] = {{"playAudio", play_audio},
	             {"checkpoint", checkpoint},
	             {"clearAudio", clear_audio},
	             {"sendDTMF", send_dtmf}};
	json_error_t why;
	json_t *o = json_loadb(v, len, JSON_REJECT_DUPLICATES, &why);
	const char *event = js_str(o, "event", NULL);
	size_t i = 0;

	if (!json_is_object(o) || !event) {
		wrong(st, "no JSON object with an event: %.*s",
		      len < TEXT_SHOWN ? (int)len : TEXT_SHOWN, v);
	} else if (st->call->media) {
		while (i < ARRAY_LEN(known) &&
		       strcmp(event, known[i].event) != 0)
			i++;
		if (i == ARRAY_LEN(known))
			wrong(st, "unknown event \"%.60s\"", event);
		else
			known[i].obey(st, o);
	}
	json_decref(o);
}
