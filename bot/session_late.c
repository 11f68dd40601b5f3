#include <errno.h>

#include "bot/plain.h"
#include "bot/session_impl.h"
#include "bot/template.h"
#include "common/log.h"
#include "common/mem.h"

/*
 * An answer is late. Something is said in its place, which becomes the first
 * sentence of the answer when that comes, and after a while the answer is
 * given up: whatever fails behind the bot, the callee hears something.
 */

enum { AGAIN_MS = 200 /* while a sound of the callee keeps us silent */ };

/* By the voice itself, which has nothing else to say yet. */
static void speak(struct session *s, const char *text)
{
	struct reply *r = s->reply;

	if (r->said.text.len || r->unsent.len || !s->tts)
		return;
	if (plain_add(&r->unsent, str_of(text)) != 0)
		return;
	session_speak(s, SENTENCE_MORE);
	if (s->reply == r)
		r->lead = r->said.text.len;
}

static void fill(struct session *s)
{
	char *text = NULL;

	if (template_text(&text, s->agent->filler, s->body, false) == 0 &&
	    !session_lead(s, str_of(text)))
		speak(s, text);
	mem_free(text);
}

static void on_filler(void *arg)
{
	struct session *s = arg;
	const struct reply *r = s->reply;

	if (!s->agent->filler || !r || r->audible || r->audio_len)
		return;
	if (s->turn.state == TURN_THINKING)
		fill(s);
	else if (s->turn.state == TURN_DOUBTING)
		timer_start(s->env.timers, &s->filler, AGAIN_MS, on_filler, s);
}

static void on_overdue(void *arg)
{
	struct session *s = arg;

	/* Tools have deadlines of their own. */
	if (s->reply && !reply_has_sound(s->reply) && !s->reply->waits)
		session_reply_failed(s, -ETIMEDOUT, "answer");
}

void session_late_arm(struct session *s)
{
	const struct failure_rules *rules = &s->agent->failure;
	const struct reply *r = s->reply;

	if (!r || r->guess || r->kind != REPLY_ANSWER || reply_has_sound(r))
		return;
	if (!r->audio_len)
		timer_start(s->env.timers, &s->filler, rules->filler_ms,
		            on_filler, s);
	timer_start(s->env.timers, &s->overdue, rules->answer_ms, on_overdue,
	            s);
}

void session_late_stop(struct session *s)
{
	timer_stop(s->env.timers, &s->filler);
	timer_stop(s->env.timers, &s->overdue);
}
