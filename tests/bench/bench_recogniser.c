/*
 * The recogniser on files: word error rate and cost over the Asterisk prompts
 * of five words and more, up to 30 s. Standard input is the package's list of
 * what they say; arguments: partial, to use the small net.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bot/engine/ort.h"
#include "bot/engine/recogniser.h"
#include "common/buf.h"
#include "tests/bench/sentences.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	enum recogniser_effort effort = argc > 1 && !strcmp(argv[1], "partial")
	                                        ? RECOGNISER_PARTIAL
	                                        : RECOGNISER_FINAL;
	struct ort *ort = NULL;
	struct recogniser *r = NULL;
	static struct sentence_heard sentence;
	struct wer sum = {0};
	double audio = 0, spent = 0;
	size_t files = 0;

	CHECK_INT(0, ort_open(&ort, speech_model("libonnxruntime.so")));
	CHECK_INT(0, recogniser_new(&r, ort, getenv("MODELS_DIR")));
	while (sentences_next(&sentence, stdin)) {
		const struct speech *sp = &sentence.sound;
		struct buf heard;
		double from = now();

		buf_init(&heard, 8192);
		CHECK_INT(0,
		          recogniser_hear(r, &(struct pcm){sp->v, sp->n, 8000},
		                          effort, &heard, NULL, NULL));
		spent += now() - from;
		audio += (double)sp->n / 8000;
		files++;
		if (wer_add(&sum, sentence.text, buf_str(&heard)))
			printf("- %s\n+ %s\n", sentence.text, buf_str(&heard));
		buf_fini(&heard);
		speech_fini(&sentence.sound);
	}
	printf("%zu files, %.0f s, %zu words: %.2f %% word errors, "
	       "%.3f s a second of audio\n",
	       files, audio, sum.words, wer_percent(&sum), spent / audio);
	recogniser_free(&r);
	ort_close(&ort);
	return 0;
}
