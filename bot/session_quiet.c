#include "bot/session_impl.h"

/*
 * Nobody speaks. At the beginning that is the greeting's time; later the bot
 * asks whether somebody is still there, as often as the agent has prompts for
 * it, and then takes its leave.
 */

static bool greets_by_itself(const struct session *s)
{
	/* An assistant's silence is not the person's, nor is a menu's while
	 * it connects. */
	if (s->greeting && s->recovers)
		return true;
	return s->greeting && s->agent->greets != AGENT_GREETS_NEVER &&
	       s->amd.kind != AMD_SCREENER && !s->menus;
}

static bool may_prompt(const struct session *s)
{
	return s->agent->n_prompts && !s->greeting;
}

static void on_quiet(void *arg)
{
	struct session *s = arg;

	if (greets_by_itself(s) || session_results_wait(s)) {
		session_feed(s, TURN_EV_QUIET);
	} else if (session_calls_run(s, NULL)) {
		/* It is the bot that the silence is of. */
		session_arm_quiet(s);
	} else if (may_prompt(s) && s->prompted < s->agent->n_prompts) {
		s->prompt = s->agent->prompts[s->prompted++];
		session_feed(s, TURN_EV_QUIET);
	} else {
		session_part(s);
	}
}

void session_arm_quiet(struct session *s)
{
	const uint64_t now = session_ms(s), spoke = s->callee.end_ms;
	uint64_t at = now + s->agent->idle_ms;

	if (may_prompt(s) && s->agent->prompt_ms < s->agent->idle_ms)
		at = now + s->agent->prompt_ms;
	if (greets_by_itself(s)) {
		/* Silence counts from the last sound, not from its verdict. */
		at = s->callee.ever_heard ? spoke : now;
		if (s->agent->greets != AGENT_GREETS_AT_ONCE && !s->recovers)
			at += s->agent->greet_after_ms;
	}
	timer_start(s->env.timers, &s->quiet,
	            at > now ? (uint32_t)(at - now) : 0, on_quiet, s);
}

void session_say_prompt(struct session *s)
{
	const char *tmpl = s->prompt;

	s->prompt = NULL;
	session_say_template(s, REPLY_PROMPT, tmpl);
}
