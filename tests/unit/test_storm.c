/*
 * Plivo's callbacks come up to five times, in any order, and some before the
 * answer to the POST that they are about. Whatever comes, and however: the
 * ledger says in the end what an oracle says that knows only which ones came.
 * STORM_CALLS and STORM_SEED say how many and which.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/fake/exchange.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

enum { THREADS = 4, TIMES_MAX = 5, SENT_MAX = 5 * TIMES_MAX, KINDS = 6 };

/* What a call may be told of, each by a bit. */
enum { RING = 1, ANSWER = 2, STREAM = 4, STREAM_END = 8, HANGUP = 16 };

static const struct {
	const char *path, *type, *form;
} hooks[] = {
	{"events", "ringing", "Event=Ring&CallStatus=ringing"},
	{"answer", "answered", "Event=StartApp&CallStatus=in-progress"},
	{"events", "stream_started", "Event=StartStream&StreamID=s1"},
	{"events", "stream_stopped", "Event=StopStream&StreamID=s1"},
	{"events", "hangup", "Event=Hangup"},
};

/* How a call goes; the oracle's word on its end is here. */
static const struct kind {
	unsigned told;
	const char *end, *state, *by;
} kinds[KINDS] = {
	{RING | ANSWER | STREAM | STREAM_END | HANGUP,
         "&CallStatus=completed&HangupCauseCode=4000&HangupSource=Callee",
         "ended", "callee"},
	{RING | HANGUP,
         "&CallStatus=busy&HangupCauseCode=3010&HangupSource=Callee",
         "no_answer", "callee"},
	{RING | HANGUP,
         "&CallStatus=no-answer&HangupCauseCode=3000&HangupSource=Carrier",
         "no_answer", "carrier"},
	{HANGUP, "&CallStatus=failed&HangupCauseCode=2000&HangupSource=Carrier",
         "failed", "carrier"},
	{RING | ANSWER | STREAM, "", "streaming", NULL},
	{RING | ANSWER | HANGUP,
         "&CallStatus=completed&HangupCauseCode=4010&HangupSource=Plivo",
         "ended", "plivo"},
};

struct storm {
	const struct kind *kind;
	unsigned char sent[SENT_MAX]; /* hooks, in the order they are sent in */
	unsigned n, early;            /* so many of them before the 201 */
	char id[64];
	unsigned rank;         /* of the last state that was seen */
	struct http_answer *a; /* of the thread that has the call */
};

static struct world w;
static struct exchange_call *calls;
static struct storm *storms;
static unsigned n_storms;
static atomic_uint slowest_ms;
static unsigned n_early, n_sent;
static atomic_uint next;

static void roll(struct storm *s, uint64_t *dice)
{
	s->kind = &kinds[test_draw(dice, KINDS)];
	for (unsigned h = 0; h < ARRAY_LEN(hooks); h++) {
		unsigned times = 1 + test_draw(dice, TIMES_MAX);

		while (s->kind->told & 1u << h && times--)
			s->sent[s->n++] = (unsigned char)h;
	}
	for (unsigned i = s->n; i > 1; i--) {
		unsigned j = test_draw(dice, i);
		unsigned char was = s->sent[j];

		s->sent[j] = s->sent[i - 1];
		s->sent[i - 1] = was;
	}
	if (!test_draw(dice, 4))
		s->early = test_draw(dice, s->n + 1);
	n_early += s->early;
	n_sent += s->n;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void tell(unsigned i, unsigned from, unsigned to, struct http_answer *a)
{
	const struct storm *s = &storms[i];
	char target[128], form[512], uuid[EXCHANGE_UUID_LEN];

	/* Its key is there since it was asked for. */
	CHECK_INT(1, calls[i].posts);
	exchange_uuid(uuid, i);
	for (unsigned k = from; k < to; k++) {
		unsigned h = s->sent[k];
		long long began = now_ms();

		snprintf(target, sizeof(target), "/%s/%s", hooks[h].path,
		         calls[i].key);
		snprintf(form, sizeof(form), "%s%s&CallUUID=%s", hooks[h].form,
		         1u << h == HANGUP ? s->kind->end : "", uuid);
		client_do(w.port, a, "POST", target,
		          "Content-Type: application/x-www-form-urlencoded\r\n",
		          form);
		CHECK_INT(200, a->status);
		if (now_ms() - began > slowest_ms)
			slowest_ms = (unsigned)(now_ms() - began);
	}
}

static void taken(unsigned i)
{
	struct http_answer *a = malloc(sizeof(*a));

	CHECK(a);
	tell(i, 0, storms[i].early, a);
	free(a);
}

/* "@name":"@value" or "@name":null stands in the call's JSON. */
static void expect(unsigned i, const char *name, const char *value)
{
	char text[128];

	snprintf(text, sizeof(text), value ? "\"%s\":\"%s\"" : "\"%s\":null",
	         name, value);
	if (!strstr(storms[i].a->body, text))
		test_fail(__FILE__, __LINE__, "call %u: no %s in %s", i, text,
		          storms[i].a->body);
}

static void look(unsigned i)
{
	static const char *const ranks[] = {"initiated", "ringing", "answered",
	                                    "streaming", "ended",   "failed",
	                                    "no_answer"};
	struct storm *s = &storms[i];
	char target[128];
	unsigned rank = 0;
	const char *state;

	snprintf(target, sizeof(target), "/calls/%s", s->id);
	client_do(w.port, s->a, "GET", target, "", NULL);
	CHECK_INT(200, s->a->status);
	state = strstr(s->a->body, "\"state\":\"");
	CHECK(state);
	while (rank < ARRAY_LEN(ranks) &&
	       strncmp(state + 9, ranks[rank], strlen(ranks[rank])) != 0)
		rank++;
	CHECK(rank < ARRAY_LEN(ranks));
	if (rank < s->rank || (s->rank > 3 && rank != s->rank))
		test_fail(__FILE__, __LINE__, "call %u went from %s to %s", i,
		          ranks[s->rank], ranks[rank]);
	s->rank = rank;
}

static void judge(unsigned i)
{
	const struct storm *s = &storms[i];
	char uuid[EXCHANGE_UUID_LEN], text[64];

	exchange_uuid(uuid, i);
	expect(i, "state", s->kind->state);
	expect(i, "call_uuid", uuid);
	if (s->kind->by)
		expect(i, "by", s->kind->by);
	else
		expect(i, "end", NULL);
	/* What was never told stands nowhere, the rest once. */
	CHECK_INT(!(s->kind->told & ANSWER),
	          strstr(s->a->body, "\"answered_at\":null") != NULL);
	CHECK_INT(!(s->kind->told & HANGUP),
	          strstr(s->a->body, "\"ended_at\":null") != NULL);
	for (unsigned h = 0; h < ARRAY_LEN(hooks); h++) {
		const char *at = s->a->body;
		unsigned n = 0;

		snprintf(text, sizeof(text), "\"type\":\"%s\"", hooks[h].type);
		while ((at = strstr(at, text)) != NULL) {
			at += strlen(text);
			n++;
		}
		CHECK_INT((s->kind->told & 1u << h) != 0, n);
	}
	CHECK_INT(1, calls[i].posts);
	CHECK_INT(0, calls[i].deletes);
}

static void play(unsigned i, struct http_answer *a)
{
	struct storm *s = &storms[i];
	char number[EXCHANGE_NUMBER_LEN], body[64];
	const char *id;

	s->a = a;
	exchange_number(number, i);
	snprintf(body, sizeof(body), "{\"phone_number\":\"%s\"}", number);
	client_do(w.port, a, "POST", "/start", "", body);
	CHECK_INT(200, a->status);
	id = strstr(a->body, "\"call_id\":\"");
	CHECK(id);
	id += strlen("\"call_id\":\"");
	snprintf(s->id, sizeof(s->id), "%.*s", (int)strcspn(id, "\""), id);
	look(i);
	for (unsigned k = s->early; k < s->n; k++) {
		tell(i, k, k + 1, a);
		look(i);
	}
	judge(i);
}

static void *caller(void *arg)
{
	struct http_answer *a = malloc(sizeof(*a));
	unsigned i;

	CHECK(a);
	while ((i = next++) < n_storms)
		play(i, a);
	free(a);
	return arg;
}

static void callbacks_in_any_order_lead_to_the_same_ledger(void)
{
	const unsigned seed = test_size("STORM_SEED", 20261125);
	pthread_t threads[THREADS];
	uint64_t dice = seed;
	char dotenv[256];

	n_storms = test_size("STORM_CALLS", 150);
	calls = calloc(n_storms, sizeof(*calls));
	storms = calloc(n_storms, sizeof(*storms));
	CHECK(calls && storms);
	for (unsigned i = 0; i < n_storms; i++) {
		roll(&storms[i], &dice);
		calls[i].place = EXCHANGE_LIVE;
	}
	snprintf(dotenv, sizeof(dotenv),
	         "PLIVO_API_URL=http://127.0.0.1:%u\nCALLS_PER_SECOND=1000\n"
	         "MAX_CALLS=100000\nBOT_WS_URL=wss://bot.example.com/ws\n",
	         exchange_open(calls, n_storms, taken));
	world_open(&w, dotenv);
	for (unsigned t = 0; t < THREADS; t++)
		CHECK_INT(0, pthread_create(&threads[t], NULL, caller, NULL));
	for (unsigned t = 0; t < THREADS; t++)
		CHECK_INT(0, pthread_join(threads[t], NULL));
	printf("storm: seed %u: %u calls, %u callbacks, %u before the 201; "
	       "slowest %u ms\n",
	       seed, n_storms, n_sent, n_early, (unsigned)slowest_ms);
	world_close(&w);
	free(calls);
	free(storms);
}

static const struct test tests[] = {
	TEST_SLOW(callbacks_in_any_order_lead_to_the_same_ledger, 60),
};

TEST_MAIN(tests)
