/*
 * Speech to text by whole recordings (providers.md 5.1).
 *
 * Audio is kept from a little before speech begins, which loudness tells, and
 * is sent when the session asks for what is undecided. Speech that goes on for
 * long is sent in parts. One recording is under way at a time and the others
 * wait, so texts come in order; each stt_flush() is answered in its turn.
 */
#include "bot/provider/openai_stt.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/provider/http_probe.h"
#include "bot/provider/openai_stt_body.h"
#include "bot/provider/reconnect.h"
#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/js.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	BEFORE_MS = 500,  /* kept of what lies before speech */
	PART_MS = 20000,  /* longest recording */
	LEAST_MS = 100,   /* of speech that is worth a request */
	FRAME_MS = 20,    /* over which loudness is taken */
	LOUD_RMS = 250,   /* speech on a telephone has 1,000 to 6,000 */
	WAITING_MAX = 4,  /* recordings: 80 s of a server that is too slow */
	TOTAL_MS = 10000, /* a recording's deadline */
	TRIES_MAX = 2,    /* requests for one recording */
	LOST_MAX = 3,     /* recordings in a row: it is down */
	ANSWER_MAX = 256 * 1024, /* [bytes] */
	BODY_MAX = 2 << 20,      /* [bytes] 20 s take 640 kB */
};

/* A recording on its way, or (n = 0) a flush that asks for nothing new. */
struct part {
	struct link link;
	unsigned flushes; /* are answered with STT_FLUSHED */
	uint32_t begin_ms, end_ms;
	size_t n;
	int16_t v[];
};

struct oa {
	struct stt stt;
	struct net *net;
	char call_id[PROVIDER_CALL_ID_MAX];
	struct http_probe probe;
	char *base, *auth, *model, *language;
	struct fetch_req *req;
	struct timer kick;
	uint32_t hz;
	struct link parts;
	size_t n_parts;
	unsigned tries, lost;
	bool dead;

	struct buf audio;   /* samples that have not been sent */
	uint64_t pushed;    /* samples in all */
	uint32_t speech_ms; /* loud, of those */
	uint64_t energy;    /* of the frame so far */
	size_t frame;       /* its samples */
};

static struct timers *clock_of(const struct oa *oa)
{
	return net_timers(oa->net);
}

static struct part *first(struct oa *oa)
{
	return CONTAINER_OF(oa->parts.next, struct part, link);
}

static void drop_first(struct oa *oa)
{
	struct part *p = first(oa);

	list_remove(&p->link);
	oa->n_parts--;
	oa->tries = 0;
	mem_free(p);
}

static size_t kept(const struct oa *oa)
{
	return oa->audio.len / sizeof(int16_t);
}

static void on_kick(void *arg);

static void kick(struct oa *oa)
{
	timer_start(clock_of(oa), &oa->kick, 0, on_kick, oa);
}

/* The last event. */
static void fail(struct oa *oa, int err)
{
	if (oa->dead)
		return;
	oa->dead = true;
	stt_emit(&oa->stt, &(struct stt_event){.type = STT_FAILED, .err = err});
}

/* The first part is over, with @text. */
static void part_done(struct oa *oa, const char *text)
{
	const struct part *p = first(oa);
	const struct str said = str_trim(str_of(text));
	struct stt_event ev = {.type = STT_FINAL,
	                       .text = said.v,
	                       .text_len = said.len,
	                       .begin_ms = p->begin_ms,
	                       .end_ms = p->end_ms};
	const unsigned flushes = p->flushes;

	drop_first(oa);
	kick(oa);
	if (said.len && !stt_emit(&oa->stt, &ev))
		return;
	ev = (struct stt_event){.type = STT_FLUSHED};
	for (unsigned i = 0; i < flushes; i++)
		if (!stt_emit(&oa->stt, &ev))
			return;
}

/* ---- requests -------------------------------------------------------------- */

static int refusal(struct oa *oa, const struct fetch_result *r,
                   const json_t *msg)
{
	const json_t *error = json_object_get(msg, "error");
	const char *code = js_str(error, "code", js_str(error, "type", ""));
	int err = provider_status_err(r->status);

	if (r->status == 429 && strstr(code, "quota"))
		err = -EDQUOT;
	log_line(LOG_WARN, "openai_stt", oa->call_id,
	         "event=refused status=%d code=%s text=%s request_id=%s",
	         r->status, LOG_TEXT(code),
	         LOG_TEXT(js_str(error, "message", "")), r->request_id);
	return err;
}

/* Again, or without it. */
static void not_understood(struct oa *oa, int err)
{
	if (err == ERR_AUTH || err == -EDQUOT) {
		fail(oa, err);
		return;
	}
	if (oa->tries < TRIES_MAX && err != ERR_PROVIDER) {
		kick(oa);
		return;
	}
	log_line(LOG_WARN, "openai_stt", oa->call_id,
	         "event=recording_lost ms=%u why=%s",
	         first(oa)->end_ms - first(oa)->begin_ms,
	         LOG_TEXT(err_str(err)));
	if (++oa->lost == LOST_MAX)
		fail(oa, err);
	else
		part_done(oa, "");
}

static void on_done(const struct fetch_result *r, void *arg)
{
	struct oa *oa = arg;
	json_t *msg = js_parse(r->body ? r->body : "", r->body_len, NULL, 0);
	const char *text = js_str(msg, "text", NULL);
	int err = r->err;

	oa->req = NULL;
	if (r->status && r->status != 200)
		err = refusal(oa, r, msg);
	else if (!err && !text)
		err = ERR_PROTO;
	if (err) {
		not_understood(oa, err);
	} else {
		oa->lost = 0;
		part_done(oa, text);
	}
	json_decref(msg);
}

static int request(struct oa *oa, const struct part *p)
{
	char boundary[CRYPTO_ID_LEN], type[96], url[1024];
	const char *headers[] = {type, oa->auth, NULL};
	const struct openai_stt_form form = {.boundary = boundary,
	                                     .model = oa->model,
	                                     .language = oa->language};
	struct fetch_params f = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.total_ms = TOTAL_MS,
		.max_body = ANSWER_MAX,
		.http2 = true,
		.done = on_done,
		.arg = oa,
	};
	struct buf body;
	int err;

	crypto_id(boundary);
	snprintf(type, sizeof(type),
	         "Content-Type: multipart/form-data; boundary=%s", boundary);
	snprintf(url, sizeof(url), "%s/audio/transcriptions", oa->base);
	buf_init(&body, BODY_MAX);
	err = openai_stt_body(&body, &form, p->v, p->n, oa->hz);
	f.body = body.v;
	f.body_len = body.len;
	if (!err)
		err = fetch_start(net_fetch(oa->net), &oa->req, &f);
	buf_fini(&body);
	return err;
}

static void on_kick(void *arg)
{
	struct oa *oa = arg;
	int err;

	if (oa->dead || oa->req || list_empty(&oa->parts))
		return;
	if (!first(oa)->n) {
		part_done(oa, "");
		return;
	}
	oa->tries++;
	err = request(oa, first(oa));
	if (err)
		not_understood(oa, err);
}

/* ---- recording ------------------------------------------------------------- */

static uint32_t ms_of(const struct oa *oa, uint64_t samples)
{
	return (uint32_t)(samples * 1000 / oa->hz);
}

static void forget(struct oa *oa, size_t samples)
{
	buf_drop(&oa->audio, samples * sizeof(int16_t));
}

/* What is kept becomes a part; without speech it is an empty one. */
static int cut(struct oa *oa, unsigned flushes)
{
	const size_t n = oa->speech_ms >= LEAST_MS ? kept(oa) : 0;
	struct part *p;

	if (oa->n_parts == WAITING_MAX) {
		/* Too slow: the oldest that is not under way is given up. */
		struct link *l = oa->parts.next->next;

		p = CONTAINER_OF(l, struct part, link);
		log_line(LOG_WARN, "openai_stt", oa->call_id,
		         "event=too_slow ms=%u", p->end_ms - p->begin_ms);
		flushes += p->flushes;
		list_remove(l);
		mem_free(p);
		oa->n_parts--;
	}
	p = mem_zalloc(sizeof(*p) + n * sizeof(int16_t));
	if (!p)
		return -ENOMEM;
	p->flushes = flushes;
	p->n = n;
	p->end_ms = ms_of(oa, oa->pushed);
	p->begin_ms = ms_of(oa, oa->pushed - kept(oa));
	if (n) {
		memcpy(p->v, oa->audio.v, n * sizeof(int16_t));
		forget(oa, n);
		oa->speech_ms = 0;
	}
	list_append(&oa->parts, &p->link);
	oa->n_parts++;
	kick(oa);
	return 0;
}

/* Loudness, frame by frame. */
static void listen(struct oa *oa, const int16_t *v, size_t n)
{
	const size_t whole = oa->hz / 1000 * FRAME_MS;

	for (size_t i = 0; i < n; i++) {
		oa->energy += (uint64_t)((int32_t)v[i] * v[i]);
		if (++oa->frame < whole)
			continue;
		if (oa->energy >= (uint64_t)LOUD_RMS * LOUD_RMS * whole)
			oa->speech_ms += FRAME_MS;
		oa->energy = 0;
		oa->frame = 0;
	}
}

static int oa_push(struct stt *stt, const struct pcm *pcm)
{
	struct oa *oa = CONTAINER_OF(stt, struct oa, stt);
	const size_t before = (size_t)BEFORE_MS * oa->hz / 1000;
	int err = buf_add(&oa->audio, pcm->v, pcm->n * sizeof(int16_t));

	if (err)
		return -EAGAIN;
	oa->pushed += pcm->n;
	listen(oa, pcm->v, pcm->n);
	if (!oa->speech_ms && kept(oa) > before)
		forget(oa, kept(oa) - before);
	if (kept(oa) >= (size_t)PART_MS * oa->hz / 1000)
		return cut(oa, 0);
	return 0;
}

static int oa_flush(struct stt *stt)
{
	return cut(CONTAINER_OF(stt, struct oa, stt), 1);
}

/* ---- opening and closing --------------------------------------------------- */

static void on_probe(int err, void *arg)
{
	struct oa *oa = arg;

	if (err)
		fail(oa, err);
	else
		stt_emit(&oa->stt, &(struct stt_event){.type = STT_READY});
}

static void oa_close(struct stt *stt)
{
	struct oa *oa = CONTAINER_OF(stt, struct oa, stt);

	http_probe_stop(&oa->probe);
	fetch_cancel(&oa->req);
	timer_stop(clock_of(oa), &oa->kick);
	while (!list_empty(&oa->parts))
		drop_first(oa);
	buf_fini(&oa->audio);
	mem_free(oa->base);
	mem_free(oa->auth);
	mem_free(oa->model);
	mem_free(oa->language);
	mem_free(oa);
}

static int prepare(struct oa *oa, const struct provider_cfg *cfg)
{
	const char *url = cfg->url ? cfg->url : "https://api.openai.com/v1";
	const char *language = cfg->language ? cfg->language : "en";
	int err = http_provider_texts(&oa->base, &oa->auth, url, cfg->key);

	if (err)
		return err;
	oa->model = mem_strdup(cfg->model ? cfg->model : "gpt-4o-transcribe");
	oa->language = mem_strndup(language, strcspn(language, "-_"));
	if (!oa->model || !oa->language)
		return -ENOMEM;
	oa->probe = (struct http_probe){.module = "openai_stt",
	                                .call_id = oa->call_id,
	                                .base = oa->base,
	                                .auth = oa->auth,
	                                .tries = cfg->tries,
	                                .handler = on_probe,
	                                .arg = oa};
	return http_probe_start(&oa->probe, oa->net);
}

static int oa_open(struct stt **sttp, struct net *net,
                   const struct stt_params *prm)
{
	struct oa *oa;
	int err;

	if (prm->hz != 8000 && prm->hz != 16000)
		return -EINVAL;
	oa = mem_zalloc(sizeof(*oa));
	if (!oa)
		return -ENOMEM;
	oa->net = net;
	oa->hz = prm->hz;
	list_init(&oa->parts);
	buf_init(&oa->audio,
	         2 * (size_t)PART_MS * prm->hz / 1000 * sizeof(int16_t));
	err = str_copy(oa->call_id, sizeof(oa->call_id),
	               str_of(prm->call_id ? prm->call_id : "-"));
	if (!err)
		err = prepare(oa, prm->cfg);
	if (err) {
		oa_close(&oa->stt);
		return err;
	}
	*sttp = &oa->stt;
	return 0;
}

const struct stt_ops stt_openai_ops = {
	.name = "openai",
	.settle_ms = 1500,
	.open = oa_open,
	.push = oa_push,
	.flush = oa_flush,
	.close = oa_close,
};
