#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

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

int sq_insert(struct sq_conn *w, const struct store_call *c)
{
	struct store_call copy = *c;
	int i, err;
	sqlite3_stmt *st = sq_use(w, SQ_CALL_ADD, &err);

	if (!st)
		return err;
	for (i = 0; i < TEXTS; i++)
		sq_text_at(st, i + 1, *text_of(&copy, i));
	sq_text_at(st, ++i, store_state_text(c->state));
	sq_int_at(st, ++i, c->answer_status);
	sq_int_at(st, ++i, c->end_code);
	sq_int_at(st, ++i, c->created_ms);
	sq_int_at(st, ++i, c->dialed_ms);
	sq_int_at(st, ++i, c->answered_ms);
	sq_int_at(st, ++i, c->ended_ms);
	sq_int_at(st, ++i, c->reserved_sec);
	sq_int_at(st, ++i, c->not_before_ms);
	sq_int_at(st, ++i, c->expires_ms);
	sq_int_at(st, ++i, c->priority);
	sq_int_at(st, ++i, store_state_rank(c->state));
	/* What is scheduled is in nobody's hands. */
	sq_text_at(st, ++i,
	           c->state == STORE_SCHEDULED
	                   ? NULL
	                   : CONTAINER_OF(w, struct sqlite, writer)->base.self);
	sq_int_at(st, ++i, c->not_before_ms);
	return sq_run(w, st);
}

int sq_call_add(struct store *s, const struct store_call *c)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = sq_insert(w, c);
	pthread_mutex_unlock(&w->lock);
	return err;
}

static int read_call(sqlite3_stmt *st, struct store_call *c)
{
	int i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < TEXTS; i++) {
		const char *text = sq_col(st, i);

		if (!text)
			continue;
		*text_of(c, i) = mem_strdup(text);
		if (!*text_of(c, i)) {
			store_call_fini(c);
			return -ENOMEM;
		}
	}
	if (store_state_parse(sq_col(st, i++), &c->state)) {
		store_call_fini(c);
		return -EIO;
	}
	c->answer_status = sqlite3_column_int(st, i++);
	c->end_code = sqlite3_column_int(st, i++);
	c->created_ms = sqlite3_column_int64(st, i++);
	c->dialed_ms = sqlite3_column_int64(st, i++);
	c->answered_ms = sqlite3_column_int64(st, i++);
	c->ended_ms = sqlite3_column_int64(st, i++);
	c->reserved_sec = sqlite3_column_int64(st, i++);
	c->not_before_ms = sqlite3_column_int64(st, i++);
	c->expires_ms = sqlite3_column_int64(st, i++);
	c->priority = sqlite3_column_int(st, i++);
	c->detect_machine = sqlite3_column_int(st, i) != 0;
	return 0;
}

static int get(struct store *s, enum sq_sql sql, const char *a, const char *b,
               struct store_call *out)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, sql, &err);
	if (st) {
		sq_text_at(st, 1, a);
		if (sql == SQ_CALL_BY_IDEM)
			sq_text_at(st, 2, b);
		err = sq_step(r, st);
		if (!err)
			err = -ENOENT;
		else if (err == 1)
			err = read_call(st, out);
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_call_get(struct store *s, enum store_by by, const char *value,
                struct store_call *out)
{
	return get(s, SQ_CALL_BY_ID + by, value, NULL, out);
}

int sq_call_idem(struct store *s, const char *owner, const char *idem_key,
                 struct store_call *out)
{
	return get(s, SQ_CALL_BY_IDEM, owner, idem_key, out);
}

static int add_event(struct sq_conn *w, const char *id,
                     const struct store_event *ev)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_EVENT_ADD, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	sq_text_at(st, 2, ev->dedupe);
	sq_text_at(st, 3, ev->source);
	sq_text_at(st, 4, ev->type);
	sq_text_at(st, 5, ev->data);
	sq_int_at(st, 6, ev->at_ms);
	return sq_run(w, st);
}

static int put_turn(struct sq_conn *w, const char *id,
                    const struct store_turn *t)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_TURN_PUT, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	sq_int_at(st, 2, t->n);
	sq_text_at(st, 3, t->role);
	sq_text_at(st, 4, t->text);
	sq_int_at(st, 5, t->heard_ms);
	sq_int_at(st, 6, t->at_ms);
	sq_int_at(st, 7, t->interrupted);
	sq_int_at(st, 8, t->speech_end);
	sq_int_at(st, 9, t->final);
	sq_int_at(st, 10, t->first_token);
	sq_int_at(st, 11, t->first_audio);
	sq_int_at(st, 12, t->heard);
	return sq_run(w, st);
}

/* One number of one row by a text. -ENOENT. */
static int number(struct sq_conn *c, enum sq_sql sql, const char *id,
                  int64_t *v)
{
	int err;
	sqlite3_stmt *st = sq_use(c, sql, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	err = sq_step(c, st);
	if (err == 1)
		*v = sqlite3_column_int64(st, 0);
	sq_done(st);
	if (!err)
		return -ENOENT;
	return err < 0 ? err : 0;
}

/* The call's rank, if @ch may be made. */
static int look(struct sq_conn *w, const char *id,
                const struct store_change *ch, int64_t *rank)
{
	const char *self = CONTAINER_OF(w, struct sqlite, writer)->base.self;
	const char *holder;
	bool ends;
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CALL_RANK, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	err = sq_step(w, st);
	if (!err)
		err = -ENOENT;
	if (err == 1) {
		*rank = sqlite3_column_int64(st, 0);
		holder = sq_col(st, 1);
		ends = sq_col(st, 2) != NULL;
		err = store_may_change(ch, (unsigned)*rank,
		                       holder && !strcmp(holder, self), ends,
		                       sqlite3_column_int(st, 3) == 202);
	}
	sq_done(st);
	return err;
}

static int apply(struct sq_conn *w, const char *id,
                 const struct store_change *ch)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CALL_CHANGE, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	sq_int_at(st, 2, ch->has_state ? store_state_rank(ch->state) : 0);
	sq_text_at(st, 3, store_state_text(ch->state));
	sq_text_at(st, 4, ch->call_uuid);
	sq_text_at(st, 5, ch->reservation);
	sq_text_at(st, 6, ch->bot);
	sq_text_at(st, 7, ch->stream_url);
	sq_text_at(st, 8, ch->end_by);
	sq_text_at(st, 9, ch->end_cause);
	sq_int_at(st, 10, ch->end_code);
	sq_text_at(st, 11, ch->error);
	sq_text_at(st, 12, ch->answer);
	sq_int_at(st, 13, ch->answer_status);
	sq_int_at(st, 14, ch->dialed_ms);
	sq_int_at(st, 15, ch->answered_ms);
	sq_int_at(st, 16, ch->ended_ms);
	sq_text_at(st, 17, ch->uses);
	sq_int_at(st, 18, ch->detect_machine);
	return sq_run(w, st);
}

/* What is new goes into the outbox. @moved: NULL if the state is as it was. */
static int tell(struct sq_conn *w, const char *id,
                const struct store_change *moved, const struct store_event *ev)
{
	char event_id[STATE_ID_MAX], data[64];
	int err = 0;

	if (moved) {
		const char *state = store_state_text(moved->state);

		/* Each comes once: ranks only grow. */
		snprintf(event_id, sizeof(event_id), "%s-%s", id, state);
		snprintf(data, sizeof(data), "\"%s\"", state);
		err = sq_letter_add(w, id, event_id, "state", data,
		                    ev ? ev->at_ms : 0);
	}
	if (!err && ev && ev->tell)
		err = sq_letter_add(w, id, ev->dedupe, ev->type, ev->data,
		                    ev->at_ms);
	return err;
}

int sq_call_change(struct store *s, const char *id,
                   const struct store_change *change,
                   const struct store_event *ev, const struct store_turn *turn,
                   bool *moved)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int64_t rank = 0;
	bool on = false;
	int err;

	*moved = false;
	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (err)
		goto out;
	err = look(w, id, change, &rank);
	if (!err && change)
		err = sq_rooms_check(w, id, change);
	if (!err && ev)
		err = add_event(w, id, ev);
	if (!err && change)
		err = apply(w, id, change);
	if (!err && turn)
		err = put_turn(w, id, turn);
	on = change && change->has_state &&
	     store_state_rank(change->state) > rank;
	if (!err && on && change->row_due_ms && change->state == STORE_FAILED)
		err = sq_row_return(w, id, change->row_due_ms, change->row_why);
	if (!err)
		err = tell(w, id, on ? change : NULL, ev);
	err = sq_end(w, err);
	*moved = !err && on;
out:
	pthread_mutex_unlock(&w->lock);
	return err;
}

static int walk(struct sq_conn *r, sqlite3_stmt *st, store_call_h *h, void *arg)
{
	int err;

	for (;;) {
		struct store_call c;

		err = sq_step(r, st);
		if (err <= 0)
			return err;
		err = read_call(st, &c);
		if (err)
			return err;
		err = h(&c, arg);
		store_call_fini(&c);
		if (err < 0)
			return err;
	}
}

int sq_calls(struct store *s, const struct store_filter *f, store_call_h *h,
             void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	int64_t before = INT64_MAX;
	sqlite3_stmt *st = NULL;
	int err = 0;

	pthread_mutex_lock(&r->lock);
	if (f->after)
		err = number(r, SQ_CALL_SEQ, f->after, &before);
	if (!err)
		st = sq_use(r, SQ_CALL_LIST, &err);
	if (st) {
		sq_text_at(st, 1,
		           f->has_state ? store_state_text(f->state) : NULL);
		sq_int_at(st, 2,
		          f->live ? store_state_rank(STORE_ENDED)
		                  : RANK_ABOVE_ALL);
		sq_text_at(st, 3, f->owner);
		sq_int_at(st, 4, f->since_ms);
		sq_int_at(st, 5, before);
		sq_int_at(st, 6, f->limit ? f->limit : LIST_MAX);
		err = walk(r, st, h, arg);
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_count(struct store *s, bool scheduled, unsigned *n)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, scheduled ? SQ_COUNT_SCHEDULED : SQ_COUNT_LIVE, &err);
	if (st) {
		err = sq_step(r, st);
		if (err == 1)
			*n = (unsigned)sqlite3_column_int64(st, 0);
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err < 0 ? err : 0;
}
