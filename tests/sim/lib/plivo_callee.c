#include "tests/sim/lib/plivo_callee.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/lib/plivo_audio.h"

enum {
	STEPS_MAX = 64, /* commands of one frame: a loop of nothing ends */
	DIGIT_MS = 200, /* one digit and the pause after it */
};

/* What a command wants after its turn. */
enum next {
	NEXT_FRAME, /* it goes on in the next frame */
	NEXT_NOW,   /* it is over and took no time */
	NEXT_LATER, /* it is over with this frame */
};

void psim_callee_init(struct psim_callee *c, const struct psim_script *s,
                      const struct psim_callee_h *h, void *arg)
{
	*c = (struct psim_callee){
		.s = s, .h = h, .arg = arg, .noise = 0x9e3779b9};
}

static void quit(struct psim_callee *c, const char *why)
{
	c->done = true;
	c->h->hangup(why, c->arg);
}

/* Where the voice is inside a recording that begins and ends in silence. */
static void mark_voice(struct psim_said *s, const int16_t *frame, uint32_t now)
{
	if (psim_rms(frame, PSIM_FRAME) < PSIM_EAR_LOUD)
		return;
	if (!s->voiced)
		s->voice_from_ms = now;
	s->voiced = true;
	s->voice_to_ms = now + PSIM_FRAME_MS;
}

static void begin_saying(struct psim_callee *c, const char *name, uint32_t now)
{
	c->said = (struct psim_said){
		.number = c->said.number + 1, .name = name, .from_ms = now};
	c->h->begin(&c->said, c->arg);
}

/* @left samples remain, of which a frame has been said. */
static enum next go_on_saying(struct psim_callee *c, const int16_t *frame,
                              size_t left, uint32_t now)
{
	mark_voice(&c->said, frame, now);
	if (left > PSIM_FRAME) {
		c->at += PSIM_FRAME;
		return NEXT_FRAME;
	}
	c->said.to_ms = now + (uint32_t)(left / (PSIM_HZ / 1000));
	c->h->said(&c->said, c->arg);
	return NEXT_LATER;
}

static enum next play(struct psim_callee *c, const struct psim_command *cmd,
                      uint32_t now, int16_t *frame)
{
	const struct psim_clip *clip = &c->s->clips[cmd->clip];
	const size_t left = clip->n - c->at;
	const size_t n = left < PSIM_FRAME ? left : PSIM_FRAME;

	if (!c->at)
		begin_saying(c, cmd->text, now);
	memcpy(frame, clip->v + c->at, n * sizeof(*frame));
	return go_on_saying(c, frame, left, now);
}

static enum next tone(struct psim_callee *c, const struct psim_command *cmd,
                      uint32_t now, int16_t *frame)
{
	const size_t left = (size_t)cmd->ms * (PSIM_HZ / 1000) - c->at;
	const size_t n = left < PSIM_FRAME ? left : PSIM_FRAME;

	if (!c->at)
		begin_saying(c, "tone", now);
	psim_tone(frame, n, cmd->hz, psim_amplitude(cmd->dbfs), &c->phase);
	return go_on_saying(c, frame, left, now);
}

static enum next dtmf(struct psim_callee *c, const struct psim_command *cmd,
                      uint32_t now)
{
	if (now < c->since_ms + (uint32_t)c->at * DIGIT_MS)
		return NEXT_FRAME;
	if (!cmd->text[c->at])
		return NEXT_NOW;
	c->h->dtmf(cmd->text[c->at++], c->arg);
	return NEXT_FRAME;
}

/* Is what the command waits for there? */
static bool arrived(const struct psim_command *cmd, const struct psim_ear *ear,
                    bool streaming, uint32_t now)
{
	switch (cmd->op) {
	case PSIM_OP_WAIT_STREAM:
		return streaming;
	case PSIM_OP_WAIT_SPEECH:
		return ear->speaking;
	case PSIM_OP_WAIT_SILENCE:
		/* This frame has been heard already. */
		return now + PSIM_FRAME_MS - ear->loud_ms >= cmd->ms;
	case PSIM_OP_BARGE_IN:
		return ear->speaking && now - ear->from_ms >= cmd->ms;
	case PSIM_OP_SILENCE:
	case PSIM_OP_PLAY:
	case PSIM_OP_TONE:
	case PSIM_OP_DTMF:
	case PSIM_OP_REPEAT:
	case PSIM_OP_END:
	case PSIM_OP_HANGUP:
	case PSIM_OP_WAIT_HANGUP:
	default:
		return false;
	}
}

static enum next wait_for(struct psim_callee *c, const struct psim_command *cmd,
                          const struct psim_ear *ear, bool streaming,
                          uint32_t now)
{
	static const char *const names[] = {
		[PSIM_OP_WAIT_STREAM] = "wait-stream",
		[PSIM_OP_WAIT_SPEECH] = "wait-bot-speech",
		[PSIM_OP_WAIT_SILENCE] = "wait-bot-silence",
		[PSIM_OP_BARGE_IN] = "barge-in",
		[PSIM_OP_WAIT_HANGUP] = "wait-hangup",
	};
	const uint32_t max = cmd->max_ms ? cmd->max_ms : PSIM_WAIT_MAX_MS;

	if (arrived(cmd, ear, streaming, now)) {
		if (cmd->op == PSIM_OP_BARGE_IN)
			c->h->barge_in(now - ear->from_ms, c->arg);
		return NEXT_NOW;
	}
	if (now - c->since_ms < max)
		return NEXT_FRAME;
	c->h->wait_over(names[cmd->op], now - c->since_ms, c->arg);
	if (!cmd->max_ms || cmd->op == PSIM_OP_WAIT_HANGUP)
		quit(c, "waited in vain");
	return NEXT_NOW;
}

static enum next loop(struct psim_callee *c, const struct psim_command *cmd)
{
	if (cmd->op == PSIM_OP_REPEAT) {
		c->loop[c->depth].start = c->pc;
		c->loop[c->depth++].left = cmd->times;
	} else if (--c->loop[c->depth - 1].left) {
		c->pc = c->loop[c->depth - 1].start;
	} else {
		c->depth--;
	}
	return NEXT_NOW;
}

static enum next step(struct psim_callee *c, const struct psim_ear *ear,
                      bool streaming, uint32_t now, int16_t *frame)
{
	static const struct psim_command last = {.op = PSIM_OP_WAIT_HANGUP};
	const struct psim_command *cmd =
		c->pc < c->s->n ? &c->s->v[c->pc] : &last;

	switch (cmd->op) {
	case PSIM_OP_PLAY:
		return play(c, cmd, now, frame);
	case PSIM_OP_TONE:
		return tone(c, cmd, now, frame);
	case PSIM_OP_SILENCE:
		return now - c->since_ms >= cmd->ms ? NEXT_NOW : NEXT_FRAME;
	case PSIM_OP_DTMF:
		return dtmf(c, cmd, now);
	case PSIM_OP_REPEAT:
	case PSIM_OP_END:
		return loop(c, cmd);
	case PSIM_OP_HANGUP:
		quit(c, "hung up");
		return NEXT_NOW;
	case PSIM_OP_WAIT_STREAM:
	case PSIM_OP_WAIT_SPEECH:
	case PSIM_OP_WAIT_SILENCE:
	case PSIM_OP_BARGE_IN:
	case PSIM_OP_WAIT_HANGUP:
	default:
		return wait_for(c, cmd, ear, streaming, now);
	}
}

static void add_noise(struct psim_callee *c, int16_t *frame)
{
	const double level = psim_amplitude(c->s->noise_dbfs) * sqrt(3);

	for (size_t i = 0; i < PSIM_FRAME; i++) {
		double v;

		c->noise = c->noise * 1664525 + 1013904223;
		v = frame[i] + level * ((double)c->noise / 2147483648.0 - 1);
		frame[i] = (int16_t)fmax(-32768, fmin(32767, v));
	}
}

void psim_callee_step(struct psim_callee *c, const struct psim_ear *ear,
                      bool streaming, uint32_t now_ms, int16_t *frame)
{
	enum next next = NEXT_NOW;

	memset(frame, 0, PSIM_FRAME * sizeof(*frame));
	for (int i = 0; i < STEPS_MAX && next == NEXT_NOW && !c->done; i++) {
		if (!c->entered) {
			c->entered = true;
			c->since_ms = now_ms;
			c->at = 0;
			c->phase = 0;
		}
		next = step(c, ear, streaming, now_ms, frame);
		if (next != NEXT_FRAME) {
			c->pc++;
			c->entered = false;
		}
	}
	if (c->s->noise_dbfs < 0)
		add_noise(c, frame);
}
