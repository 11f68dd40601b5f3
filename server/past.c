#include "server/past.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/js.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/store/store.h"

enum {
	TEXT_MAX = 36 * 1024, /* [bytes] of turns; escaped it may be twice */
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
	int64_t hung;  /* likewise, */
	unsigned hung_times;
	int64_t hung_ms; /* the last time then */
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
	if (hung) {
		l->hung_times = by == l->hung ? l->hung_times + 1 : 1;
		l->hung_ms = ev->at_ms;
		l->hung = by;
	} else if (by > l->ended && (by > l->hung || knows_end(data))) {
		l->ended = by;
	}
	json_decref(data);
	return 0;
}

int past_look(struct app *app, const char *id, struct past *p)
{
	struct looked l = {.ended = -1, .hung = -1};
	int err = store_events(app->store, id, see_event, &l);

	*p = (struct past){.lost = l.lost, .ended = l.ended >= (int64_t)l.lost};
	if (l.hung >= (int64_t)l.lost) {
		p->let_go = l.hung_times;
		p->let_go_ms = l.hung_ms;
	}
	return err;
}

bool past_may_let_go(const struct past *p, int64_t now_ms)
{
	return !p->let_go || now_ms - p->let_go_ms >= MINUTE_MS;
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
	json_t *tools; /* calls, {"role":"tool",...}; with "after": a turn */
	size_t next;   /* of them, to be put among the turns */
	int64_t after; /* the last turn's number, of the events so far */
	char *kept;    /* by code of the agent */
	int64_t kept_by;
};

static size_t bytes_of(const json_t *turn)
{
	const json_t *args = json_object_get(turn, "args");
	size_t n = args ? json_dumpb(args, NULL, 0, JSON_COMPACT) : 0;

	n += strlen(js_str(turn, "text", ""));
	n += strlen(js_str(turn, "result", ""));
	return n + TURN_BYTES;
}

/* Takes @turn over; the oldest go where it is too much. */
static int add(struct told *told, json_t *turn)
{
	if (!turn || json_array_append_new(told->turns, turn))
		return -ENOMEM;
	told->bytes += bytes_of(turn);
	while (told->bytes > TEXT_MAX ||
	       json_array_size(told->turns) > TURNS_MAX) {
		told->bytes -= bytes_of(json_array_get(told->turns, 0));
		(void)json_array_remove(told->turns, 0);
	}
	return 0;
}

/* ---- tools ------------------------------------------------------------------ */

/* The call whose result @ev is; NULL: it had no event of its own before. */
static json_t *begun(const struct told *told, const json_t *ev)
{
	const int64_t id = js_int(ev, "id", 0), by = js_int(ev, "again", 0);

	for (size_t i = json_array_size(told->tools); id && i > 0; i--) {
		json_t *t = json_array_get(told->tools, i - 1);

		if (js_int(t, "id", 0) == id && js_int(t, "again", 0) == by)
			return t;
	}
	return NULL;
}

/* A call, or its result. One that the model has not made has no arguments. */
static int note_tool(struct told *told, const json_t *ev)
{
	json_t *args = json_object_get(ev, "args");
	json_t *result = json_object_get(ev, "result");
	json_t *t = begun(told, ev);

	if (!args)
		return 0;
	if (!t) {
		t = json_pack("{s:s, s:s, s:O, s:I, s:I, s:I}", "role", "tool",
		              "name", js_str(ev, "name", ""), "args", args,
		              "id", (json_int_t)js_int(ev, "id", 0), "again",
		              (json_int_t)js_int(ev, "again", 0), "after",
		              (json_int_t)told->after);
		if (!t || json_array_append_new(told->tools, t))
			return -ENOMEM;
	}
	return result && json_object_set(t, "result", result) ? -ENOMEM : 0;
}

static int note_kept(struct told *told, const json_t *ev)
{
	const int64_t by = js_int(ev, "again", 0);

	if (by < told->kept_by)
		return 0;
	told->kept_by = by;
	mem_free(told->kept);
	told->kept = mem_strdup(js_str(ev, "text", ""));
	return told->kept ? 0 : -ENOMEM;
}

static int see_told(const struct store_event *ev, void *arg)
{
	struct told *told = arg;
	json_t *data;
	int err = 0;

	if (strcmp(ev->source, "bot") != 0)
		return 0;
	data = js_parse(ev->data, strlen(ev->data), NULL, 0);
	if (!strcmp(ev->type, "turn"))
		told->after = js_int(data, "n", told->after);
	else if (!strcmp(ev->type, "tool") || !strcmp(ev->type, "tool_begun"))
		err = note_tool(told, data);
	else if (!strcmp(ev->type, "kept"))
		err = note_kept(told, data);
	json_decref(data);
	return err;
}

/* Those that were called before turn @n. */
static int add_tools(struct told *told, int64_t n)
{
	int err = 0;

	while (!err && told->next < json_array_size(told->tools)) {
		json_t *t = json_array_get(told->tools, told->next);

		if (js_int(t, "after", 0) >= n)
			break;
		told->next++;
		json_object_del(t, "after");
		json_object_del(t, "id");
		json_object_del(t, "again");
		err = add(told, json_incref(t));
	}
	return err;
}

/* ---- all of it -------------------------------------------------------------- */

static int see_turn(const struct store_turn *t, void *arg)
{
	struct told *told = arg;
	int err = add_tools(told, t->n);

	if (err)
		return err;
	if (t->n > told->last)
		told->last = t->n;
	return add(told,
	           json_pack("{s:s, s:s, s:b}", "role", t->role, "text",
	                     t->text, "interrupted", (int)t->interrupted));
}

static int collect(struct app *app, const char *id, struct told *told)
{
	int err = store_events(app->store, id, see_told, told);

	if (!err)
		err = store_turns(app->store, id, see_turn, told);
	return err ? err : add_tools(told, INT64_MAX);
}

static int write_told(struct buf *out, const struct told *told, unsigned lost)
{
	int err = buf_addf(out, "{\"n\":%u,\"from\":%u,\"turns\":", lost,
	                   told->last ? told->last + GAP : 0);

	if (!err)
		err = js_dump(out, told->turns);
	if (!err && told->kept)
		err = buf_adds(out, ",\"kept\":");
	if (!err && told->kept)
		err = js_quote(out, told->kept, strlen(told->kept));
	return err ? err : buf_adds(out, "}");
}

int past_write(struct app *app, const char *id, unsigned lost, struct buf *out)
{
	struct told told = {.turns = json_array(), .tools = json_array()};
	int err = told.turns && told.tools ? collect(app, id, &told) : -ENOMEM;

	if (!err)
		err = write_told(out, &told, lost);
	json_decref(told.turns);
	json_decref(told.tools);
	mem_free(told.kept);
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

void past_hung_event(struct store_event *ev, const struct past *p,
                     char dedupe[PAST_DEDUPE_MAX], char data[PAST_DATA_MAX])
{
	snprintf(dedupe, PAST_DEDUPE_MAX, "%s/%u/%u", HUNG, p->lost, p->let_go);
	write_event(ev, HUNG, dedupe, p->lost, data);
}
