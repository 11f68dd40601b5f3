#include "tests/sim/lib/dg_speak.h"

#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "common/timer.h"
#include "tests/sim/lib/ca_voice.h"
#include "tests/sim/lib/simmem.h"

enum {
	TEXT_MAX = 2000,  /* [bytes] of a Speak, and of what is kept */
	FLUSHES_MAX = 20, /* a minute */
	CHUNK_MS = 60,    /* of audio in a message */
	JOBS_MAX = 64,
};

struct speak {
	struct link link;
	struct dg_speak_cfg *cfg;
	struct sim *sim;
	unsigned no;
	struct simws *ws;
	struct simws_faults faults;
	struct ca_voice *voice;
	struct ca_format format;
	struct buf text;     /* spoken, not flushed */
	char *job[JOBS_MAX]; /* flushed, not made */
	size_t n_jobs;
	unsigned sequence, flushes, clears, late;
	double flush_ms[FLUSHES_MAX]; /* of the last ones */
	uint64_t bytes;
	struct timer timer;
};

/* --- the query --- */

static const char *arg_of(struct simreq *r, const char *name, const char *def)
{
	const char *v = simreq_arg(r, name, 0);

	return v ? v : def;
}

static int format_of(struct simreq *r, struct ca_format *f)
{
	const char *encoding = arg_of(r, "encoding", "linear16");
	const char *rate = arg_of(r, "sample_rate", "24000");
	uint64_t hz = 0;

	if (str_u64(str_of(rate), 48000, &hz))
		return -1;
	*f = (struct ca_format){CA_S16LE, (uint32_t)hz};
	if (strcmp(encoding, "mulaw") == 0)
		f->encoding = CA_MULAW;
	else if (strcmp(encoding, "alaw") == 0)
		f->encoding = CA_ALAW;
	else if (strcmp(encoding, "linear16") != 0)
		return -1;
	if (f->encoding != CA_S16LE)
		return hz == 8000 || hz == 16000 ? 0 : -1;
	return hz == 8000 || hz == 16000 || hz == 24000 || hz == 32000 ||
	                       hz == 48000
	               ? 0
	               : -1;
}

int dg_speak_check(struct sim *s, struct simreq *r, unsigned no,
                   const char **code, const char **text)
{
	static const char *const known[] = {"model",       "encoding",
	                                    "sample_rate", "mip_opt_out",
	                                    "speed",       "tag"};
	const char *auth = simreq_header(r, "authorization");
	const char *name, *value, *wrong = simws_check(r);
	struct ca_format f;
	bool found = true;

	*code = "Bad Request";
	*text = wrong;
	if (wrong)
		return 400;
	*text = "Unknown parameter, encoding or rate.";
	for (size_t i = 0; simreq_arg_at(r, i, &name, &value) && found; i++) {
		found = false;
		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			found = found || strcmp(known[k], name) == 0;
	}
	if (!found || format_of(r, &f) ||
	    strncmp(arg_of(r, "model", "aura-asteria-en"), "aura-", 5) != 0)
		return 400;
	*code = "INVALID_AUTH";
	*text = "Invalid credentials.";
	if (!auth || strncmp(auth, "Token ", 6) != 0 || !auth[6] ||
	    (s->key && strcmp(auth + 6, s->key) != 0))
		return 401;
	(void)no;
	return 0;
}

/* --- speaking --- */

static void on_word(const char *raw, size_t len, double begin, double end,
                    void *arg)
{
	struct speak *sp = arg;

	(void)raw;
	(void)len;
	(void)begin;
	(void)end;
	sim_count(sp->sim, "words_spoken", 1);
}

static void say_number(struct speak *sp, const char *type)
{
	sim_send_json(sp->ws, json_pack("{s:s, s:i}", "type", type,
	                                "sequence_id", (int)sp->sequence++));
}

static void drop_job(struct speak *sp)
{
	mem_free(sp->job[0]);
	memmove(&sp->job[0], &sp->job[1],
	        (sp->n_jobs - 1) * sizeof(sp->job[0]));
	sp->n_jobs--;
	ca_voice_rewind(sp->voice);
}

static void on_timer(void *arg);

static void later(struct speak *sp, uint32_t ms)
{
	timer_start(sp->sim->timers, &sp->timer, ms, on_timer, sp);
}

static void on_timer(void *arg)
{
	struct speak *sp = arg;
	const struct simfault *stall =
		sim_fault(sp->sim, "speak-stall", sp->no);
	struct buf audio;
	uint32_t ms = 0;
	bool more;

	if (sp->n_jobs == 0 || sim_fault(sp->sim, "speak-mute", sp->no))
		return;
	buf_init(&audio, SIM_BUF_MAX);
	more = ca_voice_speak(sp->voice, sp->job[0], CHUNK_MS, &audio, &ms);
	if (audio.len > 0)
		simws_binary(sp->ws, audio.v, audio.len);
	sp->bytes += audio.len;
	buf_fini(&audio);
	ms = (uint32_t)(ms / sp->cfg->pace);
	if (stall)
		ms += simfault_number(stall, 5000);
	if (!more) {
		drop_job(sp);
		say_number(sp, "Flushed");
	}
	if (sp->n_jobs > 0)
		later(sp, more ? ms : sp->cfg->latency_ms);
}

static void warn(struct speak *sp, const char *code, const char *what)
{
	sim_violation(sp->sim, sp->no, "%s: %s", code, what);
	sim_send_json(sp->ws, json_pack("{s:s, s:s, s:s}", "type", "Warning",
	                                "description", what, "code", code));
}

static void on_speak(struct speak *sp, const json_t *msg)
{
	const char *text = js_str(msg, "text", NULL);

	if (!text || !*text || strlen(text) + sp->text.len > TEXT_MAX) {
		warn(sp, "TEXT", "Speak without text, or with too much");
		return;
	}
	sim_adds(&sp->text, text);
}

static void on_flush(struct speak *sp)
{
	double *oldest = &sp->flush_ms[sp->flushes % FLUSHES_MAX];
	const double now = sim_ms(sp->sim);

	if (sp->flushes >= FLUSHES_MAX && now - *oldest < 60000)
		warn(sp, "FLUSHES", "more than 20 a minute");
	*oldest = now;
	sp->flushes++;
	if (sp->text.len == 0 || sp->n_jobs == JOBS_MAX) {
		say_number(sp, "Flushed");
		return;
	}
	sp->job[sp->n_jobs++] = sim_strdup(buf_str(&sp->text));
	buf_reset(&sp->text);
	if (sp->n_jobs == 1)
		later(sp, sp->cfg->latency_ms);
}

/* What was on its way comes all the same. */
static void on_clear(struct speak *sp)
{
	struct buf audio;
	uint32_t ms;

	sp->clears++;
	if (sp->n_jobs > 0) {
		buf_init(&audio, SIM_BUF_MAX);
		ca_voice_speak(sp->voice, sp->job[0], CHUNK_MS, &audio, &ms);
		if (audio.len > 0)
			simws_binary(sp->ws, audio.v, audio.len);
		sp->late += audio.len > 0;
		buf_fini(&audio);
	}
	/* A new voice: what the old one had made is nobody's. */
	ca_voice_free(&sp->voice);
	sp->voice = ca_voice_new(&sp->format, 1, on_word, sp);
	while (sp->n_jobs > 0)
		drop_job(sp);
	buf_reset(&sp->text);
	timer_stop(sp->sim->timers, &sp->timer);
	if (!sim_fault(sp->sim, "no-cleared", sp->no))
		say_number(sp, "Cleared");
}

static void on_text(const char *v, size_t len, void *arg)
{
	struct speak *sp = arg;
	json_t *msg = js_parse(v, len, NULL, 0);
	const char *type = js_str(msg, "type", "");

	if (strcmp(type, "Speak") == 0)
		on_speak(sp, msg);
	else if (strcmp(type, "Flush") == 0)
		on_flush(sp);
	else if (strcmp(type, "Clear") == 0)
		on_clear(sp);
	else if (strcmp(type, "Close") == 0)
		simws_close(sp->ws, 1000, "");
	else
		warn(sp, "MESSAGE", "not a message of this socket");
	json_decref(msg);
}

static void on_binary(const char *v, size_t len, void *arg)
{
	(void)v;
	(void)len;
	warn(arg, "MESSAGE", "binary message");
}

static void on_violation(const char *what, void *arg)
{
	struct speak *sp = arg;

	sim_violation(sp->sim, sp->no, "WebSocket: %s", what);
}

static void on_closed(int code, void *arg)
{
	struct speak *sp = arg;
	json_t *records = sp->cfg->records;

	if (json_array_size(records) >= DG_SPEAK_RECORDS_MAX)
		json_array_remove(records, 0);
	json_array_append_new(records,
	                      json_pack("{s:i, s:i, s:i, s:i, s:i, s:I}",
	                                "stream", (int)sp->no, "code", code,
	                                "flushes", (int)sp->flushes, "clears",
	                                (int)sp->clears, "late", (int)sp->late,
	                                "bytes", (json_int_t)sp->bytes));
	timer_stop(sp->sim->timers, &sp->timer);
	simws_faults_disarm(&sp->faults);
	simws_free(&sp->ws, SIMCONN_FLUSH);
	while (sp->n_jobs > 0)
		drop_job(sp);
	ca_voice_free(&sp->voice);
	buf_fini(&sp->text);
	sim_stream_end(sp->sim);
	list_remove(&sp->link);
	mem_free(sp);
}

void dg_speak_open(struct dg_speak_cfg *cfg, struct sim *s, struct simreq *r,
                   unsigned no, const char *request_id)
{
	static const struct simws_ops ops = {on_text, on_binary, on_closed,
	                                     on_violation};
	struct speak *sp = sim_zalloc(sizeof(*sp));
	char model[64];

	snprintf(model, sizeof(model), "%s",
	         arg_of(r, "model", "aura-asteria-en"));
	sp->cfg = cfg;
	sp->sim = s;
	sp->no = no;
	if (format_of(r, &sp->format))
		sp->format = (struct ca_format){CA_MULAW, 8000};
	sp->voice = ca_voice_new(&sp->format, 1, on_word, sp);
	buf_init(&sp->text, SIM_BUF_MAX);
	list_append(&cfg->sockets, &sp->link);
	s->open++;
	sp->ws = simws_accept(r, s->net, &ops, sp);
	sim_send_json(sp->ws,
	              json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "Metadata",
	                        "request_id", request_id, "model_name", model,
	                        "model_version", "2025-01-01.0", "model_uuid",
	                        "00000000-0000-4000-8000-000000000001"));
	simws_faults_arm(&sp->faults, s, sp->ws, no);
}
