/*
 * The telephone line: Plivo with the callee at its far end. Sends the callee's
 * sound as media messages of 20 ms, plays what it is given in real time, says
 * when a checkpoint was reached, and knows what was heard.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base64.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/flow/at_hand.h"
#include "tests/flow/flow_impl.h"
#include "tests/harness/test.h"

#define PI 3.14159265358979323846

enum {
	PACKET = 160,
	TONE_LOUD = 0x90, /* u-law: about +-8000 */
	TONE_LOUD_NEG = 0x10,
	BEEP_LEVEL = 900, /* -31 dB */
	BLOCKS = 65536,   /* [ms] in the play-out buffer: a ring */
	MARKS = 256,
};

struct mark {
	uint64_t at_us;
	char name[64];
};

struct fake_line {
	struct flow *f;
	struct timer packet, marked, late;
	uint32_t held_ms, sent_ms; /* of the call: packets on their way */
	uint8_t (*blocks)[4];      /* ring: reply, ms */
	uint64_t head_ms, tail_ms; /* of the call: what is buffered */
	struct mark marks[MARKS];
	size_t n_marks;
	uint64_t chunk;
	char frame[3][PACKET * 2 + 200]; /* silence, speech, beep */
	size_t at[2];
	unsigned tail_byte;
};

/* ---- what is heard ---------------------------------------------------------- */

/* Silence of one millisecond parts two bouts. */
static void note_bout(struct flow *f, uint32_t reply, uint32_t now)
{
	struct flow_bout *b = &f->bouts[f->n_bouts];

	if (f->n_bouts && b[-1].to_ms == now) {
		b--;
	} else {
		CHECK(f->n_bouts < FLOW_BOUTS);
		b->from_ms = now;
		f->n_bouts++;
	}
	b->to_ms = now + 1;
	b->reply = reply;
}

/* After a pause the bot says the last words once more. */
static struct flow_word *find_word(struct flow *f, uint32_t reply, uint32_t n)
{
	for (size_t i = f->n_words; i && i + 3 > f->n_words; i--) {
		struct flow_word *w = &f->words[i - 1];

		if (w->reply == reply && w->n == n)
			return w;
		if (w->reply == reply && !w->n)
			break; /* what is before it was said earlier */
	}
	return NULL;
}

static void note_word(struct flow *f, uint32_t reply, uint32_t ms, uint32_t now)
{
	struct flow_word *w = NULL;

	/* What is at hand may be said again and again. */
	if (ms || reply < AT_HAND_FILLER)
		w = find_word(f, reply, ms / FLOW_WORD_MS);

	if (!w) {
		CHECK(f->n_words < FLOW_HEARD);
		w = &f->words[f->n_words++];
		w->reply = reply;
		w->n = ms / FLOW_WORD_MS;
		w->first_ms = now;
	}
	w->last_ms = now;
	if (ms % FLOW_WORD_MS < FLOW_WORD_MS / 2 &&
	    w->heard <= ms % FLOW_WORD_MS)
		w->heard++;
}

static void heard(struct flow *f, const uint8_t b[4], uint32_t now)
{
	const uint32_t ms = (uint32_t)(b[1] | b[2] << 8 | b[3] << 16);
	struct flow_heard *h;

	if (b[0] == 0 || b[0] >= FLOW_REPLIES)
		return; /* silence that fills a packet */
	h = &f->heard[b[0]];
	note_bout(f, b[0], now);
	note_word(f, b[0], ms, now);
	if (!h->count++)
		h->first_ms = now;
	else if (ms < h->next)
		h->again++;
	else if (ms > h->next)
		h->jumps++;
	h->next = ms + 1;
	h->last_ms = now;
}

void fake_line_listen(struct fake_line *l)
{
	const uint64_t now = flow_now(l->f);

	while (l->head_ms < l->tail_ms && l->head_ms < now) {
		heard(l->f, l->blocks[l->head_ms % BLOCKS],
		      (uint32_t)l->head_ms);
		l->head_ms++;
	}
	l->f->playing = l->head_ms < l->tail_ms;
}

/* ---- what the bot sends ------------------------------------------------------ */

static const char *member(const char *text, const char *key, size_t *len)
{
	char name[64];
	const char *p, *end;

	snprintf(name, sizeof(name), "\"%s\":\"", key);
	p = strstr(text, name);
	if (!p)
		return NULL;
	p += strlen(name);
	end = strchr(p, '"');
	CHECK(end != NULL);
	*len = (size_t)(end - p);
	return p;
}

static void on_marked(void *arg);

static void arm_marks(struct fake_line *l)
{
	timer_stop(l->f->ts, &l->marked);
	timer_stop(l->f->ts, &l->late);
	if (l->n_marks)
		timer_start_at(l->f->ts, &l->marked, l->marks[0].at_us,
		               on_marked, l);
}

static void on_marked(void *arg)
{
	struct fake_line *l = arg;
	char text[200];

	fake_line_listen(l);
	snprintf(text, sizeof(text),
	         "{\"event\":\"playedStream\",\"sequenceNumber\":7,"
	         "\"streamId\":\"s-1\",\"name\":\"%s\"}",
	         l->marks[0].name);
	l->n_marks--;
	memmove(l->marks, l->marks + 1, l->n_marks * sizeof(l->marks[0]));
	arm_marks(l);
	flow_message(l->f, text);
}

static void play(struct fake_line *l, const char *payload, size_t len)
{
	static uint8_t audio[65536];
	const uint64_t now = flow_now(l->f), first = now + l->f->opts.line_ms;
	const long n = base64_decode(audio, payload, len);

	CHECK(n > 0 && n % 8 == 0);
	fake_line_listen(l);
	if (l->tail_ms < now)
		l->head_ms = l->tail_ms = now;
	while (l->tail_ms < first && l->f->opts.line_ms)
		l->blocks[l->tail_ms++ % BLOCKS][0] = 0;
	for (long i = 0; i < n; i += 8) {
		uint8_t *b = l->blocks[l->tail_ms++ % BLOCKS];

		memcpy(b, audio + i, 4);
		if (audio[i] == 0xff)
			b[0] = 0;
		else if (b[0] < FLOW_REPLIES && !l->f->sent_first[b[0]])
			l->f->sent_first[b[0]] = (uint32_t)now;
	}
	l->f->playing = true;
	l->f->sent_ms += (uint64_t)n / 8;
	if (n / 8 > l->f->packet_ms)
		l->f->packet_ms = (uint32_t)n / 8;
	if (l->tail_ms - now > l->f->max_lead_ms)
		l->f->max_lead_ms = (uint32_t)(l->tail_ms - now);
}

int fake_line_send(const char *text, size_t len, void *arg)
{
	struct fake_line *l = arg;
	struct flow *f = l->f;
	static char copy[65536];
	const char *event, *value;
	size_t n, vn = 0;

	CHECK(len < sizeof(copy));
	memcpy(copy, text, len);
	copy[len] = '\0';
	value = member(copy, "streamId", &vn);
	f->foreign_ids += !value || vn != 3 || memcmp(value, "s-1", 3) != 0;
	f->sends_after_end += f->ended || f->hangups;
	event = member(copy, "event", &n);
	CHECK(event != NULL);
	if (strncmp(event, "playAudio", n) == 0) {
		value = member(copy, "payload", &vn);
		CHECK(value != NULL);
		play(l, value, vn);
	} else if (strncmp(event, "clearAudio", n) == 0) {
		fake_line_listen(l);
		l->tail_ms = l->head_ms;
		f->playing = false;
		l->n_marks = 0;
		arm_marks(l);
		f->last_clear = flow_now(f);
		if (!f->clears++)
			f->clear_at = f->last_clear;
	} else if (strncmp(event, "checkpoint", n) == 0) {
		const uint64_t now = flow_now(f);
		struct mark *m = &l->marks[l->n_marks];

		value = member(copy, "name", &vn);
		CHECK(value && vn < sizeof(m->name) && l->n_marks < MARKS);
		if (!f->opts.no_echo) {
			memcpy(m->name, value, vn);
			m->name[vn] = '\0';
			m->at_us = flow_us((
				uint32_t)(l->tail_ms > now ? l->tail_ms : now));
			l->n_marks++;
			arm_marks(l);
		}
	} else if (strncmp(event, "sendDTMF", n) == 0) {
		value = member(copy, "dtmf", &vn);
		CHECK(value != NULL);
		CHECK_INT(0, buf_addf(&f->events, "digits %.*s\n", (int)vn,
		                      value));
	} else {
		test_fail(__FILE__, __LINE__, "unknown message: %s", copy);
	}
	return 0;
}

void fake_line_hangup(void *arg)
{
	struct fake_line *l = arg;

	fake_line_listen(l);
	l->f->hangup_at = flow_now(l->f);
	l->f->hangups++;
}

/* ---- what the callee says ----------------------------------------------------- */

enum { SILENCE, SPEECH, BEEP };

static int sound_at(const struct flow *f, uint32_t at)
{
	for (size_t i = 0; i < f->n_speech; i++)
		if (at >= f->speech[i].from_ms && at < f->speech[i].to_ms)
			return f->speech[i].beep ? BEEP : SPEECH;
	return SILENCE;
}

/* A media message of @n bytes into @text, which holds 2 * @n + 200. */
static void write_frame(char *text, size_t cap, const void *audio, size_t n)
{
	size_t len;

	len = (size_t)snprintf(
		text, cap,
		"{\"sequenceNumber\":1,\"streamId\":\"s-1\",\"event\":"
		"\"media\",\"media\":{\"track\":\"inbound\",\"timestamp\":"
		"\"1\",\"chunk\":1,\"payload\":\"");
	len += base64_encode(text + len, audio, n);
	snprintf(text + len, cap - len, "\"},\"extra_headers\":\"{}\"}");
}

/* Speech is as loud all the time and has no pitch; a beep has 1000 Hz, and is
 * too faint for the net. */
static void make_frame(char *text, size_t cap, int kind, size_t n)
{
	uint8_t *ulaw = mem_alloc(n);
	uint32_t noise = 1;

	CHECK(ulaw != NULL);
	for (size_t i = 0; i < n; i++) {
		const int16_t sine =
			(int16_t)(BEEP_LEVEL * sin((double)(i % 8) * PI / 4));

		noise = noise * 1664525 + 1013904223;
		ulaw[i] = noise >> 31 ? TONE_LOUD : TONE_LOUD_NEG;
		if (kind == SILENCE)
			ulaw[i] = 0xff;
		else if (kind == BEEP)
			audio_encode(&ulaw[i], AUDIO_ULAW_8K, &sine, 1);
	}
	write_frame(text, cap, ulaw, n);
	mem_free(ulaw);
}

void flow_linear(struct flow *f, uint32_t ms, int amplitude)
{
	char text[2000];
	int16_t v[320]; /* 20 ms at 16 kHz; little endian, as is the line */

	for (int i = 0; i < 320; i++)
		v[i] = (int16_t)(i % 32 < 16 ? amplitude : -amplitude);
	write_frame(text, sizeof(text), v, sizeof(v));
	for (uint32_t t = 0; t < ms; t += 20)
		flow_message(f, text);
}

void flow_audio(struct flow *f, uint32_t ms, bool loud, size_t size)
{
	static char text[40000];

	for (size_t left = (size_t)ms * 8, n; left; left -= n) {
		n = left < size ? left : size;
		make_frame(text, sizeof(text), loud ? SPEECH : SILENCE, n);
		flow_message(f, text);
	}
}

static void send_sound(struct fake_line *l, uint32_t from)
{
	struct flow *f = l->f;

	if (f->session)
		flow_message(f, l->frame[sound_at(f, from)]);
}

/* What was late comes as fast as it can, and in order. */
static void on_late(void *arg)
{
	struct fake_line *l = arg;

	send_sound(l, l->sent_ms);
	l->sent_ms += 20;
	if (l->sent_ms < l->held_ms)
		timer_start(l->f->ts, &l->late, 1, on_late, l);
}

/* True: this one waits, too. */
static bool is_late(struct fake_line *l, uint32_t now)
{
	const struct flow *f = l->f;

	if (l->sent_ms >= l->held_ms) {
		if (now <= f->media_late_from || now > f->media_late_to)
			return false;
		l->sent_ms = now - 20;
		timer_start_at(f->ts, &l->late, flow_us(f->media_late_to),
		               on_late, l);
	}
	l->held_ms = now;
	return true;
}

static void on_packet(void *arg)
{
	struct fake_line *l = arg;
	struct flow *f = l->f;
	const uint32_t now = flow_now(f);
	const bool gap = now > f->media_gap_from && now <= f->media_gap_to;

	timer_start_at(f->ts, &l->packet, flow_us(now + 20), on_packet, l);
	fake_line_listen(l);
	if (!gap && !f->opts.no_media && !is_late(l, now))
		send_sound(l, now - 20);
}

int fake_line_new(struct fake_line **lp, struct flow *f)
{
	struct fake_line *l = mem_zalloc(sizeof(*l));

	CHECK(l != NULL);
	l->f = f;
	l->blocks = mem_zalloc(BLOCKS * sizeof(l->blocks[0]));
	CHECK(l->blocks != NULL);
	for (int kind = SILENCE; kind <= BEEP; kind++)
		make_frame(l->frame[kind], sizeof(l->frame[0]), kind, PACKET);
	timer_start(f->ts, &l->packet, 20, on_packet, l);
	*lp = l;
	return 0;
}

void fake_line_free(struct fake_line **lp)
{
	struct fake_line *l = *lp;

	*lp = NULL;
	timer_stop(l->f->ts, &l->packet);
	timer_stop(l->f->ts, &l->marked);
	mem_free(l->blocks);
	mem_free(l);
}
