#define _GNU_SOURCE
#include "tests/sim/lib/wordtone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"

enum { HZ = 8000, AUDIO_MAX = HZ * 30 };

static int16_t audio[AUDIO_MAX];
static size_t n_audio;
static char heard[2048];
static double least_part, last_part;
static uint32_t last_begin, last_end;

static const char sentence[] =
	"Hello John! Your order of 2 blue widgets, which you placed on Monday, "
	"will be at your door tomorrow; is that a good time for you?";
static const char in_normal_form[] =
	"hello john your order of 2 blue widgets which you placed on monday "
	"will be at your door tomorrow is that a good time for you ";

static void say(const char *text, uint32_t hz, double scale)
{
	char word[WORDTONE_WORD_MAX];
	const char *raw;
	size_t len;

	while ((text = wordtone_next(text, &raw, &len, word))) {
		const size_t n = wordtone_encode(
			word, hz, scale, audio + n_audio, AUDIO_MAX - n_audio);

		CHECK(n > 0);
		n_audio += n;
	}
}

static void on_heard(const struct wordtone_heard *h, void *arg)
{
	const size_t n = strlen(heard);

	(void)arg;
	snprintf(heard + n, sizeof(heard) - n, "%s ", h->word);
	last_part = h->part;
	least_part = h->part < least_part ? h->part : least_part;
	last_begin = h->begin_ms;
	last_end = h->end_ms;
}

static void listen_at(uint32_t hz, double scale, const char *vocabulary)
{
	struct wordtone_dec *d;

	heard[0] = '\0';
	least_part = 1;
	CHECK_INT(0,
	          wordtone_dec_new(&d, hz, scale, vocabulary, on_heard, NULL));
	for (size_t i = 0; i < n_audio; i += 160) /* as a line brings it */
		wordtone_dec_feed(d, audio + i,
		                  n_audio - i < 160 ? n_audio - i : 160);
	wordtone_dec_end(d);
	wordtone_dec_free(&d);
}

/* What a telephone does: 8 bits a sample. */
static uint8_t to_ulaw(int16_t s)
{
	int best = 0, error = INT32_MAX;

	for (int b = 0; b < 256; b++) {
		const int e = abs(s - wordtone_ulaw((uint8_t)b));

		if (e < error) {
			error = e;
			best = b;
		}
	}
	return (uint8_t)best;
}

static void through_ulaw(void)
{
	for (size_t i = 0; i < n_audio; i++)
		audio[i] = wordtone_ulaw(to_ulaw(audio[i]));
}

static void silence(size_t at_ms, size_t ms)
{
	memset(audio + at_ms * 8, 0, ms * 8 * sizeof(*audio));
}

static void every_word_of_a_sentence_is_read_back(void)
{
	say(sentence, HZ, 1);
	listen_at(HZ, 1, sentence);
	CHECK_STR(in_normal_form, heard);
	CHECK(least_part > 0.85);
}

static void telephone_audio_is_read_back(void)
{
	say(sentence, HZ, 1);
	through_ulaw();
	listen_at(HZ, 1, sentence);
	CHECK_STR(in_normal_form, heard);
	CHECK(least_part > 0.85);
}

static void other_rates_and_speeds_are_read_back(void)
{
	say("wide band audio has more samples", 16000, 1);
	listen_at(16000, 1, "wide band audio has more samples");
	CHECK_STR("wide band audio has more samples ", heard);

	n_audio = 0;
	say("slow speech takes its time", HZ, 1.5);
	listen_at(HZ, 1.5, "slow speech takes its time");
	CHECK_STR("slow speech takes its time ", heard);
	CHECK(least_part > 0.85 && last_part <= 1);
}

static void a_word_cut_short_is_told_with_its_part(void)
{
	const size_t whole = wordtone_samples("complete", HZ, 1);

	say("complete interrupted", HZ, 1);
	n_audio = whole + wordtone_samples("interrupted", HZ, 1) * 2 / 5;
	listen_at(HZ, 1, sentence);
	CHECK_STR("? ? ? ", heard); /* another vocabulary knows neither */
	listen_at(HZ, 1, "complete interrupted");
	CHECK_STR("complete interrupted ", heard);
	CHECK(last_part > 0.25 && last_part < 0.5);
}

static void holes_of_lost_packets_do_not_make_words(void)
{
	say(sentence, HZ, 1);
	for (size_t ms = 90; ms < n_audio / 8 - 100; ms += 530)
		silence(ms, 20);
	through_ulaw();
	listen_at(HZ, 1, sentence);
	CHECK_STR(in_normal_form, heard);
}

static void silence_inserted_by_an_underrun_does_not_split_a_word(void)
{
	const size_t at = 100 * 8, gap = 120 * 8;

	say("underrun happens", HZ, 1);
	memmove(audio + at + gap, audio + at, (n_audio - at) * sizeof(*audio));
	memset(audio + at, 0, gap * sizeof(*audio));
	n_audio += gap;
	listen_at(HZ, 1, "underrun happens");
	CHECK_STR("underrun happens ", heard);
}

static void a_lost_word_is_missing_and_no_other(void)
{
	const size_t before = wordtone_samples("one", HZ, 1) / 8;

	say("one two three", HZ, 1);
	silence(before, wordtone_samples("two", HZ, 1) / 8);
	listen_at(HZ, 1, "one two three");
	CHECK_STR("one three ", heard);
}

static void times_are_those_of_the_audio(void)
{
	n_audio = HZ; /* a second of silence first */
	say("late", HZ, 1);
	listen_at(HZ, 1, "late");
	CHECK_STR("late ", heard);
	CHECK_NEAR(1000, last_begin, 15);
	CHECK_NEAR(1000 + wordtone_ms("late"), last_end, 15);
}

static void the_same_word_twice_is_two_words(void)
{
	say("no no no", HZ, 1);
	listen_at(HZ, 1, "yes no");
	CHECK_STR("no no no ", heard);
}

static void two_voices_at_once_are_not_the_words_of_either(void)
{
	static int16_t other[AUDIO_MAX];
	const size_t n = wordtone_encode("overlapped", HZ, 1, other, AUDIO_MAX);

	say("speaking", HZ, 1);
	n_audio -= WORDTONE_GAP_MS * 8; /* no moment for one voice alone */
	for (size_t i = 0; i < n && i < n_audio; i++)
		audio[i] = (int16_t)(audio[i] + other[i]);
	listen_at(HZ, 1, "speaking overlapped");
	CHECK(!strstr(heard, "speaking"));
	CHECK(!strstr(heard, "overlapped"));
}

static void noise_and_silence_are_no_words(void)
{
	uint32_t seed = 1;

	n_audio = HZ * 5;
	for (size_t i = HZ; i < n_audio; i++) {
		seed = seed * 1664525 + 1013904223;
		audio[i] = (int16_t)((int32_t)(seed >> 16) - 32768);
	}
	listen_at(HZ, 1, sentence);
	CHECK_STR("", heard);
}

static void a_thousand_words_have_tones_of_their_own(void)
{
	static char vocabulary[16000];
	struct wordtone_dec *d;
	size_t n = 0;

	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(vocabulary + n, sizeof(vocabulary) - n,
		                      "word%d ", i * 7919);
	CHECK_INT(0, wordtone_dec_new(&d, HZ, 1, vocabulary, on_heard, NULL));
	wordtone_dec_free(&d);
}

static void text_without_letters_is_not_spoken(void)
{
	char word[WORDTONE_WORD_MAX];
	const char *raw, *text = " ... -- don't! ", *next;
	size_t len;

	next = wordtone_next(text, &raw, &len, word);
	CHECK(next);
	CHECK_STR("dont", word);
	CHECK_INT(6, len);
	CHECK(!wordtone_next(next, &raw, &len, word));
}

static const struct test tests[] = {
	TEST(every_word_of_a_sentence_is_read_back),
	TEST(telephone_audio_is_read_back),
	TEST(other_rates_and_speeds_are_read_back),
	TEST(a_word_cut_short_is_told_with_its_part),
	TEST(holes_of_lost_packets_do_not_make_words),
	TEST(silence_inserted_by_an_underrun_does_not_split_a_word),
	TEST(a_lost_word_is_missing_and_no_other),
	TEST(times_are_those_of_the_audio),
	TEST(the_same_word_twice_is_two_words),
	TEST(two_voices_at_once_are_not_the_words_of_either),
	TEST(noise_and_silence_are_no_words),
	TEST(a_thousand_words_have_tones_of_their_own),
	TEST(text_without_letters_is_not_spoken),
};

TEST_MAIN(tests)
