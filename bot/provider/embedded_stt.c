/*
 * What is heard goes into one buffer, from a little before speech began to
 * now. The recogniser hears the whole of it, again and again: now and then
 * while somebody speaks, and thoroughly when a silence begins, because the
 * turn may be over; that text is kept until it is asked for or speech goes on.
 * At most one job at a time is in the engine's pool.
 */
#include <errno.h>
#include <string.h>

#include "bot/engine/engine.h"
#include "bot/engine/recogniser.h"
#include "bot/media/resample.h"
#include "bot/media/silero.h"
#include "bot/net/net.h"
#include "bot/provider/embedded.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

enum {
	HZ = 8000,
	BUFFER_MAX = 26 * HZ,   /* [samples] 20 s, and what comes meanwhile */
	CUT_AT = 21 * HZ,       /* a turn is cut when it is so long */
	BEFORE = HZ * 3 / 10,   /* kept from before speech was noticed */
	BEGIN_CHUNKS = 2,       /* of speech in a row: it has begun */
	PAUSE_CHUNKS = 6,       /* of silence in a row: 192 ms, a pause */
	END_CHUNKS = 31,        /* the same: a second, over */
	PARTIAL_EVERY = HZ / 2, /* [samples] of new audio */
	PARTIAL_LEAST = HZ * 2 / 5,
	PARTIAL_MS = 3000, /* deadlines */
	FINAL_MS = 10000,
	TEXT_MAX = 4096, /* [bytes] of one utterance */
};

/* Silero's usual thresholds: speech begins above, ends below. */
static const float BEGIN = 0.5F, END = 0.35F;

enum kind {
	PARTIAL, /* while somebody speaks; nobody misses it */
	PAUSE,   /* final, if nothing more comes */
	PIECE,   /* the first part of a long turn: final */
};

struct ear {
	struct stt base;
	struct timers *timers;
	struct engine *engine;
	uint32_t hz;
	struct resample *down; /* NULL at 8 kHz */
	struct timer kick;
	bool ready; /* has been said */
	/* What was heard and not yet decided. */
	int16_t *pcm;     /* BUFFER_MAX */
	size_t n;         /* samples */
	size_t judged;    /* of them by the detector */
	uint64_t dropped; /* samples before the buffer: its place in time */
	struct silero_state state;
	unsigned loud, quiet; /* chunks in a row */
	size_t spoken;        /* the last speech ends before this sample */
	bool speaking;        /* since the last FINAL */
	/* The job in the pool. */
	uint64_t ticket; /* 0: none */
	enum kind kind;
	size_t asked; /* samples it got */
	size_t partial_at;
	/* The text of the pause: final for the first @heard samples. */
	bool known;
	size_t heard;
	bool flush; /* asked for, of the first @flush_at samples */
	size_t flush_at;
	struct buf text; /* the last one, of any kind */
	char call_id[PROVIDER_CALL_ID_MAX];
};

struct job {
	struct pool_job base;
	struct ear *owner; /* gone if the job was cancelled */
	struct recogniser *recogniser;
	enum kind kind;
	struct buf text;
	size_t n;
	int16_t pcm[];
};

static void next(struct ear *e);

static struct ear *ear_of(struct stt *stt)
{
	return CONTAINER_OF(stt, struct ear, base);
}

static uint32_t place_ms(const struct ear *e, size_t sample)
{
	return (uint32_t)((e->dropped + sample) * 1000 / HZ);
}

static bool emit(struct ear *e, enum stt_event_type type)
{
	return stt_emit(&e->base,
	                &(struct stt_event){.type = type,
	                                    .begin_ms = place_ms(e, e->judged),
	                                    .end_ms = place_ms(e, e->judged)});
}

static bool emit_text(struct ear *e, enum stt_event_type type, size_t n)
{
	if (!e->text.len)
		return true;
	return stt_emit(&e->base,
	                &(struct stt_event){.type = type,
	                                    .text = buf_str(&e->text),
	                                    .text_len = e->text.len,
	                                    .begin_ms = place_ms(e, 0),
	                                    .end_ms = place_ms(e, n)});
}

static void forget_job(struct ear *e)
{
	pool_cancel(engine_pool(e->engine), e->ticket);
	e->ticket = 0;
}

/* Forget the first @n samples. */
static void drop(struct ear *e, size_t n)
{
	memmove(e->pcm, e->pcm + n, (e->n - n) * sizeof(*e->pcm));
	e->n -= n;
	e->judged = e->judged > n ? e->judged - n : 0;
	e->flush_at = e->flush_at > n ? e->flush_at - n : 0;
	e->spoken = e->spoken > n ? e->spoken - n : 0;
	e->dropped += n;
	e->partial_at = 0;
	e->known = false;
}

/* The first @n samples are decided. False: closed by the handler. */
static bool decide(struct ear *e, size_t n)
{
	bool alive;

	e->speaking = false;
	e->known = false;
	alive = emit_text(e, STT_FINAL, n);
	if (!alive)
		return false;
	buf_reset(&e->text);
	drop(e, n);
	/* Whoever spoke on while that was found out must lose no word. */
	if (!e->spoken)
		return true;
	e->speaking = true;
	return emit(e, STT_SPEECH);
}

static bool stop(void *arg)
{
	return pool_stopped(arg);
}

static int work(struct pool_job *base)
{
	struct job *job = CONTAINER_OF(base, struct job, base);

	return recogniser_hear(
		job->recogniser, &(struct pcm){job->pcm, job->n, HZ},
		job->kind == PARTIAL ? RECOGNISER_PARTIAL : RECOGNISER_FINAL,
		&job->text, stop, base);
}

/* The text of a job becomes the current one. A final job that failed leaves
 * the last partial text, which is better than none. */
static bool take_text(struct ear *e, const struct job *job, int err)
{
	if (err) {
		log_line(LOG_WARN, "stt", e->call_id,
		         "event=not_heard kind=%d err=%s", (int)job->kind,
		         LOG_TEXT(err_str(err)));
		return false;
	}
	if (job->kind == PARTIAL && !job->text.len)
		return false;
	if (job->text.len == e->text.len &&
	    (!e->text.len || !memcmp(job->text.v, e->text.v, e->text.len)))
		return false;
	buf_reset(&e->text);
	return buf_add(&e->text, job->text.v, job->text.len) == 0;
}

static void deliver(struct ear *e, const struct job *job, int err)
{
	bool changed = take_text(e, job, err);

	if (job->kind == PIECE) {
		if (!decide(e, job->n))
			return;
		e->speaking = true; /* the turn goes on behind the cut */
	} else if (job->kind == PAUSE) {
		e->known = true;
		e->heard = job->n;
	}
	if (job->kind != PIECE && changed && !emit_text(e, STT_INTERIM, job->n))
		return;
	next(e);
}

static void done(struct pool_job *base, int err)
{
	struct job *job = CONTAINER_OF(base, struct job, base);

	if (err != -ECANCELED) {
		job->owner->ticket = 0;
		deliver(job->owner, job, err);
	}
	buf_fini(&job->text);
	mem_free(job);
}

static int ask(struct ear *e, enum kind kind, size_t n)
{
	struct job *job;
	int err;

	forget_job(e);
	job = mem_zalloc(sizeof(*job) + n * sizeof(*e->pcm));
	if (!job)
		return -ENOMEM;
	job->base.work = work;
	job->base.done = done;
	job->base.urgency = kind == PARTIAL ? POOL_LATER : POOL_NOW;
	job->base.deadline_ms = kind == PARTIAL ? PARTIAL_MS : FINAL_MS;
	job->owner = e;
	job->recogniser = engine_recogniser(e->engine);
	job->kind = kind;
	buf_init(&job->text, TEXT_MAX);
	job->n = n;
	memcpy(job->pcm, e->pcm, n * sizeof(*e->pcm));
	e->kind = kind;
	e->asked = n;
	err = pool_submit(engine_pool(e->engine), &job->base, &e->ticket);
	if (err)
		mem_free(job);
	return err;
}

/* Everything up to now has been decided, or cannot be. */
static bool finish_flush(struct ear *e)
{
	const bool flush = e->flush;

	e->flush = false;
	return !flush || emit(e, STT_FLUSHED);
}

/* Is the pause's text that of all there is, but for silence? */
static bool is_known(const struct ear *e)
{
	return e->known && e->quiet >= PAUSE_CHUNKS;
}

/* The turn is over: give out what is known, or have it found out. */
static void conclude(struct ear *e)
{
	const bool over = e->quiet >= END_CHUNKS;
	const size_t upto =
		e->flush && e->flush_at > e->judged ? e->flush_at : e->judged;

	if (!e->speaking) {
		(void)finish_flush(e);
		return;
	}
	/* After a flush in mid-word what was heard by then counts. */
	if (is_known(e) || (e->known && e->flush && e->heard >= e->flush_at)) {
		if (!decide(e, e->heard) || (over && !emit(e, STT_SILENCE)))
			return;
		(void)finish_flush(e);
		return;
	}
	if (e->ticket && e->kind != PARTIAL &&
	    (e->quiet >= PAUSE_CHUNKS || e->asked >= e->flush_at))
		return;
	if (ask(e, PAUSE, upto) && decide(e, upto))
		(void)finish_flush(e);
}

/* What is to be done now? */
static void next(struct ear *e)
{
	if (e->ticket && e->kind == PIECE)
		return;
	if (e->flush && e->n - e->judged >= SILERO_CHUNK)
		return; /* not all of it has been judged */
	if (e->flush || (e->speaking && e->quiet >= END_CHUNKS)) {
		conclude(e);
		return;
	}
	if (!e->speaking) {
		/* Nobody speaks: only the last moment may matter. */
		if (e->judged > BEFORE)
			drop(e, e->judged - BEFORE);
		return;
	}
	if (e->n >= CUT_AT) {
		size_t cut = recogniser_cut(&(struct pcm){e->pcm, e->n, HZ});

		/* Without the pool the piece is lost, not the call. */
		if (ask(e, PIECE, cut))
			drop(e, cut);
		return;
	}
	if (e->quiet >= PAUSE_CHUNKS) {
		if (!e->known && !(e->ticket && e->kind == PAUSE))
			(void)ask(e, PAUSE, e->judged);
		return;
	}
	if (!e->ticket && e->judged >= PARTIAL_LEAST &&
	    e->judged >= e->partial_at + PARTIAL_EVERY) {
		e->partial_at = e->judged;
		(void)ask(e, PARTIAL, e->judged);
	}
}

/* The next chunk of 32 ms. False: closed by the handler. */
static bool judge(struct ear *e)
{
	const float p = silero_step(engine_silero(e->engine), &e->state,
	                            e->pcm + e->judged);
	const bool loud = p >= (e->speaking && !e->quiet ? END : BEGIN);

	e->judged += SILERO_CHUNK;
	e->loud = loud ? e->loud + 1 : 0;
	e->quiet = loud ? 0 : e->quiet + 1;
	if (e->loud >= BEGIN_CHUNKS)
		e->spoken = e->judged;
	if (loud && e->known && e->loud >= BEGIN_CHUNKS)
		e->known = false;
	if (e->speaking && loud && e->ticket && e->kind == PAUSE &&
	    e->loud >= BEGIN_CHUNKS && !e->flush)
		forget_job(e);
	if (e->speaking || e->loud < BEGIN_CHUNKS)
		return true;
	e->speaking = true;
	return emit(e, STT_SPEECH);
}

static void kicked(void *arg)
{
	struct ear *e = arg;

	if (!e->ready) {
		e->ready = true;
		if (!emit(e, STT_READY))
			return;
	}
	while (e->n - e->judged >= SILERO_CHUNK) {
		if (!judge(e))
			return;
		/* Long gaps between kicks must not hide a pause. */
		if (e->quiet == PAUSE_CHUNKS || e->quiet == END_CHUNKS)
			break;
	}
	if (e->n - e->judged >= SILERO_CHUNK)
		timer_start(e->timers, &e->kick, 0, kicked, e);
	next(e);
}

static void kick(struct ear *e)
{
	timer_start(e->timers, &e->kick, 0, kicked, e);
}

static void embedded_close(struct stt *stt)
{
	struct ear *e = ear_of(stt);

	forget_job(e);
	timer_stop(e->timers, &e->kick);
	resample_free(&e->down);
	buf_fini(&e->text);
	mem_free(e->pcm);
	mem_free(e);
}

static int embedded_open(struct stt **sttp, struct net *net,
                         const struct stt_params *prm)
{
	struct engine *engine = prm->cfg->engine;
	struct ear *e;
	int err = 0;

	if (!engine || !engine_recogniser(engine) ||
	    (prm->hz != 8000 && prm->hz != 16000))
		return -EINVAL;
	e = mem_zalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->timers = net_timers(net);
	e->engine = engine;
	e->hz = prm->hz;
	buf_init(&e->text, TEXT_MAX);
	if (prm->call_id)
		strncpy(e->call_id, prm->call_id, sizeof(e->call_id) - 1);
	e->pcm = mem_alloc(BUFFER_MAX * sizeof(*e->pcm));
	if (!e->pcm)
		err = -ENOMEM;
	if (!err && e->hz != HZ)
		err = resample_new(&e->down, e->hz, HZ);
	if (err) {
		embedded_close(&e->base);
		return err;
	}
	kick(e);
	*sttp = &e->base;
	return 0;
}

static int embedded_push(struct stt *stt, const struct pcm *pcm)
{
	struct ear *e = ear_of(stt);
	size_t room = e->down ? resample_room(e->down, pcm->n) : pcm->n;

	ASSERT(pcm->hz == e->hz);
	if (e->n + room > BUFFER_MAX)
		return -EAGAIN;
	if (e->down) {
		e->n += resample_run(e->down, e->pcm + e->n, pcm->v, pcm->n);
	} else {
		memcpy(e->pcm + e->n, pcm->v, pcm->n * sizeof(*pcm->v));
		e->n += pcm->n;
	}
	if (!timer_running(&e->kick))
		kick(e);
	return 0;
}

static int embedded_flush(struct stt *stt)
{
	struct ear *e = ear_of(stt);

	e->flush = true;
	e->flush_at = e->n;
	kick(e);
	return 0;
}

const struct stt_ops stt_embedded_ops = {
	.name = "embedded",
	.open = embedded_open,
	.push = embedded_push,
	.flush = embedded_flush,
	.close = embedded_close,
};
