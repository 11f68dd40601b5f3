/*
 * Conversations of pure chance: sounds, words, nods, noises, slow models, lost
 * providers and hang-ups at any moment. Nothing is asked of them but what must
 * hold in every conversation. The seed of one that fails is printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

enum { CONVERSATIONS = 1000, LENGTH_MS = 40000 };

static struct flow f;
static uint32_t state;

static uint32_t chance(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static void callee(void)
{
	static const char *const lines[] = {
		"Hello?",
		"uh-huh",
		"I need a table for two.",
		"No.",
		"What did you say?",
		"my number is",
		"yes",
		"wait",
	};

	for (uint32_t at = chance(2000); at < LENGTH_MS;
	     at += 200 + chance(6000)) {
		const uint32_t to = at + 100 + chance(2500);
		const char *text = lines[chance(ARRAY_LEN(lines))];

		switch (chance(5)) {
		case 0:
			flow_sound(&f, at, to);
			break;
		case 1:
			flow_final(&f, at, text);
			break;
		default:
			flow_sound(&f, at, to);
			flow_interim(&f, at + 300 + chance(300), text);
			flow_final(&f, to + chance(900), text);
		}
		at = to;
		if (f.n_speech > FLOW_SPEECH - 2 || f.n_news > FLOW_NEWS / 2)
			break;
	}
	if (!chance(6))
		flow_stt_fails(&f, chance(LENGTH_MS), ERR_EOF);
}

static void model(void)
{
	static const char *const lines[] = {
		"Yes. Of course I will do that for you right away.",
		"No.",
		"One two three four five six seven eight nine ten.",
		"It costs $29.95. Is that all right?",
		"...",
		NULL,
	};

	for (int i = 0; i < FLOW_ANSWERS; i++) {
		struct flow_answer *a =
			flow_answer_with(&f, lines[chance(ARRAY_LEN(lines))]);

		a->first_ms = chance(1500);
		a->token_ms = chance(300);
		if (!chance(8))
			a->err = chance(2) ? ERR_PROVIDER : -ETIMEDOUT;
		if (!chance(12)) {
			a->call = "end_call";
			a->args = chance(4) ? "{}" : "{";
		}
	}
	if (!chance(6)) {
		f.tts_fail_after = 1 + (int)chance(8);
		f.tts_fail_err = ERR_EOF;
	}
}

/* Every word in the history was heard: the record gives as many milliseconds
 * as the line has played. */
static void check_heard(void)
{
	const char *p = buf_str(&f.events);

	while ((p = strstr(p, "\"role\":\"bot\",\"text\":\"")) != NULL) {
		const char *text = p + 21;
		const char *ms = strstr(p, "\"heard_ms\":");
		const size_t words = strcspn(text, "\"");
		unsigned n = 1;
		long heard;

		CHECK(ms != NULL);
		heard = strtol(ms + 11, NULL, 10);
		for (size_t i = 0; i < words; i++)
			n += text[i] == ' ';
		CHECK(heard + FLOW_WORD_MS >= (long)n * FLOW_WORD_MS);
		p = text;
	}
	for (int i = 0; i < FLOW_REPLIES; i++) {
		CHECK(f.heard[i].jumps == 0);
		CHECK(f.heard[i].again <= 700); /* three pauses' overlap */
	}
}

static void converse(uint32_t seed)
{
	const struct flow_opts opts = {
		.agent = seed % 3 ? NULL : flow_plain_agent,
		.eot = seed % 4 == 1,
		.voice_ms = 50 + seed % 7 * 100,
		.never_flushed = seed % 5 == 2,
		.no_echo = seed % 11 == 3,
		.preempt = seed % 2,
	};
	const uint32_t stop = 1000 + seed * 7919 % LENGTH_MS;

	state = seed;
	flow_open(&f, &opts);
	f.verdicts = chance(2) ? "CICCI" : "C-I";
	callee();
	model();
	flow_run_to(&f, stop);
	if (!f.ended && seed % 3 == 0)
		flow_stop(&f);
	else if (!f.ended && seed % 3 == 1)
		session_drain(f.session);
	flow_run_to(&f, stop + 45000);
	if (seed % 3 < 2)
		CHECK_INT(1, f.ended);
	CHECK(f.hangups <= 1);
	CHECK_INT(0, f.sends_after_end);
	check_heard();
	flow_close(&f);
}

static uint32_t running;

static void name_seed(void)
{
	if (running)
		fprintf(stderr, "failed: FLOW_SEED=%u\n", running);
}

static uint32_t conversations(void)
{
	const char *n = getenv("FLOW_CONVERSATIONS");

	return n ? (uint32_t)strtoul(n, NULL, 10) : CONVERSATIONS;
}

static void whatever_happens_a_call_ends_and_leaves_nothing_behind(void)
{
	const char *one = getenv("FLOW_SEED");

	if (one) {
		converse((uint32_t)strtoul(one, NULL, 10));
		return;
	}
	atexit(name_seed);
	for (running = 1; running <= conversations(); running++)
		converse(running);
	running = 0;
}

static const struct test tests[] = {
	TEST_SLOW(whatever_happens_a_call_ends_and_leaves_nothing_behind, 60),
};

TEST_MAIN(tests)
