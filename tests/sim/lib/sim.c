#define _POSIX_C_SOURCE 200809L
#include "tests/sim/lib/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/sim_int.h"
#include "tests/sim/lib/simmem.h"

/* --- record --- */

/* Foreign bytes may be anything; what is no UTF-8 is said to be so. */
static json_t *text_of(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(text that is not UTF-8)");
}

void sim_violation(struct sim *s, unsigned stream, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "violation stream=%u %s\n", stream, text);
	if (s->n_violations++ >= SIM_VIOLATIONS_MAX)
		return;
	json_array_append_new(s->violations,
	                      json_pack("{s:f, s:i, s:o}", "at_ms", sim_ms(s),
	                                "stream", (int)stream, "what",
	                                text_of(text)));
}

static bool is_secret(const char *name)
{
	static const char *const names[] = {"authorization", "x-api-key",
	                                    "api-key", "api_key",
	                                    "access_token"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The scheme stays, the credential goes. */
static json_t *masked(const char *name, const char *value)
{
	const char *space = strchr(value, ' ');

	if (!is_secret(name))
		return text_of(value);
	if (space)
		return json_sprintf("%.*s ***", (int)(space - value), value);
	return json_string("***");
}

static json_t *query_of(struct simreq *r)
{
	json_t *query = json_array();
	const char *name, *value;

	for (size_t i = 0; simreq_arg_at(r, i, &name, &value); i++)
		json_array_append_new(query, json_pack("[o, o]", text_of(name),
		                                       masked(name, value)));
	return query;
}

json_t *sim_record(struct sim *s, struct simreq *r, unsigned stream)
{
	json_t *headers = json_object(), *obj;
	const struct buf *body = simreq_body(r);
	const char *name, *value;

	for (size_t i = 0; simreq_header_at(r, i, &name, &value); i++)
		json_object_set_new(headers, name, masked(name, value));
	obj = json_pack("{s:f, s:i, s:i, s:s, s:s, s:s, s:o, s:o}", "at_ms",
	                sim_ms(s), "stream", (int)stream, "connection",
	                (int)simreq_conn_no(r), "http",
	                simreq_is_h2(r) ? "2" : "1.1", "method",
	                simreq_method(r), "path", simreq_path(r), "query",
	                query_of(r), "headers", headers);
	if (body->len > 0 && body->len <= SIM_RECORD_BODY) {
		json_t *json = js_parse(body->v, body->len, NULL, 0);

		json_object_set_new(obj, "body",
		                    json ? json : text_of(buf_str(body)));
	}
	if (json_array_size(s->requests) >= SIM_REQUESTS_MAX)
		json_array_remove(s->requests, 0);
	json_array_append_new(s->requests, obj);
	return obj;
}

void sim_count(struct sim *s, const char *name, long n)
{
	const json_int_t old = js_int(s->counts, name, 0);

	json_object_set_new(s->counts, name, json_integer(old + n));
}

void sim_stream_end(struct sim *s)
{
	s->open--;
}

double sim_ms(const struct sim *s)
{
	return simnet_now_ms(s->net) - s->began_ms;
}

uint32_t sim_random(struct sim *s, uint32_t n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return n > 0 ? (uint32_t)((s->random >> 16) % n) : 0;
}

void sim_uuid(struct sim *s, char out[37])
{
	static const char hex[] = "0123456789abcdef";

	for (int i = 0; i < 36; i++)
		out[i] = i == 8 || i == 13 || i == 18 || i == 23
		                 ? '-'
		                 : hex[sim_random(s, 16)];
	out[14] = '4';
	out[19] = 'a';
	out[36] = '\0';
}

/* --- faults --- */

const struct simfault *sim_fault(struct sim *s, const char *name,
                                 unsigned stream)
{
	for (size_t i = 0; i < s->n_faults; i++) {
		struct simfault *f = &s->fault[i];

		if (strcmp(f->name, name) != 0 ||
		    (f->nth && f->nth != stream) ||
		    (f->times && f->used >= f->times))
			continue;
		f->used++;
		return f;
	}
	return NULL;
}

uint32_t sim_fault_number(struct sim *s, const char *name, unsigned stream,
                          uint32_t def)
{
	const struct simfault *f = sim_fault(s, name, stream);

	return f ? simfault_number(f, def) : 0;
}

uint32_t simfault_number(const struct simfault *f, uint32_t def)
{
	uint64_t n;

	if (str_u64(str_of(f->arg), UINT32_MAX, &n))
		return def;
	return (uint32_t)n;
}

static bool known(const struct sim_app *app, const char *name)
{
	for (const char *const *p = app->faults; *p; p++)
		if (strcmp(*p, name) == 0)
			return true;
	return false;
}

static int take_modifier(struct simfault *f, struct str mod)
{
	struct str name = str_cut(&mod, '=');
	uint64_t n;

	if (!mod.v || str_u64(mod, UINT32_MAX, &n))
		return -1;
	if (str_eq(name, "at"))
		f->at_ms = (uint32_t)n;
	else if (str_eq(name, "nth"))
		f->nth = (uint32_t)n;
	else if (str_eq(name, "times"))
		f->times = (uint32_t)n;
	else
		return -1;
	return 0;
}

/* NULL, or what is wrong with @text. */
const char *sim_add_fault(struct sim *s, struct str text)
{
	struct simfault f = {0};
	struct str head = str_cut(&text, ','), name = str_cut(&head, ':');

	if (s->n_faults == SIM_FAULTS_MAX)
		return "too many faults";
	if (str_copy(f.name, sizeof(f.name), name) ||
	    str_copy(f.arg, sizeof(f.arg), head.v ? head : str_of("")))
		return "fault too long";
	if (!known(s->app, f.name))
		return "no such fault";
	while (text.len > 0)
		if (take_modifier(&f, str_cut(&text, ',')))
			return "a modifier is at=MS, nth=N or times=N";
	s->fault[s->n_faults++] = f;
	return NULL;
}

/* --- JSON --- */

void sim_reply_json(struct simreq *r, int status, json_t *obj)
{
	struct buf b;

	buf_init(&b, SIM_BUF_MAX);
	ASSERT(js_dump(&b, obj) == 0);
	simreq_reply(r, status, "application/json", b.v, b.len);
	buf_fini(&b);
	json_decref(obj);
}

void sim_send_json(struct simws *ws, json_t *obj)
{
	struct buf b;

	buf_init(&b, SIM_BUF_MAX);
	ASSERT(js_dump(&b, obj) == 0);
	simws_text(ws, b.v, b.len);
	buf_fini(&b);
	json_decref(obj);
}

char *sim_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct buf b;
	char chunk[4096];
	size_t n;

	if (!f) {
		perror(path);
		return NULL;
	}
	buf_init(&b, SIM_BUF_MAX);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sim_add(&b, chunk, n);
	fclose(f);
	if (b.len == 0)
		sim_add(&b, "", 0);
	if (!b.v)
		return sim_strdup("");
	return buf_take(&b, len);
}
