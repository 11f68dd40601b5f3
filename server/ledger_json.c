#define _GNU_SOURCE /* timegm(), strptime() */
#include "server/ledger_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/js.h"
#include "common/str.h"
#include "server/costs.h"
#include "server/store/retry.h"
#include "server/store/store.h"
#include "server/store/wait.h"

/* "name": text, or null. */
static int add_text(struct buf *out, const char *name, const char *v)
{
	int err = buf_addf(out, ",\"%s\":", name);

	if (!err && v)
		err = js_quote(out, v, strlen(v));
	else if (!err)
		err = buf_adds(out, "null");
	return err;
}

static int add_time(struct buf *out, const char *name, int64_t ms)
{
	char text[40];
	time_t sec = (time_t)(ms / 1000);
	struct tm tm;
	size_t n;

	if (ms <= 0 || !gmtime_r(&sec, &tm))
		return add_text(out, name, NULL);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(ms % 1000));
	return add_text(out, name, text);
}

/* "name": number, or null. */
static int add_ms(struct buf *out, const char *name, int64_t ms)
{
	if (ms < 0)
		return buf_addf(out, ",\"%s\":null", name);
	return buf_addf(out, ",\"%s\":%" PRId64, name, ms);
}

static int add_end(struct buf *out, const struct store_call *c)
{
	int err;

	if (!c->ended_ms && !c->end_by)
		return buf_adds(out, ",\"end\":null");
	err = buf_adds(out, ",\"end\":{\"cause_code\":");
	if (!err && c->end_code)
		err = buf_addf(out, "%d", c->end_code);
	else if (!err)
		err = buf_adds(out, "null");
	if (!err)
		err = add_text(out, "by", c->end_by);
	if (!err)
		err = add_text(out, "cause", c->end_cause);
	return err ? err : buf_adds(out, "}");
}

int ledger_json_call(struct buf *out, const struct store_call *c, bool whole)
{
	char masked[STR_PHONE_MAX];
	const char *number = c->to ? c->to : "";
	int err;

	if (!whole)
		number = str_mask_phone(masked, number);
	err = buf_addf(out, "{\"call_id\":\"%s\"", c->id);
	if (!err)
		err = add_text(out, "call_uuid", c->call_uuid);
	if (!err)
		err = add_text(out, "state", store_state_text(c->state));
	if (!err)
		err = add_text(out, "phone_number", number);
	if (!err)
		err = add_text(out, "agent", c->agent);
	if (!err)
		err = add_time(out, "created_at", c->created_ms);
	if (!err)
		err = add_time(out, "not_before", c->not_before_ms);
	if (!err)
		err = add_time(out, "expires_at", c->expires_ms);
	if (!err)
		err = buf_addf(out, ",\"priority\":%d", c->priority);
	if (!err)
		err = add_time(out, "answered_at", c->answered_ms);
	if (!err)
		err = add_time(out, "ended_at", c->ended_ms);
	if (!err)
		err = add_end(out, c);
	if (!err)
		err = buf_addf(out, ",\"body\":%s", c->body ? c->body : "null");
	return err ? err : add_text(out, "error", c->error);
}

struct listing {
	struct buf *out;
	unsigned n;
	struct costs costs;
	struct buf after; /* the report on the call; empty without */
	bool whole;
};

enum { AFTER_MAX = 64 * 1024 /* [bytes] */ };

/* What was made of the call; the last report counts. */
static int take_after(struct listing *l, const struct store_event *ev)
{
	static const char *const names[] = {"summary", "fields", "error"};
	json_t *data;
	int err;

	if (strcmp(ev->type, "summary") != 0 ||
	    strcmp(ev->source, "bot") != 0 || !ev->data)
		return 0;
	data = js_parse(ev->data, strlen(ev->data), NULL, 0);
	buf_reset(&l->after);
	err = buf_adds(&l->after, "{");
	for (size_t i = 0; i < ARRAY_LEN(names) && !err; i++) {
		const json_t *v = json_object_get(data, names[i]);

		err = buf_addf(&l->after, "%s\"%s\":", i ? "," : "", names[i]);
		if (!err && v)
			err = js_dump(&l->after, v);
		else if (!err)
			err = buf_adds(&l->after, "null");
	}
	json_decref(data);
	return err ? err : buf_adds(&l->after, "}");
}

static int add_turn(const struct store_turn *t, void *arg)
{
	struct listing *l = arg;
	int err;

	err = buf_addf(l->out, "%s{\"n\":%u", l->n++ ? "," : "", t->n);
	if (!err)
		err = add_text(l->out, "role", t->role);
	if (!err)
		err = add_text(l->out, "text", t->text);
	if (!err)
		err = add_ms(l->out, "heard_ms", t->heard_ms);
	if (!err)
		err = buf_addf(l->out, ",\"interrupted\":%s",
		               t->interrupted ? "true" : "false");
	if (!err)
		err = add_ms(l->out, "at_ms", t->at_ms);
	if (!err)
		err = buf_adds(l->out, ",\"latency\":{\"speech_end\":");
	if (!err && t->speech_end < 0)
		err = buf_adds(l->out, "null");
	else if (!err)
		err = buf_addf(l->out, "%d", t->speech_end);
	if (!err)
		err = add_ms(l->out, "final", t->final);
	if (!err)
		err = add_ms(l->out, "first_token", t->first_token);
	if (!err)
		err = add_ms(l->out, "first_audio", t->first_audio);
	if (!err)
		err = add_ms(l->out, "heard", t->heard);
	return err ? err : buf_adds(l->out, "}}");
}

/* A transfer names somebody else's number. */
static int add_transfer(struct buf *out, const char *data)
{
	json_t *o = js_parse(data, strlen(data), NULL, 0);
	char masked[STR_PHONE_MAX];
	int err;

	err = buf_addf(out, "{\"timeout_sec\":%" PRId64,
	               js_int(o, "timeout_sec", 0));
	if (!err)
		err = add_text(out, "to",
		               str_mask_phone(masked, js_str(o, "to", "")));
	if (!err)
		err = add_text(out, "label", js_str(o, "label", ""));
	json_decref(o);
	return err ? err : buf_adds(out, "}");
}

static int add_event(const struct store_event *ev, void *arg)
{
	struct listing *l = arg;
	int err = buf_addf(l->out, "%s{\"at_ms\":%" PRId64, l->n++ ? "," : "",
	                   ev->at_ms);

	if (!err)
		err = add_text(l->out, "source", ev->source);
	if (!err)
		err = add_text(l->out, "type", ev->type);
	if (!err)
		err = buf_adds(l->out, ",\"data\":");
	if (err)
		return err;
	if (!l->whole && !strcmp(ev->type, "transfer"))
		err = add_transfer(l->out, ev->data);
	else
		err = buf_adds(l->out,
		               ev->data && *ev->data ? ev->data : "null");
	if (!err)
		err = buf_adds(l->out, "}");
	if (!err)
		err = take_after(l, ev);
	return err ? err : costs_take(&l->costs, ev);
}

int ledger_json_story(struct buf *out, struct store *store, const char *id,
                      bool whole)
{
	struct listing l = {.out = out, .whole = whole};
	int err = buf_adds(out, ",\"turns\":[");

	costs_init(&l.costs);
	buf_init(&l.after, AFTER_MAX);
	if (!err)
		err = store_turns(store, id, add_turn, &l);
	if (!err)
		err = buf_adds(out, "],\"events\":[");
	l.n = 0;
	if (!err)
		err = store_events(store, id, add_event, &l);
	if (!err)
		err = buf_adds(out, "],\"costs\":");
	if (!err)
		err = costs_json(out, &l.costs);
	if (!err)
		err = buf_addf(out, ",\"after_call\":%s",
		               l.after.len ? buf_str(&l.after) : "null");
	costs_fini(&l.costs);
	buf_fini(&l.after);
	return err;
}

int ledger_json_position(struct buf *out, struct store *store,
                         const struct store_call *c, int64_t now_ms)
{
	unsigned before = 0;
	int err;

	if (store_state_rank(c->state) > store_state_rank(STORE_QUEUED))
		return buf_adds(out, ",\"position\":null");
	err = store_before(store, c, now_ms, &before);
	return err ? err : buf_addf(out, ",\"position\":%u", before + 1);
}

int ledger_json_tries(struct buf *out, struct store *store, const char *id)
{
	struct store_retry r;
	int err = store_retry_get(store, id, true, &r);

	if (err == -ENOENT)
		err = buf_adds(out, ",\"retry_of\":null,\"attempt\":0");
	else if (!err)
		err = buf_addf(out, ",\"retry_of\":\"%s\",\"attempt\":%u",
		               r.call_id, r.attempt);
	if (err)
		return err;
	err = store_retry_get(store, id, false, &r);
	if (err == -ENOENT || (!err && r.due_ms == STORE_RETRY_NEVER))
		return buf_adds(out, ",\"retry\":null");
	if (!err)
		err = buf_addf(out, ",\"retry\":{\"cause\":\"%s\"", r.cause);
	if (!err)
		err = add_time(out, "due_at", r.due_ms);
	if (!err)
		err = add_text(out, "call_id", r.next_id[0] ? r.next_id : NULL);
	return err ? err : buf_adds(out, "}");
}

int ledger_json_time(const char *text, int64_t *ms)
{
	struct tm tm = {.tm_isdst = 0};
	const char *rest;
	uint64_t n;

	if (!str_u64(str_of(text), INT64_MAX, &n)) {
		*ms = (int64_t)n;
		return 0;
	}
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || (*rest && strcmp(rest, "Z") != 0))
		return -EINVAL;
	*ms = (int64_t)timegm(&tm) * 1000;
	return 0;
}
