#include "bot/engine/say.h"

#include <stdio.h>

#include "common/buf.h"
#include "common/err.h"
#include "tests/harness/test.h"

static void signs_and_other_scripts_become_words_or_nothing(void)
{
	static const char *const cases[][2] = {
		{"Hello, Bob.", "Hello, Bob."},
		{"\xe2\x80\x9cIt\xe2\x80\x99s here\xe2\x80\x9d", " It's here "},
		{"Zo\xc3\xab and Ren\xc3\xa9", "Zoe and Rene"},
		{"12/05", "12 05"},
		{"9\xe2\x80\x93"
	         "5",
	         "9 to 5"},
		{"well \xe2\x80\x93 yes", "well ,  yes"},
		{"room #4", "room  number 4"},
		{"**bold**", "  bold  "},
		{"a\nb", "a b"},
		{"ok \xf0\x9f\x98\x80!", "ok !"},
		{"\xd0\x9f\xd1\x80", ""},
		{"bad \xff\xc3 bytes", "bad  bytes"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b;

		buf_init(&b, 256);
		CHECK_INT(0, say_clean(&b, cases[i][0], strlen(cases[i][0])));
		CHECK_STR(cases[i][1], buf_str(&b));
		buf_fini(&b);
	}
}

static void the_limit_of_the_buffer_holds(void)
{
	struct buf b;

	buf_init(&b, 4);
	CHECK_INT(ERR_LIMIT, say_clean(&b, "Hello", 5));
	buf_fini(&b);
}

/* Cut @text into clauses, joined by bars. */
static const char *cut(const char *text)
{
	static char out[1024];
	size_t len = strlen(text), n = 0;

	while (len) {
		size_t part = say_clause(text, len);

		CHECK(part > 0 && part <= len);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s|",
		                      (int)part, text);
		text += part;
		len -= part;
	}
	out[n] = '\0';
	return out;
}

static void a_text_is_cut_where_one_would_breathe(void)
{
	CHECK_STR("", cut(""));
	CHECK_STR("Yes.|", cut("Yes."));
	CHECK_STR("Sure, I can book that. |What day works best?|",
	          cut("Sure, I can book that. What day works best?"));
	CHECK_STR("On Tuesday at 3:30, |or for $1,200.50, |whatever you like|",
	          cut("On Tuesday at 3:30, or for $1,200.50, "
	              "whatever you like"));
	CHECK_STR("You will see Dr. Who at 3 p.m. today. |Bye|",
	          cut("You will see Dr. Who at 3 p.m. today. Bye"));
}

static void a_text_without_commas_is_cut_between_words(void)
{
	char text[600] = "";

	for (int i = 0; i < 100; i++)
		memcpy(text + 5 * i, "word ", 6);
	CHECK_INT(160, say_clause(text, 500));
	memset(text, 'x', sizeof(text));
	CHECK_INT(160, say_clause(text, 500));
}

static const struct test tests[] = {
	TEST(signs_and_other_scripts_become_words_or_nothing),
	TEST(the_limit_of_the_buffer_holds),
	TEST(a_text_is_cut_where_one_would_breathe),
	TEST(a_text_without_commas_is_cut_between_words),
};

TEST_MAIN(tests)
