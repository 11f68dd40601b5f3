/*
 * Talks with people who interrupt, cough, nod and break off, over a model, a
 * voice and a recogniser that fail as they like. Who is at the other end hears
 * when the bot is done and speaks then, or does not wait. What is asked of each
 * is in oracle.h. FLOW_TALKS=N: so many of them; FLOW_SEED=N: that one alone,
 * and a file of the talk with FLOW_LOG=1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/greetings.h"
#include "bot/session_impl.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/flow/at_hand.h"
#include "tests/flow/flow.h"
#include "tests/flow/oracle.h"
#include "tests/harness/test.h"

enum {
	TALKS = 100,
	SILENCE_MS = 5000, /* at most, when the bot should be speaking */
	STEP_MS = 20,
	LONGEST_MS = 180000,
	SOUNDS = 120,
	WORDS = 24, /* of an answer, at most */
};

enum plan { WAIT, INTERRUPT, COUGH, NOISE, NOD, PLANS };

struct caller {
	uint32_t busy_until; /* with a sound of their own */
	uint32_t reply;      /* of the bot's, that is being heard */
	enum plan plan;
	uint32_t plan_at;
	uint32_t patience; /* after the bot has ended */
	unsigned turns, turns_max;
	bool bye;
};

static const char greets[] =
	"{\"instructions\":\"Be kind.\",\"tools\":[\"end_call\"],"
	"\"greeting\":\"Hello, this is the clinic.\"}";
static const char waits_for_them[] =
	"{\"instructions\":\"Be kind.\",\"tools\":[\"end_call\"],"
	"\"greeting\":null}";

static struct flow f;
static struct caller caller;
static struct oracle_sound sounds[SOUNDS];
static size_t n_sounds;
static char texts[FLOW_ANSWERS][WORDS * 8 + 8];
static uint32_t seed, state;
static unsigned stalls, faults; /* in 100 */
static struct {
	uint32_t talks, silence_ms, ms;
	size_t words, contexts, rests;
} sum;

static uint32_t chance(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static uint32_t between(uint32_t least, uint32_t most)
{
	return least + chance(most - least + 1);
}

static bool percent(uint32_t n)
{
	return chance(100) < n;
}

/* ---- the callee ------------------------------------------------------------- */

static void sound(uint32_t at, uint32_t ms)
{
	struct oracle_sound *s = &sounds[n_sounds++];

	CHECK(n_sounds < SOUNDS);
	*s = (struct oracle_sound){.from_ms = at, .to_ms = at + ms};
	flow_sound(&f, at, at + ms);
	caller.busy_until = at + ms;
}

static void say(uint32_t at, uint32_t ms, const char *text)
{
	const uint32_t late = percent(stalls) ? between(300, 1500) : 0;

	sound(at, ms);
	sounds[n_sounds - 1].words = true;
	sounds[n_sounds - 1].unfinished = !strpbrk(text, ".?!");
	if (ms > 350)
		flow_interim(&f, at + between(280, 350), text);
	sounds[n_sounds - 1].news = f.n_news;
	flow_final(&f, at + ms + late + chance(300), text);
}

static void say_something(uint32_t at)
{
	static const char *const lines[] = {
		"I need a table for two.",   "What did you say?",
		"Can you come on Monday?",   "No.",
		"That is right, thank you.", "my number is",
		"Well, I would like to",     "Who is this?",
		"Please continue.",          "Wait a moment.",
	};

	say(at, between(250, 2500), lines[chance(ARRAY_LEN(lines))]);
}

static void make_plan(uint32_t now)
{
	static const enum plan plans[] = {
		WAIT,      WAIT,      WAIT,  WAIT,  INTERRUPT,
		INTERRUPT, INTERRUPT, COUGH, NOISE, NOD,
	};

	caller.plan = plans[chance(ARRAY_LEN(plans))];
	caller.plan_at = now + between(100, 3500);
	caller.patience = between(200, 1500);
}

static void carry_out(uint32_t now)
{
	const enum plan plan = caller.plan;

	caller.plan = WAIT;
	switch (plan) {
	case INTERRUPT:
		say_something(now);
		break;
	case COUGH:
		sound(now, between(60, 450));
		break;
	case NOISE:
		sound(now, between(500, 1800));
		break;
	case NOD:
		say(now, between(250, 500), "uh-huh");
		break;
	case WAIT:
	case PLANS:
		break;
	}
}

static const struct flow_bout *last_bout(void)
{
	return f.n_bouts ? &f.bouts[f.n_bouts - 1] : NULL;
}

/* Does the callee wait for an answer? */
static bool waits(void)
{
	const struct flow_bout *b = last_bout();

	for (size_t i = n_sounds; i; i--)
		if (sounds[i - 1].words)
			return !b || b->to_ms <= sounds[i - 1].to_ms;
	return false;
}

static void listen(uint32_t now)
{
	const struct flow_bout *b = last_bout();
	const bool audible = b && b->to_ms + STEP_MS >= now;

	if (now < caller.busy_until)
		return;
	if (audible && b->reply != caller.reply) {
		caller.reply = b->reply;
		make_plan(now);
	}
	if (caller.plan != WAIT && now >= caller.plan_at) {
		if (audible || waits())
			carry_out(now);
		caller.plan = WAIT;
	} else if (!audible && !waits() &&
	           now >= (b ? b->to_ms : 0) + caller.patience &&
	           now >= caller.busy_until + caller.patience) {
		if (caller.turns++ == caller.turns_max) {
			caller.bye = true;
			return;
		}
		say_something(now);
		/* Some do not even wait for the answer to begin. */
		if (percent(25))
			make_plan(caller.busy_until);
	}
}

/* ---- what is behind the bot --------------------------------------------------- */

/* Words that are said once in a talk, so that each has one place. */
static size_t add_word(char *out, size_t n)
{
	static const char sounds_of[] = "bdfgklmnprstvz", open[] = "aeiou";
	uint32_t left = (uint32_t)n * 7919 + 12345;

	for (int i = 0; i < 3; i++) {
		*out++ = sounds_of[left % 14];
		left /= 14;
		*out++ = open[left % 5];
		left /= 5;
	}
	return 6;
}

static void write_answer(size_t i)
{
	const size_t n = between(1, WORDS);
	char *out = texts[i];
	size_t left = 0;

	for (size_t w = 0; w < n; w++) {
		if (!left)
			left = between(1, 9);
		if (w)
			*out++ = ' ';
		out += add_word(out, i * WORDS + w);
		if (--left == 0 || w + 1 == n)
			*out++ = "..?!"[chance(4)];
	}
	*out = '\0';
}

static void fail_answer(struct flow_answer *a)
{
	switch (chance(5)) {
	case 0:
		a->text = NULL;
		a->err = ERR_PROVIDER;
		break;
	case 1:
		a->text = NULL;
		a->err = ERR_PROVIDER;
		a->retry_ms = between(100, 3000);
		break;
	case 2:
		a->first_ms = 60000; /* never */
		break;
	default:
		a->stall_after = between(1, 12);
	}
}

static void model(void)
{
	for (size_t i = 0; i < FLOW_ANSWERS; i++) {
		struct flow_answer *a;

		write_answer(i);
		a = flow_answer_with(&f, texts[i]);
		a->first_ms = between(80, 1200);
		a->token_ms = between(2, 90);
		if (percent(faults))
			fail_answer(a);
		else if (percent(3)) {
			a->call = "end_call";
			a->args = "{}";
		}
	}
}

static void trouble(void)
{
	if (percent(30)) {
		f.media_gap_from = between(2000, 60000);
		f.media_gap_to = f.media_gap_from + between(40, 3000);
	}
	for (int i = 0; i < 2; i++)
		if (percent(faults))
			flow_stt_fails(&f, between(500, 60000), ERR_EOF);
	if (percent(2 * faults)) {
		f.tts_mute_from = between(1000, 40000);
		f.tts_mute_to = f.tts_mute_from + between(300, 6000);
	}
	if (percent(2 * faults)) {
		f.tts_fail_after = (int)between(1, 20);
		f.tts_fail_err = ERR_EOF;
	}
}

/* ---- what must hold ----------------------------------------------------------- */

/* Is it asked for the rest of an answer? Then the note of that goes from @text.
 */
static bool for_the_rest(char *text)
{
	char *note = strstr(text, "|callee: (The line to you broke");

	if (note)
		*note = '\0';
	return note;
}

static void ask(struct flow *flow)
{
	const struct reply *r = flow->session->reply;
	char fault[ORACLE_FAULT_MAX];
	char *text = mem_strdup(flow->requests[flow->n_requests - 1].text);
	/* What is said in the place of an answer is a part of it. */
	const bool filled = r && r->lead;
	const bool rest = for_the_rest(text);
	const bool ok = rest && r ? oracle_rest(flow, text, r->n, fault)
	                          : oracle_context(flow, text, !filled, fault);

	sum.rests += rest;
	mem_free(text);
	if (!ok)
		test_fail(__FILE__, __LINE__,
		          "FLOW_SEED=%u asked at %u ms: %s; %s", seed,
		          flow->requests[flow->n_requests - 1].at_ms, fault,
		          flow_asked(flow, flow->n_requests - 1));
}

static void judge(uint32_t end)
{
	char fault[ORACLE_FAULT_MAX];
	uint32_t at = 0, ms;

	if (!oracle_context(&f, flow_chat(&f), true, fault))
		test_fail(__FILE__, __LINE__, "FLOW_SEED=%u: %s; %s", seed,
		          fault, flow_chat(&f));
	ms = oracle_silence(&f, sounds, n_sounds, end, &at);
	if (ms > SILENCE_MS)
		test_fail(__FILE__, __LINE__,
		          "FLOW_SEED=%u: silent for %u ms up to %u ms, in "
		          "state %s; %s",
		          seed, ms, at, flow_state(&f), flow_chat(&f));
	sum.talks++;
	sum.silence_ms = ms > sum.silence_ms ? ms : sum.silence_ms;
	sum.ms += end;
	sum.words += f.n_words;
	sum.contexts += f.n_requests + 1;
	for (size_t i = 0; i < FLOW_REPLIES; i++)
		CHECK_INT(0, f.heard[i].jumps);
	CHECK_INT(0, f.sends_after_end);
}

static void talk(void)
{
	const size_t live = mem_live();
	const struct flow_opts opts = {
		.agent = seed % 3 ? greets : waits_for_them,
		.eot = seed % 4 == 1,
		.voice_ms = 50 + seed % 7 * 100,
		.line_ms = seed % 3 ? 100 : 60 + seed % 9 * 10,
		.flush_ms = 300,
		.never_flushed = seed % 5 == 2,
		.no_echo = seed % 11 == 3,
		.preempt = seed % 2,
		.backup = seed % 6 == 4,
		.greetings = at_hand_new(),
	};
	struct greetings *at_hand = opts.greetings;
	uint32_t now = 0;

	state = seed;
	n_sounds = 0;
	caller = (struct caller){.turns_max = between(3, 10),
	                         .patience = between(200, 1400)};
	stalls = seed % 3 == 1 ? 15 : 0;
	faults = seed % 2 ? 15 : 2;
	flow_open(&f, &opts);
	at_hand_words(&f);
	f.askedh = ask;
	f.verdicts = chance(2) ? "CICCICCCI" : "C-IC-CC";
	model();
	trouble();
	while (!f.ended && !f.hangups && !caller.bye && now < LONGEST_MS) {
		now += STEP_MS;
		flow_run_to(&f, now);
		if (!f.ended && !f.hangups)
			listen(now);
	}
	if (caller.bye)
		flow_stop(&f);
	judge(f.hangups ? f.hangup_at : f.ended ? f.ended_at : now);
	flow_run_to(&f, now + 40000);
	CHECK(f.ended == 1 || now >= LONGEST_MS);
	flow_close(&f);
	greetings_free(&at_hand);
	CHECK_INT(live, mem_live());
}

static void nobody_is_left_in_silence_and_every_word_is_known(void)
{
	const char *one = getenv("FLOW_SEED"), *n = getenv("FLOW_TALKS");
	const uint32_t talks = n ? (uint32_t)strtoul(n, NULL, 10) : TALKS;

	if (one) {
		seed = (uint32_t)strtoul(one, NULL, 10);
		talk();
		return;
	}
	for (seed = 1; seed <= talks; seed++)
		talk();
	printf("seeds 1 to %u: %u talks of %u s in all, %zu words heard, "
	       "%zu contexts, %zu of them for the rest of an answer; longest "
	       "silence %u ms\n",
	       talks, sum.talks, sum.ms / 1000, sum.words, sum.contexts,
	       sum.rests, sum.silence_ms);
}

/* What judges the others is itself wrong about nothing. */
static void what_is_wrong_is_noticed(void)
{
	static const struct oracle_sound asked = {
		.from_ms = 5000, .to_ms = 6000, .words = true};
	char fault[ORACLE_FAULT_MAX];
	uint32_t at;

	flow_open(&f, &(struct flow_opts){.line_ms = 100});
	flow_final(&f, 400, "Hello?");
	flow_sound(&f, 1600, 2600);
	flow_interim(&f, 1950, "Who is");
	flow_run_to(&f, 4000);
	CHECK_STR("callee: Hello?|bot! Hello, this is the", flow_chat(&f));
	CHECK(oracle_context(&f, "bot: Hello, this is the", true, fault));
	CHECK(!oracle_context(&f, "bot: Hello, this is the clinic.", true,
	                      fault));
	CHECK_STR("\"clinic.\" is in the context and was not heard", fault);
	CHECK(!oracle_context(&f, "bot: Hello, this is", true, fault));
	CHECK(oracle_context(&f, "bot: Hello, this is", false, fault));
	CHECK(!oracle_context(&f, "bot: Hello, is the", true, fault));
	CHECK(!oracle_context(&f, "callee: Hello, this is the", true, fault));
	/* Of a greeting that broke off: "clinic." is the voice's, and unheard. */
	CHECK(oracle_rest(&f, "bot: Hello, this is the clinic.", 1, fault));
	CHECK(!oracle_rest(&f, "bot: Hello, this is the", 1, fault));
	CHECK_STR("\"clinic.\" was given to the voice, and the model is not "
	          "shown it",
	          fault);
	CHECK(!oracle_rest(&f, "bot: Hello, this is clinic.", 1, fault));
	CHECK(!oracle_rest(&f, "bot: Hello, this is the old clinic.", 1,
	                   fault));
	CHECK_STR("\"old\" is in the context and was not heard", fault);
	f.n_news = 1;
	CHECK_INT(6000, oracle_silence(&f, &asked, 1, 12010, &at));
	CHECK_INT(12000, at);
	CHECK(oracle_silence(&f, NULL, 0, 12010, &at) < 1500);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(what_is_wrong_is_noticed),
	TEST_SLOW(nobody_is_left_in_silence_and_every_word_is_known, 120),
};

TEST_MAIN(tests)
