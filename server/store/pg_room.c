#include <errno.h>

#include "common/err.h"
#include "server/store/pg.h"
#include "server/store/pg_ops.h"

static int look(struct pg_conn *c, const char *id,
                const struct store_room *room, unsigned *used)
{
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&a, id);
	pg_text(&a, room->what);
	err = pg_run(c, PG_ROOM_USED, &a, &r);
	if (!err)
		*used = (unsigned)pg_num(r, 0, 0);
	PQclear(r);
	return err;
}

struct looking {
	const char *id;
	const struct store_room *room;
	unsigned used;
};

static int look_work(struct pg_conn *c, bool again, void *arg)
{
	struct looking *l = arg;

	(void)again;
	return look(c, l->id, l->room, &l->used);
}

int pg_room_used(struct store *s, const char *id, const struct store_room *room,
                 unsigned *used)
{
	struct looking l = {id, room, 0};
	int err = pg_do(s, look_work, &l);

	*used = l.used;
	return err;
}

int pg_rooms_lock(struct pg_conn *c, const struct store_change *change)
{
	if (!change || !change->n_rooms)
		return 0;
	return pg_run(c, PG_ROOM_LOCK, NULL, NULL);
}

int pg_rooms_check(struct pg_conn *c, const char *id,
                   const struct store_change *change)
{
	for (size_t i = 0; change && i < change->n_rooms; i++) {
		unsigned used = 0;
		int err = look(c, id, &change->rooms[i], &used);

		if (err)
			return err;
		if (used >= change->rooms[i].max)
			return ERR_LIMIT;
	}
	return 0;
}

struct judging {
	int64_t since_ms;
	unsigned most;
	struct store_quality *q;
};

static int judge_work(struct pg_conn *c, bool again, void *arg)
{
	const struct judging *j = arg;
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	(void)again;
	pg_int(&a, j->since_ms);
	pg_int(&a, j->most);
	pg_int(&a, STORE_SHORT_MS);
	err = pg_run(c, PG_QUALITY, &a, &r);
	if (!err) {
		j->q->calls = (unsigned)pg_num(r, 0, 0);
		j->q->brief = (unsigned)pg_num(r, 0, 1);
		j->q->abandoned = (unsigned)pg_num(r, 0, 2);
	}
	PQclear(r);
	return err;
}

int pg_quality(struct store *s, int64_t since_ms, unsigned most,
               struct store_quality *q)
{
	struct judging j = {since_ms, most, q};

	return pg_do(s, judge_work, &j);
}
