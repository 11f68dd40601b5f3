#include <errno.h>
#include <string.h>

#include "bot/plain.h"
#include "bot/session_calls.h"
#include "bot/session_hooks.h"
#include "bot/session_usage.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	AGAIN_MS = 100,   /* until the voice is asked to take more */
	AHEAD_MS = 30000, /* of speech given to the voice and not heard */
	MS_PER_BYTE = 60, /* of text, about */
	FAILURES_MAX = 2, /* in a row: then the call ends */
};

static void on_llm_event(const struct llm_event *ev, void *arg);

/* ---- text to the voice ----------------------------------------------------- */

static void on_hurry(void *arg)
{
	session_speak(arg, SENTENCE_HURRY);
}

/* The next piece as it can be spoken, into r->unsent. False: none yet. */
static bool next_piece(struct reply *r, enum sentence_when when)
{
	struct str piece;

	while (!r->unsent.len) {
		if (!sentence_next(&r->sentence, when, &piece))
			return false;
		if (plain_add(&r->unsent, piece) != 0 ||
		    (r->resumed_at && session_repeats(r)))
			buf_reset(&r->unsent);
	}
	r->resumed_at = 0;
	return true;
}

/* Give @r->unsent to the voice. -EAGAIN: later. */
static int give(struct session *s, struct reply *r)
{
	const struct str piece = str_n(r->unsent.v, r->unsent.len);
	struct str voice;
	int err = s->tts ? reply_say(r, piece, &voice) : -EAGAIN;

	if (err)
		return err;
	err = tts_speak(s->tts, r->n, voice.v, voice.len);
	if (err) {
		reply_unsay(r);
		return err;
	}
	buf_reset(&r->unsent);
	session_usage_spoken(s, voice);
	session_watch_voice(s);
	return 0;
}

/* A long answer is made as it is heard: what an interruption makes void was
 * not paid for, and the playout's queue has its limit. */
static bool far_ahead(const struct session *s, const struct reply *r)
{
	const uint64_t given = (uint64_t)r->said.voice.len * MS_PER_BYTE;

	return given > playout_heard_ms(s->playout, r->n) + AHEAD_MS;
}

/* There is no more text of it. */
static int finish(struct session *s, struct reply *r)
{
	/* A voice that was given nothing has nothing to end. */
	if (r->lead_audio && r->said.text.len == r->lead) {
		r->finished = true;
		session_voice_done(s, r, 0);
		return 0;
	}
	return s->tts ? tts_finish(s->tts, r->n) : -EAGAIN;
}

void session_speak(struct session *s, enum sentence_when when)
{
	struct reply *r = s->reply;
	int err = 0;

	if (!r || r->finished)
		return;
	if (r->text_done)
		when = r->failed ? SENTENCE_MORE : SENTENCE_END;
	while (!err && next_piece(r, when))
		err = far_ahead(s, r) ? -EAGAIN : give(s, r);

	if (!err && r->broken) {
		session_answer_broke(s);
		return;
	}
	if (!err && r->text_done && r->said.text.len) {
		err = finish(s, r);
		if (s->reply != r)
			return;
		r->finished = !err;
		session_watch_voice(s);
	}
	if (err == -EAGAIN)
		timer_start(s->env.timers, &s->hurry, AGAIN_MS, on_hurry, s);
	else if (err)
		session_reply_failed(s, err, "tts");
	else if (!r->text_done && sentence_waits(&r->sentence) &&
	         !timer_running(&s->hurry))
		timer_start(s->env.timers, &s->hurry, SENTENCE_HURRY_MS,
		            on_hurry, s);
}

/* ---- beginning and end ----------------------------------------------------- */

void session_drop_reply(struct session *s)
{
	timer_stop(s->env.timers, &s->hurry);
	timer_stop(s->env.timers, &s->retry);
	timer_stop(s->env.timers, &s->voice);
	session_late_stop(s);
	if (s->reply)
		llm_close(&s->reply->llm);
	reply_free(&s->reply);
	session_transfer_look(s);
}

static struct reply *begin(struct session *s, enum reply_kind kind)
{
	session_drop_reply(s);
	if (reply_new(&s->reply, ++s->reply_n, kind,
	              audio_bytes_per_ms(s->fmt)) != 0) {
		session_reply_failed(s, -ENOMEM, "reply");
		return NULL;
	}
	s->reply->said.words = s->tts_cfg.words_for_numbers;
	s->reply->guess = s->guessing;
	/* What answers nobody counts from now. */
	if (!s->guessing && !s->callee.asked_open) {
		timeline_reset(&s->timeline);
		timeline_note(&s->timeline, TIMELINE_SPEECH_END, session_ms(s));
	}
	s->reply->protected = kind == REPLY_GOODBYE || kind == REPLY_APOLOGY ||
	                      (kind == REPLY_GREETING &&
	                       (s->agent->protect_greeting || s->recovers));
	return s->reply;
}

void session_say(struct session *s, enum reply_kind kind, const char *text)
{
	struct reply *r = begin(s, kind);

	if (!r)
		return;
	if (kind == REPLY_GREETING && session_play_clip(s))
		return;
	if ((kind == REPLY_APOLOGY || kind == REPLY_GOODBYE || s->mute) &&
	    session_play_known(s, str_of(text)))
		return;
	if (s->mute) {
		session_end(s, "error", "the voice is lost");
		return;
	}
	r->text_done = true;
	if (text && sentence_push(&r->sentence, text, strlen(text)) != 0) {
		session_reply_failed(s, -ENOMEM, "reply");
		return;
	}
	session_speak(s, SENTENCE_END);
	if (s->reply && !s->reply->said.text.len && !s->reply->unsent.len) {
		session_drop_reply(s);
		session_feed(s, TURN_EV_NOTHING);
	}
}

/* The reply is lost. Once is an accident and is apologised for; twice in a
 * row, or without credentials, the call makes no sense any more. */
void session_reply_failed(struct session *s, int err, const char *part)
{
	const bool own = s->reply && s->reply->kind != REPLY_ANSWER;

	if (session_is_guess(s)) {
		session_withdraw_guess(s);
		return;
	}
	session_event_error(s, part, err);
	session_cancel_reply(s);
	if (s->turn.state == TURN_ENDING) {
		session_feed(s, TURN_EV_FAILED);
		return;
	}
	s->failures++;
	if (own || s->failures >= FAILURES_MAX || err == ERR_AUTH ||
	    err == -EDQUOT)
		session_leave(s);
	else
		session_feed(s, TURN_EV_FAILED);
}

/* ---- the model ------------------------------------------------------------- */

int session_ask_model(struct session *s)
{
	return session_ask(s, on_llm_event);
}

/* The reply says nothing; something may have been said in its place. */
static void nothing_more(struct session *s)
{
	struct reply *r = s->reply;

	if (r->audio_len) {
		r->text_done = r->finished = true;
		session_voice_done(s, r, 0);
		return;
	}
	session_drop_reply(s);
	session_feed(s, TURN_EV_NOTHING);
}

/* Nothing of the reply is to be said: its calls run, the model goes on with
 * their results, or that was all. */
void session_go_on(struct session *s)
{
	struct reply *r = s->reply;
	int err;

	r->waits = session_calls_run(s, r);
	if (r->waits) {
		session_transfer_look(s);
		return;
	}
	if (!session_results_wait(s) || s->turn.state == TURN_ENDING) {
		nothing_more(s);
		return;
	}
	r->text_done = false;
	r->filler = NULL;
	r->has_calls = false;
	r->tries = 0;
	err = session_ask_model(s);
	if (err)
		session_reply_failed(s, err, "llm");
	else
		session_late_arm(s);
}

/* True: something is being said, or nothing can be. */
static bool says(struct session *s, const struct reply *r)
{
	session_speak(s, SENTENCE_END);
	return s->reply != r || r->said.text.len || r->unsent.len;
}

void session_answer_done(struct session *s)
{
	struct reply *r = s->reply;

	llm_close(&r->llm);
	r->text_done = true;
	r->complete = r->guess;
	if (r->guess) {
		session_speak(s, SENTENCE_END);
		return;
	}
	if (session_run_calls(s, r)) {
		r->protected = true;
		session_bye(s);
	}
	if (s->reply != r || says(s, r))
		return;
	if (r->filler && session_calls_run(s, r) &&
	    sentence_push(&r->sentence, r->filler, strlen(r->filler)) == 0 &&
	    says(s, r))
		return;
	session_go_on(s);
}

static void on_llm_event(const struct llm_event *ev, void *arg)
{
	struct session *s = arg;
	struct reply *r = s->reply;
	int err = 0;

	switch (ev->type) {
	case LLM_TEXT:
		r->got_token = true;
		session_backup_good(s, STAGE_LLM);
		if (r->guess && !r->token_ms)
			r->token_ms = session_ms(s);
		if (!r->guess)
			timeline_note(&s->timeline, TIMELINE_FIRST_TOKEN,
			              session_ms(s));
		err = sentence_push(&r->sentence, ev->text, ev->text_len);
		if (!err)
			session_speak(s, SENTENCE_MORE);
		break;
	case LLM_TOOL_CALL:
		r->got_token = true;
		err = reply_call(r, ev->call.id, ev->call.name,
		                 ev->call.arguments);
		break;
	case LLM_DONE:
		log_line(LOG_INFO, "session", s->call_id,
		         "event=answer prompt=%u cached=%u answer=%u",
		         ev->prompt_tokens, ev->cached_tokens,
		         ev->answer_tokens);
		r->tokens += ev->prompt_tokens + ev->answer_tokens;
		session_usage_answer(s, ev);
		session_answer_done(s);
		break;
	case LLM_FAILED:
		session_answer_failed(s, ev);
		break;
	}
	if (err)
		session_reply_failed(s, err, "llm");
}

void session_answer(struct session *s)
{
	int err;

	if (!begin(s, REPLY_ANSWER))
		return;
	err = session_ask_model(s);
	if (err)
		session_reply_failed(s, err, "llm");
	else
		session_late_arm(s);
}

void session_start_reply(struct session *s)
{
	session_take_turn(s);
	if (session_hooks_end(s)) {
		session_hooks_quiet(s);
		return;
	}
	if (session_lines_wait(s) && !s->greeting && session_is_guess(s))
		session_withdraw_guess(s);
	if (session_is_guess(s))
		session_confirm_guess(s);
	else if (s->prompt)
		session_say_prompt(s);
	else if (s->greeting)
		session_say(s, REPLY_GREETING, s->greeting);
	else if (session_lines_wait(s))
		session_say_line(s);
	else
		session_answer(s);
}
