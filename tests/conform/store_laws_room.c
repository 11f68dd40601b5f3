/* The laws of room: how many calls may use a provider at once. */
#include "server/store/room.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "common/err.h"
#include "server/store/hands.h"
#include "server/store/quality.h"
#include "tests/conform/store_laws.h"

static const struct store_room of_a = {",stt:a,", 2}, of_any = {",stt:", 4};

/* A new call that uses so much; NULL: nobody knows. */
static void add(const char *id, const char *uses)
{
	const struct store_change ch = {.uses = uses};

	law_add(id);
	CHECK_INT(0, store_call_change(law_store, id, &ch, NULL, NULL, NULL));
}

static int dial_in(struct store *s, const char *id,
                   const struct store_room *rooms, size_t n)
{
	const struct store_change ch = {.has_state = true,
	                                .state = STORE_DIALING,
	                                .held = true,
	                                .rooms = rooms,
	                                .n_rooms = n,
	                                .dialed_ms = 2000};

	return store_call_change(s, id, &ch, NULL, NULL, NULL);
}

static int dial(const char *id)
{
	const struct store_room rooms[] = {of_a, of_any};

	return dial_in(law_store, id, rooms, 2);
}

static unsigned used(const char *id, const struct store_room *room)
{
	unsigned n = 99;

	CHECK_INT(0, store_room_used(law_store, id, room, &n));
	return n;
}

void store_law_a_provider_has_room_for_so_many_calls(void)
{
	law_begin();
	add("c1", ",stt:a,tts:x,");
	add("c2", ",stt:a,tts:y,");
	add("c3", ",stt:a,tts:x,");
	add("c4", ",stt:aa,");
	add("c5", ",tts:a,");
	CHECK_INT(0, used(NULL, &of_a));
	CHECK_INT(0, dial("c1"));
	CHECK_INT(1, used(NULL, &of_a));
	CHECK_INT(1, used("c2", &of_a));
	CHECK_INT(0, dial("c2"));
	CHECK_INT(ERR_LIMIT, dial("c3"));
	CHECK_INT(STORE_QUEUED, law_state_of("c3"));
	CHECK_INT(2, used("c3", &of_a));
	/* They have no use for it, whatever their names look like. */
	CHECK_INT(0, used("c4", &of_a));
	CHECK_INT(0, dial("c4"));
	CHECK_INT(0, dial("c5"));
	CHECK_INT(2, used(NULL, &of_a));
	CHECK_INT(3, used(NULL, &of_any));
	/* Whoever has its part asks for no more. */
	CHECK_INT(0, used("c1", &of_a));
	CHECK_INT(0, dial("c1"));
	law_set_state("c1", STORE_RINGING);
	law_set_state("c1", STORE_STREAMING);
	CHECK_INT(ERR_LIMIT, dial("c3"));
	law_set_state("c1", STORE_ENDED);
	law_reopen();
	CHECK_INT(1, used(NULL, &of_a));
	CHECK_INT(ERR_STALE, dial("c3"));
	law_end();
}

void store_law_a_call_of_which_nothing_is_known_may_use_anything(void)
{
	const struct store_room one = {",tts:x,", 1};

	law_begin();
	add("c1", NULL);
	add("c2", NULL);
	add("c3", ",stt:a,");
	add("c4", ",stt:b,tts:x,");
	CHECK_INT(0, dial_in(law_store, "c1", &one, 1));
	CHECK_INT(ERR_LIMIT, dial_in(law_store, "c2", &one, 1));
	CHECK_INT(ERR_LIMIT, dial_in(law_store, "c4", &one, 1));
	CHECK_INT(0, dial_in(law_store, "c3", &one, 1));
	CHECK_INT(2, used(NULL, &of_a));
	/* It is known by and by, and then it stays. */
	CHECK_INT(0,
	          store_call_change(law_store, "c1",
	                            &(struct store_change){.uses = ",tts:y,"},
	                            NULL, NULL, NULL));
	CHECK_INT(0, store_call_change(law_store, "c1",
	                               &(struct store_change){.end_by = "x"},
	                               NULL, NULL, NULL));
	CHECK_INT(0, dial_in(law_store, "c4", &one, 1));
	CHECK_INT(1, used(NULL, &of_a));
	law_end();
}

/* A call to @to that was dialled at @dialed_ms and has come to an end. */
static void made(const char *id, const char *to, int64_t dialed_ms,
                 int64_t answered_ms, int64_t ended_ms)
{
	struct store_call c = law_new_call(id, id);

	c.to = T(to);
	c.state = answered_ms ? STORE_ENDED : STORE_NO_ANSWER;
	c.call_uuid = dialed_ms == 7 ? NULL : T(id);
	c.dialed_ms = dialed_ms;
	c.answered_ms = answered_ms;
	c.ended_ms = ended_ms;
	CHECK_INT(0, store_call_add(law_store, &c));
}

static void look(int64_t since_ms, unsigned most, unsigned calls,
                 unsigned brief, unsigned abandoned)
{
	struct store_quality q = {9, 9, 9};

	CHECK_INT(0, store_quality_look(law_store, since_ms, most, &q));
	CHECK_INT(calls, q.calls);
	CHECK_INT(brief, q.brief);
	CHECK_INT(abandoned, q.abandoned);
}

void store_law_calls_that_came_to_nothing_are_counted(void)
{
	law_begin();
	look(0, 10, 0, 0, 0);
	made("c1", "+15551230001", 100, 0, 5000);
	made("c2", "+15551230002", 200, 1000, 1001);
	made("c3", "+15551230003", 300, 1000, 7999);
	made("c4", "+15551230004", 400, 1000, 8000);
	/* The carrier does not count India, nor what it did not take. */
	made("c5", "+915551230005", 500, 0, 5000);
	made("c6", "+15551230006", 7, 0, 5000);
	/* These were not dialled, or are not over. */
	made("c7", "+15551230007", 0, 0, 5000);
	law_add("c8");
	law_set_state("c8", STORE_STREAMING);
	look(0, 10, 4, 2, 1);
	look(100, 10, 3, 2, 0);
	look(0, 2, 2, 1, 0);
	look(400, 10, 0, 0, 0);
	law_end();
}

enum { CALLERS = 8, CALLS = 6, ROOM = 3, LOOKS = 5 };

static atomic_uint now, most;

struct caller {
	pthread_t thread;
	struct store *s;
	unsigned n, dialled;
};

/* Dial each of one's own calls and end it, not before all of the room was had
 * for once. */
static void *call_around(void *arg)
{
	static const struct store_room room = {",stt:a,", ROOM};
	static const struct store_change over = {.has_state = true,
	                                         .state = STORE_ENDED};
	struct caller *c = arg;
	char id[CALLS][16];

	for (unsigned i = 0; i < CALLS; i++)
		snprintf(id[i], sizeof(id[i]), "r%u-%u", c->n, i);
	while (c->dialled < CALLS) {
		int err = dial_in(c->s, id[c->dialled], &room, 1);
		unsigned up, was;

		if (err == ERR_LIMIT)
			continue;
		ASSERT(!err);
		up = atomic_fetch_add(&now, 1) + 1;
		was = atomic_load(&most);
		while (was < up &&
		       !atomic_compare_exchange_weak(&most, &was, up))
			;
		for (unsigned i = 0; i < LOOKS || atomic_load(&most) < ROOM;
		     i++)
			ASSERT(!store_room_used(c->s, NULL, &room, &was));
		atomic_fetch_sub(&now, 1);
		ASSERT(!store_call_change(c->s, id[c->dialled], &over, NULL,
		                          NULL, NULL));
		c->dialled++;
	}
	return NULL;
}

void law_race_for_room(struct store *const *servers, unsigned n)
{
	struct caller callers[CALLERS];

	atomic_store(&now, 0);
	atomic_store(&most, 0);
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){.s = servers[i % n], .n = i};
		for (unsigned k = 0; k < CALLS; k++) {
			char id[16];
			struct store_call c;
			const struct store_change ch = {.uses = ",stt:a,"};

			snprintf(id, sizeof(id), "r%u-%u", i, k);
			c = law_new_call(id, id);
			CHECK_INT(0, store_call_add(callers[i].s, &c));
			CHECK_INT(0, store_call_change(callers[i].s, id, &ch,
			                               NULL, NULL, NULL));
		}
	}
	for (unsigned i = 0; i < CALLERS; i++)
		CHECK_INT(0, pthread_create(&callers[i].thread, NULL,
		                            call_around, &callers[i]));
	for (unsigned i = 0; i < CALLERS; i++)
		CHECK_INT(0, pthread_join(callers[i].thread, NULL));
	/* All of it was used, and never more. */
	CHECK_INT(ROOM, atomic_load(&most));
}

void store_law_many_race_for_the_last_room_and_one_has_it(void)
{
	law_begin();
	law_race_for_room(&law_store, 1);
	law_end();
}
