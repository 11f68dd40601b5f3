/*
 * tts_laws.h - the five laws of callbacks, checked on any voice
 */
#ifndef TESTS_CONFORM_TTS_LAWS_H
#define TESTS_CONFORM_TTS_LAWS_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/provider/tts.h"

enum { TTS_LOG_REPLIES = 8, TTS_LOG_AUDIO = 1 << 20 };

struct tts_fixture {
	const struct tts_ops *ops;
	struct provider_cfg good;
	struct provider_cfg bad; /* cannot work */
	bool bad_fails_in_open;
};

/* What a voice said; replies are counted from 1. */
struct tts_log {
	unsigned ready, last, after_last, before_open, after_close, stale;
	bool opened;
	int err;
	struct {
		size_t audio; /* [bytes] */
		unsigned words, done, failed, after_done;
		uint32_t last_word_ms;
		bool words_fall; /* times went backwards */
		bool cancelled;  /* set by the test: no event may follow */
	} reply[TTS_LOG_REPLIES];
	struct tts **closes; /* close this one in the next event */
	uint8_t *audio;      /* of all replies, in order; TTS_LOG_AUDIO */
	size_t audio_len;
};

int tts_log_open(struct tts **ttsp, struct tts_log *log,
                 const struct tts_fixture *fx, const struct provider_cfg *cfg);
void tts_log_fini(struct tts_log *log);

/* Speak @text as reply @n, and finish it. */
void tts_log_say(struct tts *tts, uint32_t n, const char *text);

/* Run until reply @n is done or has failed; false after @ms. */
bool tts_log_until_done(struct tts_log *log, uint32_t n, unsigned ms);

void tts_law_no_event_inside_open(const struct tts_fixture *fx);
void tts_law_one_last_event(const struct tts_fixture *fx);
void tts_law_nothing_after_close(const struct tts_fixture *fx);
void tts_law_close_inside_handler(const struct tts_fixture *fx);
void tts_law_replies_are_done_once_and_in_order(const struct tts_fixture *fx);
void tts_law_a_cancelled_reply_is_silent(const struct tts_fixture *fx);

#endif
