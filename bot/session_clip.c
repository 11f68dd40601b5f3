#include <string.h>

#include "bot/clip.h"
#include "bot/greetings.h"
#include "bot/session_impl.h"
#include "bot/template.h"
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
	    (!s->recovers && template_is_personal(s->agent->greeting)))
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

static int push(struct session *s, const struct clip *c)
{
	return playout_push(s->playout, s->reply->n,
	                    (const uint8_t *)buf_str(&c->audio), c->audio.len);
}

static int add_words(struct reply *r, const struct clip *c)
{
	int err = 0;

	for (size_t i = 0; i < c->n_words && !err; i++)
		err = reply_word(r, clip_word_text(c, i), c->word[i].begin_ms,
		                 c->word[i].end_ms);
	return err;
}

/* All of the reply is @c. */
static bool play(struct session *s, const struct clip *c)
{
	struct reply *r = s->reply;
	struct str pieces;
	int err;

	if (!c || push(s, c) != 0)
		return false;
	r->text_done = r->finished = r->voice_done = true;
	r->audio_len = c->audio.len;
	pieces = str_n(buf_str(&c->spoken), c->spoken.len);
	do
		err = reply_say(r, str_cut(&pieces, '\n'), NULL);
	while (!err && pieces.v);
	if (!err)
		err = add_words(r, c);
	if (!err)
		err = playout_end(s->playout, r->n);
	if (err) {
		session_reply_failed(s, err, "clip");
		return true;
	}
	if (r->guess)
		r->audio_ms = session_ms(s);
	else
		timeline_note(&s->timeline, TIMELINE_FIRST_AUDIO,
		              session_ms(s));
	return true;
}

bool session_play_clip(struct session *s)
{
	const bool played = play(s, s->kit.clip);

	if (played)
		clip_free(&s->kit.clip);
	return played;
}

/* ---- what is always at hand ------------------------------------------------ */

static const struct clip *by(const struct session *s, const char *provider,
                             const struct provider_cfg *cfg, struct str text)
{
	return greetings_find(s->env.greetings, provider, cfg, text, s->fmt);
}

/* By the voice of this call; or by another that could have been: better a
 * strange voice than none. */
static const struct clip *find(const struct session *s, struct str text)
{
	const struct fallback_pick *pick = &s->pick[STAGE_TTS];
	const struct clip *c = NULL;

	if (!s->env.greetings || !text.len)
		return NULL;
	c = by(s, s->env.tts->name, &s->tts_cfg, text);
	for (size_t i = 0; i < pick->n && !c; i++) {
		const struct fallback_entry *e = pick->entry[i];
		const struct provider_cfg cfg =
			agent_config(s->agent, &e->cfg, e->name);

		c = by(s, e->name, &cfg, text);
	}
	return c;
}

bool session_play_known(struct session *s, struct str text)
{
	return play(s, find(s, text));
}

bool session_lead(struct session *s, struct str text)
{
	const struct clip *c = find(s, text);
	struct reply *r = s->reply;
	struct buf line;
	int err;

	if (!c || r->n_words || r->audio_len)
		return false;
	buf_init(&line, CLIP_TEXT_MAX);
	err = buf_add(&line, buf_str(&c->spoken), c->spoken.len);
	for (size_t i = 0; i < line.len; i++)
		if (line.v[i] == '\n')
			line.v[i] = ' ';
	if (!err)
		err = reply_lead(r, str_n(buf_str(&line), line.len));
	if (!err)
		err = add_words(r, c);
	if (!err)
		err = push(s, c);
	if (!err)
		reply_led(r, c->audio.len);
	else
		log_line(LOG_WARN, "session", s->call_id, "event=no_filler");
	buf_fini(&line);
	return !err;
}
