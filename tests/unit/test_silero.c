/* The voice detector against ONNX Runtime with the original model. */
#include <stdio.h>

#include "bot/engine/ort.h"
#include "bot/media/silero.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"

enum { INPUT = SILERO_CONTEXT + SILERO_CHUNK, STATE = 2 * SILERO_HIDDEN };

static const char *const prompts[] = {
	"vm-goodbye", "demo-congrats", "conf-adminmenu-162",
	"tt-monkeys", "digits/5",
};

struct reference {
	struct ort *ort;
	struct ort_net *net;
	float input[INPUT], state[STATE];
};

static void reference_open(struct reference *ref)
{
	*ref = (struct reference){0};
	CHECK_INT(0, ort_open(&ref->ort, speech_model("libonnxruntime.so")));
	CHECK_INT(0, ort_net_new(&ref->net, ref->ort,
	                         speech_model("silero.onnx")));
}

static void reference_close(struct reference *ref)
{
	ort_net_free(&ref->net);
	ort_close(&ref->ort);
}

static float reference_step(struct reference *ref, const int16_t *chunk)
{
	static const char *const in[] = {"input", "state", "sr"};
	static const char *const out[] = {"output", "stateN"};
	const int64_t dims[] = {1, INPUT}, state_dims[] = {2, 1, SILERO_HIDDEN};
	int64_t hz = 8000;
	struct ort_value *iv[3] = {0}, *ov[2] = {0};
	float *v, prob;
	size_t n;

	for (size_t i = 0; i < SILERO_CHUNK; i++)
		ref->input[SILERO_CONTEXT + i] = (float)chunk[i] / 32768;
	CHECK_INT(0, ort_tensor(&iv[0], ref->ort, ORT_FLOAT, ref->input,
	                        sizeof(ref->input), dims, 2));
	CHECK_INT(0, ort_tensor(&iv[1], ref->ort, ORT_FLOAT, ref->state,
	                        sizeof(ref->state), state_dims, 3));
	CHECK_INT(0, ort_tensor(&iv[2], ref->ort, ORT_INT64, &hz, sizeof(hz),
	                        NULL, 0));
	CHECK_INT(0, ort_run(ref->net, &(struct ort_feed){in, iv, 3},
	                     &(struct ort_feed){out, ov, 2}));
	CHECK_INT(0, ort_floats(ref->ort, ov[0], &v, &n));
	prob = v[0];
	CHECK_INT(0, ort_floats(ref->ort, ov[1], &v, &n));
	CHECK_INT(STATE, n);
	memcpy(ref->state, v, sizeof(ref->state));
	memmove(ref->input, ref->input + SILERO_CHUNK,
	        SILERO_CONTEXT * sizeof(float));
	for (size_t i = 0; i < 3; i++)
		ort_value_free(ref->ort, &iv[i]);
	for (size_t i = 0; i < 2; i++)
		ort_value_free(ref->ort, &ov[i]);
	return prob;
}

static void compare(struct silero *net)
{
	struct reference ref;
	float least = 1, most = 0;

	for (size_t p = 0; p < ARRAY_LEN(prompts); p++) {
		struct silero_state st = {0};
		struct speech sp;

		reference_open(&ref);
		speech_prompt(&sp, prompts[p]);
		speech_pad(&sp, 500, 500);
		for (size_t at = 0; at + SILERO_CHUNK <= sp.n;
		     at += SILERO_CHUNK) {
			float want = reference_step(&ref, sp.v + at);

			CHECK_NEAR(want, silero_step(net, &st, sp.v + at),
			           1e-4);
			least = want < least ? want : least;
			most = want > most ? want : most;
		}
		speech_fini(&sp);
		reference_close(&ref);
	}
	/* The recordings hold both, or the comparison said nothing. */
	CHECK(least < 0.05F && most > 0.95F);
}

static struct silero *new_net(void)
{
	struct silero *net = NULL;

	CHECK_INT(0, silero_new(&net, speech_model("silero-8k.bin")));
	return net;
}

static void probabilities_are_those_of_the_reference_runtime(void)
{
	struct silero *net = new_net();

	compare(net);
	silero_free(&net);
	CHECK(net == NULL);
	CHECK_INT(0, mem_live());
}

static void every_processor_computes_the_same(void)
{
	struct silero *net = new_net();

	silero_use_plain(net);
	CHECK_STR("plain", silero_kernel_name(net));
	compare(net);
	silero_free(&net);
}

/* Eleven calls: two groups of four, and three alone. */
static void calls_stepped_together_do_not_mix(void)
{
	enum { CALLS = 11, STEPS = 60 };
	static struct silero_state one[CALLS], many[CALLS];
	struct silero *net = new_net();
	struct silero_state *st[CALLS];
	const int16_t *chunk[CALLS];
	float prob[CALLS];
	struct speech sp;

	speech_prompt(&sp, "demo-congrats");
	CHECK(sp.n >= (STEPS + 5 * CALLS) * SILERO_CHUNK);
	for (size_t k = 0; k < STEPS; k++) {
		for (size_t c = 0; c < CALLS; c++) {
			st[c] = &many[c];
			chunk[c] = sp.v + (k + 5 * c) * SILERO_CHUNK;
		}
		silero_step_many(net, st, chunk, prob, CALLS);
		for (size_t c = 0; c < CALLS; c++)
			CHECK_NEAR(silero_step(net, &one[c], chunk[c]), prob[c],
			           1e-4);
	}
	speech_fini(&sp);
	silero_free(&net);
}

static void loud_noise_and_extremes_stay_numbers(void)
{
	struct silero *net = new_net();
	struct silero_state st = {0};
	int16_t chunk[SILERO_CHUNK];

	for (int k = 0; k < 200; k++) {
		float p;

		for (size_t i = 0; i < SILERO_CHUNK; i++)
			chunk[i] = (i ^ (size_t)k) & 1 ? INT16_MAX : INT16_MIN;
		p = silero_step(net, &st, chunk);
		CHECK(p >= 0 && p <= 1);
	}
	silero_free(&net);
}

static void a_file_that_is_no_net_is_refused(void)
{
	struct silero *net = NULL;

	CHECK_INT(-2, silero_new(&net, "/nonexistent"));
	CHECK_INT(ERR_PROTO, silero_new(&net, speech_model("silero.onnx")));
	CHECK(net == NULL);
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST_SLOW(probabilities_are_those_of_the_reference_runtime, 60),
	TEST_SLOW(every_processor_computes_the_same, 60),
	TEST(calls_stepped_together_do_not_mix),
	TEST(loud_noise_and_extremes_stay_numbers),
	TEST(a_file_that_is_no_net_is_refused),
};

TEST_MAIN(tests)
