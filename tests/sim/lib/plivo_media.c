#define _GNU_SOURCE
#include "tests/sim/lib/plivo_media.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_call.h"
#include "tests/sim/lib/plivo_stream.h"
#include "tests/sim/lib/wordtone.h"

enum {
	CATCH_UP = 5,    /* frames done at once when the loop was late */
	HUM_HZ = 200,    /* what stands for Plivo's own voices */
	TONES_MAX = 200, /* of one run of speech */
	TONE_MIN = 2,    /* frames; shorter is a transition */
	TONE_SAME_HZ = 12,
};

struct tone {
	double hz_sum;
	uint32_t from_ms, to_ms, frames;
};

struct psim_media {
	struct psim_call *call;
	struct psim_loop *loop;
	struct psim_callee callee;
	struct psim_playout playout;
	struct psim_ear ear;
	struct psim_recorder *record;
	char path[512];
	struct timer tick;
	uint64_t due_us;
	uint32_t now_ms;   /* media clock of the next frame */
	uint64_t late_us;  /* the worst of this call */
	bool dead;         /* the call ended inside a handler */
	uint32_t voice_ms; /* where the callee's present voice began */
	bool voice;
	struct tone *tones;
	struct wordtone_dec *words; /* NULL: not asked for */
	size_t tone_count;
};

static void note(struct psim_media *m, const char *event, json_t *extra)
{
	psim_note(m->call->sim, m->call, event, extra);
}

static void on_begin(const struct psim_said *s, void *arg)
{
	struct psim_media *m = arg;

	m->voice = false;
	note(m, "speaks",
	     json_pack("{s:i, s:s, s:i}", "prompt", (int)s->number, "name",
	               s->name, "from_ms", (int)s->from_ms));
}

static void on_said(const struct psim_said *s, void *arg)
{
	json_t *o = json_pack("{s:i, s:s, s:i, s:i}", "prompt", (int)s->number,
	                      "name", s->name, "from_ms", (int)s->from_ms,
	                      "to_ms", (int)s->to_ms);

	if (s->voiced) {
		json_object_set_new(o, "voice_from_ms",
		                    json_integer(s->voice_from_ms));
		json_object_set_new(o, "voice_to_ms",
		                    json_integer(s->voice_to_ms));
	}
	note(arg, "spoke", o);
}

static void on_dtmf(char digit, void *arg)
{
	struct psim_media *m = arg;

	note(m, "pressed", json_pack("{s:s#}", "digit", &digit, 1));
	if (m->call->stream)
		psim_stream_dtmf(m->call->stream, digit);
}

static void on_wait_over(const char *what, uint32_t waited_ms, void *arg)
{
	note(arg, "wait-over",
	     json_pack("{s:s, s:i}", "what", what, "waited_ms",
	               (int)waited_ms));
}

static void on_barge_in(uint32_t after_ms, void *arg)
{
	note(arg, "barge-in",
	     json_pack("{s:i}", "bot_speech_ms", (int)after_ms));
}

static void on_hangup(const char *why, void *arg)
{
	struct psim_media *m = arg;

	note(m, "callee-hangup", json_pack("{s:s}", "why", why));
	psim_call_end(m->call, 4000, "Callee");
}

static const struct psim_callee_h callee_handlers = {.begin = on_begin,
                                                     .said = on_said,
                                                     .dtmf = on_dtmf,
                                                     .wait_over = on_wait_over,
                                                     .barge_in = on_barge_in,
                                                     .hangup = on_hangup};

static void on_reached(const char *name, void *arg)
{
	struct psim_media *m = arg;

	note(m, "played", json_pack("{s:s}", "name", name));
	if (m->call->stream)
		psim_stream_played(m->call->stream, name);
}

static void on_underrun(const struct psim_underrun *u, void *arg)
{
	note(arg, "underrun",
	     json_pack("{s:i, s:i, s:i, s:b}", "from_ms", (int)u->from_ms,
	               "to_ms", (int)u->to_ms, "ms",
	               (int)(u->to_ms - u->from_ms), "after_checkpoint",
	               u->at_checkpoint));
}

static const struct psim_playout_h playout_handlers = {.reached = on_reached,
                                                       .underrun = on_underrun};

/* Runs of one frequency; they are what a test gave its calls to tell apart. */
static void hear_tone(struct psim_media *m, const int16_t *frame)
{
	struct tone *t = m->tone_count ? &m->tones[m->tone_count - 1] : NULL;
	double share;
	const double hz = psim_pitch(frame, PSIM_FRAME, &share);

	if (share < 0.8)
		return;
	if (!t || t->to_ms != m->now_ms ||
	    fabs(t->hz_sum / t->frames - hz) > TONE_SAME_HZ) {
		if (t && t->frames < TONE_MIN)
			m->tone_count--;
		if (m->tone_count == TONES_MAX)
			return;
		t = &m->tones[m->tone_count++];
		*t = (struct tone){.from_ms = m->now_ms};
	}
	t->hz_sum += hz;
	t->frames++;
	t->to_ms = m->now_ms + PSIM_FRAME_MS;
}

static json_t *tones_json(struct psim_media *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->tone_count; i++) {
		const struct tone *t = &m->tones[i];

		if (t->frames >= TONE_MIN)
			json_array_append_new(
				list,
				json_pack("[f, i, i]", t->hz_sum / t->frames,
			                  (int)t->from_ms, (int)t->to_ms));
	}
	m->tone_count = 0;
	return list;
}

static void on_word(const struct wordtone_heard *w, void *arg)
{
	note(arg, "word",
	     json_pack("{s:s, s:i, s:i, s:f}", "word", w->word, "from_ms",
	               (int)w->begin_ms, "to_ms", (int)w->end_ms, "part",
	               w->part));
}

static void heard(struct psim_media *m)
{
	json_t *o = json_pack("{s:i, s:i}", "from_ms", (int)m->ear.from_ms,
	                      "to_ms", (int)m->ear.loud_ms);

	if (m->tones)
		json_object_set_new(o, "tones", tones_json(m));
	note(m, "heard", o);
}

static void hear(struct psim_media *m, const int16_t *frame)
{
	const enum psim_ear_event e = psim_ear_hear(&m->ear, frame, m->now_ms);

	if (m->tones)
		hear_tone(m, frame);
	if (m->words)
		wordtone_dec_feed(m->words, frame, PSIM_FRAME);
	if (e == PSIM_EAR_BEGIN)
		note(m, "hears",
		     json_pack("{s:i}", "from_ms", (int)m->ear.from_ms));
	else if (e == PSIM_EAR_END)
		heard(m);
}

static void one_frame(struct psim_media *m)
{
	const struct psim_script *script = m->call->script;
	struct psim_stream *st = m->call->stream;
	const bool streaming = st && psim_stream_open_now(st);
	int16_t said[PSIM_FRAME] = {0}, bot[PSIM_FRAME];

	psim_playout_pull(&m->playout, bot, m->now_ms);
	hear(m, bot);
	if (!m->callee.done && (streaming || script->begin_at_answer ||
	                        m->callee.pc || m->callee.entered))
		psim_callee_step(&m->callee, &m->ear, streaming, m->now_ms,
		                 said);
	if (m->record)
		psim_recorder_add(m->record, said, bot, PSIM_FRAME);
	if (!m->voice && psim_rms(said, PSIM_FRAME) >= PSIM_EAR_LOUD) {
		m->voice = true;
		m->voice_ms = m->now_ms;
	}
	m->now_ms += PSIM_FRAME_MS;
	if (!m->dead && m->call->stream)
		psim_stream_audio(m->call->stream, said);
}

static void media_free(struct psim_media *m)
{
	psim_timer_stop(m->loop, &m->tick);
	psim_playout_fini(&m->playout);
	wordtone_dec_free(&m->words);
	mem_free(m->tones);
	mem_free(m);
}

static void on_tick(void *arg)
{
	struct psim_media *m = arg;
	const uint64_t now = psim_now_us();

	if (now > m->due_us && now - m->due_us > m->late_us)
		m->late_us = now - m->due_us;
	for (int i = 0; i < CATCH_UP && !m->dead && m->due_us <= now; i++) {
		one_frame(m);
		m->due_us += PSIM_FRAME_MS * UINT64_C(1000);
	}
	if (m->dead)
		media_free(m);
	else
		psim_timer_at(m->loop, &m->tick, m->due_us, on_tick, m);
}

static void open_record(struct psim_media *m)
{
	struct psim *s = m->call->sim;
	int err;

	if (!s->o->record_dir)
		return;
	(void)snprintf(m->path, sizeof(m->path), "%s/%s.wav", s->o->record_dir,
	               m->call->uuid);
	err = psim_recorder_open(&m->record, m->path);
	if (err)
		psim_warning(s, m->call, "no recording: %s", err_str(err));
}

/* What finds tones and words in the bot's speech, when it is asked for. */
static int open_ears(struct psim_media *m)
{
	const struct psim *s = m->call->sim;

	if (s->o->tones) {
		m->tones = mem_zalloc(TONES_MAX * sizeof(*m->tones));
		if (!m->tones)
			return -ENOMEM;
	}
	if (!s->vocabulary)
		return 0;
	return wordtone_dec_new(&m->words, PSIM_HZ, s->o->word_scale,
	                        s->vocabulary, on_word, m);
}

int psim_media_open(struct psim_media **mp, struct psim_call *c)
{
	struct psim_media *m = mem_zalloc(sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	psim_playout_init(&m->playout, c->sim->o->hole_max_ms,
	                  &playout_handlers, m);
	m->call = c;
	m->loop = &c->sim->loop;
	err = open_ears(m);
	if (err) {
		media_free(m);
		return err;
	}
	psim_callee_init(&m->callee, c->script, &callee_handlers, m);
	open_record(m);
	m->due_us = psim_now_us();
	*mp = m;
	psim_timer_at(m->loop, &m->tick, m->due_us, on_tick, m);
	return 0;
}

void psim_media_close(struct psim_media **mp)
{
	struct psim_media *m = *mp;

	*mp = NULL;
	if (!m)
		return;
	if (m->words)
		wordtone_dec_end(m->words);
	if (m->ear.speaking)
		heard(m);
	note(m, "media-end",
	     json_pack("{s:i, s:f, s:i}", "frames",
	               (int)(m->now_ms / PSIM_FRAME_MS), "late_max_ms",
	               (double)m->late_us / 1000, "dropped_ms",
	               (int)psim_playout_clear(&m->playout)));
	if (m->record) {
		const int err = psim_recorder_close(&m->record);

		note(m, "recording",
		     json_pack("{s:s, s:i}", "file", m->path, "error", err));
	}
	m->dead = true;
	/* A frame of this call may be on the stack; then it frees us. */
	if (timer_running(&m->tick))
		media_free(m);
}

struct psim_playout *psim_media_playout(struct psim_media *m)
{
	return &m->playout;
}

void psim_media_hum(struct psim_media *m, uint32_t ms)
{
	int16_t frame[PSIM_FRAME];
	double phase = 0;

	for (uint32_t i = 0; i < ms / PSIM_FRAME_MS; i++) {
		psim_tone(frame, PSIM_FRAME, HUM_HZ, psim_amplitude(-20),
		          &phase);
		if (psim_playout_add(&m->playout, frame, PSIM_FRAME))
			return;
	}
}

void psim_media_cleared(struct psim_media *m, uint32_t dropped_ms)
{
	json_t *o = json_pack("{s:i}", "dropped_ms", (int)dropped_ms);

	if (m->voice) {
		json_object_set_new(o, "voice_from_ms",
		                    json_integer(m->voice_ms));
		json_object_set_new(o, "latency_ms",
		                    json_integer((json_int_t)m->now_ms -
		                                 (json_int_t)m->voice_ms));
	}
	note(m, "cleared", o);
}
