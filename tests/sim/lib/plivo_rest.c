#define _GNU_SOURCE
#include "tests/sim/lib/plivo_rest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_call.h"
#include "tests/sim/lib/plivo_make.h"

enum {
	WINDOW_US = 5000000, /* of the rate limit */
	LIST_MAX = 20,       /* CDRs of one page */
	STALL_MS = 25000,    /* longer than anybody waits for an answer */
};

void psim_reply_json(struct psim_reply *r, int status, json_t *body)
{
	r->status = status;
	r->type = "application/json";
	buf_reset(&r->body);
	if (js_dump(&r->body, body))
		r->status = 500;
	json_decref(body);
}

void psim_reply_error(struct psim_reply *r, int status, const char *text)
{
	char id[PSIM_UUID_LEN];

	psim_uuid(id);
	psim_reply_json(r, status,
	                json_pack("{s:s, s:s}", "api_id", id, "error", text));
}

void psim_reply_message(struct psim_reply *r, int status, const char *text)
{
	char id[PSIM_UUID_LEN];

	psim_uuid(id);
	psim_reply_json(r, status,
	                json_pack("{s:s, s:s}", "message", text, "api_id", id));
}

/* Basic ID:TOKEN */
static bool authorised(const struct psim *s, const struct psim_message *m)
{
	struct str value = psim_message_header(m, "authorization");
	char have[256], want[256];
	long n;

	if (!str_eq_nocase(str_cut(&value, ' '), "basic") ||
	    value.len > sizeof(have) / 3 * 4)
		return false;
	n = psim_base64_decode((uint8_t *)have, value.v, value.len);
	if (n < 0)
		return false;
	(void)snprintf(want, sizeof(want), "%s:%s", s->o->auth_id,
	               s->o->auth_token);
	return crypto_equal(have, (size_t)n, want, strlen(want));
}

static bool over_the_rate(struct psim *s)
{
	const uint64_t now = psim_now_us();

	if (!s->o->rate_limit)
		return false;
	if (now - s->window_us >= WINDOW_US) {
		s->window_us = now;
		s->window_count = 0;
	}
	return ++s->window_count > s->o->rate_limit;
}

static void on_turn(void *arg);

static void schedule(struct psim *s)
{
	const uint64_t now = psim_now_us();

	if (!timer_running(&s->turn))
		psim_timer_at(&s->loop, &s->turn,
		              s->next_turn_us > now ? s->next_turn_us : now,
		              on_turn, s);
}

/* The oldest queued call begins; the next one has to wait for its turn. */
static void on_turn(void *arg)
{
	struct psim *s = arg;

	for (struct link *l = s->calls.next; l != &s->calls; l = l->next) {
		struct psim_call *c = psim_call_of(l);

		if (c->state != PSIM_QUEUED)
			continue;
		psim_call_dial(c);
		s->next_turn_us = psim_now_us();
		if (s->o->cps > 0)
			s->next_turn_us += (uint64_t)(1e6 / s->o->cps);
		schedule(s);
		return;
	}
}

/* One call, or one for each of a list. NULL: no memory. */
static json_t *new_calls(struct psim *s, json_t *body)
{
	struct str rest = str_of(js_str(body, "to", ""));
	json_t *ids = json_array();

	while (ids && rest.len) {
		const struct str one = str_cut(&rest, '<');
		char *to = mem_strndup(one.v, one.len);
		struct psim_call *c = NULL;

		if (!to || psim_call_new(&c, s, body, to)) {
			json_decref(ids);
			ids = NULL;
		} else {
			json_array_append_new(ids, json_string(c->uuid));
			psim_note(s, c, "queued",
			          json_pack("{s:s, s:s}", "to", c->to, "from",
			                    c->from));
		}
		mem_free(to);
	}
	schedule(s);
	return ids;
}

/* The same number always gets the same: nothing clear, in one of these ways. */
static struct psim_rest_fault draw_unclear(struct psim *s, const char *to)
{
	static const struct psim_rest_fault ways[] = {
		{PSIM_REST_RESET, 0, 1},    {PSIM_REST_STATUS, 503, 1},
		{PSIM_REST_LOST, 0, 1},     {PSIM_REST_FAILED, 502, 1},
		{PSIM_REST_DELAY, 1500, 1},
	};
	struct psim_rest_fault f = {.kind = PSIM_REST_OK};
	uint64_t dice = 0xcbf29ce484222325;

	for (; *to; to++)
		dice = (dice ^ (unsigned char)*to) * 0x100000001b3;
	dice ^= dice >> 32;
	if (dice % 100 >= s->o->unclear)
		return f;
	f = ways[dice / 10000 % ARRAY_LEN(ways)];
	if (dice / 100 % 100 < s->o->stalls)
		f = (struct psim_rest_fault){PSIM_REST_LOST, STALL_MS, 1};
	return f;
}

/* How this request is to go wrong, if at all; used up by being asked. */
static struct psim_rest_fault take_fault(struct psim *s, const json_t *body)
{
	const char *to = js_str(body, "to", "");
	struct psim_script *script = psim_script_for(s, to + (*to == '+'));
	struct psim_rest_fault *f = &s->fault, now;

	if (f->kind == PSIM_REST_OK || !f->times)
		f = &script->rest;
	if (f->kind == PSIM_REST_OK || !f->times) {
		now = draw_unclear(s, to + (*to == '+'));
		if (now.kind != PSIM_REST_OK)
			psim_note(s, NULL, "unclear",
			          json_pack("{s:s, s:i}", "to", to, "fault",
			                    (int)now.kind));
		return now;
	}
	now = *f;
	if (f->times != UINT32_MAX)
		f->times--;
	return now;
}

static void make_call(struct psim *s, json_t *body, struct psim_reply *r)
{
	const struct psim_rest_fault f = take_fault(s, body);
	char why[PSIM_WHY_MAX], id[PSIM_UUID_LEN];
	json_t *ids;
	int status;

	if (f.kind == PSIM_REST_STATUS) {
		psim_reply_error(r, (int)f.value, "a fault was asked for");
		return;
	}
	if (f.kind == PSIM_REST_RESET) {
		r->fate = PSIM_FATE_RESET;
		return;
	}
	status = psim_make_check(s, body, why);
	if (status) {
		psim_reply_error(r, status, why);
		return;
	}
	ids = new_calls(s, body);
	if (!ids) {
		psim_reply_error(r, 500, "server error");
		return;
	}
	psim_uuid(id);
	if (json_array_size(ids) == 1)
		psim_reply_json(r, 201,
		                json_pack("{s:s, s:s, s:O}", "api_id", id,
		                          "message", "call fired",
		                          "request_uuid",
		                          json_array_get(ids, 0)));
	else
		psim_reply_json(r, 201,
		                json_pack("{s:s, s:s, s:O}", "api_id", id,
		                          "message", "calls fired",
		                          "request_uuid", ids));
	json_decref(ids);
	if (f.kind == PSIM_REST_FAILED)
		psim_reply_error(r, (int)f.value, "a fault was asked for");
	if (f.kind == PSIM_REST_DELAY || f.kind == PSIM_REST_LOST)
		r->delay_ms = f.value;
	if (f.kind == PSIM_REST_LOST)
		r->fate = PSIM_FATE_CLOSE;
}

/* Only JSON, and an object: NULL after an answer was given. */
static json_t *body_of(struct psim *s, const struct psim_message *m,
                       struct psim_reply *r)
{
	struct str type = psim_message_header(m, "content-type");
	json_t *body;

	type = str_trim(str_cut(&type, ';'));
	if (!str_eq_nocase(type, "application/json")) {
		psim_violation(s, NULL, "REST: a body that is not JSON");
		psim_reply_error(r, 400, "content type is not JSON");
		return NULL;
	}
	body = js_parse(buf_str(&m->body), m->body.len, NULL, 0);
	if (json_is_object(body))
		return body;
	json_decref(body);
	psim_violation(s, NULL, "REST: broken JSON");
	psim_reply_error(r, 400, "invalid JSON");
	return NULL;
}

static void list_ids(const struct psim *s, bool live, struct psim_reply *r)
{
	json_t *ids = json_array();
	char id[PSIM_UUID_LEN];

	for (struct link *l = s->calls.next; l != &s->calls; l = l->next) {
		const struct psim_call *c = psim_call_of(l);

		if (live ? psim_call_live(c) : c->state < PSIM_RINGING)
			json_array_append_new(ids, json_string(c->uuid));
	}
	psim_uuid(id);
	psim_reply_json(r, 200,
	                json_pack("{s:s, s:o}", "api_id", id, "calls", ids));
}

/* Numbers are told apart by their digits alone. */
static bool wanted(const struct psim_call *c, const struct psim_pairs *q)
{
	const char *to = psim_pairs_get(q, "to_number");
	const char *from = psim_pairs_get(q, "from_number");

	return (!to || !strcmp(c->to + (*c->to == '+'), to + (*to == '+'))) &&
	       (!from ||
	        !strcmp(c->from + (*c->from == '+'), from + (*from == '+')));
}

static void list_cdrs(const struct psim *s, const struct psim_pairs *q,
                      struct psim_reply *r)
{
	const char *limit = psim_pairs_get(q, "limit");
	const char *offset = psim_pairs_get(q, "offset");
	uint64_t most = LIST_MAX, skip = 0, total = 0;
	json_t *list = json_array();
	char id[PSIM_UUID_LEN];

	psim_uuid(id);
	if ((limit && str_u64(str_of(limit), LIST_MAX, &most)) ||
	    (offset && str_u64(str_of(offset), 1000000, &skip))) {
		json_decref(list);
		psim_reply_error(r, 400, "limit or offset is invalid");
		return;
	}
	for (struct link *l = s->calls.prev; l != &s->calls; l = l->prev) {
		const struct psim_call *c = psim_call_of(l);
		json_t *cdr =
			wanted(c, q) ? psim_call_json(c, "cdr", NULL) : NULL;

		if (cdr && total++ >= skip && json_array_size(list) < most)
			json_array_append(list, cdr);
		json_decref(cdr);
	}
	psim_reply_json(r, 200,
	                json_pack("{s:s, s:{s:I, s:I, s:I, s:n, s:n}, s:o}",
	                          "api_id", id, "meta", "limit",
	                          (json_int_t)most, "offset", (json_int_t)skip,
	                          "total_count", (json_int_t)total, "next",
	                          "previous", "objects", list));
}

static void on_calls(struct psim *s, const struct psim_message *m,
                     struct str query, struct psim_reply *r)
{
	struct psim_pairs *q;

	if (str_eq(m->method, "POST")) {
		json_t *body = body_of(s, m, r);

		if (body)
			make_call(s, body, r);
		json_decref(body);
		return;
	}
	if (!str_eq(m->method, "GET")) {
		psim_reply_error(r, 405, "method not allowed");
		return;
	}
	q = mem_zalloc(sizeof(*q));
	if (!q || psim_pairs_parse(q, query)) {
		psim_reply_error(r, 400, "invalid query");
	} else {
		const char *status = psim_pairs_get(q, "status");

		if (!status)
			list_cdrs(s, q, r);
		else if (!strcmp(status, "live") || !strcmp(status, "queued"))
			list_ids(s, *status == 'l', r);
		else
			psim_reply_error(r, 400, "status is invalid");
	}
	if (q)
		psim_pairs_fini(q);
	mem_free(q);
}

static void on_request(struct psim *s, const struct psim_message *m,
                       struct str uuid, struct psim_reply *r)
{
	struct psim_call *c = psim_call_find(s, uuid);

	if (!str_eq(m->method, "DELETE")) {
		psim_reply_error(r, 405, "method not allowed");
	} else if (!c || c->state >= PSIM_IN_PROGRESS) {
		psim_reply_error(r, 404, "not found");
	} else {
		psim_call_end(c, 1000, "API Request");
		r->status = 204;
	}
}

/* @path follows "/v1/Account/". */
static void on_account(struct psim *s, const struct psim_message *m,
                       struct str path, struct str query, struct psim_reply *r)
{
	const struct str account = str_cut(&path, '/');
	const struct str what = str_cut(&path, '/');
	const struct str uuid = str_cut(&path, '/');
	struct psim_call *c;

	if (!authorised(s, m) || !str_eq(account, s->o->auth_id)) {
		static const char text[] =
			"Could not verify your access level for that URL.\n"
			"You have to login with proper credentials";

		r->status = 401;
		r->type = "text/html; charset=utf-8";
		if (buf_adds(&r->body, text))
			r->status = 500;
	} else if (over_the_rate(s)) {
		psim_reply_error(r, 429, "rate limit exceeded");
	} else if (str_eq(what, "Call") && !uuid.len && !path.v) {
		on_calls(s, m, query, r);
	} else if (str_eq(what, "Request") && uuid.len) {
		on_request(s, m, uuid, r);
	} else if (str_eq(what, "Call")) {
		c = psim_call_find(s, uuid);
		if (c)
			psim_rest_call(s, m, c, path, r);
		else
			psim_reply_error(r, 404, "not found");
	} else {
		psim_reply_error(r, 404, "not found");
	}
}

static void note_request(struct psim *s, const struct psim_message *m,
                         const struct psim_reply *r)
{
	static const char *const fates[] = {"answer", "close", "reset"};
	json_t *body =
		m->body.len ? js_parse(m->body.v, m->body.len, NULL, 0) : NULL;

	if (m->body.len && !body)
		body = json_stringn_nocheck(m->body.v, m->body.len);
	psim_note(s, NULL, "rest",
	          json_pack("{s:s#, s:s#, s:i, s:s, s:i, s:o}", "method",
	                    m->method.v, (int)m->method.len, "path",
	                    m->target.v, (int)m->target.len, "status",
	                    r->status, "fate", fates[r->fate], "delay_ms",
	                    (int)r->delay_ms, "body",
	                    body ? body : json_null()));
}

void psim_rest_handle(const struct psim_message *m, struct psim_reply *r,
                      void *arg)
{
	struct psim *s = arg;
	struct str query = m->target;
	struct str path = str_cut(&query, '?');

	if (str_starts(path, "/sim/")) {
		psim_control(s, m, str_n(path.v + 5, path.len - 5), query, r);
		return;
	}
	if (!str_starts(path, "/v1/Account/")) {
		psim_reply_error(r, 404, "not found");
	} else if (path.v[path.len - 1] != '/') {
		psim_violation(s, NULL, "REST: %.*s does not end in /",
		               STR_ARG(path));
		psim_reply_error(r, 404, "not found");
	} else {
		on_account(s, m, str_n(path.v + 12, path.len - 12), query, r);
	}
	note_request(s, m, r);
}
