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
#include "common/str.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

enum { LINE_MAX_LEN = 2048, WORDS_MIN = 5, SEC_MAX = 30 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t count_words(struct str text)
{
	size_t n = 0;

	while (text.v)
		n += str_trim(str_cut(&text, ' ')).len > 0;
	return n;
}

/* A line "name: text." of a sentence, without notes in brackets. */
static bool parse(char *line, struct str *name, struct str *text)
{
	struct str rest = str_of(line);

	*name = str_cut(&rest, ':');
	*text = str_trim(rest);
	return line[0] != ';' && text->len && !strpbrk(text->v, "[(<") &&
	       count_words(*text) >= WORDS_MIN;
}

int main(int argc, char **argv)
{
	enum recogniser_effort effort = argc > 1 && !strcmp(argv[1], "partial")
	                                        ? RECOGNISER_PARTIAL
	                                        : RECOGNISER_FINAL;
	struct ort *ort = NULL;
	struct recogniser *r = NULL;
	struct wer sum = {0};
	char line[LINE_MAX_LEN];
	double audio = 0, spent = 0;
	size_t files = 0;

	CHECK_INT(0, ort_open(&ort, speech_model("libonnxruntime.so")));
	CHECK_INT(0, recogniser_new(&r, ort, getenv("MODELS_DIR")));
	while (fgets(line, sizeof(line), stdin)) {
		struct str name, text;
		struct speech sp;
		struct buf heard;
		char prompt[128];
		double from;

		if (!parse(line, &name, &text) ||
		    str_copy(prompt, sizeof(prompt), name))
			continue;
		if (!speech_exists(prompt))
			continue;
		speech_prompt(&sp, prompt);
		if (sp.n <= SEC_MAX * 8000) {
			buf_init(&heard, 8192);
			from = now();
			CHECK_INT(0, recogniser_hear(
					     r, &(struct pcm){sp.v, sp.n, 8000},
					     effort, &heard, NULL, NULL));
			spent += now() - from;
			audio += (double)sp.n / 8000;
			files++;
			if (wer_add(&sum, text.v, buf_str(&heard)))
				printf("- %.*s\n+ %s\n", STR_ARG(text),
				       buf_str(&heard));
			buf_fini(&heard);
		}
		speech_fini(&sp);
	}
	printf("%zu files, %.0f s, %zu words: %.2f %% word errors, "
	       "%.3f s a second of audio\n",
	       files, audio, sum.words, wer_percent(&sum), spent / audio);
	recogniser_free(&r);
	ort_close(&ort);
	return 0;
}
