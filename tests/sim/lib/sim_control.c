#include <string.h>

#include "tests/sim/lib/sim_int.h"
#include "tests/sim/lib/simmem.h"

static json_t *faults_of(const struct sim *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_faults; i++) {
		const struct simfault *f = &s->fault[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:i, s:i, s:i, s:i}", "name",
		                  f->name, "arg", f->arg, "at_ms",
		                  (int)f->at_ms, "nth", (int)f->nth, "times",
		                  (int)f->times, "used", (int)f->used));
	}
	return list;
}

static void get_state(struct sim *s, struct simreq *r)
{
	json_t *obj = json_pack(
		"{s:s, s:f, s:{s:i, s:i}, s:O, s:I, s:O, s:O, s:o}",
		"simulator", s->app->name, "uptime_ms", sim_ms(s),
		"connections", "total", (int)s->opened, "open", (int)s->open,
		"violations", s->violations, "violations_total",
		(json_int_t)s->n_violations, "counts", s->counts, "requests",
		s->requests, "faults", faults_of(s));

	if (s->app->state)
		s->app->state(s, obj);
	sim_reply_json(r, 200, obj);
}

static void get_violations(struct sim *s, struct simreq *r)
{
	struct buf b;
	size_t i;
	json_t *v;

	buf_init(&b, SIM_BUF_MAX);
	json_array_foreach(s->violations, i, v)
		sim_addf(&b, "stream %d: %s\n", (int)js_int(v, "stream", 0),
	                 js_str(v, "what", ""));
	simreq_reply(r, 200, "text/plain", b.v, b.len);
	buf_fini(&b);
}

static void post_fault(struct sim *s, struct simreq *r)
{
	const struct buf *body = simreq_body(r);
	struct str rest = str_n(buf_str(body), body->len);

	while (rest.len > 0) {
		struct str line = str_trim(str_cut(&rest, '\n'));
		const char *why = NULL;

		if (str_eq(line, "clear"))
			s->n_faults = 0;
		else if (line.len > 0)
			why = sim_add_fault(s, line);
		if (why) {
			sim_reply_json(r, 400,
			               json_pack("{s:s}", "detail", why));
			return;
		}
	}
	sim_reply_json(r, 200, json_pack("{s:o}", "faults", faults_of(s)));
}

static void post_reset(struct sim *s, struct simreq *r)
{
	json_array_clear(s->violations);
	json_array_clear(s->requests);
	json_object_clear(s->counts);
	s->n_violations = 0;
	if (s->app->reset)
		s->app->reset(s);
	sim_reply_json(r, 200, json_object());
}

bool sim_control(struct sim *s, struct simreq *r)
{
	static const struct {
		const char *method, *path;
		void (*serve)(struct sim *s, struct simreq *r);
	} table[] = {
		{"GET", "/sim/state", get_state},
		{"GET", "/sim/violations", get_violations},
		{"POST", "/sim/fault", post_fault},
		{"POST", "/sim/reset", post_reset},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(simreq_method(r), table[i].method) == 0 &&
		    strcmp(simreq_path(r), table[i].path) == 0) {
			table[i].serve(s, r);
			return true;
		}
	return false;
}
