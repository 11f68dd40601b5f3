#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "server/app.h"
#include "server/config.h"
#include "server/run.h"
#include "server/store/store.h"
#include "server/sweep.h"
#include "tests/e2e/torture.h"
#include "tests/e2e/town.h"
#include "tests/harness/test.h"

enum {
	/* [ms] So much later nobody calls back any more, and what Plivo does
	 * not know is not there; calls that are up are not too old yet. */
	LATER_MS = 250000,
	RESOLVE_MS = 60000, /* [ms] until nothing is unknown */
	LOOK_MS = 200,      /* [ms] between two looks */
	/* [ms] No more calls than the pace allows in a second, seen from where
	 * the requests arrive, some sooner than others. */
	SECOND_MS = 950,
	LONG_RUN_MS = 60000, /* [ms] what such a run must make of the pace */
	USED_LONG = 95,      /* [%] */
	/* [%] of a short one, where others may use the machine: a turn that
	 * is taken too late is lost. */
	USED_SHORT = 80,
};

static void load_config(struct torture *t, struct config *cfg)
{
	const char *const *env = torture_env(t, TORTURE_SERVERS_MAX);
	char path[160];
	struct buf faults;
	FILE *f;

	snprintf(path, sizeof(path), "%s/judge.env", t->dir);
	f = fopen(path, "w");
	CHECK(f != NULL);
	for (; *env; env++)
		fprintf(f, "%s\n", *env);
	fclose(f);
	buf_init(&faults, CONFIG_TEXT_MAX);
	if (server_config_load(cfg, path, &faults))
		test_fail(__FILE__, __LINE__, "%s", buf_str(&faults));
	buf_fini(&faults);
}

/* Plivo's calls are over. What comes up while it is asked might be missed by
 * a server for which minutes are seconds. */
static void await_plivo(struct torture *t)
{
	long made = -1, ended = 0;
	unsigned waited = 0;
	char url[192];

	snprintf(url, sizeof(url), "%s/sim/state", t->plivo.url);
	while (made != ended) {
		struct http_answer a;

		http_get(&a, url);
		made = town_int(a.json, "calls_made");
		ended = town_int(a.json, "ended");
		http_done(&a);
		nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
		waited += LOOK_MS;
		CHECK(waited < test_ms(RESOLVE_MS));
	}
}

/* Calls that have not ended, those that have not begun among them. */
static unsigned count_all(struct app *app)
{
	unsigned live = 0, scheduled = 0;

	CHECK_INT(0, store_count_live(app->store, &live));
	CHECK_INT(0, store_count_scheduled(app->store, &scheduled));
	return live + scheduled;
}

/* A server that lives minutes in seconds finds out about all calls. */
static void resolve(struct torture *t, struct app *app)
{
	unsigned live = 1, waited = 0;

	while (live) {
		await_plivo(t);
		sweep_run(app, app_now_ms() + LATER_MS);
		nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
		live = count_all(app);
		waited += LOOK_MS;
		if (live && waited > test_ms(RESOLVE_MS))
			test_fail(__FILE__, __LINE__,
			          "%u calls of %u are not over", live,
			          t->opts->starts);
	}
}

/* The start that a number stands for. */
static struct torture_start *start_of(struct torture *t, const char *number)
{
	unsigned long nr;

	number += *number == '+';
	CHECK(!strncmp(number, "1555", 4));
	nr = strtoul(number + 4, NULL, 10);
	CHECK(nr < t->opts->starts);
	return &t->starts[nr];
}

/* What really happened. */
static void read_journal(struct torture *t)
{
	char path[160], *line = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/journal.jsonl", t->dir);
	f = fopen(path, "r");
	CHECK(f != NULL);
	while (getline(&line, &cap, f) > 0) {
		json_t *o = json_loads(line, 0, NULL);

		if (!strcmp(town_str(o, "event"), "queued")) {
			struct torture_start *s =
				start_of(t, town_str(o, "to"));

			s->placed++;
			if (t->n_at < t->opts->starts)
				t->at_ms[t->n_at++] = town_int(o, "t_ms");
			snprintf(s->uuid, sizeof(s->uuid), "%s",
			         town_str(o, "call"));
		}
		if (!strcmp(town_str(o, "event"), "unclear")) {
			start_of(t, town_str(o, "to"))->unclear++;
			t->n_unclear++;
		}
		json_decref(o);
	}
	free(line);
	fclose(f);
}

static int see_row(const struct store_call *c, void *arg)
{
	struct torture_start *s = start_of(arg, c->to);

	CHECK(store_state_final(c->state));
	s->rows++;
	if (strcmp(c->id, s->id) != 0) {
		/* An earlier attempt, which was told to be none. */
		CHECK(!c->call_uuid);
		return 0;
	}
	s->found = true;
	s->not_placed = c->state == STORE_NOT_PLACED;
	snprintf(s->why, sizeof(s->why), "%s: %s", store_state_text(c->state),
	         c->error ? c->error : "");
	s->known = c->call_uuid && !strcmp(c->call_uuid, s->uuid);
	return 0;
}

struct sums {
	unsigned answered, placed, twice, lost, wrong, not_placed, again;
};

static void add_up(struct sums *sums, const struct torture_start *s)
{
	sums->answered += s->status == 200 || s->status == 202;
	sums->placed += s->placed > 0;
	/* Nobody asks a second time for a call of which nothing is clear. */
	sums->twice += s->placed > 1 || s->unclear > s->rows;
	sums->again += s->rows > 1;
	sums->not_placed += s->not_placed;
	sums->lost += !s->found;
	/* Placed and known by its name, or not placed and known not to be. */
	sums->wrong += s->placed ? !s->known || s->not_placed : !s->not_placed;
	/* Whoever was told that it was placed was told the truth. */
	sums->wrong += s->status == 200 && !s->placed;
}

static void judge_pace(const struct torture *t)
{
	const unsigned cps = t->opts->cps;
	long least = 1000000, took, used;

	CHECK(t->n_at > cps);
	for (unsigned i = 0; i + cps < t->n_at; i++)
		if (t->at_ms[i + cps] - t->at_ms[i] < least)
			least = t->at_ms[i + cps] - t->at_ms[i];
	took = t->at_ms[t->n_at - 1] - t->at_ms[0];
	used = (long)(t->n_at - 1) * 100000 / cps / took;
	printf("torture: pace %u: any %u calls took %ld ms at least, all %u "
	       "took %ld: %ld %% of it was used\n",
	       cps, cps + 1, least, t->n_at, took, used);
	fflush(stdout);
	CHECK(least >= SECOND_MS);
	CHECK(used >= (took > LONG_RUN_MS ? USED_LONG : USED_SHORT));
}

static void show(unsigned nr, const struct torture_start *s)
{
	printf("torture: start %u: /start %ld, call %s, placed %u as %s, %s, "
	       "%s, %s (%s)\n",
	       nr, s->status, s->id, s->placed, s->uuid,
	       s->found ? "found" : "lost", s->known ? "known" : "nameless",
	       s->not_placed ? "not placed" : "placed", s->why);
}

void torture_judge(struct torture *t)
{
	const struct store_filter all = {.limit = UINT32_MAX};
	const struct torture_opts *o = t->opts;
	char why[RUN_WHY_MAX];
	struct sums sums = {0};
	struct config cfg;
	struct app *app;

	/* Nobody waits for the leases of the dead. */
	if (o->postgres)
		torture_end_leases(t);
	await_plivo(t);
	load_config(t, &cfg);
	if (run_open(&app, &cfg, why))
		test_fail(__FILE__, __LINE__, "%s", why);
	resolve(t, app);
	read_journal(t);
	CHECK_INT(0, store_calls(app->store, &all, see_row, t));
	for (unsigned i = 0; i < o->starts; i++) {
		const unsigned faults = sums.twice + sums.lost + sums.wrong;

		add_up(&sums, &t->starts[i]);
		if (sums.twice + sums.lost + sums.wrong > faults)
			show(i, &t->starts[i]);
	}
	printf("torture: %u starts on %u servers of %s, %u kills, %u of the "
	       "database, %u unclear answers: %u answered, %u placed, %u known "
	       "not to be, %u tried "
	       "again, %u twice, %u lost, %u wrong\n",
	       o->starts, o->servers, o->postgres ? "PostgreSQL" : "SQLite",
	       o->kills, o->db_kills, t->n_unclear, sums.answered, sums.placed,
	       sums.not_placed, sums.again, sums.twice, sums.lost, sums.wrong);
	fflush(stdout);
	if (o->cps)
		judge_pace(t);
	CHECK(!o->unclear || t->n_unclear > o->starts * o->unclear / 200);
	CHECK_INT(o->starts, sums.answered);
	CHECK_INT(0, sums.twice);
	CHECK_INT(0, sums.lost);
	CHECK_INT(0, sums.wrong);
	run_close(&app);
	server_config_fini(&cfg);
}
