#include "bot/reserve.h"

#include <errno.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/str.h"

struct ended {
	char id[CRYPTO_ID_LEN];
	char call_id[RESERVE_CALL_ID_MAX];
	uint64_t at_us;
};

struct reserve_table {
	struct timers *timers;
	reserve_expired_h *expired;
	void *arg;
	struct link places;
	unsigned count, bound;
	struct ended *ended; /* ring of RESERVE_ENDED_MAX */
	unsigned next;       /* of the ring, to be written */
};

int reserve_table_new(struct reserve_table **tp, struct timers *ts,
                      reserve_expired_h *expired, void *arg)
{
	struct reserve_table *t = mem_zalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->ended = mem_zalloc(RESERVE_ENDED_MAX * sizeof(*t->ended));
	if (!t->ended) {
		mem_free(t);
		return -ENOMEM;
	}
	t->timers = ts;
	t->expired = expired;
	t->arg = arg;
	list_init(&t->places);
	*tp = t;
	return 0;
}

static void destroy(struct reservation *r)
{
	struct reserve_table *t = r->table;

	timer_stop(t->timers, &r->ttl);
	list_remove(&r->link);
	t->count--;
	if (r->state == RESERVE_BOUND)
		t->bound--;
	if (r->kit)
		r->drop_kit(r->kit);
	mem_free(r->body);
	mem_free(r->past);
	mem_free(r);
}

void reserve_table_free(struct reserve_table **tp)
{
	struct reserve_table *t = *tp;

	if (!t)
		return;
	*tp = NULL;
	while (!list_empty(&t->places))
		destroy(CONTAINER_OF(t->places.next, struct reservation, link));
	mem_free(t->ended);
	mem_free(t);
}

unsigned reserve_count(const struct reserve_table *t)
{
	return t->count;
}

unsigned reserve_bound(const struct reserve_table *t)
{
	return t->bound;
}

struct reservation *reserve_find(struct reserve_table *t, const char *id)
{
	size_t len = strlen(id);

	/* Ids are secrets to some; the time taken tells nothing of them. */
	for (struct link *l = t->places.next; l != &t->places; l = l->next) {
		struct reservation *r =
			CONTAINER_OF(l, struct reservation, link);

		if (crypto_equal(r->id, strlen(r->id), id, len))
			return r;
	}
	return NULL;
}

struct reservation *reserve_find_call(struct reserve_table *t,
                                      const char *call_id)
{
	for (struct link *l = t->places.next; l != &t->places; l = l->next) {
		struct reservation *r =
			CONTAINER_OF(l, struct reservation, link);

		if (r->call_id[0] && strcmp(r->call_id, call_id) == 0)
			return r;
	}
	return NULL;
}

struct reservation *reserve_first(struct reserve_table *t)
{
	return list_empty(&t->places)
	               ? NULL
	               : CONTAINER_OF(t->places.next, struct reservation, link);
}

struct reservation *reserve_next(struct reservation *r)
{
	return r->link.next == &r->table->places
	               ? NULL
	               : CONTAINER_OF(r->link.next, struct reservation, link);
}

static bool remembered(const struct reserve_table *t, const struct ended *e)
{
	return e->id[0] && timers_now(t->timers) - e->at_us <
	                           RESERVE_ENDED_SEC * 1000000ULL;
}

bool reserve_has_ended(const struct reserve_table *t, const char *id)
{
	for (unsigned i = 0; i < RESERVE_ENDED_MAX; i++)
		if (remembered(t, &t->ended[i]) &&
		    strcmp(t->ended[i].id, id) == 0)
			return true;
	return false;
}

static bool call_has_ended(const struct reserve_table *t, const char *call_id)
{
	for (unsigned i = 0; i < RESERVE_ENDED_MAX; i++)
		if (remembered(t, &t->ended[i]) &&
		    strcmp(t->ended[i].call_id, call_id) == 0)
			return true;
	return false;
}

static void end(struct reservation *r)
{
	struct reserve_table *t = r->table;
	struct ended *e = &t->ended[t->next++ % RESERVE_ENDED_MAX];

	memcpy(e->id, r->id, sizeof(e->id));
	memcpy(e->call_id, r->call_id, sizeof(e->call_id));
	e->at_us = timers_now(t->timers);
	destroy(r);
}

static void ttl_handler(void *arg)
{
	struct reservation *r = arg;
	struct reserve_table *t = r->table;

	if (t->expired)
		t->expired(r, t->arg);
	/* Its call may have another place. */
	r->call_id[0] = '\0';
	end(r);
}

static void start_ttl(struct reservation *r)
{
	timer_start(r->table->timers, &r->ttl, r->ttl_ms, ttl_handler, r);
}

static int copy(char *dst, size_t cap, const char *text)
{
	return str_copy(dst, cap, str_of(text)) ? -EINVAL : 0;
}

static int fill(struct reservation *r, const struct reserve_params *prm)
{
	uint32_t ttl = prm->ttl_sec;

	if (copy(r->call_id, sizeof(r->call_id), prm->call_id) ||
	    copy(r->to, sizeof(r->to), prm->to) ||
	    copy(r->from, sizeof(r->from), prm->from) ||
	    copy(r->agent, sizeof(r->agent), prm->agent) ||
	    copy(r->events_url, sizeof(r->events_url), prm->events_url))
		return -EINVAL;
	if (prm->body) {
		r->body = mem_strndup(prm->body, prm->body_len);
		if (!r->body)
			return -ENOMEM;
	}
	if (prm->past) {
		r->past = mem_strndup(prm->past, prm->past_len);
		if (!r->past)
			return -ENOMEM;
	}
	r->again = prm->again;
	if (ttl > RESERVE_TTL_MAX_SEC)
		ttl = RESERVE_TTL_MAX_SEC;
	r->ttl_ms = ttl * 1000;
	crypto_id(r->id);
	return 0;
}

int reserve_add(struct reservation **rp, struct reserve_table *t,
                const struct reserve_params *prm, unsigned capacity)
{
	struct reservation *r;
	int err;

	if (prm->call_id) {
		r = reserve_find_call(t, prm->call_id);
		if (r) {
			*rp = r;
			return 0;
		}
		if (call_has_ended(t, prm->call_id))
			return ERR_STALE;
	}
	if (t->count >= capacity)
		return ERR_LIMIT;
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	err = fill(r, prm);
	if (err) {
		mem_free(r->body);
		mem_free(r->past);
		mem_free(r);
		return err;
	}
	r->table = t;
	list_append(&t->places, &r->link);
	t->count++;
	start_ttl(r);
	*rp = r;
	return 0;
}

static int set_uuid(struct reservation *r, const char *uuid)
{
	if (!uuid[0])
		return -EINVAL;
	return copy(r->uuid, sizeof(r->uuid), uuid);
}

void reserve_renew(struct reservation *r)
{
	if (r->state == RESERVE_WAITING)
		start_ttl(r);
}

int reserve_prepare(struct reservation *r, const char *uuid)
{
	int err;

	if (r->uuid[0] && strcmp(r->uuid, uuid) != 0)
		return ERR_STALE;
	err = set_uuid(r, uuid);
	if (!err && r->state == RESERVE_WAITING)
		start_ttl(r);
	return err;
}

int reserve_bind(struct reservation *r, const char *uuid)
{
	int err;

	if (r->uuid[0] && strcmp(r->uuid, uuid) != 0)
		return ERR_AUTH;
	err = set_uuid(r, uuid);
	if (err || r->state == RESERVE_BOUND)
		return err;
	r->state = RESERVE_BOUND;
	r->table->bound++;
	timer_stop(r->table->timers, &r->ttl);
	return 0;
}

void reserve_end(struct reservation **rp)
{
	struct reservation *r = *rp;

	*rp = NULL;
	if (r)
		end(r);
}
