#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "server/store/pg.h"
#include "server/store/pg_ops.h"

/* The columns of a call as the statements name them: texts, then the state,
 * then numbers. */
static const size_t call_texts[] = {
	offsetof(struct store_call, id),
	offsetof(struct store_call, key),
	offsetof(struct store_call, to),
	offsetof(struct store_call, from),
	offsetof(struct store_call, phone_number),
	offsetof(struct store_call, agent),
	offsetof(struct store_call, body),
	offsetof(struct store_call, base_url),
	offsetof(struct store_call, owner),
	offsetof(struct store_call, idem_key),
	offsetof(struct store_call, idem_hash),
	offsetof(struct store_call, answer),
	offsetof(struct store_call, call_uuid),
	offsetof(struct store_call, reservation),
	offsetof(struct store_call, bot),
	offsetof(struct store_call, stream_url),
	offsetof(struct store_call, end_by),
	offsetof(struct store_call, end_cause),
	offsetof(struct store_call, error),
	offsetof(struct store_call, events_url),
	offsetof(struct store_call, hours),
};

enum {
	TEXTS = (int)ARRAY_LEN(call_texts),
	LIST_MAX = 1000,     /* calls in one answer unless asked for less */
	RANK_ABOVE_ALL = 99, /* no state has it */
	STATE_ID_MAX = 128,  /* [bytes] of a call's id and a state */
};

static char **text_of(struct store_call *c, int i)
{
	return (char **)(void *)((char *)c + call_texts[i]);
}

static int read_call(const PGresult *r, int row, struct store_call *c)
{
	int i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < TEXTS; i++) {
		const char *text = pg_col(r, row, i);

		if (!text)
			continue;
		*text_of(c, i) = mem_strdup(text);
		if (!*text_of(c, i)) {
			store_call_fini(c);
			return -ENOMEM;
		}
	}
	if (store_state_parse(pg_col(r, row, i++), &c->state)) {
		store_call_fini(c);
		return -EIO;
	}
	c->answer_status = (int)pg_num(r, row, i++);
	c->end_code = (int)pg_num(r, row, i++);
	c->created_ms = pg_num(r, row, i++);
	c->dialed_ms = pg_num(r, row, i++);
	c->answered_ms = pg_num(r, row, i++);
	c->ended_ms = pg_num(r, row, i++);
	c->reserved_sec = pg_num(r, row, i++);
	c->not_before_ms = pg_num(r, row, i++);
	c->expires_ms = pg_num(r, row, i++);
	c->priority = (int)pg_num(r, row, i++);
	c->detect_machine = pg_num(r, row, i) != 0;
	return 0;
}

struct getting {
	enum pg_sql sql;
	const char *a, *b;
	PGresult *r;
};

static int get_work(struct pg_conn *c, bool again, void *arg)
{
	struct getting *g = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_text(&a, g->a);
	if (g->sql == PG_CALL_BY_IDEM)
		pg_text(&a, g->b);
	return pg_run(c, g->sql, &a, &g->r);
}

static int get(struct store *s, enum pg_sql sql, const char *a, const char *b,
               struct store_call *out)
{
	struct getting g = {.sql = sql, .a = a, .b = b};
	int err = pg_do(s, get_work, &g);

	if (err)
		return err;
	err = PQntuples(g.r) ? read_call(g.r, 0, out) : -ENOENT;
	PQclear(g.r);
	return err;
}

int pg_call_get(struct store *s, enum store_by by, const char *value,
                struct store_call *out)
{
	return get(s, PG_CALL_BY_ID + by, value, NULL, out);
}

int pg_call_idem(struct store *s, const char *owner, const char *idem_key,
                 struct store_call *out)
{
	return get(s, PG_CALL_BY_IDEM, owner, idem_key, out);
}

/* Nobody else has its key. */
int pg_is_added(struct pg_conn *c, const struct store_call *call)
{
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&a, call->id);
	err = pg_run(c, PG_CALL_BY_ID, &a, &r);
	if (err)
		return err;
	if (!PQntuples(r))
		err = -ENOENT;
	else if (strcmp(pg_col(r, 0, 1), call->key) != 0)
		err = -EEXIST;
	PQclear(r);
	return err;
}

int pg_insert(struct pg_conn *c, const struct store_call *call)
{
	struct store_call copy = *call;
	struct pg_args a = {.n = 0};

	for (int i = 0; i < TEXTS; i++)
		pg_text(&a, *text_of(&copy, i));
	pg_text(&a, store_state_text(call->state));
	pg_int(&a, call->answer_status);
	pg_int(&a, call->end_code);
	pg_int(&a, call->created_ms);
	pg_int(&a, call->dialed_ms);
	pg_int(&a, call->answered_ms);
	pg_int(&a, call->ended_ms);
	pg_int(&a, call->reserved_sec);
	pg_int(&a, call->not_before_ms);
	pg_int(&a, call->expires_ms);
	pg_int(&a, call->priority);
	pg_int(&a, store_state_rank(call->state));
	/* What is scheduled is in nobody's hands. */
	pg_text(&a, call->state == STORE_SCHEDULED ? NULL : c->pg->base.self);
	pg_int(&a, call->not_before_ms);
	return pg_run(c, PG_CALL_ADD, &a, NULL);
}

static int add_work(struct pg_conn *c, bool again, void *arg)
{
	const struct store_call *call = arg;
	int err = pg_insert(c, call);

	/* An attempt that was cut off may have written it. */
	if (err == -EEXIST && again && !pg_is_added(c, call))
		err = 0;
	return err;
}

int pg_call_add(struct store *s, const struct store_call *c)
{
	struct store_call copy = *c;

	return pg_do(s, add_work, &copy);
}

static int add_event(struct pg_conn *c, const char *id,
                     const struct store_event *ev)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, id);
	pg_text(&a, ev->dedupe);
	pg_text(&a, ev->source);
	pg_text(&a, ev->type);
	pg_text(&a, ev->data);
	pg_int(&a, ev->at_ms);
	return pg_run(c, PG_EVENT_ADD, &a, NULL);
}

static int put_turn(struct pg_conn *c, const char *id,
                    const struct store_turn *t)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, id);
	pg_int(&a, t->n);
	pg_text(&a, t->role);
	pg_text(&a, t->text);
	pg_int(&a, t->heard_ms);
	pg_int(&a, t->at_ms);
	pg_int(&a, t->interrupted);
	pg_int(&a, t->speech_end);
	pg_int(&a, t->final);
	pg_int(&a, t->first_token);
	pg_int(&a, t->first_audio);
	pg_int(&a, t->heard);
	return pg_run(c, PG_TURN_PUT, &a, NULL);
}

static int apply(struct pg_conn *c, const char *id,
                 const struct store_change *ch)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, id);
	pg_int(&a, ch->has_state ? store_state_rank(ch->state) : 0);
	pg_text(&a, store_state_text(ch->state));
	pg_text(&a, ch->call_uuid);
	pg_text(&a, ch->reservation);
	pg_text(&a, ch->bot);
	pg_text(&a, ch->stream_url);
	pg_text(&a, ch->end_by);
	pg_text(&a, ch->end_cause);
	pg_int(&a, ch->end_code);
	pg_text(&a, ch->error);
	pg_text(&a, ch->answer);
	pg_int(&a, ch->answer_status);
	pg_int(&a, ch->dialed_ms);
	pg_int(&a, ch->answered_ms);
	pg_int(&a, ch->ended_ms);
	pg_text(&a, ch->uses);
	pg_int(&a, ch->detect_machine);
	return pg_run(c, PG_CALL_CHANGE, &a, NULL);
}

/* What is new goes into the outbox. @moved: NULL if the state is as it was. */
static int tell(struct pg_conn *c, const char *id,
                const struct store_change *moved, const struct store_event *ev)
{
	char event_id[STATE_ID_MAX], data[64];
	int err = 0;

	if (moved) {
		const char *state = store_state_text(moved->state);

		/* Each comes once: ranks only grow. */
		snprintf(event_id, sizeof(event_id), "%s-%s", id, state);
		snprintf(data, sizeof(data), "\"%s\"", state);
		err = pg_letter_add(c, id, event_id, "state", data,
		                    ev ? ev->at_ms : 0);
	}
	if (!err && ev && ev->tell)
		err = pg_letter_add(c, id, ev->dedupe, ev->type, ev->data,
		                    ev->at_ms);
	return err;
}

struct changing {
	const char *id;
	const struct store_change *change;
	const struct store_event *ev;
	const struct store_turn *turn;
	unsigned first_rank, rank; /* before the first attempt, and this */
	bool seen;                 /* the first one was */
	bool done;                 /* by an attempt whose end nobody heard */
};

/* Lock the row. */
static int look(struct pg_conn *c, struct changing *ch)
{
	const bool dials = ch->change && ch->change->has_state &&
	                   ch->change->state == STORE_DIALING;
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&a, ch->id);
	pg_text(&a, c->pg->base.self);
	/* Who dials must live by the database's clock, too. */
	pg_text(&a, dials ? "true" : "false");
	err = pg_run(c, PG_CALL_LOCK, &a, &r);
	if (err)
		return err;
	if (PQntuples(r)) {
		ch->rank = (unsigned)pg_num(r, 0, 0);
		err = store_may_change(
			ch->change, ch->rank, *pg_col(r, 0, 1) == 't',
			*pg_col(r, 0, 2) == 't', *pg_col(r, 0, 3) == 't');
	} else {
		err = -ENOENT;
	}
	if (!err && !ch->seen) {
		ch->first_rank = ch->rank;
		ch->seen = true;
	}
	PQclear(r);
	return err;
}

static bool goes_on(const struct changing *ch, unsigned from)
{
	return ch->change && ch->change->has_state &&
	       store_state_rank(ch->change->state) > from;
}

static int change_work(struct pg_conn *c, bool again, void *arg)
{
	struct changing *ch = arg;
	int err = pg_begin(c);

	if (!err)
		err = pg_rooms_lock(c, ch->change);
	if (!err)
		err = look(c, ch);
	if (!err)
		err = pg_rooms_check(c, ch->id, ch->change);
	if (!err && ch->ev) {
		err = add_event(c, ch->id, ch->ev);
		/* With the event came all the rest. */
		ch->done = err == -EEXIST && again;
	}
	if (!err && ch->change)
		err = apply(c, ch->id, ch->change);
	if (!err && ch->turn)
		err = put_turn(c, ch->id, ch->turn);
	if (!err && goes_on(ch, ch->rank) && ch->change->row_due_ms &&
	    ch->change->state == STORE_FAILED)
		err = pg_row_return(c, ch->id, ch->change->row_due_ms,
		                    ch->change->row_why);
	if (!err)
		err = tell(c, ch->id, goes_on(ch, ch->rank) ? ch->change : NULL,
		           ch->ev);
	return pg_end(c, err);
}

int pg_call_change(struct store *s, const char *id,
                   const struct store_change *change,
                   const struct store_event *ev, const struct store_turn *turn,
                   bool *moved)
{
	struct changing ch = {
		.id = id, .change = change, .ev = ev, .turn = turn};
	int err = pg_do(s, change_work, &ch);

	if (err == -EEXIST && ch.done)
		err = 0;
	*moved = !err && goes_on(&ch, ch.first_rank);
	return err;
}

struct listing {
	const struct store_filter *f;
	PGresult *r;
};

static int find_seq(struct pg_conn *c, const char *id, int64_t *seq)
{
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&a, id);
	err = pg_run(c, PG_CALL_SEQ, &a, &r);
	if (err)
		return err;
	if (PQntuples(r))
		*seq = pg_num(r, 0, 0);
	else
		err = -ENOENT;
	PQclear(r);
	return err;
}

static int list_work(struct pg_conn *c, bool again, void *arg)
{
	struct listing *l = arg;
	const struct store_filter *f = l->f;
	struct pg_args a = {.n = 0};
	int64_t before = INT64_MAX;
	int err = f->after ? find_seq(c, f->after, &before) : 0;

	(void)again;
	if (err)
		return err;
	pg_text(&a, f->has_state ? store_state_text(f->state) : NULL);
	pg_int(&a, f->live ? store_state_rank(STORE_ENDED) : RANK_ABOVE_ALL);
	pg_text(&a, f->owner);
	pg_int(&a, f->since_ms);
	pg_int(&a, before);
	pg_int(&a, f->limit ? f->limit : LIST_MAX);
	return pg_run(c, PG_CALL_LIST, &a, &l->r);
}

int pg_calls(struct store *s, const struct store_filter *f, store_call_h *h,
             void *arg)
{
	struct listing l = {.f = f};
	int err = pg_do(s, list_work, &l);

	for (int row = 0; !err && row < PQntuples(l.r); row++) {
		struct store_call c;

		err = read_call(l.r, row, &c);
		if (err)
			break;
		err = h(&c, arg);
		store_call_fini(&c);
		if (err > 0)
			err = 0;
	}
	PQclear(l.r);
	return err;
}

struct counting {
	enum pg_sql sql;
	unsigned n;
};

static int count_work(struct pg_conn *c, bool again, void *arg)
{
	struct counting *ct = arg;
	PGresult *r = NULL;
	int err = pg_run(c, ct->sql, NULL, &r);

	(void)again;
	if (!err)
		ct->n = (unsigned)pg_num(r, 0, 0);
	PQclear(r);
	return err;
}

int pg_count(struct store *s, bool scheduled, unsigned *n)
{
	struct counting ct = {scheduled ? PG_COUNT_SCHEDULED : PG_COUNT_LIVE,
	                      0};
	int err = pg_do(s, count_work, &ct);

	if (!err)
		*n = ct.n;
	return err;
}
