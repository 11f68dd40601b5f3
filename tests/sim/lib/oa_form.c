/* A multipart body and a WAV file, byte by byte. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/lib/oa_messages.h"
#include "tests/sim/lib/oa_transcribe.h"

enum { FRAME_MS = 10, WAV_HEADER = 44 };

static const double loud_rms = 350;

/* name="VALUE" of a part's head. */
static bool attribute(const char *head, size_t len, const char *name, char *dst,
                      size_t cap)
{
	char key[48];
	const char *at, *end;

	snprintf(key, sizeof(key), "; %s=\"", name);
	at = memmem(head, len, key, strlen(key));
	if (!at)
		return false;
	at += strlen(key);
	end = memchr(at, '"', (size_t)(head + len - at));
	if (!end || (size_t)(end - at) >= cap)
		return false;
	memcpy(dst, at, (size_t)(end - at));
	dst[end - at] = '\0';
	return true;
}

static int take_text(char *dst, size_t cap, const char *v, size_t len)
{
	if (len == 0 || len >= cap)
		return -1;
	memcpy(dst, v, len);
	dst[len] = '\0';
	return 0;
}

static int take_part(struct oa_form *form, const char *head, size_t head_len,
                     const char *v, size_t len, struct oa_error *e)
{
	char name[32] = "", file[64] = "";

	if (strncmp(head, "Content-Disposition: form-data; name=\"", 38) != 0 ||
	    !attribute(head, head_len, "name", name, sizeof(name)))
		return oa_fail(e, NULL, "a part without a name");
	if (strcmp(name, "file") == 0) {
		if (!attribute(head, head_len, "filename", file,
		               sizeof(file)) ||
		    !strstr(file, ".wav"))
			return oa_fail(e, "file", "Unrecognized file format.");
		form->file = v;
		form->file_len = len;
		return 0;
	}
	if (strcmp(name, "model") == 0 &&
	    !take_text(form->model, sizeof(form->model), v, len))
		return 0;
	if (strcmp(name, "language") == 0 &&
	    !take_text(form->language, sizeof(form->language), v, len))
		return 0;
	if (strcmp(name, "response_format") == 0 &&
	    !take_text(form->format, sizeof(form->format), v, len))
		return 0;
	return oa_fail(e, name, "Unknown or empty parameter.");
}

static int judge(const struct oa_form *form, struct oa_error *e)
{
	static const char *const models[] = {
		"gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1"};
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(models); i++)
		found = found || strcmp(models[i], form->model) == 0;
	if (!form->file)
		return oa_fail(e, "file", "file is required");
	if (!found)
		return oa_fail(e, "model", "invalid model ID");
	if (*form->format && strcmp(form->format, "json") != 0)
		return oa_fail(e, "response_format", "json alone");
	if (*form->language && strlen(form->language) != 2)
		return oa_fail(e, "language", "ISO-639-1, please");
	return 0;
}

int oa_form_parse(struct oa_form *form, const char *type,
                  const struct buf *body, struct oa_error *e)
{
	const char *at = type ? strstr(type, "; boundary=") : NULL;
	const char *p = buf_str(body), *end = p + body->len;
	char mark[128];
	size_t n;

	memset(form, 0, sizeof(*form));
	if (!at || strncmp(type, "multipart/form-data", 19) != 0)
		return oa_fail(e, NULL, "Content-Type is not multipart");
	snprintf(mark, sizeof(mark), "\r\n--%s", at + 11);
	n = strlen(mark);
	/* The first one has no line before it. */
	if (body->len < n || memcmp(p, mark + 2, n - 2) != 0)
		return oa_fail(e, NULL, "no boundary at the beginning");
	p += n - 2;
	while (end - p >= 2 && memcmp(p, "\r\n", 2) == 0) {
		const char *head = p + 2;
		const char *gap =
			memmem(head, (size_t)(end - head), "\r\n\r\n", 4);
		const char *next =
			gap ? memmem(gap + 4, (size_t)(end - gap) - 4, mark, n)
			    : NULL;

		if (!next)
			return oa_fail(e, NULL, "a part without an end");
		if (take_part(form, head, (size_t)(gap - head), gap + 4,
		              (size_t)(next - gap) - 4, e))
			return -1;
		p = next + n;
	}
	if (end - p < 2 || memcmp(p, "--", 2) != 0)
		return oa_fail(e, NULL, "no closing boundary");
	return judge(form, e);
}

static uint32_t le(const char *v, size_t bytes)
{
	uint32_t n = 0;

	for (size_t i = bytes; i-- > 0;)
		n = n << 8 | (uint8_t)v[i];
	return n;
}

long oa_wav_speech_ms(const struct oa_form *form, struct oa_error *e)
{
	const char *v = form->file;
	const size_t n = form->file_len;
	uint32_t hz;
	size_t frame;
	long ms = 0;

	if (n < WAV_HEADER || memcmp(v, "RIFF", 4) != 0 ||
	    memcmp(v + 8, "WAVEfmt ", 8) != 0 || memcmp(v + 36, "data", 4) != 0)
		return oa_fail(e, "file", "not a WAV file");
	hz = le(v + 24, 4);
	if (le(v + 4, 4) != n - 8 || le(v + 40, 4) != n - WAV_HEADER ||
	    le(v + 16, 4) != 16 || le(v + 20, 2) != 1 || le(v + 22, 2) != 1 ||
	    le(v + 28, 4) != hz * 2 || le(v + 32, 2) != 2 ||
	    le(v + 34, 2) != 16)
		return oa_fail(e, "file", "a header that is not true");
	if (hz != 8000 && hz != 16000 && hz != 24000)
		return oa_fail(e, "file", "a rate of %u", hz);
	frame = hz / 1000 * FRAME_MS * 2;
	for (size_t at = WAV_HEADER; at + frame <= n; at += frame) {
		double energy = 0;

		for (size_t i = 0; i < frame; i += 2) {
			const double x = (int16_t)le(v + at + i, 2);

			energy += x * x;
		}
		if (sqrt(2 * energy / (double)frame) >= loud_rms)
			ms += FRAME_MS;
	}
	return ms;
}
