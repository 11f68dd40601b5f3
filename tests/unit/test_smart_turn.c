/*
 * What the net for the end of a turn is given, and what it says, against the
 * reference implementation: turn_reference.py wrote down what that makes of
 * the same recordings.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/engine/ort.h"
#include "bot/engine/smart_turn.h"
#include "common/mem.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"

enum {
	VALUES = TURN_BANDS * TURN_MEL_FRAMES,
	NAME_MAX_LEN = 64,
	LINE_MAX_LEN = 8192,
	STEP = 16127, /* from value to value of the reference's lines */
};

static const char reference[] = "tests/data/turn_reference.txt";
static struct turn_frame frames[TURN_MEL_FRAMES];
static float features[VALUES];
static char line[LINE_MAX_LEN];

/* As a call has it: in pieces of 20 ms. */
static void hear(struct turn_mel *m, const int16_t *v, size_t n, uint32_t hz,
                 bool follow)
{
	const size_t piece = hz / 50;

	for (size_t i = 0; i < n; i += piece) {
		struct pcm pcm = {v + i, n - i < piece ? n - i : piece, hz};

		turn_mel_push(m, &pcm, follow);
	}
}

/* The prompt's first @ms (0: all), and what the telephone line has behind
 * it. */
static void load(struct speech *sp, const char *name, size_t ms, uint32_t hz)
{
	speech_prompt(sp, name);
	if (ms)
		sp->n = ms * 8;
	speech_pad(sp, 0, hz / 5 / 8);
	sp->n -= sp->n % (hz / 100);
}

static void features_of(const struct turn_kit *kit, const struct speech *sp,
                        uint32_t hz, bool follow)
{
	struct turn_mel *m;

	CHECK_INT(0, turn_mel_new(&m, kit, hz));
	turn_mel_begin(m, 0);
	hear(m, sp->v, sp->n, hz, follow);
	turn_mel_look(m, frames);
	turn_kit_features(kit, features, frames, TURN_MEL_FRAMES);
	turn_mel_free(&m);
}

/* What follows a line's kind and the name of a prompt; NULL: another kind. */
static char *numbers(char *text, const char *kind, char name[NAME_MAX_LEN])
{
	const size_t n = strlen(kind);
	size_t len;

	if (strncmp(text, kind, n) != 0 || text[n] != ' ')
		return NULL;
	text += n + 1;
	len = strcspn(text, " ");
	CHECK(len && len < NAME_MAX_LEN && text[len]);
	memcpy(name, text, len);
	name[len] = '\0';
	return text + len;
}

/* Where the 16 kHz are given, only the arithmetic differs; else the upsampling,
 * too. */
static unsigned compare(const struct turn_kit *kit, char *text)
{
	char name[NAME_MAX_LEN], *at = numbers(text, "features", name);
	struct speech sp;
	unsigned n = 0;
	const uint32_t hz = (uint32_t)strtoul(at, &at, 10);

	CHECK(*at == ':');
	load(&sp, name, 0, hz);
	features_of(kit, &sp, hz, true);
	at++;
	for (char *end;; at = end, n++) {
		const double want = strtod(at, &end);

		if (end == at)
			break;
		CHECK_NEAR(want, features[n * STEP % VALUES], 1e-3);
	}
	speech_fini(&sp);
	return n;
}

static FILE *open_reference(void)
{
	FILE *f = fopen(reference, "r");

	CHECK(f != NULL);
	return f;
}

static void features_are_those_of_the_reference(void)
{
	FILE *f = open_reference();
	struct turn_kit *kit;
	unsigned n = 0;

	CHECK_INT(0, turn_kit_new(&kit));
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "features", 8))
			n += compare(kit, line);
	CHECK(n >= 4000);
	(void)fclose(f);
	turn_kit_free(&kit);
	CHECK_INT(0, mem_live());
}

static float judge(const struct smart_turn *turn, const struct speech *sp)
{
	struct turn_mel *m;
	float p;

	CHECK_INT(0, turn_mel_new(&m, smart_turn_kit(turn), 8000));
	turn_mel_begin(m, 0);
	hear(m, sp->v, sp->n, 8000, true);
	turn_mel_look(m, frames);
	CHECK_INT(0, smart_turn_judge(turn, frames, &p));
	turn_mel_free(&m);
	return p;
}

/* What the verdicts were, for clips on which the reference is sure of itself
 * and for those on which the last digit decides. */
struct tally {
	unsigned clips, complete, differ;
};

static void judge_clip(const struct smart_turn *turn, char *text,
                       struct tally tally[2])
{
	char name[NAME_MAX_LEN], *at = numbers(text, "verdict", name);
	struct tally *t;
	struct speech sp;
	size_t ms;
	float want, p;

	if (!at)
		return;
	ms = strtoul(at, &at, 10);
	want = strtof(at, &at);
	t = &tally[strtoul(at, NULL, 10) != 0];
	load(&sp, name, ms, 8000);
	p = judge(turn, &sp);
	t->clips++;
	t->complete += p > SMART_TURN_YES;
	t->differ += (p > SMART_TURN_YES) != (want > SMART_TURN_YES);
	speech_fini(&sp);
}

static struct ort *ort;
static struct smart_turn *net;

static void begin(void)
{
	CHECK_INT(0, ort_open(&ort, speech_model("libonnxruntime.so")));
	CHECK_INT(0, smart_turn_new(&net, ort, speech_model(SMART_TURN_FILE)));
}

static void finish(void)
{
	smart_turn_free(&net);
	ort_close(&ort);
	CHECK_INT(0, mem_live());
}

static void verdicts_are_those_of_the_reference(void)
{
	FILE *f = open_reference();
	struct tally tally[2] = {{0}};
	const struct tally *sure = &tally[1], *unsure = &tally[0];

	begin();
	while (fgets(line, sizeof(line), f))
		judge_clip(net, line, tally);
	printf("%u clips, %u complete, %u differ; where it is unsure: %u, %u "
	       "differ\n",
	       sure->clips, sure->complete, sure->differ, unsure->clips,
	       unsure->differ);
	CHECK(sure->clips >= 150);
	CHECK(sure->complete > 40 && sure->complete < sure->clips - 40);
	CHECK_INT(0, sure->differ);
	CHECK(unsure->differ * 2 < unsure->clips);
	(void)fclose(f);
	finish();
}

/* ---- the window ------------------------------------------------------------ */

static float look_at(struct turn_mel *m)
{
	static float v[VALUES];
	float most = 0;

	turn_mel_look(m, frames);
	turn_kit_features(smart_turn_kit(net), v, frames, TURN_MEL_FRAMES);
	for (size_t i = 0; i < VALUES; i++)
		most = fmaxf(most, fabsf(v[i] - features[i]));
	return most;
}

/* A call of forty seconds whose last turn is long, short, or unnoticed for a
 * while: what counts is the last eight seconds of the turn. */
static void a_look_sees_the_end_of_the_turn_alone(void)
{
	struct turn_mel *m;
	struct speech all, end;

	begin();
	speech_prompt(&all, "basic-pbx-ivr-main");
	all.n -= all.n % 160;
	CHECK(all.n > 21 * 8000);
	end = (struct speech){all.v + all.n - 3 * 8000, 3 * 8000};
	features_of(smart_turn_kit(net), &end, 8000, true);
	for (int follow = 0; follow < 2; follow++) {
		CHECK_INT(0, turn_mel_new(&m, smart_turn_kit(net), 8000));
		hear(m, all.v, all.n, 8000, follow);
		hear(m, all.v, all.n, 8000, follow);
		CHECK(look_at(m) > 0.1F);
		turn_mel_begin(m, 3000);
		CHECK(look_at(m) < 1e-4F);
		turn_mel_free(&m);
	}
	end = (struct speech){all.v + all.n - 8 * 8000, 8 * 8000};
	features_of(smart_turn_kit(net), &end, 8000, true);
	CHECK_INT(0, turn_mel_new(&m, smart_turn_kit(net), 8000));
	hear(m, all.v, all.n, 8000, true);
	CHECK(look_at(m) < 1e-4F);
	turn_mel_begin(m, 60000);
	CHECK(look_at(m) < 1e-4F);
	turn_mel_free(&m);
	speech_fini(&all);
	finish();
}

/* A question in mid-speech must leave no trace in the next. */
static void a_look_changes_nothing(void)
{
	struct turn_mel *m;
	struct speech sp;

	begin();
	load(&sp, "demo-congrats", 0, 8000);
	features_of(smart_turn_kit(net), &sp, 8000, true);
	CHECK_INT(0, turn_mel_new(&m, smart_turn_kit(net), 8000));
	turn_mel_begin(m, 0);
	for (size_t i = 0; i < sp.n; i += 8000) {
		hear(m, sp.v + i, sp.n - i < 8000 ? sp.n - i : 8000, 8000,
		     i % 16000 == 0);
		turn_mel_look(m, frames);
	}
	CHECK(look_at(m) < 1e-5F);
	turn_mel_free(&m);
	speech_fini(&sp);
	finish();
}

static void silence_and_extremes_stay_numbers(void)
{
	static int16_t v[3 * 8000];
	struct speech sp = {v, ARRAY_LEN(v)};
	float p;

	begin();
	for (int kind = 0; kind < 3; kind++) {
		for (size_t i = 0; i < sp.n; i++)
			v[i] = (int16_t)(kind == 0   ? 0
			                 : kind == 1 ? 32767
			                 : i % 2     ? -32768
			                             : 32767);
		p = judge(net, &sp);
		CHECK(p >= 0 && p <= 1);
	}
	finish();
}

static void the_queue_has_eight_places(void)
{
	begin();
	for (int i = 0; i < SMART_TURN_QUEUE; i++)
		CHECK(smart_turn_take(net));
	CHECK(!smart_turn_take(net));
	smart_turn_give(net);
	CHECK(smart_turn_take(net));
	finish();
}

static void a_missing_or_wrong_model_is_an_error(void)
{
	struct turn_mel *m = NULL;
	struct turn_kit *kit;

	CHECK_INT(0, ort_open(&ort, speech_model("libonnxruntime.so")));
	CHECK(smart_turn_new(&net, ort, "/nonexistent") < 0);
	CHECK(smart_turn_new(&net, ort,
	                     speech_model("moonshine-tiny-encoder.onnx")) < 0);
	CHECK(net == NULL);
	ort_close(&ort);
	CHECK_INT(0, turn_kit_new(&kit));
	CHECK_INT(-EINVAL, turn_mel_new(&m, kit, 24000));
	turn_kit_free(&kit);
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST(features_are_those_of_the_reference),
	TEST_SLOW(verdicts_are_those_of_the_reference, 60),
	TEST(a_look_sees_the_end_of_the_turn_alone),
	TEST(a_look_changes_nothing),
	TEST(silence_and_extremes_stay_numbers),
	TEST(the_queue_has_eight_places),
	TEST(a_missing_or_wrong_model_is_an_error),
};

TEST_MAIN(tests)
