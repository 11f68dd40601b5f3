#include "server/answer.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/test.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static struct buf out;

static const char *text(int err)
{
	static char copy[ANSWER_XML_MAX];

	CHECK_INT(0, err);
	CHECK(out.len < sizeof(copy));
	memcpy(copy, buf_str(&out), out.len + 1);
	buf_reset(&out);
	return copy;
}

static void begin(void)
{
	buf_init(&out, ANSWER_XML_MAX);
}

static void addresses_for_plivo_carry_the_calls_key(void)
{
	begin();
	CHECK_STR("https://v.example.com/events/k_1-2",
	          text(answer_webhook_url(&out, "https://v.example.com",
	                                  "events", "k_1-2")));
	CHECK_STR("wss://v.example.com/ws/i",
	          text(answer_relay_url(&out, "https://v.example.com", "i")));
	CHECK_STR("ws://localhost:7860/ws/i",
	          text(answer_relay_url(&out, "http://localhost:7860", "i")));
}

static void pipecat_cloud_is_addressed_by_agent_and_region(void)
{
	begin();
	CHECK_STR(
		"wss://api.pipecat.daily.co/ws/plivo?serviceHost=bot.acme",
		text(answer_cloud_url(&out, NULL, "bot", "acme", str_of(""))));
	CHECK_STR("wss://api.pipecat.daily.co/ws/plivo?serviceHost=bot.acme",
	          text(answer_cloud_url(&out, "us-west", "bot", "acme",
	                                str_of(""))));
	CHECK_STR("wss://eu-central.api.pipecat.daily.co/ws/plivo"
	          "?serviceHost=my-bot.acme&body=eyJhIjoxfQ%3D%3D",
	          text(answer_cloud_url(&out, "eu-central", "my-bot", "acme",
	                                str_of("{\"a\":1}"))));
}

static void custom_data_is_never_raw_in_a_query(void)
{
	begin();
	/* These bytes are "+/8=" and "//++" in base64. */
	CHECK_STR("wss://b.example.com/ws?body=%2B%2F8%3D",
	          text(answer_fixed_url(&out, "wss://b.example.com/ws",
	                                str_n("\xfb\xff", 2))));
	CHECK_STR("wss://b.example.com/ws?x=1&body=%2F%2F%2B%2B",
	          text(answer_fixed_url(&out, "wss://b.example.com/ws?x=1",
	                                str_n("\xff\xff\xbe", 3))));
	CHECK_STR("wss://b.example.com/ws",
	          text(answer_fixed_url(&out, "wss://b.example.com/ws",
	                                str_of(""))));
}

static void a_url_longer_than_plivo_takes_is_refused(void)
{
	char json[ANSWER_URL_MAX + 1];
	const char *ws = "wss://b/ws"; /* and "?body=": 16 characters */

	memset(json, '1', sizeof(json));
	begin();
	/* 1,524 bytes are 2,032 characters, none of them escaped. */
	CHECK_INT(0, answer_fixed_url(&out, ws, str_n(json, 1524)));
	CHECK_INT(ANSWER_URL_MAX, out.len);
	buf_reset(&out);
	CHECK_INT(ERR_LIMIT, answer_fixed_url(&out, ws, str_n(json, 1525)));
	buf_reset(&out);
	CHECK_INT(ERR_LIMIT,
	          answer_fixed_url(&out, ws, str_n(json, sizeof(json))));
	buf_fini(&out);
}

static void the_inline_document_is_the_examples(void)
{
	begin();
	CHECK_STR(HEAD
	          "<Response>\n"
	          "    <Stream bidirectional=\"true\" "
	          "keepCallAlive=\"true\" "
	          "contentType=\"audio/x-mulaw;rate=8000\">\n"
	          "        wss://h/ws/plivo?serviceHost=a.b&amp;body=e30%3D\n"
	          "    </Stream>\n"
	          "</Response>",
	          text(answer_inline_xml(&out, "wss://h/ws/plivo?serviceHost=a."
	                                       "b&body=e30%3D")));
}

static void our_stream_is_tight_and_then_plivo_asks_how_to_go_on(void)
{
	begin();
	CHECK_STR(HEAD "<Response><Stream bidirectional=\"true\" "
	               "keepCallAlive=\"true\" "
	               "contentType=\"audio/x-mulaw;rate=8000\" "
	               "statusCallbackUrl=\"https://v.example.com/events/k\">"
	               "wss://b.example.com/ws/i</Stream>"
	               "<Redirect method=\"POST\">https://v.example.com/again/"
	               "k</Redirect></Response>",
	          text(answer_stream_xml(&out, "wss://b.example.com/ws/i",
	                                 "https://v.example.com/events/k",
	                                 "https://v.example.com/again/k")));
}

static void no_text_can_leave_its_element(void)
{
	begin();
	CHECK_STR(HEAD "<Response><Speak>a &lt;/Speak&gt;&lt;Dial/&gt; &amp; "
	               "&quot;b&quot; &#39;c&#39;</Speak><Hangup/></Response>",
	          text(answer_sorry_xml(&out, "a </Speak><Dial/> & \"b\" "
	                                      "'c'\x01\x1f")));
}

static void nothing_and_hangup_are_whole_documents(void)
{
	begin();
	CHECK_STR(HEAD "<Response/>", text(answer_empty_xml(&out)));
	CHECK_STR(HEAD "<Response><Hangup/></Response>",
	          text(answer_hangup_xml(&out)));
}

static const struct test tests[] = {
	TEST(addresses_for_plivo_carry_the_calls_key),
	TEST(pipecat_cloud_is_addressed_by_agent_and_region),
	TEST(custom_data_is_never_raw_in_a_query),
	TEST(a_url_longer_than_plivo_takes_is_refused),
	TEST(the_inline_document_is_the_examples),
	TEST(our_stream_is_tight_and_then_plivo_asks_how_to_go_on),
	TEST(no_text_can_leave_its_element),
	TEST(nothing_and_hangup_are_whole_documents),
};

TEST_MAIN(tests)
