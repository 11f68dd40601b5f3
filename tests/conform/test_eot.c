/*
 * Those who hear the end of a turn: the laws on Smart Turn and on the fake of
 * the flow tests, and what is Smart Turn's alone.
 */
#include "bot/eot_smart.h"

#include <stdlib.h>
#include <string.h>

#include "bot/engine/engine.h"
#include "bot/engine/smart_turn.h"
#include "bot/net/net.h"
#include "common/mem.h"
#include "tests/conform/eot_laws.h"
#include "tests/conform/rig.h"
#include "tests/flow/flow_impl.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"

static struct engine *engine, *deaf;
static struct net_wake *wake;
static struct speech speech;

static void send_wake(void *arg)
{
	(void)arg;
	net_wake_send(wake);
}

static void drain(void *arg)
{
	(void)arg;
	if (engine)
		engine_drain(engine);
}

static struct eot_fixture smart = {.ops = &eot_smart_ops, .run = rig_run};

static void end(void)
{
	engine_free(&engine);
	engine_free(&deaf);
	net_wake_close(&wake);
	speech_fini(&speech);
}

/* Ahead of all tests. */
static void load(void)
{
	struct engine_params prm = {.models_dir = getenv("MODELS_DIR"),
	                            .threads = 1};

	CHECK_INT(0, engine_new(&deaf, &prm));
	prm.turn = speech_model(SMART_TURN_FILE);
	CHECK_INT(0, engine_new(&engine, &prm));
}

static void begin(void)
{
	CHECK_INT(0, net_wake_open(&wake, rig_net(), drain, NULL));
	CHECK_INT(0, engine_start(engine, send_wake, NULL));
	rig_before_end(end);
	rig_ends_all();
	speech_prompt(&speech, "agent-pass");
	speech_pad(&speech, 0, 200);
	smart.env = engine;
	smart.bad_env = deaf;
	smart.speech = speech.v;
	smart.n = speech.n;
}

/* ---- the fake, in virtual time --------------------------------------------- */

static struct flow flow;
static uint32_t flow_at;

static void run_flow(unsigned ms)
{
	flow_at += ms;
	flow_run_to(&flow, flow_at);
}

static struct eot_fixture fake = {
	.ops = &fake_eot_ops, .env = &flow, .run = run_flow};

static void begin_fake(void)
{
	static const struct flow_opts opts = {.agent = flow_plain_agent,
	                                      .eot = true};

	flow_open(&flow, &opts);
	flow_at = 0;
}

#define LAW(law)                           \
	static void smart_turn_##law(void) \
	{                                  \
		begin();                   \
		eot_law_##law(&smart);     \
		rig_end();                 \
	}
#define FAKE(law)                     \
	static void fake_##law(void)  \
	{                             \
		begin_fake();         \
		eot_law_##law(&fake); \
		flow_close(&flow);    \
	}
#define BOTH(law) LAW(law) FAKE(law)

LAW(error_means_silence)
BOTH(no_answer_before_its_question)
BOTH(a_question_is_answered_once)
BOTH(only_the_last_question_is_answered)
BOTH(nothing_after_close)
BOTH(close_inside_handler)
BOTH(a_question_before_any_sound_is_harmless)

/* ---- Smart Turn alone ------------------------------------------------------- */

static void an_answer_that_is_late_is_not_given(void)
{
	struct eot_log log;
	struct eot *e;

	begin();
	CHECK_INT(0, eot_log_open(&e, &log, &smart));
	eot_log_ask(e, &log, &smart, 1, 1);
	rig_run(600);
	CHECK_INT(0, log.answers);
	eot_log_ask(e, &log, &smart, 2, EOT_WITHIN_MS);
	eot_log_until(&log, &smart, 1);
	CHECK_INT(2, log.ask);
	eot_close(&e);
	rig_end();
}

/* Nine calls ask at once; eight get an answer, and then there is room. */
static void the_ninth_question_at_once_is_not_asked(void)
{
	enum { CALLS = SMART_TURN_QUEUE + 1 };
	struct eot_log log[CALLS];
	struct eot *e[CALLS];

	begin();
	for (unsigned i = 0; i < CALLS; i++) {
		CHECK_INT(0, eot_log_open(&e[i], &log[i], &smart));
		eot_log_ask(e[i], &log[i], &smart, i, EOT_WITHIN_MS);
	}
	for (unsigned i = 0; i < SMART_TURN_QUEUE; i++)
		eot_log_until(&log[i], &smart, 1);
	rig_run(200);
	CHECK_INT(0, log[CALLS - 1].answers);
	eot_log_ask(e[CALLS - 1], &log[CALLS - 1], &smart, CALLS,
	            EOT_WITHIN_MS);
	eot_log_until(&log[CALLS - 1], &smart, 1);
	for (unsigned i = 0; i < CALLS; i++)
		eot_close(&e[i]);
	rig_end();
}

/* A call that ends gives its place back, answered or not. */
static void closed_calls_leave_no_place_taken(void)
{
	struct eot_log log;
	struct eot *e;

	begin();
	for (unsigned i = 0; i < 3 * SMART_TURN_QUEUE; i++) {
		CHECK_INT(0, eot_log_open(&e, &log, &smart));
		eot_log_ask(e, &log, &smart, i, EOT_WITHIN_MS);
		eot_close(&e);
		if (i % SMART_TURN_QUEUE == SMART_TURN_QUEUE - 1)
			rig_run(200);
	}
	CHECK_INT(0, eot_log_open(&e, &log, &smart));
	eot_log_ask(e, &log, &smart, 1, EOT_WITHIN_MS);
	eot_log_until(&log, &smart, 1);
	eot_close(&e);
	rig_end();
}

static void speech_takes_the_question_back(void)
{
	struct eot_log log;
	struct eot *e;

	begin();
	CHECK_INT(0, eot_log_open(&e, &log, &smart));
	eot_log_ask(e, &log, &smart, 1, EOT_WITHIN_MS);
	e->ops->push(e, &(struct pcm){speech.v, 160, 8000}, true);
	rig_run(400);
	CHECK_INT(0, log.answers);
	eot_close(&e);
	rig_end();
}

/* The line came back with another rate. */
static void a_line_may_change_its_rate(void)
{
	struct eot_log log;
	struct eot *e;

	begin();
	CHECK_INT(0, eot_log_open(&e, &log, &smart));
	eot_log_ask(e, &log, &smart, 1, EOT_WITHIN_MS);
	eot_log_until(&log, &smart, 1);
	e->ops->push(e, &(struct pcm){speech.v, 320, 16000}, true);
	e->ops->ask(e, 2, EOT_WITHIN_MS);
	eot_log_until(&log, &smart, 2);
	CHECK_INT(2, log.ask);
	eot_close(&e);
	rig_end();
}

#define TWO(law) TEST_SLOW(smart_turn_##law, 40), TEST(fake_##law)

static const struct test tests[] = {
	TEST_SLOW(smart_turn_error_means_silence, 40),
	TWO(no_answer_before_its_question),
	TWO(a_question_is_answered_once),
	TWO(only_the_last_question_is_answered),
	TWO(nothing_after_close),
	TWO(close_inside_handler),
	TWO(a_question_before_any_sound_is_harmless),
	TEST_SLOW(an_answer_that_is_late_is_not_given, 40),
	TEST_SLOW(the_ninth_question_at_once_is_not_asked, 40),
	TEST_SLOW(closed_calls_leave_no_place_taken, 40),
	TEST_SLOW(speech_takes_the_question_back, 40),
	TEST_SLOW(a_line_may_change_its_rate, 40),
};

TEST_MAIN_AFTER(load, tests)
