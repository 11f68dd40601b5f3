#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/lib/simmem.h"
#include "tests/sim/lib/wordtone.h"
#include "tests/sim/lib/wordtone_int.h"

enum {
	HOP_MS = 5,        /* between windows */
	WINDOW_MS = 25,    /* one period of the step */
	LEAST_WINDOWS = 3, /* in a row that agree, before a tone counts */
	BRIDGE_MS = 400,   /* a hole in a tone that is still one tone */
	BINS = WORDTONE_LOWS + WORDTONE_HIGHS,
	WINDOW_MAX = 48000 / 1000 * WINDOW_MS, /* [samples] */
};

static const double share_min = 0.75;   /* of the energy in the two tones */
static const double level_min = 300;    /* RMS below is silence */
static const double balance_min = 0.04; /* weaker to stronger tone */

struct entry {
	char word[WORDTONE_WORD_MAX];
	int code[2];
};

/* A tone that is, or was, heard. */
struct tone {
	int code; /* -1: none */
	uint32_t begin_ms, end_ms;
	uint32_t heard_ms;
};

struct wordtone_dec {
	uint32_t hz;
	double scale;
	struct entry *words;
	size_t n_words;
	wordtone_heard_h *heardh;
	void *arg;
	int16_t ring[WINDOW_MAX];
	double coeff[BINS];
	size_t window, hop, fill;
	uint64_t fed; /* samples up to the end of the last window */
	int last;     /* code of the last window; -1: none */
	unsigned same;
	struct tone first, now; /* a word's first half, and what sounds */
};

/* --- vocabulary --- */

static const struct entry *lookup(const struct wordtone_dec *d, int a, int b)
{
	for (size_t i = 0; i < d->n_words; i++) {
		const struct entry *e = &d->words[i];

		if ((a < 0 || e->code[0] == a) && (b < 0 || e->code[1] == b))
			return e;
	}
	return NULL;
}

static int add_word(struct wordtone_dec *d, const char *word)
{
	struct entry e = {.code = {-1, -1}}, *grown;
	const struct entry *other;

	wordtone_code(word, e.code);
	memcpy(e.word, word, strlen(word) + 1);
	other = lookup(d, e.code[0], e.code[1]);
	if (other)
		return strcmp(other->word, word) ? -EEXIST : 0;
	grown = mem_realloc(d->words, (d->n_words + 1) * sizeof(*grown));
	ASSERT(grown);
	d->words = grown;
	d->words[d->n_words++] = e;
	return 0;
}

int wordtone_dec_new(struct wordtone_dec **dp, uint32_t hz, double scale,
                     const char *vocabulary, wordtone_heard_h *heardh,
                     void *arg)
{
	struct wordtone_dec *d = sim_zalloc(sizeof(*d));
	char word[WORDTONE_WORD_MAX];
	const char *raw;
	size_t len;
	int err = 0;

	d->hz = hz;
	d->scale = scale;
	d->heardh = heardh;
	d->arg = arg;
	d->window = hz / 1000 * WINDOW_MS;
	d->hop = hz / 1000 * HOP_MS;
	d->last = d->first.code = d->now.code = -1;
	ASSERT(hz % 8000 == 0 && d->window <= WINDOW_MAX);
	for (int i = 0; i < BINS; i++) {
		const int f = i < WORDTONE_LOWS
		                      ? WORDTONE_LOW_HZ(i)
		                      : WORDTONE_HIGH_HZ((i - WORDTONE_LOWS) *
		                                         WORDTONE_LOWS);

		d->coeff[i] = 2 * cos(2 * M_PI * f / hz);
	}
	while (!err &&
	       (vocabulary = wordtone_next(vocabulary, &raw, &len, word)))
		err = add_word(d, word);
	if (err)
		wordtone_dec_free(&d);
	*dp = d;
	return err;
}

void wordtone_dec_free(struct wordtone_dec **dp)
{
	struct wordtone_dec *d = *dp;

	*dp = NULL;
	if (!d)
		return;
	mem_free(d->words);
	mem_free(d);
}

/* --- tones to words --- */

static double part_of(const struct wordtone_dec *d, const char *word,
                      uint32_t heard_ms)
{
	const double part = heard_ms / (wordtone_ms(word) * d->scale);

	return part < 1 ? part : 1;
}

static void tell(struct wordtone_dec *d, const struct entry *e,
                 const struct tone *a, const struct tone *b)
{
	const uint32_t heard_ms = a->heard_ms + (b ? b->heard_ms : 0);
	struct wordtone_heard heard = {
		.word = e ? e->word : "?",
		.begin_ms = a->begin_ms,
		.end_ms = b ? b->end_ms : a->end_ms,
		.part = e ? part_of(d, e->word, heard_ms) : 0,
	};

	d->heardh(&heard, d->arg);
}

/* Half a word: its beginning was cut off, or its end. */
static void tell_half(struct wordtone_dec *d, const struct tone *t)
{
	const struct entry *e = lookup(d, t->code, -1);

	if (!e)
		e = lookup(d, -1, t->code);
	tell(d, e, t, NULL);
}

/* The tone in d->now has ended. */
static void tone_ended(struct wordtone_dec *d)
{
	const struct tone t = d->now;
	const struct entry *e;

	d->now.code = -1;
	if (d->first.code >= 0) {
		e = lookup(d, d->first.code, t.code);
		if (e) {
			tell(d, e, &d->first, &t);
			d->first.code = -1;
			return;
		}
		tell_half(d, &d->first);
		d->first.code = -1;
	}
	if (lookup(d, t.code, -1))
		d->first = t;
	else
		tell_half(d, &t);
}

/* The second half never comes when nothing has come for so long. */
static void expire(struct wordtone_dec *d, uint32_t now_ms)
{
	if (d->now.code >= 0 && now_ms - d->now.end_ms > BRIDGE_MS)
		tone_ended(d);
	if (d->now.code < 0 && d->first.code >= 0 &&
	    now_ms - d->first.end_ms > BRIDGE_MS) {
		tell_half(d, &d->first);
		d->first.code = -1;
	}
}

static void window_says(struct wordtone_dec *d, int code, uint32_t now_ms)
{
	const uint32_t begin = now_ms > WINDOW_MS ? now_ms - WINDOW_MS : 0;

	d->same = code == d->last ? d->same + 1 : 1;
	d->last = code;
	expire(d, now_ms);
	if (code < 0 || d->same < LEAST_WINDOWS)
		return;
	if (d->now.code >= 0 && d->now.code != code)
		tone_ended(d);
	if (d->now.code < 0)
		d->now = (struct tone){
			.code = code,
			.begin_ms = begin - (LEAST_WINDOWS - 1) * HOP_MS,
			.heard_ms = WINDOW_MS + (LEAST_WINDOWS - 2) * HOP_MS};
	else if (d->same == LEAST_WINDOWS) /* behind a hole */
		d->now.heard_ms += WINDOW_MS + (LEAST_WINDOWS - 2) * HOP_MS;
	d->now.heard_ms += HOP_MS;
	d->now.end_ms = now_ms;
}

/* --- audio to tones --- */

static double goertzel(const int16_t *pcm, size_t n, double coeff)
{
	double a = 0, b = 0;

	for (size_t i = 0; i < n; i++) {
		const double t = pcm[i] + coeff * a - b;

		b = a;
		a = t;
	}
	return (a * a + b * b - coeff * a * b) * 2 / (double)n;
}

static int strongest(const struct wordtone_dec *d, int from, int n,
                     double *energy)
{
	int best = 0;

	*energy = 0;
	for (int i = 0; i < n; i++) {
		const double e =
			goertzel(d->ring, d->window, d->coeff[from + i]);

		if (e > *energy) {
			*energy = e;
			best = i;
		}
	}
	return best;
}

static int code_of_window(const struct wordtone_dec *d)
{
	double sum = 0, low_e, high_e;
	int low, high;

	for (size_t i = 0; i < d->window; i++)
		sum += (double)d->ring[i] * d->ring[i];
	if (sum < level_min * level_min * (double)d->window)
		return -1;
	low = strongest(d, 0, WORDTONE_LOWS, &low_e);
	high = strongest(d, WORDTONE_LOWS, WORDTONE_HIGHS, &high_e);
	if (low_e + high_e < share_min * sum ||
	    fmin(low_e, high_e) < balance_min * fmax(low_e, high_e))
		return -1;
	return high * WORDTONE_LOWS + low;
}

void wordtone_dec_feed(struct wordtone_dec *d, const int16_t *pcm, size_t n)
{
	while (n > 0) {
		size_t take = d->window - d->fill;

		take = take < n ? take : n;
		memcpy(d->ring + d->fill, pcm, take * sizeof(*pcm));
		d->fill += take;
		d->fed += take;
		pcm += take;
		n -= take;
		if (d->fill < d->window)
			return;
		window_says(d, code_of_window(d),
		            (uint32_t)(d->fed * 1000 / d->hz));
		d->fill -= d->hop;
		memmove(d->ring, d->ring + d->hop, d->fill * sizeof(*pcm));
	}
}

void wordtone_dec_end(struct wordtone_dec *d)
{
	if (d->now.code >= 0)
		tone_ended(d);
	if (d->first.code >= 0) {
		tell_half(d, &d->first);
		d->first.code = -1;
	}
}
