#include <string.h>

#include "bot/session_impl.h"
#include "common/log.h"

/*
 * A recogniser that decides turns by itself (stt_ops.decides_turns): it says
 * when a turn seems to be over, that it goes on after all, and when it is over.
 * The text it gives with the first of these is the turn's until it is taken
 * back or made final, so that an answer can be begun with it. What it says goes
 * through the same rules as everybody's; should it stay silent, a fixed silence
 * ends the turn as ever.
 */

static bool is_open(const struct session *s)
{
	return s->turn.state == TURN_HEARING || s->turn.state == TURN_PAUSED;
}

static struct str provisional(const struct callee *c)
{
	return str_trim(str_n(buf_str(&c->text) + c->eager_from,
	                      c->text.len - c->eager_from));
}

/* The turn's text without what was not final. */
static void take_back(struct callee *c)
{
	c->text.len = c->eager_from;
	if (c->text.v)
		c->text.v[c->text.len] = '\0';
	c->eager = false;
}

void session_eager(struct session *s, struct str text)
{
	struct callee *c = &s->callee;

	text = str_trim(text);
	if (!text.len || s->ended)
		return;
	if (c->eager)
		take_back(c);
	if (!is_open(s) || s->reply)
		session_text(s, text, false);
	if (!is_open(s) || s->ended)
		return;
	c->eager_from = c->text.len;
	c->eager = true;
	session_add_text(c, text);
	c->text_ms = session_ms(s);
	c->all_text = true;
	c->undecided = false;
	if (s->turn.state == TURN_PAUSED)
		session_arm_endpoint(s);
	if (s->agent->preemptive && !s->reply)
		session_feed(s, TURN_EV_LIKELY);
}

void session_resumed(struct session *s)
{
	struct callee *c = &s->callee;

	if (!c->eager || s->ended)
		return;
	take_back(c);
	c->all_text = false;
	c->undecided = true;
	c->interim_ms = session_ms(s);
	if (is_open(s))
		session_feed(s, TURN_EV_WORDS);
}

void session_eager_taken(struct callee *c)
{
	const struct str text = provisional(c);

	buf_reset(&c->taken);
	if (c->eager && buf_add(&c->taken, text.v, text.len) != 0)
		buf_reset(&c->taken);
	c->eager = false;
}

/* What is new in a final text of which a part was answered already. */
static struct str rest_of(struct callee *c, struct str text)
{
	const struct str old = str_n(buf_str(&c->taken), c->taken.len);

	text = str_trim(text);
	if (old.len && text.len >= old.len &&
	    memcmp(text.v, old.v, old.len) == 0)
		text = str_trim(str_n(text.v + old.len, text.len - old.len));
	buf_reset(&c->taken);
	return text;
}

void session_final(struct session *s, struct str text)
{
	struct callee *c = &s->callee;
	struct str was;

	if (!c->eager) {
		session_text(s, rest_of(c, text), true);
		return;
	}
	was = provisional(c);
	text = str_trim(text);
	/* As announced: nothing new for the rules. */
	if (is_open(s) && text.len == was.len &&
	    memcmp(text.v, was.v, was.len) == 0) {
		c->eager = false;
		return;
	}
	take_back(c);
	session_text(s, text, true);
}

void session_turn_over(struct session *s)
{
	struct callee *c = &s->callee;

	if (s->ended || !is_open(s) || !c->text.len)
		return;
	c->all_text = true;
	c->undecided = false;
	c->verdict = ENDPOINT_COMPLETE;
	if (s->turn.state == TURN_HEARING)
		c->end_ms = session_ms(s) - (vad_now_ms(s->vad) - c->voice_at);
	session_feed(s, TURN_EV_ENDPOINT);
}
