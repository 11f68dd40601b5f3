/*
 * A second provider for each stage: it takes over within the call, and what
 * the first one had not done is not lost.
 */
#include <errno.h>

#include "bot/budget.h"
#include "bot/fallback.h"
#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static void open_backed(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .backup = true});
}

static void finish(void)
{
	CHECK_INT(0, f.ended);
	CHECK(strstr(buf_str(&f.events), "apolog") == NULL);
	flow_close(&f);
}

static void the_second_recogniser_hears_what_the_first_had_not_decided(void)
{
	open_backed();
	flow_answer(&f, "We open at nine.");
	flow_sound(&f, 1000, 3000);
	flow_stt_fails(&f, 2000, -ECONNRESET);
	flow_final(&f, 3290, "When do you open?");
	flow_run_to(&f, 6000);
	CHECK_INT(2, f.stt_opens);
	CHECK_INT(1, f.second[0]);
	/* all of the second that was spoken, and little more */
	CHECK(f.replayed > 1000 * 8 && f.replayed < 1500 * 8);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void a_recogniser_lost_in_silence_has_nothing_to_hear_again(void)
{
	open_backed();
	flow_stt_fails(&f, 500, -ECONNRESET);
	flow_answer(&f, "We open at nine.");
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.second[0]);
	CHECK(f.replayed <= 20 * 8);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void refused_credentials_are_no_end_when_another_stands_by(void)
{
	open_backed();
	flow_stt_fails(&f, 500, ERR_AUTH);
	flow_answer_with(&f, NULL)->err = ERR_AUTH;
	flow_answer(&f, "We open at nine.");
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.second[0]);
	CHECK_INT(1, f.second[1]);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void the_second_model_is_asked_at_once(void)
{
	open_backed();
	flow_answer_with(&f, NULL)->err = -EBUSY;
	flow_answer(&f, "We open at nine.");
	flow_answer(&f, "At six.");
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_says(&f, 5000, 6000, "And close?");
	flow_run_to(&f, 4500);
	CHECK_INT(2, f.n_requests);
	CHECK_INT(1, f.second[1]);
	CHECK(f.heard[1].first_ms < 2800);
	CHECK(f.requests[1].at_ms - f.requests[0].at_ms < 150);
	flow_run_to(&f, 9000);
	/* There is no way back within a call. */
	CHECK_INT(2, f.second[1]);
	CHECK_STR("callee: When do you open?|bot: We open at nine.|"
	          "callee: And close?|bot: At six.",
	          flow_chat(&f));
	finish();
}

static void the_second_voice_speaks_what_the_first_could_not(void)
{
	open_backed();
	f.tts_reply_fails = true;
	flow_answer(&f, "We open at nine.");
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.second[2]);
	CHECK_STR("We open at nine.|We open at nine.", f.spoken[1]);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void a_voice_that_is_lost_between_two_sentences_is_replaced(void)
{
	open_backed();
	f.tts_fail_after = 2;
	f.tts_fail_err = -ECONNRESET;
	flow_answer(&f, "We open at nine every day. And close at six.");
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.second[2]);
	CHECK_INT(0, f.heard[1].again);
	CHECK_STR("callee: When do you open?|bot: We open at nine every day. "
	          "And close at six.",
	          flow_chat(&f));
	finish();
}

/* ---- what calls tell each other --------------------------------------------- */

static void pick(struct fallback *fb, uint64_t now, struct fallback_pick *p)
{
	fallback_choose(fb, STAGE_LLM, NULL, 0, now, p);
}

static void a_provider_that_fails_often_is_left_out_for_a_while(void)
{
	const uint64_t wait = FALLBACK_OPEN_MS * 1000ULL;
	struct fallback fb = {.order = {NULL, "a, b", NULL}};
	struct fallback_pick p, q;

	CHECK_INT(0, fallback_add(&fb, STAGE_LLM,
	                          &(struct fallback_entry){.name = "b"}));
	CHECK_INT(0, fallback_add(&fb, STAGE_LLM,
	                          &(struct fallback_entry){.name = "a"}));
	for (int i = 0; i < FALLBACK_FAILURES; i++) {
		pick(&fb, 1000, &p);
		CHECK_STR("a", fallback_now(&p)->name);
		CHECK(fallback_failed(&p, -EBUSY, 1000));
		CHECK_STR("b", fallback_now(&p)->name);
	}
	pick(&fb, 2000, &p);
	CHECK_STR("b", fallback_now(&p)->name);
	CHECK(!fallback_has_next(&p, 2000));
	/* One call tries it, and the others wait for what comes of it. */
	pick(&fb, 2000 + wait, &p);
	CHECK_STR("a", fallback_now(&p)->name);
	pick(&fb, 2001 + wait, &q);
	CHECK_STR("b", fallback_now(&q)->name);
	fallback_good(&p);
	pick(&fb, 2002 + wait, &q);
	CHECK_STR("a", fallback_now(&q)->name);
}

static void a_refused_key_is_not_tried_three_times(void)
{
	struct fallback fb = {.order = {NULL, "a,b", NULL}};
	struct fallback_pick p;

	CHECK_INT(0, fallback_add(&fb, STAGE_LLM,
	                          &(struct fallback_entry){.name = "a"}));
	CHECK_INT(0, fallback_add(&fb, STAGE_LLM,
	                          &(struct fallback_entry){.name = "b"}));
	pick(&fb, 1000, &p);
	CHECK(fallback_failed(&p, ERR_AUTH, 1000));
	pick(&fb, 2000, &p);
	CHECK_STR("b", fallback_now(&p)->name);
	/* With nobody left somebody must try. */
	CHECK(!fallback_failed(&p, -EDQUOT, 2000));
	pick(&fb, 3000, &p);
	CHECK_STR("a", fallback_now(&p)->name);
}

static void a_dead_provider_is_not_asked_twice_as_often(void)
{
	struct budget b = {0};
	unsigned tries = 0;

	for (unsigned i = 0; i < 1000; i++) {
		const uint64_t now = 1000000 + i * 10000ULL;

		budget_request(&b, now);
		tries += budget_try(&b, now);
	}
	CHECK(tries >= 90 && tries <= 110);
	/* A lone call may try again at any time. */
	b = (struct budget){0};
	for (unsigned i = 0; i < 20; i++) {
		budget_request(&b, i * 3000000ULL);
		CHECK(budget_try(&b, i * 3000000ULL));
	}
}

static void a_stage_is_down_when_all_of_its_providers_are(void)
{
	struct fallback fb = {.order = {NULL, "a,b", NULL}};
	struct fallback_pick p;

	CHECK(!fallback_is_down(&fb, STAGE_LLM, NULL, 0, 1000));
	for (int i = 0; i < 2; i++)
		CHECK_INT(0, fallback_add(&fb, STAGE_LLM,
		                          &(struct fallback_entry){
						  .name = i ? "a" : "b"}));
	CHECK(!fallback_is_down(&fb, STAGE_LLM, NULL, 0, 1000));
	fallback_choose(&fb, STAGE_LLM, NULL, 0, 1000, &p);
	CHECK(fallback_failed(&p, ERR_AUTH, 1000));
	CHECK(!fallback_is_down(&fb, STAGE_LLM, NULL, 0, 1001));
	CHECK(!fallback_failed(&p, -EDQUOT, 1000));
	CHECK(fallback_is_down(&fb, STAGE_LLM, NULL, 0, 1001));
	CHECK(!fallback_is_down(&fb, STAGE_LLM, NULL, 0,
	                        1001 + FALLBACK_OPEN_MS * 1000ULL));
}

static const struct test tests[] = {
	TEST(the_second_recogniser_hears_what_the_first_had_not_decided),
	TEST(a_recogniser_lost_in_silence_has_nothing_to_hear_again),
	TEST(refused_credentials_are_no_end_when_another_stands_by),
	TEST(the_second_model_is_asked_at_once),
	TEST(the_second_voice_speaks_what_the_first_could_not),
	TEST(a_voice_that_is_lost_between_two_sentences_is_replaced),
	TEST(a_provider_that_fails_often_is_left_out_for_a_while),
	TEST(a_refused_key_is_not_tried_three_times),
	TEST(a_dead_provider_is_not_asked_twice_as_often),
	TEST(a_stage_is_down_when_all_of_its_providers_are),
};

TEST_MAIN(tests)
