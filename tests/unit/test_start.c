#define _POSIX_C_SOURCE 200809L
#include "server/start.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/jtext.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"

static struct world w;
static struct world_seen seen;

/* ---- outcomes, row by row ------------------------------------------------ */

static void plivos_201_is_call_initiated(void)
{
	char want[512];

	world_open(&w, "");
	world_start(&w, "", "{\"phone_number\": \"+1 (555) 123-4567\"}");
	CHECK_INT(200, w.a.status);
	snprintf(want, sizeof(want),
	         "{\"call_uuid\":\"uuid-1\",\"status\":\"call_initiated\","
	         "\"phone_number\":\"+1 (555) 123-4567\",\"call_id\":\"%s\"}",
	         world_member(&w, "call_id"));
	CHECK_STR(want, w.a.body);
	CHECK_INT(1, world_seen("POST", CALL, &seen));
	CHECK(strstr(seen.body, "\"to\":\"+15551234567\"") ||
	      strstr(seen.body, "\"to\":\"15551234567\""));
	CHECK(strstr(seen.body, "\"from\":"));
	CHECK(strstr(seen.body, "\"answer_method\":\"GET\""));
	CHECK(strstr(seen.body, "\"answer_url\":\"http://localhost/answer/"));
	CHECK(strstr(seen.body, "\"ring_url\":\"http://localhost/events/"));
	CHECK(strstr(seen.body, "\"hangup_url\":\"http://localhost/events/"));
	CHECK(strstr(seen.body, "#ct=2000&rt=5000&rc=3&rp=all\""));
	CHECK(strstr(seen.body, "\"ring_timeout\":45") ||
	      strstr(seen.body, "\"ring_timeout\":\"45\""));
	CHECK(strstr(seen.body, "\"time_limit\":900") ||
	      strstr(seen.body, "\"time_limit\":\"900\""));
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/prepare", 1,
	            &seen);
	CHECK(strstr(seen.body, "\"call_uuid\":\"uuid-1\""));
}

static void a_place_is_reserved_before_anybody_is_dialled(void)
{
	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	CHECK_INT(202, w.a.status);
	CHECK_STR("queued", world_member(&w, "status"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void a_number_sent_as_a_number_comes_back_as_one(void)
{
	world_open(&w, "");
	world_start(&w, "", "{\"phone_number\":15551234567}");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "\"phone_number\":15551234567,"));
}

static void what_the_bot_is_asked_has_all_it_needs(void)
{
	struct str v;
	char text[256];

	world_open(&w, "EVENTS_BASE_URL=http://127.0.0.1:9\n");
	/* Only the reservation itself: no 201, so no prepare. */
	world_rule("POST", CALL, 400, "{\"error\":\"no\"}");
	world_start(&w, "",
	            "{\"phone_number\":15551234567,\"agent\":\"desk\","
	            "\"body\":{\"n\": 123456789012345678901234567890, "
	            "\"price\":42.80}}");
	CHECK_INT(502, w.a.status);
	CHECK_INT(1, world_seen("POST", "/reserve", &seen));
	CHECK(!jtext_check(str_of(seen.body), JTEXT_DEPTH_MAX, NULL));
	CHECK_INT(0, jtext_get(str_of(seen.body), "body", &v));
	snprintf(text, sizeof(text), "%.*s", STR_ARG(v));
	CHECK_STR("{\"n\": 123456789012345678901234567890, \"price\":42.80}",
	          text);
	CHECK(strstr(seen.body, "\"to\":\"+15551234567\""));
	CHECK(strstr(seen.body, "\"from\":\"+15550001111\""));
	CHECK(strstr(seen.body, "\"agent\":\"desk\""));
	CHECK(strstr(seen.body,
	             "\"events_url\":\"http://127.0.0.1:9/bot-events\""));
	CHECK(strstr(seen.body, "\"ttl\":165"));
	world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573", 1, NULL);
}

static void an_absent_body_is_absent_for_the_bot(void)
{
	struct str v;

	world_open(&w, "");
	world_rule("POST", CALL, 400, "{\"error\":\"no\"}");
	world_start(&w, "", "{\"phone_number\":15551234567,\"body\":{}}");
	CHECK_INT(1, world_seen("POST", "/reserve", &seen));
	CHECK(jtext_get(str_of(seen.body), "body", &v) < 0);
	CHECK(jtext_get(str_of(seen.body), "agent", &v) < 0);
}

static void waiting_for_plivo_ends_as_dialing(void)
{
	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", CALL);
	world_start(&w, "", NUMBER);
	CHECK_INT(202, w.a.status);
	CHECK_STR("dialing", world_member(&w, "status"));
	CHECK_STR("null", world_member(&w, "call_uuid"));
	CHECK_STR("+15551234567", world_member(&w, "phone_number"));
	CHECK(strcmp(world_member(&w, "call_id"), "(none)") != 0);
}

static void *start_quietly(void *arg)
{
	client_do(w.port, arg, "POST", "/start", "", NUMBER);
	return NULL;
}

static void waiting_for_its_turn_ends_as_queued_with_a_position(void)
{
	struct http_answer *others = calloc(6, sizeof(*others));
	const char *position;
	pthread_t threads[6];
	char id[64];

	CHECK(others);
	world_open(&w, "START_WAIT=1\nCALLS_PER_SECOND=1\n");
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		CHECK_INT(0, pthread_create(&threads[i], NULL, start_quietly,
		                            &others[i]));
	world_await("POST", "/reserve", 6, NULL);
	world_start(&w, "", NUMBER);
	CHECK_INT(202, w.a.status);
	CHECK_STR("queued", world_member(&w, "status"));
	CHECK_STR("null", world_member(&w, "call_uuid"));
	position = world_member(&w, "position");
	CHECK(strchr("1234567", *position) && !position[1]);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	/* And it is dialled all the same. */
	world_await_state(&w, id, "initiated");
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	free(others);
}

static void unclear_answers_are_202_unknown_and_never_5xx(void)
{
	static const struct {
		int status;
		const char *body;
	} rows[] = {{500, "{\"error\":\"oops\"}"},
	            {503, "down"},
	            {201, "not json"},
	            {0, ""}};
	char id[64];

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world_rule("POST", CALL, rows[i].status, rows[i].body);
		world_start(&w, "", NUMBER);
		CHECK_INT(202, w.a.status);
		CHECK_STR("unknown", world_member(&w, "status"));
		CHECK_STR("null", world_member(&w, "call_uuid"));
		/* One POST, never a second. */
		CHECK_INT(i + 1, world_seen("POST", CALL, NULL));
		snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
		world_await_state(&w, id, "unknown");
	}
}

static void plivos_refusals_are_502_with_its_text(void)
{
	static const int statuses[] = {400, 403, 404, 422};

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		world_rule("POST", CALL, statuses[i],
		           "{\"api_id\":\"x\",\"error\":\"Calls to this "
		           "destination region are barred\"}");
		world_start(&w, "", NUMBER);
		CHECK_INT(502, w.a.status);
		CHECK(strstr(w.a.body,
		             "Calls to this destination region are barred"));
		world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573",
		            (unsigned)i + 1, NULL);
	}
	world_rule("POST", CALL, 401, "{\"error\":\"auth\"}");
	world_start(&w, "", NUMBER);
	CHECK_INT(502, w.a.status);
	CHECK_STR("Plivo refuses PLIVO_AUTH_ID/PLIVO_AUTH_TOKEN: set those of "
	          "the account",
	          world_member(&w, "detail"));
}

static void plivos_429_is_503_with_its_retry_after(void)
{
	world_open(&w, "");
	world_rule("POST", CALL, 429, "{\"error\":\"too many\"}");
	world_rule_header("POST", CALL, "Retry-After: 7\r\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK_STR("7", client_header(&w.a, "Retry-After"));
}

static void an_unreachable_plivo_is_503(void)
{
	world_open(&w, "PLIVO_API_URL=http://127.0.0.1:1\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK(*client_header(&w.a, "Retry-After"));
	CHECK(strstr(w.a.body, "cannot be reached"));
}

static void no_bot_is_503_and_nothing_is_dialled(void)
{
	world_open(&w, "BOT_URL=http://127.0.0.1:1\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK_STR("no bot at http://127.0.0.1:1: start dialout-bot",
	          world_member(&w, "detail"));
	CHECK(*client_header(&w.a, "Retry-After"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void full_bots_are_503_and_nothing_is_dialled(void)
{
	world_open(&w, "");
	world_rule("POST", "/reserve", 503, "{\"detail\":\"full\"}");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "full or draining"));
	CHECK(*client_header(&w.a, "Retry-After"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void an_agent_no_bot_knows_is_422(void)
{
	world_open(&w, "");
	world_rule("POST", "/reserve", 404,
	           "{\"detail\":\"there is no agent nobody\"}");
	world_start(&w, "",
	            "{\"phone_number\":15551234567,\"agent\":\"nobody\"}");
	CHECK_INT(422, w.a.status);
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void what_is_wrong_with_a_request_is_said(void)
{
	world_open(&w, "");
	world_start(&w, "", "{\"body\":1}");
	CHECK_INT(400, w.a.status);
	CHECK(strstr(w.a.body, "phone_number"));
	world_start(&w, "", "{\"phone_number\":");
	CHECK_INT(400, w.a.status);
	CHECK(strstr(w.a.body, "not JSON"));
	world_start(&w, "", "{\"phone_number\":\"sip:a@b\"}");
	CHECK_INT(422, w.a.status);
	world_start(&w, "", "{\"phone_number\":\"15551234567<15557654321\"}");
	CHECK_INT(422, w.a.status);
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void any_content_type_is_read_as_json(void)
{
	world_open(&w, "");
	world_start(&w, "Content-Type: text/plain\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "Content-Type: application/x-www-form-urlencoded\r\n",
	            NUMBER);
	CHECK_INT(200, w.a.status);
}

static void unknown_fields_come_back_as_ignored(void)
{
	world_open(&w, "");
	world_start(&w, "",
	            "{\"phone_number\":15551234567,\"dialout_settings\":{}}");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, ",\"ignored\":[\"dialout_settings\"]}"));
}

/* ---- the same request again ---------------------------------------------- */

static void the_same_key_and_body_get_the_same_answer(void)
{
	char first[1024];

	world_open(&w, "");
	world_start(&w, "Idempotency-Key: k1\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	CHECK_STR("", client_header(&w.a, "Idempotent-Replayed"));
	snprintf(first, sizeof(first), "%.1023s", w.a.body);
	world_start(&w, "Idempotency-Key: k1\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	CHECK_STR("true", client_header(&w.a, "Idempotent-Replayed"));
	CHECK_STR(first, w.a.body);
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	world_start(&w, "Idempotency-Key: k1\r\n",
	            "{\"phone_number\":\"+15557654321\"}");
	CHECK_INT(409, w.a.status);
	world_start(&w, "Idempotency-Key: k2\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	CHECK_INT(2, world_seen("POST", CALL, NULL));
	world_start(&w, "Idempotency-Key: a b\r\n", NUMBER);
	CHECK_INT(400, w.a.status);
}

static void *start_slowly(void *arg)
{
	struct http_answer *a = arg;

	client_do(w.port, a, "POST", "/start", "Idempotency-Key: k\r\n",
	          NUMBER);
	return NULL;
}

static void the_same_key_under_way_is_409(void)
{
	static struct http_answer first;
	pthread_t thread;

	world_open(&w, "");
	world_hold("POST", CALL);
	CHECK_INT(0, pthread_create(&thread, NULL, start_slowly, &first));
	world_await("POST", CALL, 1, NULL);
	world_start(&w, "Idempotency-Key: k\r\n", NUMBER);
	CHECK_INT(409, w.a.status);
	CHECK_STR("1", client_header(&w.a, "Retry-After"));
	world_let_go();
	pthread_join(thread, NULL);
	CHECK_INT(200, first.status);
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void a_503_may_be_tried_again_under_its_key(void)
{
	world_open(&w, "");
	world_rule("POST", "/reserve", 503, "{}");
	world_start(&w, "Idempotency-Key: k\r\n", NUMBER);
	CHECK_INT(503, w.a.status);
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-3-6f1d0c9ab2e84573\",\"stream_url\":\"wss:/"
	           "/b.example.com/ws/p3\","
	           "\"calls\":1,\"capacity\":9}");
	world_start(&w, "Idempotency-Key: k\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "Idempotency-Key: k\r\n", NUMBER);
	CHECK_STR("true", client_header(&w.a, "Idempotent-Replayed"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static atomic_uint answered;

static void *start_and_count(void *arg)
{
	struct http_answer *a = arg;

	client_do(w.port, a, "POST", "/start", "", NUMBER);
	atomic_fetch_add(&answered, 1);
	return NULL;
}

/* Sixty threads serve; half of the forty that no stream needs may wait. */
static void half_of_the_threads_never_wait(void)
{
	enum { CLIENTS = 50, WAITERS = 20 };
	const struct timespec pause = {.tv_nsec = 10000000};
	struct http_answer *all = calloc(CLIENTS, sizeof(*all));
	pthread_t threads[CLIENTS];
	unsigned queued = 0;

	CHECK(all);
	world_open(&w, "START_WAIT=15\nMAX_CALLS=100\nCALLS_PER_SECOND=500\n");
	world_hold("POST", CALL);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_INT(0, pthread_create(&threads[i], NULL, start_and_count,
		                            &all[i]));
	while (atomic_load(&answered) < CLIENTS - WAITERS)
		nanosleep(&pause, NULL);
	CHECK_INT(CLIENTS - WAITERS, atomic_load(&answered));
	world_do(&w, "GET", "/healthz", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_INT(CLIENTS - WAITERS, atomic_load(&answered));
	world_let_go();
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		CHECK(all[i].status == 200 || all[i].status == 202);
		queued += all[i].status == 202;
	}
	CHECK_INT(CLIENTS - WAITERS, queued);
	free(all);
}

static const struct test tests[] = {
	TEST(plivos_201_is_call_initiated),
	TEST(a_place_is_reserved_before_anybody_is_dialled),
	TEST(a_number_sent_as_a_number_comes_back_as_one),
	TEST(what_the_bot_is_asked_has_all_it_needs),
	TEST(an_absent_body_is_absent_for_the_bot),
	TEST(waiting_for_plivo_ends_as_dialing),
	TEST(waiting_for_its_turn_ends_as_queued_with_a_position),
	TEST(unclear_answers_are_202_unknown_and_never_5xx),
	TEST(plivos_refusals_are_502_with_its_text),
	TEST(plivos_429_is_503_with_its_retry_after),
	TEST(an_unreachable_plivo_is_503),
	TEST(no_bot_is_503_and_nothing_is_dialled),
	TEST(full_bots_are_503_and_nothing_is_dialled),
	TEST(an_agent_no_bot_knows_is_422),
	TEST(what_is_wrong_with_a_request_is_said),
	TEST(any_content_type_is_read_as_json),
	TEST(unknown_fields_come_back_as_ignored),
	TEST(the_same_key_and_body_get_the_same_answer),
	TEST(the_same_key_under_way_is_409),
	TEST(a_503_may_be_tried_again_under_its_key),
	TEST_SLOW(half_of_the_threads_never_wait, 40),
};

TEST_MAIN(tests)
