/*
 * Programs are killed in mid-call, at moments left to chance: thirty times the
 * bot, thirty times the server. The other one goes on, says so, and holds
 * nothing for what is gone; the ledger ends up with what really happened.
 *
 * KILL_SEED repeats a run. Five towns at a time, each with six kills.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/kill_rig.h"
#include "tests/harness/test.h"

enum {
	LANES = 5,       /* times the phases: the kills of one program */
	TRIES_MAX = 5,   /* until a kill falls into its phase */
	NOTICE_MS = 2000 /* for the other program to log it */
};

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* How long the moments are that are drawn from [ms]. */
static const unsigned spans[PHASES] = {
	[RESERVING] = 600, [POST_OUT] = 900,   [RINGING] = 1200,
	[ANSWERING] = 900, [STREAMING] = 2000, [ENDING] = 800,
};

/* Wait until @p has logged @text after @from bytes of its log. */
static long wait_log(struct kill_town *k, const struct proc *p, size_t from,
                     const char *text)
{
	long began = now_ms();

	while (!strstr(proc_log(p) + from, text)) {
		kill_want(k, now_ms() - began < (long)kill_ms(NOTICE_MS),
		          "%s has not logged %s", p->name, text);
		test_pause(10);
	}
	return now_ms() - began;
}

static void wait_ready(struct kill_town *k, long status)
{
	long until = now_ms() + kill_ms(NOTICE_MS);

	while (kill_get(k, "/readyz") != status) {
		kill_want(k, now_ms() < until, "/readyz is not %ld", status);
		test_pause(10);
	}
}

/* Kill, see it noticed, start again. True: the kill fell into its phase. */
static bool kill_bot(struct kill_town *k, struct kill_call *c)
{
	size_t from = strlen(proc_log(&k->t.server));
	long ms;
	bool hit;

	proc_kill(&k->t.bots[0]);
	k->frozen = false;
	/* The stream's end ends the call, too: that is known afterwards. */
	hit = c->phase == STREAMING || !kill_phase_over(c);
	ms = wait_log(k, &k->t.server, from, "event=bot_gone");
	wait_ready(k, 503);
	kill_want(k, proc_alive(&k->t.server), "the server has exited");
	printf("%s: bot killed, %s, noticed after %ld ms%s\n", k->name,
	       kill_phase_name(c->phase), ms, hit ? "" : ": missed");
	town_start_bot(&k->t, 0);
	return hit;
}

static bool kill_server(struct kill_town *k, struct kill_call *c)
{
	size_t from = strlen(proc_log(&k->t.bots[0]));
	long ms;
	bool hit;

	proc_kill(&k->t.server);
	hit = c->phase == STREAMING || !kill_phase_over(c);
	kill_thaw(k);
	ms = wait_log(k, &k->t.bots[0], from, "event=server_gone");
	kill_want(k, proc_alive(&k->t.bots[0]), "the bot has exited");
	printf("%s: server killed, %s, noticed after %ld ms%s\n", k->name,
	       kill_phase_name(c->phase), ms, hit ? "" : ": missed");
	town_start_server(&k->t);
	return hit;
}

static bool one_kill(struct kill_town *k, enum phase phase, bool server)
{
	struct kill_call c;
	bool hit;

	kill_call_begin(&c, k, phase);
	test_pause(kill_random(k, spans[phase]));
	hit = !kill_phase_over(&c);
	if (server)
		hit &= kill_server(k, &c);
	else
		hit &= kill_bot(k, &c);
	kill_first_call(k);
	wait_ready(k, 200);
	kill_call_join(&c);
	kill_call_check(&c);
	kill_idle(k);
	fflush(stdout);
	return hit;
}

static void shuffle(struct kill_town *k, enum phase order[PHASES])
{
	for (unsigned i = 0; i < PHASES; i++)
		order[i] = (enum phase)i;
	for (unsigned i = PHASES - 1; i > 0; i--) {
		unsigned j = kill_random(k, i + 1);
		enum phase one = order[i];

		order[i] = order[j];
		order[j] = one;
	}
}

/* A town of its own; two of five with streams through the server. */
static NORETURN void run_lane(unsigned lane, uint64_t seed, bool server)
{
	struct kill_town k;
	enum phase order[PHASES];
	char name[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "seed %llu, town %u",
	         (unsigned long long)seed, lane);
	kill_open(&k, name, seed * 100 + lane * 2 + server, lane % 2 == 1);
	shuffle(&k, order);
	for (unsigned i = 0; i < PHASES; i++) {
		unsigned tries = 0;

		while (!one_kill(&k, order[i], server))
			kill_want(&k, ++tries < TRIES_MAX, "missed: %s",
			          kill_phase_name(order[i]));
	}
	kill_close(&k);
	exit(EXIT_SUCCESS);
}

static uint64_t choose_seed(void)
{
	const char *given = getenv("KILL_SEED");

	return given ? strtoull(given, NULL, 10)
	             : (uint64_t)time(NULL) % 1000000;
}

static void run_lanes(bool server)
{
	uint64_t seed = choose_seed();
	pid_t lanes[LANES];
	bool ok = true;
	int status;

	printf("KILL_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	for (unsigned i = 0; i < LANES; i++) {
		lanes[i] = fork();
		CHECK(lanes[i] >= 0);
		if (!lanes[i])
			run_lane(i, seed, server);
	}
	for (unsigned i = 0; i < LANES; i++) {
		CHECK(waitpid(lanes[i], &status, 0) == lanes[i]);
		ok &= status == 0;
	}
	/* What failed has said so already. */
	if (!ok)
		exit(EXIT_FAILURE);
}

static void thirty_bots_are_killed(void)
{
	run_lanes(false);
}

static void thirty_servers_are_killed(void)
{
	run_lanes(true);
}

static const struct test tests[] = {
	TEST_SLOW(thirty_bots_are_killed, 180),
	TEST_SLOW(thirty_servers_are_killed, 180),
};

TEST_MAIN(tests)
