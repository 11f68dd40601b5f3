#include "bot/session_calls.h"
#include "bot/tools.h"
#include "common/buf.h"
#include "common/log.h"

/*
 * The call may have been answered by a machine. Who it is, is decided by
 * amd.h; here is what follows: the bot hangs up, or stays silent until the
 * machine listens and leaves its message, or tells an assistant who calls, or
 * presses the keys that a menu asks for; who answers after that is decided anew.
 */

enum {
	MENUS_MAX = 5,    /* of one call: a menu that leads nowhere */
	AGAIN_MS = 500,   /* until keys are tried again on a busy line */
	EFFECT_MS = 3000, /* a menu that talks on has not heard its keys */
	SETTLED_MS = 800, /* of silence, and its last words are known */
};

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

static void on_standby(void *arg);

static uint32_t now_ms(const struct session *s)
{
	return (uint32_t)session_ms(s);
}

/* The keys for what was heard; those for "*" count once it is @over. */
static const struct agent_choice *choose(const struct session *s,
                                         struct str text, bool over)
{
	const struct agent_machine *m = &s->agent->machine;
	const struct buf *before = &s->callee.text;

	for (size_t i = 0; i < m->n_menu; i++) {
		const struct str words = str_of(m->menu[i].words);

		if (str_eq(words, "*") ? over
		                       : amd_has(text, words) ||
		                                 amd_has(str_n(buf_str(before),
		                                               before->len),
		                                         words))
			return &m->menu[i];
	}
	return NULL;
}

/* The menu has heard the keys. Who comes after it is as unknown as in the
 * beginning. */
static void hand_on(struct session *s)
{
	s->pressed = false;
	session_set_aside(s);
	s->amd = (struct amd){.kind = AMD_UNKNOWN};
	s->amd_from_ms = now_ms(s);
	session_feed(s, TURN_EV_PERSON);
	if (s->callee.speaking)
		session_feed(s, TURN_EV_SPEECH);
}

/* What is still said, or still to be recognised, is the menu's. */
static void wait_for_effect(struct session *s)
{
	timer_start(s->env.timers, &s->standby,
	            s->callee.speaking ? EFFECT_MS : SETTLED_MS, on_standby, s);
}

static void press(struct session *s, const struct agent_choice *c)
{
	struct buf result;

	if (s->menus == MENUS_MAX) {
		session_end(s, "bot", "menu");
		return;
	}
	if (playout_digits(s->playout, c->keys) != 0) {
		timer_start(s->env.timers, &s->standby, AGAIN_MS, on_standby,
		            s);
		return;
	}
	s->menus++;
	s->pressed = true;
	log_line(LOG_INFO, "session", s->call_id, "event=menu keys=%s",
	         c->keys);
	buf_init(&result, 256);
	if (buf_addf(&result, "{\"ok\":true,\"digits\":\"%s\"}", c->keys) == 0)
		session_record(s, "send_dtmf",
		               str_n(buf_str(&result), result.len), 0);
	buf_fini(&result);
	wait_for_effect(s);
}

/* A menu has said all, or goes on: is there something to press? */
static void through_menu(struct session *s, struct str text, bool over)
{
	const struct agent_choice *c = choose(s, text, over);

	if (c)
		press(s, c);
	else if (over)
		session_end(s, "bot", "menu");
}

static void on_standby(void *arg)
{
	struct session *s = arg;

	if (s->pressed)
		hand_on(s);
	else if (s->amd.kind == AMD_MENU)
		through_menu(s, str_n("", 0), true);
	else if (s->callee.speaking)
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
		if (m->n_menu)
			stand_by(s);
		else
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

/* Since it is open who is there. */
static uint32_t amd_ms(const struct session *s)
{
	return now_ms(s) - s->amd_from_ms;
}

static bool is_beep(const struct session *s)
{
	return amd_is_beep(now_ms(s) - s->tones.ago_ms,
	                   s->callee.speaking ? s->machine_from_ms
	                                      : UINT32_MAX);
}

void session_machine_sound(struct session *s, const int16_t *pcm, size_t n)
{
	enum tone tone;

	if (!watches(s) && !stands_by(s))
		return;
	tone = tones_feed(&s->tones, pcm, n);
	if (s->callee.speaking && watches(s) &&
	    amd_speech(&s->amd, now_ms(s) - s->machine_from_ms, amd_ms(s)))
		act(s);
	if (tone == TONE_NONE || s->ended || (tone == TONE_BEEP && !is_beep(s)))
		return;
	if (watches(s) && amd_tone(&s->amd, tone, amd_ms(s)))
		act(s);
	if (tone == TONE_BEEP && stands_by(s) && s->amd.kind != AMD_MENU)
		leave_message(s);
}

void session_machine_text(struct session *s, struct str text)
{
	if (watches(s) && amd_text(&s->amd, text, amd_ms(s)))
		act(s);
	if (stands_by(s) && s->amd.kind == AMD_MENU && !s->pressed)
		through_menu(s, text, false);
}

void session_machine_edge(struct session *s)
{
	if (s->callee.speaking)
		s->machine_from_ms = now_ms(s);
	if (stands_by(s) && s->pressed && !s->callee.speaking)
		wait_for_effect(s);
	else if (stands_by(s) && !s->pressed)
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
