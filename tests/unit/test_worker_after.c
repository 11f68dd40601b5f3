/* A worker's calls whose agent wants a report, made by a model that a test
 * plays. */
#define _GNU_SOURCE
#include <stdio.h>

#include "bot/fallback.h"
#include "bot/provider/llm.h"
#include "common/mem.h"
#include "tests/fake/booth.h"
#include "tests/fake/session_here.h"
#include "tests/harness/test.h"

static struct llm *asked; /* the request that waits; NULL: none */
static unsigned drained;

static int model_open(struct llm **llmp, struct net *net,
                      const struct llm_params *prm)
{
	(void)net;
	(void)prm;
	CHECK(!asked);
	asked = *llmp = mem_zalloc(sizeof(**llmp));
	return asked ? 0 : -1;
}

static void model_close(struct llm *llm)
{
	asked = NULL;
	mem_free(llm);
}

static const struct llm_ops model = {
	.name = "played", .open = model_open, .close = model_close};

static void report(const char *args)
{
	struct llm_event ev = {.type = LLM_TOOL_CALL,
	                       .call = {"c1", LLM_REPORT, args}};

	if (!llm_emit(asked, &ev))
		return;
	ev = (struct llm_event){.type = LLM_DONE};
	llm_emit(asked, &ev);
}

static void begin(void)
{
	static struct fallback providers;
	static const struct fallback_entry e = {.name = "played",
	                                        .llm = &model};

	CHECK_INT(0, fallback_add(&providers, STAGE_LLM, &e));
	providers.order[STAGE_LLM] = "played";
	booth.fallback = &providers;
	booth.capacity = 1;
	booth.agent = "{\"after_call\":{}}";
	booth_open();
	booth_call("c1", "u1");
	fake_session_event(SESSION_TURN,
	                   "\"role\":\"callee\",\"text\":\"Hello.\"");
}

static void drained_handler(void *arg)
{
	(void)arg;
	drained++;
	net_stop(booth.net);
}

static void the_place_is_free_while_a_call_is_reported_on(void)
{
	begin();
	ws_close(&booth.phone.ws, 1000, NULL);
	while (!asked)
		booth_pass(5);
	CHECK_INT(200, booth_reserve("c2", NULL));
	report("{\"summary\":\"They said hello.\"}");
	while (!strstr(booth.events, "summary"))
		booth_pass(5);
	CHECK(strstr(booth.events,
	             "\"summary\":\"They said hello.\",\"fields\":"
	             "null,\"error\":null"));
	CHECK(strstr(booth.events, "\"ended\"") <
	      strstr(booth.events, "\"summary\""));
	booth_close();
}

static void draining_waits_for_the_report(void)
{
	begin();
	worker_drain(booth.worker, 60, drained_handler, NULL);
	ws_close(&booth.phone.ws, 1000, NULL);
	while (!asked)
		booth_pass(5);
	booth_pass(200);
	CHECK_INT(0, drained);
	report("{\"summary\":\"They said hello.\"}");
	while (!drained)
		net_run(booth.net);
	CHECK(strstr(booth.events, "They said hello."));
	booth_close();
}

static void closing_before_the_report_leaves_nothing(void)
{
	begin();
	ws_close(&booth.phone.ws, 1000, NULL);
	while (!asked)
		booth_pass(5);
	booth_close();
	CHECK(!asked);
}

static const struct test tests[] = {
	TEST(the_place_is_free_while_a_call_is_reported_on),
	TEST(draining_waits_for_the_report),
	TEST(closing_before_the_report_leaves_nothing),
};

TEST_MAIN(tests)
