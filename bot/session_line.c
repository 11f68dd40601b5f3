#include <stdio.h>
#include <string.h>

#include "bot/session_impl.h"
#include "bot/stream/proto.h"
#include "common/err.h"
#include "common/log.h"

enum {
	/* Packets of 20 ms; what keeps them keeps many. */
	LATE_MS = 60,  /* since the last one, or behind the clock */
	BURST_MS = 10, /* less between two: those that were kept come now */
};

/* Large, and used within one call of session_frame() alone. */
static struct stream_msg scratch;

int session_send(const char *text, size_t len, void *arg)
{
	struct session *s = arg;

	return s->line.send(text, len, s->line.arg);
}

/* ---- sound ----------------------------------------------------------------- */

static void hear(struct session *s, const int16_t *v, size_t n)
{
	const struct pcm pcm = {.v = v, .n = n, .hz = audio_hz(s->fmt)};

	/* First those who listen: the VAD's verdict may ask them to decide. */
	if (s->stt && stt_push(s->stt, &pcm) != 0)
		log_line(LOG_DEBUG, "session", s->call_id,
		         "event=audio_lost ms=%u", pcm_ms(&pcm));
	if (s->eot)
		s->env.eot->push(s->eot, &pcm, s->callee.speaking);
	if (s->down) {
		int16_t low[STREAM_MEDIA_MAX];
		const size_t room = resample_room(s->down, n);

		ASSERT(room <= ARRAY_LEN(low));
		n = resample_run(s->down, low, v, n);
		session_machine_sound(s, low, n);
		if (!s->ended)
			vad_feed(s->vad, low, n);
	} else {
		session_machine_sound(s, v, n);
		if (!s->ended)
			vad_feed(s->vad, v, n);
	}
	if (!s->ended && !vad_pending(s->vad))
		session_check_sound(s);
}

/* A chunk was judged with those of other calls, after its frame. */
static void on_judged(void *arg)
{
	struct session *s = arg;

	if (!s->ended)
		session_check_sound(s);
}

int session_vad_open(struct session *s, vad_edge_h *edgeh)
{
	const struct vad_params prm = {.batch = s->env.vad_batch,
	                               .judgedh = on_judged};

	return vad_new(&s->vad, s->env.vad, s->env.silero, &prm, edgeh, s);
}

/* ---- a line that falls silent ---------------------------------------------- */

static void on_silent_line(void *arg);

static void watch_media(struct session *s, uint64_t since_ms)
{
	uint32_t limit = SESSION_FIRST_MEDIA_MS;

	if (s->media_us)
		limit = s->starved ? SESSION_MEDIA_MS : SESSION_STARVED_MS;
	timer_start(s->env.timers, &s->media,
	            since_ms < limit ? limit - (uint32_t)since_ms : 0,
	            on_silent_line, s);
}

/* The timer is not moved by each packet; it looks when it is due how old the
 * last one is. */
static void on_silent_line(void *arg)
{
	struct session *s = arg;
	uint64_t old_ms;

	if (!s->media_us) {
		session_end(s, "error", "no audio came");
		return;
	}
	old_ms = (timers_now(s->env.timers) - s->media_us) / 1000;
	if (old_ms >= SESSION_MEDIA_MS) {
		session_end(s, "error", "audio stayed away");
		return;
	}
	if (old_ms >= SESSION_STARVED_MS && !s->starved) {
		s->starved = true;
		vad_starved(s->vad);
	}
	watch_media(s, old_ms);
}

static void on_media(struct session *s, const struct stream_msg *msg)
{
	int16_t samples[STREAM_MEDIA_MAX];
	const size_t n =
		audio_decode(samples, s->fmt, msg->media, msg->media_len);

	const bool begins = !s->media_us || s->starved;
	const uint64_t now = timers_now(s->env.timers);

	s->media_gap_us = s->media_us ? now - s->media_us : UINT64_MAX;
	s->media_us = now;
	s->starved = false;
	if (begins)
		watch_media(s, 0);
	if (!n || (msg->track[0] && strcmp(msg->track, "inbound") != 0))
		return;
	session_backup_hear(s, msg->media, n * audio_bytes_per_sample(s->fmt));
	hear(s, samples, n);
}

/* Packets that were lost never come: only those that come faster than sound
 * does were late. */
bool session_line_late(const struct session *s)
{
	const struct callee *c = &s->callee;
	const uint64_t now = timers_now(s->env.timers);
	uint64_t passed, heard;

	if (!s->media_us || s->starved)
		return false;
	if (now - s->media_us > LATE_MS * 1000)
		return true;
	passed = session_ms(s) - c->end_ms;
	heard = vad_now_ms(s->vad) - c->silence_from;
	return s->media_gap_us < BURST_MS * 1000 && passed > heard + LATE_MS;
}

void session_line_start(struct session *s)
{
	s->media_us = 0;
	s->starved = false;
	watch_media(s, 0);
}

void session_line_stop(struct session *s)
{
	timer_stop(s->env.timers, &s->media);
	timer_stop(s->env.timers, &s->digits);
}

/* ---- digits ---------------------------------------------------------------- */

static void tell_keys(struct session *s, const char *text, bool final)
{
	s->keys = true;
	session_text(s, str_of(text), final);
	s->keys = false;
}

static void on_digits_end(void *arg)
{
	struct session *s = arg;
	char text[SESSION_DTMF_MAX + 8];

	timer_stop(s->env.timers, &s->digits);
	if (!s->dtmf[0])
		return;
	snprintf(text, sizeof(text), "DTMF: %s", s->dtmf);
	s->dtmf[0] = '\0';
	tell_keys(s, text, true);
}

static void on_digit(struct session *s, char digit)
{
	const size_t n = strlen(s->dtmf);

	if (digit == '#') {
		on_digits_end(s);
		return;
	}
	if (n + 1 < sizeof(s->dtmf)) {
		s->dtmf[n] = digit;
		s->dtmf[n + 1] = '\0';
	}
	/* The first one takes the floor, as a word would. */
	if (!n)
		tell_keys(s, "DTMF", false);
	timer_start(s->env.timers, &s->digits, SESSION_DTMF_MS, on_digits_end,
	            s);
}

/* ---- messages -------------------------------------------------------------- */

int session_frame(struct session *s, const char *text, size_t len)
{
	struct stream_msg *msg = &scratch;
	int err;

	if (s->ended)
		return 0;
	err = stream_plivo.decode(msg, text, len);
	if (err)
		return err;

	switch (msg->type) {
	case STREAM_MEDIA:
		on_media(s, msg);
		break;
	case STREAM_DTMF:
		on_digit(s, msg->digit);
		break;
	case STREAM_PLAYED:
		playout_marked(s->playout, msg->name);
		break;
	case STREAM_STOP:
		session_end(s, "callee", "the stream was stopped");
		break;
	case STREAM_ERROR:
		log_line(LOG_WARN, "session", s->call_id,
		         "event=carrier_error reason=%s", LOG_TEXT(msg->name));
		break;
	case STREAM_IGNORED:
	case STREAM_START:
	case STREAM_CLEARED:
		break;
	}
	return 0;
}
