/*
 * openai_stt_body.h - a recording as a request wants it, without I/O
 */
#ifndef BOT_PROVIDER_OPENAI_STT_BODY_H
#define BOT_PROVIDER_OPENAI_STT_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buf.h"

enum { OPENAI_STT_HZ = 16000 /* of the file; all servers take it */ };

struct openai_stt_form {
	const char *boundary; /* occurs nowhere in the rest */
	const char *model;
	const char *language; /* ISO 639-1; "" to let it guess */
};

/* Append a multipart body with @n samples at @hz as a WAV file. -EINVAL: the
 * rate. -ENOMEM, ERR_LIMIT. */
int openai_stt_body(struct buf *out, const struct openai_stt_form *form,
                    const int16_t *v, size_t n, uint32_t hz) MUST_CHECK;

#endif
