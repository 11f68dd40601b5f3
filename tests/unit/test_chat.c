#include "bot/chat.h"

#include "bot/timeline.h"
#include "common/buf.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static struct chat *chat;

static void open_chat(void)
{
	CHECK_INT(0, chat_new(&chat, str_of("Be kind.")));
}

static void close_chat(size_t live)
{
	chat_free(&chat);
	CHECK_INT(live, mem_live());
}

static void the_model_is_given_what_was_said(void)
{
	const size_t live = mem_live();
	const struct llm_msg *m;
	size_t n;

	open_chat();
	CHECK_INT(0, chat_callee(chat, str_of("Hello")));
	CHECK_INT(0, chat_bot(chat, str_of("Hi."), false));
	CHECK_INT(0, chat_bot(chat, str_of(""), true));
	CHECK_INT(0, chat_build(chat, &m, &n));
	CHECK_INT(3, n);
	CHECK_STR("Be kind.", m[0].text);
	CHECK_INT(LLM_USER, m[1].role);
	CHECK_STR("Hi.", m[2].text);
	close_chat(live);
}

static void an_interruption_is_marked_and_explained(void)
{
	const size_t live = mem_live();
	const struct llm_msg *m;
	size_t n;

	open_chat();
	CHECK_INT(0, chat_bot(chat, str_of("I think"), true));
	CHECK_INT(0, chat_build(chat, &m, &n));
	CHECK_STR("I think \xe2\x80\x94", m[1].text);
	CHECK(strstr(m[0].text, "interrupted") != NULL);
	CHECK_STR("I think", chat_at(chat, 0)->text);
	CHECK(chat_interrupted(chat, 0));
	close_chat(live);
}

static void late_words_take_the_last_message_back(void)
{
	const size_t live = mem_live();

	open_chat();
	CHECK(!chat_take_back(chat));
	CHECK_INT(0, chat_callee(chat, str_of("I want to")));
	CHECK(chat_take_back(chat));
	CHECK_INT(0, chat_len(chat));
	CHECK_INT(0, chat_bot(chat, str_of("Hi."), false));
	CHECK(!chat_take_back(chat));
	close_chat(live);
}

static void the_oldest_go_when_the_limit_is_reached(void)
{
	const size_t live = mem_live();
	static char text[1024];
	const struct llm_tool_call call = {"c1", "f", "{}"};

	memset(text, 'a', sizeof(text) - 1);
	open_chat();
	CHECK_INT(0, chat_call(chat, &call));
	CHECK_INT(0, chat_result(chat, "c1", str_of("r")));
	for (int i = 0; i < 200; i++)
		CHECK_INT(0, chat_callee(chat, str_of(text)));
	CHECK(chat_len(chat) * 1023 <= CHAT_BYTES_MAX);
	CHECK_INT(LLM_USER, chat_at(chat, 0)->role);
	for (int i = 0; i < 2 * CHAT_MSGS_MAX; i++)
		CHECK_INT(0, chat_callee(chat, str_of("x")));
	CHECK_INT(CHAT_MSGS_MAX, chat_len(chat));
	close_chat(live);
}

static void calls_and_results_stand_in_their_order(void)
{
	const size_t live = mem_live();
	const struct llm_tool_call call = {"c1", "f", "{\"a\":1}"};
	const struct llm_msg *m;
	size_t n;

	open_chat();
	CHECK_INT(0, chat_call(chat, &call));
	CHECK_INT(0, chat_result(chat, "c1", str_of("done")));
	CHECK_INT(0, chat_build(chat, &m, &n));
	CHECK_INT(1, m[1].n_calls);
	CHECK_STR("{\"a\":1}", m[1].calls[0].arguments);
	CHECK_INT(LLM_TOOL, m[2].role);
	CHECK_STR("c1", m[2].call_id);
	close_chat(live);
}

static void a_result_that_comes_later_takes_its_note_s_place(void)
{
	const struct llm_tool_call call = {"c1", "slots", "{}"};
	const size_t live = mem_live();
	uint32_t first, second;
	size_t at;

	open_chat();
	CHECK_INT(0, chat_callee(chat, str_of("When?")));
	at = chat_end(chat);
	CHECK_INT(0, chat_call(chat, &call));
	CHECK_INT(0, chat_pending(chat, "c1", &first));
	CHECK_INT(0, chat_call(chat, &call));
	CHECK_INT(0, chat_pending(chat, "c1", &second));
	CHECK(strstr(chat_at(chat, 2)->text, "running") != NULL);
	CHECK_INT(0, chat_callee(chat, str_of("Well?")));
	CHECK_INT(0, chat_settle(chat, second, str_of("B")));
	CHECK_INT(0, chat_settle(chat, first, str_of("A")));
	CHECK_STR("A", chat_at(chat, 2)->text);
	CHECK_STR("B", chat_at(chat, 4)->text);
	CHECK_INT(0, chat_settle(chat, first, str_of("C")));
	CHECK_STR("A", chat_at(chat, 2)->text);
	/* What was said with the calls stands before them. */
	CHECK_INT(0, chat_bot_at(chat, at, str_of("Let me see"), true));
	CHECK_STR("Let me see", chat_at(chat, 1)->text);
	CHECK(chat_interrupted(chat, 1));
	CHECK_STR("A", chat_at(chat, 3)->text);
	CHECK_STR("Well?", chat_at(chat, 6)->text);
	CHECK_INT(0, chat_bot_at(chat, at, str_of(""), false));
	CHECK_INT(7, chat_len(chat));
	close_chat(live);
}

static void a_result_whose_call_is_gone_is_nobody_s(void)
{
	static char big[CHAT_BYTES_MAX / 2];
	const struct llm_tool_call call = {"c1", "slots", "{}"};
	const size_t live = mem_live(), at = 0;
	uint32_t place;

	memset(big, 'x', sizeof(big) - 1);
	open_chat();
	CHECK_INT(0, chat_call(chat, &call));
	CHECK_INT(0, chat_pending(chat, "c1", &place));
	CHECK_INT(0, chat_callee(chat, str_of(big)));
	CHECK_INT(0, chat_callee(chat, str_of(big)));
	CHECK_INT(2, chat_len(chat));
	CHECK_INT(0, chat_settle(chat, place, str_of("late")));
	CHECK_STR(big, chat_at(chat, 0)->text);
	CHECK_INT(0, chat_bot_at(chat, at, str_of("first"), false));
	CHECK_STR("first", chat_at(chat, 0)->text);
	close_chat(live);
}

static void no_memory_is_an_error_and_no_leak(void)
{
	const size_t live = mem_live();
	const struct llm_tool_call call = {"c1", "f", "{}"};

	for (long k = 0; k < 12; k++) {
		const struct llm_msg *m;
		size_t n;
		int err;

		mem_fail_after(k);
		err = chat_new(&chat, str_of("x"));
		if (!err) {
			err = chat_call(chat, &call);
			err |= chat_result(chat, "c1", str_of("r"));
			err |= chat_bot(chat, str_of("a"), true);
			err |= chat_build(chat, &m, &n);
			chat_free(&chat);
		}
		mem_fail_after(-1);
		CHECK_INT(live, mem_live());
		CHECK(err || k > 8);
	}
}

static void a_turn_s_times_count_from_the_end_of_speech(void)
{
	struct timeline tl;
	struct buf out;

	timeline_reset(&tl);
	timeline_note(&tl, TIMELINE_SPEECH_END, 1000);
	timeline_note(&tl, TIMELINE_SPEECH_END, 2000);
	timeline_note(&tl, TIMELINE_FINAL, 1900);
	timeline_note(&tl, TIMELINE_HEARD, 2700);
	timeline_note(&tl, TIMELINE_HEARD, 9999);
	buf_init(&out, 200);
	CHECK_INT(0, timeline_json(&tl, &out));
	CHECK_STR("\"latency\":{\"speech_end\":2000,\"final\":-100,"
	          "\"first_token\":null,\"first_audio\":null,\"heard\":700}",
	          buf_str(&out));
	buf_fini(&out);
}

static const struct test tests[] = {
	TEST(the_model_is_given_what_was_said),
	TEST(an_interruption_is_marked_and_explained),
	TEST(late_words_take_the_last_message_back),
	TEST(the_oldest_go_when_the_limit_is_reached),
	TEST(calls_and_results_stand_in_their_order),
	TEST(a_result_that_comes_later_takes_its_note_s_place),
	TEST(a_result_whose_call_is_gone_is_nobody_s),
	TEST(no_memory_is_an_error_and_no_leak),
	TEST(a_turn_s_times_count_from_the_end_of_speech),
};

TEST_MAIN(tests)
