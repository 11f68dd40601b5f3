#include "bot/render.h"

#include <errno.h>
#include <string.h>

#include "bot/clip.h"
#include "bot/plain.h"
#include "bot/provider/tts.h"
#include "bot/sentence.h"
#include "bot/spoken.h"

int render_speak(struct tts *tts, uint32_t reply, struct clip *c,
                 bool words_for_numbers)
{
	struct sentence cut;
	struct spoken said;
	struct str piece, voice;
	struct buf plain;
	int err;

	sentence_init(&cut, CLIP_TEXT_MAX);
	buf_init(&plain, CLIP_TEXT_MAX);
	spoken_init(&said, CLIP_TEXT_MAX);
	said.words = words_for_numbers;
	err = sentence_push(&cut, c->asked, strlen(c->asked));
	while (!err && sentence_next(&cut, SENTENCE_END, &piece)) {
		buf_reset(&plain);
		err = plain_add(&plain, piece);
		if (err || !plain.len)
			continue;
		err = spoken_add(&said, str_n(plain.v, plain.len), &voice);
		if (!err)
			err = tts_speak(tts, reply, voice.v, voice.len);
		if (!err)
			err = clip_say(c, str_n(plain.v, plain.len));
	}
	if (!err && !c->spoken.len)
		err = -ENODATA;
	if (!err)
		err = tts_finish(tts, reply);
	spoken_fini(&said);
	buf_fini(&plain);
	sentence_fini(&cut);
	return err;
}

int render_event(struct clip *c, const struct tts_event *ev)
{
	switch (ev->type) {
	case TTS_AUDIO:
		return clip_audio(c, ev->audio, ev->audio_len);
	case TTS_WORD:
		return clip_word(c, str_n(ev->word, ev->word_len), ev->begin_ms,
		                 ev->end_ms);
	case TTS_REPLY_DONE:
		return c->audio.len ? 1 : -ENODATA;
	case TTS_REPLY_FAILED:
		return ev->err;
	case TTS_READY:
	case TTS_CLOSED:
	case TTS_FAILED:
		break;
	}
	return 0;
}
