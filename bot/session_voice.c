#include <errno.h>

#include "bot/session_hooks.h"
#include "bot/session_impl.h"
#include "bot/session_usage.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

/* Waits before a lost voice is opened again [ms]. */
static const uint32_t tts_waits[] = {0, 300};

enum { VOICE_JITTER_MS = 500 /* before one that refused is asked again */ };

/* ---- what was heard -------------------------------------------------------- */

/* The reply is over: what was heard of it is what was said. */
static void commit(struct session *s, uint32_t heard_ms, bool whole)
{
	struct reply *r = s->reply;
	const struct str text = reply_heard(r, heard_ms, whole);
	const bool cut = !whole && text.len < r->said.text.len;

	session_publish_turn(s);
	if (!text.len)
		return;
	s->spoke = true;
	if (r->has_calls ? chat_bot_at(s->chat, r->calls_at, text, cut)
	                 : chat_bot(s->chat, text, cut))
		log_line(LOG_ERROR, "session", s->call_id, "event=no_memory");
	session_event_turn(s, "bot", text, whole ? reply_audio_ms(r) : heard_ms,
	                   cut, s->timeline.at_ms[TIMELINE_HEARD]);
}

void session_cancel_reply(struct session *s)
{
	struct reply *r = s->reply;

	if (!r)
		return;
	if (r->guess)
		session_count_guess(s);
	if (r->audible)
		commit(s, playout_heard_ms(s->playout, r->n), false);
	if (s->tts)
		tts_cancel(s->tts, r->n);
	playout_clear(s->playout, r->n);
	s->goodbye_next = false;
	session_drop_reply(s);
}

/* ---- the voice ------------------------------------------------------------- */

static int open_tts(struct session *s);
static void on_tts_lost(struct session *s, int err);
static void on_tts_again(void *arg);

void session_voice_again(struct session *s, uint32_t wait_ms)
{
	s->reply->reasked = true;
	timer_stop(s->env.timers, &s->voice);
	tts_close(&s->tts);
	timer_start(s->env.timers, &s->tts_again, wait_ms, on_tts_again, s);
}

static void on_audio(struct session *s, struct reply *r,
                     const struct tts_event *ev)
{
	const int err =
		playout_push(s->playout, r->n, ev->audio, ev->audio_len);

	if (r->guess && !r->audio_ms)
		r->audio_ms = session_ms(s);
	if (!r->guess)
		timeline_note(&s->timeline, TIMELINE_FIRST_AUDIO,
		              session_ms(s));
	s->tts_tries = 0;
	session_backup_good(s, STAGE_TTS);
	if (err) {
		log_line(LOG_WARN, "session", s->call_id,
		         "event=audio_dropped why=%s", LOG_TEXT(err_str(err)));
		return;
	}
	r->audio_len += ev->audio_len;
	if (reply_has_sound(r))
		session_late_stop(s);
	session_watch_voice(s);
}

/* Somebody else may say what this voice could not. */
static bool voice_again(struct session *s, const struct reply *r, int err)
{
	uint8_t dice;

	if (session_backup_waits(s, STAGE_TTS)) {
		on_tts_lost(s, err);
		return true;
	}
	if (r->reasked || s->env.tts->local || err == ERR_AUTH ||
	    err == -EDQUOT || !session_may_retry(s, STAGE_TTS))
		return false;
	session_event_error(s, "tts", err);
	/* Many calls that are too many for it must not come back together. */
	crypto_random(&dice, 1);
	session_voice_again(s, VOICE_JITTER_MS * (1U + dice) / 256);
	return true;
}

/* What is queued is heard to its end. */
void session_voice_done(struct session *s, struct reply *r, int err)
{
	timer_stop(s->env.timers, &s->voice);
	if (err && r->guess) {
		session_withdraw_guess(s);
		return;
	}
	if (err && voice_again(s, r, err))
		return;
	if (!r->audio_len) {
		session_reply_failed(s, err ? err : -ENODATA, "tts");
		return;
	}
	if (err) {
		session_event_error(s, "tts", err);
		r->failed = true;
		llm_close(&r->llm);
		r->text_done = r->finished = true;
	}
	r->voice_done = true;
	err = playout_end(s->playout, r->n);
	if (err)
		session_reply_failed(s, err, "playout");
}

static void on_tts_event(const struct tts_event *ev, void *arg)
{
	struct session *s = arg;
	struct reply *r = s->reply;
	const bool ours = r && ev->reply == r->n && !r->voice_done;

	switch (ev->type) {
	case TTS_AUDIO:
		if (ours)
			on_audio(s, r, ev);
		break;
	case TTS_WORD:
		if (ours && reply_word(r, str_n(ev->word, ev->word_len),
		                       ev->begin_ms, ev->end_ms) != 0)
			log_line(LOG_WARN, "session", s->call_id,
			         "event=word_lost");
		break;
	case TTS_REPLY_DONE:
		if (ours)
			session_voice_done(s, r, 0);
		break;
	case TTS_REPLY_FAILED:
		if (ours)
			session_voice_done(s, r, ev->err);
		break;
	case TTS_CLOSED:
		on_tts_lost(s, ERR_EOF);
		break;
	case TTS_FAILED:
		on_tts_lost(s, ev->err);
		break;
	case TTS_READY:
		break;
	}
}

static int open_tts(struct session *s)
{
	const struct tts_params prm = {
		.cfg = &s->tts_cfg,
		.fmt = s->fmt,
		.call_id = s->call_id,
	};

	return tts_open(&s->tts, s->env.tts, s->env.net, &prm, on_tts_event, s);
}

/* A new voice goes on where the old one stopped. */
static void on_tts_again(void *arg)
{
	struct session *s = arg;
	struct reply *r = s->reply;
	int err = open_tts(s);
	struct str rest;

	if (err) {
		on_tts_lost(s, err);
		return;
	}
	if (!r || r->voice_done)
		return;
	rest = reply_unspoken(r);
	r->finished = false;
	if (rest.len) {
		err = tts_speak(s->tts, r->n, rest.v, rest.len);
		if (err) {
			session_reply_failed(s, err, "tts");
			return;
		}
		session_usage_spoken(s, rest);
		session_watch_voice(s);
	}
	session_speak(s, SENTENCE_MORE);
}

/* Nothing can be said any more but what was spoken before this call. */
static void lose_voice(struct session *s)
{
	struct reply *r = s->reply;
	int err;

	s->mute = true;
	if (r && r->guess) {
		session_withdraw_guess(s);
		r = NULL;
	}
	if (r && r->audio_len && !r->voice_done) {
		llm_close(&r->llm);
		r->failed = r->text_done = r->finished = r->voice_done = true;
		err = playout_end(s->playout, r->n);
		if (!err && s->turn.state == TURN_ENDING)
			return;
	}
	if (s->turn.state == TURN_ENDING)
		session_end(s, "error", "the voice is lost");
	else
		session_leave(s);
}

static void on_tts_lost(struct session *s, int err)
{
	timer_stop(s->env.timers, &s->voice);
	tts_close(&s->tts);
	session_event_error(s, "tts", err);
	if (session_backup(s, STAGE_TTS, err)) {
		s->tts_tries = 0;
		timer_start(s->env.timers, &s->tts_again, 0, on_tts_again, s);
		return;
	}
	if (err != ERR_AUTH && s->tts_tries < ARRAY_LEN(tts_waits)) {
		timer_start(s->env.timers, &s->tts_again,
		            tts_waits[s->tts_tries++], on_tts_again, s);
		return;
	}
	lose_voice(s);
}

int session_voice_open(struct session *s)
{
	if (s->kit.tts) {
		s->tts = s->kit.tts;
		s->kit.tts = NULL;
		tts_hand_over(s->tts, on_tts_event, s);
		return 0;
	}
	return open_tts(s);
}

/* ---- what is heard now ----------------------------------------------------- */

/* Whatever was kept while a protected reply was heard is answered now. */
static void after_reply(struct session *s)
{
	if (s->turn.state != TURN_LISTENING)
		return;
	if (s->callee.text.len)
		session_feed(s, TURN_EV_WORDS);
	else if (session_results_wait(s))
		session_feed(s, TURN_EV_QUIET);
	else
		session_hooks_quiet(s);
}

/* All of the reply's sound was heard, @heard_ms; it may have been cut short by
 * a fault. */
static void on_played(struct session *s, struct reply *r, uint32_t heard_ms)
{
	const bool failed = r->failed;

	if (!failed && r->kind == REPLY_ANSWER)
		s->failures = 0;
	commit(s, heard_ms, !failed);
	session_drop_reply(s);
	if (s->goodbye_next) {
		s->goodbye_next = false;
		session_say_template(s, REPLY_GOODBYE, session_goodbye(s));
		return;
	}
	if (failed) {
		s->failures++;
		session_feed(s, TURN_EV_FAILED);
		return;
	}
	session_feed(s, TURN_EV_PLAYED);
	after_reply(s);
}

static void on_started(struct session *s, struct reply *r)
{
	r->audible = true;
	if (r->kind == REPLY_GREETING) {
		mem_free(s->greeting);
		s->greeting = NULL;
		s->recovers = false;
	}
	session_publish_turn(s);
	session_feed(s, TURN_EV_AUDIO);
}

void session_playout_event(const struct playout_event *ev, void *arg)
{
	struct session *s = arg;
	struct reply *r = s->reply;
	const uint64_t now = session_ms(s);

	if (s->ended || !r || ev->reply != r->n)
		return;
	switch (ev->type) {
	case PLAYOUT_STARTED:
		if (!r->audible)
			on_started(s, r);
		break;
	case PLAYOUT_HEARD:
		/* A callee's clock may run ahead of ours by a frame. */
		if (ev->heard_ms)
			timeline_note(&s->timeline, TIMELINE_HEARD,
			              now > ev->heard_ms ? now - ev->heard_ms
			                                 : 0);
		break;
	case PLAYOUT_DONE:
		on_played(s, r, ev->heard_ms);
		break;
	}
}
