#include <errno.h>
#include <stdio.h>

#include "bot/reserve.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static struct timers *ts;
static struct reserve_table *table;
static unsigned expired;
static char expired_call[RESERVE_CALL_ID_MAX];

static void expired_handler(struct reservation *r, void *arg)
{
	unsigned *count = arg;

	CHECK(count == &expired);
	(*count)++;
	snprintf(expired_call, sizeof(expired_call), "%s", r->call_id);
}

static void begin(void)
{
	CHECK_INT(0, timers_new(&ts, 1));
	CHECK_INT(0, reserve_table_new(&table, ts, expired_handler, &expired));
}

static void end(void)
{
	reserve_table_free(&table);
	timers_free(&ts);
	CHECK_INT(0, mem_live());
}

static void pass(unsigned sec)
{
	timers_run(ts, timers_now(ts) + sec * 1000000ULL);
}

static struct reservation *add(const char *call_id, int want)
{
	struct reserve_params prm = {.call_id = call_id,
	                             .to = "+15550001111",
	                             .agent = "default",
	                             .body = "{\"a\":1}tail",
	                             .body_len = 7,
	                             .ttl_sec = 60};
	struct reservation *r = NULL;

	CHECK_INT(want, reserve_add(&r, table, &prm, 2));
	return r;
}

static void the_same_call_gets_the_same_place(void)
{
	struct reservation *a, *b;

	begin();
	a = add("c1", 0);
	b = add("c2", 0);
	CHECK(a != b);
	CHECK(strcmp(a->id, b->id) != 0);
	CHECK_INT(22, strlen(a->id));
	CHECK_STR("{\"a\":1}", a->body);
	CHECK(add("c1", 0) == a);
	CHECK_INT(2, reserve_count(table));
	CHECK(reserve_find(table, b->id) == b);
	CHECK(!reserve_find(table, "nothing"));
	CHECK(reserve_find_call(table, "c2") == b);
	end();
}

static void a_full_table_says_so_but_knows_its_own(void)
{
	struct reservation *a;

	begin();
	a = add("c1", 0);
	add("c2", 0);
	add("c3", ERR_LIMIT);
	CHECK(add("c1", 0) == a);
	reserve_end(&a);
	CHECK(!a);
	add("c3", 0);
	end();
}

static void a_place_nobody_comes_for_is_given_up(void)
{
	struct reservation *a;
	char id[CRYPTO_ID_LEN];

	begin();
	a = add("c1", 0);
	memcpy(id, a->id, sizeof(id));
	pass(59);
	CHECK_INT(0, expired);
	pass(1);
	CHECK_INT(1, expired);
	CHECK_STR("c1", expired_call);
	CHECK_INT(0, reserve_count(table));
	CHECK(!reserve_find(table, id));
	CHECK(reserve_has_ended(table, id));
	/* The call may have another one. */
	a = add("c1", 0);
	CHECK(strcmp(id, a->id) != 0);
	end();
}

static void a_place_that_is_still_wanted_stays(void)
{
	struct reservation *a;

	begin();
	a = add("c1", 0);
	for (unsigned i = 0; i < 5; i++) {
		pass(50);
		reserve_renew(a);
	}
	pass(59);
	CHECK_INT(0, expired);
	pass(1);
	CHECK_INT(1, expired);
	a = add("c2", 0);
	CHECK_INT(0, reserve_bind(a, "uuid-2"));
	reserve_renew(a);
	pass(120);
	CHECK_INT(1, expired);
	end();
}

static void preparing_starts_the_time_again(void)
{
	struct reservation *a;

	begin();
	a = add("c1", 0);
	pass(50);
	CHECK_INT(0, reserve_prepare(a, "uuid-1"));
	pass(50);
	CHECK_INT(0, reserve_prepare(a, "uuid-1"));
	CHECK_INT(ERR_STALE, reserve_prepare(a, "uuid-2"));
	CHECK_INT(0, expired);
	pass(60);
	CHECK_INT(1, expired);
	end();
}

static void a_bound_place_does_not_expire(void)
{
	struct reservation *a;

	begin();
	a = add("c1", 0);
	CHECK_INT(0, reserve_bind(a, "uuid-1"));
	CHECK_INT(1, reserve_bound(table));
	pass(1000);
	CHECK_INT(0, reserve_prepare(a, "uuid-1")); /* a late ringing */
	pass(1000);
	CHECK_INT(0, expired);
	CHECK_INT(1, reserve_count(table));
	reserve_end(&a);
	CHECK_INT(0, reserve_bound(table));
	end();
}

/* Who may bind: rows of what was said before, and who comes. */
static void only_the_expected_call_may_bind(void)
{
	static const struct {
		const char *prepared, *bound, *comes;
		int want;
	} rows[] = {
		{NULL, NULL, "u1", 0},         {"u1", NULL, "u1", 0},
		{"u1", NULL, "u2", ERR_AUTH},  {NULL, "u1", "u1", 0},
		{NULL, "u1", "u2", ERR_AUTH},  {"u1", "u1", "u1", 0},
		{NULL, NULL, "", -EINVAL},     {"u1", NULL, "", ERR_AUTH},
		{"u1", NULL, "u11", ERR_AUTH},
	};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reservation *a;
		char call[16];

		snprintf(call, sizeof(call), "c%zu", i);
		a = add(call, 0);
		if (rows[i].prepared)
			CHECK_INT(0, reserve_prepare(a, rows[i].prepared));
		if (rows[i].bound)
			CHECK_INT(0, reserve_bind(a, rows[i].bound));
		CHECK_INT(rows[i].want, reserve_bind(a, rows[i].comes));
		reserve_end(&a);
	}
	end();
}

static void an_end_is_final_for_id_and_call(void)
{
	struct reservation *a;
	char id[CRYPTO_ID_LEN];

	begin();
	a = add("c1", 0);
	memcpy(id, a->id, sizeof(id));
	reserve_end(&a);
	add("c1", ERR_STALE);
	CHECK(reserve_has_ended(table, id));
	pass(RESERVE_ENDED_SEC - 1);
	add("c1", ERR_STALE);
	pass(2);
	CHECK(!reserve_has_ended(table, id));
	add("c1", 0);
	end();
}

static void what_is_remembered_is_bounded(void)
{
	struct reservation *a;
	char first[CRYPTO_ID_LEN], call[16];

	begin();
	a = add("first", 0);
	memcpy(first, a->id, sizeof(first));
	reserve_end(&a);
	for (unsigned i = 0; i < RESERVE_ENDED_MAX - 1; i++) {
		snprintf(call, sizeof(call), "c%u", i);
		a = add(call, 0);
		reserve_end(&a);
	}
	CHECK(reserve_has_ended(table, first));
	a = add("last", 0);
	reserve_end(&a);
	CHECK(!reserve_has_ended(table, first));
	end();
}

static void texts_that_do_not_fit_are_refused(void)
{
	char big[2000];
	struct reserve_params prm = {.call_id = "c", .events_url = big};
	struct reservation *r;

	begin();
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	CHECK_INT(-EINVAL, reserve_add(&r, table, &prm, 10));
	prm.events_url = NULL;
	prm.to = big;
	CHECK_INT(-EINVAL, reserve_add(&r, table, &prm, 10));
	CHECK_INT(0, reserve_count(table));
	end();
}

static const struct test tests[] = {
	TEST(the_same_call_gets_the_same_place),
	TEST(a_full_table_says_so_but_knows_its_own),
	TEST(a_place_nobody_comes_for_is_given_up),
	TEST(a_place_that_is_still_wanted_stays),
	TEST(preparing_starts_the_time_again),
	TEST(a_bound_place_does_not_expire),
	TEST(only_the_expected_call_may_bind),
	TEST(an_end_is_final_for_id_and_call),
	TEST(what_is_remembered_is_bounded),
	TEST(texts_that_do_not_fit_are_refused),
};

TEST_MAIN(tests)
