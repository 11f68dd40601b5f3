/* REST under .../Call/UUID/: one call looked at, moved and ended. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/lib/plivo_call.h"
#include "tests/sim/lib/plivo_rest.h"
#include "tests/sim/lib/plivo_run.h"
#include "tests/sim/lib/plivo_stream.h"

static void not_allowed(struct psim_reply *r)
{
	psim_reply_error(r, 405, "method not allowed");
}

static void not_found(struct psim_reply *r)
{
	psim_reply_error(r, 404, "not found");
}

/* "2017-05-22 17:49:40+00:00" */
static const char *zoned(char out[PSIM_TIME_MAX], double at)
{
	char plain[PSIM_TIME_MAX];

	(void)snprintf(out, PSIM_TIME_MAX, "%.30s+00:00",
	               psim_time(plain, at, false));
	return out;
}

static json_t *cdr(const struct psim_call *c)
{
	const int sec =
		c->answered_us ? (int)(c->ended - c->answered + 0.5) : 0;
	const int minutes = (sec + 59) / 60;
	char start[PSIM_TIME_MAX], answer[PSIM_TIME_MAX], end[PSIM_TIME_MAX];
	json_t *o;

	if (c->state != PSIM_ENDED)
		return NULL;
	o = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:s}",
	              "call_uuid", c->uuid, "from_number", c->from, "to_number",
	              c->to, "call_direction", "outbound", "call_duration", sec,
	              "bill_duration", sec, "billed_duration", minutes * 60,
	              "initiation_time", zoned(start, c->begun), "end_time",
	              zoned(end, c->ended));
	json_object_set_new(o, "answer_time",
	                    c->answered_us
	                            ? json_string(zoned(answer, c->answered))
	                            : json_null());
	json_object_set_new(o, "hangup_cause_code", json_integer(c->cause));
	json_object_set_new(o, "hangup_cause_name",
	                    json_string(psim_cause_name(c->cause)));
	json_object_set_new(o, "hangup_source", json_string(c->source));
	json_object_set_new(o, "parent_call_uuid", json_null());
	json_object_set_new(o, "resource_uri",
	                    json_sprintf("/v1/Account/%s/Call/%s/",
	                                 c->sim->o->auth_id, c->uuid));
	json_object_set_new(o, "total_amount",
	                    json_sprintf("%.5f", minutes * 0.002));
	json_object_set_new(o, "total_rate", json_string("0.00200"));
	return o;
}

json_t *psim_call_json(const struct psim_call *c, const char *what,
                       const char *api_id)
{
	char started[PSIM_TIME_MAX];
	const bool queued = c->state < PSIM_RINGING;
	json_t *o;

	if (!strcmp(what, "cdr"))
		o = cdr(c);
	else if (!strcmp(what, "live") ? psim_call_live(c) : queued)
		o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
		              "call_status",
		              queued                     ? "queued"
		              : c->state == PSIM_RINGING ? "ringing"
		                                         : "in-progress",
		              "call_uuid", c->uuid, "caller_name", c->from,
		              "direction", "outbound", "from", c->from, "to",
		              c->to, "request_uuid", c->uuid, "session_start",
		              psim_time(started, c->begun, true));
	else
		o = NULL;
	if (o && api_id)
		json_object_set_new(o, "api_id", json_string(api_id));
	return o;
}

static void look(const struct psim_message *m, const struct psim_call *c,
                 struct psim_reply *r)
{
	struct str query = m->target;
	char id[PSIM_UUID_LEN];
	const char *what = "cdr";
	json_t *o;

	(void)str_cut(&query, '?');
	if (str_eq(query, "status=live"))
		what = "live";
	else if (str_eq(query, "status=queued"))
		what = "queued";
	else if (query.len) {
		psim_reply_error(r, 400, "status is invalid");
		return;
	}
	psim_uuid(id);
	o = psim_call_json(c, what, id);
	if (o)
		psim_reply_json(r, 200, o);
	else
		not_found(r);
}

static void hang_up(struct psim_call *c, struct psim_reply *r)
{
	if (c->state == PSIM_ENDED) {
		not_found(r);
		return;
	}
	psim_call_end(c, c->state < PSIM_IN_PROGRESS ? 1000 : 4000,
	              "API Request");
	r->status = 204;
}

static void transfer(struct psim_call *c, const json_t *body,
                     struct psim_reply *r)
{
	const char *url = js_str(body, "aleg_url", NULL);
	const char *legs = js_str(body, "legs", "aleg");
	const char *method = js_str(body, "aleg_method", "POST");

	if (strcmp(legs, "aleg") != 0 && strcmp(legs, "bleg") != 0 &&
	    strcmp(legs, "both") != 0) {
		psim_reply_error(r, 400, "legs parameter is invalid");
	} else if (!url) {
		psim_reply_error(r, 400, "aleg_url parameter not present");
	} else if (c->state != PSIM_IN_PROGRESS) {
		not_found(r);
	} else {
		psim_reply_message(r, 202, "call transfered");
		psim_run_fetch(c, url, !strcmp(method, "GET"),
		               PSIM_FOR_TRANSFER);
	}
}

static void dtmf(struct psim_call *c, const json_t *body, struct psim_reply *r)
{
	const char *digits = js_str(body, "digits", "");
	const char *leg = js_str(body, "leg", "aleg");

	if (!*digits ||
	    strspn(digits, "0123456789*#ABCDwW") != strlen(digits)) {
		psim_reply_error(r, 400, "digits parameter is invalid");
	} else if (strcmp(leg, "aleg") != 0 && strcmp(leg, "bleg") != 0 &&
	           strcmp(leg, "both") != 0) {
		psim_reply_error(r, 400, "leg parameter is invalid");
	} else {
		psim_note(c->sim, c, "dtmf-heard",
		          json_pack("{s:s}", "digits", digits));
		psim_reply_message(r, 202, "digits sent");
	}
}

/* Speak, Play, Record: begun and stopped, checked, but not heard. */
static void act(struct psim_call *c, struct str what, const json_t *body,
                struct psim_reply *r)
{
	char uuid[PSIM_UUID_LEN], id[PSIM_UUID_LEN];

	if (str_eq(what, "Speak") && js_str(body, "text", NULL)) {
		psim_reply_message(r, 202, "speak started");
	} else if (str_eq(what, "Play") && js_str(body, "urls", NULL)) {
		psim_reply_message(r, 202, "play started");
	} else if (str_eq(what, "Record")) {
		psim_uuid(uuid);
		psim_uuid(id);
		psim_reply_json(
			r, 202,
			json_pack("{s:s, s:s, s:s, s:s}", "url",
		                  "https://media.plivo.com/recording.mp3",
		                  "message", "call recording started",
		                  "recording_id", uuid, "api_id", id));
	} else {
		psim_reply_error(r, 400, "a required parameter is missing");
		return;
	}
	psim_note(c->sim, c, "api-action",
	          json_pack("{s:s#}", "what", what.v, (int)what.len));
}

static void stream(struct psim *s, const struct psim_message *m,
                   struct psim_call *c, struct str rest, struct psim_reply *r)
{
	const struct str id = str_cut(&rest, '/');
	struct psim_stream *st = c->stream;

	(void)s;
	if (!st || (id.len && !str_eq(id, st->id))) {
		not_found(r);
	} else if (str_eq(m->method, "DELETE")) {
		psim_stream_stop(st);
		r->status = 204;
	} else if (str_eq(m->method, "GET")) {
		psim_reply_json(r, 200,
		                json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}",
		                          "stream_id", st->id, "call_uuid",
		                          c->uuid, "service_url", st->url,
		                          "bidirectional",
		                          st->spec.bidirectional, "audio_track",
		                          "inbound", "status", "initiated"));
	} else {
		not_allowed(r);
	}
}

static void post(struct psim_call *c, const struct psim_message *m,
                 struct str what, struct psim_reply *r)
{
	json_t *body = js_parse(buf_str(&m->body), m->body.len, NULL, 0);

	if (m->body.len && !json_is_object(body))
		psim_reply_error(r, 400, "invalid JSON");
	else if (!what.len)
		transfer(c, body, r);
	else if (!psim_call_live(c))
		not_found(r);
	else if (str_eq(what, "DTMF"))
		dtmf(c, body, r);
	else
		act(c, what, body, r);
	json_decref(body);
}

void psim_rest_call(struct psim *s, const struct psim_message *m,
                    struct psim_call *c, struct str rest, struct psim_reply *r)
{
	const struct str what = str_cut(&rest, '/');
	const bool stops = str_eq(what, "Speak") || str_eq(what, "Play") ||
	                   str_eq(what, "Record");

	if (str_eq(what, "Stream"))
		stream(s, m, c, rest, r);
	else if (what.len && !stops && !str_eq(what, "DTMF"))
		not_found(r);
	else if (str_eq(m->method, "POST"))
		post(c, m, what, r);
	else if (str_eq(m->method, "DELETE") && !what.len)
		hang_up(c, r);
	else if (str_eq(m->method, "DELETE") && stops && psim_call_live(c))
		r->status = 204;
	else if (str_eq(m->method, "GET") && !what.len)
		look(m, c, r);
	else
		not_allowed(r);
}
