#include "bot/media/audio.h"
#include "bot/media/g711.h"
#include "bot/media/resample.h"
#include "bot/media/ring.h"

#include <errno.h>
#include <stdlib.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static const double pi = 3.14159265358979323846;

/* Segment end points as the recommendation lists them, 14 bit. */
static void ulaw_decodes_the_recommendations_values(void)
{
	static const struct {
		uint8_t u;
		int v;
	} t[] = {
		{0x80, 32124}, {0x00, -32124}, {0xff, 0},    {0x7f, 0},
		{0x8f, 16764}, {0x9f, 8316},   {0xaf, 4092}, {0xbf, 1980},
		{0xcf, 924},   {0xdf, 396},    {0xef, 132},  {0xfe, 8},
		{0x7e, -8},    {0x70, -120},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		CHECK_INT(t[i].v, g711_ulaw_to_linear(t[i].u));
}

static void every_ulaw_byte_comes_back(void)
{
	for (int u = 0; u < 256; u++) {
		int16_t s = g711_ulaw_to_linear((uint8_t)u), t;
		uint8_t in = (uint8_t)u, out;

		g711_ulaw_decode(&t, &in, 1);
		CHECK_INT(s, t);
		g711_ulaw_encode(&out, &s, 1);
		/* There are two zeros; the positive one is what comes back. */
		CHECK_INT(u == 0x7f ? 0xff : u, out);
	}
}

static void every_sample_is_encoded_to_a_near_value(void)
{
	for (int v = INT16_MIN; v <= INT16_MAX; v++) {
		int16_t s = (int16_t)v, back;
		uint8_t u;
		int best = 1 << 20;

		g711_ulaw_encode(&u, &s, 1);
		CHECK_INT(g711_linear_to_ulaw(s), u);
		g711_ulaw_decode(&back, &u, 1);
		for (int other = 0; v % 61 == 0 && other < 256; other++) {
			int d = v - g711_ulaw_to_linear((uint8_t)other);

			d = d < 0 ? -d : d;
			best = d < best ? d : best;
		}
		/* Two bits are not looked at, and where the steps double the
		 * recommendation's decision is half a small step early. */
		if (v % 61 == 0)
			CHECK(abs(v - back) <= best + 8 + abs(v) / 60);
	}
}

static void the_lines_formats_go_there_and_back(void)
{
	const int16_t s[] = {0, 1, -1, 256, -32768, 32767, 8, -8};
	int16_t back[8];
	uint8_t b[16];

	CHECK_INT(16, audio_encode(b, AUDIO_L16_16K, s, 8));
	CHECK_INT(0x01, b[2]);
	CHECK_INT(0x00, b[3]);
	CHECK_INT(0xff, b[4]);
	CHECK_INT(0x80, b[9]);
	CHECK_INT(8, audio_decode(back, AUDIO_L16_8K, b, 16));
	CHECK(memcmp(s, back, sizeof s) == 0);
	CHECK_INT(7, audio_decode(back, AUDIO_L16_8K, b, 15));
	CHECK_INT(8, audio_encode(b, AUDIO_ULAW_8K, s, 8));
	CHECK_INT(0xff, b[0]);
	CHECK_INT(8, audio_decode(back, AUDIO_ULAW_8K, b, 8));
	CHECK_INT(8, back[6]);
	CHECK_INT(0xff, audio_silence(AUDIO_ULAW_8K));
	CHECK_INT(8, audio_bytes_per_ms(AUDIO_ULAW_8K));
	CHECK_INT(32, audio_bytes_per_ms(AUDIO_L16_16K));
}

/* A ring against a plain array that does the same. */
static void a_ring_keeps_bytes_in_order_whatever_is_done(void)
{
	enum { LIMIT = 3000 };
	static uint8_t model[LIMIT], in[4000], got[LIMIT];
	struct ring r;
	size_t len = 0;
	uint32_t seed = 7;

	ring_init(&r, LIMIT);
	for (int i = 0; i < 20000; i++) {
		size_t n, k;

		seed = seed * 1664525 + 1013904223;
		n = (seed >> 8) % (seed >> 29 ? 700 : 4000);
		for (k = 0; k < n; k++)
			in[k] = (uint8_t)(i + (int)k);
		switch (seed >> 24 & 3) {
		case 0:
			if (len + n > LIMIT) {
				CHECK_INT(ERR_LIMIT, ring_push(&r, in, n));
				break;
			}
			CHECK_INT(0, ring_push(&r, in, n));
			memcpy(model + len, in, n);
			len += n;
			break;
		case 1: {
			size_t all = len + n;
			size_t over = all > LIMIT ? all - LIMIT : 0;
			size_t old = over < len ? over : len;

			CHECK_INT(over, ring_roll(&r, in, n));
			memmove(model, model + old, len - old);
			len -= old;
			memcpy(model + len, in + (over - old),
			       n - (over - old));
			len += n - (over - old);
			break;
		}
		case 2:
			n = n > len ? len : n;
			ring_drop(&r, n);
			memmove(model, model + n, len - n);
			len -= n;
			break;
		default:
			ring_cut(&r, n + 100);
			len = n + 100 < len ? n + 100 : len;
			break;
		}
		CHECK_INT(len, r.len);
		k = (seed >> 4) % (len + 1);
		CHECK_INT(len - k, ring_peek(&r, k, got, sizeof got));
		CHECK(memcmp(got, model + k, len - k) == 0);
		CHECK(r.cap <= LIMIT);
	}
	ring_fini(&r);
	CHECK_INT(0, mem_live());
}

static void an_empty_ring_gives_much_memory_back(void)
{
	static uint8_t v[100000];
	struct ring r;

	ring_init(&r, sizeof v);
	CHECK_INT(0, ring_push(&r, v, sizeof v));
	CHECK_INT(ERR_LIMIT, ring_push(&r, v, 1));
	CHECK_INT(1, mem_live());
	ring_drop(&r, sizeof v);
	CHECK_INT(0, mem_live());
	mem_fail_after(0);
	CHECK_INT(-ENOMEM, ring_push(&r, v, 1));
	mem_fail_after(0);
	CHECK_INT(-ENOMEM, ring_roll(&r, v, 1));
	mem_fail_after(-1);
	CHECK_INT(0, ring_roll(&r, v, 0));
	CHECK_INT(0, mem_live());
}

enum { SECOND_MAX = 24000 };

static int16_t tone[SECOND_MAX], result[SECOND_MAX + 64];

static void make_tone(double hz, uint32_t rate, double level)
{
	for (uint32_t i = 0; i < rate; i++)
		tone[i] = (int16_t)lrint(level * sin(2 * pi * hz * i / rate));
}

static size_t convert(uint32_t from, uint32_t to, size_t piece)
{
	struct resample *r;
	size_t n = 0;

	CHECK_INT(0, resample_new(&r, from, to));
	for (size_t at = 0; at < from; at += piece) {
		size_t k = at + piece > from ? from - at : piece, got;

		got = resample_run(r, result + n, tone + at, k);
		CHECK(got <= resample_room(r, k));
		n += got;
	}
	n += resample_flush(r, result + n);
	resample_free(&r);
	return n;
}

/* Power of the tone itself, in phase, against all the rest [dB]. */
static double snr(double hz, uint32_t rate, double level)
{
	double noise = 0, signal = 0;

	/* The edges of the sound have no silence's share in them. */
	for (uint32_t i = rate / 100; i < rate - rate / 100; i++) {
		double want = level * sin(2 * pi * hz * i / rate);

		signal += want * want;
		noise += (result[i] - want) * (result[i] - want);
	}
	return 10 * log10(signal / noise);
}

static const uint32_t rates[] = {8000, 16000, 24000};

static void tones_pass_with_50_db_and_in_phase(void)
{
	static const double hz[] = {100, 440, 1000, 2500, 3300};

	for (size_t i = 0; i < 9; i++) {
		uint32_t from = rates[i / 3], to = rates[i % 3];

		for (size_t k = 0; k < ARRAY_LEN(hz); k++) {
			make_tone(hz[k], from, 12000);
			CHECK_INT(to, convert(from, to, 480));
			CHECK(snr(hz[k], to, 12000) > 50);
		}
	}
}

static void tones_above_the_new_band_are_gone(void)
{
	static const double hz[] = {4700, 5500, 7000};

	for (size_t k = 0; k < ARRAY_LEN(hz); k++) {
		for (size_t i = 1; i < 3; i++) {
			double power = 0;

			make_tone(hz[k], rates[i], 12000);
			CHECK_INT(8000, convert(rates[i], 8000, 333));
			for (int n = 100; n < 7900; n++)
				power += (double)result[n] * result[n];
			/* 50 dB below the tone's power. */
			CHECK(power / 7800 < 12000.0 * 12000 / 2 * 1e-5);
		}
	}
}

static void pieces_make_no_difference(void)
{
	static const size_t pieces[] = {1, 2, 3, 7, 160, 257, 1000};
	static int16_t whole[SECOND_MAX];
	uint32_t seed = 3;

	for (uint32_t i = 0; i < SECOND_MAX; i++) {
		seed = seed * 1664525 + 1013904223;
		tone[i] = (int16_t)(seed >> 16);
	}
	for (size_t i = 0; i < 9; i++) {
		uint32_t from = rates[i / 3], to = rates[i % 3];

		CHECK_INT(to, convert(from, to, from));
		memcpy(whole, result, to * sizeof whole[0]);
		for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
			CHECK_INT(to, convert(from, to, pieces[k]));
			CHECK(memcmp(whole, result, to * sizeof whole[0]) == 0);
		}
	}
}

static void a_constant_stays_one_and_full_scale_does_not_wrap(void)
{
	for (int i = 0; i < SECOND_MAX; i++)
		tone[i] = INT16_MAX;
	CHECK_INT(8000, convert(24000, 8000, 100));
	for (int i = 100; i < 7900; i++)
		CHECK(result[i] >= INT16_MAX - 2);
	for (int i = 0; i < 8000; i++)
		CHECK(result[i] >= 0);
	for (int i = 0; i < 8000; i++)
		tone[i] = i / 40 % 2 ? INT16_MAX : INT16_MIN;
	CHECK_INT(24000, convert(8000, 24000, 160));
	for (int i = 200; i < 23000; i++) {
		/* Ringing beside a jump is clipped, not wrapped round. */
		if (i % 120 > 30 && i % 120 < 90)
			CHECK((result[i] > 0) == (tone[i / 3] > 0));
	}
}

static void a_sound_of_a_few_samples_keeps_its_length(void)
{
	struct resample *r;
	int16_t out[64];

	CHECK_INT(0, resample_new(&r, 24000, 8000));
	for (size_t len = 0; len < 12; len++) {
		size_t n;

		memset(tone, 0, sizeof tone);
		n = resample_run(r, out, tone, len);
		n += resample_flush(r, out + n);
		CHECK_INT((len + 2) / 3, n);
	}
	resample_free(&r);
	CHECK_INT(-EINVAL, resample_new(&r, 44100, 8000));
	CHECK_INT(-EINVAL, resample_new(&r, 8000, 0));
	mem_fail_after(0);
	CHECK_INT(-ENOMEM, resample_new(&r, 8000, 16000));
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST(ulaw_decodes_the_recommendations_values),
	TEST(every_ulaw_byte_comes_back),
	TEST(every_sample_is_encoded_to_a_near_value),
	TEST(the_lines_formats_go_there_and_back),
	TEST(a_ring_keeps_bytes_in_order_whatever_is_done),
	TEST(an_empty_ring_gives_much_memory_back),
	TEST(tones_pass_with_50_db_and_in_phase),
	TEST(tones_above_the_new_band_are_gone),
	TEST(pieces_make_no_difference),
	TEST(a_constant_stays_one_and_full_scale_does_not_wrap),
	TEST(a_sound_of_a_few_samples_keeps_its_length),
};

TEST_MAIN(tests)
