/*
 * oa_transcribe.h - OpenAI's ear: /v1/audio/transcriptions
 *
 * The body is taken apart strictly, and the file must be a WAV of 16 bit PCM
 * whose sizes are true. The n-th recording with speech is the n-th sentence of
 * the script (dg_script.h), as far as its speech goes; one without is "".
 */
#ifndef TESTS_SIM_LIB_OA_TRANSCRIBE_H
#define TESTS_SIM_LIB_OA_TRANSCRIBE_H

#include "tests/sim/lib/dg_script.h"
#include "tests/sim/lib/oa_check.h"
#include "tests/sim/lib/sim.h"

struct oa_ear_cfg {
	const struct dg_scripts *scripts;
	uint32_t latency_ms;
	size_t heard; /* recordings with speech so far */
};

struct oa_form {
	char model[64], language[16], format[32];
	const char *file; /* borrowed from the body */
	size_t file_len;
};

/* 0, or -1 and @e. @type: the header. */
int oa_form_parse(struct oa_form *form, const char *type,
                  const struct buf *body, struct oa_error *e) MUST_CHECK;

/* Answer a checked request after a while. */
void oa_transcribe(struct oa_ear_cfg *cfg, struct sim *s, struct simreq *r,
                   unsigned no, const struct oa_form *form);

/* Is it a WAV file as promised? Its speech in milliseconds, or -1 and @e. */
long oa_wav_speech_ms(const struct oa_form *form,
                      struct oa_error *e) MUST_CHECK;

#endif
