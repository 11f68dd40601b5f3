#include <errno.h>
#include <stdio.h>

#include "bot/provider/script_rules.h"
#include "common/buf.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static struct words split(const char *text)
{
	struct words w;

	words_split(&w, str_of(text));
	return w;
}

static unsigned match(const char *said, const char *phrase)
{
	struct words w = split(said), p = split(phrase);

	return words_match(&w, &p);
}

static const char *at_time(const char *said, bool loose)
{
	static char out[SLOT_VALUE_MAX];
	struct words w = split(said);

	return words_time(&w, loose, out) ? out : "(none)";
}

static void words_are_what_people_say_without_marks(void)
{
	struct words w = split("Don't, at 3:30 P.M.! It\xe2\x80\x99s OK?");
	static const char *const want[] = {"dont", "at",  "3:30",
	                                   "pm",   "its", "ok"};

	CHECK_INT(ARRAY_LEN(want), w.n);
	for (size_t i = 0; i < w.n; i++)
		CHECK_STR(want[i], w.v[i]);
	CHECK_INT(0, split("... !").n);
}

static void phrases_match_with_a_word_between_or_a_letter_wrong(void)
{
	CHECK_INT(4, match("well, I cant really make it", "make it"));
	CHECK_INT(4, match("move the thing", "move thing"));
	CHECK_INT(0, match("move the old thing", "move thing"));
	CHECK_INT(1, match("an apointment please", "appointment"));
	CHECK_INT(0, match("yet", "yes"));
	CHECK_INT(1, match("rescheduling", "reschedul*"));
	CHECK_INT(0, match("", "yes"));
}

static void times_are_understood_as_people_say_them(void)
{
	CHECK_STR("3:00 pm", at_time("three pm", false));
	CHECK_STR("3:00 pm", at_time("at three", false));
	CHECK_STR("3:00 pm", at_time("three o'clock", false));
	CHECK_STR("(none)", at_time("there are three of us here", false));
	CHECK_STR("3:00 pm", at_time("three", true));
	CHECK_STR("3:45 pm", at_time("three forty five", false));
	CHECK_STR("10:30 am", at_time("half past ten", false));
	CHECK_STR("4:45 pm", at_time("a quarter to five", false));
	CHECK_STR("12:00 pm", at_time("at noon", false));
	CHECK_STR("9:00 am", at_time("9 a.m.", false));
	CHECK_STR("3:30 pm", at_time("15:30", false));
	CHECK_STR("7:15 am", at_time("7:15 in the morning", false));
	CHECK_STR("(none)", at_time("room 99 at 75", false));
}

static struct script *parse(const char *text, char *said, size_t cap)
{
	struct script *s;
	struct buf faults;

	buf_init(&faults, 4096);
	if (!script_parse(&s, str_of(text), &faults))
		CHECK_INT(0, faults.len);
	snprintf(said, cap, "%s", buf_str(&faults));
	buf_fini(&faults);
	return s;
}

static void a_dialogue_follows_its_rules(void)
{
	static const char rules[] =
		"intent hi: hello\nslot day: @day\n"
		"state a\n when hi => b: Hello {{user.name|you}}. Which day?\n"
		"state b\n when +day => c:\n else => same: A day?\n"
		"state c\n enter ?day => c tool end_call: So, {day}.\n";
	struct script_place at = {0};
	struct script *s;
	struct buf out;
	const char *tool;
	char said[512];

	s = parse(rules, said, sizeof(said));
	CHECK_STR("", said);
	buf_init(&out, 1024);
	CHECK_INT(0, script_step(s, &at, str_of("Hello!"),
	                         "{\"user\":{\"name\":\"J\\u00f6rg\"}}", &out,
	                         &tool));
	CHECK_STR("Hello J\xc3\xb6rg. Which day?", buf_str(&out));
	CHECK(!tool);
	buf_reset(&out);
	CHECK_INT(0, script_step(s, &at, str_of("Hm."), NULL, &out, &tool));
	CHECK_STR("A day?", buf_str(&out));
	buf_reset(&out);
	CHECK_INT(0,
	          script_step(s, &at, str_of("On Friday"), NULL, &out, &tool));
	CHECK_STR("So, Friday.", buf_str(&out));
	CHECK_STR("end_call", tool);
	CHECK_STR("c", script_state_name(s, at.state));
	buf_fini(&out);
	script_free(&s);
	CHECK_INT(0, mem_live());
}

static void faults_are_named_by_line(void)
{
	char said[512];

	CHECK(!parse("state a\nwhen hi => a: x\n", said, sizeof(said)));
	CHECK_STR("line 2: no such intent\n", said);
	CHECK(!parse("intent hi: x\nstate a\nwhen hi => b: x\n", said,
	             sizeof(said)));
	CHECK_STR("state b is not defined\n", said);
	CHECK(!parse("", said, sizeof(said)));
	CHECK_STR("there is no state\n", said);
	CHECK(!parse("nonsense\nstate a\n", said, sizeof(said)));
	CHECK_INT(0, mem_live());
}

static void the_rules_that_ship_are_without_fault(void)
{
	struct script *s;
	struct buf faults;

	buf_init(&faults, 4096);
	if (script_read(&s, "bot/agents/default.script", &faults))
		test_fail(__FILE__, __LINE__, "%s", buf_str(&faults));
	script_free(&s);
	buf_fini(&faults);
}

static const struct test tests[] = {
	TEST(words_are_what_people_say_without_marks),
	TEST(phrases_match_with_a_word_between_or_a_letter_wrong),
	TEST(times_are_understood_as_people_say_them),
	TEST(a_dialogue_follows_its_rules),
	TEST(faults_are_named_by_line),
	TEST(the_rules_that_ship_are_without_fault),
};

TEST_MAIN(tests)
