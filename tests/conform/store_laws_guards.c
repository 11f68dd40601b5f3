#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "server/store/admit.h"
#include "server/store/dnc.h"
#include "server/store/retry.h"
#include "server/store/setting.h"
#include "tests/conform/store_laws.h"

void store_law_a_setting_is_kept_replaced_and_removed(void)
{
	char value[8];
	int64_t at = 0;

	law_begin();
	CHECK_INT(-ENOENT,
	          store_setting_get(law_store, "a", value, sizeof(value), &at));
	CHECK_INT(0, store_setting_put(law_store, "a", "one", 5));
	CHECK_INT(0, store_setting_put(law_store, "a", "another", 7));
	CHECK_INT(0, store_setting_put(law_store, "b", "", 9));
	law_reopen();
	CHECK_INT(0,
	          store_setting_get(law_store, "a", value, sizeof(value), &at));
	CHECK_STR("another", value);
	CHECK_INT(7, at);
	CHECK_INT(0,
	          store_setting_get(law_store, "b", value, sizeof(value), &at));
	CHECK_STR("", value);
	CHECK_INT(0, store_setting_put(law_store, "a", NULL, 0));
	CHECK_INT(0, store_setting_put(law_store, "a", NULL, 0));
	CHECK_INT(-ENOENT,
	          store_setting_get(law_store, "a", value, sizeof(value), &at));
	law_end();
}

static int note_number(const struct store_dnc *d, void *arg)
{
	char *last = arg;

	CHECK(strcmp(last, d->number) < 0);
	snprintf(last, 24, "%s", d->number);
	law_walked[0]++;
	return 0;
}

static int note_one(const struct store_dnc *d, void *arg)
{
	(void)arg;
	snprintf(law_walked, sizeof(law_walked), "%s %s %d", d->number,
	         d->call_id ? d->call_id : "-", (int)d->at_ms);
	return -ECANCELED;
}

void store_law_numbers_not_to_be_called_come_by_hundreds(void)
{
	static char text[STORE_DNC_BATCH][24];
	const char *numbers[STORE_DNC_BATCH];
	char last[24] = "";
	unsigned fresh;

	law_begin();
	for (unsigned i = 0; i < STORE_DNC_BATCH; i++) {
		/* Each one twice, and not in order. */
		snprintf(text[i], sizeof(text[i]), "+1555%07u",
		         i * 7919 % (STORE_DNC_BATCH / 2));
		numbers[i] = text[i];
	}
	CHECK_INT(0, store_dnc_add(law_store, "+15550000007", "c-1", 5));
	CHECK_INT(0, store_dnc_add_all(law_store, numbers, STORE_DNC_BATCH, 9,
	                               &fresh));
	CHECK_INT(STORE_DNC_BATCH / 2 - 1, fresh);
	CHECK_INT(0, store_dnc_find(law_store, "+15550000249"));
	law_walked[0] = 0;
	CHECK_INT(0,
	          store_dnc_list(law_store, "+15550000149", note_number, last));
	CHECK_INT(100, law_walked[0]);
	CHECK_STR("+15550000249", last);
	CHECK_INT(0, store_dnc_list(law_store, last, note_one, NULL));
	CHECK_INT(-ECANCELED,
	          store_dnc_list(law_store, "+15550000006", note_one, NULL));
	CHECK_STR("+15550000007 c-1 5", law_walked);
	CHECK_INT(-ECANCELED, store_dnc_list(law_store, "", note_one, NULL));
	CHECK_STR("+15550000000 - 9", law_walked);
	CHECK_INT(0, store_dnc_add_all(law_store, numbers, 0, 9, &fresh));
	law_end();
}

/* ---- admission ---- */

enum { NOW = 10000000, HOUR_MS = 3600000 };

static const char *new_id(void)
{
	static char id[16];
	static unsigned n;

	snprintf(id, sizeof(id), "c%u", n++);
	return id;
}

/* Ask to add a call at @at_ms that may last @sec, and is of @owner. */
static enum store_ruling ask(struct store_admission *a, const char *to,
                             int64_t at_ms, unsigned sec, const char *owner)
{
	const char *id = new_id();
	struct store_call c = law_new_call(id, id);

	c.to = T(to);
	c.owner = T(owner);
	c.created_ms = at_ms;
	c.reserved_sec = sec;
	CHECK_INT(0, store_call_admit(law_store, &c, a));
	return a->verdict;
}

/* The last call that ask() was told of has ended. */
static void over(const char *id, int64_t answered_ms, int64_t ended_ms,
                 bool dialled)
{
	const struct store_change ch = {.has_state = true,
	                                .state = answered_ms ? STORE_ENDED
	                                                     : STORE_FAILED,
	                                .dialed_ms = dialled ? 1 : 0,
	                                .answered_ms = answered_ms,
	                                .ended_ms = ended_ms};

	CHECK_INT(0, store_call_change(law_store, id, &ch, NULL, NULL, NULL));
}

static int note_first(const struct store_call *c, void *arg)
{
	snprintf(arg, 16, "%s", c->id);
	return 0;
}

/* The id of the newest call. */
static const char *newest(void)
{
	const struct store_filter f = {.limit = 1};
	static char id[16];

	CHECK_INT(0, store_calls(law_store, &f, note_first, id));
	return id;
}

void store_law_a_number_is_called_once_at_a_time(void)
{
	struct store_admission a = {.one_per_number = true};
	char id[16];

	law_begin();
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551234567", NOW, 60, "k"));
	snprintf(id, sizeof(id), "%s", newest());
	CHECK_INT(STORE_TWICE, ask(&a, "+15551234567", NOW, 60, "k"));
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551234568", NOW, 60, "k"));
	over(id, 0, NOW + 1, true);
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551234567", NOW, 60, "k"));
	/* What was not admitted is not there. */
	law_walked[0] = '\0';
	CHECK_INT(0, store_calls(law_store, &(struct store_filter){.limit = 9},
	                         law_note_id, NULL));
	CHECK_INT(3, (int)(strlen(law_walked) / 3));
	law_end();
}

void store_law_what_is_unwanted_or_too_much_is_not_admitted(void)
{
	struct store_admission a = {.live_max = 2};

	law_begin();
	CHECK_INT(0, store_dnc_add(law_store, "+15551230000", NULL, 1));
	CHECK_INT(STORE_UNWANTED, ask(&a, "+15551230000", NOW, 60, "k"));
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230001", NOW, 60, "k"));
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230002", NOW, 60, "k"));
	CHECK_INT(STORE_FULL, ask(&a, "+15551230003", NOW, 60, "k"));
	over(newest(), NOW, NOW + 1, true);
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230003", NOW, 60, "k"));
	law_end();
}

void store_law_calls_are_counted_to_the_unit(void)
{
	const struct store_limit limits[] = {
		{STORE_CALLS, "k", 60000, 2},
		{STORE_CALLS, NULL, HOUR_MS, 4},
	};
	struct store_admission a = {.limits = limits, .n_limits = 2};

	law_begin();
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230001", NOW, 60, "k"));
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230001", NOW + 5, 60, "k"));
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 9, 60, "k"));
	CHECK_INT(0, a.limit);
	CHECK_INT(NOW + 60000, a.free_ms);
	/* One that was never dialled gives its unit back. */
	over(newest(), 0, NOW + 8, false);
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230001", NOW + 9, 60, "k"));
	over(newest(), 0, NOW + 8, true);
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 59999, 60, "k"));
	CHECK_INT(STORE_ADMITTED,
	          ask(&a, "+15551230001", NOW + 60000, 60, "k"));
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 60001, 60, "k"));
	CHECK_INT(NOW + 60009, a.free_ms);
	CHECK_INT(STORE_ADMITTED,
	          ask(&a, "+15551230001", NOW + 60009, 60, "k"));
	/* All together: the first, the third, and the last two. */
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 200000, 60, "k"));
	CHECK_INT(1, a.limit);
	CHECK_INT(NOW + HOUR_MS, a.free_ms);
	law_end();
}

void store_law_seconds_are_reserved_and_settled(void)
{
	const struct store_limit limits[] = {
		{STORE_SECONDS, NULL, HOUR_MS, 100},
	};
	struct store_admission a = {.limits = limits, .n_limits = 1};
	char first[16];

	law_begin();
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230001", NOW, 60, "k"));
	snprintf(first, sizeof(first), "%s", newest());
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 1, 41, "k"));
	CHECK_INT(NOW + HOUR_MS, a.free_ms);
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230001", NOW + 1, 40, "j"));
	/* 10.001 seconds are eleven. */
	over(first, NOW + 5, NOW + 5 + 10001, true);
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 2, 50, "k"));
	CHECK_INT(STORE_ADMITTED, ask(&a, "+15551230001", NOW + 2, 49, "k"));
	/* Longer than was reserved is not counted twice; not answered is
	 * nothing. */
	over(newest(), NOW + 5, NOW + 5 + 60000, true);
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 3, 1, "k"));
	CHECK_INT(NOW + HOUR_MS, a.free_ms);
	/* More than there ever is has no room at any time. */
	CHECK_INT(STORE_SPENT, ask(&a, "+15551230001", NOW + 3, 101, "k"));
	CHECK_INT(0, a.free_ms);
	law_end();
}

struct race {
	pthread_t thread;
	unsigned n, admitted;
};

static void *run_race(void *arg)
{
	static const struct store_limit limits[] = {
		{STORE_CALLS, "k", HOUR_MS, 17},
		{STORE_SECONDS, NULL, HOUR_MS, 17 * 60 + 59},
	};
	struct race *r = arg;

	for (unsigned i = 0; i < 10; i++) {
		struct store_admission a = {.limits = limits, .n_limits = 2};
		char id[16];
		struct store_call c;

		snprintf(id, sizeof(id), "r%u-%u", r->n, i);
		c = law_new_call(id, id);
		c.owner = T("k");
		c.created_ms = NOW;
		c.reserved_sec = 60;
		CHECK_INT(0, store_call_admit(law_store, &c, &a));
		r->admitted += a.verdict == STORE_ADMITTED;
	}
	return NULL;
}

void store_law_many_race_for_the_last_unit_and_one_has_it(void)
{
	struct race races[8] = {0};
	unsigned admitted = 0;

	law_begin();
	for (unsigned i = 0; i < ARRAY_LEN(races); i++) {
		races[i].n = i;
		CHECK_INT(0, pthread_create(&races[i].thread, NULL, run_race,
		                            &races[i]));
	}
	for (unsigned i = 0; i < ARRAY_LEN(races); i++) {
		CHECK_INT(0, pthread_join(races[i].thread, NULL));
		admitted += races[i].admitted;
	}
	CHECK_INT(17, admitted);
	law_end();
}

/* ---- calls that are made again ---- */

static int note_plan(const struct store_retry *r, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s:%u:%s:%d ",
	         r->call_id, r->attempt, r->cause, (int)r->due_ms);
	return 0;
}

static const char *due_at(int64_t ms)
{
	law_walked[0] = '\0';
	CHECK_INT(0, store_retry_due(law_store, ms, note_plan, NULL));
	return law_walked;
}

void store_law_a_plan_becomes_one_call_at_most(void)
{
	struct store_retry a = {"a", "", "busy", 1, 50};
	struct store_retry b = {"b", "", "no_answer", 2, 40}, got;
	struct store_admission ad = {.retry_of = "a"};

	law_begin();
	CHECK_INT(0, store_retry_add(law_store, &a));
	CHECK_INT(0, store_retry_add(law_store, &b));
	a.due_ms = 10;
	CHECK_INT(0, store_retry_add(law_store, &a));
	CHECK_STR("", due_at(39));
	CHECK_STR("b:2:no_answer:40 a:1:busy:50 ", due_at(50));
	CHECK_INT(0, store_retry_put_off(law_store, "b", 60));
	CHECK_STR("a:1:busy:50 ", due_at(59));
	CHECK_INT(0, store_retry_put_off(law_store, "b", STORE_RETRY_NEVER));
	CHECK_INT(STORE_ADMITTED, ask(&ad, "+15551234567", NOW, 60, "k"));
	CHECK_INT(0, store_retry_get(law_store, "a", false, &got));
	CHECK_STR(newest(), got.next_id);
	CHECK_INT(0, store_retry_get(law_store, newest(), true, &got));
	CHECK_STR("a", got.call_id);
	CHECK_INT(1, got.attempt);
	CHECK_INT(STORE_MADE, ask(&ad, "+15551234567", NOW, 60, "k"));
	/* Neither is it due again, nor planned again. */
	CHECK_INT(0, store_retry_put_off(law_store, "a", 5));
	CHECK_INT(0, store_retry_add(law_store, &a));
	CHECK_STR("", due_at(1000));
	/* A refusal leaves the plan. */
	ad.retry_of = "b";
	ad.one_per_number = true;
	CHECK_INT(STORE_TWICE, ask(&ad, "+15551234567", NOW, 60, "k"));
	CHECK_INT(0, store_retry_get(law_store, "b", false, &got));
	CHECK_STR("", got.next_id);
	CHECK_INT(-ENOENT, store_retry_get(law_store, "c", false, &got));
	CHECK_INT(-ENOENT, store_retry_get(law_store, "b", true, &got));
	law_end();
}
