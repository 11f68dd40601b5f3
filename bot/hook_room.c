#define _POSIX_C_SOURCE 200809L
#include "bot/hook_room.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "bot/net/net.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/utf8.h"

enum {
	TICKET_BITS = 20, /* of a number: the ticket; the rest is the call */
	WAKE_MS_MAX = 24 * 3600 * 1000,
	NAME_MAX_LEN = 64, /* [bytes] of what is recorded */
	POSTS_MAX = 10000, /* not run yet: a thread that floods the loop */
};

/* What a thread has handed in. */
struct post {
	struct post *next;
	void (*run)(void *arg);
	void *arg;
};

/* One bot, one loop: the functions of the host have no other way here. */
static struct {
	struct link seats;
	uint64_t last;
	struct net_wake *wake;
	_Atomic(struct post *) posts; /* last in, first out */
	atomic_uint n_posts;
	atomic_bool open;
} room = {.seats = {&room.seats, &room.seats}};

/* ---- the deadline ----------------------------------------------------------- */

uint64_t hook_watch(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void hook_watched(uint64_t since, const char *hooks, const char *hook,
                  const char *call_id)
{
	const uint64_t us = hook_watch() - since;

	if (us > DIALOUT_DEADLINE_MS * 1000U)
		log_line(LOG_WARN, "hooks", call_id,
		         "event=slow hooks=%s hook=%s ms=%llu deadline=%d",
		         hooks, hook, (unsigned long long)us / 1000,
		         DIALOUT_DEADLINE_MS);
}

/* ---- seats ------------------------------------------------------------------ */

void hook_room_enter(struct hook_seat *seat, const struct hook_seat_ops *ops,
                     void *arg)
{
	seat->call = ++room.last;
	seat->ops = ops;
	seat->arg = arg;
	list_append(&room.seats, &seat->link);
}

void hook_room_leave(struct hook_seat *seat)
{
	if (!seat->call)
		return;
	seat->call = 0;
	list_remove(&seat->link);
}

uint64_t hook_room_ticket(struct hook_seat *seat)
{
	return seat->call << TICKET_BITS |
	       (++seat->tickets & ((1U << TICKET_BITS) - 1));
}

static struct hook_seat *seat_of(uint64_t call)
{
	for (struct link *l = room.seats.next; l != &room.seats; l = l->next) {
		struct hook_seat *seat =
			CONTAINER_OF(l, struct hook_seat, link);

		if (seat->call == call)
			return seat;
	}
	return NULL;
}

/* ---- what hooks may call ---------------------------------------------------- */

static bool text_ok(const char *text, size_t max)
{
	const size_t len = text ? strnlen(text, max + 1) : max + 1;
	size_t n = 0;

	for (size_t i = 0; i < len && len <= max; i += n) {
		n = utf8_len(text + i, len - i);
		if (!n)
			return false;
	}
	return len <= max;
}

static int host_get(uint64_t call, const char *path, char *dst, size_t cap)
{
	const struct hook_seat *seat = seat_of(call);

	if (!path || !dst || !cap)
		return DIALOUT_INVALID;
	dst[0] = '\0';
	return seat ? seat->ops->get(seat->arg, path, dst, cap) : DIALOUT_GONE;
}

static int host_set(uint64_t call, const char *name, const char *value)
{
	const struct hook_seat *seat = seat_of(call);

	if (!text_ok(name, DIALOUT_TEXT_MAX) || !name[0] ||
	    !text_ok(value, DIALOUT_TEXT_MAX))
		return DIALOUT_INVALID;
	return seat ? seat->ops->set(seat->arg, name, value) : DIALOUT_GONE;
}

static int host_say(uint64_t call, const char *text)
{
	const struct hook_seat *seat = seat_of(call);

	if (!text_ok(text, DIALOUT_TEXT_MAX) || !text[0])
		return DIALOUT_INVALID;
	return seat ? seat->ops->say(seat->arg, text) : DIALOUT_GONE;
}

static int host_answer(uint64_t ticket, const char *result)
{
	const struct hook_seat *seat = seat_of(ticket >> TICKET_BITS);

	if (!text_ok(result, DIALOUT_RESULT_MAX))
		return DIALOUT_INVALID;
	return seat ? seat->ops->answer(seat->arg, ticket, result)
	            : DIALOUT_GONE;
}

static int host_end(uint64_t call, const char *last_words)
{
	const struct hook_seat *seat = seat_of(call);

	/* The words pass through what fills in {{…}}. */
	if (last_words && (!text_ok(last_words, DIALOUT_TEXT_MAX) ||
	                   strstr(last_words, "{{")))
		return DIALOUT_INVALID;
	return seat ? seat->ops->end(seat->arg, last_words) : DIALOUT_GONE;
}

static int host_record(uint64_t call, const char *name, const char *text)
{
	const struct hook_seat *seat = seat_of(call);

	if (!text_ok(name, NAME_MAX_LEN) || !name[0] ||
	    !text_ok(text, DIALOUT_TEXT_MAX))
		return DIALOUT_INVALID;
	return seat ? seat->ops->record(seat->arg, name, text) : DIALOUT_GONE;
}

static int host_wake(uint64_t call, uint32_t ms)
{
	const struct hook_seat *seat = seat_of(call);

	if (ms > WAKE_MS_MAX)
		return DIALOUT_INVALID;
	return seat ? seat->ops->wake(seat->arg, ms) : DIALOUT_GONE;
}

static int host_keep(uint64_t call, const char *text)
{
	const struct hook_seat *seat = seat_of(call);

	if (!text_ok(text, DIALOUT_KEPT_MAX))
		return DIALOUT_INVALID;
	return seat ? seat->ops->keep(seat->arg, text) : DIALOUT_GONE;
}

static void host_log(uint64_t call, const char *text)
{
	const struct hook_seat *seat = seat_of(call);

	log_line(LOG_INFO, "hooks", seat ? seat->ops->name(seat->arg) : NULL,
	         "event=said text=%s", LOG_TEXT(text ? text : ""));
}

/* ---- other threads ---------------------------------------------------------- */

static int host_post(void (*run)(void *arg), void *arg)
{
	struct post *p;

	if (!run)
		return DIALOUT_INVALID;
	if (!atomic_load(&room.open))
		return DIALOUT_GONE;
	if (atomic_fetch_add(&room.n_posts, 1) >= POSTS_MAX) {
		atomic_fetch_sub(&room.n_posts, 1);
		return DIALOUT_FULL;
	}
	p = mem_alloc(sizeof(*p));
	if (!p) {
		atomic_fetch_sub(&room.n_posts, 1);
		return DIALOUT_NO_MEMORY;
	}
	*p = (struct post){atomic_load(&room.posts), run, arg};
	while (!atomic_compare_exchange_weak(&room.posts, &p->next, p))
		;
	net_wake_send(room.wake);
	return DIALOUT_OK;
}

/* All that was handed in, the first one first. */
static struct post *take_posts(void)
{
	struct post *p = atomic_exchange(&room.posts, NULL), *first = NULL;

	while (p) {
		struct post *next = p->next;

		p->next = first;
		first = p;
		p = next;
	}
	return first;
}

static void on_wake(void *arg)
{
	struct post *p = take_posts();

	(void)arg;
	while (p) {
		struct post *next = p->next;
		const uint64_t since = hook_watch();

		atomic_fetch_sub(&room.n_posts, 1);
		p->run(p->arg);
		hook_watched(since, "?", "post", NULL);
		mem_free(p);
		p = next;
	}
}

int hook_room_open(struct net *net)
{
	const int err = net_wake_open(&room.wake, net, on_wake, NULL);

	if (!err)
		atomic_store(&room.open, true);
	return err;
}

void hook_room_close(void)
{
	struct post *p;

	atomic_store(&room.open, false);
	net_wake_close(&room.wake);
	for (p = take_posts(); p;) {
		struct post *next = p->next;

		mem_free(p);
		p = next;
	}
	atomic_store(&room.n_posts, 0);
}

const struct dialout_host hook_room_host = {
	.abi = DIALOUT_ABI,
	.size = sizeof(hook_room_host),
	.get = host_get,
	.set = host_set,
	.say = host_say,
	.answer = host_answer,
	.end = host_end,
	.record = host_record,
	.wake = host_wake,
	.post = host_post,
	.log = host_log,
	.keep = host_keep,
};
