#include <errno.h>

#include "bot/session_impl.h"
#include "common/log.h"

/*
 * Is the voice late? Before a reply's first audio that is a matter of time;
 * later it may take as long as what is queued lasts, if it still owes some. A
 * late voice is given up for a new connection, which is given what was not
 * spoken, once in a reply.
 */

static uint32_t patience(const struct session *s)
{
	const uint32_t own = s->agent->failure.voice_ms;

	if (s->reply->reasked && !s->env.tts->local)
		return FAILURE_VOICE_MAX_MS;
	if (own)
		return own;
	return s->env.tts->late_ms ? s->env.tts->late_ms : FAILURE_VOICE_MS;
}

static uint32_t queued_ms(const struct session *s)
{
	const struct reply *r = s->reply;
	const uint32_t all = reply_audio_ms(r);
	const uint32_t heard = playout_heard_ms(s->playout, r->n);

	return all > heard ? all - heard : 0;
}

static void on_late(void *arg)
{
	struct session *s = arg;
	struct reply *r = s->reply;

	if (reply_has_sound(r) && queued_ms(s) > FAILURE_VOICE_LOW_MS) {
		session_watch_voice(s);
		return;
	}
	log_line(LOG_WARN, "session", s->call_id,
	         "event=voice_late audio_ms=%u queued_ms=%u again=%d",
	         reply_audio_ms(r), queued_ms(s), r->reasked);
	if (!r->reasked && !s->env.tts->local &&
	    session_may_retry(s, STAGE_TTS))
		session_voice_again(s, 0);
	else
		session_voice_done(s, r, -ETIMEDOUT);
}

void session_watch_voice(struct session *s)
{
	const struct reply *r = s->reply;
	uint32_t wait;

	if (!r || r->voice_done || !s->tts || !reply_owes(r)) {
		timer_stop(s->env.timers, &s->voice);
		return;
	}
	wait = patience(s);
	if (!reply_has_sound(r)) {
		if (!timer_running(&s->voice))
			timer_start(s->env.timers, &s->voice, wait, on_late, s);
		return;
	}
	if (queued_ms(s) > wait + FAILURE_VOICE_LOW_MS)
		wait = queued_ms(s) - FAILURE_VOICE_LOW_MS;
	timer_start(s->env.timers, &s->voice, wait, on_late, s);
}
