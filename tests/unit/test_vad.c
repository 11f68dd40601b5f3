#include "bot/media/vad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/media/loudness.h"
#include "bot/media/silero.h"
#include "common/mem.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"

/*
 * The scripted net reads its answer off the samples: a chunk says "speech"
 * when its first sample is odd.
 */
static float by_script(void *state, const void *model, const int16_t *pcm)
{
	(void)state;
	(void)model;
	return pcm[0] & 1 ? 0.9F : 0.1F;
}

static const struct vad_ops scripted = {.name = "script", .step = by_script};

/* A net that remembers: its answer is the share of its last answer. */
static float with_memory(void *state, const void *model, const int16_t *pcm)
{
	float *last = state;

	CHECK_INT(42, *(const int *)model);
	*last = 0.5F * *last + (pcm[0] & 1 ? 0.5F : 0);
	return *last;
}

static const struct vad_ops remembering = {
	.name = "memory", .state_size = sizeof(float), .step = with_memory};

static char told[4096];
static struct vad *vad;
static const double pi = 3.14159265358979323846;

static void on_edge(const struct vad_edge *e, void *arg)
{
	char one[64];

	(void)arg;
	(void)snprintf(one, sizeof one, "%c%u-%u ",
	               e->type == VAD_SPEECH ? 'S' : 'E', (unsigned)e->since_ms,
	               (unsigned)e->at_ms);
	strncat(told, one, sizeof told - strlen(told) - 1);
}

/* A second-formant-like tone of @level of full scale [dB]. */
static void tone(int16_t *pcm, size_t n, size_t from, double db)
{
	double a = 32768 * pow(10, db / 20) * sqrt(2);

	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)lrint(
			a * sin(2 * pi * 1000 * (double)(from + i) / 8000));
}

/* '1' a loud chunk of speech, '0' a loud chunk of something else, '.' digital
 * silence. */
static size_t script_to_pcm(int16_t *pcm, const char *script)
{
	size_t n = strlen(script);

	for (size_t c = 0; c < n; c++) {
		int16_t *chunk = pcm + c * VAD_CHUNK;

		if (script[c] == '.') {
			memset(chunk, 0, VAD_CHUNK * sizeof *chunk);
			continue;
		}
		tone(chunk, VAD_CHUNK, c * VAD_CHUNK, -25);
		chunk[0] = script[c] == '1' ? 1 : 2;
	}
	return n * VAD_CHUNK;
}

static int16_t pcm[200 * VAD_CHUNK];

static const char *edges_of(const char *script, size_t piece,
                            const struct vad_params *prm)
{
	size_t n = script_to_pcm(pcm, script), at = 0;

	told[0] = '\0';
	CHECK_INT(0, vad_new(&vad, &scripted, NULL, prm, on_edge, NULL));
	for (; at < n; at += piece)
		vad_feed(vad, pcm + at, piece < n - at ? piece : n - at);
	CHECK_INT(n / 8, vad_now_ms(vad));
	vad_free(&vad);
	CHECK_INT(0, mem_live());
	return told;
}

static void six_chunks_begin_and_end_speech(void)
{
	CHECK_STR("S192-384 ", edges_of("111110111111", 160, NULL));
	CHECK_STR("S0-192 ", edges_of("111111000001000001", 160, NULL));
	CHECK_STR("S0-192 E384-576 ",
	          edges_of("1111110000010000000", 160, NULL));
	CHECK_STR("", edges_of("111110111110", 160, NULL));
}

static void packets_of_any_size_make_no_difference(void)
{
	static const size_t pieces[] = {1,   8,   80,  160,  255,
	                                256, 257, 320, 8000, 100000};
	static const char script[] = "0011111110000000011111000111111100000100"
				     "00000011111111000000......1111111000000";
	char want[sizeof told];

	memcpy(want, edges_of(script, 160, NULL), sizeof want);
	/* Seven good chunks and a bad one within one piece count, too. */
	CHECK(strncmp(want, "S64-256 E288-480 S", 18) == 0);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
		CHECK_STR(want, edges_of(script, pieces[i], NULL));
}

static void parameters_are_used(void)
{
	const struct vad_params quick = {.start_ms = 96, .stop_ms = 64};
	const struct vad_params sure = {.confidence = 0.95F};
	const struct vad_params loud = {.min_volume = 0.9F};

	CHECK_STR("S0-96 E128-192 ", edges_of("111100", 160, &quick));
	CHECK_STR("", edges_of("11111111", 160, &sure));
	CHECK_STR("", edges_of("11111111", 160, &loud));
}

/* The callee's "yes" after the digital silence of a good line: 300 ms. */
static void a_short_yes_after_digital_silence_is_heard(void)
{
	const struct vad_params slow = {.volume = VAD_VOLUME_SLOW};
	static const char yes[] = "....................111111111......";

	CHECK_STR("S640-832 E928-1120 ", edges_of(yes, 160, NULL));
	CHECK_STR("", edges_of(yes, 160, &slow));
}

static void the_slow_volume_takes_as_long_as_pipecats(void)
{
	const struct vad_params slow = {.volume = VAD_VOLUME_SLOW};

	/* Loud enough from the seventh chunk on: 384 ms after the onset. */
	CHECK_STR("S832-1024 ",
	          edges_of("....................111111111111", 160, &slow));
	/* In the first 400 ms of a call nothing counts. */
	CHECK_STR("", edges_of("111111111111111111", 160, &slow));
}

static void the_net_rests_in_silence_and_is_told_what_it_missed(void)
{
	static const int model = 42;
	struct vad_level lv;
	size_t n;

	CHECK_INT(0, vad_new(&vad, &remembering, &model, NULL, on_edge, NULL));
	n = script_to_pcm(pcm, "...................."
	                       "....................");
	vad_feed(vad, pcm, n);
	vad_level(vad, &lv);
	CHECK_INT(40, lv.chunks);
	CHECK_INT(0, lv.steps);
	n = script_to_pcm(pcm, "1");
	vad_feed(vad, pcm, n);
	vad_level(vad, &lv);
	CHECK_INT(9, lv.steps); /* 256 ms before, and this one */
	CHECK_NEAR(0.5, (double)lv.confidence, 1e-6);
	vad_free(&vad);
}

static void the_gate_changes_no_decision(void)
{
	const struct vad_params open = {.no_gate = true};
	char script[160], want[sizeof told];
	uint32_t seed = 5;

	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i + 1 < sizeof script; i++) {
			seed = seed * 1664525 + 1013904223;
			/* Stretches of the same, mostly. */
			if (i && seed >> 29)
				script[i] = script[i - 1];
			else
				script[i] = "10."[(seed >> 20) % 3];
		}
		script[sizeof script - 1] = '\0';
		memcpy(want, edges_of(script, 160, &open), sizeof want);
		CHECK_STR(want, edges_of(script, 160, NULL));
	}
}

static void speech_ends_when_no_audio_comes(void)
{
	size_t n = script_to_pcm(pcm, "11111111");

	told[0] = '\0';
	CHECK_INT(0, vad_new(&vad, &scripted, NULL, NULL, on_edge, NULL));
	vad_starved(vad);
	CHECK_STR("", told);
	vad_feed(vad, pcm, n);
	CHECK(vad_speaking(vad));
	vad_starved(vad);
	CHECK(!vad_speaking(vad));
	vad_starved(vad);
	CHECK_STR("S0-192 E256-256 ", told);
	vad_feed(vad, pcm, n);
	CHECK_STR("S0-192 E256-256 S256-448 ", told);
	vad_free(&vad);
	mem_fail_after(0);
	CHECK_INT(-ENOMEM, vad_new(&vad, &scripted, NULL, NULL, on_edge, NULL));
}

static float after_400_ms(double hz, double amplitude)
{
	struct loudness l;
	float lufs = 0;

	loudness_init(&l);
	for (int i = 0; i < 20 * LOUDNESS_CHUNK; i++)
		pcm[i] =
			(int16_t)lrint(amplitude * sin(2 * pi * hz * i / 8000));
	for (int i = 0; i < 20; i++)
		lufs = loudness_add(&l, pcm + (ptrdiff_t)i * LOUDNESS_CHUNK);
	return lufs;
}

/* The standard's own calibration: 997 Hz at full scale reads -3.01 LUFS. */
static void loudness_is_calibrated(void)
{
	CHECK_NEAR(-3.01, (double)after_400_ms(997, 32767), 0.3);
	CHECK_NEAR(-43.01, (double)after_400_ms(997, 327.67), 0.3);
	CHECK_NEAR(-3.7 + 4, (double)after_400_ms(3500, 32767), 0.3);
	CHECK((double)after_400_ms(20, 32767) < -12);
	CHECK_NEAR(-120, (double)after_400_ms(997, 0), 1e-6);
	/* Unweighted, as it is too quiet to matter. */
	CHECK_NEAR(-69.7 - 3.01, (double)after_400_ms(997, 11), 1.5);
}

struct edges {
	struct vad_edge v[64];
	size_t n;
};

static void collect(const struct vad_edge *e, void *arg)
{
	struct edges *edges = arg;

	CHECK(edges->n < ARRAY_LEN(edges->v));
	edges->v[edges->n++] = *e;
}

static uint64_t run_net(struct edges *edges, const struct silero *net,
                        const struct speech *sp, bool no_gate)
{
	const struct vad_params prm = {.no_gate = no_gate};
	struct vad_level lv;

	edges->n = 0;
	CHECK_INT(0, vad_new(&vad, &vad_silero, net, &prm, collect, edges));
	for (size_t at = 0; at + 160 <= sp->n; at += 160)
		vad_feed(vad, sp->v + at, 160);
	vad_level(vad, &lv);
	vad_free(&vad);
	return lv.steps;
}

/* A person speaks after a second of silence and two before the end. */
static void the_gate_saves_the_net_and_finds_the_same_speech(void)
{
	static const char *const prompts[] = {"tt-monkeys", "vm-goodbye",
	                                      "demo-congrats", "digits/5"};
	static struct edges with, without;
	struct silero *net;

	CHECK_INT(0, silero_new(&net, speech_model("silero-8k.bin")));
	for (size_t i = 0; i < ARRAY_LEN(prompts); i++) {
		struct speech sp;
		uint64_t steps, all;

		speech_prompt(&sp, prompts[i]);
		speech_pad(&sp, 1000, 2000);
		all = run_net(&without, net, &sp, true);
		steps = run_net(&with, net, &sp, false);
		CHECK_INT(without.n, with.n);
		/* Screaming monkeys are loud, and nobody speaks. */
		CHECK((with.n == 0) == (i == 0));
		CHECK(with.n % 2 == 0);
		CHECK(!with.n || with.v[0].since_ms >= 960);
		for (size_t k = 0; k < with.n; k++) {
			CHECK_INT(without.v[k].type, with.v[k].type);
			CHECK_NEAR((double)without.v[k].at_ms,
			           (double)with.v[k].at_ms, 32);
		}
		/* A second before and more than one behind. */
		CHECK(steps + 60 < all);
		speech_fini(&sp);
	}
	silero_free(&net);
}

static const struct test tests[] = {
	TEST(six_chunks_begin_and_end_speech),
	TEST(packets_of_any_size_make_no_difference),
	TEST(parameters_are_used),
	TEST(a_short_yes_after_digital_silence_is_heard),
	TEST(the_slow_volume_takes_as_long_as_pipecats),
	TEST(the_net_rests_in_silence_and_is_told_what_it_missed),
	TEST(the_gate_changes_no_decision),
	TEST(speech_ends_when_no_audio_comes),
	TEST(loudness_is_calibrated),
	TEST(the_gate_saves_the_net_and_finds_the_same_speech),
};

TEST_MAIN(tests)
