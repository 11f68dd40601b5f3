#define _GNU_SOURCE
#include "tests/sim/lib/dg_stream.h"

#include <string.h>

#include "common/err.h"
#include "tests/sim/lib/dg_stream_int.h"
#include "tests/sim/lib/simmem.h"

/* A message on its way out; no text: the end of the stream. */
struct dg_out {
	struct link link;
	uint64_t due_us;
	json_t *obj;
};

static void on_out(void *arg);

static void arm_out(struct dg_stream *st)
{
	struct dg_out *o;

	if (list_empty(&st->out))
		return;
	o = CONTAINER_OF(st->out.next, struct dg_out, link);
	timer_start_at(st->sim->timers, &st->out_timer, o->due_us, on_out, st);
}

static void on_out(void *arg)
{
	struct dg_stream *st = arg;
	const uint64_t now = timers_now(st->sim->timers);

	while (st->ws && !list_empty(&st->out)) {
		struct dg_out *o =
			CONTAINER_OF(st->out.next, struct dg_out, link);

		if (o->due_us > now)
			break;
		list_remove(&o->link);
		if (o->obj)
			sim_send_json(st->ws, o->obj);
		else
			simws_close(st->ws, 1000, "");
		mem_free(o);
	}
	if (st->ws)
		arm_out(st);
}

void dg_stream_say(struct dg_stream *st, json_t *obj, uint32_t delay_ms)
{
	struct dg_out *o = sim_zalloc(sizeof(*o));

	o->obj = obj;
	o->due_us = timers_now(st->sim->timers) + (uint64_t)delay_ms * 1000;
	if (!list_empty(&st->out)) { /* never before what was said first */
		const struct dg_out *last =
			CONTAINER_OF(st->out.prev, struct dg_out, link);

		if (o->due_us < last->due_us)
			o->due_us = last->due_us;
	}
	list_append(&st->out, &o->link);
	arm_out(st);
}

uint32_t dg_stream_jitter(struct dg_stream *st, uint32_t ms)
{
	const struct simfault *slow = sim_fault(st->sim, "slow", st->no);

	if (slow)
		ms += simfault_number(slow, 2000);
	return ms + sim_random(st->sim, st->cfg->jitter_ms + 1);
}

void dg_stream_fail(struct dg_stream *st, int code, const char *reason)
{
	st->closing = true;
	simws_close(st->ws, code, reason);
}

/* --- time without traffic --- */

static void on_idle(void *arg)
{
	struct dg_stream *st = arg;

	sim_count(st->sim, "idle_closes", 1);
	dg_stream_fail(st, 1011,
	               "Deepgram did not receive audio data or a text message "
	               "within the timeout window. See dpgr.am/net0001 "
	               "(NET-0001)");
}

static void alive(struct dg_stream *st)
{
	timer_start(st->sim->timers, &st->idle, st->cfg->idle_ms, on_idle, st);
}

/* --- audio --- */

static void on_tone(const struct wordtone_heard *h, void *arg)
{
	struct dg_stream *st = arg;

	if (h->part >= 0.6 && strcmp(h->word, "?") != 0)
		dg_listen_word(&st->listen, h->word, h->begin_ms, h->end_ms);
}

static void on_frame(bool speech, const int16_t *pcm, size_t n, void *arg)
{
	struct dg_stream *st = arg;

	if (st->tones) {
		wordtone_dec_feed(st->tones, pcm, n);
		if (!speech && st->listen.silence_ms == 90)
			wordtone_dec_end(st->tones);
	}
	dg_listen_frame(&st->listen, speech);
}

static void on_resume(void *arg)
{
	struct dg_stream *st = arg;

	st->paused = false;
	simws_pause(st->ws, false);
}

/* How the audio keeps up with the clock; too much of it must wait. */
static void watch_pace(struct dg_stream *st)
{
	const double now = sim_ms(st->sim);
	double ahead;

	if (st->messages == 1)
		st->first_ms = st->last_ms = now;
	if (now - st->last_ms > st->gap_max_ms)
		st->gap_max_ms = now - st->last_ms;
	st->last_ms = now;
	ahead = st->listen.now_ms - (now - st->first_ms);
	if (ahead > st->ahead_max_ms)
		st->ahead_max_ms = ahead;
	if (-ahead > st->behind_max_ms)
		st->behind_max_ms = -ahead;
	ahead = st->listen.now_ms - (now - st->first_ms) * st->cfg->intake;
	if (ahead <= st->cfg->slack_ms || st->paused)
		return;
	st->paused = true;
	st->slowed++;
	simws_pause(st->ws, true);
	timer_start(st->sim->timers, &st->resume,
	            (uint32_t)(ahead - st->cfg->slack_ms) + 1, on_resume, st);
}

static void close_stream(struct dg_stream *st)
{
	if (st->closing)
		return;
	st->closing = true;
	timer_stop(st->sim->timers, &st->idle);
	dg_listen_flush(&st->listen, false);
	dg_stream_say(st, dg_stream_metadata(st), 0);
	dg_stream_say(st, NULL, 0);
}

static void on_binary(const char *v, size_t len, void *arg)
{
	struct dg_stream *st = arg;

	if (st->closing)
		return;
	if (len == 0) {
		sim_violation(st->sim, st->no, "empty binary frame");
		close_stream(st);
		return;
	}
	if (v[0] == '{' && memmem(v, len, "\"type\"", 6))
		sim_violation(st->sim, st->no,
		              "JSON in a binary frame is taken for audio");
	st->messages++;
	st->bytes += len;
	EVP_DigestUpdate(st->sha, v, len);
	alive(st);
	if (dg_ear_feed(&st->ear, v, len, on_frame, st)) {
		sim_violation(st->sim, st->no,
		              "audio is not in the declared encoding");
		dg_stream_fail(st, 1008,
		               "The audio data could not be decoded "
		               "(DATA-0000)");
		return;
	}
	watch_pace(st);
}

/* --- control messages --- */

static void finalize(struct dg_stream *st)
{
	st->finalizes++;
	if (st->silent_finalize)
		return;
	if (st->tones)
		wordtone_dec_end(st->tones);
	dg_listen_flush(&st->listen, true);
}

static void configure(struct dg_stream *st, const json_t *msg)
{
	json_t *keyterms = json_object_get(msg, "keyterms");
	const bool ok = strncmp(st->params.model, "nova-3", 6) == 0 &&
	                (!keyterms || json_is_array(keyterms));

	if (!ok)
		sim_violation(st->sim, st->no, "Configure not possible");
	dg_stream_say(st,
	              json_pack("{s:s, s:s, s:O*}", "type",
	                        ok ? "ConfigureSuccess" : "ConfigureFailure",
	                        "request_id", st->request_id, "keyterms",
	                        keyterms),
	              st->cfg->latency_ms);
}

static void on_text(const char *v, size_t len, void *arg)
{
	struct dg_stream *st = arg;
	json_t *msg = js_parse(v, len, NULL, 0);
	const char *type = js_str(msg, "type", "");

	if (st->closing) {
		json_decref(msg);
		return;
	}
	if (st->messages > 0) /* without any audio nothing keeps it alive */
		alive(st);
	if (strcmp(type, "KeepAlive") == 0)
		st->keepalives++;
	else if (strcmp(type, "Finalize") == 0)
		finalize(st);
	else if (strcmp(type, "CloseStream") == 0)
		close_stream(st);
	else if (strcmp(type, "Configure") == 0)
		configure(st, msg);
	else {
		sim_violation(st->sim, st->no, "unknown message %.80s", v);
		dg_stream_say(st,
		              json_pack("{s:s, s:s}", "type", "Error",
		                        "description",
		                        "Could not deserialize last text "
		                        "message."),
		              0);
	}
	json_decref(msg);
}

static void on_violation(const char *what, void *arg)
{
	struct dg_stream *st = arg;

	sim_violation(st->sim, st->no, "WebSocket: %s", what);
}

/* --- life --- */

static void drop_out(struct dg_stream *st)
{
	while (!list_empty(&st->out)) {
		struct dg_out *o =
			CONTAINER_OF(st->out.next, struct dg_out, link);

		list_remove(&o->link);
		json_decref(o->obj);
		mem_free(o);
	}
}

static void forget(struct dg_stream *st)
{
	list_remove(&st->link);
	buf_fini(&st->transcript);
	st->cfg->n_kept--;
	mem_free(st);
}

static void on_closed(int code, void *arg)
{
	struct dg_stream *st = arg;
	struct timers *ts = st->sim->timers;

	st->close_code = code;
	if (code == SIMWS_GONE && !st->closing)
		sim_count(st->sim, "gone_without_close", 1);
	simws_faults_disarm(&st->faults);
	timer_stop(ts, &st->out_timer);
	timer_stop(ts, &st->idle);
	timer_stop(ts, &st->resume);
	drop_out(st);
	wordtone_dec_free(&st->tones);
	EVP_MD_CTX_free(st->sha);
	st->sha = NULL;
	simws_free(&st->ws, SIMCONN_FLUSH);
	sim_stream_end(st->sim);
	if (++st->cfg->n_kept <= DG_STREAMS_KEPT)
		return;
	for (struct link *l = st->cfg->streams.next;; l = l->next) {
		struct dg_stream *old = CONTAINER_OF(l, struct dg_stream, link);

		if (!old->ws) {
			forget(old);
			return;
		}
	}
}

void dg_stream_open(struct dg_cfg *cfg, struct sim *s, struct simreq *r,
                    unsigned no, const struct dg_params *params, int script,
                    const char *request_id)
{
	static const struct simws_ops ops = {on_text, on_binary, on_closed,
	                                     on_violation};
	struct dg_stream *st = sim_zalloc(sizeof(*st));

	st->cfg = cfg;
	st->sim = s;
	st->no = no;
	st->params = *params;
	memcpy(st->request_id, request_id, sizeof(st->request_id));
	list_init(&st->out);
	list_append(&cfg->streams, &st->link);
	buf_init(&st->transcript, 1 << 20);
	dg_ear_init(&st->ear, params, cfg->threshold);
	dg_listen_init(&st->listen, &cfg->listen, &st->params, cfg->scripts,
	               script, &dg_stream_listen_ops, st);
	if (cfg->listen.tones && wordtone_dec_new(&st->tones, params->hz, 1,
	                                          cfg->vocabulary, on_tone, st))
		sim_violation(s, no, "two words of the script sound alike");
	st->sha = EVP_MD_CTX_new();
	ASSERT(st->sha && EVP_DigestInit_ex(st->sha, EVP_sha256(), NULL) == 1);
	st->deaf = sim_fault(s, "deaf", no) != NULL;
	st->silent_finalize = sim_fault(s, "finalize-silent", no) != NULL;
	st->ws = simws_accept(r, s->net, &ops, st);
	simws_faults_arm(&st->faults, s, st->ws, no);
	alive(st);
}

static json_t *bursts_of(const struct dg_listen *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n_bursts; i++) {
		const struct dg_burst *b = &l->burst[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:i, s:i, s:s?, s:i, s:i}", "begin_ms",
		                  (int)b->begin_ms, "end_ms", (int)b->end_ms,
		                  "voiced_ms", (int)b->voiced_ms, "sentence",
		                  b->sentence, "words", (int)b->words, "lost",
		                  (int)b->lost));
	}
	return list;
}

void dg_streams_state(const struct dg_cfg *cfg, json_t *obj)
{
	json_t *list = json_array();

	for (struct link *l = cfg->streams.next; l != &cfg->streams;
	     l = l->next) {
		const struct dg_stream *st =
			CONTAINER_OF(l, struct dg_stream, link);

		json_array_append_new(
			list,
			json_pack("{s:i, s:b, s:s, s:s, s:I, s:i, s:i, s:f, "
		                  "s:f, s:f, s:i, s:i, s:i, s:o, s:s, s:i}",
		                  "stream", (int)st->no, "open",
		                  (int)(st->ws != NULL), "script",
		                  dg_scripts_name(cfg->scripts,
		                                  st->listen.script),
		                  "request_id", st->request_id, "bytes",
		                  (json_int_t)st->bytes, "messages",
		                  (int)st->messages, "audio_ms",
		                  (int)st->listen.now_ms, "gap_max_ms",
		                  st->gap_max_ms, "behind_max_ms",
		                  st->behind_max_ms, "ahead_max_ms",
		                  st->ahead_max_ms, "slowed", (int)st->slowed,
		                  "keepalives", (int)st->keepalives,
		                  "finalizes", (int)st->finalizes, "bursts",
		                  bursts_of(&st->listen), "transcript",
		                  buf_str(&st->transcript), "close_code",
		                  st->close_code));
	}
	json_object_set_new(obj, "streams", list);
}

void dg_streams_reset(struct dg_cfg *cfg)
{
	for (struct link *l = cfg->streams.next, *next; l != &cfg->streams;
	     l = next) {
		struct dg_stream *st = CONTAINER_OF(l, struct dg_stream, link);

		next = l->next;
		if (!st->ws)
			forget(st);
	}
}
