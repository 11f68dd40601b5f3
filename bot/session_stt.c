#include "bot/session_impl.h"
#include "common/err.h"

/* ---- while it is away ------------------------------------------------------ */

/* Somebody has spoken, and it is not known what. Once may be an accident. */
static void on_unheard(void *arg)
{
	struct session *s = arg;

	if (!s->stt_away || s->turn.state != TURN_PAUSED ||
	    s->callee.text.len || s->ended)
		return;
	if (s->unheard++)
		session_leave(s);
	else
		session_feed(s, TURN_EV_FAILED);
}

void session_hear_watch(struct session *s)
{
	if (s->stt_away && !s->callee.speaking && !s->greeting)
		timer_start(s->env.timers, &s->unhearing,
		            s->agent->failure.hear_ms, on_unheard, s);
}

/* ---- what it says ---------------------------------------------------------- */

/* Waits before a lost recogniser is opened again [ms]. */
static const uint32_t stt_waits[] = {0, 100, 300, 1000};

static void on_flushed(struct session *s)
{
	struct callee *c = &s->callee;

	if (c->flushes)
		c->flushes--;
	/* An answer to an earlier question says nothing about this speech. */
	if (c->flushes || c->speaking)
		return;
	c->all_text = true;
	c->undecided = false;
	if (s->turn.state == TURN_PAUSED)
		session_arm_endpoint(s);
}

static void on_stt_lost(struct session *s, int err);

static void is_away(struct session *s)
{
	s->stt_away = true;
	session_hear_watch(s);
}

/* It does its work. */
static void heard(struct session *s)
{
	s->stt_away = false;
	s->stt_tries = 0;
	session_backup_good(s, STAGE_STT);
}

static void on_stt_event(const struct stt_event *ev, void *arg)
{
	struct session *s = arg;

	switch (ev->type) {
	case STT_INTERIM:
		heard(s);
		session_text(s, str_n(ev->text, ev->text_len), false);
		break;
	case STT_FINAL:
		heard(s);
		session_final(s, str_n(ev->text, ev->text_len));
		break;
	case STT_EAGER:
		session_eager(s, str_n(ev->text, ev->text_len));
		break;
	case STT_RESUMED:
		session_resumed(s);
		break;
	case STT_TURN_OVER:
		session_turn_over(s);
		break;
	case STT_FLUSHED:
		s->stt_tries = 0;
		on_flushed(s);
		break;
	case STT_CLOSED:
		on_stt_lost(s, ERR_EOF);
		break;
	case STT_FAILED:
		on_stt_lost(s, ev->err);
		break;
	case STT_SILENCE:
		session_decided(s, ev->end_ms);
		break;
	case STT_READY:
		s->stt_away = false;
		break;
	case STT_AWAY:
		is_away(s);
		break;
	case STT_SPEECH:
		break;
	}
}

static int open_stt(struct session *s)
{
	const struct stt_params prm = {
		.cfg = &s->stt_cfg,
		.hz = audio_hz(s->fmt),
		.ulaw = s->fmt == AUDIO_ULAW_8K,
		.call_id = s->call_id,
	};

	s->stt_from_ms = vad_now_ms(s->vad);
	return stt_open(&s->stt, s->env.stt, s->env.net, &prm, on_stt_event, s);
}

static void on_stt_again(void *arg)
{
	struct session *s = arg;
	const int err = open_stt(s);

	if (err)
		on_stt_lost(s, err);
	else
		session_backup_replay(s);
}

static void on_stt_lost(struct session *s, int err)
{
	stt_close(&s->stt);
	s->callee.flushes = 0;
	session_event_error(s, "stt", err);
	is_away(s);
	if (session_backup(s, STAGE_STT, err)) {
		s->stt_tries = 0;
		timer_start(s->env.timers, &s->stt_again, 0, on_stt_again, s);
		return;
	}
	if (err == ERR_AUTH || s->stt_tries == ARRAY_LEN(stt_waits)) {
		/* Deaf for good: better to say so than to listen on. */
		session_leave(s);
		return;
	}
	timer_start(s->env.timers, &s->stt_again, stt_waits[s->stt_tries++],
	            on_stt_again, s);
}

int session_stt_open(struct session *s)
{
	if (!s->kit.stt)
		return open_stt(s);
	s->stt = s->kit.stt;
	s->kit.stt = NULL;
	stt_hand_over(s->stt, on_stt_event, s);
	return 0;
}
