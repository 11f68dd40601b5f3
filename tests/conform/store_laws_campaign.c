#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "server/store/admit.h"
#include "server/store/campaign.h"
#include "server/store/retry.h"
#include "tests/conform/store_laws.h"

enum { NOW = 10000000, LEASE = 1000 };

static void add_list(const char *id, int64_t gap_ms, unsigned at_once)
{
	const struct store_row rows[] = {
		{.line = 2,
	         .to = T("+15551230002"),
	         .phone_number = T("\"2\""),
	         .body = T("{\"a\":1}"),
	         .state = T("waiting")},
		{.line = 3, .state = T("bad"), .why = T("no number")},
		{.line = 4,
	         .to = T("+15551230004"),
	         .phone_number = T("\"4\""),
	         .state = T("waiting")},
		{.line = 5,
	         .to = T("+15551230005"),
	         .phone_number = T("\"5\""),
	         .state = T("waiting")},
	};
	struct store_campaign c = {.owner = "k",
	                           .agent = "a",
	                           .base_url = "http://h",
	                           .hash = "h",
	                           .state = "running",
	                           .retries = "1/2m,,",
	                           .created_ms = NOW};

	snprintf(c.id, sizeof(c.id), "%s", id);
	c.gap_ms = gap_ms;
	c.at_once = at_once;
	CHECK_INT(0, store_campaign_add(law_store, &c, rows, 4));
	CHECK_INT(-EEXIST, store_campaign_add(law_store, &c, rows, 4));
}

static int note_row(const struct store_row *r, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s:%u:%s:%s ",
	         r->campaign_id, r->line, r->to ? r->to + 9 : "-",
	         r->body ? r->body : "-");
	return 0;
}

/* The row that may be called at @ms; "" is none. */
static const char *claim_at(int64_t ms)
{
	int err;

	law_walked[0] = '\0';
	err = store_campaign_claim(law_store, ms, LEASE, note_row, NULL);
	CHECK(err == 0 || err == -ENOENT);
	CHECK_INT(err == -ENOENT, law_walked[0] == '\0');
	return law_walked;
}

static enum store_ruling take(const char *id, const char *campaign,
                              unsigned line, int64_t at_ms)
{
	struct store_admission a = {.campaign = campaign, .line = line};
	struct store_call c = law_new_call(id, id);

	c.created_ms = at_ms;
	c.reserved_sec = 60;
	CHECK_INT(0, store_call_admit(law_store, &c, &a));
	return a.verdict;
}

static int note_count(const char *row, const char *call, unsigned n, void *arg)
{
	size_t at = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + at, sizeof(law_walked) - at, "%s/%s=%u ", row,
	         call ? call : "-", n);
	return 0;
}

static const char *counts(const char *id)
{
	law_walked[0] = '\0';
	CHECK_INT(0, store_campaign_count(law_store, id, note_count, NULL));
	return law_walked;
}

static int note_result(const struct store_row *r, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%u:%s:%s:%s:%s ",
	         r->line, r->state, r->why ? r->why : "-",
	         r->call_id ? r->call_id : "-",
	         r->call_state ? r->call_state : "-");
	return 0;
}

static const char *results(const char *id)
{
	law_walked[0] = '\0';
	CHECK_INT(0, store_campaign_rows(law_store, id, note_result, NULL));
	return law_walked;
}

/* Its call ends, and why its row would wait is said. */
static void give_back(const char *call, enum store_state state, int64_t due_ms,
                      const char *why)
{
	const struct store_change change = {.state = state,
	                                    .has_state = true,
	                                    .row_due_ms = due_ms,
	                                    .row_why = why};

	CHECK_INT(0, store_call_change(law_store, call, &change, NULL, NULL,
	                               NULL));
}

void store_law_a_row_becomes_one_call_at_most(void)
{
	struct store_campaign c;

	law_begin();
	add_list("x", 0, 10);
	law_reopen();
	CHECK_INT(0, store_campaign_get(law_store, "x", &c));
	CHECK_STR("k", c.owner);
	CHECK_STR("a", c.agent);
	CHECK_STR("http://h", c.base_url);
	CHECK_STR("h", c.hash);
	CHECK_STR("running", c.state);
	CHECK_STR("1/2m,,", c.retries);
	CHECK_INT(NOW, c.created_ms);
	CHECK_INT(10, c.at_once);
	CHECK_INT(-ENOENT, store_campaign_get(law_store, "y", &c));
	CHECK_STR("x:2:002:{\"a\":1} ", claim_at(NOW));
	/* Whoever looks next looks at another; a lease ends. */
	CHECK_STR("x:4:004:- ", claim_at(NOW));
	CHECK_STR("x:5:005:- ", claim_at(NOW + LEASE));
	CHECK_STR("x:2:002:{\"a\":1} ", claim_at(NOW + LEASE));
	CHECK_INT(STORE_ADMITTED, take("c1", "x", 2, NOW));
	CHECK_INT(STORE_MADE, take("c2", "x", 2, NOW));
	CHECK_INT(STORE_MADE, take("c3", "x", 3, NOW));
	CHECK_INT(0, store_campaign_of(law_store, "c1", &c));
	CHECK_STR("x", c.id);
	CHECK_INT(-ENOENT, store_campaign_of(law_store, "c2", &c));
	CHECK_STR("bad/-=1 called/initiated=1 waiting/-=2 ",
	          (law_set_state("c1", STORE_INITIATED), counts("x")));
	/* Refused for good; put off; and what is called is neither. */
	CHECK_INT(0, store_campaign_put_off(law_store, "x", 4, INT64_MAX,
	                                    "unwanted"));
	CHECK_INT(0, store_campaign_put_off(law_store, "x", 5, NOW + 9000,
	                                    "later"));
	CHECK_INT(0,
	          store_campaign_put_off(law_store, "x", 2, INT64_MAX, "no"));
	CHECK_STR("", claim_at(NOW + 8999));
	CHECK_STR("2:called:-:c1:initiated 3:bad:no number:-:- "
	          "4:refused:unwanted:-:- 5:waiting:later:-:- ",
	          results("x"));
	CHECK_STR("x:5:005:- ", claim_at(NOW + 9000));
	law_end();
}

void store_law_a_campaign_keeps_its_pace_and_its_room(void)
{
	law_begin();
	add_list("x", 500, 2);
	CHECK_STR("x:2:002:{\"a\":1} ", claim_at(NOW));
	CHECK_INT(STORE_ADMITTED, take("c1", "x", 2, NOW));
	CHECK_STR("", claim_at(NOW + 499));
	CHECK_INT(STORE_MADE, take("c2", "x", 4, NOW + 499));
	CHECK_STR("x:4:004:- ", claim_at(NOW + 500));
	CHECK_INT(STORE_ADMITTED, take("c2", "x", 4, NOW + 500));
	/* Two are up. */
	CHECK_STR("", claim_at(NOW + 5000));
	CHECK_INT(STORE_MADE, take("c3", "x", 5, NOW + 5000));
	/* What has ended in another way does not come back. */
	give_back("c1", STORE_ENDED, NOW, "no");
	give_back("c1", STORE_FAILED, NOW, "no");
	CHECK(strstr(results("x"), "2:called:-:c1:ended "));
	CHECK_STR("x:5:005:- ", claim_at(NOW + 5000));
	/* Another one has a pace of its own. */
	add_list("y", 0, 1);
	CHECK_STR("y:2:002:{\"a\":1} ", claim_at(NOW + 1));
	CHECK_INT(STORE_ADMITTED, take("c4", "y", 2, NOW + 1));
	CHECK_STR("", claim_at(NOW + 1));
	/* What failed for a while waits again, and the others with it. */
	give_back("c4", STORE_FAILED, NOW + 8000, "no bot");
	CHECK(strstr(results("y"), "2:waiting:no bot:-:- "));
	CHECK_STR("x:5:005:- ", claim_at(NOW + 7999));
	CHECK_STR("", claim_at(NOW + 7999));
	/* Those that have not been looked at yet come first. */
	CHECK_STR("y:4:004:- ", claim_at(NOW + 8000));
	CHECK_STR("y:5:005:- ", claim_at(NOW + 8000));
	CHECK_STR("y:2:002:{\"a\":1} ", claim_at(NOW + 8000));
	law_end();
}

void store_law_what_stands_still_calls_nobody(void)
{
	const struct store_retry plan = {"c1", "", "busy", 1, NOW};
	struct store_admission again = {.retry_of = "c1"};
	struct store_call next = law_new_call("c9", "c9");

	law_begin();
	add_list("x", 0, 10);
	CHECK_INT(STORE_ADMITTED, take("c1", "x", 2, NOW));
	CHECK_INT(0, store_campaign_set(law_store, "x", "paused"));
	CHECK_STR("", claim_at(NOW));
	CHECK_INT(STORE_MADE, take("c2", "x", 4, NOW));
	/* Nor again. */
	law_set_state("c1", STORE_NO_ANSWER);
	CHECK_INT(0, store_retry_add(law_store, &plan));
	CHECK_STR("bad/-=1 called/retry_planned=1 waiting/-=2 ", counts("x"));
	CHECK_INT(0, store_campaign_set(law_store, "x", "running"));
	CHECK_INT(0, store_call_admit(law_store, &next, &again));
	CHECK_INT(STORE_ADMITTED, again.verdict);
	CHECK(strstr(results("x"), "2:called:-:c9:"));
	/* Nobody counts the tries of a row that begins anew. */
	give_back("c9", STORE_FAILED, NOW, "no bot");
	CHECK(strstr(results("x"), "2:called:-:c9:failed "));
	CHECK_INT(0, store_campaign_set(law_store, "x", "cancelled"));
	CHECK_INT(0, store_campaign_set(law_store, "x", "cancelled"));
	CHECK_INT(-ENOENT, store_campaign_set(law_store, "x", "running"));
	CHECK_INT(-ENOENT, store_campaign_set(law_store, "y", "paused"));
	CHECK_STR("", claim_at(NOW + 100000));
	law_end();
}

static void add_urgent(const char *id, int64_t made_ms, int priority)
{
	const struct store_row rows[] = {
		{.line = 2,
	         .to = T("+15551230002"),
	         .phone_number = T("2"),
	         .state = T("waiting"),
	         .priority = priority},
		{.line = 3,
	         .to = T("+15551230003"),
	         .phone_number = T("3"),
	         .events_url = T("https://e/3"),
	         .state = T("waiting"),
	         .due_ms = NOW + 10,
	         .expires_ms = NOW + 900,
	         .priority = priority + 1},
	};
	struct store_campaign c = {.state = "running",
	                           .hours = "Mon 09:00-10:00",
	                           .events_url = "https://e",
	                           .created_ms = made_ms,
	                           .at_once = 9};

	snprintf(c.id, sizeof(c.id), "%s", id);
	CHECK_INT(0, store_campaign_add(law_store, &c, rows, 2));
}

static int note_urgent(const struct store_row *r, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s:%u:%d:%d:%s ",
	         r->campaign_id, r->line, r->priority,
	         r->expires_ms ? (int)(r->expires_ms - NOW) : 0,
	         r->events_url ? r->events_url : "-");
	return 0;
}

static const char *urgent_at(int64_t ms)
{
	int err;

	law_walked[0] = '\0';
	err = store_campaign_claim(law_store, ms, LEASE, note_urgent, NULL);
	CHECK(err == 0 || err == -ENOENT);
	return law_walked;
}

void store_law_what_is_urgent_is_called_first(void)
{
	struct store_campaign c;

	law_begin();
	add_urgent("a", NOW, 0);
	add_urgent("b", NOW + 1, 5);
	law_reopen();
	CHECK_INT(0, store_campaign_get(law_store, "b", &c));
	CHECK_STR("Mon 09:00-10:00", c.hours);
	CHECK_STR("https://e", c.events_url);
	CHECK_STR("b:2:5:0:- ", urgent_at(NOW));
	CHECK_STR("b:3:6:900:https://e/3 ", urgent_at(NOW + 10));
	CHECK_STR("a:3:1:900:https://e/3 ", urgent_at(NOW + 10));
	CHECK_STR("a:2:0:0:- ", urgent_at(NOW + 10));
	/* What has waited too long waits no longer, but in one that was
	 * cancelled nothing happens. */
	CHECK_INT(0, store_campaign_set(law_store, "b", "cancelled"));
	CHECK_INT(0, store_campaign_expire(law_store, NOW + 899));
	CHECK(strstr(results("a"), "3:waiting:"));
	CHECK_INT(0, store_campaign_expire(law_store, NOW + 900));
	CHECK_STR("2:waiting:-:-:- 3:expired:expires_at passed before it was "
	          "called:-:- ",
	          results("a"));
	CHECK(strstr(results("b"), "3:waiting:"));
	law_end();
}

static int note_campaign(const struct store_campaign *c, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s ", c->id);
	return !strcmp(c->id, "stop") ? -EINTR : 0;
}

static const char *listed(const char *state, const char *after, unsigned limit)
{
	law_walked[0] = '\0';
	CHECK_INT(0, store_campaigns(law_store, state, after, limit,
	                             note_campaign, NULL));
	return law_walked;
}

void store_law_campaigns_are_listed_newest_first(void)
{
	law_begin();
	CHECK_STR("", listed(NULL, NULL, 9));
	add_urgent("b", NOW, 0);
	add_urgent("a", NOW + 1, 0);
	add_urgent("c", NOW, 0);
	CHECK_STR("a c b ", listed(NULL, NULL, 9));
	CHECK_STR("a c ", listed(NULL, NULL, 2));
	CHECK_STR("b ", listed(NULL, "c", 9));
	CHECK_STR("", listed(NULL, "b", 9));
	CHECK_INT(0, store_campaign_set(law_store, "c", "paused"));
	CHECK_STR("c ", listed("paused", NULL, 9));
	CHECK_STR("a b ", listed("running", NULL, 9));
	add_urgent("stop", NOW + 2, 0);
	law_walked[0] = '\0';
	CHECK_INT(-EINTR, store_campaigns(law_store, NULL, NULL, 9,
	                                  note_campaign, NULL));
	CHECK_STR("stop ", law_walked);
	law_end();
}

void store_law_a_thousand_rows_are_added_in_about_a_second(void)
{
	static struct store_row rows[1000];
	static char to[1000][16];
	const struct store_campaign c = {.id = "x", .state = "running"};
	struct timespec from, till;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(to[i], sizeof(to[i]), "+1555%07u", i);
		rows[i] = (struct store_row){.line = i,
		                             .to = to[i],
		                             .phone_number = T("\"1\""),
		                             .body = T("{\"a\":1}"),
		                             .state = T("waiting")};
	}
	law_begin();
	clock_gettime(CLOCK_MONOTONIC, &from);
	CHECK_INT(0, store_campaign_add(law_store, &c, rows, 1000));
	clock_gettime(CLOCK_MONOTONIC, &till);
	/* Three, since others use this machine. */
	CHECK(till.tv_sec - from.tv_sec < 3);
	CHECK_STR("waiting/-=1000 ", counts("x"));
	law_end();
}
