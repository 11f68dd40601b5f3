/*
 * Who or what has answered? Confusion tables of what the bot decides by signal
 * alone, and with the carrier's word; ends with 1 when a limit was missed.
 *
 * Tones are synthesised over noise 10 dB below them. Greetings, prompts and
 * short utterances are recordings of Debian's Asterisk voices, through u-law,
 * with noise and clipping. They are no real callers, and nothing is said of
 * real callers here.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/amd.h"
#include "bot/media/audio.h"
#include "bot/media/silero.h"
#include "bot/media/tones.h"
#include "bot/media/vad.h"
#include "common/attr.h"
#include "tests/bench/voices.h"

#define TWO_PI 6.28318530717958647692

enum {
	HZ = 8000,
	LINE_MAX = 60 * HZ,
	PACKET = 160,
	TONES_EACH = 200,
	SHORT_MS = 2400, /* of an utterance: somebody who answers */
	LONG_MS = 2600,  /* of a recording that may be a greeting */
	SHORT_MIN = 300, /* sizes that the tables must have */
	LONG_MIN = 100,
	TONES_MIN = 500,
	SHORT_EACH = 120, /* of a voice, at most */
	LONG_EACH = 60,
	LAG_MS = 300, /* of a decision behind its tone */
};

static int16_t sound[LINE_MAX];
static size_t len;
static uint32_t seed = 1;
static struct silero *net;
static struct voices voices;
static bool bad;

static double uniform(void)
{
	seed = seed * 1664525 + 1013904223;
	return (double)(seed >> 8) / (1 << 24);
}

/* ---- sound ----------------------------------------------------------------- */

static void put(double v)
{
	if (len < LINE_MAX)
		sound[len++] = (int16_t)(v > 32767    ? 32767
		                         : v < -32768 ? -32768
		                                      : v);
}

static void tone(double hz, unsigned ms, double level)
{
	for (unsigned i = 0; i < ms * 8; i++)
		put(level * sin(TWO_PI * hz * i / HZ));
}

static void quiet(unsigned ms)
{
	tone(0, ms, 0);
}

/* Of that standard deviation, over all of it. */
static void noise(double level)
{
	for (size_t i = 0; i < len; i++) {
		const double v =
			sound[i] + level * sqrt(3) * (2 * uniform() - 1);

		sound[i] = (int16_t)(v > 32767    ? 32767
		                     : v < -32768 ? -32768
		                                  : v);
	}
}

static double rms(size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += (double)sound[i] * sound[i];
	return to > from ? sqrt(sum / (double)(to - from)) : 0;
}

/* What the telephone makes of it. */
static void through_line(void)
{
	static uint8_t ulaw[LINE_MAX];

	(void)audio_encode(ulaw, AUDIO_ULAW_8K, sound, len);
	(void)audio_decode(sound, AUDIO_ULAW_8K, ulaw, len);
}

/* ---- tones ------------------------------------------------------------------ */

static void beep(void)
{
	tone(400 + 1550 * uniform(), 200 + (unsigned)(900 * uniform()),
	     1000 + 12000 * uniform());
}

/* As the voice before it, or up to twice so: then the noise is 10 dB below. */
static void beep_as_loud(double level)
{
	tone(400 + 1550 * uniform(), 200 + (unsigned)(900 * uniform()),
	     sqrt(2) * level * (1 + uniform()));
}

static void sit(void)
{
	const double level = 1000 + 12000 * uniform();
	const double low = uniform() < 0.5 ? 913.8 : 985.2;
	const double mid = uniform() < 0.5 ? 1370.6 : 1428.5;

	tone(low, uniform() < 0.5 ? 274 : 380, level);
	tone(mid, uniform() < 0.5 ? 274 : 380, level);
	tone(1776.7, uniform() < 0.5 ? 274 : 380, level);
}

static void fax(void)
{
	tone(2085 + 30 * uniform(), 2600 + (unsigned)(400 * uniform()),
	     1000 + 12000 * uniform());
}

static enum tone hear_tone(void)
{
	enum tone found = TONE_NONE;
	struct tones t;

	tones_init(&t);
	for (size_t i = 0; i + PACKET <= len; i += PACKET) {
		const enum tone now = tones_feed(&t, sound + i, PACKET);

		if (now != TONE_NONE)
			found = now;
	}
	return found;
}

static void tone_table(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
		enum tone want;
	} rows[] = {{"beep", beep, TONE_BEEP},
	            {"SIT", sit, TONE_SIT},
	            {"fax", fax, TONE_FAX},
	            {"noise", NULL, TONE_NONE}};
	unsigned total = 0;

	printf("tones over noise 10 dB below, synthesised\n"
	       "%-34s %6s %6s %6s %6s %6s\n",
	       "", "sounds", "none", "beep", "fax", "SIT");
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		unsigned n[4] = {0};

		for (unsigned i = 0; i < TONES_EACH; i++) {
			size_t from;
			double level;

			len = 0;
			quiet(300 + (unsigned)(20 * uniform()));
			from = len;
			if (rows[r].make)
				rows[r].make();
			level = rows[r].make ? rms(from, len)
			                     : 100 + 3000 * uniform();
			quiet(rows[r].make ? 600 : 5000);
			noise(level / sqrt(10));
			through_line();
			n[hear_tone()]++;
		}
		printf("%-34s %6d %6u %6u %6u %6u\n", rows[r].name, TONES_EACH,
		       n[TONE_NONE], n[TONE_BEEP], n[TONE_FAX], n[TONE_SIT]);
		bad = bad || n[rows[r].want] != TONES_EACH;
		total += rows[r].make ? TONES_EACH : 0;
	}
	bad = bad || total < TONES_MIN;
}

/* ---- answers ---------------------------------------------------------------- */

struct listener {
	struct amd amd;
	uint32_t now, from; /* [ms] */
	uint32_t decided;   /* 0: not */
	uint32_t longest;   /* of speech without a pause */
};

static void on_edge(const struct vad_edge *edge, void *arg)
{
	struct listener *l = arg;

	if (edge->type == VAD_SPEECH)
		l->from = l->now;
}

/* As the session does it, with what was said left out. */
static void listen(struct listener *l, bool carrier)
{
	struct tones tones;
	struct vad *vad = NULL;

	*l = (struct listener){.now = 0};
	tones_init(&tones);
	if (vad_new(&vad, &vad_silero, net, NULL, on_edge, l) != 0)
		exit(2);
	if (carrier)
		(void)amd_carrier(&l->amd, 0);
	for (size_t i = 0; i + PACKET <= len; i += PACKET) {
		enum tone heard;

		l->now = (uint32_t)(i / 8) + PACKET / 8;
		vad_feed(vad, sound + i, PACKET);
		heard = tones_feed(&tones, sound + i, PACKET);
		if (vad_speaking(vad)) {
			(void)amd_speech(&l->amd, l->now - l->from, l->now);
			if (l->now - l->from > l->longest)
				l->longest = l->now - l->from;
		}
		if (heard != TONE_BEEP ||
		    amd_is_beep(l->now - tones.ago_ms,
		                vad_speaking(vad) ? l->from : UINT32_MAX))
			(void)amd_tone(&l->amd, heard, l->now);
		if (l->amd.kind != AMD_UNKNOWN && !l->decided)
			l->decided = l->now;
	}
	vad_free(&vad);
}

static void head(const char *what)
{
	printf("\n%s\n%-34s %6s", what, "", "sounds");
	for (int k = AMD_UNKNOWN; k <= AMD_ANNOUNCEMENT; k++)
		printf(" %6.6s", amd_name((enum amd_kind)k));
	printf("\n");
}

static void row(const char *name, const unsigned *n)
{
	unsigned all = 0;

	for (int k = AMD_UNKNOWN; k <= AMD_ANNOUNCEMENT; k++)
		all += n[k];
	printf("%-34s %6u", name, all);
	for (int k = AMD_UNKNOWN; k <= AMD_ANNOUNCEMENT; k++)
		printf(" %6u", n[k]);
	printf("\n");
}

/* Louder than the line can carry, or soft; and noise. */
static void spoil(unsigned i, size_t from, size_t to)
{
	static const double gains[] = {1, 0.3, 6}, snr_db[] = {60, 20, 10};
	double level;

	for (size_t k = from; k < to; k++) {
		const double v = sound[k] * gains[i % 3];

		sound[k] = (int16_t)(v > 32767    ? 32767
		                     : v < -32768 ? -32768
		                                  : v);
	}
	level = rms(from, to);
	noise(level / pow(10, snr_db[i / 3 % 3] / 20));
	through_line();
}

enum {
	BY_SIGNAL,    /* a recording that may be a greeting */
	WITH_CARRIER, /* ... which the carrier takes for a machine's */
	WITH_BEEP,    /* ... and a beep behind it */
	SHORT_ONE,    /* somebody who answers */
	SHORT_CARRIER,
	SETS
};

static unsigned counts[SETS][VOICES_MAX][AMD_ANNOUNCEMENT + 1];
static unsigned before_beep;

static void greeting(size_t voice, unsigned i, const int16_t *v, size_t n)
{
	struct listener l;
	uint32_t end;

	for (int set = BY_SIGNAL; set <= WITH_BEEP; set++) {
		len = 0;
		quiet(400);
		memcpy(sound + len, v, n * sizeof(v[0]));
		len += n;
		quiet(700);
		end = (uint32_t)(len / 8);
		if (set == WITH_BEEP)
			beep_as_loud(rms(400 * 8, 400 * 8 + n));
		quiet(500);
		spoil(3 * (i % 3), 400 * 8, 400 * 8 + n);
		listen(&l, set == WITH_CARRIER);
		counts[set][voice][l.amd.kind]++;
		before_beep += set == WITH_BEEP && l.decided && l.decided < end;
	}
}

static void utterance(size_t voice, unsigned i, const int16_t *v, size_t n)
{
	struct listener l;

	for (int set = SHORT_ONE; set <= SHORT_CARRIER; set++) {
		len = 0;
		quiet(400);
		memcpy(sound + len, v, n * sizeof(v[0]));
		len += n;
		quiet(1500);
		spoil(i, 400 * 8, 400 * 8 + n);
		listen(&l, set == SHORT_CARRIER);
		counts[set][voice][l.amd.kind]++;
	}
}

/* Short recordings, and pieces of long ones; long ones whole. */
static void use(const struct voices_file *f, unsigned n[2][VOICES_MAX])
{
	static int16_t v[20 * HZ]; /* machines are looked for in 30 s */
	const size_t all = voices_load(f, v, ARRAY_LEN(v));
	const size_t ms = all / 8;
	size_t from = 0, part = all;

	if (ms < 300 || all == ARRAY_LEN(v))
		return;
	if (ms >= LONG_MS && n[1][f->voice] < LONG_EACH)
		greeting(f->voice, n[1][f->voice]++, v, all);
	if (ms > SHORT_MS) {
		part = 8 * (500 + (size_t)((SHORT_MS - 500) * uniform()));
		from = (size_t)((double)(all - part) * uniform());
	}
	if (n[0][f->voice] < SHORT_EACH)
		utterance(f->voice, n[0][f->voice]++, v + from, part);
}

static unsigned table(int set, const char *name, enum amd_kind want)
{
	unsigned sum[AMD_ANNOUNCEMENT + 1] = {0}, all = 0;

	for (size_t v = 0; v < voices.n_voices; v++)
		for (int k = AMD_UNKNOWN; k <= AMD_ANNOUNCEMENT; k++) {
			sum[k] += counts[set][v][k];
			all += counts[set][v][k];
		}
	row(name, sum);
	if (want != AMD_UNKNOWN || set >= SHORT_ONE)
		bad = bad || sum[want] != all;
	return all;
}

static void answer_tables(void)
{
	static unsigned n[2][VOICES_MAX];
	unsigned greetings, shorts;

	/* Spread over a voice's files, not its first letters. */
	for (size_t step = 0; step < 7; step++)
		for (size_t i = step; i < voices.n_files; i += 7)
			use(&voices.files[i], n);
	head("recordings of 2.6 s and more, by signal alone");
	greetings = table(BY_SIGNAL, "prompt", AMD_UNKNOWN);
	(void)table(WITH_CARRIER, "prompt, carrier says machine", AMD_UNKNOWN);
	(void)table(WITH_BEEP, "prompt, then a beep", AMD_VOICEMAIL);
	printf("(%u of the last were known before the beep)\n", before_beep);
	head("utterances of at most 2.4 s, noise and clipping");
	shorts = table(SHORT_ONE, "utterance", AMD_UNKNOWN);
	(void)table(SHORT_CARRIER, "utterance, carrier says machine",
	            AMD_UNKNOWN);
	printf("\nvoices:");
	for (size_t v = 0; v < voices.n_voices; v++)
		printf(" %s (%u+%u)", voices.names[v], n[1][v], n[0][v]);
	printf("\n");
	bad = bad || greetings < LONG_MIN || shorts < SHORT_MIN;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		(void)fprintf(stderr, "usage: bench_answer silero-8k.bin "
		                      "/usr/share/asterisk/sounds\n");
		return 2;
	}
	if (silero_new(&net, argv[1]) != 0) {
		(void)fprintf(stderr, "bench_answer: no %s\n", argv[1]);
		return 2;
	}
	voices_find(&voices, argv[2]);
	tone_table();
	answer_tables();
	silero_free(&net);
	printf("%s; no claim about real callers is made from it\n",
	       bad ? "a limit was MISSED" : "all limits held");
	return bad;
}
