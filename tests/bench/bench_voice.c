/*
 * The voices: time to the first audio of a clause of five words, cost, and
 * how much of 25 sentences the recogniser understands of the telephone's
 * u-law. One thread; pin it to a core for figures worth quoting.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bot/engine/ort.h"
#include "bot/engine/recogniser.h"
#include "bot/engine/say.h"
#include "bot/engine/speaker.h"
#include "bot/media/audio.h"
#include "common/buf.h"
#include "common/mem.h"
#include "tests/bench/sentences.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int rising(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), rising);
	return v[n / 2];
}

struct total {
	double spent_ms, audio_ms;
	double first_ms[SENTENCES_TO_SAY];
	int peak;
};

/* One sentence clause by clause, as it is on the line. */
static size_t speak(struct speaker *s, enum speaker_voice voice, size_t which,
                    int16_t *line, struct total *t)
{
	const char *text = sentences_to_say[which];
	size_t len = strlen(text), n = 0;
	bool first = true;

	while (len) {
		struct speaker_clause c = {voice, 8000, text,
		                           say_clause(text, len)};
		double from = now_ms();
		int16_t *pcm = NULL;
		size_t m = 0;

		CHECK_INT(0, speaker_say(s, &c, &pcm, &m, NULL, NULL));
		t->spent_ms += now_ms() - from;
		if (first)
			t->first_ms[which] = now_ms() - from;
		first = false;
		for (size_t i = 0; i < m; i++)
			t->peak = abs(pcm[i]) > t->peak ? abs(pcm[i]) : t->peak;
		memcpy(line + n, pcm, m * sizeof(*pcm));
		mem_free(pcm);
		n += m;
		text += c.len;
		len -= c.len;
	}
	t->audio_ms += (double)n / 8;
	return n;
}

static void measure(struct speaker *s, struct recogniser *r,
                    enum speaker_voice voice, const char *name)
{
	static int16_t line[8000 * 60];
	static uint8_t ulaw[8000 * 60];
	struct total t = {0};
	struct wer sum = {0};

	for (size_t i = 0; i < SENTENCES_TO_SAY; i++) {
		size_t n = speak(s, voice, i, line, &t);
		struct buf heard;

		audio_encode(ulaw, AUDIO_ULAW_8K, line, n);
		audio_decode(line, AUDIO_ULAW_8K, ulaw, n);
		buf_init(&heard, 4096);
		CHECK_INT(0, recogniser_hear(r, &(struct pcm){line, n, 8000},
		                             RECOGNISER_FINAL, &heard, NULL,
		                             NULL));
		if (wer_add(&sum, sentences_to_say[i], buf_str(&heard)))
			printf("- %s\n+ %s\n", sentences_to_say[i],
			       buf_str(&heard));
		buf_fini(&heard);
	}
	printf("%s: clauses in ms:", name);
	for (size_t i = 0; i < SENTENCES_TO_SAY; i++)
		printf(" %.0f", t.first_ms[i]);
	printf("\n");
	printf("%s: first audio %.0f ms (median of %d clauses), %.2f s a "
	       "second of speech, peak %d, read back with %.2f %% word errors "
	       "of %zu\n",
	       name, median(t.first_ms, SENTENCES_TO_SAY), SENTENCES_TO_SAY,
	       t.spent_ms / t.audio_ms, t.peak, wer_percent(&sum), sum.words);
}

int main(void)
{
	const char *dir = getenv("MODELS_DIR");
	struct ort *ort = NULL;
	struct recogniser *r = NULL;
	struct speaker *s = NULL;

	CHECK_INT(0, ort_open(&ort, speech_model("libonnxruntime.so")));
	CHECK_INT(0, recogniser_new(&r, ort, dir));
	CHECK_INT(0, speaker_new(&s, ort, dir, NULL, 1));
	measure(s, r, SPEAKER_NATURAL, "kokoro");
	measure(s, r, SPEAKER_SMALL, "flite");
	speaker_free(&s);
	recogniser_free(&r);
	ort_close(&ort);
	return 0;
}
