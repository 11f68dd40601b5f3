#define _GNU_SOURCE
#include "tests/sim/lib/plivo_stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_http.h"
#include "tests/sim/lib/plivo_media.h"
#include "tests/sim/lib/plivo_run.h"

enum {
	ATTEMPTS = 3,         /* the first and Plivo's two retries */
	CONNECT_MS = 5000,    /* to connect and upgrade */
	OUT_MAX = 840 * 1000, /* [bytes] 40 s of what we send: Plivo's buffer */
	HEADERS_MAX = 4 * 1024 /* [bytes] */
};

/* The names of stream events differ between Plivo's pages. */
static const char *event_name(const struct psim *s, const char *name)
{
	if (!s->o->guide_events)
		return name;
	if (!strcmp(name, "StartStream"))
		return "started";
	return strcmp(name, "StopStream") != 0 ? "failed" : "stopped";
}

static void tell(struct psim_stream *st, const char *event, const char *error)
{
	struct psim_call *c = st->call;
	struct psim_pairs *p;
	struct psim_hook_params hp = {.label = event,
	                              .call = c->uuid,
	                              .url = st->spec.status_url,
	                              .get = st->spec.status_get,
	                              .once = true,
	                              .delay_ms = c->script->webhook_delay_ms};
	char now[PSIM_TIME_MAX];
	struct timespec ts;
	int err;

	psim_note(c->sim, c, "stream-event",
	          json_pack("{s:s, s:s}", "name", event, "error",
	                    error ? error : ""));
	if (!hp.url || !*hp.url)
		return;
	p = mem_zalloc(sizeof(*p));
	if (!p)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	psim_time(now, (double)ts.tv_sec, false);
	err = psim_pairs_add(p, "CallUUID", c->uuid);
	if (!err)
		err = psim_pairs_add(p, "StreamID", st->id);
	if (!err)
		err = psim_pairs_add(p, "Event", event_name(c->sim, event));
	if (!err)
		err = psim_pairs_add(p, "Timestamp", now);
	if (!err)
		err = psim_pairs_add(p, "From", c->from);
	if (!err)
		err = psim_pairs_add(p, "To", c->to);
	if (!err)
		err = psim_pairs_add(p, "Direction", "outbound");
	if (!err)
		err = psim_pairs_add(p, "ServiceURL", st->url);
	if (!err && error)
		err = psim_pairs_add(p, "Error", error);
	hp.pairs = p;
	if (!err)
		err = psim_hook_open(NULL, c->sim, &hp, NULL, NULL);
	if (err)
		psim_violation(c->sim, c, "statusCallbackUrl: %s",
		               err_str(err));
	psim_pairs_fini(p);
	mem_free(p);
}

static void sum_up(struct psim_stream *st)
{
	const struct psim_stream_sums *n = &st->sums;

	psim_note(st->call->sim, st->call, "stream-end",
	          json_pack("{s:s, s:i, s:i, s:I, s:i, s:i, s:i}", "stream",
	                    st->id, "frames_sent", (int)n->sent, "play_audio",
	                    (int)n->packets, "bytes", (json_int_t)n->bytes,
	                    "checkpoints", (int)n->checkpoints, "clears",
	                    (int)n->clears, "waiting_max_ms",
	                    (int)n->waiting_max_ms));
}

static void stream_free(struct psim_stream *st)
{
	psim_timer_stop(st->loop, &st->retry);
	psim_timer_stop(st->loop, &st->timeout);
	psim_timer_stop(st->loop, &st->ping);
	psim_timer_stop(st->loop, &st->drop);
	mem_free(st->spec.status_url);
	mem_free(st->spec.extra_headers);
	mem_free(st->url);
	mem_free(st);
}

static void hang_up_socket(struct psim_stream *st)
{
	struct psim *s = st->call->sim;

	if (s->o->send_stop && st->open) {
		char text[160];
		const int n =
			snprintf(text, sizeof(text),
		                 "{\"event\":\"stop\",\"sequenceNumber\":"
		                 "%llu,\"streamId\":\"%s\"}",
		                 (unsigned long long)++st->sequence, st->id);

		(void)!psim_ws_text(st->ws, text, (size_t)n);
	}
	st->open = false;
	psim_ws_close(&st->ws, s->o->close_code);
}

/* It is over by itself: the document goes on without it. */
static void over(struct psim_stream *st, const char *event, const char *error)
{
	struct psim_call *c = st->call;

	st->open = false;
	psim_ws_close(&st->ws, 0);
	tell(st, event, error);
	sum_up(st);
	c->stream = NULL;
	if (c->media)
		(void)psim_playout_clear(psim_media_playout(c->media));
	stream_free(st);
	psim_run_stream_over(c);
}

static void dial(void *arg);

static void try_again(struct psim_stream *st, const char *error)
{
	psim_ws_close(&st->ws, 0);
	st->open = false;
	if (st->attempt >= ATTEMPTS) {
		over(st, "DroppedStream", error);
		return;
	}
	psim_timer(st->loop, &st->retry, st->call->sim->o->retry_ms, dial, st);
}

static void on_timeout(void *arg)
{
	struct psim_stream *st = arg;

	hang_up_socket(st);
	over(st, "StopStream", NULL);
}

static void on_ping_due(void *arg)
{
	struct psim_stream *st = arg;

	(void)!psim_ws_ping(st->ws);
	psim_timer(st->loop, &st->ping, st->call->sim->o->ping_ms, on_ping_due,
	           st);
}

static void on_drop_due(void *arg)
{
	psim_stream_cut(arg);
}

void psim_stream_cut(struct psim_stream *st)
{
	struct psim_call *c = st->call;

	if (!st->open)
		return;
	psim_note(c->sim, c, "socket-cut", NULL);
	st->open = false;
	psim_timer_stop(st->loop, &st->ping);
	psim_ws_reset(&st->ws);
	if (c->script->reconnect) {
		st->attempt = 1;
		try_again(st, "connection_failed");
	} else {
		over(st, "DroppedStream",
		     "connection disconnected with the remote service");
	}
}

static void on_open(void *arg)
{
	struct psim_stream *st = arg;
	struct psim_call *c = st->call;

	st->open = true;
	st->sequence = st->chunk = 0;
	st->opened_us = psim_now_us();
	psim_note(c->sim, c, "stream-open",
	          json_pack("{s:s, s:s, s:i}", "stream", st->id, "url", st->url,
	                    "try", (int)st->attempt));
	psim_stream_send_start(st);
	if (c->sim->o->ping_ms)
		psim_timer(st->loop, &st->ping, c->sim->o->ping_ms, on_ping_due,
		           st);
	if (c->script->drop_ms && st->attempt == 1)
		psim_timer(st->loop, &st->drop, c->script->drop_ms, on_drop_due,
		           st);
}

static void on_text(const char *v, size_t len, void *arg)
{
	psim_bot_message(arg, v, len);
}

static void on_fault(const char *what, void *arg)
{
	struct psim_stream *st = arg;

	psim_violation(st->call->sim, st->call, "stream: %s", what);
}

static void on_end(int err, int status, int code, const char *why, void *arg)
{
	struct psim_stream *st = arg;
	struct psim_call *c = st->call;

	psim_timer_stop(st->loop, &st->ping);
	psim_timer_stop(st->loop, &st->drop);
	psim_note(c->sim, c, st->open ? "stream-closed" : "stream-refused",
	          json_pack("{s:s, s:i, s:i, s:s}", "error",
	                    err ? err_str(err) : "", "status", status, "code",
	                    code, "why", why));
	if (!st->open)
		try_again(st, status == 401 || status == 403
		                      ? "authentication_failed"
		                      : "connection_failed");
	else if (code == 1000 || code == 1001 || code == 1005)
		over(st, "StopStream", NULL);
	else
		over(st, "DroppedStream",
		     "connection disconnected with the remote service");
}

static const struct psim_ws_h handlers = {
	.open = on_open, .text = on_text, .fault = on_fault, .end = on_end};

/* What the signature of the upgrade covers: another scheme, the rest as
 * dialled. */
static int signed_headers(struct psim_stream *st, struct buf *out)
{
	const struct psim *s = st->call->sim;
	struct buf url;
	int err;

	buf_init(&url, PSIM_URL_MAX);
	err = buf_addf(&url, "%s%s", s->o->stream_scheme, strchr(st->url, ':'));
	if (!err)
		err = psim_hook_sign(s, out, url.v, NULL);
	buf_fini(&url);
	return err;
}

static void dial(void *arg)
{
	struct psim_stream *st = arg;
	struct psim_url *u = mem_alloc(sizeof(*u));
	struct buf headers;
	int err = u ? psim_url_parse(u, st->url) : -ENOMEM;

	st->attempt++;
	buf_init(&headers, HEADERS_MAX);
	if (!err)
		err = signed_headers(st, &headers);
	if (!err)
		err = psim_ws_open(&st->ws, st->loop, u, buf_str(&headers),
		                   CONNECT_MS, &handlers, st);
	buf_fini(&headers);
	mem_free(u);
	if (err)
		on_end(err, 0, 0, "", st);
}

int psim_stream_new(struct psim_call *c, const struct psim_step *step)
{
	struct psim_stream *st = mem_zalloc(sizeof(*st));
	const struct psim_stream_spec *from = &step->stream;

	if (!st)
		return -ENOMEM;
	st->call = c;
	st->loop = &c->sim->loop;
	psim_uuid(st->id);
	st->spec = *from;
	st->url = mem_strdup(step->text);
	st->spec.status_url =
		mem_strdup(from->status_url ? from->status_url : "");
	st->spec.extra_headers =
		from->extra_headers ? mem_strdup(from->extra_headers) : NULL;
	if (!st->url || !st->spec.status_url) {
		stream_free(st);
		return -ENOMEM;
	}
	if (!from->codec_given)
		psim_warning(c->sim, c,
		             "<Stream> without contentType: Plivo's pages "
		             "disagree on the default");
	c->stream = st;
	psim_timer(st->loop, &st->timeout, st->spec.timeout_sec * 1000,
	           on_timeout, st);
	/* Not at once: the document must not see it end under its feet. */
	psim_timer(st->loop, &st->retry, 0, dial, st);
	return 0;
}

void psim_stream_close(struct psim_stream **sp)
{
	struct psim_stream *st = *sp;

	*sp = NULL;
	if (!st)
		return;
	hang_up_socket(st);
	tell(st, "StopStream", NULL);
	sum_up(st);
	stream_free(st);
}

void psim_stream_stop(struct psim_stream *st)
{
	psim_note(st->call->sim, st->call, "stream-stopped", NULL);
	hang_up_socket(st);
	over(st, "StopStream", NULL);
}

bool psim_stream_open_now(const struct psim_stream *st)
{
	return st->open;
}

/* Tell of a peer that does not take what we send, as Plivo does. */
static bool too_slow(struct psim_stream *st)
{
	const size_t waiting = psim_ws_queued(st->ws);
	static const unsigned marks[] = {30, 60, 90};

	if (waiting > OUT_MAX) {
		psim_violation(st->call->sim, st->call,
		               "stream: 40 s of audio were not taken");
		return true;
	}
	if (st->degraded < ARRAY_LEN(marks) &&
	    waiting > (size_t)OUT_MAX / 100 * marks[st->degraded]) {
		st->degraded++;
		tell(st, "DegradedStream", NULL);
	}
	return false;
}

void psim_stream_audio(struct psim_stream *st, const int16_t *frame)
{
	if (!st->open)
		return;
	if (too_slow(st)) {
		over(st, "DroppedStream", "buffer_overflow");
		return;
	}
	psim_stream_send_media(st, frame);
	if (!st->started) {
		st->started = true;
		tell(st, "StartStream", NULL);
	}
}
