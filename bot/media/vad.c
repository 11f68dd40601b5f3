#include "bot/media/vad.h"

#include <errno.h>
#include <string.h>

#include "bot/media/loudness.h"
#include "bot/media/silero.h"
#include "bot/media/vad_batch.h"
#include "common/mem.h"

enum {
	CATCH_UP = 8,       /* chunks the net is given when the gate opens */
	WINDOW_CHUNKS = 13, /* whole chunks that fill 400 ms */
};

enum state { QUIET, STARTING, SPEAKING, STOPPING };

struct vad {
	const struct vad_ops *ops;
	const void *model;
	struct vad_params prm;
	vad_edge_h *edgeh;
	void *arg;

	enum state state;
	unsigned count; /* chunks in STARTING or STOPPING */
	unsigned start_chunks, stop_chunks;
	struct loudness loudness;
	float smooth; /* Pipecat's volume */
	struct vad_level level;
	uint64_t samples; /* in whole chunks */

	int16_t chunk[VAD_CHUNK];
	size_t have; /* samples of the next chunk */
	struct vad_wait wait;
	int16_t held[VAD_CHUNK]; /* the chunk that waits */
	int16_t missed[CATCH_UP][VAD_CHUNK];
	uint64_t n_missed; /* chunks since the gate closed */
	max_align_t net[]; /* the net's own state */
};

static float net_step(void *state, const void *model,
                      const int16_t pcm[VAD_CHUNK])
{
	return silero_step(model, state, pcm);
}

static void net_step_many(void *const state[], const void *model,
                          const int16_t *const pcm[], float prob[], size_t n)
{
	struct silero_state *st[VAD_BATCH_MAX];

	ASSERT(n <= VAD_BATCH_MAX);
	for (size_t i = 0; i < n; i++)
		st[i] = state[i];
	silero_step_many(model, st, pcm, prob, n);
}

const struct vad_ops vad_silero = {
	.name = "silero",
	.state_size = sizeof(struct silero_state),
	.step = net_step,
	.step_many = net_step_many,
};

static unsigned to_chunks(uint32_t ms)
{
	unsigned n = (ms + VAD_CHUNK_MS / 2) / VAD_CHUNK_MS;

	return n ? n : 1;
}

static void on_prob(struct vad_wait *w, float prob);

int vad_new(struct vad **vp, const struct vad_ops *ops, const void *model,
            const struct vad_params *prm, vad_edge_h *edgeh, void *arg)
{
	struct vad *v = mem_zalloc(sizeof *v + ops->state_size);

	if (!v)
		return -ENOMEM;
	v->ops = ops;
	v->model = model;
	if (prm)
		v->prm = *prm;
	if (!(v->prm.confidence > 0))
		v->prm.confidence = 0.7F;
	if (!(v->prm.min_volume > 0))
		v->prm.min_volume = 0.6F;
	v->start_chunks = to_chunks(v->prm.start_ms ? v->prm.start_ms : 200);
	v->stop_chunks = to_chunks(v->prm.stop_ms ? v->prm.stop_ms : 200);
	v->edgeh = edgeh;
	v->arg = arg;
	v->wait = (struct vad_wait){.ops = ops,
	                            .model = model,
	                            .state = v->net,
	                            .pcm = v->held,
	                            .doneh = on_prob};
	loudness_init(&v->loudness);
	*vp = v;
	return 0;
}

void vad_free(struct vad **vp)
{
	if (*vp)
		vad_wait_stop(&(*vp)->wait);
	mem_free(*vp);
	*vp = NULL;
}

/* 0 at -110 LUFS and 1 at -10; 0 below the absolute gate of the standard. */
static float from_lufs(float lufs)
{
	float x = (lufs + 110) / 100;

	if (lufs < -70)
		return 0;
	return x > 1 ? 1 : x;
}

static float volume(struct vad *v)
{
	float now = from_lufs(loudness_add(&v->loudness, v->chunk));

	if (v->prm.volume == VAD_VOLUME_FAST)
		return now;
	/* This chunk is not counted yet. */
	if (v->level.chunks + 1 < WINDOW_CHUNKS)
		now = 0;
	v->smooth += 0.2F * (now - v->smooth);
	return v->smooth;
}

static float step(struct vad *v, const int16_t *pcm)
{
	v->level.steps++;
	return v->ops->step(v->net, v->model, pcm);
}

/* The net has not seen the last chunks: give it those that are still here, or
 * let it start anew when it has missed more. */
static void catch_up(struct vad *v)
{
	uint64_t n = v->n_missed, first = 0;

	if (n > CATCH_UP) {
		memset(v->net, 0, v->ops->state_size);
		first = n - CATCH_UP;
	}
	for (uint64_t i = first; i < n; i++)
		(void)step(v, v->missed[i % CATCH_UP]);
	v->n_missed = 0;
}

/* Is this chunk too quiet for the net to run? It is kept then. */
static bool gated(struct vad *v, bool loud)
{
	if (v->state != QUIET || loud || v->prm.no_gate)
		return false;
	memcpy(v->missed[v->n_missed++ % CATCH_UP], v->chunk, sizeof v->chunk);
	return true;
}

static void edge(struct vad *v, enum vad_edge_type type, uint64_t lasted_ms)
{
	const struct vad_edge e = {
		.type = type,
		.at_ms = v->samples / (VAD_HZ / 1000),
		.since_ms = v->samples / (VAD_HZ / 1000) - lasted_ms,
	};

	v->edgeh(&e, v->arg);
}

static void count(struct vad *v, bool speaking)
{
	bool open = v->state == SPEAKING || v->state == STOPPING;

	if (speaking == open) {
		v->state = open ? SPEAKING : QUIET;
		v->count = 0;
		return;
	}
	v->state = open ? STOPPING : STARTING;
	v->count++;
	if (v->count < (open ? v->stop_chunks : v->start_chunks))
		return;
	v->state = open ? QUIET : SPEAKING;
	edge(v, open ? VAD_SILENCE : VAD_SPEECH,
	     (uint64_t)v->count * VAD_CHUNK_MS);
	v->count = 0;
}

static void conclude(struct vad *v, float confidence)
{
	bool loud = v->level.volume >= v->prm.min_volume;

	v->level.confidence = confidence;
	v->level.chunks++;
	count(v, loud && confidence >= v->prm.confidence);
}

static void on_prob(struct vad_wait *w, float prob)
{
	struct vad *v = CONTAINER_OF(w, struct vad, wait);

	v->level.steps++;
	conclude(v, prob);
	if (v->prm.judgedh)
		v->prm.judgedh(v->arg);
}

/* What still waits for others is judged alone: the next chunk is here. */
static void hurry(struct vad *v)
{
	if (!vad_waiting(&v->wait))
		return;
	vad_wait_stop(&v->wait);
	conclude(v, step(v, v->held));
}

static void judge(struct vad *v)
{
	hurry(v);
	v->samples += VAD_CHUNK;
	v->level.volume = volume(v);
	if (gated(v, v->level.volume >= v->prm.min_volume)) {
		conclude(v, 0);
		return;
	}
	catch_up(v);
	if (!v->prm.batch) {
		conclude(v, step(v, v->chunk));
		return;
	}
	memcpy(v->held, v->chunk, sizeof v->held);
	vad_wait_start(v->prm.batch, &v->wait);
}

void vad_feed(struct vad *v, const int16_t *pcm, size_t n)
{
	while (n) {
		size_t piece = VAD_CHUNK - v->have;

		piece = piece < n ? piece : n;
		memcpy(v->chunk + v->have, pcm, piece * sizeof pcm[0]);
		v->have += piece;
		pcm += piece;
		n -= piece;
		if (v->have == VAD_CHUNK) {
			v->have = 0;
			judge(v);
		}
	}
}

void vad_starved(struct vad *v)
{
	bool spoke;

	hurry(v);
	spoke = vad_speaking(v);
	v->state = QUIET;
	v->count = 0;
	v->n_missed = 0;
	memset(v->net, 0, v->ops->state_size);
	if (spoke)
		edge(v, VAD_SILENCE, 0);
}

bool vad_speaking(const struct vad *v)
{
	return v->state == SPEAKING || v->state == STOPPING;
}

bool vad_pending(const struct vad *v)
{
	return vad_waiting(&v->wait);
}

uint64_t vad_now_ms(const struct vad *v)
{
	return (v->samples + v->have) / (VAD_HZ / 1000);
}

void vad_level(const struct vad *v, struct vad_level *lv)
{
	*lv = v->level;
}
