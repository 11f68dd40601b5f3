/*
 * Cost of hearing the end of a turn, in time of a core: what the loop pays for each second of
 * speech and for each question, what a thread of the pool pays for the answer.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bot/engine/ort.h"
#include "bot/engine/smart_turn.h"
#include "common/mem.h"
#include "tests/harness/speech.h"

enum { QUESTIONS = 41, FRAME = 160 };

static struct turn_frame frames[TURN_MEL_FRAMES];

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double rank(double *v, size_t n, unsigned percent)
{
	qsort(v, n, sizeof(*v), compare);
	return v[(n - 1) * percent / 100];
}

/* Microseconds of the loop for a second of sound. */
static double push_all(struct turn_mel *m, const struct speech *sp, bool follow)
{
	const double from = now_us();

	for (size_t i = 0; i + FRAME <= sp->n; i += FRAME)
		turn_mel_push(m, &(struct pcm){sp->v + i, FRAME, 8000}, follow);
	return (now_us() - from) / ((double)sp->n / 8000);
}

static int run(const struct smart_turn *net)
{
	double look[QUESTIONS], judge[QUESTIONS], speech, rest;
	struct turn_mel *m = NULL;
	struct speech sp;
	float p;
	int err = turn_mel_new(&m, smart_turn_kit(net), 8000);

	if (err)
		return err;
	speech_prompt(&sp, "demo-congrats");
	rest = push_all(m, &sp, false);
	speech = push_all(m, &sp, true);
	for (size_t i = 0; i < QUESTIONS && !err; i++) {
		double at = now_us();

		turn_mel_look(m, frames);
		look[i] = now_us() - at;
		at = now_us();
		err = smart_turn_judge(net, frames, &p);
		judge[i] = now_us() - at;
	}
	speech_fini(&sp);
	turn_mel_free(&m);
	if (err)
		return err;
	printf("Smart Turn, the loop: %.0f us for a second of speech, %.0f us "
	       "for a second without, %.0f us a question\n",
	       speech, rest, rank(look, QUESTIONS, 50));
	printf("Smart Turn, one core: %.1f ms an answer at the median, %.1f ms "
	       "at the 95th percentile\n",
	       rank(judge, QUESTIONS, 50) / 1000,
	       rank(judge, QUESTIONS, 95) / 1000);
	return 0;
}

int main(void)
{
	struct smart_turn *net = NULL;
	struct ort *ort = NULL;
	int err = ort_open(&ort, speech_model("libonnxruntime.so"));

	if (!err)
		err = smart_turn_new(&net, ort, speech_model(SMART_TURN_FILE));
	if (!err)
		err = run(net);
	smart_turn_free(&net);
	ort_close(&ort);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
