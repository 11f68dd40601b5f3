/* The recogniser on recordings of a person, as a telephone line has them. */
#include <errno.h>

#include <stdlib.h>

#include "bot/engine/ort.h"
#include "bot/engine/recogniser.h"
#include "common/buf.h"
#include "common/mem.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

static struct ort *ort;
static struct recogniser *rec;
static struct buf text;

/* Ahead of all tests. */
static void load(void)
{
	CHECK_INT(0, ort_open(&ort, speech_model("libonnxruntime.so")));
	CHECK_INT(0, recogniser_new(&rec, ort, getenv("MODELS_DIR")));
}

static void begin(void)
{
	buf_init(&text, 4096);
}

static void finish(void)
{
	buf_fini(&text);
	recogniser_free(&rec);
	ort_close(&ort);
	CHECK_INT(0, mem_live());
}

static void hear(const struct speech *sp, enum recogniser_effort effort)
{
	buf_reset(&text);
	CHECK_INT(0, recogniser_hear(rec, &(struct pcm){sp->v, sp->n, 8000},
	                             effort, &text, NULL, NULL));
}

static void sentences_are_understood_word_by_word(void)
{
	static const char *const prompts[][2] = {
		{"vm-goodbye", "Good-bye."},
		{"agent-pass",
	         "Please enter your password followed by the pound key."},
		{"check-number-dial-again",
	         "Please check the number and dial again."},
		{"cannot-complete-as-dialed",
	         "Your call cannot be completed as dialed."},
	};
	struct wer sum = {0};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(prompts); i++) {
		struct speech sp;

		speech_prompt(&sp, prompts[i][0]);
		hear(&sp, RECOGNISER_FINAL);
		CHECK_INT(0, wer_add(&sum, prompts[i][1], buf_str(&text)));
		/* A sentence, not a list of words. */
		CHECK(strchr(buf_str(&text), '.') != NULL);
		speech_fini(&sp);
	}
	finish();
}

static void the_small_net_understands_most(void)
{
	struct wer sum = {0};
	struct speech sp;

	begin();
	speech_prompt(&sp, "agent-pass");
	hear(&sp, RECOGNISER_PARTIAL);
	wer_add(&sum, "Please enter your password followed by the pound key.",
	        buf_str(&text));
	CHECK_INT(9, sum.words);
	CHECK(sum.errors <= 1);
	speech_fini(&sp);
	finish();
}

static void nothing_and_next_to_nothing_are_no_words(void)
{
	struct speech sp = {0};

	begin();
	hear(&sp, RECOGNISER_FINAL);
	CHECK_STR("", buf_str(&text));
	speech_pad(&sp, 1, 0);
	hear(&sp, RECOGNISER_FINAL);
	CHECK(text.len < 16);
	speech_fini(&sp);
	finish();
}

#define MENU                                                                 \
	"Thank you for calling Super Awesome Company, Waldo's premier "      \
	"provider of perfect products. If you know your party's extension, " \
	"you may dial it at any time. To establish a sales partnership, "    \
	"press "                                                             \
	"one. To speak with a customer advocate, press two. For accounting " \
	"and "                                                               \
	"other receivables, press three. For a company directory, press "    \
	"four. "                                                             \
	"For an operator, press zero. "

/* More than forty seconds: without a cut the net would repeat itself. */
static void long_speech_is_cut_and_heard_whole(void)
{
	struct speech all, sp;
	struct wer sum = {0};
	size_t cut;

	begin();
	speech_prompt(&sp, "basic-pbx-ivr-main");
	speech_prompt(&all, "basic-pbx-ivr-main");
	speech_pad(&all, 0, sp.n / 8 + 500);
	memcpy(all.v + all.n - sp.n, sp.v, sp.n * sizeof(*sp.v));
	CHECK(all.n > 40 * 8000);
	cut = recogniser_cut(&(struct pcm){all.v, all.n, 8000});
	CHECK(cut > 12 * 8000 && cut <= 20 * 8000);
	hear(&all, RECOGNISER_FINAL);
	wer_add(&sum, MENU MENU, buf_str(&text));
	/* A piece that was lost would be a third of it. */
	CHECK(wer_percent(&sum) <= 12);
	speech_fini(&sp);
	speech_fini(&all);
	finish();
}

static bool at_once(void *arg)
{
	(void)arg;
	return true;
}

static void hearing_can_be_stopped(void)
{
	struct speech sp;

	begin();
	speech_prompt(&sp, "demo-congrats");
	CHECK_INT(-ECANCELED,
	          recogniser_hear(rec, &(struct pcm){sp.v, sp.n, 8000},
	                          RECOGNISER_FINAL, &text, at_once, NULL));
	CHECK_INT(0, text.len);
	speech_fini(&sp);
	finish();
}

static void a_missing_model_is_an_error(void)
{
	struct recogniser *none = NULL;
	struct ort *lib = NULL;

	CHECK_INT(-ENOENT, recogniser_new(&none, ort, "/nonexistent"));
	CHECK(none == NULL);
	CHECK_INT(-ENOENT, ort_open(&lib, "/nonexistent/lib.so"));
	begin();
	finish();
}

static const struct test tests[] = {
	TEST_SLOW(sentences_are_understood_word_by_word, 60),
	TEST_SLOW(the_small_net_understands_most, 60),
	TEST(nothing_and_next_to_nothing_are_no_words),
	TEST_SLOW(long_speech_is_cut_and_heard_whole, 60),
	TEST(hearing_can_be_stopped),
	TEST(a_missing_model_is_an_error),
};

TEST_MAIN_AFTER(load, tests)
