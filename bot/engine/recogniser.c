#include "bot/engine/recogniser.h"

#include <errno.h>
#include <stdlib.h>

#include "bot/media/resample.h"
#include "common/buf.h"
#include "common/mem.h"

enum {
	/* Silence before and after: measured, it helps more often than not. */
	PAD = MOONSHINE_HZ * 15 / 100, /* [samples] */
	CUT_FROM_SEC = 12,
	CUT_WINDOW_MS = 160, /* what is the quietest */
};

struct recogniser {
	struct moonshine *base, *tiny;
};

int recogniser_new(struct recogniser **rp, struct ort *ort, const char *dir)
{
	struct recogniser *r = mem_zalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = moonshine_new(&r->base, ort, dir, MOONSHINE_BASE);
	if (!err)
		err = moonshine_new(&r->tiny, ort, dir, MOONSHINE_TINY);
	if (err)
		recogniser_free(&r);
	else
		*rp = r;
	return err;
}

void recogniser_free(struct recogniser **rp)
{
	struct recogniser *r = *rp;

	if (!r)
		return;
	moonshine_free(&r->base);
	moonshine_free(&r->tiny);
	mem_free(r);
	*rp = NULL;
}

/* @pcm at the nets' rate, with PAD of silence on both sides. */
static int convert(float **vp, size_t *np, const struct pcm *pcm)
{
	struct resample *rs = NULL;
	int16_t *wide = NULL;
	float *v = NULL;
	size_t n;
	int err = resample_new(&rs, pcm->hz, MOONSHINE_HZ);

	if (err)
		return err;
	err = -ENOMEM;
	wide = mem_alloc(resample_room(rs, pcm->n) * sizeof(*wide) + 1);
	if (!wide)
		goto out;
	n = resample_run(rs, wide, pcm->v, pcm->n);
	n += resample_flush(rs, wide + n);
	v = mem_zalloc((n + 2 * PAD) * sizeof(*v));
	if (!v)
		goto out;
	for (size_t i = 0; i < n; i++)
		v[PAD + i] = (float)wide[i] / 32768;
	*vp = v;
	*np = n;
	err = 0;
out:
	mem_free(wide);
	resample_free(&rs);
	return err;
}

size_t recogniser_cut(const struct pcm *pcm)
{
	const size_t most = (size_t)MOONSHINE_SEC_MAX * pcm->hz;
	const size_t window = pcm->hz / 1000 * CUT_WINDOW_MS;
	uint64_t sum = 0, least = UINT64_MAX;
	size_t at = most;

	if (pcm->n <= most)
		return pcm->n;
	for (size_t i = (size_t)CUT_FROM_SEC * pcm->hz - window; i < most;
	     i++) {
		sum += (uint64_t)abs(pcm->v[i]);
		if (i < (size_t)CUT_FROM_SEC * pcm->hz)
			continue;
		sum -= (uint64_t)abs(pcm->v[i - window]);
		if (sum < least) {
			least = sum;
			at = i - window / 2;
		}
	}
	return at;
}

static int hear_piece(struct recogniser *r, const struct pcm *pcm,
                      enum recogniser_effort effort, struct buf *text,
                      moonshine_stop_h *stoph, void *arg)
{
	const size_t before = text->len;
	float *v = NULL;
	size_t n;
	int err = convert(&v, &n, pcm);

	if (err)
		return err;
	if (effort == RECOGNISER_PARTIAL) {
		err = moonshine_hear(r->tiny, v, n + 2 * PAD, text, stoph, arg);
		goto out;
	}
	err = moonshine_hear(r->base, v, n + 2 * PAD, text, stoph, arg);
	if (!err && text->len == before)
		err = moonshine_hear(r->base, v + PAD, n, text, stoph, arg);
	if (!err && text->len == before)
		err = moonshine_hear(r->tiny, v, n + 2 * PAD, text, stoph, arg);
out:
	mem_free(v);
	return err;
}

int recogniser_hear(struct recogniser *r, const struct pcm *pcm,
                    enum recogniser_effort effort, struct buf *text,
                    moonshine_stop_h *stoph, void *arg)
{
	struct pcm rest = *pcm;
	int err = 0;

	while (rest.n && !err) {
		struct pcm piece = {rest.v, recogniser_cut(&rest), rest.hz};

		if (text->len)
			err = buf_add(text, " ", 1);
		if (!err)
			err = hear_piece(r, &piece, effort, text, stoph, arg);
		rest.v += piece.n;
		rest.n -= piece.n;
	}
	while (text->len && text->v[text->len - 1] == ' ')
		text->v[--text->len] = '\0';
	return err;
}
