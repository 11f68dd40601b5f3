/*
 * What is told of calls, by the real programs: to the user's webhook while it
 * fails, hangs and the server is killed; to the server by a bot that is killed
 * while there is none. On SQLite and on PostgreSQL, which is killed, too.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/town.h"
#include "tests/fake/http_server.h"
#include "tests/harness/postgres.h"
#include "tests/harness/test.h"

static const char callee[] = "answer after 100\nbegin stream\nsilence 300\n"
			     "play hello.wav\n"
			     "wait-bot-speech max 8000\n"
			     "wait-bot-silence 900 max 20000\n"
			     "play please-try-call-later.wav\n"
			     "wait-hangup max 20000\n";

static const char answers[] = "when user goodbye\n"
			      "say Goodbye to you.\n"
			      "call end_call {}\n";

static const struct timespec pause_10ms = {.tv_nsec = 10000000};

/* ---- the receiver ---------------------------------------------------------- */

enum mood { TAKES, FAILS, HANGS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static enum mood mood;
static unsigned tries;
static json_t *taken; /* what came, each event_id once, in order */
static unsigned unsigned_ones;

static bool is_new(const json_t *ev)
{
	const char *id = town_str(ev, "event_id");

	for (size_t i = 0; i < json_array_size(taken); i++)
		if (!strcmp(town_str(json_array_get(taken, i), "event_id"), id))
			return false;
	return true;
}

static void receive(const struct fake_request *req, struct fake_answer *a,
                    void *arg)
{
	json_t *ev = json_loads(req->body, 0, NULL);

	(void)arg;
	pthread_mutex_lock(&lock);
	tries++;
	unsigned_ones += !strcasestr(req->head, "Dialout-Signature: t=");
	while (mood == HANGS)
		pthread_cond_wait(&changed, &lock);
	if (mood == FAILS)
		a->status = 500;
	else if (is_new(ev))
		json_array_append(taken, ev);
	pthread_mutex_unlock(&lock);
	json_decref(ev);
}

static unsigned count_unsigned(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = unsigned_ones;
	pthread_mutex_unlock(&lock);
	return n;
}

static void set_mood(enum mood m)
{
	pthread_mutex_lock(&lock);
	mood = m;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void await_tries(unsigned n)
{
	for (int i = 0;; i++) {
		bool there;

		pthread_mutex_lock(&lock);
		there = tries >= n;
		pthread_mutex_unlock(&lock);
		if (there)
			return;
		CHECK(i < 3000);
		nanosleep(&pause_10ms, NULL);
	}
}

/* What was taken, "STATE STATE +TYPE ": states of the call, and the bot's
 * events. */
static void list_taken(char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < json_array_size(taken) && n < cap; i++) {
		const json_t *ev = json_array_get(taken, i);
		const char *type = town_str(ev, "type");

		const bool state = !strcmp(type, "state");

		n += (size_t)snprintf(
			out + n, cap - n, "%s%s ", state ? "" : "+",
			state ? town_str(ev, "data.state") : type);
	}
	pthread_mutex_unlock(&lock);
}

/* Has each of the bot's events in the ledger been taken? */
static bool has_all(const json_t *call)
{
	const json_t *events = town_at(call, "events");
	size_t want = 0, have = 0;

	for (size_t i = 0; i < json_array_size(events); i++)
		want += !strcmp(town_str(json_array_get(events, i), "source"),
		                "bot");
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < json_array_size(taken); i++)
		have += strcmp(town_str(json_array_get(taken, i), "type"),
		               "state") != 0;
	pthread_mutex_unlock(&lock);
	return want && want == have;
}

/* ---- tests ----------------------------------------------------------------- */

enum ledger { SQLITE, POSTGRESQL };

static struct postgres pg;
static char receiver[64], ledger_url[POSTGRES_URL_MAX + 16];
static const char *server_env[] = {
	receiver, "EVENTS_SECRET=0123456789abcdef0123456789abcdef", ledger_url,
	NULL};
static const char *const bot_env[] = {"STATE_DIR=state", NULL};

static const struct town_opts opts = {
	.callee = callee,
	.sentences = "Hello.\nThank you, goodbye.\n",
	.answers = answers,
	.agent = "{\"greeting\":\"Good morning.\",\"tools\":[\"end_call\"]}",
	.server_env = server_env,
	.bot_env = bot_env,
};

static void begin(struct town *t, enum ledger ledger)
{
	char url[POSTGRES_URL_MAX] = "sqlite:dialout.db";

	if (ledger == POSTGRESQL) {
		postgres_open(&pg, true);
		postgres_database(&pg, "town", url);
	}
	snprintf(ledger_url, sizeof(ledger_url), "DATABASE_URL=%s", url);
	taken = json_array();
	snprintf(receiver, sizeof(receiver),
	         "EVENTS_URL=http://127.0.0.1:%u/hook",
	         fake_http_open(receive, NULL));
	town_open(t, &opts);
}

/* What would end a server and keep its ledger. */
static void kill_server(struct town *t, enum ledger ledger)
{
	proc_kill(&t->server);
	if (ledger == POSTGRESQL) {
		postgres_kill(&pg);
		postgres_start(&pg);
	}
}

/* It fails at first, then hangs; the server is killed in mid-call. Nothing is
 * lost, and nothing comes before what was before it. */
static void tell_whatever_happens(enum ledger ledger)
{
	char order[2048], id[64];
	struct town t;
	json_t *call;

	mood = FAILS;
	begin(&t, ledger);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	await_tries(2);
	json_decref(town_wait(&t, id, "streaming", 20000));
	set_mood(HANGS);
	await_tries(3);
	kill_server(&t, ledger);
	town_start_server(&t);
	call = town_wait_told(&t, id, 40000);
	set_mood(TAKES);
	list_taken(order, sizeof(order));
	for (int i = 0; !has_all(call) || !strstr(order, " ended "); i++) {
		if (i > 2000)
			test_fail(__FILE__, __LINE__, "taken: %s", order);
		nanosleep(&pause_10ms, NULL);
		list_taken(order, sizeof(order));
	}
	CHECK_INT(0, strncmp(order, "queued dialing initiated ", 25));
	CHECK(strstr(order, " streaming "));
	CHECK(strstr(order, "+started "));
	CHECK(strstr(order, "+turn "));
	CHECK(strstr(order, "+tool "));
	CHECK(strstr(order, "+ended "));
	CHECK(strstr(order, " streaming ") < strstr(order, "+turn "));
	/* Plivo may tell of the end sooner than a bot whose server was away,
	 * but each of them keeps its order. */
	CHECK(strstr(order, " streaming ") < strstr(order, " ended "));
	CHECK(strstr(order, "+started ") < strstr(order, "+turn "));
	CHECK(strstr(order, "+turn ") < strstr(order, "+tool "));
	CHECK(strstr(order, "+tool ") < strstr(order, "+ended "));
	CHECK_INT(0, count_unsigned());
	json_decref(call);
	town_close(&t);
}

/* Server and bot are killed, one after the other: what the bot said meanwhile
 * is in its folder, and the ledger has it in the end. */
static void inherit(enum ledger ledger)
{
	char id[64];
	struct town t;
	json_t *call;
	size_t from;

	begin(&t, ledger);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait(&t, id, "streaming", 20000));
	from = strlen(proc_log(&t.bots[0]));
	kill_server(&t, ledger);
	for (int i = 0;
	     !strstr(proc_log(&t.bots[0]) + from, "event=ended by=bot"); i++) {
		CHECK(i < 3000);
		nanosleep(&pause_10ms, NULL);
	}
	/* Handed to the kernel at once: a moment is for the thread. */
	for (int i = 0; i < 20; i++)
		nanosleep(&pause_10ms, NULL);
	proc_kill(&t.bots[0]);
	town_start_server(&t);
	town_start_bot(&t, 0);
	call = town_wait_told(&t, id, 40000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK(json_array_size(town_at(call, "turns")) >= 3);
	CHECK(town_int(call, "costs.usage.tts.characters") > 0);
	CHECK(strstr(proc_log(&t.bots[0]), "event=inherited"));
	json_decref(call);
	town_close(&t);
}

static void a_receiver_is_told_all_of_it_whatever_happens(void)
{
	tell_whatever_happens(SQLITE);
}

static void so_it_is_when_the_ledger_is_in_postgresql(void)
{
	tell_whatever_happens(POSTGRESQL);
}

static void what_a_bot_knew_when_it_died_is_told_by_the_next(void)
{
	inherit(SQLITE);
}

static void postgresql_hears_of_it_too(void)
{
	inherit(POSTGRESQL);
}

static const struct test tests[] = {
	TEST_SLOW(a_receiver_is_told_all_of_it_whatever_happens, 120),
	TEST_SLOW(so_it_is_when_the_ledger_is_in_postgresql, 120),
	TEST_SLOW(what_a_bot_knew_when_it_died_is_told_by_the_next, 120),
	TEST_SLOW(postgresql_hears_of_it_too, 120),
};

TEST_MAIN(tests)
