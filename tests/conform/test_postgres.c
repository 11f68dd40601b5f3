/*
 * The laws of ledgers on PostgreSQL, and what is PostgreSQL's alone.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"
#include "server/store/admit.h"
#include "server/store/hands.h"
#include "server/store/wait.h"
#include "tests/conform/store_laws.h"
#include "tests/harness/postgres.h"

static struct postgres pg; /* of the program; each test has a database */

static void make_new(char url[LAW_URL_MAX])
{
	char name[32];

	snprintf(name, sizeof(name), "t%d", (int)getpid());
	postgres_database(&pg, name, url);
}

static void both_names_of_the_scheme_will_do(void)
{
	char other[LAW_URL_MAX + 8];

	law_begin();
	law_add("c1");
	store_close(&law_store);
	snprintf(other, sizeof(other), "postgresql:%s", law_url + 9);
	CHECK_INT(0, store_open(&law_store, other, law_why, sizeof(law_why)));
	CHECK_INT(STORE_QUEUED, law_state_of("c1"));
	law_end();
}

static void what_cannot_be_opened_says_why(void)
{
	CHECK_INT(-EINVAL, store_open(&law_store, "postgres://h/d?nothing=1",
	                              law_why, sizeof(law_why)));
	CHECK(strstr(law_why, "postgres://USER"));
	CHECK_INT(-EIO, store_open(&law_store, "postgres:///d?host=/nowhere",
	                           law_why, sizeof(law_why)));
	CHECK(strstr(law_why, "cannot be reached"));
	law_begin();
	store_close(&law_store);
	postgres_sql(law_url, "INSERT INTO dialout_version VALUES (99)");
	CHECK_INT(-EINVAL,
	          store_open(&law_store, law_url, law_why, sizeof(law_why)));
	CHECK(strstr(law_why, "newer"));
	CHECK_INT(0, mem_live());
}

/* Plivo's parameters are what somebody typed somewhere. */
static void bytes_that_are_no_text_are_marked(void)
{
	struct store_call c = law_new_call("c1", "k1"), d;

	law_begin();
	c.agent = T("a\xff\xc3\xbc\xed\xa0\x80z");
	CHECK_INT(0, store_call_add(law_store, &c));
	CHECK_INT(0, store_call_get(law_store, STORE_ID, "c1", &d));
	CHECK_STR("a?\xc3\xbc???z", d.agent);
	store_call_fini(&d);
	law_end();
}

static void a_lost_connection_is_made_again(void)
{
	law_begin();
	law_add("c1");
	postgres_sql(law_url, "SELECT pg_terminate_backend(pid) FROM"
	                      " pg_stat_activity WHERE pid <> pg_backend_pid()"
	                      " AND datname = current_database()");
	CHECK_INT(STORE_QUEUED, law_state_of("c1"));
	CHECK(law_set_state("c1", STORE_DIALING));
	law_end();
}

static void end_leases(void)
{
	postgres_sql(law_url, "UPDATE server SET until = clock_timestamp()");
}

static int count(const char *id, bool ours, void *arg)
{
	(void)id;
	CHECK(!ours);
	++*(unsigned *)arg;
	return 0;
}

enum { SERVERS = 4, QUEUED = 400 };

static struct store *servers[SERVERS];

static void open_servers(void)
{
	for (int i = 0; i < SERVERS; i++)
		CHECK_INT(0, store_open(&servers[i], law_url, law_why,
		                        sizeof(law_why)));
}

static void close_servers(void)
{
	for (int i = 0; i < SERVERS; i++)
		store_close(&servers[i]);
}

static void what_a_living_server_has_is_left_alone(void)
{
	const struct store_change dial = {
		.has_state = true, .state = STORE_DIALING, .held = true};
	unsigned n = 0;

	law_begin();
	open_servers();
	law_add("c1");
	law_add("c2");
	CHECK_INT(0, store_claim(servers[0], 2000, count, &n));
	CHECK_INT(0, n);
	end_leases();
	/* It has not noticed, and is not to dial. */
	CHECK_INT(ERR_STALE,
	          store_call_change(law_store, "c1", &dial, NULL, NULL, NULL));
	CHECK_INT(0, store_beat(law_store));
	CHECK_INT(0,
	          store_call_change(law_store, "c1", &dial, NULL, NULL, NULL));
	end_leases();
	CHECK_INT(0, store_claim(servers[0], 2000, count, &n));
	CHECK_INT(2, n);
	CHECK_INT(0, store_beat(law_store));
	CHECK_INT(ERR_STALE,
	          store_call_change(law_store, "c2", &dial, NULL, NULL, NULL));
	close_servers();
	law_end();
}

struct claimer {
	struct store *s;
	unsigned n;
};

static void *claim_all(void *arg)
{
	struct claimer *c = arg;

	for (int i = 0; i < 5; i++)
		ASSERT(!store_claim(c->s, 2000, count, &c->n));
	return NULL;
}

static void each_call_is_claimed_by_one(void)
{
	struct claimer claimers[SERVERS];
	pthread_t threads[SERVERS];
	unsigned sum = 0;
	int i;

	law_begin();
	open_servers();
	for (i = 0; i < QUEUED; i++) {
		char id[16];

		snprintf(id, sizeof(id), "c%d", i);
		law_add(id);
	}
	store_close(&law_store);
	for (i = 0; i < SERVERS; i++) {
		claimers[i] = (struct claimer){servers[i], 0};
		CHECK_INT(0, pthread_create(&threads[i], NULL, claim_all,
		                            &claimers[i]));
	}
	for (i = 0; i < SERVERS; i++) {
		pthread_join(threads[i], NULL);
		sum += claimers[i].n;
	}
	CHECK_INT(QUEUED, sum);
	close_servers();
	law_end();
}

static void a_room_is_that_of_all_servers(void)
{
	law_begin();
	open_servers();
	law_race_for_room(servers, SERVERS);
	close_servers();
	law_end();
}

enum { TURNS = 20, INTERVAL_US = 10000 };

struct turner {
	struct store *s;
	int64_t at_us[TURNS];
};

static int64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* The earliest that each turn can be, as the answer may have been late. */
static void *take_turns(void *arg)
{
	struct turner *t = arg;

	for (int i = 0; i < TURNS; i++) {
		uint64_t wait_us;

		ASSERT(!store_turn(t->s, 0, INTERVAL_US, &wait_us));
		t->at_us[i] = clock_us() + (int64_t)wait_us;
	}
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	const int64_t d = *(const int64_t *)a - *(const int64_t *)b;

	return d < 0 ? -1 : d > 0;
}

static void turns_of_all_servers_are_one_row(void)
{
	static int64_t all[SERVERS * TURNS];
	struct turner turners[SERVERS];
	pthread_t threads[SERVERS];
	uint64_t wait_us;
	int i;

	law_begin();
	open_servers();
	for (i = 0; i < SERVERS; i++) {
		turners[i].s = servers[i];
		CHECK_INT(0, pthread_create(&threads[i], NULL, take_turns,
		                            &turners[i]));
	}
	for (i = 0; i < SERVERS; i++) {
		pthread_join(threads[i], NULL);
		memcpy(all + (size_t)i * TURNS, turners[i].at_us,
		       sizeof(turners[i].at_us));
	}
	qsort(all, SERVERS * TURNS, sizeof(all[0]), by_time);
	/* Each answer may have come some milliseconds late. */
	CHECK(all[SERVERS * TURNS - 1] - all[0] >
	      (SERVERS * TURNS - 1) * INTERVAL_US - 5 * INTERVAL_US);
	CHECK_INT(0, store_turn_hold(law_store, 5000));
	CHECK_INT(0, store_turn(servers[0], 0, INTERVAL_US, &wait_us));
	CHECK(wait_us > 4000000 && wait_us <= 5000000);
	close_servers();
	law_end();
}

static void add_urgent(struct store *s, const char *id, int priority)
{
	struct store_call c = law_new_call(id, id);

	c.priority = priority;
	CHECK_INT(0, store_call_add(s, &c));
}

static void a_turn_is_left_to_who_has_the_more_urgent_call(void)
{
	const struct store_change dialing = {
		.has_state = true, .state = STORE_DIALING, .held = true};
	uint64_t wait_us;

	law_begin();
	open_servers();
	add_urgent(servers[0], "mine", 3);
	add_urgent(servers[1], "theirs", 5);
	/* Neither what is one's own nor what is less urgent keeps a turn. */
	CHECK_INT(0, store_turn(servers[1], 3, 1, &wait_us));
	CHECK_INT(0, store_turn(servers[0], 5, 1, &wait_us));
	CHECK_INT(-EAGAIN, store_turn(servers[0], 4, 1, &wait_us));
	CHECK_INT(-EAGAIN, store_turn(servers[2], -9, 1, &wait_us));
	CHECK_INT(0, store_call_change(servers[1], "theirs", &dialing, NULL,
	                               NULL, NULL));
	CHECK_INT(0, store_turn(servers[0], 3, 1, &wait_us));
	CHECK_INT(-EAGAIN, store_turn(servers[2], 0, 1, &wait_us));
	/* Nor do those of the dead. */
	end_leases();
	CHECK_INT(0, store_turn(servers[2], 0, 1, &wait_us));
	close_servers();
	law_end();
}

static void positions_are_those_of_all_servers(void)
{
	struct store_call c = law_new_call("next", "next");
	unsigned n = 99;

	law_begin();
	open_servers();
	add_urgent(servers[0], "a", 0);
	add_urgent(servers[1], "b", 1);
	add_urgent(servers[2], "c", -1);
	CHECK_INT(0, store_before(servers[3], &c, 2000, &n));
	CHECK_INT(2, n);
	c.priority = 1;
	CHECK_INT(0, store_before(servers[3], &c, 2000, &n));
	CHECK_INT(1, n);
	close_servers();
	law_end();
}

static void what_is_due_begins_on_one_server(void)
{
	struct store_call c = law_new_call("later", "later");
	struct store_admission a = {.release = true};
	char id[STORE_WAIT_ID_MAX];
	const struct store_change queued = {
		.has_state = true, .state = STORE_QUEUED, .held = true};

	law_begin();
	open_servers();
	c.state = STORE_SCHEDULED;
	c.not_before_ms = 5000;
	CHECK_INT(0, store_call_add(servers[0], &c));
	CHECK_INT(0, store_due(servers[1], 5000, 1000, id));
	CHECK_INT(-ENOENT, store_due(servers[2], 5000, 1000, id));
	CHECK_INT(0, store_due(servers[2], 6000, 1000, id));
	c.state = STORE_RESERVING;
	CHECK_INT(0, store_call_admit(servers[1], &c, &a));
	CHECK_INT(STORE_ADMITTED, a.verdict);
	CHECK_INT(0, store_call_admit(servers[2], &c, &a));
	CHECK_INT(STORE_MADE, a.verdict);
	CHECK_INT(ERR_STALE, store_call_change(servers[0], "later", &queued,
	                                       NULL, NULL, NULL));
	CHECK_INT(0, store_call_change(servers[1], "later", &queued, NULL, NULL,
	                               NULL));
	close_servers();
	law_end();
}

/* clang-format off */
static const struct test tests[] = {
	STORE_LAWS(STORE_LAW_TEST)
	TEST(both_names_of_the_scheme_will_do),
	TEST(what_cannot_be_opened_says_why),
	TEST(bytes_that_are_no_text_are_marked),
	TEST(a_lost_connection_is_made_again),
	TEST(what_a_living_server_has_is_left_alone),
	TEST(each_call_is_claimed_by_one),
	TEST(a_room_is_that_of_all_servers),
	TEST(turns_of_all_servers_are_one_row),
	TEST(a_turn_is_left_to_who_has_the_more_urgent_call),
	TEST(positions_are_those_of_all_servers),
	TEST(what_is_due_begins_on_one_server),
};
/* clang-format on */

int main(int argc, char **argv)
{
	postgres_open(&pg, false);
	store_laws_use(make_new);
	return test_main(argc, argv, tests, ARRAY_LEN(tests));
}
