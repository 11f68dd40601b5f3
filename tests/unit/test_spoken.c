#include <stdio.h>
#include <string.h>

#include "bot/spoken.h"
#include "common/err.h"
#include "tests/harness/test.h"

enum { LIMIT = 4096 };

/* What was heard of @text when the voice's text was up to the end of @until. */
static void heard(const char *text, const char *until, const char *want)
{
	struct spoken sp;
	const char *at;
	size_t n;

	spoken_init(&sp, LIMIT);
	sp.words = true;
	CHECK_INT(0, spoken_add(&sp, str_of(text), NULL));
	at = strstr(buf_str(&sp.voice), until);
	CHECK(at != NULL);
	n = (size_t)(at - buf_str(&sp.voice)) + strlen(until);
	n = spoken_heard(&sp, n);
	CHECK(n <= sp.text.len);
	CHECK_INT(strlen(want), n);
	CHECK(str_eq(str_n(sp.text.v, n), want));
	spoken_fini(&sp);
}

static void half_of_a_thing_is_the_thing(void)
{
	heard("a $29.95 b", "a", "a");
	heard("a $29.95 b", "twenty-nine", "a ");
	heard("a $29.95 b", "dollars", "a ");
	heard("a $29.95 b", "and", "a $29.95");
	heard("a $29.95 b", "cents", "a $29.95");
	heard("a $29.95 b", " b", "a $29.95 b");
	heard("5, 6, 7", "five,", "5,");
	heard("5, 6, 7", "six,", "5, 6,");
	heard("3-5 days", "three", "3");
	heard("3-5 days", "five", "3-5");
	heard("on 2:30 pm.", "two", "on ");
	heard("on 2:30 pm.", "thirty", "on 2:30 pm");
}

static void of_a_telephone_number_each_group_is_one(void)
{
	heard("Call 555-123-4567 now", "five five five,", "Call 555");
	heard("Call 555-123-4567 now", "one two three,", "Call 555-123");
	heard("Call 555-123-4567 now", "four five six seven",
	      "Call 555-123-4567");
	heard("+15551234567", "plus one,", "+1");
	heard("+15551234567", "five five five,", "+1555");
}

static void without_words_all_stays_as_it_is(void)
{
	struct spoken sp;
	struct str voice;

	spoken_init(&sp, LIMIT);
	CHECK_INT(0, spoken_add(&sp, str_of("$5 at 2:30 pm"), &voice));
	CHECK(str_eq(voice, "$5 at 2:30 pm"));
	CHECK_INT(0, sp.n_spans);
	CHECK_INT(4, spoken_heard(&sp, 4));
	spoken_fini(&sp);
}

static void a_piece_can_be_taken_back(void)
{
	struct spoken sp;
	struct str voice;

	spoken_init(&sp, LIMIT);
	sp.words = true;
	CHECK_INT(0, spoken_add(&sp, str_of("Pay $5."), NULL));
	CHECK_INT(0, spoken_add(&sp, str_of("Or 6."), &voice));
	CHECK(str_eq(voice, "Or six."));
	spoken_undo(&sp);
	CHECK_STR("Pay $5.", buf_str(&sp.text));
	CHECK_STR("Pay five dollars.", buf_str(&sp.voice));
	CHECK_INT(1, sp.n_spans);
	CHECK_INT(0, spoken_add(&sp, str_of("Or 7."), &voice));
	CHECK_STR("Pay $5. Or 7.", buf_str(&sp.text));
	CHECK_STR("Pay five dollars. Or seven.", buf_str(&sp.voice));
	spoken_fini(&sp);
}

static void more_than_the_limit_is_refused_and_leaves_no_trace(void)
{
	struct spoken sp;

	spoken_init(&sp, 8);
	sp.words = true;
	CHECK_INT(0, spoken_add(&sp, str_of("1"), NULL));
	CHECK_INT(ERR_LIMIT, spoken_add(&sp, str_of("12345678"), NULL));
	/* The words of these are too many. */
	CHECK_INT(ERR_LIMIT, spoken_add(&sp, str_of("777777"), NULL));
	CHECK_STR("1", buf_str(&sp.text));
	CHECK_STR("one", buf_str(&sp.voice));
	CHECK_INT(1, sp.n_spans);
	spoken_fini(&sp);
}

/* Whatever is written: both texts keep to their bounds, and more that was
 * said is never less that was heard. */
static void chance_breaks_nothing(void)
{
	static const char *const bits[] = {
		"1",        "25",
		"2026",     "-",
		"/",        ".",
		",",        ":",
		"$",        "%",
		" ",        "pm",
		"st",       "Nov",
		"x",        "(",
		")",        "+",
		"#",        "@",
		"a.com",    "5",
		"0",        "555",
		"\xc2\xbd", "\xe2\x80\x93",
		"km",       "\xff",
	};
	uint32_t seed = 1;

	for (unsigned round = 0; round < 20000; round++) {
		char text[128] = "";
		struct spoken sp;
		size_t last = 0;

		for (unsigned i = 0; i < 12; i++) {
			seed = seed * 1664525 + 1013904223;
			strncat(text, bits[(seed >> 8) % ARRAY_LEN(bits)],
			        sizeof(text) - strlen(text) - 1);
		}
		spoken_init(&sp, LIMIT);
		sp.words = true;
		CHECK_INT(0, spoken_add(&sp, str_of(text), NULL));
		CHECK_STR(text, buf_str(&sp.text));
		for (size_t n = 0; n <= sp.voice.len; n++) {
			const size_t now = spoken_heard(&sp, n);

			CHECK(now >= last && now <= sp.text.len);
			last = now;
		}
		CHECK_INT(sp.text.len, last);
		spoken_fini(&sp);
	}
}

static const struct test tests[] = {
	TEST(half_of_a_thing_is_the_thing),
	TEST(of_a_telephone_number_each_group_is_one),
	TEST(without_words_all_stays_as_it_is),
	TEST(a_piece_can_be_taken_back),
	TEST(more_than_the_limit_is_refused_and_leaves_no_trace),
	TEST(chance_breaks_nothing),
};

TEST_MAIN(tests)
