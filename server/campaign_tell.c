#include "server/campaign_tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/js.h"
#include "common/str.h"
#include "server/app.h"
#include "server/campaign_list.h"
#include "server/csv.h"
#include "server/store/campaign.h"
#include "server/store/store.h"

enum {
	SPOILT_MAX = 1000,    /* lines that an upload's answer tells of */
	CALLS_MAX = 8 * 1024, /* [bytes] of calls by their states */
};

/* ---- progress ---- */

struct progress {
	unsigned rows, waiting, called, refused, bad, repeated, expired;
	unsigned live; /* calls that have not ended, or come again */
	struct buf calls;
};

static bool is_live(const char *state)
{
	enum store_state s;

	return store_state_parse(state, &s) || !store_state_final(s);
}

static int count(const char *row, const char *call, unsigned n, void *arg)
{
	struct progress *p = arg;
	const struct {
		const char *state;
		unsigned *n;
	} kinds[] = {{"waiting", &p->waiting},   {"called", &p->called},
	             {"refused", &p->refused},   {"bad", &p->bad},
	             {"repeated", &p->repeated}, {"expired", &p->expired}};

	p->rows += n;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].state, row))
			*kinds[i].n += n;
	if (!call)
		return 0;
	if (is_live(call))
		p->live += n;
	return buf_addf(&p->calls, "%s\"%s\":%u", p->calls.len ? "," : "", call,
	                n);
}

static int tell_spoilt(struct buf *out, const struct campaign_list *list)
{
	unsigned n = 0;
	int err = buf_adds(out, ",\"not_called\":[");

	for (size_t i = 0; i < list->n && !err && n < SPOILT_MAX; i++) {
		const struct store_row *r = &list->rows[i];

		if (!strcmp(r->state, "waiting"))
			continue;
		err = buf_addf(out, "%s{\"line\":%u,\"status\":\"%s\",\"why\":",
		               n++ ? "," : "", r->line, r->state);
		if (!err)
			err = js_quote(out, r->why, strlen(r->why));
		if (!err)
			err = buf_adds(out, "}");
	}
	return err ? err : buf_adds(out, "]");
}

static int tell_state(struct buf *out, const struct store_campaign *c,
                      const struct progress *p)
{
	bool cancelled = !strcmp(c->state, "cancelled");
	bool over = !p->waiting && !p->live && !cancelled;
	char created[APP_TIME_MAX];
	int err = buf_addf(out,
	                   "{\"campaign_id\":\"%s\",\"state\":\"%s\","
	                   "\"created_at\":\"%s\",\"agent\":",
	                   c->id, over ? "done" : c->state,
	                   app_time(created, c->created_ms));

	if (!err && c->agent[0])
		err = js_quote(out, c->agent, strlen(c->agent));
	else if (!err)
		err = buf_adds(out, "null");
	if (!err && c->hours[0]) {
		err = buf_adds(out, ",\"hours\":");
		if (!err)
			err = js_quote(out, c->hours, strlen(c->hours));
	}
	if (err)
		return err;
	return buf_addf(
		out,
		",\"gap_ms\":%" PRId64 ",\"at_once\":%u,\"rows\":%u,"
		"\"waiting\":%u,\"called\":%u,\"refused\":%u,"
		"\"bad\":%u,\"repeated\":%u,\"expired\":%u,"
		"\"cancelled\":%u,\"live\":%u,\"calls\":{%s}",
		c->gap_ms, c->at_once, p->rows, cancelled ? 0 : p->waiting,
		p->called, p->refused, p->bad, p->repeated, p->expired,
		cancelled ? p->waiting : 0, p->live, buf_str(&p->calls));
}

int campaign_tell(struct buf *out, struct app *app,
                  const struct store_campaign *c,
                  const struct campaign_list *list)
{
	struct progress p = {.rows = 0};
	int err;

	buf_init(&p.calls, CALLS_MAX);
	err = store_campaign_count(app->store, c->id, count, &p);
	if (!err)
		err = tell_state(out, c, &p);
	if (!err && list)
		err = tell_spoilt(out, list);
	buf_fini(&p.calls);
	return err ? err : buf_adds(out, "}");
}

/* ---- results ---- */

struct results {
	struct buf *out;
	bool whole, cancelled;
};

static int put_time(struct buf *out, int64_t ms)
{
	char at[APP_TIME_MAX];

	return ms ? csv_put(out, app_time(at, ms)) : 0;
}

static int tell_row(const struct store_row *r, void *arg)
{
	const struct results *res = arg;
	const char *state = r->state;
	char number[STR_PHONE_MAX];
	const char *const cells[] = {r->call_id, r->call_state, r->end_by,
	                             r->end_cause, r->why ? r->why : r->error};
	int err;

	if (res->cancelled && !strcmp(state, "waiting"))
		state = "cancelled";
	err = buf_addf(res->out, "%u,", r->line);
	if (!err && r->to)
		err = csv_put(res->out,
		              res->whole ? r->to
		                         : str_mask_phone(number, r->to));
	if (!err)
		err = buf_addf(res->out, ",%s", state);
	for (size_t i = 0; i < ARRAY_LEN(cells) && !err; i++) {
		err = buf_adds(res->out, ",");
		if (!err)
			err = csv_put(res->out, cells[i]);
	}
	if (!err)
		err = buf_adds(res->out, ",");
	if (!err)
		err = put_time(res->out, r->answered_ms);
	if (!err)
		err = buf_adds(res->out, ",");
	if (!err)
		err = put_time(res->out, r->ended_ms);
	return err ? err : buf_adds(res->out, "\r\n");
}

int campaign_tell_results(struct buf *out, struct app *app,
                          const struct store_campaign *c, bool whole)
{
	struct results res = {out, whole, !strcmp(c->state, "cancelled")};
	int err = buf_adds(out, "line,phone_number,status,call_id,call_state,"
	                        "ended_by,cause,why,answered_at,ended_at\r\n");

	return err ? err
	           : store_campaign_rows(app->store, c->id, tell_row, &res);
}
