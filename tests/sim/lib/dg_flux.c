#include "tests/sim/lib/dg_flux.h"

#include <string.h>

#include "common/timer.h"
#include "tests/sim/lib/dg_ear.h"
#include "tests/sim/lib/simmem.h"

enum {
	UPDATE_MS = 250, /* of audio between two */
	ATTACK_MS = 60,  /* of speech that begin a turn */
};

/* A message on its way out; no object: the end of the stream. */
struct out {
	struct link link;
	uint64_t due_us;
	json_t *obj;
};

struct flux {
	struct link link;
	struct dg_flux_cfg *cfg;
	struct dg_flux_params params;
	struct sim *sim;
	unsigned no;
	char request_id[40];
	struct simws *ws;
	struct simws_faults faults;
	struct dg_ear ear;
	struct link out;
	struct timer out_timer;
	bool closing;

	uint32_t now_ms, told_ms; /* of audio */
	uint32_t run_ms, silence_ms;
	bool turn, eager, burst; /* is one open? did it seem over? */
	uint32_t turn_ms;        /* when it began */
	struct buf text;         /* of the turn's earlier bursts */
	const struct dg_sentence *sentence;
	uint32_t voiced_ms; /* of this burst */
	size_t n_sentences;
	unsigned sequence, turns, eagers, resumed;
};

/* --- out --- */

static void on_out(void *arg);

static void arm_out(struct flux *fx)
{
	if (!list_empty(&fx->out))
		timer_start_at(
			fx->sim->timers, &fx->out_timer,
			CONTAINER_OF(fx->out.next, struct out, link)->due_us,
			on_out, fx);
}

static void on_out(void *arg)
{
	struct flux *fx = arg;
	struct out *o = CONTAINER_OF(fx->out.next, struct out, link);

	list_remove(&o->link);
	if (o->obj)
		sim_send_json(fx->ws, o->obj);
	else
		simws_close(fx->ws, SIMWS_NO_CODE, "");
	mem_free(o);
	arm_out(fx);
}

static void say(struct flux *fx, json_t *obj)
{
	struct out *o = sim_zalloc(sizeof(*o));

	o->obj = obj;
	o->due_us = timers_now(fx->sim->timers) +
	            (uint64_t)fx->cfg->latency_ms * 1000;
	list_append(&fx->out, &o->link);
	if (fx->out.next == &o->link)
		arm_out(fx);
}

/* --- turns --- */

/* The words of this burst whose time has come; @all: it is over. */
static void add_words(const struct flux *fx, struct buf *b, bool all)
{
	const struct dg_sentence *s = fx->sentence;

	for (size_t i = 0; s && i < s->n_words; i++) {
		const bool open = all && !s->voiced_ms;

		if (!open && s->end_ms[i] > fx->voiced_ms)
			break;
		sim_addf(b, "%s%s", b->len ? " " : "", s->word[i]);
	}
}

static json_t *words_of(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		const size_t n = strcspn(text, " ");

		json_array_append_new(list,
		                      json_pack("{s:s%, s:f}", "word", text, n,
		                                "confidence", 0.98));
		text += n + strspn(text + n, " ");
	}
	return list;
}

static void tell(struct flux *fx, const char *event, double sure)
{
	const bool over = *event == 'E';
	struct buf text;

	buf_init(&text, SIM_BUF_MAX);
	sim_adds(&text, buf_str(&fx->text));
	add_words(fx, &text, over);
	say(fx, json_pack("{s:s, s:s, s:i, s:s, s:i, s:f, s:f, s:s, s:o, s:f}",
	                  "type", "TurnInfo", "request_id", fx->request_id,
	                  "sequence_id", (int)++fx->sequence, "event", event,
	                  "turn_index", (int)fx->turns, "audio_window_start",
	                  fx->turn_ms / 1000.0, "audio_window_end",
	                  fx->now_ms / 1000.0, "transcript", buf_str(&text),
	                  "words", words_of(buf_str(&text)),
	                  "end_of_turn_confidence", sure));
	sim_count(fx->sim, event, 1);
	buf_fini(&text);
	fx->told_ms = fx->now_ms;
}

/* This burst's words belong to the turn, whatever comes. */
static void keep_words(struct flux *fx)
{
	add_words(fx, &fx->text, true);
	fx->sentence = NULL;
	fx->voiced_ms = 0;
}

static void begin_burst(struct flux *fx)
{
	fx->burst = true;
	fx->sentence =
		dg_scripts_get(fx->cfg->scripts, 0, fx->n_sentences++, true);
	fx->voiced_ms = fx->run_ms;
	if (!fx->turn) {
		fx->turn = true;
		fx->turn_ms = fx->now_ms - fx->run_ms;
		tell(fx, "StartOfTurn", 0.05);
	} else if (fx->eager) {
		fx->eager = false;
		fx->resumed++;
		tell(fx, "TurnResumed", 0.1);
	}
}

static void end_turn(struct flux *fx)
{
	tell(fx, "EndOfTurn", 0.9);
	buf_reset(&fx->text);
	fx->turn = fx->eager = false;
	fx->sentence = NULL;
	fx->voiced_ms = 0;
	fx->turns++;
	fx->turn_ms = fx->now_ms;
}

static void on_speech(struct flux *fx)
{
	fx->run_ms += DG_FRAME_MS;
	if (fx->burst)
		fx->voiced_ms += DG_FRAME_MS;
	else if (fx->run_ms >= ATTACK_MS)
		begin_burst(fx);
	if (fx->burst)
		fx->silence_ms = 0;
}

static void on_silence(struct flux *fx)
{
	fx->run_ms = 0;
	fx->silence_ms += DG_FRAME_MS;
	if (fx->silence_ms == fx->cfg->eager_ms && fx->burst) {
		fx->burst = false;
		if (fx->params.eager) {
			fx->eager = true;
			fx->eagers++;
			tell(fx, "EagerEndOfTurn", 0.55);
		}
		keep_words(fx);
	}
	if (fx->turn && fx->silence_ms >= fx->cfg->end_ms)
		end_turn(fx);
}

static void on_frame(bool speech, const int16_t *pcm, size_t n, void *arg)
{
	struct flux *fx = arg;

	(void)pcm;
	(void)n;
	fx->now_ms += DG_FRAME_MS;
	if (speech)
		on_speech(fx);
	else
		on_silence(fx);
	if (fx->now_ms - fx->told_ms >= UPDATE_MS)
		tell(fx, "Update", fx->turn ? 0.2 : 0);
}

/* --- messages --- */

static void fail(struct flux *fx, const char *code, const char *text)
{
	sim_violation(fx->sim, fx->no, "%s: %s", code, text);
	say(fx,
	    json_pack("{s:s, s:i, s:s, s:s}", "type", "Error", "sequence_id",
	              (int)++fx->sequence, "code", code, "description", text));
	say(fx, NULL);
	fx->closing = true;
}

static void on_binary(const char *v, size_t len, void *arg)
{
	struct flux *fx = arg;

	if (fx->closing || sim_fault(fx->sim, "deaf", fx->no))
		return;
	if (len == 0)
		fail(fx, "BAD_MESSAGE", "empty binary frame");
	else if (dg_ear_feed(&fx->ear, v, len, on_frame, fx))
		fail(fx, "UNDECODABLE", "audio is not in the encoding");
}

static void on_text(const char *v, size_t len, void *arg)
{
	struct flux *fx = arg;
	json_t *msg = js_parse(v, len, NULL, 0);
	const char *type = js_str(msg, "type", "");

	if (fx->closing)
		;
	else if (strcmp(type, "CloseStream") == 0) {
		fx->closing = true;
		tell(fx, "Update", 0);
		say(fx, NULL);
	} else if (strcmp(type, "Configure") == 0)
		say(fx, json_pack("{s:s, s:s}", "type", "ConfigureSuccess",
		                  "request_id", fx->request_id));
	else
		fail(fx, "BAD_MESSAGE", "not a message of /v2/listen");
	json_decref(msg);
}

static void on_violation(const char *what, void *arg)
{
	struct flux *fx = arg;

	sim_violation(fx->sim, fx->no, "WebSocket: %s", what);
}

static void on_closed(int code, void *arg)
{
	struct flux *fx = arg;
	json_t *records = fx->cfg->records;

	if (json_array_size(records) >= DG_FLUX_KEPT)
		json_array_remove(records, 0);
	json_array_append_new(
		records,
		json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "stream",
	                  (int)fx->no, "code", code, "audio_ms",
	                  (int)fx->now_ms, "turns", (int)fx->turns, "eagers",
	                  (int)fx->eagers, "resumed", (int)fx->resumed));
	timer_stop(fx->sim->timers, &fx->out_timer);
	while (!list_empty(&fx->out)) {
		struct out *o = CONTAINER_OF(fx->out.next, struct out, link);

		list_remove(&o->link);
		json_decref(o->obj);
		mem_free(o);
	}
	simws_faults_disarm(&fx->faults);
	simws_free(&fx->ws, SIMCONN_FLUSH);
	buf_fini(&fx->text);
	sim_stream_end(fx->sim);
	list_remove(&fx->link);
	mem_free(fx);
}

void dg_flux_open(struct dg_flux_cfg *cfg, struct sim *s, struct simreq *r,
                  unsigned no, const struct dg_flux_params *p,
                  const char *request_id)
{
	static const struct simws_ops ops = {on_text, on_binary, on_closed,
	                                     on_violation};
	struct flux *fx = sim_zalloc(sizeof(*fx));

	fx->cfg = cfg;
	fx->params = *p;
	fx->sim = s;
	fx->no = no;
	memcpy(fx->request_id, request_id, strlen(request_id) + 1);
	list_init(&fx->out);
	buf_init(&fx->text, SIM_BUF_MAX);
	dg_ear_init(&fx->ear, &p->audio, cfg->threshold);
	list_append(&cfg->streams, &fx->link);
	s->open++;
	fx->ws = simws_accept(r, s->net, &ops, fx);
	say(fx, json_pack("{s:s, s:s, s:i}", "type", "Connected", "request_id",
	                  request_id, "sequence_id", 0));
	simws_faults_arm(&fx->faults, s, fx->ws, no);
}
