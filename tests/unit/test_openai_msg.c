#include "bot/provider/openai_msg.h"

#include "common/buf.h"
#include "tests/harness/test.h"

static void a_temperature_is_sent_only_when_the_agent_has_one(void)
{
	static const struct provider_cfg cfg = {.model = "m"};
	const struct llm_msg hello = {.role = LLM_USER, .text = "Hello"};
	struct llm_params prm = {.cfg = &cfg, .msgs = &hello, .n_msgs = 1};
	struct buf out;

	buf_init(&out, 4096);
	CHECK_INT(0, openai_request(&out, &prm));
	CHECK(!strstr(buf_str(&out), "temperature"));
	buf_reset(&out);
	prm.has_temperature = true;
	prm.temperature = 0;
	CHECK_INT(0, openai_request(&out, &prm));
	CHECK(strstr(buf_str(&out), ",\"temperature\":0.00") != NULL);
	buf_fini(&out);
}

static const struct test tests[] = {
	TEST(a_temperature_is_sent_only_when_the_agent_has_one),
};

TEST_MAIN(tests)
