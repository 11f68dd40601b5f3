#define _GNU_SOURCE
#include "tests/sim/lib/plivo_wav.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"

enum {
	FILE_MAX = 64 * 1024 * 1024, /* [bytes] more than an hour */
	WAV_HEAD = 44,               /* [bytes] of the plain form */
	BLOCK = 512,                 /* samples that are written at once */
	TRIM_RMS = 100,              /* quieter frames are silence */
	TRIM_LEFT = 2 * PSIM_FRAME,  /* [samples] of it that stay */
};

static uint32_t le(const uint8_t *v, int n)
{
	uint32_t x = 0;

	while (n-- > 0)
		x = x << 8 | v[n];
	return x;
}

static void put_le(uint8_t *v, uint32_t x, int n)
{
	for (int i = 0; i < n; i++, x >>= 8)
		v[i] = (uint8_t)x;
}

static int slurp(const char *path, uint8_t **v, size_t *len)
{
	FILE *f = fopen(path, "rb");
	long size;
	int err = 0;

	if (!f)
		return -errno;
	if (fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || size > FILE_MAX ||
	    fseek(f, 0, SEEK_SET)) {
		fclose(f);
		return -EINVAL;
	}
	*len = (size_t)size;
	*v = mem_alloc(*len + 1);
	if (!*v)
		err = -ENOMEM;
	else if (fread(*v, 1, *len, f) != *len)
		err = -EIO;
	fclose(f);
	if (err) {
		mem_free(*v);
		*v = NULL;
	}
	return err;
}

static bool format_ok(const uint8_t *fmt, size_t len)
{
	return len >= 16 && le(fmt, 2) == 1 && le(fmt + 2, 2) == 1 &&
	       le(fmt + 4, 4) == PSIM_HZ && le(fmt + 14, 2) == 16;
}

static int take_samples(struct psim_clip *c, const uint8_t *v, size_t len)
{
	c->n = len / 2;
	c->v = mem_alloc(c->n * sizeof(c->v[0]) + 1);
	if (!c->v)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		c->v[i] = (int16_t)le(v + 2 * i, 2);
	return 0;
}

int psim_clip_load(struct psim_clip *c, const char *path)
{
	uint8_t *file = NULL;
	size_t len = 0, at = 12;
	bool format = false;
	int err = slurp(path, &file, &len);

	*c = (struct psim_clip){0};
	if (err)
		return err;
	err = -EINVAL;
	if (len < 12 || memcmp(file, "RIFF", 4) != 0 ||
	    memcmp(file + 8, "WAVE", 4) != 0)
		at = len;
	while (at + 8 <= len) {
		const uint8_t *chunk = file + at;
		size_t size = le(chunk + 4, 4);

		if (size > len - at - 8)
			size = len - at - 8;
		if (!memcmp(chunk, "fmt ", 4))
			format = format_ok(chunk + 8, size);
		if (!memcmp(chunk, "data", 4)) {
			if (format)
				err = take_samples(c, chunk + 8, size);
			break;
		}
		at += 8 + size + (size & 1);
	}
	mem_free(file);
	return err;
}

void psim_clip_trim(struct psim_clip *c)
{
	size_t from = 0, to = c->n;

	while (from + PSIM_FRAME <= to &&
	       psim_rms(c->v + from, PSIM_FRAME) < TRIM_RMS)
		from += PSIM_FRAME;
	while (to >= from + PSIM_FRAME &&
	       psim_rms(c->v + to - PSIM_FRAME, PSIM_FRAME) < TRIM_RMS)
		to -= PSIM_FRAME;
	from = from > TRIM_LEFT ? from - TRIM_LEFT : 0;
	to = c->n - to > TRIM_LEFT ? to + TRIM_LEFT : c->n;
	memmove(c->v, c->v + from, (to - from) * sizeof(c->v[0]));
	c->n = to - from;
}

void psim_clip_fini(struct psim_clip *c)
{
	mem_free(c->v);
	*c = (struct psim_clip){0};
}

struct psim_recorder {
	FILE *f;
	uint32_t bytes; /* of samples */
};

static int put_head(struct psim_recorder *r)
{
	static const char tag[4] = {'d', 'a', 't', 'a'};
	uint8_t h[WAV_HEAD] = "RIFF....WAVEfmt ";

	put_le(h + 4, WAV_HEAD - 8 + r->bytes, 4);
	put_le(h + 16, 16, 4);
	put_le(h + 20, 1, 2);
	put_le(h + 22, 2, 2);
	put_le(h + 24, PSIM_HZ, 4);
	put_le(h + 28, PSIM_HZ * 4, 4);
	put_le(h + 32, 4, 2);
	put_le(h + 34, 16, 2);
	memcpy(h + 36, tag, sizeof(tag));
	put_le(h + 40, r->bytes, 4);
	return fwrite(h, 1, sizeof(h), r->f) == sizeof(h) ? 0 : -EIO;
}

int psim_recorder_open(struct psim_recorder **rp, const char *path)
{
	struct psim_recorder *r = mem_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->f = fopen(path, "wb");
	err = r->f ? put_head(r) : -errno;
	if (err) {
		if (r->f)
			fclose(r->f);
		mem_free(r);
		return err;
	}
	*rp = r;
	return 0;
}

void psim_recorder_add(struct psim_recorder *r, const int16_t *left,
                       const int16_t *right, size_t n)
{
	uint8_t block[BLOCK * 4] = {0};

	while (n > 0) {
		size_t m = BLOCK;

		if (m > n)
			m = n;

		for (size_t i = 0; i < m; i++) {
			put_le(block + 4 * i, (uint16_t)left[i], 2);
			put_le(block + 4 * i + 2, (uint16_t)right[i], 2);
		}
		r->bytes += (uint32_t)(4 * fwrite(block, 4, m, r->f));
		left += m;
		right += m;
		n -= m;
	}
}

int psim_recorder_close(struct psim_recorder **rp)
{
	struct psim_recorder *r = *rp;
	int err;

	*rp = NULL;
	if (!r)
		return 0;
	err = ferror(r->f) || fseek(r->f, 0, SEEK_SET) ? -EIO : put_head(r);
	if (fclose(r->f) && !err)
		err = -EIO;
	mem_free(r);
	return err;
}
