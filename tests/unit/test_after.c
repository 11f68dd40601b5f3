/* What is made of a call when it is over, by a model that a test plays. */
#include "bot/after.h"

#include <errno.h>
#include <stdio.h>

#include "bot/after_talk.h"
#include "bot/agent.h"
#include "bot/events.h"
#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/provider/llm.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/test.h"

static struct net *net;
static struct session_env env;
static struct provider_cfg cfg;
static struct events *events;
static struct afters *afters;
static struct ws_server *server;
static struct timer watchdog, pause_timer;
static char url[64], told[8192];

/* ---- the model ----------------------------------------------------------- */

/* What it answers to one request after the other; the last one repeats. */
static struct answer {
	const char *text, *args; /* args: of a call of the tool */
	int err;                 /* it fails */
	bool silent;
} answers[4];
static unsigned n_asked, n_open;
static char asked[8192]; /* all of the last request */

struct model {
	struct llm llm;
	struct timer timer;
	struct answer answer;
};

static void say(void *arg)
{
	struct model *m = arg;
	struct llm_event ev = {.type = LLM_TEXT, .text = m->answer.text};

	if (ev.text) {
		ev.text_len = strlen(ev.text);
		if (!llm_emit(&m->llm, &ev))
			return;
	}
	ev = (struct llm_event){.type = LLM_TOOL_CALL,
	                        .call = {"c1", AFTER_TOOL, m->answer.args}};
	if (m->answer.args && !llm_emit(&m->llm, &ev))
		return;
	ev = (struct llm_event){
		.type = LLM_DONE, .prompt_tokens = 100, .answer_tokens = 10};
	if (m->answer.err)
		ev = (struct llm_event){.type = LLM_FAILED,
		                        .err = m->answer.err};
	llm_emit(&m->llm, &ev);
}

static int model_open(struct llm **llmp, struct net *n,
                      const struct llm_params *prm)
{
	struct model *m = mem_zalloc(sizeof(*m));

	(void)n;
	if (!m)
		return -ENOMEM;
	asked[0] = '\0';
	for (size_t i = 0; i < prm->n_msgs; i++) {
		size_t at = strlen(asked);

		snprintf(asked + at, sizeof(asked) - at, "%d:%s|",
		         (int)prm->msgs[i].role, prm->msgs[i].text);
	}
	CHECK_INT(1, prm->n_tools);
	CHECK_STR("report", prm->tools[0].name);
	m->answer = answers[n_asked < 3 ? n_asked : 3];
	n_asked++;
	n_open++;
	if (!m->answer.silent)
		timer_start(net_timers(net), &m->timer, 1, say, m);
	*llmp = &m->llm;
	return 0;
}

static void model_close(struct llm *llm)
{
	struct model *m = CONTAINER_OF(llm, struct model, llm);

	timer_stop(net_timers(net), &m->timer);
	n_open--;
	mem_free(m);
}

static const struct llm_ops model = {
	.name = "played", .open = model_open, .close = model_close};

/* ---- around it ----------------------------------------------------------- */

static void request(const struct ws_request *req, struct ws_response *res,
                    void *arg)
{
	size_t n = strlen(told);

	(void)res;
	(void)arg;
	snprintf(told + n, sizeof(told) - n, "%s\n", req->body);
}

static void late(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out: \"%s\"", told);
}

static void stop(void *arg)
{
	(void)arg;
	net_stop(net);
}

static void pass(uint32_t ms)
{
	timer_start(net_timers(net), &pause_timer, ms, stop, NULL);
	net_run(net);
}

static void begin(void)
{
	static const struct ws_handlers h = {.request = request,
	                                     .max_body = 1 << 20};

	CHECK_INT(0, net_new(&net, NULL));
	timer_start(net_timers(net), &watchdog, test_ms(10000), late, NULL);
	CHECK_INT(0, ws_listen(&server, net, "127.0.0.1:0", &h, NULL));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/e",
	         ws_server_port(server));
	env.timers = net_timers(net);
	env.net = net;
	env.llm = &model;
	env.llm_cfg = &cfg;
	CHECK_INT(0, events_new(&events, net, NULL, NULL));
	CHECK_INT(0, afters_new(&afters, &env));
}

static void end(void)
{
	afters_free(&afters);
	events_free(&events);
	ws_server_close(&server);
	timer_stop(net_timers(net), &watchdog);
	net_free(&net);
	CHECK_INT(0, n_open);
	CHECK_INT(0, mem_live());
}

static void note(struct after_talk *t, enum session_event_type type,
                 const char *json)
{
	after_talk_note(t, &(struct session_event){.type = type, .json = json});
}

/* A call that is over, with this in its agent file. */
static void over(const char *after, bool talked)
{
	char text[1024], fault[AGENT_FAULT_MAX];
	struct agent *agent;
	struct events_feed *feed;
	struct after_talk *talk;
	const struct after_params prm = {&agent, &feed, &talk, "c1", NULL};

	snprintf(text, sizeof(text), "{\"after_call\":%s}", after);
	CHECK_INT(0, agent_parse(&agent, "a", text, strlen(text), fault));
	CHECK_INT(0, events_open(&feed, events, url, "c1"));
	CHECK_INT(0, after_talk_new(&talk));
	note(talk, SESSION_STARTED, "\"agent\":\"a\"");
	if (talked) {
		note(talk, SESSION_TURN,
		     "\"role\":\"bot\",\"text\":\"Good mor\","
		     "\"interrupted\":true");
		note(talk, SESSION_TURN,
		     "\"role\":\"callee\",\"text\":\"Tuesday, please.\"");
		note(talk, SESSION_TOOL,
		     "\"name\":\"book\",\"result\":\"{\\\"ok\\\":true}\"");
	}
	events_add(feed, "ended", timers_now(net_timers(net)), "", true);
	afters_begin(afters, &prm);
	CHECK(!agent && !feed && !talk);
}

static void wait_told(const char *text)
{
	while (!strstr(told, text))
		pass(5);
}

static void a_call_is_reported_on(void)
{
	begin();
	answers[0].args = "{\"summary\":\"It is Tuesday.\",\"fields\":{"
			  "\"day\":\"Tuesday\"}}";
	over("{\"prompt\":\"Which day?\",\"fields\":{\"type\":\"object\","
	     "\"required\":[\"day\"]}}",
	     true);
	CHECK_INT(1, afters_running(afters));
	wait_told("summary");
	CHECK_INT(0, afters_running(afters));
	CHECK(strstr(told, "\"type\":\"summary\",\"summary\":"
	                   "\"It is Tuesday.\",\"fields\":{\"day\":"
	                   "\"Tuesday\"},\"error\":null,\"llm\":{\"provider\":"
	                   "\"played\",\"requests\":1,\"prompt_tokens\":100,"
	                   "\"answer_tokens\":10}"));
	CHECK(strstr(told, "\"ended\"") < strstr(told, "\"summary\""));
	CHECK(strstr(asked, "0:You are given"));
	CHECK(strstr(asked, "Which day?|2:Good mor (was interrupted here)|"
	                    "1:Tuesday, please.|2:(book was used: "
	                    "{\"ok\":true})|1:The call has ended."));
	end();
}

static void a_report_that_does_not_do_is_asked_for_again(void)
{
	begin();
	answers[0].args = "{\"summary\":\"x\",\"fields\":{}}";
	answers[1].text = "{\"summary\":\"y\",\"fields\":{\"day\":\"Monday\"}}";
	over("{\"fields\":{\"type\":\"object\",\"required\":[\"day\"]}}", true);
	wait_told("summary");
	CHECK(strstr(asked, "did not do: in fields, day is missing"));
	CHECK(strstr(told,
	             "\"summary\":\"y\",\"fields\":{\"day\":\"Monday\"}"));
	CHECK(strstr(told, "\"requests\":2"));
	end();
}

static void one_that_never_does_is_an_error(void)
{
	begin();
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		answers[i].text = "They want Tuesday.";
	over("{}", true);
	wait_told("summary");
	CHECK(strstr(told, "\"summary\":null,\"fields\":null,\"error\":\"the "
	                   "model's report does not do: the arguments are not "
	                   "a JSON object\""));
	CHECK_INT(3, n_asked);
	end();
}

static void a_model_that_is_silent_is_an_error_in_time(void)
{
	begin();
	answers[0].silent = true;
	over("{\"timeout_sec\":1}", true);
	wait_told("summary");
	CHECK(strstr(told, "\"error\":\"the model gave no report within 1000 "
	                   "ms\""));
	end();
}

static void a_model_that_fails_is_tried_again_unless_it_refuses(void)
{
	begin();
	answers[0].err = ERR_AUTH;
	over("{}", true);
	wait_told("summary");
	CHECK(strstr(told, "the model failed: "));
	CHECK_INT(1, n_asked);
	answers[1].err = -ECONNRESET;
	answers[2].args = "{\"summary\":\"at last\"}";
	over("{}", true);
	wait_told("at last");
	CHECK_INT(3, n_asked);
	end();
}

static void without_a_word_nothing_is_asked(void)
{
	begin();
	over("{}", false);
	wait_told("ended");
	pass(50);
	CHECK(!strstr(told, "summary"));
	CHECK_INT(0, n_asked);
	end();
}

static void a_bot_that_is_stopped_says_so(void)
{
	begin();
	answers[0].silent = true;
	over("{}", true);
	pass(20);
	CHECK_INT(1, n_asked);
	afters_free(&afters);
	wait_told("the bot was stopped");
	end();
}

static const struct test tests[] = {
	TEST(a_call_is_reported_on),
	TEST(a_report_that_does_not_do_is_asked_for_again),
	TEST(one_that_never_does_is_an_error),
	TEST(a_model_that_is_silent_is_an_error_in_time),
	TEST(a_model_that_fails_is_tried_again_unless_it_refuses),
	TEST(without_a_word_nothing_is_asked),
	TEST(a_bot_that_is_stopped_says_so),
};

TEST_MAIN(tests)
