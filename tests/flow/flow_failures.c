/*
 * Something behind the bot fails, and the callee hears something. The rows of
 * the list in README.md, with what is kept at hand for the worst of them.
 */
#include <errno.h>

#include "bot/clip.h"
#include "bot/greetings.h"
#include "bot/provider/provider.h"
#include "bot/provider/stt.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

enum {
	FILLER = 31, /* numbers of the clips, as the line hears them */
	APOLOGY = 30,
	GOODBYE = 29,
	FILLER_MS = 920, /* whole packets */
	SORRY_MS = 3000,
};

static struct flow f;

static const char agent[] = "{\"instructions\":\"Be kind.\",\"greeting\":null}";

static const char filler_text[] = "One moment, please.";
static const char apology_text[] =
	"I'm sorry, I did not get that. Could you say it again?";
static const char goodbye_text[] = "I'm sorry, I have trouble on my side. I "
				   "will have to hang up. Goodbye.";

/* @ms of numbered sound, and the words of @text evenly on it. */
static void keep(struct greetings *g, const char *text, unsigned number,
                 uint32_t ms)
{
	const struct provider_cfg cfg = {.words_for_numbers = true};
	struct clip *c = NULL;
	size_t words = 1, at = 0;

	CHECK_INT(0, clip_new(&c, str_of(text), AUDIO_ULAW_8K));
	CHECK_INT(0, clip_say(c, str_of(text)));
	for (const char *p = text; *p; p++)
		words += *p == ' ';
	for (size_t i = 0; i < words; i++) {
		const size_t n = strcspn(text + at, " ");
		const uint32_t from = (uint32_t)(ms * i / words);

		CHECK_INT(0, clip_word(c, str_n(text + at, n), from,
		                       from + ms / (uint32_t)words));
		at += n + 1;
	}
	for (uint32_t i = 0; i < ms; i++) {
		const uint8_t block[8] = {(uint8_t)number, (uint8_t)(i & 0xff),
		                          (uint8_t)(i >> 8), 0};

		CHECK_INT(0, clip_audio(c, block, sizeof(block)));
	}
	greetings_keep(g, "fake", &cfg, c);
	clip_free(&c);
}

static struct greetings *at_hand(void)
{
	struct greetings *g = NULL;

	CHECK_INT(0, greetings_new(&g, NULL));
	keep(g, filler_text, FILLER, FILLER_MS);
	keep(g, apology_text, APOLOGY, SORRY_MS);
	keep(g, goodbye_text, GOODBYE, SORRY_MS);
	return g;
}

static void open_with(const char *json, struct greetings *g)
{
	flow_open(&f, &(struct flow_opts){.agent = json, .greetings = g});
	flow_says(&f, 500, 1500, "When do you open?");
}

static void finish(void)
{
	struct greetings *g = f.opts.greetings;

	flow_close(&f);
	greetings_free(&g);
}

/* ---- the model ------------------------------------------------------------- */

static void a_model_without_a_token_is_asked_again_and_a_filler_is_heard(void)
{
	open_with(agent, at_hand());
	flow_answer_with(&f, "Never heard.")->first_ms = 60000;
	flow_answer_with(&f, "We open at nine.")->first_ms = 400;
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_NEAR(1500, f.requests[1].at_ms - f.requests[0].at_ms, 1);
	CHECK_NEAR(f.requests[0].at_ms + 1500, f.heard[FILLER].first_ms, 30);
	CHECK_INT(FILLER_MS, f.heard[FILLER].count);
	CHECK_INT(4 * FLOW_WORD_MS, f.heard[1].count);
	CHECK(f.heard[1].first_ms > f.heard[FILLER].last_ms);
	CHECK_STR("callee: When do you open?|bot: One moment, please. We open "
	          "at nine.",
	          flow_chat(&f));
	finish();
}

static void without_a_clip_the_voice_says_the_filler(void)
{
	open_with(agent, NULL);
	flow_answer_with(&f, "We open at nine.")->first_ms = 60000;
	flow_answer_with(&f, "We open at nine.")->first_ms = 900;
	flow_run_to(&f, 9000);
	CHECK_STR("One moment, please.|We open at nine.", f.spoken[1]);
	CHECK_INT(7 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_STR("callee: When do you open?|bot: One moment, please. We open "
	          "at nine.",
	          flow_chat(&f));
	finish();
}

static void an_answer_in_time_has_no_filler(void)
{
	open_with(agent, at_hand());
	flow_answer_with(&f, "We open at nine.")->first_ms = 1300;
	flow_run_to(&f, 9000);
	CHECK_INT(0, f.heard[FILLER].count);
	CHECK_INT(1, f.n_requests);
	finish();
}

static void only_what_was_heard_of_a_filler_is_remembered(void)
{
	open_with(agent, at_hand());
	flow_answer_with(&f, "Never heard.")->first_ms = 1450;
	f.opts.voice_ms = 650;
	flow_run_to(&f, 3500);
	CHECK(f.heard[FILLER].first_ms > 0);
	flow_interim(&f, f.heard[FILLER].first_ms + 600, "no wait");
	flow_final(&f, f.heard[FILLER].first_ms + 610, "No, wait.");
	flow_answer(&f, "Yes?");
	flow_run_to(&f, 9000);
	CHECK_STR("callee: When do you open?|bot! One moment,|callee: No, "
	          "wait.|bot: Yes?",
	          flow_chat(&f));
	CHECK(f.heard[FILLER].count < FILLER_MS);
	finish();
}

static void a_model_that_stays_silent_is_apologised_for_after_six_seconds(void)
{
	open_with(agent, at_hand());
	flow_answer_with(&f, "Never.")->first_ms = 60000;
	flow_answer_with(&f, "Never.")->first_ms = 60000;
	flow_run_to(&f, 12000);
	CHECK_INT(FILLER_MS, f.heard[FILLER].count);
	CHECK_INT(SORRY_MS, f.heard[APOLOGY].count);
	CHECK_NEAR(f.requests[0].at_ms + 6000, f.heard[APOLOGY].first_ms, 60);
	CHECK_STR("LISTENING", flow_state(&f));
	finish();
}

static void the_figures_are_the_agent_s(void)
{
	open_with("{\"greeting\":null,\"filler\":{\"after_ms\":700},"
	          "\"failures\":{\"first_token_ms\":1000,\"answer_ms\":3000}}",
	          at_hand());
	flow_answer_with(&f, "Never.")->first_ms = 60000;
	flow_answer_with(&f, "Never.")->first_ms = 60000;
	flow_run_to(&f, 9000);
	CHECK_NEAR(1000, f.requests[1].at_ms - f.requests[0].at_ms, 1);
	CHECK_NEAR(f.requests[0].at_ms + 700, f.heard[FILLER].first_ms, 30);
	CHECK_NEAR(f.requests[0].at_ms + 3000, f.heard[APOLOGY].first_ms, 60);
	finish();
}

static void a_broken_answer_is_finished_without_saying_a_sentence_twice(void)
{
	open_with(agent, NULL);
	flow_answer_with(&f, "We open at nine every day. We close at six and")
		->stall_after = 9;
	/* It begins anew, as models do. */
	flow_answer(&f, "We open at nine every day. We close at six. Good?");
	flow_run_to(&f, 15000);
	CHECK_INT(2, f.n_requests);
	CHECK_NEAR(2000, f.requests[1].at_ms - f.requests[0].at_ms, 150);
	CHECK(strstr(flow_asked(&f, 1),
	             "callee: When do you open?|bot: We open at nine every "
	             "day.|callee: (") != NULL);
	CHECK_STR("We open at nine every day.|We close at six.|Good?",
	          f.spoken[1]);
	CHECK_INT(11 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(0, f.heard[1].again);
	CHECK_STR("callee: When do you open?|bot: We open at nine every day. "
	          "We close at six. Good?",
	          flow_chat(&f));
	finish();
}

static void a_long_broken_answer_is_asked_for_the_rest_when_it_is_given(void)
{
	static char text[4000];
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		                      "Sentence w%c%c is here. ", 'a' + i / 26,
		                      'a' + i % 26);
	open_with(agent, NULL);
	flow_answer_with(&f, text)->stall_after = 400;
	flow_answer(&f, "That is all.");
	flow_run_to(&f, 180000);
	CHECK_INT(2, f.n_requests);
	CHECK_INT(403 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(0, f.heard[1].again + f.heard[1].jumps);
	finish();
}

static void without_quota_the_bot_says_goodbye_and_asks_no_more(void)
{
	open_with(agent, at_hand());
	flow_answer_with(&f, NULL)->err = -EDQUOT;
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.n_requests);
	CHECK_INT(SORRY_MS, f.heard[GOODBYE].count);
	CHECK(f.spoken[2] == NULL);
	CHECK_INT(1, f.hangups);
	CHECK(f.hangup_at > f.heard[GOODBYE].last_ms);
	finish();
}

static void a_model_that_is_too_busy_is_asked_once_more_when_it_says(void)
{
	struct flow_answer *a;

	open_with(agent, at_hand());
	a = flow_answer_with(&f, NULL);
	a->err = ERR_LIMIT;
	a->retry_ms = 800;
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_NEAR(900, f.requests[1].at_ms - f.requests[0].at_ms, 1);
	CHECK_INT(4 * FLOW_WORD_MS, f.heard[1].count);
	finish();

	open_with(agent, at_hand());
	a = flow_answer_with(&f, NULL);
	a->err = ERR_LIMIT;
	a->retry_ms = 5000; /* nobody waits so long on a telephone */
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.n_requests);
	CHECK_INT(SORRY_MS, f.heard[APOLOGY].count);
	finish();
}

/* ---- the voice ------------------------------------------------------------- */

static void a_late_voice_is_replaced_and_a_filler_is_heard(void)
{
	open_with(agent, at_hand());
	f.tts_stalls = 1;
	f.opts.voice_ms = 1000;
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.tts_opens);
	CHECK_STR("We open at nine.|We open at nine.", f.spoken[1]);
	CHECK_INT(FILLER_MS, f.heard[FILLER].count);
	CHECK_INT(4 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_STR("callee: When do you open?|bot: One moment, please. We open "
	          "at nine.",
	          flow_chat(&f));
	finish();
}

static void a_voice_that_falls_silent_is_replaced_where_it_stopped(void)
{
	open_with(agent, at_hand());
	f.tts_stalls = 1;
	f.tts_stall_after = 5;
	flow_answer(&f, "We open at nine every day. We close at six.");
	flow_run_to(&f, 12000);
	CHECK_INT(2, f.tts_opens);
	CHECK_INT(10 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(0, f.heard[1].again + f.heard[1].jumps);
	CHECK_STR("callee: When do you open?|bot: We open at nine every day. "
	          "We close at six.",
	          flow_chat(&f));
	finish();
}

static void a_voice_that_is_computed_here_is_waited_for(void)
{
	flow_open(&f, &(struct flow_opts){.agent = agent,
	                                  .tts_local = true,
	                                  .voice_ms = 4000});
	flow_says(&f, 500, 1500, "When do you open?");
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.tts_opens);
	CHECK_STR("We open at nine.", f.spoken[1]);
	CHECK_INT(4 * FLOW_WORD_MS, f.heard[1].count);
	finish();
}

static void a_voice_that_refuses_is_asked_once_more(void)
{
	open_with(agent, at_hand());
	f.tts_reply_fails = true;
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 2100);
	f.tts_reply_fails = false;
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.tts_opens);
	CHECK_INT(4 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void without_any_voice_the_goodbye_comes_from_what_is_kept(void)
{
	open_with(agent, at_hand());
	f.tts_dead = true;
	f.tts_fail_err = -ECONNREFUSED;
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 15000);
	CHECK_INT(SORRY_MS, f.heard[GOODBYE].count);
	CHECK_INT(1, f.hangups);
	CHECK(f.hangup_at < 8000);
	CHECK(f.hangup_at > f.heard[GOODBYE].last_ms);
	finish();

	open_with(agent, NULL); /* with nothing kept it can but hang up */
	f.tts_dead = true;
	f.tts_fail_err = -ECONNREFUSED;
	flow_run_to(&f, 15000);
	CHECK_INT(1, f.hangups);
	CHECK_INT(0, f.sent_ms);
	finish();
}

static void with_everything_down_the_callee_hears_an_apology_and_goodbye(void)
{
	open_with(agent, at_hand());
	f.tts_dead = true;
	f.tts_fail_err = -ECONNREFUSED;
	for (int i = 0; i < 8; i++)
		flow_answer_with(&f, NULL)->err = -ECONNREFUSED;
	flow_run_to(&f, 1600);
	for (int i = 0; i < 20; i++)
		flow_stt_fails(&f, 6000, -ECONNREFUSED);
	flow_run_to(&f, 20000);
	CHECK_INT(SORRY_MS, f.heard[APOLOGY].count);
	CHECK_INT(SORRY_MS, f.heard[GOODBYE].count);
	CHECK(f.heard[GOODBYE].first_ms > f.heard[APOLOGY].last_ms);
	CHECK_INT(1, f.hangups);
	CHECK(f.hangup_at < 15000);
	finish();
}

/* ---- the recogniser -------------------------------------------------------- */

static void a_lost_recogniser_hears_again_what_it_had_not_decided(void)
{
	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_sound(&f, 1000, 3000);
	flow_stt_fails(&f, 2000, ERR_EOF);
	flow_final(&f, 3290, "When do you open?");
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 6000);
	CHECK_INT(2, f.stt_opens);
	CHECK_INT(0, f.second[0]);
	/* all of the second that was spoken, and little more */
	CHECK(f.replayed > 1000 * 8 && f.replayed < 1500 * 8);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

/* Its socket is lost in mid-word, and back within a second: nobody notices. */
static void a_recogniser_that_is_back_in_time_is_not_missed(void)
{
	flow_open(&f,
	          &(struct flow_opts){.agent = agent, .never_flushed = true});
	flow_sound(&f, 1000, 2000);
	flow_stt(&f, 1500, STT_AWAY, NULL);
	flow_stt(&f, 2500, STT_READY, NULL);
	flow_final(&f, 3900, "When do you open?");
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 9000);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void without_a_recogniser_the_callee_is_asked_to_say_it_again(void)
{
	flow_open(&f, &(struct flow_opts){.agent = agent,
	                                  .never_flushed = true,
	                                  .greetings = at_hand()});
	flow_sound(&f, 1000, 2000);
	flow_stt(&f, 1500, STT_AWAY, NULL);
	flow_run_to(&f, 5000);
	/* 1.5 s after the detector was sure of the silence. */
	CHECK_NEAR(2000 + 240 + 1500, f.heard[APOLOGY].first_ms, 60);
	/* It is back, and had kept what was said: that is answered. */
	flow_stt(&f, 5200, STT_READY, NULL);
	flow_final(&f, 5400, "When do you open?");
	flow_answer(&f, "We open at nine.");
	flow_run_to(&f, 15000);
	CHECK_INT(SORRY_MS, f.heard[APOLOGY].count);
	CHECK(strstr(flow_chat(&f), "callee: When do you open?|bot: We open "
	                            "at nine.") != NULL);
	CHECK_INT(0, f.hangups);
	finish();
}

static void a_bot_that_stays_deaf_says_goodbye(void)
{
	flow_open(&f, &(struct flow_opts){.agent = agent,
	                                  .never_flushed = true,
	                                  .greetings = at_hand()});
	flow_sound(&f, 1000, 2000);
	flow_sound(&f, 8000, 9000);
	flow_stt(&f, 1500, STT_AWAY, NULL);
	flow_run_to(&f, 20000);
	CHECK_INT(SORRY_MS, f.heard[APOLOGY].count);
	CHECK_INT(SORRY_MS, f.heard[GOODBYE].count);
	CHECK_NEAR(9000 + 240 + 1500, f.heard[GOODBYE].first_ms, 60);
	CHECK_INT(1, f.hangups);
	finish();
}

static const struct test tests[] = {
	TEST(a_model_without_a_token_is_asked_again_and_a_filler_is_heard),
	TEST(without_a_clip_the_voice_says_the_filler),
	TEST(an_answer_in_time_has_no_filler),
	TEST(only_what_was_heard_of_a_filler_is_remembered),
	TEST(a_model_that_stays_silent_is_apologised_for_after_six_seconds),
	TEST(the_figures_are_the_agent_s),
	TEST(a_broken_answer_is_finished_without_saying_a_sentence_twice),
	TEST(a_long_broken_answer_is_asked_for_the_rest_when_it_is_given),
	TEST(without_quota_the_bot_says_goodbye_and_asks_no_more),
	TEST(a_model_that_is_too_busy_is_asked_once_more_when_it_says),
	TEST(a_late_voice_is_replaced_and_a_filler_is_heard),
	TEST(a_voice_that_falls_silent_is_replaced_where_it_stopped),
	TEST(a_voice_that_is_computed_here_is_waited_for),
	TEST(a_voice_that_refuses_is_asked_once_more),
	TEST(without_any_voice_the_goodbye_comes_from_what_is_kept),
	TEST(with_everything_down_the_callee_hears_an_apology_and_goodbye),
	TEST(a_lost_recogniser_hears_again_what_it_had_not_decided),
	TEST(a_recogniser_that_is_back_in_time_is_not_missed),
	TEST(without_a_recogniser_the_callee_is_asked_to_say_it_again),
	TEST(a_bot_that_stays_deaf_says_goodbye),
};

TEST_MAIN(tests)
