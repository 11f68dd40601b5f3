/*
 * Two servers of one ledger, and many who want the last unit of whatever is
 * limited: budgets, places, numbers, the providers' streams. Plivo's journal
 * says how many had one.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/town.h"
#include "tests/harness/http.h"
#include "tests/harness/postgres.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

enum {
	SERVERS = 2,
	RACERS = 24,
	TRIES = 2, /* of each */
	ENV_MAX = 24,
	CALM_MS = 60000, /* [ms] until all calls are over */
};

static struct postgres pg; /* of the program; each test has a database */

struct race {
	const char *env[4]; /* the limit, for both servers */
	bool one_number;    /* all want the same */
	unsigned room;      /* so many calls are made */
	long refused;       /* what the others are told */
	const char *rate;   /* of a key that all have, or NULL */
};

struct ring {
	const struct race *race;
	char dir[128], ledger[POSTGRES_URL_MAX];
	struct proc plivo, servers[SERVERS];
	char key[160]; /* as a header; "": none */
	atomic_uint placed, refused, other;
};

struct racer {
	struct ring *r;
	pthread_t thread;
	unsigned n;
};

static void start_plivo(struct ring *r)
{
	char dir[160], script[160], journal[160];
	const char *args[] = {"--script",   script,         "--auth-id",
	                      TOWN_AUTH_ID, "--auth-token", TOWN_AUTH_TOKEN,
	                      "--journal",  journal,        "--cps",
	                      "0",          "--rate",       "0",
	                      "--setup",    "20",           "--quiet",
	                      NULL};
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/plivo", r->dir);
	snprintf(script, sizeof(script), "%s/callee.txt", r->dir);
	snprintf(journal, sizeof(journal), "%s/journal.jsonl", r->dir);
	f = fopen(script, "w");
	CHECK(f != NULL);
	/* They ring as long as RING_TIMEOUT lets them. */
	fputs("no-answer\n", f);
	fclose(f);
	proc_start(&r->plivo, "plivo-sim", dir, args, NULL);
}

static void start_server(struct ring *r, unsigned i)
{
	char dir[160], ledger[POSTGRES_URL_MAX + 16], plivo[192];
	const char *env[ENV_MAX] = {"ENV=local",
	                            "PLIVO_AUTH_ID=" TOWN_AUTH_ID,
	                            "PLIVO_AUTH_TOKEN=" TOWN_AUTH_TOKEN,
	                            "PLIVO_PHONE_NUMBER=" TOWN_FROM,
	                            "BOT_WS_URL=ws://127.0.0.1:9/ws",
	                            "CALLS_PER_SECOND=100",
	                            "RING_TIMEOUT=5",
	                            "START_WAIT=3",
	                            "RELAY_MAX=0",
	                            "LISTEN=127.0.0.1:0",
	                            ledger,
	                            plivo};
	size_t n = 12;

	snprintf(dir, sizeof(dir), "%s/server%u", r->dir, i);
	snprintf(ledger, sizeof(ledger), "DATABASE_URL=%s", r->ledger);
	snprintf(plivo, sizeof(plivo), "PLIVO_API_URL=%s", r->plivo.url);
	for (size_t k = 0; r->race->env[k]; k++)
		env[n++] = r->race->env[k];
	proc_start(&r->servers[i], "dialout-server", dir, NULL, env);
}

/* A key with that many calls. */
static void make_key(struct ring *r)
{
	const char *args[] = {"key",    "add",         "crm",
	                      "--rate", r->race->rate, NULL};
	char dir[160], ledger[POSTGRES_URL_MAX + 16];
	const char *env[] = {ledger, NULL}, *log;
	struct proc p;

	snprintf(dir, sizeof(dir), "%s/key", r->dir);
	snprintf(ledger, sizeof(ledger), "DATABASE_URL=%s", r->ledger);
	CHECK_INT(0, proc_run(&p, "dialout-server", dir, args, env));
	log = proc_log(&p);
	snprintf(r->key, sizeof(r->key), "Authorization: Bearer %.*s",
	         (int)strcspn(log, "\n"), log);
}

static void open_ring(struct ring *r, const struct race *race)
{
	char name[32];

	memset(r, 0, sizeof(*r));
	r->race = race;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(r->dir, sizeof(r->dir), "%s", proc_temp_dir());
	snprintf(name, sizeof(name), "t%d", (int)getpid());
	postgres_database(&pg, name, r->ledger);
	start_plivo(r);
	if (race->rate)
		make_key(r);
	for (unsigned i = 0; i < SERVERS; i++)
		start_server(r, i);
}

static void *want(void *arg)
{
	struct racer *racer = arg;
	struct ring *r = racer->r;
	const char *headers[] = {"Content-Type: application/json",
	                         r->key[0] ? r->key : NULL, NULL};

	for (unsigned i = 0; i < TRIES; i++) {
		unsigned nr = racer->n * TRIES + i;
		struct http_answer a;
		char url[192], body[64];

		/* Both servers have both tries of somebody. */
		snprintf(url, sizeof(url), "%s/start",
		         r->servers[(racer->n + i) % SERVERS].url);
		snprintf(body, sizeof(body), "{\"phone_number\":\"+1555%07u\"}",
		         r->race->one_number ? 0 : nr);
		http_send(&a, "POST", url, headers, body);
		if (a.status == 200 || a.status == 202)
			atomic_fetch_add(&r->placed, 1);
		else if (a.status == r->race->refused)
			atomic_fetch_add(&r->refused, 1);
		else
			atomic_fetch_add(&r->other, 1);
		http_done(&a);
	}
	return NULL;
}

/* The most calls that were there at once, and all of them. */
static void read_journal(const char *dir, unsigned *most, unsigned *all)
{
	char path[160], *line = NULL;
	unsigned now = 0;
	size_t cap = 0;
	FILE *f;

	*most = *all = 0;
	snprintf(path, sizeof(path), "%s/journal.jsonl", dir);
	f = fopen(path, "r");
	CHECK(f != NULL);
	while (getline(&line, &cap, f) > 0) {
		json_t *o = json_loads(line, 0, NULL);
		const char *event = town_str(o, "event");

		if (!strcmp(event, "queued")) {
			++*all;
			if (++now > *most)
				*most = now;
		} else if (!strcmp(event, "ended")) {
			now--;
		}
		json_decref(o);
	}
	free(line);
	fclose(f);
}

static void run_racers(struct ring *r)
{
	struct racer racers[RACERS];

	for (unsigned i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){.r = r, .n = i};
		CHECK_INT(0, pthread_create(&racers[i].thread, NULL, want,
		                            &racers[i]));
	}
	for (unsigned i = 0; i < RACERS; i++)
		CHECK_INT(0, pthread_join(racers[i].thread, NULL));
}

static void close_ring(struct ring *r)
{
	for (unsigned i = 0; i < SERVERS; i++)
		CHECK_INT(0, proc_stop(&r->servers[i]));
	proc_stop(&r->plivo);
}

/* As many calls are made as there are units, and all others are refused. */
static void race(const struct race *race)
{
	static struct ring r;
	unsigned most, all;

	open_ring(&r, race);
	run_racers(&r);
	CHECK_INT(0, atomic_load(&r.other));
	CHECK_INT(race->room, atomic_load(&r.placed));
	CHECK_INT(RACERS * TRIES - race->room, atomic_load(&r.refused));
	read_journal(r.dir, &most, &all);
	CHECK_INT(race->room, all);
	close_ring(&r);
}

static void calls_a_minute_are_exact(void)
{
	race(&(struct race){
		{"BUDGET_CALLS=7/minute,100/day"}, .room = 7, .refused = 429});
}

static void calls_an_hour_are_exact(void)
{
	race(&(struct race){
		{"BUDGET_CALLS=11/hour,100/day"}, .room = 11, .refused = 429});
}

static void calls_a_day_are_exact(void)
{
	race(&(struct race){
		{"BUDGET_CALLS=40/minute,13/day"}, .room = 13, .refused = 429});
}

static void seconds_are_exact(void)
{
	/* The tenth would have one second too few. */
	race(&(struct race){{"BUDGET_SECONDS=999/hour", "CALL_TIME_LIMIT=100"},
	                    .room = 9,
	                    .refused = 429});
}

static void a_keys_calls_are_exact(void)
{
	race(&(struct race){
		.rate = "5/minute,50/day", .room = 5, .refused = 429});
}

static void calls_at_once_are_exact(void)
{
	race(&(struct race){{"MAX_CALLS=6"}, .room = 6, .refused = 503});
}

static void one_number_is_called_once(void)
{
	race(&(struct race){{"ONE_CALL_PER_NUMBER=yes"},
	                    .one_number = true,
	                    .room = 1,
	                    .refused = 409});
}

static long ended(const struct ring *r)
{
	struct http_answer a;
	char url[192];
	long n;

	snprintf(url, sizeof(url), "%s/sim/state", r->plivo.url);
	http_get(&a, url);
	n = town_int(a.json, "ended");
	http_done(&a);
	return n;
}

/* Nobody is refused: who has no room waits for the end of another's call. */
static void a_providers_streams_are_exact(void)
{
	static const struct race streams = {{"TTS_LIMIT=cartesia=20,other=30",
	                                     "STT_LIMIT=16", "RING_TIMEOUT=5"},
	                                    .room = RACERS * TRIES,
	                                    .refused = 503};
	static struct ring r;
	unsigned most, all, waited = 0;

	open_ring(&r, &streams);
	run_racers(&r);
	CHECK_INT(0, atomic_load(&r.other));
	CHECK_INT(0, atomic_load(&r.refused));
	while (ended(&r) < RACERS * TRIES) {
		test_pause(200);
		waited += 200;
		CHECK(waited < test_ms(CALM_MS));
	}
	read_journal(r.dir, &most, &all);
	CHECK_INT(RACERS * TRIES, all);
	CHECK_INT(16, most);
	close_ring(&r);
}

/* What the bot says with the place, the server counts. */
static void a_bot_says_what_its_call_uses(void)
{
	static const char *const env[] = {"STT_LIMIT=deepgram=1,flux=9",
	                                  "TTS_LIMIT=elevenlabs=1",
	                                  "START_WAIT=1", NULL};
	static const struct town_opts opts = {
		.callee = "answer after 50\nbegin stream\nsilence 2500\n"
			  "hangup\n",
		.server_env = env,
		.bots = 2};
	struct town t;
	struct http_answer a;
	char id[64];
	unsigned most, all;

	town_open(&t, &opts);
	(void)town_dial_to(&t, "+15552000001", NULL);
	town_post_start(&t, &a, "{\"phone_number\":\"+15552000002\"}");
	CHECK_INT(202, a.status);
	CHECK_STR("queued", town_str(a.json, "status"));
	snprintf(id, sizeof(id), "%s", town_str(a.json, "call_id"));
	http_done(&a);
	json_decref(town_wait(&t, id, "ended", test_ms(20000)));
	town_wait_journal(&t, "ended", 1, test_ms(5000));
	read_journal(t.dir, &most, &all);
	CHECK_INT(2, all);
	CHECK_INT(1, most);
	town_no_violations(&t);
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(calls_a_minute_are_exact, 60),
	TEST_SLOW(calls_an_hour_are_exact, 60),
	TEST_SLOW(calls_a_day_are_exact, 60),
	TEST_SLOW(seconds_are_exact, 60),
	TEST_SLOW(a_keys_calls_are_exact, 60),
	TEST_SLOW(calls_at_once_are_exact, 60),
	TEST_SLOW(one_number_is_called_once, 60),
	TEST_SLOW(a_providers_streams_are_exact, 120),
	TEST_SLOW(a_bot_says_what_its_call_uses, 60),
};

int main(int argc, char **argv)
{
	postgres_open(&pg, false);
	return test_main(argc, argv, tests, ARRAY_LEN(tests));
}
