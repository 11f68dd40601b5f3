#include "tests/sim/lib/dg_listen.h"

#include <string.h>

#include "common/str.h"
#include "common/utf8.h"
#include "tests/sim/lib/dg_ear.h"

enum {
	ONSET_FRAMES = 3,      /* of speech in a row make a burst */
	LEAST_VOICED_MS = 100, /* shorter bursts are noise */
	HANGOVER_MS = 100,     /* shorter silences are within speech */
	TOLERANCE_MS = 40,     /* of speech that may be missing at the end */
	LEAST_FLUSH_MS = 40,   /* of audio that Finalize answers for */
};

void dg_listen_init(struct dg_listen *l, const struct dg_listen_cfg *cfg,
                    const struct dg_params *params,
                    const struct dg_scripts *scripts, int script,
                    const struct dg_listen_ops *ops, void *arg)
{
	*l = (struct dg_listen){.cfg = cfg,
	                        .params = params,
	                        .scripts = scripts,
	                        .script = script,
	                        .ops = ops,
	                        .arg = arg,
	                        .interim_at_ms = cfg->interim_ms};
}

static struct dg_burst *burst_of(struct dg_listen *l)
{
	return l->n_bursts ? &l->burst[l->n_bursts - 1] : NULL;
}

/* --- segments --- */

/* The segment ends at @end_ms; what follows begins there. */
static void emit_final(struct dg_listen *l, uint32_t end_ms, bool speech_final,
                       bool from_finalize)
{
	const struct dg_result res = {
		.is_final = true,
		.speech_final = speech_final,
		.from_finalize = from_finalize,
		.begin_ms = l->seg_begin_ms,
		.end_ms = end_ms,
		.words = l->word,
		.n_words = l->n_words,
	};

	if (l->n_words > 0) {
		l->last_word_end_ms = l->word[l->n_words - 1].end_ms;
		l->utterance_open = true;
	}
	l->ops->result(&res, l->arg);
	l->n_words = 0;
	l->seg_begin_ms = end_ms;
	l->interim_at_ms = l->now_ms + l->cfg->interim_ms;
	if (speech_final)
		l->spoken = false;
}

/* The word that is being spoken, as far as it was heard. */
static size_t half_word(const struct dg_listen *l, struct dg_word *w)
{
	const char *text;
	size_t len;

	if (!l->in_burst || !l->sentence || l->silence_ms > 0 ||
	    l->cfg->whole || l->next_word == l->sentence->n_words)
		return 0;
	text = l->sentence->word[l->next_word];
	len = utf8_cut(text, strlen(text), (strlen(text) + 1) / 2);
	if (len < 2 || str_copy(w->text, sizeof(w->text), str_n(text, len)))
		return 0;
	w->begin_ms =
		l->n_words ? l->word[l->n_words - 1].end_ms : l->seg_begin_ms;
	w->end_ms = l->now_ms;
	return 1;
}

static void emit_interim(struct dg_listen *l)
{
	struct dg_result res = {
		.begin_ms = l->seg_begin_ms,
		.end_ms = l->now_ms,
		.words = l->word,
	};

	res.n_words = l->n_words + half_word(l, &l->word[l->n_words]);
	l->ops->result(&res, l->arg);
	l->interim_at_ms = l->now_ms + l->cfg->interim_ms;
}

void dg_listen_word(struct dg_listen *l, const char *text, uint32_t begin_ms,
                    uint32_t end_ms)
{
	struct dg_word *w;

	if (l->n_words == DG_SEGMENT_MAX)
		emit_final(l, l->word[l->n_words - 1].end_ms, false, false);
	w = &l->word[l->n_words];
	if (str_copy(w->text, sizeof(w->text), str_of(text)))
		return;
	w->begin_ms = begin_ms;
	w->end_ms = end_ms;
	l->n_words++;
	if (burst_of(l))
		burst_of(l)->words++;
}

/* --- bursts --- */

static void give_word(struct dg_listen *l, uint32_t end_ms)
{
	const struct dg_sentence *e = l->sentence;
	const size_t i = l->next_word++;
	const uint32_t ms = e->end_ms[i] - (i ? e->end_ms[i - 1] : 0);
	uint32_t begin_ms = end_ms > ms ? end_ms - ms : 0;

	if (l->n_words && begin_ms < l->word[l->n_words - 1].end_ms)
		begin_ms = l->word[l->n_words - 1].end_ms;
	if (begin_ms < l->seg_begin_ms)
		begin_ms = l->seg_begin_ms;
	dg_listen_word(l, e->word[i], begin_ms, end_ms);
}

/* Words whose time has come. Of a declared burst the last ones may come a
 * little early: frames at the edges are on either side of the threshold. */
static void give_words(struct dg_listen *l)
{
	const struct dg_sentence *e = l->sentence;
	const uint32_t slack = e && e->voiced_ms ? TOLERANCE_MS : 0;

	while (e && l->next_word < e->n_words &&
	       burst_of(l)->voiced_ms + slack >= e->end_ms[l->next_word])
		give_word(l, l->now_ms);
}

/* Speech is over: what was not declared is taken as said. */
static void give_rest(struct dg_listen *l)
{
	const struct dg_sentence *e = l->sentence;

	give_words(l);
	while (e && !e->voiced_ms && l->next_word < e->n_words)
		give_word(l, l->last_speech_ms);
}

static void begin_burst(struct dg_listen *l)
{
	const uint32_t begin = l->now_ms - ONSET_FRAMES * DG_FRAME_MS;

	if (l->n_bursts == DG_BURSTS_MAX) {
		memmove(l->burst, l->burst + 1,
		        sizeof(l->burst) - sizeof(l->burst[0]));
		l->n_bursts--;
	}
	l->burst[l->n_bursts++] = (struct dg_burst){
		.begin_ms = begin,
		.end_ms = l->now_ms,
		.voiced_ms = (ONSET_FRAMES - 1) * DG_FRAME_MS};
	l->in_burst = true;
	l->named = false;
	l->sentence = NULL;
	l->next_word = 0;
	l->ops->speech_started(begin, l->arg);
}

static void end_burst(struct dg_listen *l)
{
	give_rest(l);
	if (l->sentence)
		burst_of(l)->lost =
			(unsigned)(l->sentence->n_words - l->next_word);
	l->in_burst = false;
	l->sentence = NULL;
}

static void on_speech(struct dg_listen *l)
{
	struct dg_burst *b;

	l->run++;
	l->silence_ms = 0;
	l->last_speech_ms = l->now_ms;
	if (!l->in_burst && l->run < ONSET_FRAMES)
		return;
	if (!l->in_burst)
		begin_burst(l);
	b = burst_of(l);
	b->voiced_ms += DG_FRAME_MS;
	b->end_ms = l->now_ms;
	l->spoken = true;
	if (!l->named && b->voiced_ms >= LEAST_VOICED_MS && !l->cfg->tones) {
		l->named = true;
		l->sentence = dg_scripts_get(l->scripts, l->script,
		                             l->n_sentences++, l->cfg->loop);
		b->sentence = l->sentence ? l->sentence->text : NULL;
	}
	if (!l->cfg->whole)
		give_words(l);
}

static void on_silence(struct dg_listen *l)
{
	l->run = 0;
	l->silence_ms += DG_FRAME_MS;
	if (l->in_burst && l->silence_ms >= l->cfg->burst_gap_ms)
		end_burst(l);
}

/* --- what is due --- */

static void check_endpoint(struct dg_listen *l)
{
	const int want = l->params->endpointing_ms;
	uint32_t pause = HANGOVER_MS;

	if (want < 0 || !(l->spoken || l->n_words > 0))
		return;
	if (want > HANGOVER_MS)
		pause = (uint32_t)want;
	if (l->silence_ms < pause)
		return;
	/* Whoever says that speech is over has decided all of it. */
	give_rest(l);
	emit_final(l, l->now_ms, true, false);
}

static void check_segment(struct dg_listen *l)
{
	const bool silent = l->silence_ms >= HANGOVER_MS;

	if (l->now_ms - l->seg_begin_ms < l->cfg->segment_ms)
		return;
	if (l->n_words > 0)
		emit_final(l, l->word[l->n_words - 1].end_ms, false, false);
	else
		emit_final(l, l->now_ms, silent, false);
}

static void check_utterance(struct dg_listen *l)
{
	const uint32_t gap = l->params->utterance_end_ms;

	if (!gap || !l->utterance_open || l->n_words > 0 ||
	    l->now_ms < l->last_word_end_ms + gap)
		return;
	l->utterance_open = false;
	l->ops->utterance_end(l->last_word_end_ms, l->arg);
}

void dg_listen_frame(struct dg_listen *l, bool speech)
{
	l->now_ms += DG_FRAME_MS;
	if (speech)
		on_speech(l);
	else
		on_silence(l);
	check_endpoint(l);
	check_segment(l);
	check_utterance(l);
	if (l->params->interim && l->now_ms >= l->interim_at_ms)
		emit_interim(l);
}

bool dg_listen_flush(struct dg_listen *l, bool finalize)
{
	if (l->silence_ms >= HANGOVER_MS || !finalize)
		give_rest(l);
	if (!finalize && l->in_burst)
		end_burst(l);
	if (l->n_words == 0 && l->now_ms - l->seg_begin_ms < LEAST_FLUSH_MS)
		return false;
	emit_final(l, l->now_ms, false, finalize);
	return true;
}
