/*
 * Plivo takes a request, and its answer says nothing: a stall, a reset, a
 * 5xx, half a body; the call was placed, or not. Nothing is asked for twice,
 * and what the ledger finds out afterwards is what has happened.
 * AMBIGUOUS_CALLS says how many; AMBIGUOUS_STALLS how many of them wait until
 * the server gives up, which takes it 20 s; AMBIGUOUS_SEED which.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/sweep.h"
#include "tests/fake/exchange.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

/* What one look of the server's takes: 64. */
enum { BATCH = 60, THREADS = BATCH, GIVE_UP_SEC = 30, HEARD_OF = 5 };

struct start {
	char id[64];
	bool heard; /* Plivo calls back before anybody looks for the call */
};

static struct world w;
static struct exchange_call *calls;
static struct start *starts;
static unsigned n_calls, batch_end;
static atomic_uint next;

/* A member of @a's JSON, whose value is a text; "" without. */
static void member(char out[64], const struct http_answer *a, const char *name)
{
	char text[64];
	const char *at;

	snprintf(text, sizeof(text), "\"%s\":\"", name);
	at = strstr(a->body, text);
	at = at ? at + strlen(text) : "\"";
	snprintf(out, 64, "%.*s", (int)strcspn(at, "\""), at);
}

static void look(struct http_answer *a, unsigned i)
{
	char target[128];

	snprintf(target, sizeof(target), "/calls/%s", starts[i].id);
	client_do(w.port, a, "GET", target, "", NULL);
	CHECK_INT(200, a->status);
}

static void pause_ms(unsigned ms)
{
	const struct timespec t = {.tv_sec = ms / 1000,
	                           .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static void await_unknown(struct http_answer *a, unsigned i)
{
	char state[64];

	for (unsigned n = 0; n < test_ms(GIVE_UP_SEC * 1000) / 200; n++) {
		look(a, i);
		member(state, a, "state");
		if (!strcmp(state, "unknown"))
			return;
		CHECK(!strcmp(state, "queued") || !strcmp(state, "dialing"));
		pause_ms(200);
	}
	test_fail(__FILE__, __LINE__, "call %u is not given up", i);
}

static void start(struct http_answer *a, unsigned i)
{
	char number[EXCHANGE_NUMBER_LEN], body[64], key[64], again[64];

	exchange_number(number, i);
	snprintf(body, sizeof(body), "{\"phone_number\":\"%s\"}", number);
	snprintf(key, sizeof(key), "Idempotency-Key: ambiguous-%u\r\n", i);
	client_do(w.port, a, "POST", "/start", key, body);
	CHECK_INT(202, a->status);
	member(starts[i].id, a, "call_id");
	await_unknown(a, i);
	/* Who has not understood asks once more, and gets the same call. */
	client_do(w.port, a, "POST", "/start", key, body);
	CHECK_INT(202, a->status);
	member(again, a, "call_id");
	CHECK_STR(starts[i].id, again);
}

static void call_back(struct http_answer *a, unsigned i, const char *form)
{
	char target[128], text[256], uuid[EXCHANGE_UUID_LEN];

	/* Its key is there since it was asked for. */
	CHECK_INT(1, calls[i].posts);
	exchange_uuid(uuid, i);
	snprintf(target, sizeof(target), "/events/%s", calls[i].key);
	snprintf(text, sizeof(text), "%s&CallUUID=%s", form, uuid);
	client_do(w.port, a, "POST", target,
	          "Content-Type: application/x-www-form-urlencoded\r\n", text);
	CHECK_INT(200, a->status);
}

static void *caller(void *arg)
{
	struct http_answer *a = malloc(sizeof(*a));
	unsigned i;

	CHECK(a);
	while ((i = next++) < batch_end) {
		start(a, i);
		if (starts[i].heard)
			call_back(a, i, "Event=Ring&CallStatus=ringing");
	}
	free(a);
	return arg;
}

static void await_look(void)
{
	for (unsigned n = 0; atomic_load(&w.app->reconciling); n++) {
		CHECK(n < test_ms(20000) / 5);
		pause_ms(5);
	}
}

/* Twice, as the server looks by itself once a minute: a look that is under
 * way has not got all of the calls, and is not as late. */
static void sweep(long long later_ms)
{
	for (unsigned i = 0; i < 2; i++) {
		await_look();
		sweep_run(w.app, app_now_ms() + later_ms);
		await_look();
	}
}

static void expect(const struct http_answer *a, unsigned i, const char *name,
                   const char *want)
{
	char have[64];

	member(have, a, name);
	if (strcmp(want, have) != 0)
		test_fail(__FILE__, __LINE__, "call %u: %s is %s, not %s", i,
		          name, have, want);
}

/* What is known of the call, once it can be. */
static void judge(struct http_answer *a, unsigned i, bool late)
{
	static const char *const states[] = {
		[EXCHANGE_NOWHERE] = "not_placed",
		[EXCHANGE_LIVE] = "initiated",
		[EXCHANGE_QUEUED] = "initiated",
		[EXCHANGE_ANSWERED] = "ended",
		[EXCHANGE_UNANSWERED] = "no_answer",
	};
	char uuid[EXCHANGE_UUID_LEN];
	enum exchange_place place = calls[i].place;

	look(a, i);
	if (place == EXCHANGE_NOWHERE) {
		/* Not before it cannot be any more. */
		expect(a, i, "state", late ? states[place] : "unknown");
		CHECK(strstr(a->body, "\"call_uuid\":null"));
	} else {
		exchange_uuid(uuid, i);
		expect(a, i, "call_uuid", uuid);
		expect(a, i, "state",
		       starts[i].heard ? "ringing" : states[place]);
	}
	CHECK_INT(1, calls[i].posts);
	CHECK_INT(0, calls[i].deletes);
}

/* Those that are up have their end as all calls have. */
static void hang_up(struct http_answer *a, unsigned i)
{
	enum exchange_place place = calls[i].place;

	if (place != EXCHANGE_LIVE && place != EXCHANGE_QUEUED)
		return;
	calls[i].place = EXCHANGE_UNANSWERED;
	call_back(a, i,
	          "Event=Hangup&CallStatus=no-answer&HangupCauseCode=3000");
	look(a, i);
	expect(a, i, "state", "no_answer");
}

static void play(unsigned from, unsigned to, struct http_answer *a)
{
	pthread_t threads[THREADS];

	next = from;
	batch_end = to;
	for (unsigned t = 0; t < THREADS; t++)
		CHECK_INT(0, pthread_create(&threads[t], NULL, caller, NULL));
	for (unsigned t = 0; t < THREADS; t++)
		CHECK_INT(0, pthread_join(threads[t], NULL));
	sweep(0);
	for (unsigned i = from; i < to; i++)
		judge(a, i, false);
	sweep(240000);
	for (unsigned i = from; i < to; i++)
		judge(a, i, true);
	for (unsigned i = from; i < to; i++)
		hang_up(a, i);
}

static void draw(unsigned stalls, uint64_t *dice)
{
	for (unsigned i = 0; i < n_calls; i++) {
		calls[i].fault = i < stalls
		                         ? EXCHANGE_STALL
		                         : EXCHANGE_CLOSED + test_draw(dice, 4);
		calls[i].place = EXCHANGE_NOWHERE;
		if (!test_draw(dice, 3))
			continue;
		calls[i].place = EXCHANGE_LIVE + test_draw(dice, 4);
		starts[i].heard = calls[i].place == EXCHANGE_LIVE &&
		                  !test_draw(dice, HEARD_OF);
	}
}

static void no_unclear_answer_leads_to_a_second_call(void)
{
	const unsigned seed = test_size("AMBIGUOUS_SEED", 20261125);
	const unsigned stalls = test_size("AMBIGUOUS_STALLS", 0);
	struct http_answer *a = malloc(sizeof(*a));
	uint64_t dice = seed;
	char dotenv[256];

	n_calls = test_size("AMBIGUOUS_CALLS", 5 * BATCH);
	calls = calloc(n_calls, sizeof(*calls));
	starts = calloc(n_calls, sizeof(*starts));
	CHECK(a && calls && starts && stalls <= n_calls);
	draw(stalls, &dice);
	snprintf(dotenv, sizeof(dotenv),
	         "PLIVO_API_URL=http://127.0.0.1:%u\nCALLS_PER_SECOND=1000\n"
	         "MAX_CALLS=100000\nSTART_WAIT=1\n"
	         "BOT_WS_URL=wss://bot.example.com/ws\n",
	         exchange_open(calls, n_calls, NULL));
	world_open(&w, dotenv);
	for (unsigned i = 0; i < n_calls; i += BATCH)
		play(i, n_calls - i < BATCH ? n_calls : i + BATCH, a);
	printf("ambiguous: seed %u: %u answers, %u of them stalls; all "
	       "verdicts right, no second POST\n",
	       seed, n_calls, stalls);
	world_close(&w);
	free(a);
	free(calls);
	free(starts);
}

static const struct test tests[] = {
	TEST_SLOW(no_unclear_answer_leads_to_a_second_call, 60),
};

TEST_MAIN(tests)
