#include "bot/turn.h"

#include "bot/endpoint.h"
#include "bot/interrupt.h"
#include "tests/harness/test.h"

static unsigned feed(struct turn *t, const enum turn_event *evs, size_t n)
{
	unsigned last = 0;

	for (size_t i = 0; i < n; i++)
		last = turn_step(t, evs[i]);
	return last;
}

#define FEED(t, ...)                                          \
	feed(t, (const enum turn_event[]){__VA_ARGS__},       \
	     sizeof((const enum turn_event[]){__VA_ARGS__}) / \
	             sizeof(enum turn_event))

#define CHECK_STATE(want, t) CHECK_STR(want, turn_state_name((t).state))

static void a_turn_goes_round(void)
{
	struct turn t;

	turn_init(&t);
	CHECK(FEED(&t, TURN_EV_SPEECH, TURN_EV_SILENCE, TURN_EV_ENDPOINT) &
	      TURN_START_REPLY);
	CHECK_INT(TURN_ARM_QUIET, FEED(&t, TURN_EV_AUDIO, TURN_EV_PLAYED));
	CHECK_STATE("LISTENING", t);
	CHECK_INT(0, t.ignored);
}

static void words_over_the_reply_cut_it_short(void)
{
	struct turn t;

	turn_init(&t);
	FEED(&t, TURN_EV_QUIET, TURN_EV_AUDIO, TURN_EV_SPEECH);
	CHECK_STATE("OVERLAP", t);
	CHECK_INT(TURN_CANCEL_REPLY | TURN_OPEN_TURN,
	          turn_step(&t, TURN_EV_WORDS));
	CHECK_INT(0, turn_step(&t, TURN_EV_PLAYED)); /* late news */
	CHECK_INT(1, t.ignored);
}

static void a_long_sound_only_holds_the_reply(void)
{
	struct turn t;

	turn_init(&t);
	FEED(&t, TURN_EV_QUIET, TURN_EV_AUDIO, TURN_EV_SPEECH);
	CHECK_INT(TURN_HOLD | TURN_ARM_RESUME, turn_step(&t, TURN_EV_LONG));
	CHECK_INT(TURN_ARM_RESUME, turn_step(&t, TURN_EV_SILENCE));
	CHECK_INT(TURN_RELEASE, turn_step(&t, TURN_EV_RESUME));
	CHECK_STATE("SPEAKING", t);
}

static void nothing_stops_the_goodbye_and_nothing_follows_the_end(void)
{
	struct turn t;

	turn_init(&t);
	FEED(&t, TURN_EV_QUIET, TURN_EV_AUDIO, TURN_EV_BYE);
	CHECK_INT(0, FEED(&t, TURN_EV_SPEECH, TURN_EV_WORDS, TURN_EV_LONG));
	CHECK_INT(TURN_END_CALL, turn_step(&t, TURN_EV_PLAYED));
	CHECK_INT(0, FEED(&t, TURN_EV_HANGUP, TURN_EV_QUIET));
	CHECK_STATE("ENDED", t);
}

static void a_hangup_ends_every_state(void)
{
	for (int st = 0; st < TURN_ENDED; st++) {
		struct turn t = {.state = (enum turn_state)st};

		CHECK(turn_step(&t, TURN_EV_HANGUP) & TURN_CANCEL_REPLY);
		CHECK_STATE("ENDED", t);
	}
}

static struct endpoint_in said(const char *text)
{
	return (struct endpoint_in){
		.heard = true,
		.ever_heard = true,
		.end_at_ms = 1000,
		.text = str_of(text),
		.text_at_ms = 1100,
		.verdict = ENDPOINT_COMPLETE,
	};
}

#define AT(in) endpoint_at(&endpoint_defaults, &(in))

static void a_complete_turn_waits_for_its_text_alone(void)
{
	struct endpoint_in in = said("Yes please.");

	CHECK_INT(1350, AT(in));
	in.all_text = true;
	CHECK_INT(0, AT(in));
	in.text = str_of("");
	CHECK(AT(in) == ENDPOINT_WAIT);
	in = said("Yes");
	in.speaking = true;
	CHECK(AT(in) == ENDPOINT_WAIT);
}

static void an_unfinished_turn_waits_longer(void)
{
	struct endpoint_in in = said("My number is");

	in.verdict = ENDPOINT_INCOMPLETE;
	CHECK_INT(4200, AT(in));
	in.text = str_of("My number is five.");
	CHECK_INT(2000, AT(in));
	in.text = str_of("My number is");
	in.verdict = ENDPOINT_NO_MODEL;
	in.all_text = true;
	CHECK_INT(2000, AT(in));
	in.text = str_of("My number is five.");
	CHECK_INT(1350, AT(in));
	in.verdict = ENDPOINT_PENDING;
	CHECK_INT(1350, AT(in));
}

static void words_that_the_vad_missed_end_by_their_own_clock(void)
{
	struct endpoint_in in = said("Yes.");

	in.heard = false;
	CHECK_INT(1250, AT(in));
	in.ever_heard = false;
	CHECK_INT(1450, AT(in));
}

static void the_score_knows_dangling_words(void)
{
	static const char *const done[] = {"Yes", "I need a table.", "At five?",
	                                   "What is that for?", "Tomorrow"};
	static const char *const open[] = {"I would like to", "and the.", "Um",
	                                   "my name is,", ""};

	for (size_t i = 0; i < ARRAY_LEN(done); i++)
		CHECK(endpoint_score(str_of(done[i])) > ENDPOINT_FINISHED);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		CHECK(endpoint_score(str_of(open[i])) <= ENDPOINT_FINISHED);
}

static enum interrupt_verdict judge(struct interrupt_in in)
{
	return interrupt_judge(&interrupt_defaults, &in);
}

static void a_sound_counts_when_long_and_a_word_at_once(void)
{
	struct interrupt_in in = {.audible = true, .speech_ms = 499};

	CHECK_INT(INTERRUPT_NO, judge(in));
	in.speech_ms = 500;
	CHECK_INT(INTERRUPT_LONG, judge(in));
	in.speech_ms = 0;
	in.text = str_of("wait");
	CHECK_INT(INTERRUPT_WORDS, judge(in));
	in.protected = true;
	CHECK_INT(INTERRUPT_NO, judge(in));
}

static void a_nod_counts_only_near_the_ends_of_a_reply(void)
{
	struct interrupt_in in = {
		.audible = true,
		.text = str_of("Uh-huh."),
		.said_ms = 3000,
		.left_ms = 3000,
	};

	CHECK_INT(INTERRUPT_BACKCHANNEL, judge(in));
	in.text = str_of("yeah but");
	CHECK_INT(INTERRUPT_WORDS, judge(in));
	in.text = str_of("yes");
	in.left_ms = 900;
	CHECK_INT(INTERRUPT_WORDS, judge(in));
	in.left_ms = 3000;
	in.audible = false;
	CHECK_INT(INTERRUPT_WORDS, judge(in));
}

static void more_words_may_be_asked_for_while_the_bot_speaks(void)
{
	struct interrupt_rules rules = interrupt_defaults;
	struct interrupt_in in = {
		.audible = true,
		.speech_ms = 3000,
		.text = str_of("wait stop"),
	};

	rules.min_words = 3;
	CHECK_INT(INTERRUPT_NO, interrupt_judge(&rules, &in));
	in.text = str_of("wait stop please");
	CHECK_INT(INTERRUPT_WORDS, interrupt_judge(&rules, &in));
	in.text = str_of("wait");
	in.audible = false;
	CHECK_INT(INTERRUPT_WORDS, interrupt_judge(&rules, &in));
}

static const struct test tests[] = {
	TEST(a_turn_goes_round),
	TEST(words_over_the_reply_cut_it_short),
	TEST(a_long_sound_only_holds_the_reply),
	TEST(nothing_stops_the_goodbye_and_nothing_follows_the_end),
	TEST(a_hangup_ends_every_state),
	TEST(a_complete_turn_waits_for_its_text_alone),
	TEST(an_unfinished_turn_waits_longer),
	TEST(words_that_the_vad_missed_end_by_their_own_clock),
	TEST(the_score_knows_dangling_words),
	TEST(a_sound_counts_when_long_and_a_word_at_once),
	TEST(a_nod_counts_only_near_the_ends_of_a_reply),
	TEST(more_words_may_be_asked_for_while_the_bot_speaks),
};

TEST_MAIN(tests)
