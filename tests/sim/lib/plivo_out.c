#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_stream.h"

enum { TEXT_MAX = 8 * 1024 /* [bytes] of one message of ours */ };

static int add_extra(const struct psim_stream *st, struct buf *b)
{
	const char *extra = st->spec.extra_headers;
	int err;

	if (st->call->sim->o->form == PSIM_FORM_BARE)
		return 0;
	err = buf_adds(b, ",\"extra_headers\":");
	if (!err)
		err = js_quote(b, extra ? extra : "{}",
		               extra ? strlen(extra) : 2);
	return err;
}

static int add_number(const struct psim_stream *st, struct buf *b,
                      const char *key, uint64_t n)
{
	const char *q = st->call->sim->o->form == PSIM_FORM_STRINGS ? "\"" : "";

	return buf_addf(b, "\"%s\":%s%llu%s,", key, q, (unsigned long long)n,
	                q);
}

static void send_text(struct psim_stream *st, struct buf *b, int err)
{
	if (!err && st->open)
		err = psim_ws_text(st->ws, b->v, b->len);
	buf_fini(b);
	(void)err; /* a broken socket also tells by its end */
}

/* {"event":NAME,"sequenceNumber":N,["streamId":ID,] */
static int begin_text(struct psim_stream *st, struct buf *b, const char *name)
{
	const bool bare = st->call->sim->o->form == PSIM_FORM_BARE;
	int err;

	buf_init(b, TEXT_MAX);
	st->sequence++;
	err = buf_addf(b, "{\"event\":\"%s\",", name);
	if (!err && !bare)
		err = add_number(st, b, "sequenceNumber", st->sequence);
	if (!err && strcmp(name, "start") != 0 &&
	    (!bare || strcmp(name, "media") != 0))
		err = buf_addf(b, "\"streamId\":\"%s\",", st->id);
	return err;
}

void psim_stream_send_start(struct psim_stream *st)
{
	const struct psim *s = st->call->sim;
	struct buf b;
	int err = begin_text(st, &b, "start");

	if (!err)
		err = buf_addf(&b,
		               "\"start\":{\"callId\":\"%s\",\"streamId\":"
		               "\"%s\",\"accountId\":\"%s\",",
		               st->call->uuid, st->id, s->o->auth_id);
	if (!err && s->o->form != PSIM_FORM_BARE)
		err = buf_adds(&b, "\"tracks\":[\"inbound\"],");
	if (!err)
		err = buf_addf(&b, "\"mediaFormat\":{\"encoding\":\"%s\",",
		               psim_codec_type(st->spec.codec));
	if (!err)
		err = add_number(st, &b, "sampleRate",
		                 psim_codec_hz(st->spec.codec));
	if (!err) {
		b.len--; /* the comma */
		err = buf_adds(&b, "}}");
	}
	if (!err)
		err = add_extra(st, &b);
	if (!err)
		err = buf_adds(&b, "}");
	send_text(st, &b, err);
}

static size_t encode(struct psim_stream *st, const int16_t *frame, uint8_t *to)
{
	size_t n = 0;

	for (size_t i = 0; i < PSIM_FRAME; i++) {
		const int16_t v = frame[i];
		const int16_t mid = (int16_t)(((int)st->last + v) / 2);

		if (st->spec.codec == PSIM_ULAW_8K) {
			to[n++] = psim_ulaw(v);
			continue;
		}
		if (st->spec.codec == PSIM_L16_16K) {
			to[n++] = (uint8_t)mid;
			to[n++] = (uint8_t)((uint16_t)mid >> 8);
		}
		to[n++] = (uint8_t)v;
		to[n++] = (uint8_t)((uint16_t)v >> 8);
		st->last = v;
	}
	return n;
}

void psim_stream_send_media(struct psim_stream *st, const int16_t *frame)
{
	uint8_t raw[4 * PSIM_FRAME];
	char payload[6 * PSIM_FRAME];
	const bool strings = st->call->sim->o->form != PSIM_FORM_REF;
	struct timespec now;
	struct buf b;
	size_t n;
	int err;

	n = psim_base64(payload, raw, encode(st, frame, raw));
	clock_gettime(CLOCK_REALTIME, &now);
	err = begin_text(st, &b, "media");
	if (!err)
		err = buf_addf(
			&b,
			"\"media\":{\"track\":\"inbound\",\"timestamp\":"
			"\"%lld\",\"chunk\":%s%llu%s,\"payload\":\"",
			(long long)now.tv_sec * 1000 + now.tv_nsec / 1000000,
			strings ? "\"" : "", (unsigned long long)++st->chunk,
			strings ? "\"" : "");
	if (!err)
		err = buf_add(&b, payload, n);
	if (!err)
		err = buf_adds(&b, "\"}");
	if (!err)
		err = add_extra(st, &b);
	if (!err)
		err = buf_adds(&b, "}");
	send_text(st, &b, err);
	st->sums.sent++;
}

void psim_stream_dtmf(struct psim_stream *st, char digit)
{
	struct timespec now;
	struct buf b;
	int err;

	if (!st->open)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	err = begin_text(st, &b, "dtmf");
	if (!err)
		err = buf_addf(&b,
		               "\"dtmf\":{\"track\":\"inbound\",\"digit\":"
		               "\"%c\",\"timestamp\":\"%lld\"}",
		               digit,
		               (long long)now.tv_sec * 1000 +
		                       now.tv_nsec / 1000000);
	if (!err)
		err = add_extra(st, &b);
	if (!err)
		err = buf_adds(&b, "}");
	send_text(st, &b, err);
}

void psim_stream_played(struct psim_stream *st, const char *name)
{
	struct buf b;
	int err = begin_text(st, &b, "playedStream");

	if (!err)
		err = buf_adds(&b, "\"name\":");
	if (!err)
		err = js_quote(&b, name, strlen(name));
	if (!err)
		err = buf_adds(&b, "}");
	send_text(st, &b, err);
}

void psim_stream_cleared(struct psim_stream *st)
{
	struct buf b;
	int err = begin_text(st, &b, "clearedAudio");

	if (!err) {
		b.len--; /* the comma */
		err = buf_adds(&b, "}");
	}
	send_text(st, &b, err);
}
