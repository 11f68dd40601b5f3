#include "bot/media/tones.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/speech.h"
#include "tests/harness/test.h"

#define TWO_PI 6.28318530717958647692

enum { SECOND = TONES_HZ };

static int16_t line[20 * SECOND];
static size_t len;
static uint32_t seed = 1;

static double uniform(void)
{
	seed = seed * 1664525 + 1013904223;
	return (double)(seed >> 8) / (1 << 24);
}

static void add(double hz, unsigned ms, double level)
{
	const size_t n = ms * 8;

	CHECK(len + n <= ARRAY_LEN(line));
	for (size_t i = 0; i < n; i++)
		line[len++] =
			(int16_t)(level * sin(TWO_PI * hz * (double)i / 8000));
}

/* White noise of that standard deviation over all of it. */
static void noise(double level)
{
	for (size_t i = 0; i < len; i++) {
		const double v =
			line[i] + level * sqrt(3) * (2 * uniform() - 1);

		line[i] = (int16_t)(v > 32767    ? 32767
		                    : v < -32768 ? -32768
		                                 : v);
	}
}

static unsigned found(enum tone what)
{
	struct tones t;
	unsigned n = 0;

	tones_init(&t);
	/* Frames as they come, and of odd lengths. */
	for (size_t i = 0; i < len; i += 157)
		n += tones_feed(&t, line + i, len - i < 157 ? len - i : 157) ==
		     what;
	return n;
}

static void pitch_is_measured_within_ten_hertz(void)
{
	for (int hz = 400; hz < 2250; hz += 7) {
		len = 0;
		add(hz, 20, 8000);
		CHECK_NEAR(hz, (double)tones_pitch(line), 12);
	}
}

/* A tone of random pitch, length and level in noise 10 dB below it. */
static void no_beep_of_five_hundred_is_missed_at_ten_decibels(void)
{
	for (int i = 0; i < 500; i++) {
		const double hz = 400 + 1550 * uniform();
		const double level = 1000 + 12000 * uniform();
		const unsigned ms = 200 + (unsigned)(900 * uniform());

		len = 0;
		add(0, 300 + (unsigned)(20 * uniform()), 0);
		add(hz, ms, level);
		add(0, 500, 0);
		noise(level / sqrt(2) / sqrt(10));
		if (found(TONE_BEEP) != 1)
			test_fail(__FILE__, __LINE__,
			          "beep %d: %.0f Hz %u ms level %.0f: %u", i,
			          hz, ms, level, found(TONE_BEEP));
		CHECK_INT(0, found(TONE_SIT));
		CHECK_INT(0, found(TONE_FAX));
	}
}

static void all_special_information_tones_are_known(void)
{
	static const double low[] = {913.8, 985.2}, mid[] = {1370.6, 1428.5};
	static const unsigned ms[] = {274, 380};

	for (unsigned k = 0; k < 64; k++) {
		const double level = k & 32 ? 2000 : 9000;

		len = 0;
		add(0, 200, 0);
		add(low[k & 1], ms[k >> 1 & 1], level);
		add(mid[k >> 2 & 1], ms[k >> 3 & 1], level);
		add(1776.7, ms[k >> 4 & 1], level);
		add(0, 600, 0);
		noise(level / sqrt(2) / sqrt(10));
		CHECK_INT(1, found(TONE_SIT));
		CHECK_INT(0, found(TONE_BEEP));
	}
}

static void a_fax_is_known_while_it_answers(void)
{
	for (int i = 0; i < 100; i++) {
		const double level = 800 + 100.0 * i;

		len = 0;
		add(0, 200, 0);
		add(2085 + 30 * uniform(), 2600, level);
		add(0, 75, 0);
		noise(level / sqrt(2) / sqrt(10));
		CHECK_INT(1, found(TONE_FAX));
		CHECK_INT(0, found(TONE_BEEP));
	}
}

static void noise_and_silence_are_no_tone(void)
{
	for (int i = 0; i < 20; i++) {
		len = 0;
		add(0, 10000, 0);
		noise(50 + 400.0 * i);
		CHECK_INT(0, found(TONE_BEEP));
		CHECK_INT(0, found(TONE_SIT));
		CHECK_INT(0, found(TONE_FAX));
	}
}

/* Recordings of a person, all that are installed: none beeps. The names of
 * those that do are what they are recordings of. */
static void nobody_s_speech_is_a_beep(void)
{
	static const char dir[] = "/usr/share/asterisk/sounds/en_US_f_Allison";
	DIR *d = opendir(dir);
	const struct dirent *e;
	unsigned files = 0, beeps = 0;

	CHECK(d != NULL);
	/* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((e = readdir(d)) != NULL) {
		char path[512];
		struct speech sp;

		if (!strstr(e->d_name, ".wav") || strstr(e->d_name, "beep") ||
		    strstr(e->d_name, "tone") || strstr(e->d_name, "ascending"))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		CHECK_INT(0, speech_load(&sp, path));
		len = sp.n < ARRAY_LEN(line) ? sp.n : ARRAY_LEN(line);
		memcpy(line, sp.v, len * sizeof(line[0]));
		speech_fini(&sp);
		files++;
		if (found(TONE_BEEP) + found(TONE_SIT) + found(TONE_FAX)) {
			beeps++;
			(void)fprintf(stderr, "tone in %s\n", e->d_name);
		}
	}
	closedir(d);
	CHECK(files > 200);
	CHECK_INT(0, beeps);
}

static const struct test tests[] = {
	TEST(pitch_is_measured_within_ten_hertz),
	TEST(no_beep_of_five_hundred_is_missed_at_ten_decibels),
	TEST(all_special_information_tones_are_known),
	TEST(a_fax_is_known_while_it_answers),
	TEST(noise_and_silence_are_no_tone),
	TEST(nobody_s_speech_is_a_beep),
};

TEST_MAIN(tests)
