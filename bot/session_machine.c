#include "bot/session_impl.h"
#include "common/buf.h"
#include "common/log.h"

/*
 * The call may have been answered by a machine. Who it is, is decided by
 * amd.h; here is what follows: the bot hangs up, or stays silent until the
 * machine listens and leaves its message, or tells an assistant who calls.
 */

static bool watches(const struct session *s)
{
	return s->agent->machine.watch && !s->ended &&
	       (s->amd.kind == AMD_UNKNOWN || s->amd.kind == AMD_SCREENER);
}

static bool stands_by(const struct session *s)
{
	return s->turn.state == TURN_STANDBY;
}

static void leave_message(struct session *s)
{
	timer_stop(s->env.timers, &s->standby);
	s->last_words = s->agent->machine.message;
	session_leave(s);
}

static void on_standby(void *arg)
{
	struct session *s = arg;

	if (s->callee.speaking)
		session_end(s, "bot", "a machine that never listens");
	else
		leave_message(s);
}

/* A greeting ends with a beep, or with silence where there is none. */
static void wait_for_end(struct session *s)
{
	timer_start(s->env.timers, &s->standby,
	            s->callee.speaking ? AMD_PATIENCE_MS : AMD_QUIET_MS,
	            on_standby, s);
}

static void stand_by(struct session *s)
{
	session_feed(s, TURN_EV_MACHINE);
	if (stands_by(s))
		wait_for_end(s);
}

/* It is settled who has answered. */
static void act(struct session *s)
{
	const struct agent_machine *m = &s->agent->machine;

	log_line(LOG_INFO, "session", s->call_id, "event=answered_by who=%s",
	         amd_name(s->amd.kind));
	switch (s->amd.kind) {
	case AMD_VOICEMAIL:
		if (m->message)
			stand_by(s);
		else
			session_end(s, "bot", "voicemail");
		break;
	case AMD_SCREENER:
		s->prompt = m->screener;
		if (s->prompt && session_is_guess(s))
			session_withdraw_guess(s);
		break;
	case AMD_MENU:
		session_end(s, "bot", "menu");
		break;
	case AMD_FAX:
		session_end(s, "bot", "fax");
		break;
	case AMD_ANNOUNCEMENT:
		session_end(s, "bot", "announcement");
		break;
	case AMD_UNKNOWN:
	case AMD_PERSON:
		break;
	}
}

/* Words of the callee's that are new may be against the carrier's. */
static void doubt(struct session *s)
{
	if (s->agent->machine.watch && !s->ended && amd_doubts(&s->amd))
		session_ask_who(s);
}

void session_machine_is(struct session *s, enum amd_kind kind)
{
	if (!s->ended && amd_told(&s->amd, kind))
		act(s);
}

static uint32_t now_ms(const struct session *s)
{
	return (uint32_t)session_ms(s);
}

void session_machine_sound(struct session *s, const int16_t *pcm, size_t n)
{
	enum tone tone;

	if (!watches(s) && !stands_by(s))
		return;
	tone = tones_feed(&s->tones, pcm, n);
	if (s->callee.speaking && watches(s) &&
	    amd_speech(&s->amd, now_ms(s) - s->machine_from_ms, now_ms(s)))
		act(s);
	if (tone == TONE_NONE || s->ended)
		return;
	if (watches(s) && amd_tone(&s->amd, tone, now_ms(s)))
		act(s);
	if (tone == TONE_BEEP && stands_by(s))
		leave_message(s);
}

void session_machine_text(struct session *s, struct str text)
{
	if (watches(s) && amd_text(&s->amd, text, now_ms(s)))
		act(s);
}

void session_machine_edge(struct session *s)
{
	if (s->callee.speaking)
		s->machine_from_ms = now_ms(s);
	if (stands_by(s))
		wait_for_end(s);
}

void session_machine_turn(struct session *s)
{
	if (watches(s) && amd_turn(&s->amd))
		act(s);
	doubt(s);
}

void session_machine_said(struct session *s)
{
	log_line(LOG_INFO, "session", s->call_id,
	         "event=carrier_says machine=1 so_far=%s",
	         amd_name(s->amd.kind));
	if (!s->agent->machine.watch || s->ended)
		return;
	if (amd_carrier(&s->amd, now_ms(s)))
		act(s);
	doubt(s);
}
