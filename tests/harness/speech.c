#include "tests/harness/speech.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bot/engine/models.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static const char PROMPTS[] = "/usr/share/asterisk/sounds/en_US_f_Allison";

enum { RIFF_HEADER = 12, CHUNK_HEADER = 8, SAMPLES_MAX = 8000 * 600 };

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* Skip to the data chunk; its length in bytes, or ERR_PROTO. */
static long find_data(FILE *f)
{
	uint8_t h[RIFF_HEADER];

	if (fread(h, RIFF_HEADER, 1, f) != 1 || memcmp(h, "RIFF", 4) != 0)
		return ERR_PROTO;
	while (fread(h, CHUNK_HEADER, 1, f) == 1) {
		if (memcmp(h, "data", 4) == 0)
			return (long)le32(h + 4);
		if (fseek(f, (long)le32(h + 4), SEEK_CUR) != 0)
			break;
	}
	return ERR_PROTO;
}

int speech_load(struct speech *sp, const char *path)
{
	FILE *f = fopen(path, "rb");
	long bytes;

	*sp = (struct speech){0};
	if (!f)
		return -errno;
	bytes = find_data(f);
	if (bytes > 0 && bytes <= 2 * SAMPLES_MAX)
		sp->v = mem_alloc((size_t)bytes);
	if (sp->v)
		sp->n = fread(sp->v, 2, (size_t)bytes / 2, f);
	(void)fclose(f);
	if (bytes < 0)
		return ERR_PROTO;
	return sp->v ? 0 : -ENOMEM;
}

/* What u-law leaves of a sample; written apart from the program's own. */
static int16_t through_ulaw(int16_t s)
{
	int size = s < 0 ? -s : s, shift = 3;

	size = (size > 32635 ? 32635 : size) + 132;
	while (size >> (shift + 5))
		shift++;
	size = (((size >> shift) << shift) | 1 << (shift - 1)) - 132;
	return (int16_t)(s < 0 ? -size : size);
}

bool speech_exists(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s.wav", PROMPTS, name);
	return access(path, R_OK) == 0;
}

void speech_prompt(struct speech *sp, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s.wav", PROMPTS, name);
	if (speech_load(sp, path))
		test_fail(__FILE__, __LINE__,
		          "no %s: install asterisk-core-sounds-en-wav", path);
	for (size_t i = 0; i < sp->n; i++)
		sp->v[i] = through_ulaw(sp->v[i]);
}

void speech_pad(struct speech *sp, size_t before_ms, size_t after_ms)
{
	size_t n = sp->n + (before_ms + after_ms) * 8;
	int16_t *v = mem_zalloc(n * sizeof(*v));

	CHECK(v != NULL);
	if (sp->n)
		memcpy(v + before_ms * 8, sp->v, sp->n * sizeof(*v));
	mem_free(sp->v);
	sp->v = v;
	sp->n = n;
}

void speech_fini(struct speech *sp)
{
	mem_free(sp->v);
	*sp = (struct speech){0};
}

const char *speech_model(const char *name)
{
	static char path[MODELS_PATH_MAX];

	if (models_find(path, sizeof(path), getenv("MODELS_DIR"), name))
		test_fail(__FILE__, __LINE__, "no model %s: run make deps",
		          name);
	return path;
}
