#include "bot/session_impl.h"

/*
 * The model that hears whether a turn is finished. Its verdict counts for as
 * long as the recogniser has for the last text; after that a fixed silence ends
 * the turn, as without a model, and a verdict changes nothing any more.
 */

static uint32_t left_ms(const struct session *s)
{
	const uint64_t until = s->callee.end_ms + s->agent->endpoint.stt_ms;
	const uint64_t now = session_ms(s);

	return until > now ? (uint32_t)(until - now) : 0;
}

uint32_t session_verdict_left_ms(const struct session *s)
{
	return s->callee.verdict == ENDPOINT_PENDING ? left_ms(s) : 0;
}

static void on_verdict(uint32_t ask, enum endpoint_verdict verdict, void *arg)
{
	struct session *s = arg;

	if (ask != s->callee.ask || !session_verdict_left_ms(s))
		return;
	s->callee.verdict = verdict;
	if (s->turn.state == TURN_PAUSED)
		session_arm_endpoint(s);
}

void session_verdict_off(struct session *s, const struct vad_edge *edge,
                         bool open)
{
	s->callee.verdict = ENDPOINT_NO_MODEL;
	s->callee.ask++;
	/* What comes after a pause under a held reply is one turn with what
	 * came before. */
	if (s->eot && !open && s->turn.state != TURN_HELD_QUIET)
		s->env.eot->begin(s->eot,
		                  (uint32_t)(edge->at_ms - edge->since_ms));
}

void session_verdict_ask(struct session *s)
{
	const uint32_t within = left_ms(s);

	if (s->env.stt->decides_turns) {
		/* Until it says otherwise. */
		s->callee.verdict = ENDPOINT_INCOMPLETE;
		return;
	}
	if (!s->eot || !within)
		return;
	s->callee.verdict = ENDPOINT_PENDING;
	s->env.eot->ask(s->eot, ++s->callee.ask, within);
}

int session_verdict_open(struct session *s)
{
	if (!s->env.eot || !s->agent->turn_model || s->env.stt->decides_turns)
		return 0;
	return eot_open(&s->eot, s->env.eot, s->env.eot_env, on_verdict, s);
}
