#include "bot/provider/openai_stt_body.h"

#include <errno.h>

#include "bot/media/resample.h"
#include "common/mem.h"

enum {
	PCM = 1,     /* the format's number in a WAV header */
	HEADER = 44, /* [bytes] */
	SAMPLE_BITS = 16,
};

static int field(struct buf *out, const char *boundary, const char *name,
                 const char *value)
{
	return buf_addf(out,
	                "--%s\r\nContent-Disposition: form-data; name=\"%s\""
	                "\r\n\r\n%s\r\n",
	                boundary, name, value);
}

static int number(struct buf *out, uint32_t v, size_t bytes)
{
	uint8_t le[4];

	for (size_t i = 0; i < bytes; i++)
		le[i] = (uint8_t)(v >> (8 * i));
	return buf_add(out, le, bytes);
}

static int header(struct buf *out, uint32_t data)
{
	const struct {
		uint32_t v;
		size_t bytes;
	} fmt[] = {
		{16, 4}, /* of this chunk */
		{PCM, 2},
		{1, 2}, /* channel */
		{OPENAI_STT_HZ, 4},
		{OPENAI_STT_HZ * SAMPLE_BITS / 8, 4},
		{SAMPLE_BITS / 8, 2},
		{SAMPLE_BITS, 2},
	};
	int err = buf_adds(out, "RIFF");

	if (!err)
		err = number(out, HEADER - 8 + data, 4);
	if (!err)
		err = buf_adds(out, "WAVEfmt ");
	for (size_t i = 0; i < ARRAY_LEN(fmt) && !err; i++)
		err = number(out, fmt[i].v, fmt[i].bytes);
	if (!err)
		err = buf_adds(out, "data");
	return err ? err : number(out, data, 4);
}

static int samples(struct buf *out, const int16_t *v, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = number(out, (uint16_t)v[i], 2);
	return err;
}

/* The WAV file. */
static int recording(struct buf *out, const int16_t *v, size_t n, uint32_t hz)
{
	struct resample *up = NULL;
	int16_t *wide = NULL;
	int err = resample_new(&up, hz, OPENAI_STT_HZ);
	size_t all;

	if (err)
		return err;
	wide = mem_zalloc((resample_room(up, n) + 1) * sizeof(*wide));
	if (!wide) {
		err = -ENOMEM;
		goto out;
	}
	all = resample_run(up, wide, v, n);
	all += resample_flush(up, wide + all);
	err = header(out, (uint32_t)(all * sizeof(*wide)));
	if (!err)
		err = samples(out, wide, all);
out:
	mem_free(wide);
	resample_free(&up);
	return err;
}

int openai_stt_body(struct buf *out, const struct openai_stt_form *form,
                    const int16_t *v, size_t n, uint32_t hz)
{
	int err = field(out, form->boundary, "model", form->model);

	if (!err)
		err = field(out, form->boundary, "response_format", "json");
	if (!err && *form->language)
		err = field(out, form->boundary, "language", form->language);
	if (!err)
		err = buf_addf(out,
		               "--%s\r\nContent-Disposition: form-data; "
		               "name=\"file\"; filename=\"audio.wav\"\r\n"
		               "Content-Type: audio/wav\r\n\r\n",
		               form->boundary);
	if (!err)
		err = recording(out, v, n, hz);
	return err ? err : buf_addf(out, "\r\n--%s--\r\n", form->boundary);
}
