#include <errno.h>
#include <stdio.h>

#include "common/err.h"
#include "server/store/admit.h"
#include "server/store/hands.h"
#include "server/store/wait.h"
#include "tests/conform/store_laws.h"

enum { NOW = 10000000, LEASE = 1000, HOUR_MS = 3600000 };

static struct store_call scheduled(const char *id, int64_t not_before_ms,
                                   int priority)
{
	struct store_call c = law_new_call(id, id);

	c.state = STORE_SCHEDULED;
	c.created_ms = NOW;
	c.not_before_ms = not_before_ms;
	c.priority = priority;
	c.reserved_sec = 60;
	return c;
}

static enum store_ruling admit(const struct store_call *c,
                               struct store_admission *a)
{
	CHECK_INT(0, store_call_admit(law_store, c, a));
	return a->verdict;
}

static void schedule(const char *id, int64_t not_before_ms, int priority)
{
	struct store_call c = scheduled(id, not_before_ms, priority);
	struct store_admission a = {.live_max = 1, .one_per_number = true};

	CHECK_INT(STORE_ADMITTED, admit(&c, &a));
}

/* As of @at_ms. @alone: only one call at a time to its number. */
static enum store_ruling begin(const char *id, int64_t at_ms, bool alone)
{
	struct store_call c = scheduled(id, 0, 0);
	struct store_admission a = {
		.release = true, .live_max = 2, .one_per_number = alone};

	c.state = STORE_RESERVING;
	c.created_ms = at_ms;
	return admit(&c, &a);
}

static const char *due_at(int64_t ms)
{
	static char id[STORE_WAIT_ID_MAX];
	int err = store_due(law_store, ms, LEASE, id);

	CHECK(err == 0 || err == -ENOENT);
	return err ? "" : id;
}

static int see_claimed(const char *id, bool ours, void *arg)
{
	(void)id;
	(void)ours;
	(*(unsigned *)arg)++;
	return 0;
}

void store_law_what_is_scheduled_is_in_nobodys_hands(void)
{
	const struct store_filter live = {.live = true}, all = {.live = false};
	struct store_call c = scheduled("c1", NOW + 500, 7);
	struct store_change change = {
		.state = STORE_EXPIRED, .has_state = true, .unbegun = true};
	unsigned n = 9, claimed = 0;

	c.expires_ms = NOW + 900;
	c.hours = T("Mon 09:00-10:00");
	law_begin();
	CHECK_INT(0, store_call_add(law_store, &c));
	law_reopen();
	CHECK_INT(0, store_call_get(law_store, STORE_ID, "c1", &c));
	CHECK_INT(STORE_SCHEDULED, c.state);
	CHECK_INT(NOW + 500, c.not_before_ms);
	CHECK_INT(NOW + 900, c.expires_ms);
	CHECK_INT(7, c.priority);
	CHECK_STR("Mon 09:00-10:00", c.hours);
	store_call_fini(&c);
	CHECK_INT(0, store_count_live(law_store, &n));
	CHECK_INT(0, n);
	CHECK_INT(0, store_count_scheduled(law_store, &n));
	CHECK_INT(1, n);
	CHECK_INT(0,
	          store_claim(law_store, NOW + 1000000, see_claimed, &claimed));
	CHECK_INT(0, claimed);
	law_walked[0] = '\0';
	CHECK_INT(0, store_calls(law_store, &live, law_note_id, NULL));
	CHECK_STR("", law_walked);
	CHECK_INT(0, store_calls(law_store, &all, law_note_id, NULL));
	CHECK(strstr(law_walked, "c1"));
	CHECK_INT(0, store_call_change(law_store, "c1", &change, NULL, NULL,
	                               NULL));
	CHECK_INT(STORE_EXPIRED, law_state_of("c1"));
	CHECK_STR("", due_at(NOW + 1000000));
	law_end();
}

void store_law_what_is_due_comes_in_its_order(void)
{
	const struct store_change end = {.end_by = "api"};

	law_begin();
	schedule("late", NOW + 300, 0);
	schedule("early", NOW + 200, 0);
	schedule("second", NOW + 200, 0);
	schedule("urgent", NOW + 400, 3);
	CHECK_STR("", due_at(NOW + 199));
	CHECK_STR("early", due_at(NOW + 200));
	/* Whoever looks next looks at another; a lease ends. */
	CHECK_STR("second", due_at(NOW + 200));
	CHECK_STR("", due_at(NOW + 200));
	CHECK_STR("urgent", due_at(NOW + 400));
	CHECK_STR("late", due_at(NOW + 400));
	CHECK_STR("early", due_at(NOW + 200 + LEASE));
	/* Put off; and what is to end is looked at first, and at once. */
	CHECK_INT(0, store_due_put(law_store, "urgent", NOW + 5000));
	CHECK_INT(0, store_due_put(law_store, "early", NOW + 5000));
	CHECK_INT(0, store_call_change(law_store, "early", &end, NULL, NULL,
	                               NULL));
	CHECK_INT(0, store_due_put(law_store, "early", NOW + 9000));
	CHECK_STR("early", due_at(NOW));
	CHECK_INT(STORE_MADE, begin("early", NOW, true));
	law_set_state("early", STORE_CANCELLED);
	CHECK_STR("urgent", due_at(NOW + 5000));
	law_end();
}

void store_law_what_is_scheduled_begins_once_and_counts_from_then(void)
{
	const struct store_limit per_hour = {
		.measure = STORE_CALLS, .span_ms = HOUR_MS, .max = 1};
	struct store_change change = {
		.state = STORE_EXPIRED, .has_state = true, .unbegun = true};
	struct store_call other = law_new_call("c9", "c9");
	struct store_admission a = {.limits = &per_hour, .n_limits = 1};

	law_begin();
	schedule("c1", NOW + HOUR_MS, 0);
	schedule("c2", NOW + HOUR_MS, 0);
	/* One of the same number is no reason to wait before it has begun. */
	other.created_ms = NOW;
	other.reserved_sec = 60;
	CHECK_INT(STORE_ADMITTED, admit(&other, &a));
	CHECK_INT(STORE_TWICE, begin("c1", NOW + HOUR_MS, true));
	law_set_state("c9", STORE_ENDED);
	CHECK_INT(STORE_ADMITTED, begin("c1", NOW + HOUR_MS, true));
	CHECK_INT(STORE_MADE, begin("c1", NOW + HOUR_MS, false));
	CHECK_INT(STORE_RESERVING, law_state_of("c1"));
	/* In our hands, and no longer to be ended as if it had not begun. */
	CHECK_INT(ERR_STALE, store_call_change(law_store, "c1", &change, NULL,
	                                       NULL, NULL));
	change = (struct store_change){
		.state = STORE_QUEUED, .has_state = true, .held = true};
	CHECK_INT(0, store_call_change(law_store, "c1", &change, NULL, NULL,
	                               NULL));
	CHECK_STR("c2", due_at(NOW + HOUR_MS));
	/* It counts as of an hour that began when it did. */
	other = law_new_call("c8", "c8");
	other.reserved_sec = 60;
	other.created_ms = NOW + 2 * HOUR_MS - 1;
	CHECK_INT(STORE_SPENT, admit(&other, &a));
	CHECK_INT(NOW + 2 * HOUR_MS, a.free_ms);
	other.created_ms = NOW + 2 * HOUR_MS;
	CHECK_INT(STORE_ADMITTED, admit(&other, &a));
	law_end();
}

/* How many go before the call of that name; -1: there is none. */
static int before(const char *id, int64_t now_ms)
{
	struct store_call c;
	unsigned n = 99;

	if (store_call_get(law_store, STORE_ID, id, &c))
		return -1;
	CHECK_INT(0, store_before(law_store, &c, now_ms, &n));
	store_call_fini(&c);
	return (int)n;
}

static void add_at(const char *id, enum store_state state, int64_t ms,
                   int priority)
{
	struct store_call c = law_new_call(id, id);

	c.state = state;
	c.created_ms = ms;
	c.priority = priority;
	CHECK_INT(0, store_call_add(law_store, &c));
}

void store_law_those_that_go_before_are_counted(void)
{
	struct store_call next = law_new_call("next", "next");
	unsigned n = 99;

	law_begin();
	add_at("first", STORE_QUEUED, NOW - 9, 0);
	add_at("second", STORE_RESERVING, NOW - 8, 0);
	add_at("third", STORE_QUEUED, NOW - 8, 0);
	add_at("urgent", STORE_QUEUED, NOW - 7, 1);
	add_at("idle", STORE_QUEUED, NOW - 99, -1);
	add_at("gone", STORE_DIALING, NOW - 99, 9);
	schedule("later", NOW + 200, 9);
	schedule("soon", NOW + 100, 0);
	CHECK_INT(0, before("urgent", NOW));
	CHECK_INT(1, before("first", NOW));
	CHECK_INT(2, before("second", NOW));
	CHECK_INT(3, before("third", NOW));
	CHECK_INT(4, before("idle", NOW));
	CHECK_INT(5, before("soon", NOW));
	CHECK_INT(6, before("later", NOW));
	/* What may go now goes by its priority. */
	CHECK_INT(0, before("later", NOW + 200));
	CHECK_INT(5, before("soon", NOW + 200));
	CHECK_INT(6, before("idle", NOW + 200));
	/* One that is not there comes behind its equals. */
	next.created_ms = NOW - 8;
	CHECK_INT(0, store_before(law_store, &next, NOW, &n));
	CHECK_INT(4, n);
	law_set_state("first", STORE_DIALING);
	CHECK_INT(1, before("second", NOW));
	law_end();
}
