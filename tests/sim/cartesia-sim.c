/*
 * cartesia-sim - a stand-in for Cartesia's text to speech over a WebSocket
 *
 * wss://host:port/tts/websocket, as reference/providers.md describes it. Each
 * word is a tone of its own (wordtone.h), so that the far end of a call can be
 * asked which words were heard.
 */
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/ca_context.h"
#include "tests/sim/lib/simmem.h"

enum { SOCKETS_PER_CONTEXT = 10 /* more are refused with 429 */ };

static struct ca_cfg cfg = {
	.latency_ms = 120,
	.expire_ms = 1000,
	.idle_ms = 300000,
	.pace = 4,
	.scale = 1,
};

static const struct simopt opts[] = {
	{"latency-ms", SIMOPT_NUMBER, &cfg.latency_ms,
         "from text to first audio (120)"},
	{"pace", SIMOPT_REAL, &cfg.pace, "of audio, times real time (4)"},
	{"word-scale", SIMOPT_REAL, &cfg.scale, "length of words (1)"},
	{"expire-ms", SIMOPT_NUMBER, &cfg.expire_ms,
         "a context lives after its last audio; 0: for ever (1000)"},
	{"idle-ms", SIMOPT_NUMBER, &cfg.idle_ms,
         "a socket lives without requests (300000)"},
	{"concurrency", SIMOPT_NUMBER, &cfg.concurrency,
         "contexts at once, 0: any number (0)"},
};

/* Those of a context count contexts in nth=, over all sockets:
 *	refuse:STATUS         the upgrade is answered with STATUS
 *	no-answer             the upgrade is never answered
 *	mute                  no audio for a context
 *	slow:MS               first audio comes so much later
 *	stall:MS              a pause behind the first chunk
 *	early-done            done, though the client has not ended it
 *	no-done-after-cancel  nothing more of a cancelled context
 *	no-timestamps         though asked for
 *	huge-chunk            all audio of a piece in one message
 *	error:CODE            an error instead of speech
 *	error-no-context      the same, without a context_id
 */
static const char *const faults[] = {"refuse",
                                     "no-answer",
                                     "mute",
                                     "slow",
                                     "stall",
                                     "early-done",
                                     "no-done-after-cancel",
                                     "no-timestamps",
                                     "huge-chunk",
                                     "error",
                                     "error-no-context",
                                     SIM_WS_FAULTS,
                                     NULL};

static int start(struct sim *s)
{
	(void)s;
	list_init(&cfg.conns);
	cfg.records = json_array();
	return cfg.pace > 0 && cfg.scale > 0 && cfg.scale <= 2 ? 0 : 2;
}

static void stop(struct sim *s)
{
	(void)s;
	json_decref(cfg.records);
}

/* --- errors --- */

/* Before 2026-03-01 an error was one text. */
static void say_error(struct ca_conn *conn, const char *context_id,
                      const struct ca_error *e)
{
	char id[37];
	json_t *obj = json_pack("{s:s, s:b, s:i}", "type", "error", "done", 1,
	                        "status_code", e->status);

	sim_uuid(conn->sim, id);
	if (strcmp(conn->version, "2026-03-01") < 0) {
		json_object_set_new(
			obj, "error",
			json_sprintf("%s: %s", e->title, e->message));
	} else {
		json_object_set_new(obj, "error_code", json_string(e->code));
		json_object_set_new(obj, "title", json_string(e->title));
		json_object_set_new(obj, "message", json_string(e->message));
		json_object_set_new(obj, "request_id", json_string(id));
		json_object_set_new(
			obj, "doc_url",
			json_string("https://docs.cartesia.ai/api-errors"));
	}
	if (context_id)
		json_object_set_new(obj, "context_id", json_string(context_id));
	sim_send_json(conn->ws, obj);
}

/* The client's fault: said to it, and kept. */
static void blame(struct ca_conn *conn, const char *context_id,
                  const struct ca_error *e)
{
	sim_violation(conn->sim, conn->no, "%s: %s",
	              e->code ? e->code : "error", e->message);
	say_error(conn, context_id, e);
}

/* --- messages --- */

static bool error_by_fault(struct ca_conn *conn, const char *context_id)
{
	const unsigned next = conn->cfg->n_contexts + 1;
	const struct simfault *f = sim_fault(conn->sim, "error", next);
	struct ca_error e = {500, "internal_error", "Internal error",
	                     "by a fault of the simulator"};
	const bool nameless =
		!f && sim_fault(conn->sim, "error-no-context", next);

	if (!f && !nameless)
		return false;
	conn->cfg->n_contexts++;
	if (f && *f->arg)
		e.code = f->arg;
	if (strcmp(e.code, "concurrency_limited") == 0)
		e.status = 429;
	say_error(conn, nameless ? NULL : context_id, &e);
	return true;
}

static struct ca_context *open_context(struct ca_conn *conn,
                                       const struct ca_request *q, json_t *msg)
{
	struct ca_error e = {400, "invalid_request", "Invalid request", ""};

	if (ca_has_ended(conn, q->context_id)) {
		snprintf(e.message, sizeof(e.message),
		         "context %.40s has ended or expired", q->context_id);
		blame(conn, q->context_id, &e);
		return NULL;
	}
	if (cfg.concurrency && cfg.active >= cfg.concurrency) {
		e = (struct ca_error){429, "concurrency_limited",
		                      "Too many contexts", "concurrency"};
		say_error(conn, q->context_id, &e);
		sim_count(conn->sim, "concurrency_limited", 1);
		return NULL;
	}
	if (error_by_fault(conn, q->context_id))
		return NULL;
	return ca_context_open(conn, q, msg);
}

static void on_idle(void *arg)
{
	struct ca_conn *conn = arg;

	simws_close(conn->ws, 1000, "connection idle timeout");
}

static void take(struct ca_conn *conn, json_t *msg)
{
	struct ca_context *c;
	struct ca_request q;
	struct ca_error e;

	if (ca_check_message(msg, conn->version, &q, &e)) {
		blame(conn, q.context_id, &e);
		return;
	}
	timer_start(conn->sim->timers, &conn->idle, cfg.idle_ms, on_idle, conn);
	c = ca_context_find(conn, q.context_id);
	if (q.cancel) {
		sim_count(conn->sim, c ? "cancels" : "late_cancels", 1);
		if (!c && !ca_has_ended(conn, q.context_id))
			sim_violation(conn->sim, conn->no,
			              "cancel of an unknown context");
		if (c)
			ca_context_cancel(c);
		return;
	}
	if (!c)
		c = open_context(conn, &q, msg);
	if (c && ca_context_take(c, &q, msg, &e))
		blame(conn, q.context_id, &e);
}

static void on_text(const char *v, size_t len, void *arg)
{
	struct ca_conn *conn = arg;
	char why[128];
	json_t *msg = js_parse(v, len, why, sizeof(why));

	if (msg) {
		take(conn, msg);
		json_decref(msg);
	} else {
		struct ca_error e = {400, "invalid_request", "Invalid request",
		                     ""};

		snprintf(e.message, sizeof(e.message), "not JSON: %s", why);
		blame(conn, NULL, &e);
	}
}

static void on_binary(const char *v, size_t len, void *arg)
{
	const struct ca_error e = {400, "invalid_request", "Invalid request",
	                           "frames are text"};

	(void)v;
	(void)len;
	blame(arg, NULL, &e);
}

static void on_violation(const char *what, void *arg)
{
	struct ca_conn *conn = arg;

	sim_violation(conn->sim, conn->no, "WebSocket: %s", what);
}

static void on_closed(int code, void *arg)
{
	struct ca_conn *conn = arg;

	sim_count(conn->sim,
	          code == SIMWS_GONE ? "gone_without_close" : "closed", 1);
	ca_contexts_end(conn);
	simws_faults_disarm(&conn->faults);
	timer_stop(conn->sim->timers, &conn->idle);
	simws_free(&conn->ws, SIMCONN_FLUSH);
	sim_stream_end(conn->sim);
	list_remove(&conn->link);
	mem_free(conn);
}

/* --- upgrades --- */

static void refuse(struct simreq *r, int status, const char *text)
{
	sim_reply_json(r, status, json_pack("{s:s}", "error", text));
}

static int refusal(struct sim *s, struct simreq *r, unsigned no,
                   char version[16], const char **text)
{
	const struct simfault *f = sim_fault(s, "refuse", no);
	int status;

	*text = "Refused by a fault of the simulator.";
	if (f)
		return (int)simfault_number(f, 503);
	status = ca_check_upgrade(s, r, version, text);
	if (status) {
		sim_violation(s, no, "upgrade refused: %d %s", status, *text);
		return status;
	}
	if (cfg.concurrency &&
	    s->open >= cfg.concurrency * SOCKETS_PER_CONTEXT) {
		*text = "Too many connections.";
		return 429;
	}
	return 0;
}

static void request(struct sim *s, struct simreq *r)
{
	static const struct simws_ops ops = {on_text, on_binary, on_closed,
	                                     on_violation};
	const unsigned no = ++s->opened;
	const char *text;
	struct ca_conn *conn;
	char version[16] = "";
	int status;

	sim_record(s, r, no);
	if (sim_fault(s, "no-answer", no)) {
		simreq_hold(r);
		return;
	}
	status = refusal(s, r, no, version, &text);
	if (status) {
		refuse(r, status, text);
		return;
	}
	conn = sim_zalloc(sizeof(*conn));
	conn->cfg = &cfg;
	conn->sim = s;
	conn->no = no;
	memcpy(conn->version, version, sizeof(version));
	list_init(&conn->contexts);
	list_append(&cfg.conns, &conn->link);
	s->open++;
	sim_count(s, "accepted", 1);
	conn->ws = simws_accept(r, s->net, &ops, conn);
	simws_faults_arm(&conn->faults, s, conn->ws, no);
	timer_start(s->timers, &conn->idle, cfg.idle_ms, on_idle, conn);
}

/* --- state --- */

static void state(struct sim *s, json_t *obj)
{
	json_t *list = json_copy(cfg.records);

	(void)s;
	for (struct link *l = cfg.conns.next; l != &cfg.conns; l = l->next)
		ca_contexts_state(CONTAINER_OF(l, struct ca_conn, link), list);
	json_object_set_new(obj, "contexts", list);
}

static void reset(struct sim *s)
{
	(void)s;
	json_array_clear(cfg.records);
}

int main(int argc, char **argv)
{
	static const struct sim_app app = {
		.name = "cartesia",
		.opts = opts,
		.n_opts = ARRAY_LEN(opts),
		.faults = faults,
		.start = start,
		.stop = stop,
		.request = request,
		.state = state,
		.reset = reset,
	};

	return sim_main(argc, argv, &app);
}
