/*
 * What a call will say first is spoken while the telephone rings: the clauses
 * are made as in a call and stay in the speaker's cache. Nobody waits for it,
 * so that a failure is none; the clause is then made when it is wanted.
 */
#include <errno.h>
#include <string.h>

#include "bot/engine/engine.h"
#include "bot/engine/say.h"
#include "bot/engine/speaker.h"
#include "bot/provider/embedded_warm.h"
#include "bot/provider/provider.h"
#include "common/mem.h"

enum {
	WARM_DEADLINE_MS = 30000, /* a telephone rings for so long */
	WARM_HZ = 8000,           /* of nearly all lines */
	WARM_CLAUSES_MAX = 16,
};

struct warm {
	struct pool_job base;
	struct speaker *speaker;
	size_t len;
	char text[];
};

static int stop(void *arg)
{
	return pool_stopped(arg) ? -ECANCELED : 0;
}

static int work(struct pool_job *base)
{
	struct warm *w = CONTAINER_OF(base, struct warm, base);
	const struct speaker_clause clause = {SPEAKER_NATURAL, WARM_HZ, w->text,
	                                      w->len};
	int16_t *pcm = NULL;
	size_t n;
	int err = speaker_say(w->speaker, &clause, &pcm, &n, stop, base);

	mem_free(pcm);
	return err;
}

static void done(struct pool_job *base, int err)
{
	(void)err;
	mem_free(CONTAINER_OF(base, struct warm, base));
}

static bool submit(struct engine *e, const char *text, size_t len)
{
	struct warm *w = mem_zalloc(sizeof(*w) + len);
	uint64_t ticket;

	if (!w)
		return false;
	w->base.work = work;
	w->base.done = done;
	w->base.urgency = POOL_LATER;
	w->base.is_long = true;
	w->base.deadline_ms = WARM_DEADLINE_MS;
	w->speaker = engine_speaker(e);
	w->len = len;
	memcpy(w->text, text, len);
	if (!pool_submit(engine_pool(e), &w->base, &ticket))
		return true;
	mem_free(w);
	return false;
}

void embedded_warm(const struct provider_cfg *cfg, const char *text, size_t len)
{
	int left = WARM_CLAUSES_MAX;

	if (!cfg->engine || speaker_cost(engine_speaker(cfg->engine)) <= 0)
		return;
	while (len && left-- > 0) {
		const size_t n = say_clause(text, len);

		if (!submit(cfg->engine, text, n))
			return;
		text += n;
		len -= n;
	}
}
