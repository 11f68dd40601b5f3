/*
 * Voice detectors that are stepped together: each call's speech is what it
 * would have been alone.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bot/media/vad.h"
#include "bot/media/vad_batch.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/test.h"

enum { CALLS = 50, CHUNKS = 120, FRAME = 160, FRAME_MS = 20 };

static struct timers *timers;
static struct vad_batch *batch;
static uint64_t now_ms;
static size_t largest; /* chunks of one run */

/* How many chunks of speech there were in a row, as a net remembers. */
static float by_script(void *state, const void *model,
                       const int16_t pcm[VAD_CHUNK])
{
	float *x = state;

	(void)model;
	*x = 0.5F * *x + (pcm[0] == 1 ? 0.5F : 0);
	return *x;
}

static void many_by_script(void *const state[], const void *model,
                           const int16_t *const pcm[], float prob[], size_t n)
{
	largest = n > largest ? n : largest;
	for (size_t i = 0; i < n; i++)
		prob[i] = by_script(state[i], model, pcm[i]);
}

static const struct vad_ops ops = {"script", sizeof(float), by_script,
                                   many_by_script};

struct call {
	struct vad *vad;
	char told[512];
	struct call *kills; /* at its first edge */
	unsigned judged;
};

static struct call calls[CALLS], alone;

static void on_edge(const struct vad_edge *e, void *arg)
{
	struct call *c = arg;
	size_t n = strlen(c->told);

	(void)snprintf(c->told + n, sizeof(c->told) - n, "%c%u-%u ",
	               e->type == VAD_SPEECH ? 'S' : 'E', (unsigned)e->since_ms,
	               (unsigned)e->at_ms);
	if (c->kills)
		vad_free(&c->kills->vad);
}

static void on_judged(void *arg)
{
	((struct call *)arg)->judged++;
}

static void open_call(struct call *c, struct vad_batch *b)
{
	const struct vad_params prm = {.batch = b, .judgedh = on_judged};

	*c = (struct call){0};
	CHECK_INT(0, vad_new(&c->vad, &ops, NULL, &prm, on_edge, c));
}

static void begin(void)
{
	now_ms = 1000;
	largest = 0;
	CHECK_INT(0, timers_new(&timers, now_ms * 1000));
	CHECK_INT(0, vad_batch_new(&batch, timers));
}

static void end(void)
{
	vad_batch_free(&batch);
	timers_free(&timers);
	CHECK_INT(0, mem_live());
}

static void pass(unsigned ms)
{
	for (; ms; ms--)
		timers_run(timers, ++now_ms * 1000);
}

/* A chunk of a call's audio: speech, another sound, or silence, in stretches
 * whose length is the call's own. */
static void make_chunk(int16_t *pcm, unsigned call, unsigned chunk)
{
	static const double pi = 3.14159265358979323846;
	unsigned kind = chunk / (5 + call % 13) % 3;

	for (unsigned i = 0; i < VAD_CHUNK; i++)
		pcm[i] = kind == 2 ? 0
		                   : (int16_t)lrint(3000 * sin(2 * pi * i / 8));
	if (kind != 2)
		pcm[0] = kind ? 2 : 1;
}

static const int16_t *audio_of(unsigned call)
{
	static int16_t pcm[CHUNKS * VAD_CHUNK];

	for (unsigned i = 0; i < CHUNKS; i++)
		make_chunk(pcm + i * VAD_CHUNK, call, i);
	return pcm;
}

static void each_call_hears_what_it_would_have_heard_alone(void)
{
	static int16_t pcm[CALLS][CHUNKS * VAD_CHUNK];
	size_t edges = 0;

	begin();
	for (unsigned c = 0; c < CALLS; c++) {
		open_call(&calls[c], batch);
		memcpy(pcm[c], audio_of(c), sizeof(pcm[c]));
	}
	for (size_t at = 0; at < CHUNKS * VAD_CHUNK; at += FRAME) {
		for (unsigned c = 0; c < CALLS; c++)
			vad_feed(calls[c].vad, pcm[c] + at, FRAME);
		pass(FRAME_MS);
	}
	for (unsigned c = 0; c < CALLS; c++) {
		open_call(&alone, NULL);
		vad_feed(alone.vad, pcm[c], CHUNKS * VAD_CHUNK);
		CHECK_STR(alone.told, calls[c].told);
		CHECK_INT(vad_now_ms(alone.vad), vad_now_ms(calls[c].vad));
		CHECK(calls[c].judged > CHUNKS / 2);
		CHECK_INT(0, alone.judged);
		edges += strlen(alone.told);
		vad_free(&alone.vad);
		vad_free(&calls[c].vad);
	}
	CHECK(edges > CALLS * 20);
	CHECK_INT(VAD_BATCH_MAX, largest);
	end();
}

static void audio_that_comes_at_once_waits_for_nobody(void)
{
	const int16_t *pcm = audio_of(3);

	begin();
	open_call(&calls[0], batch);
	open_call(&alone, NULL);
	vad_feed(calls[0].vad, pcm, CHUNKS * VAD_CHUNK);
	vad_feed(alone.vad, pcm, CHUNKS * VAD_CHUNK);
	CHECK_STR(alone.told, calls[0].told);
	CHECK(strlen(alone.told) > 20);
	vad_free(&alone.vad);
	vad_free(&calls[0].vad);
	pass(10);
	end();
}

static void a_call_that_ends_while_it_waits_is_left_alone(void)
{
	begin();
	open_call(&calls[0], batch);
	open_call(&calls[1], batch);
	for (unsigned c = 0; c < 2; c++)
		vad_feed(calls[c].vad, audio_of(c), VAD_CHUNK);
	vad_free(&calls[0].vad);
	pass(10);
	CHECK_INT(0, calls[0].judged);
	CHECK_INT(1, calls[1].judged);
	vad_free(&calls[1].vad);
	end();
}

static void a_call_may_end_another_that_was_stepped_with_it(void)
{
	begin();
	open_call(&calls[0], batch);
	open_call(&calls[1], batch);
	calls[0].kills = &calls[1];
	/* Speech of ten chunks: after some of them the first call is told. */
	for (unsigned i = 0; i < 10; i++) {
		for (unsigned c = 0; c < 2; c++)
			if (calls[c].vad)
				vad_feed(calls[c].vad,
				         audio_of(12) + i * VAD_CHUNK,
				         VAD_CHUNK);
		pass(32);
	}
	CHECK(calls[0].told[0] == 'S');
	CHECK(!calls[1].vad);
	CHECK_STR("", calls[1].told);
	CHECK(calls[1].judged < calls[0].judged);
	vad_free(&calls[0].vad);
	end();
}

static void a_chunk_waits_three_milliseconds_at_most(void)
{
	begin();
	open_call(&calls[0], batch);
	vad_feed(calls[0].vad, audio_of(0), VAD_CHUNK);
	CHECK_INT(0, calls[0].judged);
	pass(VAD_BATCH_MS);
	CHECK_INT(1, calls[0].judged);
	/* A line that falls silent is judged with what there was. */
	vad_feed(calls[0].vad, audio_of(0), VAD_CHUNK);
	vad_starved(calls[0].vad);
	pass(10);
	CHECK_INT(1, calls[0].judged);
	vad_free(&calls[0].vad);
	end();
}

static const struct test tests[] = {
	TEST(each_call_hears_what_it_would_have_heard_alone),
	TEST(audio_that_comes_at_once_waits_for_nobody),
	TEST(a_call_that_ends_while_it_waits_is_left_alone),
	TEST(a_call_may_end_another_that_was_stepped_with_it),
	TEST(a_chunk_waits_three_milliseconds_at_most),
};

TEST_MAIN(tests)
