#include "bot/media/turn_mel.h"

#include <errno.h>
#include <string.h>

#include "common/mem.h"

/*
 * Places are samples of the call at 16 kHz, which begins after eight seconds of
 * silence, so that every look has them; frame i has its middle at hop i. A
 * frame is computed once all the sound that it needs has come. The last two of
 * a look lack some; they are computed for the look alone, as are the first,
 * which the edge of the window touches.
 */
enum {
	HALF = TURN_WINDOW / 2,
	SPAN = TURN_MEL_FRAMES * TURN_HOP, /* [samples] of a look */
	AHEAD = HALF + 2 * TURN_UP_AHEAD,  /* [samples] that a frame needs */
	EDGE = 3, /* frames that the beginning of the window touches */
	/* [samples] of the line: 8.2 s at 8 kHz, twice that at 16 */
	KEPT_8K = 1 << 16,
	PART = 256, /* [samples] upsampled at once */
};

_Static_assert(KEPT_8K >= SPAN / 2 + 2 * (TURN_UP_BACK + TURN_UP_AHEAD),
               "what a look needs is kept");

struct turn_mel {
	const struct turn_kit *kit;
	int64_t up;    /* samples at 16 kHz for one of the line: 2 or 1 */
	int64_t n;     /* samples of the line so far, and of that silence */
	int64_t from;  /* place where the turn begins */
	int64_t begin; /* first frame of the turn */
	int64_t next;  /* first frame that is not computed */
	size_t kept;   /* samples in @line */
	float wide[TURN_WINDOW]; /* of the frame before @next, if @joined */
	bool joined;
	int16_t *line;                             /* a ring */
	struct turn_frame frames[TURN_MEL_FRAMES]; /* frame i at i % 800 */
};

int turn_mel_new(struct turn_mel **mp, const struct turn_kit *kit, uint32_t hz)
{
	struct turn_mel *m;

	if (hz != TURN_HZ && hz != TURN_HZ / 2)
		return -EINVAL;
	m = mem_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->kit = kit;
	m->up = TURN_HZ / hz;
	m->n = SPAN / m->up;
	m->kept = (size_t)(KEPT_8K * 2 / m->up);
	m->line = mem_zalloc(m->kept * sizeof(*m->line));
	if (!m->line)
		turn_mel_free(&m);
	else
		turn_mel_begin(m, 0);
	*mp = m;
	return m ? 0 : -ENOMEM;
}

void turn_mel_free(struct turn_mel **mp)
{
	if (*mp)
		mem_free((*mp)->line);
	mem_free(*mp);
	*mp = NULL;
}

/* ---- samples --------------------------------------------------------------- */

/* What sound there is: from where to where. */
struct extent {
	int64_t from, to;
};

/* @n samples of the line from @at on, in places of the line; none outside
 * of @in. */
static void read_line(const struct turn_mel *m, float *dst, int64_t at,
                      size_t n, const struct extent *in)
{
	for (size_t i = 0; i < n; i++, at++) {
		const bool out = at < in->from || at >= in->to;
		const size_t slot = (size_t)at & (m->kept - 1);

		dst[i] = out ? 0 : (float)m->line[slot] / 32768;
	}
}

/* Up to PART samples at 16 kHz. */
static void read_part(const struct turn_mel *m, float *dst, int64_t at,
                      size_t n, const struct extent *in)
{
	float old[TURN_UP_BACK + PART / 2 + 1 + TURN_UP_AHEAD];
	const bool odd = at & 1;
	const int64_t first = (at - odd) / 2 - TURN_UP_BACK;
	const struct extent half = {(in->from + 1) / 2, in->to / 2};

	read_line(m, old, first, TURN_UP_BACK + (n + 2) / 2 + TURN_UP_AHEAD,
	          &half);
	turn_kit_up(m->kit, dst, n, old + TURN_UP_BACK, odd);
	/* The filter rings beyond the ends; there, too, is silence. */
	for (size_t i = 0; i < n; i++)
		if (at + (int64_t)i < in->from || at + (int64_t)i >= in->to)
			dst[i] = 0;
}

static void read_wide(const struct turn_mel *m, float *dst, int64_t at,
                      size_t n, const struct extent *in)
{
	if (m->up == 1) {
		read_line(m, dst, at, n, in);
		return;
	}
	for (size_t i = 0; i < n; i += PART)
		read_part(m, dst + i, at + (int64_t)i,
		          n - i < PART ? n - i : PART, in);
}

/* ---- frames ---------------------------------------------------------------- */

static void compute(struct turn_mel *m)
{
	const struct extent in = {m->from, m->n * m->up};
	float *v = m->wide;

	for (; m->next * TURN_HOP + AHEAD <= in.to; m->next++) {
		const int64_t at = m->next * TURN_HOP - HALF;
		const size_t keep = m->joined ? TURN_WINDOW - TURN_HOP : 0;

		if (m->joined)
			memmove(v, v + TURN_HOP, keep * sizeof(*v));
		read_wide(m, v + keep, at + (int64_t)keep, TURN_WINDOW - keep,
		          &in);
		m->joined = true;
		turn_kit_frame(m->kit, &m->frames[m->next % TURN_MEL_FRAMES],
		               v);
	}
}

/* Frames that no look will ask for are not made up for. */
static void skip_old(struct turn_mel *m)
{
	const int64_t oldest = m->n * m->up / TURN_HOP - TURN_MEL_FRAMES;

	if (m->next >= oldest)
		return;
	m->next = oldest;
	m->joined = false;
}

void turn_mel_push(struct turn_mel *m, const struct pcm *pcm, bool follow)
{
	ASSERT(pcm->hz * m->up == TURN_HZ);
	ASSERT(pcm->n <= pcm->hz);
	for (size_t i = 0; i < pcm->n; i++)
		m->line[(size_t)m->n++ & (m->kept - 1)] = pcm->v[i];
	if (!follow)
		return;
	skip_old(m);
	compute(m);
}

void turn_mel_begin(struct turn_mel *m, uint32_t ago_ms)
{
	const int64_t now = m->n * m->up;
	const int64_t from = now - (int64_t)ago_ms * (TURN_HZ / 1000);

	m->from = from > now - SPAN ? from : now - SPAN;
	m->begin = (m->from - HALF) / TURN_HOP + 1;
	if (m->from < HALF)
		m->begin = 0;
	m->next = m->begin;
	m->joined = false;
}

/* A frame at the edge of the window: what lies beyond is mirrored, as the
 * reference has it. */
static void compute_edge(const struct turn_mel *m, struct turn_frame *dst,
                         int64_t middle, const struct extent *window)
{
	const int64_t at = middle - HALF;
	const struct extent in = {
		window->from > m->from ? window->from : m->from, window->to};
	float v[TURN_WINDOW], mirror[TURN_WINDOW];

	read_wide(m, v, at, TURN_WINDOW, &in);
	if (at < window->from) {
		const size_t out = (size_t)(window->from - at);

		read_wide(m, mirror, window->from + 1, out, &in);
		for (size_t i = 0; i < out; i++)
			v[i] = mirror[out - 1 - i];
	}
	if (at + TURN_WINDOW > window->to) {
		const size_t out = (size_t)(at + TURN_WINDOW - window->to);

		read_wide(m, mirror, window->to - 1 - (int64_t)out, out, &in);
		for (size_t i = 0; i < out; i++)
			v[TURN_WINDOW - 1 - i] = mirror[i];
	}
	turn_kit_frame(m->kit, dst, v);
}

void turn_mel_look(struct turn_mel *m,
                   struct turn_frame frames[TURN_MEL_FRAMES])
{
	const int64_t last = m->n * m->up / TURN_HOP;
	const int64_t first = last - TURN_MEL_FRAMES;
	const struct extent window = {first * TURN_HOP, last * TURN_HOP};

	skip_old(m);
	compute(m);
	for (int64_t i = first; i < last; i++) {
		struct turn_frame *f = &frames[i - first];

		if (i < first + EDGE || i >= m->next)
			compute_edge(m, f, i * TURN_HOP, &window);
		else if (i < m->begin)
			*f = (struct turn_frame){0};
		else
			*f = m->frames[i % TURN_MEL_FRAMES];
	}
}
