#include <string.h>
#include <strings.h>

#include "bot/session_calls.h"

/*
 * What the callee may not cut short: whole replies that say so, passages of the
 * agent's that must be heard to their end, its first sentence, and what is said
 * while a tool runs. What the callee says over it is kept, and answered after
 * it.
 */

enum { SIGN_MIN = 8 /* [bytes] of a passage that is not complete yet */ };

/* [bytes] of the reply's text that were heard. */
static size_t heard_of(const struct session *s, const struct reply *r)
{
	const struct str heard =
		reply_heard(r, playout_heard_ms(s->playout, r->n), false);

	return heard.len ? (size_t)(heard.v - r->said.text.v) + heard.len : 0;
}

/* Where @passage ends that stands at @at of @text; as much of it as is there,
 * if @more comes; 0: it does not. */
static size_t end_of_passage(struct str text, size_t at, const char *passage,
                             bool more)
{
	const size_t len = strlen(passage);
	const size_t there = text.len - at < len ? text.len - at : len;

	if (there < len && (!more || there < SIGN_MIN))
		return 0;
	return strncasecmp(text.v + at, passage, there) == 0 ? at + there : 0;
}

static bool owes_passage(const struct session *s, const struct reply *r)
{
	const struct str text = str_n(buf_str(&r->said.text), r->said.text.len);
	const size_t heard = s->agent->n_passages ? heard_of(s, r) : 0;

	for (size_t i = 0; i < s->agent->n_passages; i++)
		for (size_t at = 0; at < text.len; at++)
			if (end_of_passage(text, at, s->agent->passages[i],
			                   !r->text_done) > heard)
				return true;
	return false;
}

/* The first sentence of the call, also before any of it is there. */
static bool owes_first(const struct session *s, const struct reply *r)
{
	const char *text = buf_str(&r->said.text);
	size_t end = 0;

	if (!s->agent->mute_first || s->spoke)
		return false;
	while (end < r->said.text.len &&
	       !(strchr(".!?", text[end]) &&
	         (!text[end + 1] || text[end + 1] == ' ')))
		end++;
	return !end || heard_of(s, r) < end;
}

bool session_protected(const struct session *s)
{
	const struct reply *r = s->reply;

	if (!r)
		return false;
	return r->protected || owes_first(s, r) || owes_passage(s, r) ||
	       (s->agent->mute_tools && session_calls_run(s, NULL));
}
