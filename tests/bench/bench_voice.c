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
#include "tests/harness/speech.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

/* Each begins with a clause of five words. */
static const char *const texts[] = {
	"Thank you for calling us, how may I help you this morning?",
	"Yes, that would be fine, let me write it down for you.",
	"I can see your booking, it is for Friday at seven.",
	"Your parcel left on Monday, so it should be with you today.",
	"We close at six tonight, but tomorrow we are open until nine.",
	"Let me look that up, it will only take a moment.",
	"There are two rooms left, one of them looks over the garden.",
	"That is no trouble whatsoever, I have changed the date.",
	"The next train is late, it will leave in twenty minutes.",
	"I am sorry about that, we will send you another one.",
	"You have paid in full, there is nothing more to do.",
	"Please hold on a second, I am asking my colleague.",
	"Your doctor is away today, would Thursday suit you as well?",
	"It costs about fifty dollars, and delivery is free of charge.",
	"May I have your name, and the number of your house?",
	"The table is by itself, near the window on the left.",
	"We do not sell those, but the shop next door does.",
	"Everything is ready for you, just come to the front desk.",
	"The weather looks rather good, with a little wind from the sea.",
	"Turn right at the church, then follow the road to the river.",
	"Nobody was at home yesterday, so the driver came back.",
	"Could we say half past, or is that too early for you?",
	"Your old card has expired, a new one is in the mail.",
	"I have sent the message, you should see it very soon.",
	"It was good to talk, have a pleasant evening.",
};

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
	double first_ms[ARRAY_LEN(texts)];
	int peak;
};

/* One sentence clause by clause, as it is on the line. */
static size_t speak(struct speaker *s, enum speaker_voice voice, size_t which,
                    int16_t *line, struct total *t)
{
	const char *text = texts[which];
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

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		size_t n = speak(s, voice, i, line, &t);
		struct buf heard;

		audio_encode(ulaw, AUDIO_ULAW_8K, line, n);
		audio_decode(line, AUDIO_ULAW_8K, ulaw, n);
		buf_init(&heard, 4096);
		CHECK_INT(0, recogniser_hear(r, &(struct pcm){line, n, 8000},
		                             RECOGNISER_FINAL, &heard, NULL,
		                             NULL));
		if (wer_add(&sum, texts[i], buf_str(&heard)))
			printf("- %s\n+ %s\n", texts[i], buf_str(&heard));
		buf_fini(&heard);
	}
	printf("%s: first audio %.0f ms (median of %zu clauses), %.2f s a "
	       "second of speech, peak %d, read back with %.2f %% word errors "
	       "of %zu\n",
	       name, median(t.first_ms, ARRAY_LEN(texts)), ARRAY_LEN(texts),
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
