#include "bot/engine/kokoro.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/engine/g2p.h"
#include "bot/engine/kokoro_symbols.h"
#include "bot/engine/models.h"
#include "bot/engine/ort.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	STYLES = 510,            /* one for each length in symbols */
	STYLE = 256,             /* [floats] */
	SYMBOLS_TEXT_MAX = 8192, /* [bytes] */
	EDGE = KOKORO_HZ / 20,   /* silence that stays at both ends */
	QUIET = 330,             /* below it is silence: -40 dB of full scale */
};

struct kokoro {
	struct ort *ort;
	struct ort_net *net;
	float style[STYLES][STYLE];
};

static int read_voice(struct kokoro *k, const char *dir, const char *voice)
{
	char name[64], path[MODELS_PATH_MAX];
	FILE *f;
	int err;

	(void)snprintf(name, sizeof(name), "kokoro-%s.bin", voice);
	err = models_find(path, sizeof(path), dir, name);
	if (err)
		return err;
	f = fopen(path, "rb");
	if (!f)
		return -errno;
	if (fread(k->style, sizeof(k->style), 1, f) != 1)
		err = ERR_PROTO;
	(void)fclose(f);
	return err;
}

int kokoro_new(struct kokoro **kp, struct ort *ort, const char *dir,
               const char *voice)
{
	struct kokoro *k = mem_zalloc(sizeof(*k));
	char path[MODELS_PATH_MAX];
	int err;

	if (!k)
		return -ENOMEM;
	k->ort = ort;
	err = read_voice(k, dir, voice ? voice : "am_michael");
	if (!err)
		err = models_find(path, sizeof(path), dir, "kokoro.onnx");
	if (!err)
		err = ort_net_new(&k->net, ort, path);
	if (err)
		kokoro_free(&k);
	else
		*kp = k;
	return err;
}

void kokoro_free(struct kokoro **kp)
{
	struct kokoro *k = *kp;

	if (!k)
		return;
	ort_net_free(&k->net);
	mem_free(k);
	*kp = NULL;
}

/* The part of @v that is not silence, with a short edge. */
static size_t trim(const float **v, size_t n)
{
	const float quiet = (float)QUIET / 32768;
	const float *p = *v;
	size_t first = 0, last = n;

	while (first < n && p[first] < quiet && p[first] > -quiet)
		first++;
	while (last > first && p[last - 1] < quiet && p[last - 1] > -quiet)
		last--;
	first = first > EDGE ? first - EDGE : 0;
	last = last + EDGE < n ? last + EDGE : n;
	*v = p + first;
	return last - first;
}

static int to_pcm(const float *v, size_t n, int16_t **pcm, size_t *out)
{
	int16_t *p;

	n = trim(&v, n);
	p = mem_alloc(n * sizeof(*p) + 1);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		float x = v[i] * 32767;

		p[i] = (int16_t)(x > 32767 ? 32767 : x < -32767 ? -32767 : x);
	}
	*pcm = p;
	*out = n;
	return 0;
}

static int synthesise(struct kokoro *k, int64_t *ids, size_t n_ids,
                      int16_t **pcm, size_t *n)
{
	static const char *const in[] = {"input_ids", "style", "speed"};
	static const char *const out[] = {"waveform"};
	/* The two at the ends are padding. */
	const size_t symbols = n_ids - 2;
	const int64_t id_dims[] = {1, (int64_t)n_ids};
	const int64_t style_dims[] = {1, STYLE}, one[] = {1};
	float speed = 1, *v;
	struct ort_value *iv[3] = {0}, *ov = NULL;
	size_t n_v;
	int err;

	err = ort_tensor(&iv[0], k->ort, ORT_INT64, ids, n_ids * sizeof(*ids),
	                 id_dims, 2);
	if (!err)
		err = ort_tensor(&iv[1], k->ort, ORT_FLOAT,
		                 k->style[symbols - 1], sizeof(k->style[0]),
		                 style_dims, 2);
	if (!err)
		err = ort_tensor(&iv[2], k->ort, ORT_FLOAT, &speed,
		                 sizeof(speed), one, 1);
	if (!err)
		err = ort_run(k->net, &(struct ort_feed){in, iv, 3},
		              &(struct ort_feed){out, &ov, 1});
	if (!err)
		err = ort_floats(k->ort, ov, &v, &n_v);
	if (!err)
		err = to_pcm(v, n_v, pcm, n);
	ort_value_free(k->ort, &ov);
	for (size_t i = 0; i < 3; i++)
		ort_value_free(k->ort, &iv[i]);
	return err;
}

int kokoro_speak(struct kokoro *k, const char *text, int16_t **pcm, size_t *n)
{
	int64_t ids[STYLES + 2];
	struct buf symbols;
	size_t n_ids;
	int err;

	*pcm = NULL;
	*n = 0;
	buf_init(&symbols, SYMBOLS_TEXT_MAX);
	err = g2p_symbols(&symbols, text);
	ids[0] = 0;
	n_ids = 1 + kokoro_ids(ids + 1, STYLES, buf_str(&symbols), symbols.len);
	ids[n_ids++] = 0;
	if (!err && n_ids > 2)
		err = synthesise(k, ids, n_ids, pcm, n);
	buf_fini(&symbols);
	return err;
}
