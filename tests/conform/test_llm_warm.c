/* A connection that was made ahead is the one that the first answer uses. */
#include <string.h>

#include "bot/provider/llm.h"
#include "bot/provider/llm_warm.h"
#include "bot/provider/provider.h"
#include "tests/conform/rig.h"
#include "tests/fake/peer.h"
#include "tests/harness/test.h"

static char first[PEER_TEXT_MAX];
static struct peer *peer;
static bool over;

/* Any model, at its shortest. */
static void answer(struct peer_conn *c, void *arg)
{
	(void)arg;
	while (peer_read(c)) {
		if (!first[0])
			memcpy(first, c->request, sizeof(first));
		if (!strncmp(c->request, "GET ", 4))
			peer_answer(c, 200, "", "{\"data\":[]}");
		else
			peer_answer(c, 400, "", "{}");
	}
}

static void on_event(const struct llm_event *ev, void *arg)
{
	(void)arg;
	over = ev->type == LLM_DONE || ev->type == LLM_FAILED;
}

static bool is_over(void *arg)
{
	return *(const bool *)arg;
}

static bool asked_once(void *arg)
{
	return peer_requests(arg) == 1;
}

static void connect_ahead(const struct llm_ops *ops, const char *line,
                          const char *key)
{
	const struct llm_msg msg = {.role = LLM_USER, .text = "Hello"};
	struct provider_cfg cfg = {.key = "k-1"};
	const struct llm_params prm = {
		.cfg = &cfg, .msgs = &msg, .n_msgs = 1, .call_id = "c1"};
	struct llm_warm *warm = NULL;
	struct llm *llm = NULL;

	peer = peer_new(answer, NULL);
	cfg.url = peer_url(peer);
	CHECK_INT(0, llm_warm_open(&warm, ops, rig_net(), &cfg));
	CHECK(warm != NULL);
	CHECK(rig_until(asked_once, peer, 5000));
	rig_run(100);
	llm_warm_close(&warm);
	CHECK_INT(0, strncmp(line, first, strlen(line)));
	CHECK(strstr(first, key));
	CHECK_INT(0, llm_open(&llm, ops, rig_net(), &prm, on_event, NULL));
	CHECK(rig_until(is_over, &over, 5000));
	llm_close(&llm);
	CHECK_INT(2, peer_requests(peer));
	CHECK_INT(1, peer_conns(peer));
	rig_end();
	peer_free(&peer);
}

static void openai_has_a_connection_made_ahead(void)
{
	connect_ahead(llm_find("openai"), "GET /models HTTP/1.1\r\n",
	              "Authorization: Bearer k-1\r\n");
}

static void anthropic_has_one_too(void)
{
	connect_ahead(llm_find("anthropic"), "GET /v1/models HTTP/1.1\r\n",
	              "x-api-key: k-1\r\n");
}

static void the_scripted_model_has_nothing_to_connect(void)
{
	const struct provider_cfg cfg = {0};
	struct llm_warm *warm = NULL;

	CHECK_INT(0, llm_warm_open(&warm, llm_find("script"), rig_net(), &cfg));
	CHECK(warm == NULL);
	llm_warm_close(&warm);
	rig_end();
}

/* It is given up in the midst of it. */
static void one_that_is_closed_at_once_leaves_nothing(void)
{
	const struct provider_cfg cfg = {.key = "k",
	                                 .url = rig_dead_url("http")};
	struct llm_warm *warm = NULL;

	CHECK_INT(0, llm_warm_open(&warm, llm_find("openai"), rig_net(), &cfg));
	llm_warm_close(&warm);
	rig_end();
}

static const struct test tests[] = {
	TEST(openai_has_a_connection_made_ahead),
	TEST(anthropic_has_one_too),
	TEST(the_scripted_model_has_nothing_to_connect),
	TEST(one_that_is_closed_at_once_leaves_nothing),
};

TEST_MAIN(tests)
