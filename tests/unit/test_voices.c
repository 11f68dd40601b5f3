/* Both voices, and how they pronounce; the recogniser listens to them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/engine/flite_voice.h"
#include "bot/engine/g2p.h"
#include "bot/engine/kokoro.h"
#include "bot/engine/kokoro_symbols.h"
#include "bot/engine/ort.h"
#include "bot/engine/recogniser.h"
#include "common/buf.h"
#include "common/mem.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

static const char *const sentences[] = {
	"Hello! Thanks for calling Northside Dental. How can I help you today?",
	"Great, you are all set for Thursday, March fourteenth at nine "
	"fifteen.",
	"Your prescription is ready for pickup at the pharmacy on Maple "
	"Street.",
};

struct sound {
	int16_t v[FLITE_HZ * 20];
	size_t n, pieces;
};

static struct sound sound;

static int keep(const int16_t *pcm, size_t n, void *arg)
{
	struct sound *s = arg;

	CHECK(s->n + n <= ARRAY_LEN(s->v));
	memcpy(s->v + s->n, pcm, n * sizeof(*pcm));
	s->n += n;
	s->pieces++;
	return 0;
}

static struct ort *ort;
static struct recogniser *rec;

/* Ahead of all tests. */
static void load(void)
{
	CHECK_INT(0, ort_open(&ort, speech_model("libonnxruntime.so")));
	CHECK_INT(0, recogniser_new(&rec, ort, getenv("MODELS_DIR")));
}

static void unload(void)
{
	recogniser_free(&rec);
	ort_close(&ort);
	CHECK_INT(0, mem_live());
}

static double listen_to(const struct pcm *pcm, const char *spoken)
{
	struct wer sum = {0};
	struct buf text;

	buf_init(&text, 4096);
	CHECK_INT(0, recogniser_hear(rec, pcm, RECOGNISER_FINAL, &text, NULL,
	                             NULL));
	wer_add(&sum, spoken, buf_str(&text));
	if (sum.errors > 0)
		fprintf(stderr, "%zu wrong: %s\n", sum.errors, buf_str(&text));
	buf_fini(&text);
	return (double)sum.errors;
}

static void words_are_pronounced_as_kokoro_writes_them(void)
{
	static const char *const cases[][2] = {
		{"Hello.", "həlˈO."},
		{"I am here, too.", "ˌI ˌæm hˈɪɹ, tˈu."},
		{"the cat", "ðə kˈæt"},
		{"$42.80", "fˈɔɹti tˈu dˈɑləɹz ˈAti sˈɛnts"},
		{"Dr. Smith", "dˈɑktəɹ smˈɪθ"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b;

		buf_init(&b, 1024);
		CHECK_INT(0, g2p_symbols(&b, cases[i][0]));
		CHECK_STR(cases[i][1], buf_str(&b));
		buf_fini(&b);
	}
}

static void symbols_become_numbers_and_strangers_are_left_out(void)
{
	static const char text[] = "ˈa ə?\xff漢";
	int64_t ids[8];

	CHECK_INT(4, kokoro_ids(ids, 8, text, sizeof(text) - 1));
	CHECK_INT(156, ids[0]);
	CHECK_INT(16, ids[1]);
	CHECK_INT(83, ids[2]);
	CHECK_INT(6, ids[3]);
	CHECK_INT(2, kokoro_ids(ids, 2, text, sizeof(text) - 1));
}

static void the_small_voice_is_understood(void)
{
	double errors = 0;

	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		sound.n = sound.pieces = 0;
		CHECK_INT(0, flite_speak(sentences[i], keep, &sound));
		CHECK(sound.pieces > 3);
		errors += listen_to(&(struct pcm){sound.v, sound.n, FLITE_HZ},
		                    sentences[i]);
	}
	CHECK(errors <= 3);
	unload();
}

static void the_natural_voice_is_understood(void)
{
	struct kokoro *k = NULL;
	double errors = 0;

	CHECK_INT(0, kokoro_new(&k, ort, getenv("MODELS_DIR"), NULL));
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		int16_t *v = NULL;
		size_t n = 0, loud = 0;

		CHECK_INT(0, kokoro_speak(k, sentences[i], &v, &n));
		for (size_t s = 0; s < n; s++)
			loud += v[s] > 32000 || v[s] < -32000;
		CHECK_INT(0, loud);
		errors +=
			listen_to(&(struct pcm){v, n, KOKORO_HZ}, sentences[i]);
		mem_free(v);
	}
	if (errors > 1)
		test_fail(__FILE__, __LINE__, "%.0f words are not as spoken",
		          errors);
	kokoro_free(&k);
	unload();
}

static void a_text_without_words_is_no_sound(void)
{
	struct kokoro *k = NULL;
	int16_t *v = NULL;
	size_t n = 0;

	CHECK_INT(0, kokoro_new(&k, ort, getenv("MODELS_DIR"), "af_heart"));
	CHECK_INT(0, kokoro_speak(k, "", &v, &n));
	CHECK_INT(0, n);
	mem_free(v);
	kokoro_free(&k);
	CHECK_INT(-ENOENT, kokoro_new(&k, ort, getenv("MODELS_DIR"), "nobody"));
	unload();
}

static int refuse(const int16_t *pcm, size_t n, void *arg)
{
	(void)pcm;
	(void)n;
	(*(int *)arg)++;
	return -ECANCELED;
}

static void the_small_voice_stops_when_told_so(void)
{
	int called = 0;

	CHECK_INT(-ECANCELED, flite_speak(sentences[0], refuse, &called));
	CHECK_INT(1, called);
	sound.n = 0;
	CHECK_INT(0, flite_speak("Hello.", keep, &sound));
	CHECK(sound.n > FLITE_HZ / 5);
}

static const struct test tests[] = {
	TEST(words_are_pronounced_as_kokoro_writes_them),
	TEST(symbols_become_numbers_and_strangers_are_left_out),
	TEST_SLOW(the_small_voice_is_understood, 90),
	TEST_SLOW(the_natural_voice_is_understood, 90),
	TEST(a_text_without_words_is_no_sound),
	TEST(the_small_voice_stops_when_told_so),
};

TEST_MAIN_AFTER(load, tests)
