/* A call is taken from a bot that hangs: how often. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mem.h"
#include "server/app.h"
#include "server/past.h"
#include "server/store/store.h"
#include "tests/harness/test.h"

static char folder[] = "/tmp/dialout-past.XXXXXX";
static struct app app;

static void clean_up(void)
{
	static const char *const names[] = {"db", "db-wal", "db-shm"};
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void open_ledger(void)
{
	static char id[] = "call", key[] = "key", to[] = "+15551234567";
	const struct store_call call = {.id = id,
	                                .key = key,
	                                .to = to,
	                                .state = STORE_STREAMING,
	                                .created_ms = 1};
	char url[64], why[256];

	CHECK(mkdtemp(folder));
	atexit(clean_up);
	snprintf(url, sizeof(url), "sqlite:%s/db", folder);
	CHECK_INT(0, store_open(&app.store, url, why, sizeof(why)));
	CHECK_INT(0, store_call_add(app.store, &call));
}

static struct past look(void)
{
	struct past past;

	CHECK_INT(0, past_look(&app, "call", &past));
	return past;
}

/* What a server does that has seen @past, at @at_ms. */
static int let_go(const struct past *past, int64_t at_ms)
{
	char dedupe[PAST_DEDUPE_MAX], data[PAST_DATA_MAX];
	struct store_event ev;

	past_hung_event(&ev, past, dedupe, data);
	ev.at_ms = at_ms;
	return store_call_change(app.store, "call", NULL, &ev, NULL, NULL);
}

static void reattach(unsigned lost)
{
	char dedupe[PAST_DEDUPE_MAX], data[PAST_DATA_MAX];
	struct store_event ev;

	past_event(&ev, lost, dedupe, data);
	CHECK_INT(0,
	          store_call_change(app.store, "call", NULL, &ev, NULL, NULL));
}

/* 59,000 and 61,000 are in two minutes of the clock. */
static void a_call_is_let_go_once_a_minute(void)
{
	struct past past;

	open_ledger();
	past = look();
	CHECK(past_may_let_go(&past, 59000));
	CHECK_INT(0, let_go(&past, 59000));
	past = look();
	CHECK(past.let_go);
	CHECK(!past_may_let_go(&past, 61000));
	CHECK(!past_may_let_go(&past, 118999));
	CHECK(past_may_let_go(&past, 119000));
	CHECK_INT(0, let_go(&past, 119000));
	past = look();
	CHECK(!past_may_let_go(&past, 121000));
	store_close(&app.store);
	CHECK_INT(0, mem_live());
}

static void of_two_servers_one_does_it(void)
{
	struct past both;

	open_ledger();
	both = look();
	CHECK_INT(0, let_go(&both, 59000));
	CHECK_INT(-EEXIST, let_go(&both, 59001));
	both = look();
	CHECK_INT(0, let_go(&both, 119000));
	CHECK_INT(-EEXIST, let_go(&both, 119001));
	store_close(&app.store);
}

static void the_next_bot_has_a_minute_of_its_own(void)
{
	struct past past;

	open_ledger();
	past = look();
	CHECK_INT(0, let_go(&past, 59000));
	reattach(0);
	past = look();
	CHECK_INT(1, past.lost);
	CHECK(!past.let_go);
	CHECK(past_may_let_go(&past, 60000));
	CHECK_INT(0, let_go(&past, 60000));
	past = look();
	CHECK(past.let_go);
	CHECK(!past_may_let_go(&past, 119000));
	store_close(&app.store);
}

static const struct test tests[] = {
	TEST(a_call_is_let_go_once_a_minute),
	TEST(of_two_servers_one_does_it),
	TEST(the_next_bot_has_a_minute_of_its_own),
};

TEST_MAIN(tests)
