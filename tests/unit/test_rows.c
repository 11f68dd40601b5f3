/*
 * The server over HTTP, row by row of its contract: what the tests of /start
 * and of calls do not have.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/jtext.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define FORM   "Content-Type: application/x-www-form-urlencoded\r\n"

enum { KIB = 1024 };

static struct world w;

/* ---- paths and methods --------------------------------------------------- */

static void every_path_takes_its_methods_and_no_others(void)
{
	static const char *const methods[] = {"GET", "POST", "DELETE", "PUT",
	                                      "PATCH"};
	static const struct {
		const char *path, *allow;
	} rows[] = {
		{"/start", "POST"},         {"/answer", "GET, POST"},
		{"/answer/k", "GET, POST"}, {"/events/k", "GET, POST"},
		{"/calls", "GET"},          {"/calls/x", "GET, DELETE"},
		{"/bot-events", "POST"},    {"/healthz", "GET"},
		{"/readyz", "GET"},         {"/metrics", "GET"},
		{"/again/k", "GET, POST"},
	};

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
			const char *at = strstr(rows[i].allow, methods[m]);

			world_do(&w, methods[m], rows[i].path, "", "[]");
			if (at) {
				CHECK(w.a.status != 405);
				continue;
			}
			world_refused(&w, 405);
			/* Of methods that exist the path tells its own. */
			if (m < 3)
				CHECK_STR(rows[i].allow,
				          client_header(&w.a, "Allow"));
		}
}

static void there_is_nothing_else(void)
{
	static const char *const paths[] = {
		"/",        "/start/",      "/answer/k/x", "/events",
		"/events/", "/calls/",      "/calls/x/y",  "/reserve",
		"/livez",   "/ws",          "/ws/x",       "/index.html",
		"/.env",    "/favicon.ico", "/dialout.db", "/bot",
	};

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		world_do(&w, "GET", paths[i], "", NULL);
		world_refused(&w, 404);
	}
}

static void head_is_get_without_a_body(void)
{
	world_open(&w, "");
	world_do(&w, "HEAD", "/healthz", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_INT(0, w.a.body_len);
	CHECK_STR("15", client_header(&w.a, "Content-Length"));
}

/* ---- bodies -------------------------------------------------------------- */

static void a_post_without_a_length_is_411(void)
{
	world_open(&w, "");
	world_do(&w, "POST", "/start", "", NULL);
	world_refused(&w, 411);
	world_do(&w, "POST", "/bot-events", "", NULL);
	world_refused(&w, 411);
	/* Plivo's callbacks may come with nothing. */
	world_do(&w, "POST", "/events/k", "", NULL);
	world_refused(&w, 404);
}

static void start_with(size_t data, size_t spaces)
{
	char *json = calloc(1, data + spaces + 128);
	size_t n;

	CHECK(json != NULL);
	n = (size_t)snprintf(json, 128,
	                     "{\"phone_number\":15551234567,\"body\":\"");
	memset(json + n, 'x', data - 2);
	n += data - 2;
	json[n++] = '"';
	memset(json + n, ' ', spaces);
	n += spaces;
	json[n] = '}';
	world_start(&w, "", json);
	free(json);
}

static void custom_data_and_requests_have_their_sizes(void)
{
	world_open(&w, "");
	start_with(64 * KIB, 0);
	CHECK_INT(200, w.a.status);
	start_with(64 * KIB + 1, 0);
	world_refused(&w, 413);
	start_with(100, 71 * KIB);
	CHECK_INT(200, w.a.status);
	start_with(100, 72 * KIB);
	world_refused(&w, 413);
	CHECK_INT(2, world_seen("POST", CALL, NULL));
}

static void custom_data_have_a_depth(void)
{
	char json[256];

	world_open(&w, "");
	snprintf(json, sizeof(json),
	         "{\"phone_number\":15551234567,\"body\":%.*s%.*s}", 32,
	         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 32,
	         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	world_start(&w, "", json);
	CHECK_INT(200, w.a.status);
	snprintf(json, sizeof(json),
	         "{\"phone_number\":15551234567,\"body\":%.*s%.*s}", 33,
	         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 33,
	         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	world_start(&w, "", json);
	CHECK(w.a.status == 400 || w.a.status == 413 || w.a.status == 422);
	world_refused(&w, w.a.status);
}

static void falsy_custom_data_are_none(void)
{
	static const char *const rows[] = {"null", "false", "0",
	                                   "\"\"", "{}",    "[]"};
	char json[128];

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char target[128];

		snprintf(json, sizeof(json),
		         "{\"phone_number\":15551234567,\"body\":%s}", rows[i]);
		world_start(&w, "", json);
		CHECK_INT(200, w.a.status);
		snprintf(target, sizeof(target), "/calls/%s",
		         world_member(&w, "call_id"));
		world_do(&w, "GET", target, "", NULL);
		CHECK_STR("null", world_member(&w, "body"));
	}
}

/* ---- browsers ------------------------------------------------------------ */

static void a_browser_needs_its_origin_and_json(void)
{
	world_open(&w, "CORS_ORIGINS=https://app.example.com\n");
	world_start(&w,
	            "Origin: https://app.example.com\r\n"
	            "Content-Type: text/plain\r\n",
	            NUMBER);
	world_refused(&w, 415);
	world_start(&w,
	            "Origin: https://evil.example.com\r\n"
	            "Content-Type: application/json\r\n",
	            NUMBER);
	world_refused(&w, 403);
	CHECK(strstr(w.a.body, "CORS_ORIGINS"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_start(&w,
	            "Origin: https://app.example.com\r\n"
	            "Content-Type: application/json\r\n",
	            NUMBER);
	CHECK_INT(200, w.a.status);
	CHECK_STR("https://app.example.com",
	          client_header(&w.a, "Access-Control-Allow-Origin"));
}

static void without_cors_origins_no_browser_may_call(void)
{
	world_open(&w, "");
	world_start(&w,
	            "Origin: http://localhost:3000\r\n"
	            "Content-Type: application/json\r\n",
	            NUMBER);
	world_refused(&w, 403);
	world_do(&w, "GET", "/calls", "Origin: null\r\n", NULL);
	world_refused(&w, 403);
}

/* ---- lists --------------------------------------------------------------- */

static void place(unsigned n)
{
	char text[64];

	snprintf(text, sizeof(text), "{\"request_uuid\":\"uuid-%u\"}", n);
	world_rule("POST", CALL, 201, text);
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
}

static unsigned listed(const char *query)
{
	char target[256], path[32];
	unsigned n = 0;

	snprintf(target, sizeof(target), "/calls%s", query);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(200, w.a.status);
	do
		snprintf(path, sizeof(path), "calls.%u", n);
	while (strcmp(world_member(&w, path), "(none)") != 0 && ++n);
	return n;
}

static void lists_are_paged(void)
{
	char query[128], seen[8][64];
	unsigned n = 0;

	world_open(&w, "");
	for (unsigned i = 0; i < 5; i++)
		place(i);
	CHECK_INT(5, listed(""));
	snprintf(query, sizeof(query), "?limit=2");
	for (;;) {
		unsigned got = listed(query);

		for (unsigned i = 0; i < got; i++) {
			char path[32];

			snprintf(path, sizeof(path), "calls.%u.call_uuid", i);
			snprintf(seen[n++], 64, "%.63s",
			         world_member(&w, path));
		}
		if (got < 2)
			break;
		snprintf(query, sizeof(query), "?limit=2&after=%s",
		         world_member(&w, "calls.1.call_id"));
	}
	CHECK_INT(5, n);
	for (unsigned i = 0; i < n; i++) {
		char want[16];

		snprintf(want, sizeof(want), "uuid-%u", 4 - i);
		CHECK_STR(want, seen[i]);
	}
}

static void lists_are_filtered(void)
{
	char query[64], key[64], target[128];
	struct timespec now;

	world_open(&w, "");
	place(1);
	world_key(key);
	place(2);
	snprintf(target, sizeof(target), "/events/%s", key);
	world_do(&w, "POST", target, FORM,
	         "Event=Hangup&CallStatus=busy&CallUUID=uuid-1");
	CHECK_INT(2, listed(""));
	CHECK_INT(1, listed("?state=live"));
	CHECK_STR("uuid-2", world_member(&w, "calls.0.call_uuid"));
	CHECK_INT(1, listed("?state=no_answer"));
	CHECK_STR("uuid-1", world_member(&w, "calls.0.call_uuid"));
	CHECK_INT(0, listed("?state=ended"));
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(query, sizeof(query), "?since=%lld",
	         (long long)(now.tv_sec - 3600) * 1000);
	CHECK_INT(2, listed(query));
	snprintf(query, sizeof(query), "?since=%lld",
	         (long long)(now.tv_sec + 3600) * 1000);
	CHECK_INT(0, listed(query));
	CHECK_INT(2, listed("?since=2001-01-31T12:00:00Z&state=&limit=1000"));
}

static void filters_that_are_none_are_400(void)
{
	static const char *const queries[] = {
		"?state=nonsense",
		"?limit=0",
		"?limit=1001",
		"?limit=x",
		"?limit=-1",
		"?since=yesterday",
		"?since=2026-13-01T00:00:00Z",
	};
	char target[128];

	world_open(&w, "");
	place(1);
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		snprintf(target, sizeof(target), "/calls%s", queries[i]);
		world_do(&w, "GET", target, "", NULL);
		world_refused(&w, 400);
	}
	world_do(&w, "GET", "/calls?after=nobody", "", NULL);
	world_refused(&w, 404);
}

static void a_call_has_every_member_of_its_row(void)
{
	static const char *const members[] = {
		"call_id", "call_uuid",  "state",       "phone_number",
		"agent",   "created_at", "answered_at", "ended_at",
		"end",     "body",       "turns",       "events",
		"error",
	};
	char target[128];
	struct str v;

	world_open(&w, "");
	place(1);
	snprintf(target, sizeof(target), "/calls/%s",
	         world_member(&w, "call_id"));
	world_do(&w, "GET", target, "", NULL);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		CHECK_INT(0, jtext_get(str_n(w.a.body, w.a.body_len),
		                       members[i], &v));
}

/* ---- Plivo's callbacks --------------------------------------------------- */

static void callbacks_may_be_gets(void)
{
	char key[64], target[256];

	world_open(&w, "");
	place(1);
	world_key(key);
	snprintf(target, sizeof(target),
	         "/events/%s?Event=Ring&CallUUID=uuid-1", key);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_STR("ringing", world_member(&w, "calls.0.state"));
	snprintf(target, sizeof(target),
	         "/answer/%s?Event=StartApp&CallUUID=uuid-1", key);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "<Stream "));
}

static void a_machine_is_noted_and_moves_nothing(void)
{
	char key[64], target[128], hook[128];

	world_open(&w, "");
	place(1);
	snprintf(target, sizeof(target), "/calls/%s",
	         world_member(&w, "call_id"));
	world_key(key);
	snprintf(hook, sizeof(hook), "/events/%s", key);
	world_do(&w, "POST", hook, FORM,
	         "Event=MachineDetection&Machine=true&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET", target, "", NULL);
	CHECK_STR("initiated", world_member(&w, "state"));
	CHECK(strstr(w.a.body, "\"type\":\"machine\""));
	CHECK(strstr(w.a.body, "\"Machine\":\"true\""));
}

/* ---- what is no HTTP ----------------------------------------------------- */

static void say(const char *text, size_t len)
{
	int fd = client_connect(w.port);

	client_send(fd, text, len);
	client_read(fd, &w.a, 1);
	close(fd);
}

static void what_the_library_refuses_is_json_too(void)
{
	static char huge[20 * KIB];
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{"GET /healthz HTTP/1.1\r\nbroken\r\n\r\n", 400},
		{"nonsense\r\n\r\n", 400},
		{"GET /calls/\xc3\xb3 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"GET /healthz HTTP/7.0\r\nHost: h\r\n\r\n", 400},
	};

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		say(rows[i].text, strlen(rows[i].text));
		world_refused(&w, rows[i].status);
	}
	memset(huge, 'a', sizeof(huge));
	memcpy(huge, rows[0].text, 5); /* "GET /" */
	say(huge, sizeof(huge));
	world_refused(&w, 400);
}

/* The library drops what comes after the 64th header, so whoever sends that
 * many could hide what a proxy has added. */
static void a_request_with_more_headers_than_are_read_is_refused(void)
{
	static const char padding[] = "X-Padding: 1\r\n";
	char headers[2048] = "";
	size_t n = 0;

	world_open(&w, "");
	for (int i = 0; i < 62; i++)
		n += (size_t)snprintf(headers + n, sizeof(headers) - n, "%s",
		                      padding);
	world_do(&w, "GET", "/calls", headers, NULL);
	CHECK_INT(200, w.a.status);
	snprintf(headers + n, sizeof(headers) - n,
	         "%sX-Forwarded-For: 203.0.113.9\r\n", padding);
	world_do(&w, "GET", "/calls", headers, NULL);
	world_refused(&w, 413);
}

static const struct test tests[] = {
	TEST(every_path_takes_its_methods_and_no_others),
	TEST(there_is_nothing_else),
	TEST(head_is_get_without_a_body),
	TEST(a_post_without_a_length_is_411),
	TEST(custom_data_and_requests_have_their_sizes),
	TEST(custom_data_have_a_depth),
	TEST(falsy_custom_data_are_none),
	TEST(a_browser_needs_its_origin_and_json),
	TEST(without_cors_origins_no_browser_may_call),
	TEST(lists_are_paged),
	TEST(lists_are_filtered),
	TEST(filters_that_are_none_are_400),
	TEST(a_call_has_every_member_of_its_row),
	TEST(callbacks_may_be_gets),
	TEST(a_machine_is_noted_and_moves_nothing),
	TEST(what_the_library_refuses_is_json_too),
	TEST(a_request_with_more_headers_than_are_read_is_refused),
};

TEST_MAIN(tests)
