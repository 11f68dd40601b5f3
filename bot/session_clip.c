#include <string.h>

#include "bot/clip.h"
#include "bot/greetings.h"
#include "bot/session_impl.h"
#include "bot/warm.h"
#include "common/log.h"

/*
 * What was made ready before the call was answered: the greeting's sound, and
 * connections.
 */

/* A greeting that is anybody's may have been spoken in an earlier call. */
static void look_up(struct session *s)
{
	const struct clip *known;

	if (s->kit.clip || !s->greeting || !s->env.greetings ||
	    strstr(s->agent->greeting, "{{"))
		return;
	known = greetings_find(s->env.greetings, s->env.tts->name, &s->tts_cfg,
	                       str_of(s->greeting), s->fmt);
	if (known && clip_copy(&s->kit.clip, known) != 0)
		log_line(LOG_ERROR, "session", s->call_id, "event=no_memory");
}

void session_kit_open(struct session *s)
{
	struct clip *c = s->kit.clip;

	/* It was made for the format that the carrier was asked for. */
	if (s->fmt != AUDIO_ULAW_8K)
		session_kit_fini(&s->kit);
	else if (c && (!s->greeting || strcmp(c->asked, s->greeting) != 0))
		clip_free(&s->kit.clip);
	look_up(s);
	if (s->kit.tts)
		s->reply_n = WARM_REPLY;
}

bool session_play_clip(struct session *s)
{
	const struct clip *c = s->kit.clip;
	struct reply *r = s->reply;
	struct str pieces;
	int err;

	if (!c ||
	    playout_push(s->playout, r->n, (const uint8_t *)buf_str(&c->audio),
	                 c->audio.len) != 0)
		return false;
	r->text_done = r->finished = r->voice_done = true;
	r->audio_len = c->audio.len;
	pieces = str_n(buf_str(&c->spoken), c->spoken.len);
	do
		err = reply_say(r, str_cut(&pieces, '\n'), NULL);
	while (!err && pieces.v);
	for (size_t i = 0; i < c->n_words && !err; i++)
		err = reply_word(r, clip_word_text(c, i), c->word[i].begin_ms,
		                 c->word[i].end_ms);
	if (!err)
		err = playout_end(s->playout, r->n);
	if (err) {
		session_reply_failed(s, err, "greeting");
		return true;
	}
	if (r->guess)
		r->audio_ms = session_ms(s);
	else
		timeline_note(&s->timeline, TIMELINE_FIRST_AUDIO,
		              session_ms(s));
	clip_free(&s->kit.clip);
	return true;
}
