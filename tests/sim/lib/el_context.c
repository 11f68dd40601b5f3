#include "tests/sim/lib/el_context.h"

#include <string.h>

#include "common/base64.h"
#include "common/timer.h"
#include "tests/sim/lib/ca_voice.h"
#include "tests/sim/lib/simmem.h"

enum {
	CHUNK_MS = 150,     /* of audio in a message */
	ID_MAX = 64,        /* [bytes] */
	INACTIVE_MS = 20000 /* without a message: 1008 */
};

struct el_conn;

struct el_context {
	struct el_conn *conn;
	char id[ID_MAX];  /* "": free */
	struct buf text;  /* all of it */
	size_t at;        /* of it given to the voice, whole pieces */
	struct buf piece; /* what the voice is saying */
	bool closing;
	struct ca_voice *voice;
	struct timer timer;
	uint64_t bytes;
	double base;                    /* [s] of audio before this message */
	json_t *chars, *starts, *lasts; /* of this message */
};

struct el_conn {
	struct link link;
	struct el_cfg *cfg;
	struct sim *sim;
	unsigned no;
	struct simws *ws;
	struct simws_faults faults;
	struct ca_format format;
	struct el_context context[EL_CONTEXTS_MAX];
	struct timer idle;
};

static void free_context(struct el_context *c, const char *how)
{
	struct el_conn *conn = c->conn;
	json_t *records = conn->cfg->records;

	if (json_array_size(records) >= EL_RECORDS_MAX)
		json_array_remove(records, 0);
	json_array_append_new(records,
	                      json_pack("{s:i, s:s, s:s, s:s, s:I}", "stream",
	                                (int)conn->no, "id", c->id, "text",
	                                buf_str(&c->text), "end", how, "bytes",
	                                (json_int_t)c->bytes));
	timer_stop(conn->sim->timers, &c->timer);
	ca_voice_free(&c->voice);
	buf_fini(&c->text);
	buf_fini(&c->piece);
	*c = (struct el_context){.conn = conn};
}

/* --- speaking --- */

/* Times within the message: a word's letters share its time. */
static void on_word(const char *raw, size_t len, double begin, double end,
                    void *arg)
{
	struct el_context *c = arg;
	const double each = (end - begin) * 1000 / (double)len;

	if (!c->chars)
		return;
	if (json_array_size(c->chars) > 0 || c->bytes > 0) {
		json_array_append_new(c->chars, json_string(" "));
		json_array_append_new(
			c->starts,
			json_integer((json_int_t)((begin - c->base) * 1000)));
		json_array_append_new(c->lasts, json_integer(0));
	}
	for (size_t i = 0; i < len; i++) {
		json_array_append_new(c->chars, json_stringn(raw + i, 1));
		json_array_append_new(
			c->starts,
			json_integer((json_int_t)((begin - c->base) * 1000 +
		                                  each * (double)i)));
		json_array_append_new(c->lasts, json_integer((json_int_t)each));
	}
}

static json_t *alignment_of(struct el_context *c)
{
	json_t *obj = json_null();

	if (json_array_size(c->chars) > 0 &&
	    !sim_fault(c->conn->sim, "no-alignment", c->conn->no))
		obj = json_pack("{s:O, s:O, s:O}", "chars", c->chars,
		                "charStartTimesMs", c->starts,
		                "charDurationsMs", c->lasts);
	json_decref(c->chars);
	json_decref(c->starts);
	json_decref(c->lasts);
	c->chars = c->starts = c->lasts = NULL;
	return obj;
}

static void send_chunk(struct el_context *c, const struct buf *audio)
{
	struct buf b64;
	json_t *alignment = alignment_of(c);

	buf_init(&b64, SIM_BUF_MAX);
	for (size_t i = 0; i < BASE64_LEN(audio->len); i++)
		sim_add(&b64, "=", 1);
	base64_encode(b64.v, audio->v, audio->len);
	sim_send_json(c->conn->ws,
	              json_pack("{s:s%, s:s, s:o, s:n}", "audio", b64.v,
	                        b64.len, "contextId", c->id, "alignment",
	                        alignment, "normalizedAlignment"));
	buf_fini(&b64);
	c->bytes += audio->len;
}

static void on_timer(void *arg);

static void later(struct el_context *c, uint32_t ms)
{
	timer_start(c->conn->sim->timers, &c->timer, ms, on_timer, c);
}

static bool next_piece(struct el_context *c)
{
	const size_t n = c->text.len - c->at;

	if (c->piece.len > 0)
		return true;
	if (n == 0)
		return false;
	sim_adds(&c->piece, buf_str(&c->text) + c->at);
	c->at = c->text.len;
	ca_voice_rewind(c->voice);
	return true;
}

static void on_timer(void *arg)
{
	struct el_context *c = arg;
	struct buf audio;
	uint32_t ms = 0;

	if (sim_fault(c->conn->sim, "mute", c->conn->no))
		return;
	if (next_piece(c)) {
		c->chars = json_array();
		c->starts = json_array();
		c->lasts = json_array();
		c->base = ca_voice_seconds(c->voice);
		buf_init(&audio, SIM_BUF_MAX);
		if (!ca_voice_speak(c->voice, buf_str(&c->piece), CHUNK_MS,
		                    &audio, &ms))
			buf_reset(&c->piece);
		send_chunk(c, &audio);
		buf_fini(&audio);
		later(c, (uint32_t)(ms / c->conn->cfg->pace));
		return;
	}
	if (!c->closing)
		return;
	sim_send_json(c->conn->ws, json_pack("{s:b, s:s}", "isFinal", 1,
	                                     "contextId", c->id));
	free_context(c, "final");
}

/* --- messages --- */

static void fail(struct el_conn *conn, const char *error, const char *text)
{
	sim_violation(conn->sim, conn->no, "%s: %s", error, text);
	sim_send_json(conn->ws, json_pack("{s:s, s:s, s:i}", "message", text,
	                                  "error", error, "code", 1008));
}

static struct el_context *find(struct el_conn *conn, const char *id)
{
	for (size_t i = 0; i < EL_CONTEXTS_MAX; i++)
		if (strcmp(conn->context[i].id, id) == 0)
			return &conn->context[i];
	return NULL;
}

static struct el_context *open_context(struct el_conn *conn, const char *id)
{
	struct el_context *c = find(conn, "");

	if (!c || strlen(id) >= ID_MAX) {
		fail(conn, "max_active_conversations",
		     "Too many contexts in this socket");
		return NULL;
	}
	memcpy(c->id, id, strlen(id) + 1);
	buf_init(&c->text, SIM_BUF_MAX);
	buf_init(&c->piece, SIM_BUF_MAX);
	c->voice = ca_voice_new(&conn->format, 1, on_word, c);
	return c;
}

static const char *check_message(const json_t *msg, const char **id)
{
	static const char *const known[] = {"text",
	                                    "context_id",
	                                    "flush",
	                                    "close_context",
	                                    "close_socket",
	                                    "voice_settings",
	                                    "generation_config"};
	const char *name;
	json_t *v;

	if (!json_is_object(msg))
		return "not a JSON object";
	*id = js_str(msg, "context_id", "");
	json_object_foreach((json_t *)(uintptr_t)msg, name, v)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found = found || strcmp(known[i], name) == 0;
		if (!found)
			return "unknown member";
	}
	if (!**id && !js_bool(msg, "close_socket", false) &&
	    *js_str(msg, "text", "x"))
		return "text without a context_id";
	return NULL;
}

static void take(struct el_conn *conn, const json_t *msg, const char *id)
{
	const char *text = js_str(msg, "text", NULL);
	struct el_context *c = find(conn, id);
	const bool first = !c;

	if (!c && !text)
		return; /* closing what has ended is no fault */
	if (!c)
		c = open_context(conn, id);
	if (!c)
		return;
	if (first && strcmp(text, " ") != 0)
		fail(conn, "context", "a context begins with a blank");
	if (c->closing) {
		fail(conn, "context", "text for a context that was closed");
		return;
	}
	if (!first && json_object_get(msg, "voice_settings"))
		simws_close(conn->ws, 1008, "voice_settings");
	if (!first && text && *text) {
		if (text[strlen(text) - 1] != ' ')
			fail(conn, "text", "no blank behind the text");
		sim_adds(&c->text, text);
	}
	if (sim_fault(conn->sim, "error", conn->no) && !first) {
		sim_send_json(conn->ws,
		              json_pack("{s:s, s:s, s:i}", "message",
		                        "by a fault", "error", "quota_exceeded",
		                        "code", 1008));
		free_context(c, "error");
		return;
	}
	c->closing = js_bool(msg, "close_context", false);
	if ((c->text.len > c->at || c->closing) && !timer_running(&c->timer))
		later(c, conn->cfg->latency_ms);
}

static void on_idle(void *arg)
{
	struct el_conn *conn = arg;

	simws_close(conn->ws, 1008, "input timeout exceeded");
}

static void on_text(const char *v, size_t len, void *arg)
{
	struct el_conn *conn = arg;
	json_t *msg = js_parse(v, len, NULL, 0);
	const char *id = "", *why = check_message(msg, &id);

	timer_start(conn->sim->timers, &conn->idle, INACTIVE_MS, on_idle, conn);
	if (why)
		fail(conn, "invalid_message", why);
	else if (js_bool(msg, "close_socket", false))
		simws_close(conn->ws, 1000, "");
	else if (*id)
		take(conn, msg, id);
	json_decref(msg);
}

static void on_binary(const char *v, size_t len, void *arg)
{
	(void)v;
	(void)len;
	fail(arg, "invalid_message", "binary message");
}

static void on_violation(const char *what, void *arg)
{
	struct el_conn *conn = arg;

	sim_violation(conn->sim, conn->no, "WebSocket: %s", what);
}

static void on_closed(int code, void *arg)
{
	struct el_conn *conn = arg;

	sim_count(conn->sim,
	          code == SIMWS_GONE ? "gone_without_close" : "closed", 1);
	for (size_t i = 0; i < EL_CONTEXTS_MAX; i++)
		if (conn->context[i].id[0])
			free_context(&conn->context[i], "socket gone");
	timer_stop(conn->sim->timers, &conn->idle);
	simws_faults_disarm(&conn->faults);
	simws_free(&conn->ws, SIMCONN_FLUSH);
	sim_stream_end(conn->sim);
	list_remove(&conn->link);
	mem_free(conn);
}

void el_conn_open(struct el_cfg *cfg, struct sim *s, struct simreq *r,
                  unsigned no, const struct ca_format *f)
{
	static const struct simws_ops ops = {on_text, on_binary, on_closed,
	                                     on_violation};
	struct el_conn *conn = sim_zalloc(sizeof(*conn));

	conn->cfg = cfg;
	conn->sim = s;
	conn->no = no;
	conn->format = *f;
	for (size_t i = 0; i < EL_CONTEXTS_MAX; i++)
		conn->context[i].conn = conn;
	list_append(&cfg->conns, &conn->link);
	s->open++;
	conn->ws = simws_accept(r, s->net, &ops, conn);
	simws_faults_arm(&conn->faults, s, conn->ws, no);
	timer_start(s->timers, &conn->idle, INACTIVE_MS, on_idle, conn);
}
