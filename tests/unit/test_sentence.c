#include <stdio.h>

#include "bot/plain.h"
#include "bot/sentence.h"
#include "tests/harness/test.h"

enum { OUT_MAX = 4096 };

struct row {
	const char *text;
	const char *pieces; /* joined by '|' */
};

static const struct row table[] = {
	{"Hello there. How are you?", "Hello there.|How are you?"},
	{"It costs $29.95 today. Ok", "It costs $29.95 today.|Ok"},
	{"Mr. Smith and Dr. Lee came. They",
         "Mr. Smith and Dr. Lee came.|They"},
	{"She lives in the U.S. and works", "She lives in the U.S. and works"},
	{"mail bob@example.com now. Bye", "mail bob@example.com now.|Bye"},
	{"version 3.5 is out! Great", "version 3.5 is out!|Great"},
	{"Wait... what?", "Wait... what?"},
	{"Wait... What?", "Wait...|What?"},
	{"Really?! Yes.", "Really?!|Yes."},
	{"He said \"Hi.\" Then he left. Ok",
         "He said \"Hi.\"|Then he left.|Ok"},
	{"\"Stop!\" he said. Ok", "\"Stop!\" he said.|Ok"},
	{"First; second. Third", "First; second.|Third"},
	{"1. Apples 2. Pears", "1. Apples 2. Pears"},
	{"Chapter one. 1. Apples", "Chapter one.|1. Apples"},
	{"I was born in 1990. Then we moved",
         "I was born in 1990.|Then we moved"},
	{"こんにちは。元気", "こんにちは。|元気"},
	{"「はい。」元気", "「はい。」|元気"},
	{"J. Smith called. Call back.", "J. Smith called.|Call back."},
	{"Come at 5 p.m. on Monday. Ok", "Come at 5 p.m. on Monday.|Ok"},
	{"We close at 5 p.m. Come early.", "We close at 5 p.m.|Come early."},
	{"See https://a.example/x?y=1 there. Ok",
         "See https://a.example/x?y=1 there.|Ok"},
	{"So do I. You too?", "So do I.|You too?"},
	{"One\nTwo\n\nThree", "One|Two|Three"},
	{"Great! \xf0\x9f\x98\x80 ... Bye", "Great!|\xf0\x9f\x98\x80 ...|Bye"},
	{"See you Nov. 25 then. Ok", "See you Nov. 25 then.|Ok"},
	{"Dial ext. 12 now. Ok", "Dial ext. 12 now.|Ok"},
	{"It is 5. Then 6", "It is 5.|Then 6"},
	{"Pay $1,250.75 by 2:30 p.m. 20 people do. Ok",
         "Pay $1,250.75 by 2:30 p.m. 20 people do.|Ok"},
	{"Your visit at the clinic is on November 25, 2026, at nine. Ok",
         "Your visit at the clinic is on November 25, 2026,|at nine.|Ok"},
	{"We are open on all of the working days, 9 - 5, and on Sundays. Ok",
         "We are open on all of the working days, 9 - 5,|and on Sundays.|Ok"},
	{"The winning numbers of all of these tickets are 1, 2, 3, and 4. Ok",
         "The winning numbers of all of these tickets are 1, 2, 3,|and 4.|Ok"},
	{"  \n \n", ""},
	{"...", ""},
	{"मैं ठीक हूँ। और आप?", "मैं ठीक हूँ।|और आप?"},
};

static void collect(struct sentence *s, enum sentence_when when, char *out)
{
	struct str piece;

	while (sentence_next(s, when, &piece))
		snprintf(out + strlen(out), OUT_MAX - strlen(out), "%s%.*s",
		         *out ? "|" : "", STR_ARG(piece));
}

static void split(const char *text, size_t step, char *out)
{
	struct sentence s;
	const size_t len = strlen(text);

	*out = '\0';
	sentence_init(&s, 4096);
	for (size_t i = 0; i < len; i += step) {
		CHECK_INT(0, sentence_push(&s, text + i,
		                           len - i < step ? len - i : step));
		collect(&s, SENTENCE_MORE, out);
	}
	collect(&s, SENTENCE_END, out);
	sentence_fini(&s);
}

static void the_table_holds_however_the_text_is_fragmented(void)
{
	static const size_t steps[] = {4096, 1, 2, 3, 7};
	char have[OUT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			const char *want = table[i].pieces;

			split(table[i].text, steps[k], have);
			if (strstr(want, "\xf0\x9f")) /* not spoken at all */
				want = "Great!|Bye";
			CHECK_STR(want, have);
		}
}

static void the_first_piece_goes_at_a_clause_and_later_ones_wait(void)
{
	static const char text[] =
		"Thank you for calling the clinic this morning, I can help you "
		"with that, and with anything else, too. Now then";
	char have[OUT_MAX];

	for (size_t step = 1; step < 9; step++) {
		split(text, step, have);
		CHECK_STR(
			"Thank you for calling the clinic this morning,|I can "
			"help you with that, and with anything else, too.|Now "
			"then",
			have);
	}
}

static void a_sentence_ends_as_soon_as_the_next_one_begins(void)
{
	struct sentence s;
	struct str piece;

	sentence_init(&s, 1000);
	CHECK_INT(0, sentence_push(&s, "Hello there. ", 13));
	CHECK(!sentence_next(&s, SENTENCE_MORE, &piece));
	CHECK_INT(0, sentence_push(&s, "H", 1));
	CHECK(sentence_next(&s, SENTENCE_MORE, &piece));
	CHECK(str_eq(piece, "Hello there."));
	CHECK(!sentence_next(&s, SENTENCE_MORE, &piece));
	sentence_fini(&s);
}

static void a_hurry_cuts_between_two_words_and_only_once(void)
{
	static const char text[] =
		"I have looked through all of the appointments tha";
	struct sentence s;
	struct str piece;

	sentence_init(&s, 1000);
	CHECK_INT(0, sentence_push(&s, text, 30));
	CHECK(!sentence_waits(&s));
	CHECK_INT(0, sentence_push(&s, text + 30, sizeof(text) - 31));
	CHECK(sentence_waits(&s));
	CHECK(!sentence_next(&s, SENTENCE_MORE, &piece));
	CHECK(sentence_next(&s, SENTENCE_HURRY, &piece));
	CHECK(str_eq(piece, "I have looked through all of the appointments"));
	CHECK(!sentence_waits(&s));
	CHECK(!sentence_next(&s, SENTENCE_HURRY, &piece));
	CHECK(sentence_next(&s, SENTENCE_END, &piece));
	CHECK(str_eq(piece, "tha"));
	sentence_fini(&s);
}

/* What a hurry gives of @text. */
static void hurry(const char *want, const char *text)
{
	struct sentence s;
	struct str piece;

	sentence_init(&s, 1000);
	CHECK_INT(0, sentence_push(&s, text, strlen(text)));
	if (sentence_next(&s, SENTENCE_HURRY, &piece)) {
		CHECK_INT(strlen(want), piece.len);
		CHECK(str_eq(piece, want));
	} else {
		CHECK_STR(want, "");
	}
	sentence_fini(&s);
}

static void a_hurry_cuts_no_number(void)
{
	hurry("We have looked for it and the next free day is",
	      "We have looked for it and the next free day is November ");
	hurry("We have looked for it and the next free day is",
	      "We have looked for it and the next free day is November 2");
	hurry("So many people live in all of the city",
	      "So many people live in all of the city now 5 mil");
	hurry("You can call us at any hour of the day",
	      "You can call us at any hour of the day at 555 123 ");
	hurry("You can call us at any hour of the day on",
	      "You can call us at any hour of the day on (555) 123 45");
	hurry("All of it together is going to cost you",
	      "All of it together is going to cost you $2");
	hurry("", "12345 12345 12345 12345 12345 12345 12345 12345 1234");
}

static void a_long_text_is_cut_beside_its_numbers(void)
{
	char text[400] = "";
	char have[OUT_MAX];

	for (size_t n = 0; n < 245; n += 5)
		memcpy(text + n, "word ", 6);
	memcpy(text + 240, "5 million words more", 21);
	for (size_t step = 1; step < 30; step++) {
		split(text, step, have);
		CHECK(strstr(have, "|5 million") || strstr(have, " 5 million"));
		CHECK(strchr(have, '|') != NULL);
	}
}

static void text_without_marks_is_cut_at_a_space(void)
{
	char text[1000], have[OUT_MAX];
	const char *p = have;

	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = i % 7 == 6 ? ' ' : 'a';
	text[sizeof(text) - 1] = '\0';
	split(text, 5, have);
	for (const char *bar; (bar = strchr(p, '|')) != NULL; p = bar + 1) {
		CHECK(bar - p <= SENTENCE_HARD);
		CHECK_INT(6, (bar - p) % 7);
	}
	memset(text, 'b', sizeof(text) - 1);
	split(text, 5, have);
	CHECK(strchr(have, '|') != NULL);
}

static void too_much_text_is_refused(void)
{
	struct sentence s;

	sentence_init(&s, 10);
	CHECK_INT(0, sentence_push(&s, "0123456789", 10));
	CHECK(sentence_push(&s, "0", 1) < 0);
	sentence_fini(&s);
}

static const struct row plain[] = {
	{"**Hello** there, _Anna_.", "Hello there, Anna."},
	{"# Title", "Title"},
	{"- one\n- two", "one two"},
	{"a `code` and snake_case", "a code and snake_case"},
	{"See [our site](https://x.example/a).", "See our site."},
	{"An array[3] and 4 * 5", "An array[3] and 4 5"},
	{"Great \xf0\x9f\x98\x80\xef\xb8\x8f!", "Great !"},
	{"```\nx = 1\n```", "x = 1"},
	{"~~old~~ new", "old new"},
	{"\xe2\x80\xa2 \xc3\xa4 \xff b", "\xc3\xa4 b"},
	{"-5 degrees", "-5 degrees"},
};

static void signs_of_writing_are_not_spoken(void)
{
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		struct buf b;

		buf_init(&b, 1000);
		CHECK_INT(0, plain_add(&b, str_of(plain[i].text)));
		CHECK_STR(plain[i].pieces, buf_str(&b));
		buf_fini(&b);
	}
}

static void a_line_is_flat_and_cut_between_characters(void)
{
	struct buf b;

	buf_init(&b, 1000);
	CHECK_INT(0, plain_line(&b, str_of("  a\r\n\tb\x01 c  "), 100));
	CHECK_STR("a b c", buf_str(&b));
	buf_reset(&b);
	CHECK_INT(0, plain_line(&b, str_of("ab\xc3\xa4\xc3\xa4"), 5));
	CHECK_STR("ab\xc3\xa4", buf_str(&b));
	buf_fini(&b);
}

static const struct test tests[] = {
	TEST(the_table_holds_however_the_text_is_fragmented),
	TEST(the_first_piece_goes_at_a_clause_and_later_ones_wait),
	TEST(a_sentence_ends_as_soon_as_the_next_one_begins),
	TEST(a_hurry_cuts_between_two_words_and_only_once),
	TEST(a_hurry_cuts_no_number),
	TEST(a_long_text_is_cut_beside_its_numbers),
	TEST(text_without_marks_is_cut_at_a_space),
	TEST(too_much_text_is_refused),
	TEST(signs_of_writing_are_not_spoken),
	TEST(a_line_is_flat_and_cut_between_characters),
};

TEST_MAIN(tests)
