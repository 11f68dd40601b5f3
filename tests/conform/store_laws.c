#include "tests/conform/store_laws.h"

#include <errno.h>
#include <stdio.h>

#include "common/mem.h"

struct store *law_store;
char law_url[LAW_URL_MAX], law_why[256], law_walked[512];
static store_law_new_h *make_new;

void store_laws_use(store_law_new_h *make)
{
	make_new = make;
}

void law_reopen(void)
{
	store_close(&law_store);
	if (store_open(&law_store, law_url, law_why, sizeof(law_why)))
		test_fail(__FILE__, __LINE__, "%s", law_why);
}

void law_begin(void)
{
	make_new(law_url);
	law_reopen();
}

void law_end(void)
{
	store_close(&law_store);
	CHECK(law_store == NULL);
	CHECK_INT(0, mem_live());
}

struct store_call law_new_call(const char *id, const char *key)
{
	return (struct store_call){
		.id = T(id),
		.key = T(key),
		.to = T("+15551234567"),
		.from = T("+15557654321"),
		.state = STORE_QUEUED,
		.created_ms = 1000,
	};
}

void law_add(const char *id)
{
	char key[64];
	struct store_call c;

	snprintf(key, sizeof(key), "key-%s", id);
	c = law_new_call(id, key);
	CHECK_INT(0, store_call_add(law_store, &c));
}

enum store_state law_state_of(const char *id)
{
	struct store_call c;
	enum store_state state;

	CHECK_INT(0, store_call_get(law_store, STORE_ID, id, &c));
	state = c.state;
	store_call_fini(&c);
	return state;
}

bool law_set_state(const char *id, enum store_state state)
{
	const struct store_change ch = {.has_state = true, .state = state};
	bool moved;

	CHECK_INT(0, store_call_change(law_store, id, &ch, NULL, NULL, &moved));
	return moved;
}

void store_law_a_call_comes_back_as_it_was(void)
{
	static const char body[] = "{\"n\": 12345678901234567890.10, \"n\":1}";
	struct store_call c = law_new_call("c1", "k1"), d;

	law_begin();
	c.phone_number = T("15551234567");
	c.agent = T("clinic");
	c.body = T(body);
	c.base_url = T("https://x.example");
	c.owner = T("crm");
	c.idem_key = T("i1");
	c.idem_hash = T("abc");
	c.events_url = T("https://crm.example/hook");
	CHECK_INT(0, store_call_add(law_store, &c));
	law_reopen();
	CHECK_INT(0, store_call_get(law_store, STORE_KEY, "k1", &d));
	CHECK_STR("c1", d.id);
	CHECK_STR("+15551234567", d.to);
	CHECK_STR("15551234567", d.phone_number);
	CHECK_STR(body, d.body);
	CHECK_STR("https://x.example", d.base_url);
	CHECK_STR("https://crm.example/hook", d.events_url);
	CHECK_INT(STORE_QUEUED, d.state);
	CHECK_INT(1000, d.created_ms);
	CHECK(!d.call_uuid && !d.error && !d.answer);
	store_call_fini(&d);
	CHECK_INT(0, store_call_idem(law_store, "crm", "i1", &d));
	CHECK_STR("abc", d.idem_hash);
	store_call_fini(&d);
	CHECK_INT(-ENOENT, store_call_idem(law_store, "other", "i1", &d));
	CHECK_INT(-ENOENT, store_call_get(law_store, STORE_ID, "k1", &d));
	law_end();
}

void store_law_ids_and_idempotency_keys_are_taken_once(void)
{
	struct store_call c = law_new_call("c1", "k1");

	law_begin();
	c.idem_key = T("i1");
	CHECK_INT(0, store_call_add(law_store, &c));
	c = law_new_call("c2", "k2");
	c.idem_key = T("i1");
	CHECK_INT(-EEXIST, store_call_add(law_store, &c));
	c.owner = T("crm");
	CHECK_INT(0, store_call_add(law_store, &c));
	c = law_new_call("c3", "k1");
	CHECK_INT(-EEXIST, store_call_add(law_store, &c));
	c = law_new_call("c1", "k3");
	CHECK_INT(-EEXIST, store_call_add(law_store, &c));
	law_end();
}

void store_law_a_state_never_goes_back(void)
{
	int from, to;

	law_begin();
	for (from = 0; from < STORE_STATES; from++) {
		for (to = 0; to < STORE_STATES; to++) {
			char id[32];
			unsigned a = store_state_rank((enum store_state)from);
			unsigned b = store_state_rank((enum store_state)to);

			snprintf(id, sizeof(id), "c%d-%d", from, to);
			law_add(id);
			law_set_state(id, (enum store_state)from);
			/* It was queued before. */
			if (a < store_state_rank(STORE_QUEUED))
				a = store_state_rank(STORE_QUEUED);
			CHECK_INT(b > a,
			          law_set_state(id, (enum store_state)to));
		}
	}
	law_end();
}

void store_law_the_way_of_a_call_is_walked_forward(void)
{
	law_begin();
	law_add("c1");
	CHECK(!law_set_state("c1", STORE_RESERVING));
	CHECK(law_set_state("c1", STORE_DIALING));
	CHECK(law_set_state("c1", STORE_UNKNOWN));
	CHECK(law_set_state("c1", STORE_RINGING));
	CHECK(!law_set_state("c1", STORE_INITIATED));
	CHECK_INT(STORE_RINGING, law_state_of("c1"));
	CHECK(law_set_state("c1", STORE_ENDED));
	CHECK(!law_set_state("c1", STORE_STREAMING));
	CHECK(!law_set_state("c1", STORE_FAILED));
	CHECK_INT(STORE_ENDED, law_state_of("c1"));
	CHECK(store_state_final(STORE_NO_ANSWER));
	CHECK(!store_state_final(STORE_STREAMING));
	law_end();
}

void store_law_what_is_written_once_stays(void)
{
	const struct store_change one = {.call_uuid = "u1",
	                                 .reservation = "r1",
	                                 .bot = "http://a",
	                                 .end_by = "bot",
	                                 .answered_ms = 5,
	                                 .detect_machine = true,
	                                 .answer = "{}",
	                                 .answer_status = 200};
	const struct store_change two = {.call_uuid = "u2",
	                                 .reservation = "r2",
	                                 .end_by = "callee",
	                                 .end_cause = "Normal Hangup",
	                                 .end_code = 4000,
	                                 .answered_ms = 6,
	                                 .answer = "[]",
	                                 .answer_status = 202};
	const struct store_change three = {.end_cause = "Other", .end_code = 1};
	struct store_call c;

	law_begin();
	law_add("c1");
	law_add("c2");
	CHECK_INT(0,
	          store_call_change(law_store, "c1", &one, NULL, NULL, NULL));
	CHECK_INT(0,
	          store_call_change(law_store, "c1", &two, NULL, NULL, NULL));
	CHECK_INT(0,
	          store_call_change(law_store, "c1", &three, NULL, NULL, NULL));
	CHECK_INT(-ENOENT, store_call_get(law_store, STORE_UUID, "u2", &c));
	CHECK_INT(0, store_call_get(law_store, STORE_UUID, "u1", &c));
	CHECK_STR("r2", c.reservation);
	CHECK_STR("http://a", c.bot);
	CHECK_STR("bot", c.end_by);
	CHECK_STR("Normal Hangup", c.end_cause);
	CHECK_INT(4000, c.end_code);
	CHECK_INT(5, c.answered_ms);
	CHECK_STR("{}", c.answer);
	CHECK_INT(200, c.answer_status);
	CHECK(c.detect_machine);
	store_call_fini(&c);
	CHECK_INT(0, store_call_get(law_store, STORE_ID, "c2", &c));
	CHECK(!c.detect_machine);
	store_call_fini(&c);
	CHECK_INT(0, store_call_get(law_store, STORE_RESERVATION, "r2", &c));
	store_call_fini(&c);
	CHECK_INT(-ENOENT,
	          store_call_get(law_store, STORE_RESERVATION, "r1", &c));
	CHECK_INT(-ENOENT, store_call_change(law_store, "nobody", &one, NULL,
	                                     NULL, NULL));
	law_end();
}

int law_note_event(const struct store_event *ev, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s/%s/%s@%d ",
	         ev->source, ev->type, ev->data ? ev->data : "-",
	         (int)ev->at_ms);
	return 0;
}

void store_law_an_event_is_taken_once(void)
{
	const struct store_event ring = {"u1-Ring", "carrier", "ring",
	                                 "{}",      7,         false};
	const struct store_event hangup = {"u1-Hangup", "carrier", "hangup",
	                                   NULL,        9,         false};
	const struct store_change ringing = {.has_state = true,
	                                     .state = STORE_RINGING};
	const struct store_change ended = {.has_state = true,
	                                   .state = STORE_ENDED};
	bool moved;

	law_begin();
	law_add("c1");
	law_add("c2");
	CHECK_INT(0, store_call_change(law_store, "c1", &ended, &hangup, NULL,
	                               &moved));
	CHECK(moved);
	CHECK_INT(0, store_call_change(law_store, "c1", &ringing, &ring, NULL,
	                               &moved));
	CHECK(!moved);
	CHECK_INT(-EEXIST, store_call_change(law_store, "c1", &ringing, &ring,
	                                     NULL, &moved));
	/* Another call may have one of the same name. */
	CHECK_INT(0, store_call_change(law_store, "c2", &ringing, &ring, NULL,
	                               &moved));
	CHECK(moved);
	CHECK_INT(STORE_ENDED, law_state_of("c1"));
	CHECK_INT(0, store_events(law_store, "c1", law_note_event, NULL));
	CHECK_STR("carrier/hangup/-@9 carrier/ring/{}@7 ", law_walked);
	law_end();
}

static int note_turn(const struct store_turn *t, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n,
	         "%u %s \"%s\" %d %d %d|", t->n, t->role, t->text,
	         (int)t->heard_ms, t->interrupted, t->heard);
	return 0;
}

void store_law_turns_are_kept_in_order_and_replaced(void)
{
	struct store_turn t = {.n = 2,
	                       .role = "bot",
	                       .text = "Hel",
	                       .heard_ms = -1,
	                       .heard = -1};

	law_begin();
	law_add("c1");
	CHECK_INT(0, store_call_change(law_store, "c1", NULL, NULL, &t, NULL));
	t.text = "Hello";
	t.heard_ms = 400;
	t.interrupted = true;
	t.heard = 812;
	CHECK_INT(0, store_call_change(law_store, "c1", NULL, NULL, &t, NULL));
	t = (struct store_turn){.n = 1, .role = "callee", .text = "Hi?"};
	CHECK_INT(0, store_call_change(law_store, "c1", NULL, NULL, &t, NULL));
	CHECK_INT(0, store_turns(law_store, "c1", note_turn, NULL));
	CHECK_STR("1 callee \"Hi?\" 0 0 0|2 bot \"Hello\" 400 1 812|",
	          law_walked);
	law_end();
}

int law_note_id(const struct store_call *c, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s ", c->id);
	return 0;
}

static const char *list(const struct store_filter *f)
{
	law_walked[0] = '\0';
	CHECK_INT(0, store_calls(law_store, f, law_note_id, NULL));
	return law_walked;
}

void store_law_lists_are_filtered_and_paged(void)
{
	struct store_filter f = {0};
	struct store_call c;
	unsigned n;
	int i;

	law_begin();
	for (i = 1; i <= 6; i++) {
		char id[16], key[16];

		snprintf(id, sizeof(id), "c%d", i);
		snprintf(key, sizeof(key), "k%d", i);
		c = law_new_call(id, key);
		c.created_ms = 100 * i;
		c.owner = i % 2 ? T("odd") : NULL;
		CHECK_INT(0, store_call_add(law_store, &c));
	}
	law_set_state("c2", STORE_RINGING);
	law_set_state("c3", STORE_FAILED);
	law_set_state("c4", STORE_RINGING);
	CHECK_STR("c6 c5 c4 c3 c2 c1 ", list(&f));
	f.limit = 2;
	CHECK_STR("c6 c5 ", list(&f));
	f.after = "c5";
	CHECK_STR("c4 c3 ", list(&f));
	f.after = "nobody";
	CHECK_INT(-ENOENT, store_calls(law_store, &f, law_note_id, NULL));
	f = (struct store_filter){.has_state = true, .state = STORE_RINGING};
	CHECK_STR("c4 c2 ", list(&f));
	f = (struct store_filter){.live = true, .since_ms = 200};
	CHECK_STR("c6 c5 c4 c2 ", list(&f));
	f = (struct store_filter){.owner = "odd"};
	CHECK_STR("c5 c3 c1 ", list(&f));
	CHECK_INT(0, store_count_live(law_store, &n));
	CHECK_INT(5, n);
	law_end();
}
