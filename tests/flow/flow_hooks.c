/*
 * Code that goes with an agent: what it is told, and what it may do to the
 * conversation.
 */
#include <stdio.h>
#include <string.h>

#include "bot/hook_room.h"
#include "bot/hooks.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static const char agent[] =
	"{\"instructions\":\"Call {{name|nobody}}.\",\"greeting\":null,"
	"\"farewell\":\"Good day.\",\"hooks\":\"test\",\"tools\":["
	"\"send_dtmf\",{\"name\":\"lookup\",\"description\":\"d\","
	"\"hook\":true,\"timeout_ms\":4000,\"filler\":\"One moment.\"},{"
	"\"name\":\"slots\",\"description\":\"d\",\"http\":{\"method\":\"GET\","
	"\"url\":\"https://api.example.com/\"}}]}";

static struct flow f;
static const struct dialout_host *host = &hook_room_host;

/* What the code below was told, and what it is to do. */
static struct {
	char log[2048];
	uint64_t call, ticket;
	const char *set, *say, *say_heard, *end_heard, *answer;
	uint32_t wake_ms;
	int verdict;
	const char *woken_answer, *woken_say;
	int last; /* what the host returned */
} code;

static void note(const char *what, const char *text)
{
	const size_t n = strlen(code.log);

	(void)snprintf(code.log + n, sizeof(code.log) - n, "%s%s:%s",
	               n ? "|" : "", what, text);
}

static void *on_started(const struct dialout_start *start)
{
	char lost[32];

	code.call = start->call;
	note("started", start->body ? start->body : "-");
	(void)snprintf(lost, sizeof(lost), "lost %u", start->again);
	if (start->again)
		note(lost, start->kept ? start->kept : "-");
	if (code.set)
		CHECK_INT(DIALOUT_OK, host->set(start->call, "name", code.set));
	if (code.say)
		CHECK_INT(DIALOUT_OK, host->say(start->call, code.say));
	if (code.wake_ms)
		CHECK_INT(DIALOUT_OK, host->wake(start->call, code.wake_ms));
	return &code;
}

static void on_heard(const struct dialout_turn *turn, void *data)
{
	CHECK(data == &code);
	note(turn->again ? "again" : "heard", turn->text);
	if (code.say_heard)
		CHECK_INT(DIALOUT_OK, host->say(turn->call, code.say_heard));
	if (code.end_heard)
		CHECK_INT(DIALOUT_OK, host->end(turn->call, code.end_heard));
}

static int on_tool(const struct dialout_tool *tool, void *data)
{
	CHECK(data == &code);
	note(tool->name, tool->args);
	code.ticket = tool->ticket;
	if (code.answer)
		CHECK_INT(DIALOUT_OK, host->answer(tool->ticket, code.answer));
	return code.verdict;
}

static void on_woken(uint64_t call, void *data)
{
	CHECK(data == &code && call == code.call);
	note("woken", "");
	if (code.woken_answer)
		code.last = host->answer(code.ticket, code.woken_answer);
	if (code.woken_say)
		code.last = host->say(call, code.woken_say);
}

static void on_ending(uint64_t call, const char *by, const char *cause,
                      void *data)
{
	CHECK(data == &code && call == code.call && cause[0]);
	note("ending", by);
	/* Harmless, and too late. */
	(void)host->say(call, "Wait!");
	(void)host->end(call, NULL);
}

static const struct dialout_hooks hooks = {.abi = DIALOUT_ABI,
                                           .size = sizeof(hooks),
                                           .name = "test",
                                           .started = on_started,
                                           .heard = on_heard,
                                           .tool = on_tool,
                                           .woken = on_woken,
                                           .ending = on_ending};

static void open_with(const char *body)
{
	const struct flow_opts opts = {
		.agent = agent, .hooks = &hooks, .body = body};

	flow_open(&f, &opts);
	flow_says(&f, 500, 1500, "Hello there.");
}

static void call(const char *name, const char *args)
{
	struct flow_answer *a = flow_answer_with(&f, NULL);

	a->call = name;
	a->args = args;
}

static void it_is_told_from_the_beginning_to_the_end(void)
{
	open_with("{\"a\":1}");
	flow_answer(&f, "Hi.");
	flow_run_to(&f, 5000);
	flow_stop(&f);
	flow_run_to(&f, 6000);
	CHECK_STR("started:{\"a\":1}|heard:Hello there.|ending:callee",
	          code.log);
	CHECK_INT(DIALOUT_GONE, host->say(code.call, "Hello?"));
	flow_close(&f);
	CHECK_STR("started:{\"a\":1}|heard:Hello there.|ending:callee",
	          code.log);
}

static void a_call_that_is_closed_ends_for_it_too(void)
{
	open_with(NULL);
	flow_close(&f);
	CHECK_STR("started:-|ending:bot", code.log);
}

static void what_it_sets_is_in_the_instructions(void)
{
	char name[16];

	code.set = "Ann";
	open_with("{\"name\":\"Bob\",\"x\":{\"y\":[7]}}");
	CHECK_INT(DIALOUT_OK, host->get(code.call, "name", name, 16));
	CHECK_STR("Ann", name);
	CHECK_INT(DIALOUT_OK, host->get(code.call, "x.y.0", name, 16));
	CHECK_STR("7", name);
	CHECK_INT(DIALOUT_INVALID, host->get(code.call, "z", name, 16));
	CHECK_INT(DIALOUT_INVALID, host->get(code.call, "name", name, 3));
	CHECK_STR("", name);
	flow_answer(&f, "Hi.");
	flow_run_to(&f, 5000);
	CHECK(strstr(f.requests[0].text, "Ann"));
	CHECK(!strstr(f.requests[0].text, "Bob"));
	flow_close(&f);
}

static void a_line_within_heard_is_the_answer(void)
{
	code.say_heard = "Which day suits you?";
	open_with(NULL);
	flow_run_to(&f, 6000);
	CHECK_INT(0, f.n_requests);
	CHECK_STR("Which day suits you?", f.spoken[1]);
	CHECK_STR("callee: Hello there.|bot: Which day suits you?",
	          flow_chat(&f));
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

static void a_guess_is_withdrawn_for_it(void)
{
	const struct flow_opts opts = {
		.agent = agent, .hooks = &hooks, .preempt = true};

	code.say_heard = "Which day suits you?";
	flow_open(&f, &opts);
	flow_answer(&f, "I am the model.");
	flow_says(&f, 500, 1500, "Hello there.");
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: Hello there.|bot: Which day suits you?",
	          flow_chat(&f));
	flow_close(&f);
}

static void a_line_from_outside_waits_until_nobody_speaks(void)
{
	code.wake_ms = 1000;
	code.woken_say = "By the way.";
	open_with(NULL);
	flow_answer(&f, "Hi.");
	flow_run_to(&f, 8000);
	/* It was given while the callee spoke: it is the answer. */
	CHECK_STR("callee: Hello there.|bot: By the way.", flow_chat(&f));
	CHECK_INT(0, f.n_requests);
	flow_close(&f);
}

static void or_it_is_said_into_the_silence(void)
{
	code.wake_ms = 5000;
	code.woken_say = "Are you still thinking?";
	open_with(NULL);
	flow_answer(&f, "Hi.");
	flow_run_to(&f, 9000);
	CHECK_STR("callee: Hello there.|bot: Hi.|bot: Are you still thinking?",
	          flow_chat(&f));
	CHECK(f.heard[2].first_ms >= 5000 && f.heard[2].first_ms <= 5300);
	flow_close(&f);
}

static void late_words_are_heard_again_with_the_first(void)
{
	code.say_heard = "I see.";
	open_with(NULL);
	f.opts.voice_ms = 2000; /* nothing is heard yet */
	flow_run_to(&f, 2600);
	flow_final(&f, 2700, "And good day.");
	flow_run_to(&f, 9000);
	CHECK_STR("started:-|heard:Hello there.|again:Hello there. And good "
	          "day.",
	          code.log);
	CHECK_STR("callee: Hello there. And good day.|bot: I see.",
	          flow_chat(&f));
	flow_close(&f);
}

static void it_ends_the_call_with_its_own_words(void)
{
	code.say_heard = "Thank you.";
	code.end_heard = "Bye bye.";
	open_with(NULL);
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.ended);
	CHECK_INT(1, f.hangups);
	CHECK_STR("Thank you.", f.spoken[1]);
	CHECK_STR("Bye bye.", f.spoken[2]);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[2].count);
	CHECK_INT(0, f.n_requests);
	CHECK(strstr(code.log, "ending:bot"));
	flow_close(&f);
}

static void it_answers_a_tool_at_once(void)
{
	code.verdict = DIALOUT_MINE;
	code.answer = "{\"found\":1}";
	open_with(NULL);
	call("lookup", "{\"q\":\"x\"}");
	flow_answer(&f, "There is one.");
	flow_run_to(&f, 8000);
	CHECK(strstr(code.log, "|lookup:{\"q\":\"x\"}"));
	/* Nothing is said in between. */
	CHECK_STR("There is one.", f.spoken[1]);
	CHECK(strstr(flow_asked(&f, 1), "tool: {\"found\":1}"));
	CHECK(strstr(buf_str(&f.events), "tool {\"name\":\"lookup\""));
	CHECK_INT(DIALOUT_GONE, host->answer(code.ticket, "again"));
	flow_close(&f);
}

static void or_later_and_the_filler_is_heard(void)
{
	code.verdict = DIALOUT_MINE;
	code.wake_ms = 4500;
	code.woken_answer = "late";
	open_with(NULL);
	call("lookup", "{}");
	flow_answer(&f, "There is one.");
	flow_run_to(&f, 9000);
	CHECK_INT(DIALOUT_OK, code.last);
	CHECK_STR("One moment.", f.spoken[1]);
	CHECK(strstr(flow_asked(&f, 1), "tool: late"));
	CHECK(f.requests[1].at_ms >= 4500 && f.requests[1].at_ms <= 4510);
	flow_close(&f);
}

static void what_is_not_answered_in_time_is_an_error(void)
{
	code.verdict = DIALOUT_MINE;
	code.wake_ms = 9000;
	code.woken_answer = "too late";
	open_with(NULL);
	call("lookup", "{}");
	flow_answer(&f, "I am sorry.");
	flow_run_to(&f, 12000);
	CHECK(strstr(flow_asked(&f, 1), "there was no answer in time"));
	CHECK_INT(DIALOUT_GONE, code.last);
	flow_close(&f);
}

static void a_ticket_of_a_call_that_is_over_is_harmless(void)
{
	code.verdict = DIALOUT_MINE;
	open_with(NULL);
	call("lookup", "{}");
	flow_run_to(&f, 4000);
	CHECK(code.ticket != 0);
	flow_stop(&f);
	flow_run_to(&f, 5000);
	CHECK_INT(DIALOUT_GONE, host->answer(code.ticket, "x"));
	flow_close(&f);
	CHECK_INT(DIALOUT_GONE, host->answer(code.ticket, "x"));
	CHECK_INT(DIALOUT_GONE, host->end(code.call, NULL));
	CHECK_INT(DIALOUT_GONE, host->wake(code.call, 1));
}

static void a_tool_that_is_nobodys_is_an_error(void)
{
	code.verdict = DIALOUT_PASS;
	open_with(NULL);
	call("lookup", "{}");
	flow_run_to(&f, 8000);
	CHECK(strstr(flow_asked(&f, 1), "nobody answers this tool"));
	flow_close(&f);
}

static void others_it_lets_pass_or_takes(void)
{
	code.verdict = DIALOUT_PASS;
	open_with(NULL);
	call("slots", "{}");
	flow_run_to(&f, 8000);
	CHECK_INT(1, f.n_tools);
	flow_close(&f);

	memset(&code, 0, sizeof(code));
	code.verdict = DIALOUT_MINE;
	code.answer = "mine";
	open_with(NULL);
	call("slots", "{}");
	flow_run_to(&f, 8000);
	CHECK_INT(0, f.n_tools);
	CHECK(strstr(flow_asked(&f, 1), "tool: mine"));
	flow_close(&f);
}

static void built_in_ones_it_is_only_told_of(void)
{
	code.verdict = DIALOUT_MINE;
	open_with(NULL);
	call("send_dtmf", "{\"digits\":\"1\"}");
	flow_run_to(&f, 8000);
	CHECK(strstr(code.log, "|send_dtmf:{\"digits\":\"1\"}"));
	CHECK_INT(0, code.ticket);
	CHECK(strstr(buf_str(&f.events), "digits 1\n"));
	flow_close(&f);
}

static void what_it_keeps_is_told_for_the_next_bot(void)
{
	static char longer[DIALOUT_KEPT_MAX + 2];

	memset(longer, 'a', sizeof(longer) - 1);
	open_with(NULL);
	CHECK_INT(DIALOUT_INVALID, host->keep(code.call, longer));
	CHECK_INT(DIALOUT_INVALID, host->keep(code.call, "\xff"));
	CHECK_INT(DIALOUT_OK, host->keep(code.call, "step \"2\""));
	CHECK_INT(DIALOUT_GONE, host->keep(code.call + 1, "x"));
	flow_run_to(&f, 100);
	CHECK(strstr(buf_str(&f.events), "kept {\"text\":\"step \\\"2\\\"\"}"));
	flow_close(&f);
}

static void it_begins_with_what_a_lost_bot_has_kept(void)
{
	const struct flow_opts opts = {
		.agent = agent,
		.hooks = &hooks,
		.past = "{\"n\":2,\"from\":11,\"turns\":[],\"kept\":"
			"\"step 2\"}"};

	flow_open(&f, &opts);
	CHECK_STR("started:-|lost 2:step 2", code.log);
	flow_close(&f);
}

static void what_is_no_text_is_refused(void)
{
	static char longer[DIALOUT_TEXT_MAX + 2];

	memset(longer, 'a', sizeof(longer) - 1);
	open_with("[1]");
	CHECK_INT(DIALOUT_INVALID, host->say(code.call, ""));
	CHECK_INT(DIALOUT_INVALID, host->say(code.call, NULL));
	CHECK_INT(DIALOUT_INVALID, host->say(code.call, "\xff"));
	CHECK_INT(DIALOUT_INVALID, host->say(code.call, longer));
	CHECK_INT(DIALOUT_INVALID, host->end(code.call, "{{x}}"));
	CHECK_INT(DIALOUT_INVALID, host->set(code.call, "", "x"));
	/* There is no place for it in such custom data. */
	CHECK_INT(DIALOUT_INVALID, host->set(code.call, "a", "x"));
	for (int i = 0; i < DIALOUT_LINES_MAX; i++)
		CHECK_INT(DIALOUT_OK, host->say(code.call, "One."));
	CHECK_INT(DIALOUT_FULL, host->say(code.call, "One."));
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(it_is_told_from_the_beginning_to_the_end),
	TEST(a_call_that_is_closed_ends_for_it_too),
	TEST(what_it_sets_is_in_the_instructions),
	TEST(a_line_within_heard_is_the_answer),
	TEST(a_guess_is_withdrawn_for_it),
	TEST(a_line_from_outside_waits_until_nobody_speaks),
	TEST(or_it_is_said_into_the_silence),
	TEST(late_words_are_heard_again_with_the_first),
	TEST(it_ends_the_call_with_its_own_words),
	TEST(it_answers_a_tool_at_once),
	TEST(or_later_and_the_filler_is_heard),
	TEST(what_is_not_answered_in_time_is_an_error),
	TEST(a_ticket_of_a_call_that_is_over_is_harmless),
	TEST(a_tool_that_is_nobodys_is_an_error),
	TEST(others_it_lets_pass_or_takes),
	TEST(built_in_ones_it_is_only_told_of),
	TEST(what_it_keeps_is_told_for_the_next_bot),
	TEST(it_begins_with_what_a_lost_bot_has_kept),
	TEST(what_is_no_text_is_refused),
};

TEST_MAIN(tests)
