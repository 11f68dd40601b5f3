#include "bot/media/tones.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979F

/* Of the block's power, in the strongest bin and its neighbours. White noise
 * 10 dB below a tone leaves it 0.91; a vowel's strongest harmonic stays below
 * 0.7 over several blocks. */
#define PURE 0.78F

/* [full scale squared] 45 dB below full scale: what is fainter is no beep. */
#define FLOOR 3.2e-5F

enum {
	BEEP_BLOCKS = 8,       /* at least: 160 ms */
	BEEP_BLOCKS_MAX = 250, /* 5 s: a tone that goes on is no beep */
	FAX_BLOCKS = 25,       /* half a second */
	SIT_BLOCKS = 9,        /* 180 of 274 ms */
	SIT_BLOCKS_MAX = 24,
	SIT_IDLE = 15, /* between two of them */
	BLOCK_MS = 20,
	GAP = 1,
};

/* What networks keep to. A beep of 1000 Hz is not the second of the low ones. */
#define NEAR 0.013F

#define SAME_HZ 20.0F /* a steady tone stays within */
#define STEADY  0.15F /* spread of its level by the mean */

void tones_init(struct tones *t)
{
	memset(t, 0, sizeof(*t));
}

/* Power of each bin, relative to a full-scale tone's square. All bins go
 * through a sample together, so that the compiler can take several at once. */
static void filter(const float *x, float *power)
{
	static float coefficient[TONES_BINS];
	float s1[TONES_BINS] = {0}, s2[TONES_BINS] = {0};

	if (coefficient[0] == 0)
		for (int b = 0; b < TONES_BINS; b++)
			coefficient[b] =
				2 *
				cosf(2 * PI *
			             (float)(TONES_LOW_HZ + b * TONES_STEP_HZ) /
			             TONES_HZ);
	for (int i = 0; i < TONES_BLOCK; i++) {
		for (int b = 0; b < TONES_BINS; b++) {
			const float s = x[i] + coefficient[b] * s1[b] - s2[b];

			s2[b] = s1[b];
			s1[b] = s;
		}
	}
	for (int b = 0; b < TONES_BINS; b++)
		power[b] = (s1[b] * s1[b] + s2[b] * s2[b] -
		            coefficient[b] * s1[b] * s2[b]) /
		           (TONES_BLOCK * TONES_BLOCK / 4.0F);
}

/* The tone between bins, from the strongest and its stronger neighbour; with
 * no window two bins share a tone as sinc does. */
static float between(const float *power, int peak)
{
	const float left = peak ? sqrtf(power[peak - 1]) : 0;
	const float right = peak + 1 < TONES_BINS ? sqrtf(power[peak + 1]) : 0;
	const float mid = sqrtf(power[peak]);
	const float shift =
		right > left ? right / (right + mid) : -left / (left + mid);

	return (float)(TONES_LOW_HZ + peak * TONES_STEP_HZ) +
	       shift * TONES_STEP_HZ;
}

/* Pitch of one block, and its share of a full-scale tone's power. */
static float measure(const int16_t *block, float *level)
{
	float x[TONES_BLOCK], power[TONES_BINS], total = 0, near = 0;
	int peak = 0;

	for (int i = 0; i < TONES_BLOCK; i++) {
		x[i] = (float)block[i] / 32768;
		total += x[i] * x[i];
	}
	total /= TONES_BLOCK; /* a full-scale tone's is a half */
	if (total < FLOOR)
		return 0;
	filter(x, power);
	for (int b = 1; b < TONES_BINS; b++)
		if (power[b] > power[peak])
			peak = b;
	for (int b = peak - 2; b <= peak + 2; b++)
		if (b >= 0 && b < TONES_BINS)
			near += power[b];
	/* Bins of 50 Hz at blocks of 20 ms are orthogonal: their powers add
	 * up to the tone's. */
	if (near / 2 < PURE * total)
		return 0;
	*level = near;
	return between(power, peak);
}

float tones_pitch(const int16_t *block)
{
	float level;

	return measure(block, &level);
}

/* A machine's tone keeps its level; its first and last block may be cut. */
static bool is_steady(const struct tones *t)
{
	const float n = (float)t->levels, mean = t->level_sum / n;
	const float spread = t->level_squares / n - mean * mean;

	return t->levels && spread < STEADY * STEADY * mean * mean;
}

static void note_level(struct tones *t, float level)
{
	if (t->run > 2) {
		t->level_sum += t->last_level;
		t->level_squares += t->last_level * t->last_level;
		t->levels++;
	}
	t->last_level = level;
}

static bool is_near(float hz, float want)
{
	return fabsf(hz - want) < want * NEAR;
}

static bool is_sit(const struct tones *t)
{
	if (t->run < SIT_BLOCKS || t->run > SIT_BLOCKS_MAX)
		return false;
	if (t->sit == 0)
		return is_near(t->run_hz, 914) || is_near(t->run_hz, 985);
	if (t->sit == 1)
		return is_near(t->run_hz, 1371) || is_near(t->run_hz, 1429);
	return is_near(t->run_hz, 1777);
}

/* The tone has ended: what was it? */
static enum tone judge(struct tones *t)
{
	const bool beep = t->run >= BEEP_BLOCKS && t->run <= BEEP_BLOCKS_MAX &&
	                  t->run_hz < 2050 && is_steady(t);

	if (is_sit(t)) {
		t->idle = 0;
		if (++t->sit < 3)
			return TONE_NONE;
		t->sit = 0;
		return TONE_SIT;
	}
	t->sit = 0;
	return beep ? TONE_BEEP : TONE_NONE;
}

static enum tone end_run(struct tones *t)
{
	const enum tone what = judge(t);

	t->ago_ms = (t->run + t->gap) * BLOCK_MS;
	t->run = 0;
	t->gap = 0;
	t->fax_told = false;
	return what;
}

/* The first tone of a SIT may be a beep after all: when no second follows. */
static enum tone pass_time(struct tones *t)
{
	if (!t->sit || ++t->idle <= SIT_IDLE)
		return TONE_NONE;
	t->sit = 0;
	t->ago_ms += t->idle * BLOCK_MS;
	return TONE_BEEP;
}

static enum tone step(struct tones *t)
{
	float level = 0;
	const float hz = measure(t->block, &level);
	enum tone what = TONE_NONE;

	if (t->run && hz > 0 && fabsf(hz - t->run_hz) < SAME_HZ) {
		t->run_hz += (hz - t->run_hz) / (float)++t->run;
		t->gap = 0;
		note_level(t, level);
		if (t->run >= FAX_BLOCKS && is_near(t->run_hz, 2100) &&
		    !t->fax_told) {
			t->fax_told = true;
			return TONE_FAX;
		}
		return TONE_NONE;
	}
	if (t->run && ++t->gap <= GAP)
		return TONE_NONE;
	if (t->run)
		what = end_run(t);
	else if (hz == 0)
		return pass_time(t);
	if (hz > 0) {
		t->run = 1;
		t->run_hz = hz;
		t->gap = 0;
		t->levels = 0;
		t->level_sum = t->level_squares = 0;
	}
	return what;
}

enum tone tones_feed(struct tones *t, const int16_t *pcm, size_t n)
{
	enum tone what = TONE_NONE;

	while (n) {
		const size_t room = TONES_BLOCK - t->n;
		const size_t part = n < room ? n : room;
		enum tone now;

		memcpy(t->block + t->n, pcm, part * sizeof(*pcm));
		t->n += part;
		pcm += part;
		n -= part;
		if (t->n < TONES_BLOCK)
			break;
		t->n = 0;
		now = step(t);
		if (now != TONE_NONE)
			what = now;
	}
	return what;
}
