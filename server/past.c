#include "server/past.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/js.h"
#include "server/app.h"
#include "server/store/store.h"

enum {
	TEXT_MAX = 40 * 1024, /* [bytes] of turns; escaped it may be twice */
	TURN_BYTES = 64,      /* [bytes] around a text, about */
	TURNS_MAX = 400,      /* the model is given no more of them */
	/* The last turns of the one that was lost may come late, and must not
	 * be taken for turns of the next one. */
	GAP = 8,
};

static const char REATTACHED[] = "reattached", HUNG[] = "hung";

enum { MINUTE_MS = 60000 };

struct looked {
	unsigned lost;
	int64_t ended; /* by which bot; -1: none */
	int64_t hung;  /* likewise */
};

/* What a bot says that has slept through it. */
static bool knows_end(const json_t *ev)
{
	const char *by = js_str(ev, "by", "bot");

	return strcmp(by, "callee") != 0 && strcmp(by, "error") != 0;
}

static int see_event(const struct store_event *ev, void *arg)
{
	struct looked *l = arg;
	const bool hung = !strcmp(ev->type, HUNG);
	json_t *data;
	int64_t by;

	if (!strcmp(ev->type, REATTACHED))
		l->lost++;
	if (!hung &&
	    (strcmp(ev->type, "ended") != 0 || strcmp(ev->source, "bot") != 0))
		return 0;
	data = js_parse(ev->data, strlen(ev->data), NULL, 0);
	by = js_int(data, "again", 0);
	if (hung)
		l->hung = by;
	else if (by > l->ended && (by > l->hung || knows_end(data)))
		l->ended = by;
	json_decref(data);
	return 0;
}

int past_look(struct app *app, const char *id, struct past *p)
{
	struct looked l = {.ended = -1, .hung = -1};
	int err = store_events(app->store, id, see_event, &l);

	*p = (struct past){.lost = l.lost,
	                   .ended = l.ended >= (int64_t)l.lost,
	                   .let_go = l.hung >= (int64_t)l.lost};
	return err;
}

bool past_is_end(const struct past *p, const json_t *ev)
{
	return js_int(ev, "again", 0) >= (int64_t)p->lost &&
	       (!p->let_go || knows_end(ev));
}

struct told {
	json_t *turns;
	size_t bytes;
	unsigned last;
};

static size_t bytes_of(const json_t *turn)
{
	return strlen(js_str(turn, "text", "")) + TURN_BYTES;
}

static int see_turn(const struct store_turn *t, void *arg)
{
	struct told *told = arg;
	json_t *turn = json_pack("{s:s, s:s, s:b}", "role", t->role, "text",
	                         t->text, "interrupted", (int)t->interrupted);

	if (t->n > told->last)
		told->last = t->n;
	if (!turn)
		return -ENOMEM;
	told->bytes += bytes_of(turn);
	if (json_array_append_new(told->turns, turn))
		return -ENOMEM;
	while (told->bytes > TEXT_MAX ||
	       json_array_size(told->turns) > TURNS_MAX) {
		told->bytes -= bytes_of(json_array_get(told->turns, 0));
		(void)json_array_remove(told->turns, 0);
	}
	return 0;
}

int past_write(struct app *app, const char *id, unsigned lost, struct buf *out)
{
	struct told told = {.turns = json_array()};
	int err = told.turns ? store_turns(app->store, id, see_turn, &told)
	                     : -ENOMEM;

	if (!err)
		err = buf_addf(out, "{\"n\":%u,\"from\":%u,\"turns\":", lost,
		               told.last ? told.last + GAP : 0);
	if (!err)
		err = js_dump(out, told.turns);
	if (!err)
		err = buf_adds(out, "}");
	json_decref(told.turns);
	return err;
}

static void write_event(struct store_event *ev, const char *type,
                        const char *dedupe, unsigned lost,
                        char data[PAST_DATA_MAX])
{
	snprintf(data, PAST_DATA_MAX, "{\"again\":%u}", lost);
	*ev = (struct store_event){.dedupe = dedupe,
	                           .source = "server",
	                           .type = type,
	                           .data = data,
	                           .at_ms = app_now_ms()};
}

void past_event(struct store_event *ev, unsigned lost,
                char dedupe[PAST_DEDUPE_MAX], char data[PAST_DATA_MAX])
{
	snprintf(dedupe, PAST_DEDUPE_MAX, "%s/%u", REATTACHED, lost);
	write_event(ev, REATTACHED, dedupe, lost, data);
}

void past_hung_event(struct store_event *ev, unsigned lost,
                     char dedupe[PAST_DEDUPE_MAX], char data[PAST_DATA_MAX])
{
	snprintf(dedupe, PAST_DEDUPE_MAX, "%s/%u/%lld", HUNG, lost,
	         (long long)(app_now_ms() / MINUTE_MS));
	write_event(ev, HUNG, dedupe, lost, data);
}
