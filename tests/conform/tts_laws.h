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

/* A test of this name that is a law, behind @begin. */
#define TTS_LAW(name, law, fx, begin) \
	static void name(void)        \
	{                             \
		begin;                \
		tts_law_##law(fx);    \
	}

/* All of them under names that fit any voice; and their rows. */
#define TTS_LAWS(fx, begin)                                                   \
	TTS_LAW(no_event_comes_inside_open, no_event_inside_open, fx, begin)  \
	TTS_LAW(a_refusal_is_one_last_event, one_last_event, fx, begin)       \
	TTS_LAW(nothing_comes_after_close, nothing_after_close, fx, begin)    \
	TTS_LAW(close_is_fine_inside_the_handler, close_inside_handler, fx,   \
	        begin)                                                        \
	TTS_LAW(replies_are_done_once_and_in_order,                           \
	        replies_are_done_once_and_in_order, fx, begin)                \
	TTS_LAW(a_cancelled_reply_is_silent, a_cancelled_reply_is_silent, fx, \
	        begin)

/* clang-format off */
#define TTS_LAW_TESTS                                                        \
	TEST(no_event_comes_inside_open), TEST(a_refusal_is_one_last_event), \
	TEST(nothing_comes_after_close),                                     \
	TEST(close_is_fine_inside_the_handler),                              \
	TEST(replies_are_done_once_and_in_order),                            \
	TEST(a_cancelled_reply_is_silent)
/* clang-format on */

#endif
