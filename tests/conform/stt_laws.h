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

void stt_law_error_means_silence(const struct stt_fixture *fx);
void stt_law_no_event_inside_open(const struct stt_fixture *fx);
void stt_law_one_last_event(const struct stt_fixture *fx);
void stt_law_nothing_after_close(const struct stt_fixture *fx);
void stt_law_close_inside_handler(const struct stt_fixture *fx);

#endif
