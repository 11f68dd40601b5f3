/*
 * Replies wait as clauses in one queue, and one clause at a time is a job of
 * the engine's pool: the next is made while the last is heard. The words'
 * places in a clause are estimated from their lengths.
 */
#include <errno.h>
#include <string.h>

#include "bot/engine/engine.h"
#include "bot/engine/say.h"
#include "bot/engine/speaker.h"
#include "bot/net/net.h"
#include "bot/provider/embedded.h"
#include "bot/provider/tts_line.h"
#include "common/err.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

enum {
	QUEUE_MAX = 32 * 1024, /* [bytes] of text that wait: one answer */
	CLAUSE_DEADLINE_MS = 20000,
};

/* A clause, or the end of a reply. */
struct clause {
	struct link link;
	uint32_t reply;
	bool end;
	size_t len;
	char text[];
};

struct voice {
	struct tts base;
	struct timers *timers;
	struct engine *engine;
	enum audio_fmt fmt;
	bool natural; /* may be */
	bool ready;   /* has been said */
	struct link queue;
	size_t queued; /* [bytes] */
	struct timer kick;
	uint64_t ticket; /* of the job in the pool; 0: none */
	/* The reply that is being made; 0: none. */
	uint32_t reply;
	enum speaker_voice speaker;
	uint64_t heard_us; /* when what there is of it will have been heard */
	uint32_t audio_ms; /* of it so far */
	char call_id[PROVIDER_CALL_ID_MAX];
};

struct job {
	struct pool_job base;
	struct voice *owner; /* gone if the job was cancelled */
	struct speaker *maker;
	enum speaker_voice speaker;
	uint32_t reply, hz;
	uint64_t asked_us;
	int16_t *pcm;
	size_t n;
	size_t len;
	char text[];
};

static void kick(struct voice *v);

static struct voice *voice_of(struct tts *tts)
{
	return CONTAINER_OF(tts, struct voice, base);
}

static struct clause *first(struct voice *v)
{
	return CONTAINER_OF(v->queue.next, struct clause, link);
}

static void drop_first(struct voice *v)
{
	struct clause *c = first(v);

	list_remove(&c->link);
	v->queued -= c->len;
	mem_free(c);
}

static void end_reply(struct voice *v)
{
	if (v->reply)
		speaker_release(engine_speaker(v->engine), v->speaker);
	v->reply = 0;
}

static void begin_reply(struct voice *v, uint32_t reply)
{
	end_reply(v);
	v->reply = reply;
	v->audio_ms = 0;
	v->heard_us = 0;
	v->speaker = v->natural ? speaker_choose(engine_speaker(v->engine),
	                                         timers_now(v->timers))
	                        : SPEAKER_SMALL;
}

/* How late is this clause? One that follows another should be there when that
 * has been heard, if its text was; the first may take what it must. */
static void account(struct voice *v, const struct job *job, uint32_t ms)
{
	struct speaker *sp = engine_speaker(v->engine);
	const uint64_t now = timers_now(v->timers);
	uint64_t due = v->heard_us;

	if (!due)
		due = job->asked_us +
		      (uint64_t)(2000 * speaker_cost(sp) * (double)ms);
	if (v->speaker == SPEAKER_NATURAL && due > job->asked_us && now > due)
		speaker_late(sp, (uint32_t)((now - due) / 1000), now);
	if (v->heard_us < now)
		v->heard_us = now;
	v->heard_us += (uint64_t)ms * 1000;
}

static bool emit_audio(struct voice *v, const struct job *job)
{
	const size_t room = job->n * 2 + 1;
	uint8_t *bytes = mem_alloc(room);
	struct tts_event ev = {.type = TTS_AUDIO, .reply = job->reply};
	bool alive;

	if (!bytes) {
		ev.type = TTS_REPLY_FAILED;
		ev.err = -ENOMEM;
		return tts_emit(&v->base, &ev);
	}
	ev.audio = bytes;
	ev.audio_len = audio_encode(bytes, v->fmt, job->pcm, job->n);
	alive = !ev.audio_len || tts_emit(&v->base, &ev);
	mem_free(bytes);
	return alive;
}

static void drop_reply(struct voice *v, uint32_t reply)
{
	while (!list_empty(&v->queue) && first(v)->reply <= reply)
		drop_first(v);
	if (v->reply && v->reply <= reply)
		end_reply(v);
}

static void deliver(struct voice *v, const struct job *job, int err)
{
	const uint32_t ms = (uint32_t)(job->n * 1000 / job->hz);
	const uint32_t from = v->audio_ms;

	if (err) {
		log_line(LOG_ERROR, "tts", v->call_id,
		         "event=reply_failed reply=%u err=%s", job->reply,
		         LOG_TEXT(err_str(err)));
		drop_reply(v, job->reply);
		if (!tts_emit(&v->base,
		              &(struct tts_event){.type = TTS_REPLY_FAILED,
		                                  .reply = job->reply,
		                                  .err = err}))
			return;
		kick(v);
		return;
	}
	account(v, job, ms);
	v->audio_ms += ms;
	/* The next clause is on its way before this one is dealt with. */
	kick(v);
	if (emit_audio(v, job))
		(void)tts_spread_words(&v->base, job->reply,
		                       str_n(job->text, job->len), from, ms);
}

static int stop(void *arg)
{
	return pool_stopped(arg) ? -ECANCELED : 0;
}

static int work(struct pool_job *base)
{
	struct job *job = CONTAINER_OF(base, struct job, base);

	const struct speaker_clause clause = {
		.voice = job->speaker,
		.hz = job->hz,
		.text = job->text,
		.len = job->len,
	};

	return speaker_say(job->maker, &clause, &job->pcm, &job->n, stop, base);
}

static void done(struct pool_job *base, int err)
{
	struct job *job = CONTAINER_OF(base, struct job, base);

	/* Cancelled jobs have been forgotten by their owner. */
	if (err != -ECANCELED) {
		job->owner->ticket = 0;
		deliver(job->owner, job, err);
	}
	mem_free(job->pcm);
	mem_free(job);
}

static int submit(struct voice *v, const struct clause *c)
{
	struct job *job = mem_zalloc(sizeof(*job) + c->len);
	int err;

	if (!job)
		return -ENOMEM;
	job->base.work = work;
	job->base.done = done;
	job->base.urgency = v->audio_ms ? POOL_SOON : POOL_NOW;
	job->base.is_long = v->speaker == SPEAKER_NATURAL;
	job->base.deadline_ms = CLAUSE_DEADLINE_MS;
	job->owner = v;
	job->asked_us = timers_now(v->timers);
	job->maker = engine_speaker(v->engine);
	job->speaker = v->speaker;
	job->reply = c->reply;
	job->hz = audio_hz(v->fmt);
	job->len = c->len;
	memcpy(job->text, c->text, c->len);
	err = pool_submit(engine_pool(v->engine), &job->base, &v->ticket);
	if (err)
		mem_free(job);
	return err;
}

/* One step: an event or a job. false: nothing more can be done now. */
static bool step(struct voice *v)
{
	struct tts_event ev = {.type = TTS_READY};
	const struct clause *c;

	if (!v->ready) {
		v->ready = true;
		return tts_emit(&v->base, &ev);
	}
	if (v->ticket || list_empty(&v->queue))
		return false;
	c = first(v);
	ev.reply = c->reply;
	if (c->reply != v->reply)
		begin_reply(v, c->reply);
	if (c->end) {
		ev.type = TTS_REPLY_DONE;
		end_reply(v);
		drop_first(v);
		return tts_emit(&v->base, &ev);
	}
	ev.err = submit(v, c);
	if (!ev.err) {
		drop_first(v);
		return false;
	}
	ev.type = TTS_REPLY_FAILED;
	drop_reply(v, c->reply);
	return tts_emit(&v->base, &ev);
}

static void pump(void *arg)
{
	bool more = true;

	while (more)
		more = step(arg);
}

static void kick(struct voice *v)
{
	timer_start(v->timers, &v->kick, 0, pump, v);
}

static int open_voice(struct tts **ttsp, struct net *net,
                      const struct tts_params *prm, bool natural)
{
	struct voice *v;

	if (!prm->cfg->engine)
		return -EINVAL;
	v = mem_zalloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->timers = net_timers(net);
	v->engine = prm->cfg->engine;
	v->fmt = prm->fmt;
	v->natural = natural;
	list_init(&v->queue);
	if (prm->call_id)
		strncpy(v->call_id, prm->call_id, sizeof(v->call_id) - 1);
	kick(v);
	*ttsp = &v->base;
	return 0;
}

static int embedded_open(struct tts **ttsp, struct net *net,
                         const struct tts_params *prm)
{
	return open_voice(ttsp, net, prm, true);
}

static int flite_open(struct tts **ttsp, struct net *net,
                      const struct tts_params *prm)
{
	return open_voice(ttsp, net, prm, false);
}

static int put(struct voice *v, uint32_t reply, const char *text, size_t len,
               bool end)
{
	struct clause *c = mem_zalloc(sizeof(*c) + len);

	if (!c)
		return -ENOMEM;
	c->reply = reply;
	c->end = end;
	c->len = len;
	if (len)
		memcpy(c->text, text, len);
	list_append(&v->queue, &c->link);
	v->queued += len;
	kick(v);
	return 0;
}

static int embedded_speak(struct tts *tts, uint32_t reply, const char *text,
                          size_t len)
{
	struct voice *v = voice_of(tts);
	int err = v->queued + len > QUEUE_MAX ? -EAGAIN : 0;

	while (len && !err) {
		size_t n = say_clause(text, len);

		err = put(v, reply, text, n, false);
		text += n;
		len -= n;
	}
	return err;
}

static int embedded_finish(struct tts *tts, uint32_t reply)
{
	return put(voice_of(tts), reply, NULL, 0, true);
}

static void forget_job(struct voice *v)
{
	pool_cancel(engine_pool(v->engine), v->ticket);
	v->ticket = 0;
}

static void embedded_cancel(struct tts *tts, uint32_t reply)
{
	struct voice *v = voice_of(tts);

	if (v->ticket && v->reply <= reply)
		forget_job(v);
	drop_reply(v, reply);
	kick(v);
}

static void embedded_close(struct tts *tts)
{
	struct voice *v = voice_of(tts);

	forget_job(v);
	end_reply(v);
	while (!list_empty(&v->queue))
		drop_first(v);
	timer_stop(v->timers, &v->kick);
	mem_free(v);
}

const struct tts_ops tts_embedded_ops = {
	.name = "embedded",
	.late_ms = 5000,
	.local = true,
	.open = embedded_open,
	.speak = embedded_speak,
	.finish = embedded_finish,
	.cancel = embedded_cancel,
	.close = embedded_close,
	.varies = true,
};

const struct tts_ops tts_flite_ops = {
	.name = "flite",
	.late_ms = 5000,
	.local = true,
	.open = flite_open,
	.speak = embedded_speak,
	.finish = embedded_finish,
	.cancel = embedded_cancel,
	.close = embedded_close,
};
