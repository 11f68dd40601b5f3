#include "bot/engine/moonshine.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bot/engine/models.h"
#include "bot/engine/moonshine_vocab.h"
#include "bot/engine/ort.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	LAYERS_MAX = 8,
	KINDS = 4, /* key and value of the decoder, then of the encoder */
	CACHE_MAX = LAYERS_MAX * KINDS,
	INPUTS_MAX = CACHE_MAX + 3,
	HEADS = 8,
	NAME_MAX_LEN = 48, /* [bytes] with terminator */
	TOKEN_BEGIN = 1,
	TOKEN_END = 2,
	/* Six and a half pieces a second is fast speech: what exceeds it is a
	 * loop. */
	TOKENS_PER_10_SEC = 65,
	TOKENS_SPARE = 4,
	TOKENS_MAX = MOONSHINE_SEC_MAX * TOKENS_PER_10_SEC / 10 + 32,
	SAMPLES_MIN = MOONSHINE_HZ / 10, /* the encoder refuses less */
	LOOP_TIMES = 3,                  /* this often in a row, and */
	LOOP_TOKENS = 12, /* this long at least: nobody talks like that */
};

struct shape {
	const char *name;
	size_t layers, head;
};

static const struct shape shapes[] = {
	[MOONSHINE_BASE] = {"base", 8, 52},
	[MOONSHINE_TINY] = {"tiny", 6, 36},
};

struct moonshine {
	struct ort *ort;
	struct ort_net *encoder, *decoder;
	const struct shape *shape;
	struct vocab *vocab;
	size_t n_cache;
	char in_name[CACHE_MAX][NAME_MAX_LEN];
	char out_name[CACHE_MAX][NAME_MAX_LEN];
};

/* One turn on its way through the decoder. */
struct decoding {
	struct moonshine *m;
	struct ort_value *audio, *hidden, *id, *use_cache;
	struct ort_value *cache[CACHE_MAX];
	int64_t token;
	uint8_t cached; /* not in the first step */
	int64_t tokens[TOKENS_MAX];
	size_t n_tokens;
};

static int load_net(struct moonshine *m, struct ort_net **np, const char *dir,
                    const char *part)
{
	char name[64], path[MODELS_PATH_MAX];
	int err;

	(void)snprintf(name, sizeof(name), "moonshine-%s-%s.onnx",
	               m->shape->name, part);
	err = models_find(path, sizeof(path), dir, name);
	return err ? err : ort_net_new(np, m->ort, path);
}

static void name_caches(struct moonshine *m)
{
	static const char *const kind[KINDS] = {"decoder.key", "decoder.value",
	                                        "encoder.key", "encoder.value"};

	m->n_cache = m->shape->layers * KINDS;
	for (size_t i = 0; i < m->n_cache; i++) {
		(void)snprintf(m->in_name[i], NAME_MAX_LEN,
		               "past_key_values.%zu.%s", i / KINDS,
		               kind[i % KINDS]);
		(void)snprintf(m->out_name[i], NAME_MAX_LEN, "present.%zu.%s",
		               i / KINDS, kind[i % KINDS]);
	}
}

int moonshine_new(struct moonshine **mp, struct ort *ort, const char *dir,
                  enum moonshine_size size)
{
	struct moonshine *m = mem_zalloc(sizeof(*m));
	char path[MODELS_PATH_MAX];
	int err;

	if (!m)
		return -ENOMEM;
	m->ort = ort;
	m->shape = &shapes[size];
	name_caches(m);
	err = models_find(path, sizeof(path), dir, "moonshine-vocab.txt");
	if (!err)
		err = vocab_new(&m->vocab, path);
	if (!err)
		err = load_net(m, &m->encoder, dir, "encoder");
	if (!err)
		err = load_net(m, &m->decoder, dir, "decoder");
	if (err)
		moonshine_free(&m);
	else
		*mp = m;
	return err;
}

void moonshine_free(struct moonshine **mp)
{
	struct moonshine *m = *mp;

	if (!m)
		return;
	ort_net_free(&m->encoder);
	ort_net_free(&m->decoder);
	vocab_free(&m->vocab);
	mem_free(m);
	*mp = NULL;
}

static int encode(struct decoding *d, float *pcm, size_t n)
{
	static const char *const in[] = {"input_values"};
	static const char *const out[] = {"last_hidden_state"};
	const int64_t dims[] = {1, (int64_t)n};
	int err = ort_tensor(&d->audio, d->m->ort, ORT_FLOAT, pcm,
	                     n * sizeof(*pcm), dims, 2);

	if (err)
		return err;
	return ort_run(d->m->encoder, &(struct ort_feed){in, &d->audio, 1},
	               &(struct ort_feed){out, &d->hidden, 1});
}

static int prepare(struct decoding *d)
{
	static const int64_t one[] = {1, 1};
	const int64_t none[] = {0, HEADS, 1, (int64_t)d->m->shape->head};
	static float nothing[1];
	struct ort *ort = d->m->ort;
	int err;

	d->token = TOKEN_BEGIN;
	err = ort_tensor(&d->id, ort, ORT_INT64, &d->token, sizeof(d->token),
	                 one, 2);
	if (!err)
		err = ort_tensor(&d->use_cache, ort, ORT_BOOL, &d->cached, 1,
		                 one, 1);
	for (size_t i = 0; i < d->m->n_cache && !err; i++)
		err = ort_tensor(&d->cache[i], ort, ORT_FLOAT, nothing, 0, none,
		                 4);
	return err;
}

/* The encoder's keys and values come with the first step only. */
static void keep_cache(struct decoding *d, struct ort_value **fresh)
{
	for (size_t i = 0; i < d->m->n_cache; i++) {
		struct ort_value *out = fresh[i];

		if (!d->cached || i % KINDS < 2) {
			fresh[i] = d->cache[i];
			d->cache[i] = out;
		}
		ort_value_free(d->m->ort, &fresh[i]);
	}
	d->cached = 1;
}

static int best_token(struct decoding *d, struct ort_value *logits)
{
	float *v;
	size_t n, best = 0;
	int err = ort_floats(d->m->ort, logits, &v, &n);

	for (size_t i = 1; i < n && !err; i++)
		if (v[i] > v[best])
			best = i;
	d->token = (int64_t)best;
	return err;
}

static int step(struct decoding *d)
{
	const struct moonshine *m = d->m;
	const char *in[INPUTS_MAX] = {"input_ids", "encoder_hidden_states"};
	const char *out[INPUTS_MAX] = {"logits"};
	struct ort_value *iv[INPUTS_MAX] = {d->id, d->hidden};
	struct ort_value *ov[INPUTS_MAX] = {0};
	size_t n_in = 2, n_out = 1;
	int err;

	for (size_t i = 0; i < m->n_cache; i++) {
		in[n_in] = m->in_name[i];
		iv[n_in++] = d->cache[i];
		out[n_out++] = m->out_name[i];
	}
	in[n_in] = "use_cache_branch";
	iv[n_in++] = d->use_cache;
	err = ort_run(m->decoder, &(struct ort_feed){in, iv, n_in},
	              &(struct ort_feed){out, ov, n_out});
	if (err)
		return err;
	err = best_token(d, ov[0]);
	ort_value_free(m->ort, &ov[0]);
	keep_cache(d, ov + 1);
	return err;
}

/* Does the text end in the same few pieces again and again? Then only the
 * first time stays. */
static bool cut_loop(struct decoding *d)
{
	for (size_t len = 1; len * LOOP_TIMES <= d->n_tokens; len++) {
		size_t same = 0, at = d->n_tokens;

		while (at > len &&
		       d->tokens[at - 1] == d->tokens[at - 1 - len]) {
			same++;
			at--;
		}
		same += len;
		if (same >= LOOP_TIMES * len && same >= LOOP_TOKENS) {
			d->n_tokens -= same - len;
			return true;
		}
	}
	return false;
}

static int decode(struct decoding *d, size_t limit, moonshine_stop_h *stoph,
                  void *arg)
{
	int err = prepare(d);

	while (!err && d->n_tokens < limit) {
		if (stoph && stoph(arg))
			return -ECANCELED;
		err = step(d);
		if (err || d->token == TOKEN_END)
			break;
		d->tokens[d->n_tokens++] = d->token;
		if (cut_loop(d))
			break;
	}
	return err;
}

static void decoding_fini(struct decoding *d)
{
	struct ort *ort = d->m->ort;

	ort_value_free(ort, &d->audio);
	ort_value_free(ort, &d->hidden);
	ort_value_free(ort, &d->id);
	ort_value_free(ort, &d->use_cache);
	for (size_t i = 0; i < d->m->n_cache; i++)
		ort_value_free(ort, &d->cache[i]);
}

int moonshine_hear(struct moonshine *m, float *pcm, size_t n, struct buf *text,
                   moonshine_stop_h *stoph, void *arg)
{
	const size_t most = (2 * MOONSHINE_SEC_MAX + 1) * MOONSHINE_HZ / 2;
	struct decoding d = {.m = m};
	size_t limit;
	int err;

	if (n < SAMPLES_MIN)
		return 0;
	if (n > most) {
		pcm += n - most;
		n = most;
	}
	limit = n * TOKENS_PER_10_SEC / 10 / MOONSHINE_HZ + TOKENS_SPARE;
	err = encode(&d, pcm, n);
	if (!err)
		err = decode(&d, limit, stoph, arg);
	if (!err)
		err = vocab_text(m->vocab, d.tokens, d.n_tokens, text);
	decoding_fini(&d);
	return err;
}
