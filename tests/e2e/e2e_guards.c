/*
 * What must not go wrong when much goes on at once, or somebody means harm:
 * servers that do not answer, foreign data, guessed streams, races for the
 * last place, callbacks that come twice.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

static const char quick[] = "answer after 50\nbegin stream\nsilence 300\n"
			    "hangup\n";

static const char *number(unsigned n)
{
	static char text[32];

	snprintf(text, sizeof(text), "+1555200%04u", n);
	return text;
}

/* --- a server that does not answer --- */

static unsigned count_events(const json_t *call, const char *type)
{
	const json_t *one;
	unsigned n = 0;
	size_t i;

	json_array_foreach(json_object_get(call, "events"), i, one)
	{
		n += !strcmp(town_str(one, "source"), "bot") &&
		     !strcmp(town_str(one, "type"), type);
	}
	return n;
}

static void what_a_silent_server_missed_comes_once(void)
{
	static const struct town_opts opts = {
		.callee = "answer after 50\nbegin stream\nsilence 300\n"
			  "play hello.wav\nwait-bot-speech max 8000\n"
			  "wait-bot-silence 900 max 20000\nhangup\n",
		.sentences = "Hello.\n",
	};
	struct town t;
	char id[64];
	json_t *call;
	size_t turns;

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	town_wait_journal(&t, "stream-open", 0, test_ms(5000));
	/* It takes connections and says nothing, as when the way is cut. */
	CHECK(!kill(t.server.pid, SIGSTOP));
	town_wait_journal(&t, "ended", 0, test_ms(20000));
	CHECK(proc_wait_log(&t.bots[0], "event=server_gone", test_ms(4000)));
	CHECK(!kill(t.server.pid, SIGCONT));
	call = town_wait_told(&t, id, test_ms(20000));
	turns = json_array_size(json_object_get(call, "turns"));
	CHECK_INT(2, turns);
	CHECK_INT(2, count_events(call, "turn"));
	CHECK_INT(1, count_events(call, "started"));
	CHECK_INT(1, count_events(call, "ended"));
	CHECK_STR("callee", town_str(call, "end.by"));
	json_decref(call);
	town_close(&t);
}

/* --- foreign data --- */

static const char *public_env[2];

/* The server again, with its address as PUBLIC_URL. */
static void give_public_url(struct town *t)
{
	static char text[256];

	snprintf(text, sizeof(text), "PUBLIC_URL=%s", t->server.url);
	public_env[0] = text;
	CHECK_INT(0, proc_stop(&t->server));
	town_start_server(t);
}

/* Plivo has seen one clean number a call, our own address, and one stream. */
static void check_what_plivo_saw(struct town *t, unsigned calls)
{
	json_t *journal = town_journal(t);
	const json_t *one;
	unsigned i;

	for (i = 0; (one = town_find(journal, "queued", NULL, i)); i++) {
		const char *to = town_str(one, "to");

		CHECK_INT(11, strspn(to, "0123456789"));
		CHECK_INT(11, strlen(to));
	}
	CHECK_INT(calls, i);
	for (i = 0; (one = town_find(journal, "webhook", NULL, i)); i++)
		CHECK(!strncmp(town_str(one, "url"), t->server.url,
		               strlen(t->server.url)));
	for (i = 0; (one = town_find(journal, "document", NULL, i)); i++)
		CHECK_STR("", town_str(one, "refused"));
	CHECK_INT(calls, i);
	for (i = 0; (one = town_find(journal, "xml", NULL, i)); i++)
		if (!strcmp(town_str(one, "element"), "Stream"))
			CHECK(!strncmp(town_str(one, "text"),
			               "ws://127.0.0.1:", 15));
	CHECK_INT(calls, town_count(journal, "stream-open", NULL));
	json_decref(journal);
}

static void nothing_that_callers_send_reaches_plivo(void)
{
	static const char *const bodies[] = {
		"\"EVIL</Stream><Hangup/><Stream>ws://evil\"",
		"\"EVIL]]>&<!--\"",
		"\"EVIL\\r\\nX-Evil: 1\\r\\n\\r\\n\"",
		"\"EVIL%0d%0a?x=1#ct=1\"",
		"\"EVIL{{body}}{{user.name}}\"",
		"\"EVIL\\u0000\\u2028\\ud800\\\"\"",
		"{\"EVIL</Response>\":{\"EVIL&quot;\":[\"'\",\"\\\\\"]}}",
		"[\"EVIL\",1e400,-0,12345678901234567890]",
	};
	static const char *const numbers[] = {
		"+15552000001<+15552000002",
		"sip:evil@example.com",
		"+1555\\u0662000001",
		"+15552000001;x=1",
		"+15552000001\\u0000",
		"+1555200000123456",
		"+15552000001,+15552000002",
		"<Stream>",
		"",
	};
	static const char *const headers[] = {
		"Content-Type: application/json",
		"Host: evil.example.com",
		"X-Forwarded-Host: evil.example.com",
		"X-Forwarded-Proto: https",
		"Forwarded: host=evil.example.com;proto=https",
		NULL,
	};
	static const struct town_opts opts = {.callee = quick,
	                                      .server_env = public_env};
	struct town t;
	struct http_answer a;
	char url[192], body[512], path[192];

	town_open(&t, &opts);
	give_public_url(&t);
	snprintf(url, sizeof(url), "%s/start", t.server.url);
	for (unsigned i = 0; i < ARRAY_LEN(bodies); i++) {
		snprintf(body, sizeof(body),
		         "{\"phone_number\":\"%s\",\"body\":%s}", number(i),
		         bodies[i]);
		http_send(&a, "POST", url, headers, body);
		if (a.status != 200)
			test_fail(__FILE__, __LINE__, "%s: %ld %s", body,
			          a.status, a.body);
		http_done(&a);
	}
	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
		snprintf(body, sizeof(body), "{\"phone_number\":\"%s\"}",
		         numbers[i]);
		http_send(&a, "POST", url, headers, body);
		if (a.status != 422 && a.status != 400)
			test_fail(__FILE__, __LINE__, "%s: %ld %s", body,
			          a.status, a.body);
		http_done(&a);
	}
	town_wait_journal(&t, "ended", ARRAY_LEN(bodies) - 1, test_ms(8000));
	check_what_plivo_saw(&t, ARRAY_LEN(bodies));
	snprintf(path, sizeof(path), "%s/journal.jsonl", t.dir);
	CHECK(!strstr(proc_file(path), "EVIL"));
	CHECK(!strstr(proc_file(path), "evil"));
	town_no_violations(&t);
	town_close(&t);
}

/* --- streams that nobody reserved --- */

static long upgrade(const char *base, const char *tail)
{
	static const char *const headers[] = {
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Version: 13",
		NULL,
	};
	struct http_answer a;
	char url[512];
	long status;

	snprintf(url, sizeof(url), "%s/ws%s", base, tail);
	http_send(&a, "GET", url, headers, NULL);
	status = a.status;
	http_done(&a);
	return status;
}

static long connections(const struct proc *sim)
{
	struct http_answer a;
	char url[192];
	long n;

	snprintf(url, sizeof(url), "%s/sim/state", sim->url);
	http_get(&a, url);
	n = town_int(a.json, "connections.total");
	http_done(&a);
	return n;
}

static void guessed_streams_reach_no_provider(void)
{
	static const struct town_opts opts = {.callee = quick};
	enum { GUESSES = 1000 };
	struct town t;
	char tail[64], used[128];
	json_t *journal;
	const char *text;
	long before;

	town_open(&t, &opts);
	json_decref(town_wait(&t, town_dial(&t, NULL), "ended", test_ms(8000)));
	before = connections(&t.deepgram);
	CHECK(before > 0);
	srandom(1);
	for (unsigned i = 0; i < GUESSES; i++) {
		snprintf(tail, sizeof(tail), "/%08lx%08lx%08lx", random(),
		         random(), random());
		CHECK_INT(404, upgrade(t.bots[0].url, tail));
		if (i % 10 == 0)
			CHECK_INT(404, upgrade(t.server.url, tail));
	}
	/* One that was good once is not good again. */
	journal = town_journal(&t);
	text = town_str(town_find(journal, "xml", NULL, 0), "text");
	CHECK(strstr(text, "/ws/"));
	snprintf(used, sizeof(used), "%s", strstr(text, "/ws/") + 3);
	CHECK_INT(410, upgrade(t.bots[0].url, used));
	CHECK_INT(403, upgrade(t.bots[0].url, "?body=e30="));
	CHECK_INT(before, connections(&t.deepgram));
	json_decref(journal);
	town_no_violations(&t);
	town_close(&t);
}

/* --- who may start what --- */

struct racer {
	struct town *t;
	unsigned n;
	long status;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct http_answer a;
	char body[64];

	snprintf(body, sizeof(body), "{\"phone_number\":\"+1555300%04u\"}",
	         r->n);
	town_post_start(r->t, &a, body);
	r->status = a.status;
	http_done(&a);
	return NULL;
}

static void a_limit_is_exact_however_many_race_for_it(void)
{
	static const char *const env[] = {"MAX_CALLS=5", NULL};
	static const struct town_opts opts = {
		.callee = "answer after 50\nbegin stream\nsilence 4000\n"
			  "hangup\n",
		.server_env = env,
	};
	enum { RACERS = 24 };
	struct town t;
	struct racer r[RACERS];
	pthread_t threads[RACERS];
	unsigned placed = 0;
	json_t *journal;

	town_open(&t, &opts);
	for (unsigned i = 0; i < RACERS; i++) {
		r[i] = (struct racer){&t, i, 0};
		CHECK_INT(0, pthread_create(&threads[i], NULL, race, &r[i]));
	}
	for (unsigned i = 0; i < RACERS; i++) {
		CHECK_INT(0, pthread_join(threads[i], NULL));
		CHECK(r[i].status == 200 || r[i].status == 503);
		placed += r[i].status == 200;
	}
	CHECK_INT(5, placed);
	town_wait_journal(&t, "ended", 4, test_ms(10000));
	journal = town_journal(&t);
	CHECK_INT(5, town_count(journal, "queued", NULL));
	json_decref(journal);
	town_close(&t);
}

static void wrong_keys_open_nothing(void)
{
	static const char *const env[] = {
		"API_KEY=a-key-of-this-test-0123456789", NULL};
	static const struct town_opts opts = {.callee = quick,
	                                      .server_env = env};
	/* More than an address has to spare, and a few that time gives back. */
	enum { KEYS = 100, SPARE = 40 };
	char key[96], url[192];
	const char *headers[] = {"Content-Type: application/json", key, NULL};
	struct town t;
	struct http_answer a;
	unsigned looked_at = 0;
	json_t *journal;
	long status = 0;

	town_open(&t, &opts);
	snprintf(url, sizeof(url), "%s/start", t.server.url);
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key),
		         "Authorization: Bearer a-key-of-this-test-%010u", i);
		http_send(&a, "POST", url, headers,
		          "{\"phone_number\":\"" TOWN_TO "\"}");
		CHECK(a.status == 401 || a.status == 429);
		looked_at += a.status == 401;
		http_done(&a);
	}
	CHECK(looked_at >= 20 && looked_at <= SPARE);
	/* The good one is not looked at either, until time has made room. */
	snprintf(key, sizeof(key),
	         "Authorization: Bearer a-key-of-this-test-0123456789");
	for (unsigned i = 0; i < 10 && status != 200; i++) {
		http_send(&a, "POST", url, headers,
		          "{\"phone_number\":\"" TOWN_TO "\"}");
		status = a.status;
		http_done(&a);
		CHECK(status == 200 || status == 429);
		if (status == 429)
			test_pause(1000);
	}
	CHECK_INT(200, status);
	town_wait_journal(&t, "ended", 0, test_ms(5000));
	journal = town_journal(&t);
	CHECK_INT(1, town_count(journal, "queued", NULL));
	json_decref(journal);
	town_close(&t);
}

/* --- callbacks that come twice and out of order --- */

static void callbacks_may_come_twice_and_in_any_order(void)
{
	static const char *const args[] = {"--duplicate", "--shuffle", NULL};
	static const char *const types[] = {"ringing", "answered", "hangup",
	                                    "stream_started", "stream_stopped"};
	static const struct town_opts opts = {.callee = quick,
	                                      .plivo_args = args};
	enum { CALLS = 6 };
	struct town t;
	char ids[CALLS][64];

	town_open(&t, &opts);
	for (unsigned i = 0; i < CALLS; i++)
		snprintf(ids[i], sizeof(ids[i]), "%s",
		         town_dial_to(&t, number(i), NULL));
	town_wait_journal(&t, "ended", CALLS - 1, test_ms(8000));
	/* Shuffled ones are 1.5 s late at most, and their doubles follow. */
	test_pause(test_ms(2000));
	for (unsigned i = 0; i < CALLS; i++) {
		json_t *call = town_wait_told(&t, ids[i], test_ms(5000));
		const json_t *one;
		size_t at;

		CHECK_STR("ended", town_str(call, "state"));
		CHECK_STR("callee", town_str(call, "end.by"));
		CHECK_INT(4000, town_int(call, "end.cause_code"));
		for (unsigned k = 0; k < ARRAY_LEN(types); k++) {
			unsigned n = 0;

			json_array_foreach(json_object_get(call, "events"), at,
			                   one)
			{
				n += !strcmp(town_str(one, "source"),
				             "carrier") &&
				     !strcmp(town_str(one, "type"), types[k]);
			}
			CHECK_INT(1, n);
		}
		json_decref(call);
	}
	town_no_violations(&t);
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(what_a_silent_server_missed_comes_once, 60),
	TEST_SLOW(nothing_that_callers_send_reaches_plivo, 60),
	TEST_SLOW(guessed_streams_reach_no_provider, 60),
	TEST_SLOW(a_limit_is_exact_however_many_race_for_it, 60),
	TEST_SLOW(wrong_keys_open_nothing, 60),
	TEST_SLOW(callbacks_may_come_twice_and_in_any_order, 60),
};

TEST_MAIN(tests)
