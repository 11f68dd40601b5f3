/*
 * stt_laws.h - the five laws of callbacks, checked on any recogniser
 *
 * A recogniser's test program lists these functions beside its own tests.
 */
#ifndef TESTS_CONFORM_STT_LAWS_H
#define TESTS_CONFORM_STT_LAWS_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/provider/stt.h"

struct stt_fixture {
	const struct stt_ops *ops;
	struct provider_cfg good;
	struct provider_cfg bad; /* cannot work: no such server, no model */
	bool bad_fails_in_open;  /* with an error, not with an event */
	/* Two seconds of what it takes for speech; 8000 Hz. */
	const int16_t *speech;
	size_t n;
};

/* What a recogniser said. */
struct stt_log {
	unsigned ready, interims, finals, flushed, last; /* events */
	unsigned eagers, resumed, turns;
	unsigned after_last, before_open, after_close;
	bool opened;
	int err;
	char text[512];      /* of the finals, joined by spaces */
	struct stt **closes; /* close this one in the next event */
};

/* Open with @cfg; the handler writes @log. */
int stt_log_open(struct stt **sttp, struct stt_log *log,
                 const struct stt_fixture *fx, const struct provider_cfg *cfg);

/* Push the fixture's speech in 20 ms pieces at real time, then @ms of
 * silence; the loop runs. */
void stt_log_push(struct stt *stt, const struct stt_fixture *fx, unsigned ms);

/* That @arg, a struct stt_log, has seen a flush answered; for rig_until(). */
bool stt_log_flushed(void *arg);

void stt_law_error_means_silence(const struct stt_fixture *fx);
void stt_law_no_event_inside_open(const struct stt_fixture *fx);
void stt_law_one_last_event(const struct stt_fixture *fx);
void stt_law_nothing_after_close(const struct stt_fixture *fx);
void stt_law_close_inside_handler(const struct stt_fixture *fx);

/* A test of this name that is a law, behind @begin. */
#define STT_LAW(name, law, fx, begin) \
	static void name(void)        \
	{                             \
		begin;                \
		stt_law_##law(fx);    \
	}

/* All of them under names that fit any recogniser; and their rows. */
#define STT_LAWS(fx, begin)                                                  \
	STT_LAW(an_error_means_silence, error_means_silence, fx, begin)      \
	STT_LAW(no_event_comes_inside_open, no_event_inside_open, fx, begin) \
	STT_LAW(a_refusal_is_one_last_event, one_last_event, fx, begin)      \
	STT_LAW(nothing_comes_after_close, nothing_after_close, fx, begin)   \
	STT_LAW(close_is_fine_inside_the_handler, close_inside_handler, fx,  \
	        begin)

/* clang-format off */
#define STT_LAW_TESTS                                                        \
	TEST(an_error_means_silence), TEST(no_event_comes_inside_open),      \
	TEST(a_refusal_is_one_last_event), TEST(nothing_comes_after_close),  \
	TEST(close_is_fine_inside_the_handler)
/* clang-format on */

#endif
