/* /sim/...: what tests ask and tell the simulator itself. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "tests/sim/lib/plivo_call.h"
#include "tests/sim/lib/plivo_rest.h"
#include "tests/sim/lib/plivo_stream.h"

static const char *const states[] = {"queued", "dialing", "ringing",
                                     "in-progress", "ended"};

static json_t *call_state(const struct psim_call *c)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b}", "uuid", c->uuid,
	                      "to", c->to, "from", c->from, "state",
	                      states[c->state], "streaming",
	                      c->stream && psim_stream_open_now(c->stream));

	if (c->state == PSIM_ENDED) {
		json_object_set_new(o, "cause", json_integer(c->cause));
		json_object_set_new(o, "source", json_string(c->source));
	}
	return o;
}

static void state(struct psim *s, struct psim_reply *r)
{
	json_t *calls = json_array();

	for (struct link *l = s->calls.next; l != &s->calls; l = l->next)
		json_array_append_new(calls, call_state(psim_call_of(l)));
	psim_reply_json(r, 200,
	                json_pack("{s:i, s:i, s:O, s:i, s:i, s:i, s:o}",
	                          "calls_made", (int)s->call_count, "ended",
	                          (int)s->ended, "violations",
	                          s->journal.violation_list, "warnings",
	                          (int)s->journal.warnings, "entries",
	                          (int)s->journal.entries, "webhooks_out",
	                          (int)s->hook_count, "calls", calls));
}

static void journal(struct psim *s, struct str query, struct psim_reply *r)
{
	struct str rest =
		str_n(buf_str(&s->journal.lines), s->journal.lines.len);
	uint64_t since = 0;

	if (str_starts(query, "since=") &&
	    str_u64(str_n(query.v + 6, query.len - 6), UINT32_MAX, &since)) {
		psim_reply_error(r, 400, "since=N");
		return;
	}
	for (uint64_t i = 0; i < since && rest.len; i++)
		(void)str_cut(&rest, '\n');
	r->status = 200;
	r->type = "application/x-ndjson";
	if (rest.len && buf_add(&r->body, rest.v, rest.len))
		r->status = 500;
}

static void press(struct psim_call *c, struct str digits)
{
	for (size_t i = 0; c->stream && i < digits.len; i++) {
		psim_note(c->sim, c, "pressed",
		          json_pack("{s:s#}", "digit", digits.v + i, 1));
		psim_stream_dtmf(c->stream, digits.v[i]);
	}
}

static void fault(struct psim *s, const struct psim_message *m,
                  struct psim_reply *r)
{
	if (psim_rest_fault_parse(&s->fault, buf_str(&m->body)))
		psim_reply_error(r, 400, "no such fault");
	else
		r->status = 204;
}

static void on_call(struct psim *s, struct str verb, struct str rest,
                    struct psim_reply *r)
{
	const struct str uuid = str_cut(&rest, '/');
	struct psim_call *c = psim_call_find(s, uuid);

	if (!c || c->state == PSIM_ENDED) {
		psim_reply_error(r, 404, "no such call");
		return;
	}
	r->status = 204;
	if (str_eq(verb, "hangup"))
		psim_call_end(c, 4000, "Callee");
	else if (str_eq(verb, "drop") && c->stream)
		psim_stream_cut(c->stream);
	else if (str_eq(verb, "dtmf"))
		press(c, rest);
	else
		psim_reply_error(r, 404, "no such order");
}

void psim_control(struct psim *s, const struct psim_message *m, struct str path,
                  struct str query, struct psim_reply *r)
{
	const bool get = str_eq(m->method, "GET");
	const struct str verb = str_cut(&path, '/');

	if (get && str_eq(verb, "state"))
		state(s, r);
	else if (get && str_eq(verb, "journal"))
		journal(s, query, r);
	else if (str_eq(m->method, "POST") && str_eq(verb, "fault"))
		fault(s, m, r);
	else if (str_eq(m->method, "POST"))
		on_call(s, verb, path, r);
	else
		psim_reply_error(r, 404, "no such order");
}
