#include "bot/session_hooks.h"
#include "bot/session_impl.h"
#include "common/log.h"

/*
 * A guess is a reply that is begun when the callee's turn seems to be over and
 * before that is certain. The model is asked and the voice speaks, the playout
 * keeps it from being heard, tools are not run and nothing reaches the
 * history. Then either the turn ends as it was, and the guess is the reply, or
 * another word comes, and there has never been one.
 */

enum { BYTES_PER_TOKEN = 4 /* of text, about: where nobody told */ };

bool session_is_guess(const struct session *s)
{
	return s->guessing || (s->reply && s->reply->guess);
}

void session_guess_reply(struct session *s)
{
	const struct buf *text = &s->callee.text;

	if (s->reply)
		return;
	/* Is it known what is said next? */
	if (s->prompt || (session_lines_wait(s) && !s->greeting)) {
		playout_resume(s->playout);
		return;
	}
	s->guessing = true;
	s->guesses++;
	if (s->greeting) {
		session_say(s, REPLY_GREETING, s->greeting);
	} else if (chat_callee(s->chat, str_n(buf_str(text), text->len)) == 0) {
		session_answer(s);
		(void)chat_take_back(s->chat);
	}
	s->guessing = false;
	if (!s->reply)
		playout_resume(s->playout);
}

void session_confirm_guess(struct session *s)
{
	struct reply *r = s->reply;

	r->guess = false;
	session_results_told(s, r);
	s->guesses_paid++;
	if (r->token_ms)
		timeline_note(&s->timeline, TIMELINE_FIRST_TOKEN, r->token_ms);
	if (r->audio_ms)
		timeline_note(&s->timeline, TIMELINE_FIRST_AUDIO, r->audio_ms);
	session_late_arm(s);
	if (r->complete)
		session_answer_done(s);
}

void session_withdraw_guess(struct session *s)
{
	session_cancel_reply(s);
	playout_resume(s->playout);
}

void session_count_guess(struct session *s)
{
	const struct reply *r = s->reply;
	const size_t bytes = r->asked + r->said.text.len;
	const uint64_t tokens = r->tokens ? r->tokens : bytes / BYTES_PER_TOKEN;

	s->guess_tokens += tokens;
	log_line(LOG_DEBUG, "session", s->call_id,
	         "event=guess_withdrawn tokens=%llu",
	         (unsigned long long)tokens);
}
