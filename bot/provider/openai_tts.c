/*
 * OpenAI text to speech over HTTP (providers.md 4.3).
 *
 * One request a piece. What comes is raw samples at 24 kHz, cut anywhere, also
 * within a sample; they are brought to the line's rate as they come. There are
 * no times of words: they are estimated once a piece's length is known.
 */
#include "bot/provider/openai_tts.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/media/resample.h"
#include "bot/net/net.h"
#include "bot/provider/http_probe.h"
#include "bot/provider/reconnect.h"
#include "bot/provider/tts_line.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	VOICE_HZ = 24000,
	CONNECT_MS = 5000,
	REQUEST_MAX = 64 * 1024, /* [bytes] */
	REFUSAL_MAX = 16 * 1024, /* [bytes] kept of an error's body */
	BLOCK = 2048,  /* samples brought to the line's rate at once */
	TRIES_MAX = 2, /* requests for one piece */
};

struct oa {
	struct tts_line line;
	struct http_probe probe;
	char *base, *auth, *model, *voice;
	struct fetch_req *req;
	struct resample *down;
	bool has_odd, feeding, closed;
	uint8_t odd;
	unsigned tries; /* of this piece */
	int16_t *out;   /* room for BLOCK samples brought down */
	uint8_t *bytes; /* ... and for the line's bytes of them */
};

static struct oa *oa_of(struct tts_line *l)
{
	return CONTAINER_OF(l, struct oa, line);
}

static void release(struct oa *oa)
{
	resample_free(&oa->down);
	mem_free(oa->base);
	mem_free(oa->auth);
	mem_free(oa->model);
	mem_free(oa->voice);
	mem_free(oa->out);
	mem_free(oa->bytes);
	mem_free(oa);
}

/* @n samples at the line's rate go out. False: closed. */
static bool give(struct oa *oa, size_t n)
{
	const size_t len = audio_encode(oa->bytes, oa->line.fmt, oa->out, n);

	return !n || tts_line_audio(&oa->line, oa->bytes, len);
}

static int on_bytes(const char *v, size_t len, void *arg)
{
	struct oa *oa = arg;
	int16_t block[BLOCK];
	size_t i = 0, n = 0;
	bool alive = true;

	oa->feeding = true;
	while (i < len && alive && oa->req) {
		const uint8_t byte = (uint8_t)v[i++];

		if (oa->has_odd)
			block[n++] = (int16_t)(oa->odd | byte << 8);
		oa->odd = byte;
		oa->has_odd = !oa->has_odd;
		if (n && (n == BLOCK || i == len)) {
			alive = give(oa,
			             resample_run(oa->down, oa->out, block, n));
			n = 0;
		}
	}
	oa->feeding = false;
	/* Cancelled by what the handler did: no more is wanted. */
	alive = alive && oa->req;
	if (oa->closed)
		release(oa);
	return alive ? 0 : -ECANCELED;
}

/* A refusal: what it means. */
static int refusal(struct oa *oa, const struct fetch_result *r)
{
	json_t *msg = js_parse(r->body ? r->body : "", r->body_len, NULL, 0);
	const json_t *error = json_object_get(msg, "error");
	const char *code = js_str(error, "code", js_str(error, "type", ""));
	int err = provider_status_err(r->status);

	if (r->status == 429 && strstr(code, "quota"))
		err = -EDQUOT;
	log_line(LOG_WARN, "openai_tts", oa->line.call_id,
	         "event=refused status=%d code=%s text=%s request_id=%s",
	         r->status, LOG_TEXT(code),
	         LOG_TEXT(js_str(error, "message", "")), r->request_id);
	json_decref(msg);
	return err;
}

static void on_done(const struct fetch_result *r, void *arg)
{
	struct oa *oa = arg;
	int err = r->err;

	oa->req = NULL;
	if (r->status && r->status != 200)
		err = refusal(oa, r);
	if (!err) {
		oa->tries = 0;
		if (give(oa, resample_flush(oa->down, oa->out)))
			tts_line_done(&oa->line);
		return;
	}
	if (err == ERR_AUTH || err == -EDQUOT) {
		tts_line_end(&oa->line, err);
		return;
	}
	if (oa->line.piece_b == 0 && oa->tries >= TRIES_MAX) {
		oa->tries = 0;
		tts_line_failed(&oa->line, err);
		return;
	}
	/* Asked for once more, or left as it is: half a sentence. */
	if (oa->line.piece_b)
		oa->tries = 0;
	tts_line_lost(&oa->line);
	tts_line_ready(&oa->line);
}

static int request(struct buf *out, const struct oa *oa, const char *text,
                   size_t len)
{
	int err = buf_adds(out, "{\"model\":");

	if (!err)
		err = js_quote(out, oa->model, strlen(oa->model));
	if (!err)
		err = buf_adds(out, ",\"voice\":");
	if (!err)
		err = js_quote(out, oa->voice, strlen(oa->voice));
	if (!err)
		err = buf_adds(out, ",\"input\":");
	if (!err)
		err = js_quote(out, text, len);
	return err ? err : buf_adds(out, ",\"response_format\":\"pcm\"}");
}

static int begin(struct tts_line *l, const char *text, size_t len)
{
	struct oa *oa = oa_of(l);
	const char *headers[] = {"Content-Type: application/json", oa->auth,
	                         NULL};
	struct fetch_params f = {
		.method = "POST",
		.headers = headers,
		.connect_ms = CONNECT_MS,
		.max_body = REFUSAL_MAX,
		.http2 = true,
		.data = on_bytes,
		.done = on_done,
		.arg = oa,
	};
	struct buf url, body;
	int err;

	resample_reset(oa->down);
	oa->has_odd = false;
	oa->tries++;
	buf_init(&url, 1024);
	buf_init(&body, REQUEST_MAX);
	err = buf_addf(&url, "%s/audio/speech", oa->base);
	if (!err)
		err = request(&body, oa, text, len);
	f.url = buf_str(&url);
	f.body = buf_str(&body);
	f.body_len = body.len;
	if (!err)
		err = fetch_start(net_fetch(l->net), &oa->req, &f);
	buf_fini(&url);
	buf_fini(&body);
	return err;
}

static void abort_piece(struct tts_line *l)
{
	struct oa *oa = oa_of(l);

	oa->tries = 0;
	fetch_cancel(&oa->req);
}

static void on_probe(int err, void *arg)
{
	struct oa *oa = arg;

	if (err)
		tts_line_end(&oa->line, err);
	else
		tts_emit(&oa->line.tts, &(struct tts_event){.type = TTS_READY});
}

static void oa_close(struct tts *tts)
{
	struct oa *oa = CONTAINER_OF(tts, struct oa, line.tts);

	http_probe_stop(&oa->probe);
	fetch_cancel(&oa->req);
	tts_line_fini(&oa->line);
	if (oa->feeding)
		oa->closed = true;
	else
		release(oa);
}

static int prepare(struct oa *oa, const struct provider_cfg *cfg)
{
	const char *url = cfg->url ? cfg->url : "https://api.openai.com/v1";
	int err = http_provider_texts(&oa->base, &oa->auth, url, cfg->key);

	if (!err)
		err = resample_new(&oa->down, VOICE_HZ, audio_hz(oa->line.fmt));
	if (err)
		return err;
	oa->model = mem_strdup(cfg->model ? cfg->model : "gpt-4o-mini-tts");
	oa->voice = mem_strdup(cfg->voice ? cfg->voice : "alloy");
	oa->out = mem_zalloc(resample_room(oa->down, BLOCK) * sizeof(int16_t));
	oa->bytes = mem_zalloc(resample_room(oa->down, BLOCK) * 2);
	if (!oa->model || !oa->voice || !oa->out || !oa->bytes)
		return -ENOMEM;
	oa->probe = (struct http_probe){.module = "openai_tts",
	                                .call_id = oa->line.call_id,
	                                .base = oa->base,
	                                .auth = oa->auth,
	                                .tries = cfg->tries,
	                                .handler = on_probe,
	                                .arg = oa};
	return http_probe_start(&oa->probe, oa->line.net);
}

static int oa_open(struct tts **ttsp, struct net *net,
                   const struct tts_params *prm)
{
	static const struct tts_line_ops ops = {
		.name = "openai_tts", .begin = begin, .abort = abort_piece};
	struct oa *oa = mem_zalloc(sizeof(*oa));
	int err;

	if (!oa)
		return -ENOMEM;
	err = tts_line_init(&oa->line, net, prm, &ops);
	if (!err)
		err = prepare(oa, prm->cfg);
	if (err) {
		oa_close(&oa->line.tts);
		return err;
	}
	*ttsp = &oa->line.tts;
	return 0;
}

const struct tts_ops tts_openai_ops = {
	.name = "openai",
	.late_ms = 2000,
	.open = oa_open,
	.speak = tts_line_speak,
	.finish = tts_line_finish,
	.cancel = tts_line_cancel,
	.close = oa_close,
};
