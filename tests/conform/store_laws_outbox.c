/* The laws of the outbox: what is told of calls, in their order. */
#include "server/store/outbox.h"

#include <errno.h>
#include <stdio.h>

#include "tests/conform/store_laws.h"

enum { LEASE_MS = 1000 };

static const int64_t now = 5000000000000; /* all that was ever written */
static int64_t seqs[16];
static unsigned n_seqs;

static void add_told(const char *id, const char *url)
{
	char key[64];
	struct store_call c;

	snprintf(key, sizeof(key), "key-%s", id);
	c = law_new_call(id, key);
	c.events_url = T(url);
	CHECK_INT(0, store_call_add(law_store, &c));
}

static void event(const char *id, const char *event_id, bool tell)
{
	const struct store_event ev = {.dedupe = event_id,
	                               .source = "bot",
	                               .type = "turn",
	                               .data = "{\"n\":1}",
	                               .at_ms = 77,
	                               .tell = tell};
	int err = store_call_change(law_store, id, NULL, &ev, NULL, NULL);

	CHECK(!err || err == -EEXIST);
}

/* "ID " for each. */
static int note(const struct store_letter *l, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	CHECK(n_seqs < 16);
	seqs[n_seqs++] = l->seq;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s ", l->event_id);
	return 0;
}

static const char *due(int64_t at_ms)
{
	law_walked[0] = '\0';
	n_seqs = 0;
	CHECK_INT(0, store_outbox_claim(law_store, at_ms, LEASE_MS, 16, note,
	                                NULL));
	return law_walked;
}

static const char *listed(bool dead)
{
	law_walked[0] = '\0';
	n_seqs = 0;
	CHECK_INT(0, store_outbox_list(law_store, dead, note, NULL));
	return law_walked;
}

static void settle(int64_t seq, enum store_verdict verdict, int64_t next_ms)
{
	const struct store_settle what = {.verdict = verdict,
	                                  .next_ms = next_ms,
	                                  .tries = 3,
	                                  .error = "it was busy"};

	CHECK_INT(0, store_outbox_settle(law_store, seq, &what));
}

static int check_letter(const struct store_letter *l, void *arg)
{
	unsigned *n = arg;

	CHECK_STR("c1", l->call_id);
	CHECK_STR("https://crm.example/hook", l->url);
	if (!(*n)++) {
		CHECK_STR("c1-ringing", l->event_id);
		CHECK_STR("state", l->type);
		CHECK_STR("\"ringing\"", l->data);
		CHECK(l->at_ms > 1700000000000);
	} else {
		CHECK_STR("e1", l->event_id);
		CHECK_STR("turn", l->type);
		CHECK_STR("{\"n\":1}", l->data);
		CHECK_INT(77, l->at_ms);
	}
	CHECK(l->created_ms > 1700000000000);
	CHECK_INT(0, l->tries);
	CHECK(!l->dead);
	return 0;
}

void store_law_what_is_told_is_written_with_what_happened(void)
{
	unsigned n = 0, waiting, dead;

	law_begin();
	add_told("c1", "https://crm.example/hook");
	law_add("c2");
	law_set_state("c1", STORE_RINGING);
	law_set_state("c1", STORE_RINGING); /* nothing new */
	law_set_state("c1", STORE_DIALING); /* never back */
	event("c1", "e1", true);
	event("c1", "e1", true);
	event("c1", "e2", false);
	law_set_state("c2", STORE_RINGING); /* nobody is told of it */
	event("c2", "e3", true);
	law_reopen();
	CHECK_INT(0, store_outbox_list(law_store, false, check_letter, &n));
	CHECK_INT(2, n);
	CHECK_INT(0, store_outbox_count(law_store, &waiting, &dead));
	CHECK_INT(2, waiting);
	CHECK_INT(0, dead);
	law_end();
}

void store_law_letters_of_a_call_are_due_one_after_the_other(void)
{
	law_begin();
	add_told("c1", "");
	add_told("c2", "");
	event("c1", "a1", true);
	event("c1", "a2", true);
	event("c2", "b1", true);
	event("c1", "a3", true);
	CHECK_STR("a1 b1 ", due(now));
	CHECK_STR("", due(now + LEASE_MS - 1));
	settle(999999, STORE_SENT, 0); /* none has this number */
	CHECK_STR("a1 b1 ", due(now + LEASE_MS));
	settle(seqs[0], STORE_LATER, now + 9000);
	settle(seqs[1], STORE_SENT, 0);
	CHECK_STR("", due(now + 8999));
	CHECK_STR("a1 ", due(now + 9000));
	settle(seqs[0], STORE_SENT, 0);
	settle(seqs[0], STORE_SENT, 0); /* again is fine */
	CHECK_STR("a2 ", due(now + 9001));
	event("c2", "b2", true);
	CHECK_STR("b2 ", due(now + 9002));
	settle(seqs[0], STORE_SENT, 0);
	CHECK_STR("a2 a3 ", listed(false));
	law_end();
}

void store_law_a_dead_letter_lets_the_others_go_on(void)
{
	unsigned waiting, dead;

	law_begin();
	add_told("c1", "");
	event("c1", "a1", true);
	event("c1", "a2", true);
	CHECK_STR("a1 ", due(now));
	settle(seqs[0], STORE_DEAD, 0);
	CHECK_STR("a2 ", due(now));
	CHECK_STR("a1 ", listed(true));
	CHECK_INT(0, store_outbox_count(law_store, &waiting, &dead));
	CHECK_INT(1, waiting);
	CHECK_INT(1, dead);
	CHECK_INT(0, store_outbox_wake(law_store, true));
	CHECK_STR("", listed(true));
	CHECK_STR("a1 ", due(now + 1));
	law_end();
}

void store_law_what_was_claimed_is_due_again_when_woken(void)
{
	law_begin();
	add_told("c1", "");
	event("c1", "a1", true);
	event("c1", "a2", true);
	CHECK_STR("a1 ", due(now));
	law_reopen();
	CHECK_STR("", due(now + 1));
	CHECK_INT(0, store_outbox_wake(law_store, false));
	CHECK_STR("a1 ", due(now + 2));
	settle(seqs[0], STORE_SENT, 0);
	CHECK_STR("a2 ", due(now + 3));
	law_end();
}

void store_law_the_outbox_has_a_bound(void)
{
	unsigned dropped;

	law_begin();
	add_told("c1", "");
	add_told("c2", "");
	event("c1", "a1", true);
	event("c2", "b1", true);
	event("c1", "a2", true);
	event("c2", "b2", true);
	CHECK_STR("a1 b1 ", due(now));
	settle(seqs[1], STORE_DEAD, 0);
	CHECK_INT(0, store_outbox_trim(law_store, 4, &dropped));
	CHECK_INT(0, dropped);
	CHECK_INT(0, store_outbox_trim(law_store, 3, &dropped));
	CHECK_INT(1, dropped);
	CHECK_STR("", listed(true));
	CHECK_INT(0, store_outbox_trim(law_store, 2, &dropped));
	CHECK_INT(1, dropped);
	CHECK_STR("a2 b2 ", listed(false));
	CHECK_STR("a2 b2 ", due(now + 1));
	law_end();
}
