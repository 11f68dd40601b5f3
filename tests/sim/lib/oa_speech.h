/*
 * oa_speech.h - OpenAI's voice: /v1/audio/speech
 */
#ifndef TESTS_SIM_LIB_OA_SPEECH_H
#define TESTS_SIM_LIB_OA_SPEECH_H

#include "tests/sim/lib/oa_check.h"
#include "tests/sim/lib/sim.h"

struct oa_speech_cfg {
	uint32_t latency_ms; /* to the first audio */
	double pace;         /* of audio, times real time */
};

/* 0, or -1 and @e. */
int oa_check_speech(const json_t *body, struct oa_error *e) MUST_CHECK;

/* Answer a checked request: words of wordtone.h at 24 kHz, in pieces of any
 * size. Faults: speech-mute, speech-cut, speech-stall. */
void oa_speech_begin(const struct oa_speech_cfg *cfg, struct sim *s,
                     struct simreq *r, unsigned no, const json_t *body);

#endif
