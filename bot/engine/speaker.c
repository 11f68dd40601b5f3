#define _POSIX_C_SOURCE 200809L
#include "bot/engine/speaker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bot/engine/flite_voice.h"
#include "bot/engine/kokoro.h"
#include "bot/engine/say.h"
#include "bot/engine/sound_cache.h"
#include "bot/media/resample.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	TEXT_MAX = 2048,             /* [bytes] of a clause, cleaned */
	CACHE_MAX = 8 * 1024 * 1024, /* [bytes]: some minutes */
	SOUND_MAX = 60 * FLITE_HZ,   /* [samples] of a clause */
};

struct speaker {
	struct kokoro *kokoro; /* NULL: none */
	struct sound_cache *cache;
	double cost;      /* seconds a second of speech */
	double threads;   /* that may speak at once */
	unsigned natural; /* replies that have the natural voice now */
	uint64_t rest_until_us;
};

/* A sound on its way to the line's rate. */
struct making {
	struct resample *rs;
	int16_t *v;
	size_t n, cap;
	speaker_stop_h *stoph;
	void *arg;
};

static double now_sec(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int room(struct making *m, size_t more)
{
	size_t cap = m->cap ? m->cap : 16384;
	int16_t *v;

	if (m->n + more > SOUND_MAX)
		return ERR_LIMIT;
	while (cap < m->n + more)
		cap *= 2;
	if (cap == m->cap)
		return 0;
	v = mem_realloc(m->v, cap * sizeof(*v));
	if (!v)
		return -ENOMEM;
	m->v = v;
	m->cap = cap;
	return 0;
}

static int add(const int16_t *pcm, size_t n, void *arg)
{
	struct making *m = arg;
	int err = m->stoph ? m->stoph(m->arg) : 0;

	if (!err)
		err = room(m, resample_room(m->rs, n));
	if (!err)
		m->n += resample_run(m->rs, m->v + m->n, pcm, n);
	return err;
}

static int flush(struct making *m)
{
	int err = room(m, resample_room(m->rs, 0));

	if (!err)
		m->n += resample_flush(m->rs, m->v + m->n);
	return err;
}

static int say_natural(struct speaker *s, const char *text, struct making *m,
                       uint32_t hz)
{
	int16_t *v = NULL;
	size_t n = 0;
	int err = resample_new(&m->rs, KOKORO_HZ, hz);

	if (!err)
		err = kokoro_speak(s->kokoro, text, &v, &n);
	if (!err)
		err = add(v, n, m);
	mem_free(v);
	return err ? err : flush(m);
}

static int say_small(const char *text, struct making *m, uint32_t hz)
{
	int err = resample_new(&m->rs, FLITE_HZ, hz);

	if (!err)
		err = flite_speak(text, add, m);
	return err ? err : flush(m);
}

static int make(struct speaker *s, enum speaker_voice voice, const char *text,
                uint32_t hz, struct making *m)
{
	int err = ERR_PROVIDER;

	if (voice == SPEAKER_NATURAL && s->kokoro)
		err = say_natural(s, text, m, hz);
	if (err == ERR_PROVIDER) {
		resample_free(&m->rs);
		m->n = 0;
		err = say_small(text, m, hz);
	}
	resample_free(&m->rs);
	return err;
}

int speaker_say(struct speaker *s, const struct speaker_clause *clause,
                int16_t **pcm, size_t *n, speaker_stop_h *stoph, void *arg)
{
	char key[TEXT_MAX + 32];
	struct making m = {.stoph = stoph, .arg = arg};
	struct buf clean;
	int err;

	buf_init(&clean, TEXT_MAX);
	err = say_clean(&clean, clause->text, clause->len);
	if (err)
		goto out;
	(void)snprintf(key, sizeof(key), "%d %u %s", (int)clause->voice,
	               clause->hz, buf_str(&clean));
	if (sound_cache_get(s->cache, key, pcm, n))
		goto out;
	err = make(s, clause->voice, buf_str(&clean), clause->hz, &m);
	if (err)
		goto out;
	sound_cache_put(s->cache, key, m.v, m.n);
	*pcm = m.v;
	*n = m.n;
	m.v = NULL;
out:
	mem_free(m.v);
	buf_fini(&clean);
	return err;
}

/* Twice: the first time also pays for memory that later calls find. */
static int measure(struct speaker *s)
{
	static const char text[] = "Sure, I can help you with that.";
	int err = 0;

	for (int round = 0; round < 2 && !err; round++) {
		double from = now_sec();
		int16_t *v = NULL;
		size_t n = 0;

		err = kokoro_speak(s->kokoro, text, &v, &n);
		if (!err && n)
			s->cost = (now_sec() - from) * KOKORO_HZ / (double)n;
		mem_free(v);
	}
	if (!err)
		log_line(LOG_INFO, "speaker", NULL,
		         "event=measured voice=kokoro cost=%.2f threads=%.0f",
		         s->cost, s->threads);
	return err;
}

int speaker_new(struct speaker **sp, struct ort *ort, const char *dir,
                const char *voice, unsigned threads)
{
	struct speaker *s = mem_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->threads = threads;
	err = sound_cache_new(&s->cache, CACHE_MAX);
	if (!err && ort)
		err = kokoro_new(&s->kokoro, ort, dir, voice);
	if (!err && ort)
		err = measure(s);
	if (err)
		speaker_free(&s);
	else
		*sp = s;
	return err;
}

void speaker_free(struct speaker **sp)
{
	struct speaker *s = *sp;

	if (!s)
		return;
	kokoro_free(&s->kokoro);
	sound_cache_free(&s->cache);
	mem_free(s);
	*sp = NULL;
}

/* The estimate only keeps a machine that is far too slow, or far too full,
 * from trying: replies pause and clauses are found in the cache. The rest is
 * for speaker_late() to say. */
enum speaker_voice speaker_choose(struct speaker *s, uint64_t now_us)
{
	if (!s->kokoro || s->cost * (s->natural + 1) > s->threads * 1.5 ||
	    now_us < s->rest_until_us)
		return SPEAKER_SMALL;
	s->natural++;
	return SPEAKER_NATURAL;
}

void speaker_release(struct speaker *s, enum speaker_voice voice)
{
	if (voice != SPEAKER_NATURAL)
		return;
	ASSERT(s->natural > 0);
	s->natural--;
}

void speaker_late(struct speaker *s, uint32_t late_ms, uint64_t now_us)
{
	if (late_ms <= SPEAKER_LATE_MS)
		return;
	if (now_us >= s->rest_until_us)
		log_line(LOG_WARN, "speaker", NULL,
		         "event=late ms=%u natural=%u", late_ms, s->natural);
	s->rest_until_us = now_us + (uint64_t)SPEAKER_REST_MS * 1000;
}

double speaker_cost(const struct speaker *s)
{
	return s->cost;
}
