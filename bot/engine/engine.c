#include "bot/engine/engine.h"

#include <errno.h>
#include <unistd.h>

#include "bot/engine/models.h"
#include "bot/engine/ort.h"
#include "bot/engine/recogniser.h"
#include "bot/engine/smart_turn.h"
#include "bot/engine/speaker.h"
#include "bot/media/silero.h"
#include "common/mem.h"

struct engine {
	unsigned threads;
	struct pool *pool; /* NULL: not started */
	struct ort *ort;
	struct silero *silero;
	struct recogniser *recogniser;
	struct smart_turn *turn;
	struct speaker *speaker;
};

/* One thread of several stays free of long jobs, so two are the least. */
static unsigned choose_threads(unsigned asked)
{
	long n = asked ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 2 && !asked)
		n = 2;
	return n > POOL_THREADS_MAX ? POOL_THREADS_MAX : (unsigned)n;
}

static int load_hearing(struct engine *e, const char *dir)
{
	char path[MODELS_PATH_MAX];
	int err = models_find(path, sizeof(path), dir, "silero-8k.bin");

	if (!err)
		err = silero_new(&e->silero, path);
	return err ? err : recogniser_new(&e->recogniser, e->ort, dir);
}

static int load(struct engine *e, const struct engine_params *prm)
{
	char path[MODELS_PATH_MAX];
	int err = 0;

	if (prm->hear || prm->speak || prm->turn) {
		err = models_find(path, sizeof(path), prm->models_dir,
		                  "libonnxruntime.so");
		if (!err)
			err = ort_open(&e->ort, path);
	}
	if (!err && prm->hear)
		err = load_hearing(e, prm->models_dir);
	if (!err && prm->turn)
		err = smart_turn_new(&e->turn, e->ort, prm->turn);
	if (!err)
		err = speaker_new(&e->speaker, prm->speak ? e->ort : NULL,
		                  prm->models_dir, prm->voice,
		                  e->threads > 1 ? e->threads - 1 : 1);
	return err;
}

int engine_new(struct engine **ep, const struct engine_params *prm)
{
	struct engine *e = mem_zalloc(sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->threads = choose_threads(prm->threads);
	err = load(e, prm);
	if (err)
		engine_free(&e);
	else
		*ep = e;
	return err;
}

int engine_start(struct engine *e, pool_wake_h *wake, void *arg)
{
	return pool_new(&e->pool, &(struct pool_params){e->threads, wake, arg});
}

/* The pool first: its jobs use the rest. */
void engine_free(struct engine **ep)
{
	struct engine *e = *ep;

	if (!e)
		return;
	pool_free(&e->pool);
	speaker_free(&e->speaker);
	smart_turn_free(&e->turn);
	recogniser_free(&e->recogniser);
	silero_free(&e->silero);
	ort_close(&e->ort);
	mem_free(e);
	*ep = NULL;
}

void engine_drain(struct engine *e)
{
	pool_drain(e->pool);
}

struct pool *engine_pool(struct engine *e)
{
	return e->pool;
}

struct recogniser *engine_recogniser(struct engine *e)
{
	return e->recogniser;
}

const struct silero *engine_silero(const struct engine *e)
{
	return e->silero;
}

struct smart_turn *engine_turn(struct engine *e)
{
	return e->turn;
}

struct speaker *engine_speaker(struct engine *e)
{
	return e->speaker;
}
