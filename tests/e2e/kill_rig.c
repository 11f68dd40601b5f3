#define _GNU_SOURCE
#include "tests/e2e/kill_rig.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/harness/test.h"

enum {
	PAUSE_MS = 10,
	REACH_MS = 10000, /* until a phase begins */
	END_MS = 20000,   /* until a call's end is in the ledger */
	IDLE_MS = 15000,  /* until nothing is held any more */
};

#define QUICK    "+15551000000"
#define RESERVES "+15551000001"
#define RINGS    "+15551000002"
#define ANSWERS  "+15551000003"
#define STREAMS  "+15551000004"
#define ENDS     "+15551000005"
#define SLOW_201 "+15551000006"
#define NO_NEWS  "+15551000007"

/* Who answers at which number, and what draws the phase out. */
static const struct {
	const char *number, *script;
} callees[] = {
	{QUICK, "answer after 50\nbegin stream\nsilence 300\nhangup\n"},
	{RESERVES, "answer after 50\nbegin stream\nsilence 300\nhangup\n"},
	{RINGS, "answer after 1300\nbegin stream\nsilence 400\nhangup\n"},
	{ANSWERS, "webhook delay 900\nanswer after 50\nbegin stream\n"
                  "silence 400\nhangup\n"},
	{STREAMS, "answer after 50\nbegin stream\nsilence 2500\nhangup\n"},
	{ENDS, "webhook delay 900\nanswer after 50\nbegin stream\n"
               "silence 300\nhangup\n"},
	/* The telephone rings before the answer comes ... */
	{SLOW_201, "rest delay 1000\nanswer after 1500\nbegin stream\n"
                   "silence 400\nhangup\n"},
	/* ... or nothing at all is heard of the call. */
	{NO_NEWS, "rest delay 1000\nwebhook delay 1100\nanswer after 1500\n"
                  "begin stream\nsilence 400\nhangup\n"},
};

/* What says in Plivo's journal that a phase begins, and that it is over. */
static const struct {
	const char *name, *begins, *ends;
} phases[PHASES] = {
	[RESERVING] = {"reserving", NULL, "queued"},
	[POST_OUT] = {"the POST was out", "queued", NULL},
	[RINGING] = {"ringing", "ringing", "answered"},
	[ANSWERING] = {"answering", "answered", "stream-open"},
	[STREAMING] = {"streaming", "stream-open", "ended"},
	[ENDING] = {"ending", "ended", NULL},
};

const char *kill_phase_name(enum phase phase)
{
	return phases[phase].name;
}

unsigned kill_ms(unsigned ms)
{
	const char *scale = getenv("TEST_TIME_SCALE");

	return scale ? (unsigned)(ms * strtod(scale, NULL)) : ms;
}

/* splitmix64 */
unsigned kill_random(struct kill_town *k, unsigned n)
{
	uint64_t z = k->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (unsigned)((z ^ (z >> 31)) % n);
}

void kill_want(struct kill_town *k, bool ok, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (ok)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	town_print_logs(&k->t);
	test_fail(__FILE__, __LINE__, "%s: %s", k->name, text);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void kill_open(struct kill_town *k, const char *name, uint64_t seed, bool relay)
{
	static const char *plivo_args[2 * ARRAY_LEN(callees) + 1];
	static char args[ARRAY_LEN(callees)][256];
	static struct town_opts opts = {.plivo_args = plivo_args};

	memset(k, 0, sizeof(*k));
	k->name = name;
	k->random = seed;
	opts.relay = relay;
	for (size_t i = 0; i < ARRAY_LEN(callees); i++) {
		FILE *f;

		snprintf(args[i], sizeof(args[i]), "%s=%s/callee%zu.txt",
		         callees[i].number, proc_temp_dir(), i);
		f = fopen(strchr(args[i], '/'), "w");
		CHECK(f != NULL);
		fputs(callees[i].script, f);
		fclose(f);
		plivo_args[2 * i] = "--callee";
		plivo_args[2 * i + 1] = args[i];
	}
	town_open(&k->t, &opts);
}

void kill_close(struct kill_town *k)
{
	town_close(&k->t);
}

void kill_freeze(struct kill_town *k)
{
	CHECK(!kill(k->t.bots[0].pid, SIGSTOP));
	k->frozen = true;
}

void kill_thaw(struct kill_town *k)
{
	if (k->frozen && k->t.bots[0].pid)
		CHECK(!kill(k->t.bots[0].pid, SIGCONT));
	k->frozen = false;
}

long kill_get(struct kill_town *k, const char *path)
{
	struct http_answer a;
	char url[256];
	long status;

	snprintf(url, sizeof(url), "%s%s", k->t.server.url, path);
	http_get(&a, url);
	status = a.status;
	http_done(&a);
	return status;
}

/* --- one call --- */

/* The ledger's newest call: its id, or "", and its state. */
static void newest(struct kill_town *k, char id[64], char state[32])
{
	struct http_answer a;
	char url[256];

	snprintf(url, sizeof(url), "%s/calls?limit=1", k->t.server.url);
	http_get(&a, url);
	CHECK_INT(200, a.status);
	snprintf(id, 64, "%s", town_str(a.json, "calls.0.call_id"));
	snprintf(state, 32, "%s", town_str(a.json, "calls.0.state"));
	http_done(&a);
}

/* The nth call that Plivo made to @number; NULL: there is none. */
static const json_t *placed(const json_t *journal, const char *number,
                            unsigned nth)
{
	const json_t *one;

	for (unsigned i = 0; (one = town_find(journal, "queued", NULL, i)); i++)
		if (!strcmp(town_str(one, "to"), number + 1) && !nth--)
			return one;
	return NULL;
}

static unsigned count_placed(struct kill_town *k, const char *number)
{
	json_t *journal = town_journal(&k->t);
	unsigned n = 0;

	while (placed(journal, number, n))
		n++;
	json_decref(journal);
	return n;
}

static void *start_thread(void *arg)
{
	struct kill_call *c = arg;
	struct http_answer a;
	char body[128];

	snprintf(body, sizeof(body), "{\"phone_number\":\"%s\"}", c->number);
	town_post_start(&c->k->t, &a, body);
	c->status = a.status;
	http_done(&a);
	return NULL;
}

/* Does Plivo's journal have @event of this call? */
static bool has(struct kill_call *c, const char *event)
{
	json_t *journal = town_journal(&c->k->t);
	const json_t *made = placed(journal, c->number, c->before);
	bool yes;

	snprintf(c->uuid, sizeof(c->uuid), "%s", town_str(made, "call"));
	yes = made && town_find(journal, event, c->uuid, 0);
	json_decref(journal);
	return yes;
}

/* Has the server taken the callback of the end? */
static bool end_was_told(struct kill_call *c)
{
	json_t *journal = town_journal(&c->k->t);
	const json_t *one;
	bool told = false;

	for (unsigned i = 0;
	     (one = town_find(journal, "webhook", c->uuid, i)) && !told; i++)
		told = !strcmp(town_str(one, "hook"), "hangup") &&
		       town_int(one, "status") == 200;
	json_decref(journal);
	return told;
}

bool kill_phase_over(struct kill_call *c)
{
	char text[128];

	switch (c->phase) {
	case POST_OUT:
		snprintf(text, sizeof(text), "call=%s event=placed", c->id);
		return strstr(proc_log(&c->k->t.server), text) != NULL;
	case ENDING:
		return end_was_told(c);
	case RESERVING:
	case RINGING:
	case ANSWERING:
	case STREAMING:
	case PHASES:
	default:
		return has(c, phases[c->phase].ends);
	}
}

static const char *number_for(struct kill_town *k, enum phase phase)
{
	static const char *const numbers[PHASES] = {
		[RESERVING] = RESERVES, [RINGING] = RINGS,
		[ANSWERING] = ANSWERS,  [STREAMING] = STREAMS,
		[ENDING] = ENDS,
	};

	if (phase == POST_OUT)
		return kill_random(k, 2) ? SLOW_201 : NO_NEWS;
	return numbers[phase];
}

/* Nothing says that a bot has been asked: it is stopped before. */
static bool has_begun(struct kill_call *c, const char *state)
{
	if (c->phase == RESERVING)
		return !strcmp(state, "reserving");
	return has(c, phases[c->phase].begins);
}

void kill_call_begin(struct kill_call *c, struct kill_town *k, enum phase phase)
{
	long until = now_ms() + kill_ms(REACH_MS);
	char last[64], state[32];

	memset(c, 0, sizeof(*c));
	c->k = k;
	c->phase = phase;
	c->number = number_for(k, phase);
	c->before = count_placed(k, c->number);
	newest(k, last, state);
	if (phase == RESERVING)
		kill_freeze(k);
	CHECK_INT(0, pthread_create(&c->thread, NULL, start_thread, c));
	do {
		test_pause(PAUSE_MS);
		kill_want(k, now_ms() < until, "%s has not begun",
		          phases[phase].name);
		newest(k, c->id, state);
	} while (!strcmp(c->id, last) || !has_begun(c, state));
}

void kill_call_join(struct kill_call *c)
{
	CHECK_INT(0, pthread_join(c->thread, NULL));
}

static bool is_one_of(const char *state, const char *const *states)
{
	for (; *states; states++)
		if (!strcmp(state, *states))
			return true;
	return false;
}

/* Plivo's own account of the call against the ledger's. */
static void compare(struct kill_call *c, const json_t *call)
{
	static const char *const taken[] = {"ended", "abandoned", NULL};
	static const char *const not_taken[] = {"no_answer", "failed",
	                                        "cancelled", NULL};
	static const char *const not_made[] = {"failed", "cancelled",
	                                       "not_placed", NULL};
	struct kill_town *k = c->k;
	const char *state = town_str(call, "state");
	json_t *journal = town_journal(&k->t);
	const json_t *made = placed(journal, c->number, c->before);
	const json_t *end = NULL;
	const char *uuid = town_str(made, "call");
	const char *const *right = not_made;

	if (made) {
		end = town_find(journal, "ended", uuid, 0);
		right = town_find(journal, "answered", uuid, 0) ? taken
		                                                : not_taken;
	}
	kill_want(k, !placed(journal, c->number, c->before + 1),
	          "Plivo was asked twice to call");
	kill_want(k, !strcmp(town_str(call, "call_uuid"), uuid),
	          "the ledger's call_uuid is \"%s\", Plivo's is \"%s\"",
	          town_str(call, "call_uuid"), uuid);
	kill_want(k, is_one_of(state, right), "the call's state is %s", state);
	kill_want(k, !made || end || !strcmp(state, "abandoned"),
	          "the ledger has an end, Plivo has none");
	if (end && town_int(call, "end.cause_code") > 0)
		kill_want(k,
		          town_int(call, "end.cause_code") ==
		                  town_int(end, "cause"),
		          "the cause is %ld, Plivo's is %ld",
		          town_int(call, "end.cause_code"),
		          town_int(end, "cause"));
	json_decref(journal);
}

void kill_call_check(struct kill_call *c)
{
	long until = now_ms() + kill_ms(END_MS);
	json_t *call = town_call(&c->k->t, c->id);

	while (!*town_str(call, "ended_at")) {
		kill_want(c->k, now_ms() < until,
		          "a call is not over, its state is %s",
		          town_str(call, "state"));
		json_decref(call);
		test_pause(PAUSE_MS);
		call = town_call(&c->k->t, c->id);
	}
	compare(c, call);
	printf("%s: ... and the call: %s, /start: %ld, %s\n", c->k->name,
	       phases[c->phase].name, c->status, town_str(call, "state"));
	json_decref(call);
}

/* --- everything --- */

/* A figure of /metrics; -1: not there. */
static long figure(const char *text, const char *name)
{
	char line[96];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(text, line);
	return at ? strtol(at + strlen(line), NULL, 10) : -1;
}

/* The first figure of @p that is not as it should be; NULL: all are. */
static const char *held(const struct proc *p, bool server)
{
	static const struct {
		const char *name;
		long value;
		bool server;
	} wanted[] = {
		{"dialout_calls_live", 0, true},
		{"dialout_calls_in_hand", 0, true},
		{"dialout_queue", 0, true},
		{"dialout_relayed", 0, true},
		{"dialout_requests", 1, true}, /* the one that asks */
		{"dialout_bot_places", 0, false},
		{"dialout_bot_calls", 0, false},
		{"dialout_bot_events_waiting", 0, false},
	};
	struct http_answer a;
	char url[192];
	const char *name = NULL;

	snprintf(url, sizeof(url), "%s/metrics", p->url);
	http_get(&a, url);
	for (size_t i = 0; i < ARRAY_LEN(wanted) && !name; i++)
		if (wanted[i].server == server &&
		    figure(a.body, wanted[i].name) != wanted[i].value)
			name = wanted[i].name;
	http_done(&a);
	return name;
}

void kill_idle(struct kill_town *k)
{
	long until = now_ms() + kill_ms(IDLE_MS);

	for (;;) {
		const char *name = held(&k->t.server, true);

		if (!name)
			name = held(&k->t.bots[0], false);
		if (!name)
			return;
		kill_want(k, now_ms() < until, "%s is not as when idle", name);
		test_pause(PAUSE_MS);
	}
}

void kill_first_call(struct kill_town *k)
{
	char id[64];
	json_t *call;

	snprintf(id, sizeof(id), "%s", town_dial_to(&k->t, QUICK, NULL));
	call = town_wait(&k->t, id, "ended", kill_ms(END_MS));
	kill_want(k, *town_str(call, "answered_at") != '\0',
	          "the first call was not answered");
	kill_want(k, !strcmp(town_str(call, "end.by"), "callee"),
	          "the first call was ended by %s", town_str(call, "end.by"));
	json_decref(call);
}
