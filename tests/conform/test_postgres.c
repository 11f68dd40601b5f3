/*
 * The laws of ledgers on PostgreSQL, and what is PostgreSQL's alone.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/mem.h"
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
	CHECK_INT(-EINVAL, store_open(&law_store, "postgres://h/d?nothing=1", law_why,
	                              sizeof(law_why)));
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

/* clang-format off */
static const struct test tests[] = {
	STORE_LAWS(STORE_LAW_TEST)
	TEST(both_names_of_the_scheme_will_do),
	TEST(what_cannot_be_opened_says_why),
	TEST(bytes_that_are_no_text_are_marked),
	TEST(a_lost_connection_is_made_again),
};
/* clang-format on */

int main(int argc, char **argv)
{
	postgres_open(&pg, false);
	store_laws_use(make_new);
	return test_main(argc, argv, tests, ARRAY_LEN(tests));
}
