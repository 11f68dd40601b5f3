#define _GNU_SOURCE
#include "tests/e2e/torture.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/e2e/town.h"
#include "tests/harness/http.h"
#include "tests/harness/test.h"

enum {
	PATIENCE_MS = 120000, /* [ms] of a client */
	AGAIN_MS = 100,       /* [ms] until it asks again */
	PAUSE_MAX_MS = 300,   /* [ms] between two kills */
	DB_EVERY = 8,         /* servers are killed before a database is */
};

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000},
	          NULL);
}

static unsigned random_below(struct torture *t, unsigned n)
{
	t->random = t->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(t->random >> 33) % n;
}

const char *const *torture_env(struct torture *t, unsigned server)
{
	static char ledger[POSTGRES_URL_MAX + 16], plivo[192], listen[128];
	static char pace[32];
	static const char *env[] = {"ENV=local",
	                            "PLIVO_AUTH_ID=" TOWN_AUTH_ID,
	                            "PLIVO_AUTH_TOKEN=" TOWN_AUTH_TOKEN,
	                            "PLIVO_PHONE_NUMBER=" TOWN_FROM,
	                            "BOT_WS_URL=ws://127.0.0.1:9/ws",
	                            pace,
	                            "MAX_CALLS=100000",
	                            "RING_TIMEOUT=5",
	                            "START_WAIT=1",
	                            "RELAY_MAX=0",
	                            ledger,
	                            plivo,
	                            listen,
	                            NULL};
	const char *url =
		server < TORTURE_SERVERS_MAX ? t->servers[server].url : "";

	snprintf(pace, sizeof(pace), "CALLS_PER_SECOND=%u",
	         t->opts->cps ? t->opts->cps : 200);
	snprintf(ledger, sizeof(ledger), "DATABASE_URL=%s", t->ledger);
	snprintf(plivo, sizeof(plivo), "PLIVO_API_URL=%s", t->plivo.url);
	/* It comes back where it was. */
	snprintf(listen, sizeof(listen), "LISTEN=%s",
	         url[0] ? strrchr(url, '/') + 1 : "127.0.0.1:0");
	return env;
}

static void start_server(struct torture *t, unsigned i)
{
	char dir[160];

	snprintf(dir, sizeof(dir), "%s/server%u", t->dir, i);
	proc_start(&t->servers[i], "dialout-server", dir, NULL,
	           torture_env(t, i));
}

static void start_plivo(struct torture *t)
{
	char dir[160], script[160], journal[160], unclear[16], stalls[16];
	const char *args[] = {"--script",     script,
	                      "--auth-id",    TOWN_AUTH_ID,
	                      "--auth-token", TOWN_AUTH_TOKEN,
	                      "--journal",    journal,
	                      "--cps",        "0",
	                      "--rate",       "0",
	                      "--setup",      "20",
	                      "--quiet",      "--unclear",
	                      unclear,        "--stalls",
	                      stalls,         NULL};
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/plivo", t->dir);
	snprintf(script, sizeof(script), "%s/busy.txt", t->dir);
	snprintf(journal, sizeof(journal), "%s/journal.jsonl", t->dir);
	snprintf(unclear, sizeof(unclear), "%u", t->opts->unclear);
	snprintf(stalls, sizeof(stalls), "%u", t->opts->stalls);
	f = fopen(script, "w");
	CHECK(f != NULL);
	fputs("busy\n", f);
	fclose(f);
	proc_start(&t->plivo, "plivo-sim", dir, args, NULL);
}

/* One request; true: it has its answer for good. */
static bool ask(struct torture *t, unsigned nr, unsigned server)
{
	struct torture_start *s = &t->starts[nr];
	/* Those of a hundred, here and there. */
	const bool later = nr * 37 % 100 < t->opts->later;
	char url[192], key[64], body[96];
	const char *headers[] = {"Content-Type: application/json", key, NULL};
	struct http_answer a;

	snprintf(url, sizeof(url), "%s/start", t->servers[server].url);
	snprintf(key, sizeof(key), "Idempotency-Key: start-%u", nr);
	snprintf(body, sizeof(body), "{\"phone_number\":\"+1555%07u\"%s}", nr,
	         later ? ",\"not_before\":1" : "");
	http_send(&a, "POST", url, headers, body);
	/* Nobody there, somebody who ended, a database that is away; and under
	 * the same key an earlier request that waits. */
	if (a.status && a.status != 503 && a.status != 409) {
		s->status = a.status;
		snprintf(s->id, sizeof(s->id), "%s",
		         town_str(a.json, "call_id"));
	}
	http_done(&a);
	return s->status != 0;
}

static void *be_client(void *arg)
{
	struct torture *t = arg;
	unsigned nr;

	while ((nr = atomic_fetch_add(&t->next, 1)) < t->opts->starts) {
		unsigned waited = 0, server = nr;

		while (!ask(t, nr, server++ % t->opts->servers) &&
		       waited < test_ms(PATIENCE_MS)) {
			pause_ms(AGAIN_MS);
			waited += AGAIN_MS;
		}
		atomic_fetch_add(&t->done, 1);
	}
	return NULL;
}

static void open_ledger(struct torture *t)
{
	if (t->opts->postgres) {
		postgres_open(&t->pg, true);
		postgres_database(&t->pg, "torture", t->ledger);
	} else {
		snprintf(t->ledger, sizeof(t->ledger), "sqlite:%s/ledger",
		         t->dir);
	}
}

void torture_end_leases(const struct torture *t)
{
	postgres_sql(t->ledger, "UPDATE server SET until = clock_timestamp()");
}

static void kill_some(struct torture *t)
{
	const struct torture_opts *o = t->opts;
	unsigned dead = 0, db_dead = 0;

	while (dead < o->kills || db_dead < o->db_kills) {
		unsigned i = random_below(t, o->servers);

		pause_ms(random_below(t, PAUSE_MAX_MS));
		if (db_dead < o->db_kills &&
		    (dead >= o->kills || !random_below(t, DB_EVERY))) {
			postgres_kill(&t->pg);
			pause_ms(random_below(t, PAUSE_MAX_MS));
			postgres_start(&t->pg);
			db_dead++;
			continue;
		}
		proc_kill(&t->servers[i]);
		/* The dead one's time is over sooner, and that of the living
		 * by mistake: they are not to dial what others claim. */
		if (o->postgres && random_below(t, 2))
			torture_end_leases(t);
		start_server(t, i);
		dead++;
	}
}

/* All of them have been called, by the servers that keep the pace. */
static void await_calls(const struct torture *t)
{
	const unsigned patience =
		test_ms(PATIENCE_MS) + 2000 * t->opts->starts / t->opts->cps;
	unsigned waited = 0;
	long made = 0;
	char url[192];

	snprintf(url, sizeof(url), "%s/sim/state", t->plivo.url);
	while (made < (long)t->opts->starts) {
		struct http_answer a;

		http_get(&a, url);
		made = town_int(a.json, "calls_made");
		http_done(&a);
		pause_ms(AGAIN_MS);
		waited += AGAIN_MS;
		CHECK(waited < patience);
	}
}

unsigned torture_size(const char *name, unsigned sample)
{
	const char *v = getenv(name);

	return v ? (unsigned)strtoul(v, NULL, 10) : sample;
}

void torture_run(const struct torture_opts *opts, uint64_t seed)
{
	static struct torture t;
	unsigned i;

	memset(&t, 0, sizeof(t));
	t.opts = opts;
	t.random = seed;
	printf("torture: seed %llu\n", (unsigned long long)seed);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(t.dir, sizeof(t.dir), "%s", proc_temp_dir());
	t.starts = calloc(opts->starts, sizeof(*t.starts));
	t.at_ms = calloc(opts->starts, sizeof(*t.at_ms));
	CHECK(t.starts && t.at_ms);
	open_ledger(&t);
	start_plivo(&t);
	for (i = 0; i < opts->servers; i++)
		start_server(&t, i);
	for (i = 0; i < opts->clients; i++)
		CHECK_INT(0,
		          pthread_create(&t.clients[i], NULL, be_client, &t));
	kill_some(&t);
	if (opts->postgres && opts->kills)
		torture_end_leases(&t);
	for (i = 0; i < opts->clients; i++)
		pthread_join(t.clients[i], NULL);
	if (opts->cps)
		await_calls(&t);
	for (i = 0; i < opts->servers; i++)
		CHECK_INT(0, proc_stop(&t.servers[i]));
	torture_judge(&t);
	proc_stop(&t.plivo);
	free(t.starts);
	free(t.at_ms);
}
