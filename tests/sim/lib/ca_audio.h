/*
 * ca_audio.h - formats that the simulated voice can speak in
 */
#ifndef TESTS_SIM_LIB_CA_AUDIO_H
#define TESTS_SIM_LIB_CA_AUDIO_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum ca_encoding { CA_MULAW, CA_ALAW, CA_S16LE, CA_F32LE };

struct ca_format {
	enum ca_encoding encoding;
	uint32_t hz;
};

size_t ca_sample_bytes(const struct ca_format *f);

/* Append samples in the format. */
void ca_audio_add(struct buf *b, const struct ca_format *f, const int16_t *pcm,
                  size_t n);

#endif
