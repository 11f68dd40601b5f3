/* What GET /calls/ID says of a call's costs. */
#include "server/costs.h"

#include <stdio.h>

#include "server/store/call.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

static struct world w;
static char id[64], key[64];

static void place(void)
{
	world_open(&w, "");
	world_start(&w, "", "{\"phone_number\":\"+15551234567\"}");
	CHECK_INT(200, w.a.status);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_key(key);
}

static const char *look(const char *member)
{
	char target[128];

	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(200, w.a.status);
	return world_member(&w, member);
}

static void hangup(const char *more)
{
	char target[256], form[512];

	snprintf(target, sizeof(target), "/events/%s", key);
	snprintf(form, sizeof(form),
	         "Event=Hangup&CallStatus=completed&CallUUID=uuid-1%s", more);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n", form);
	CHECK_INT(200, w.a.status);
}

static void nothing_told_is_null(void)
{
	place();
	CHECK_STR("null", look("costs"));
	CHECK_STR("null", world_member(&w, "after_call"));
	hangup("");
	CHECK_STR("null", look("costs"));
}

static void the_carrier_tells_its_price(void)
{
	place();
	hangup("&TotalCost=0.01234&BillRate=0.002&BillDuration=60");
	CHECK_STR("0.01234", look("costs.carrier.total"));
	CHECK_STR("0.002", world_member(&w, "costs.carrier.rate"));
	CHECK_STR("60", world_member(&w, "costs.carrier.billed_sec"));
	CHECK_STR("null", world_member(&w, "costs.usage"));
}

static void a_price_that_is_none_is_not_told(void)
{
	place();
	hangup("&TotalCost=%22%7D&BillDuration=7");
	CHECK_STR("null", look("costs.carrier.total"));
	CHECK_STR("7", world_member(&w, "costs.carrier.billed_sec"));
}

static void the_bot_tells_what_was_used(void)
{
	char json[512];

	place();
	snprintf(json, sizeof(json),
	         "[{\"event_id\":\"e1\",\"call_id\":\"%s\",\"seq\":1,"
	         "\"type\":\"ended\",\"by\":\"callee\",\"usage\":{"
	         "\"call_ms\":41000,\"llm\":{\"answer_tokens\":77}}}]",
	         id);
	world_do(&w, "POST", "/bot-events", "", json);
	CHECK_INT(200, w.a.status);
	CHECK_STR("41000", look("costs.usage.call_ms"));
	CHECK_STR("77", world_member(&w, "costs.usage.llm.answer_tokens"));
	CHECK_STR("null", world_member(&w, "costs.carrier"));
	CHECK_STR("null", world_member(&w, "costs.report"));
	snprintf(json, sizeof(json),
	         "[{\"event_id\":\"e2\",\"call_id\":\"%s\",\"seq\":2,"
	         "\"type\":\"summary\",\"summary\":\"Fine.\",\"fields\":{"
	         "\"day\":1},\"error\":null,\"llm\":{\"requests\":1}}]",
	         id);
	world_do(&w, "POST", "/bot-events", "", json);
	CHECK_STR("1", look("costs.report.requests"));
	CHECK_STR("Fine.", world_member(&w, "after_call.summary"));
	CHECK_STR("1", world_member(&w, "after_call.fields.day"));
	CHECK_STR("null", world_member(&w, "after_call.error"));
	hangup("&TotalCost=0.5");
	CHECK_STR("0.5", look("costs.carrier.total"));
	CHECK_STR("77", world_member(&w, "costs.usage.llm.answer_tokens"));
}

static void what_is_no_json_costs_nothing(void)
{
	const struct store_event ev = {
		.source = "carrier", .type = "hangup", .data = "{broken"};
	struct costs c;
	struct buf out;

	costs_init(&c);
	buf_init(&out, 1024);
	CHECK_INT(0, costs_take(&c, &ev));
	CHECK_INT(0, costs_json(&out, &c));
	CHECK_STR("null", buf_str(&out));
	buf_fini(&out);
	costs_fini(&c);
}

static const struct test tests[] = {
	TEST(nothing_told_is_null),
	TEST(the_carrier_tells_its_price),
	TEST(a_price_that_is_none_is_not_told),
	TEST(the_bot_tells_what_was_used),
	TEST(what_is_no_json_costs_nothing),
};

TEST_MAIN(tests)
