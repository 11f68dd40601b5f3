/*
 * dg_listen.h - what a recogniser makes of speech: segments, finals, events
 *
 * A pure machine in audio time: it is given frames and says what would be
 * sent, when. Words of the script's next sentence are spread over a burst of
 * speech; audio that does not come, comes cut or in a wrong form has no words.
 */
#ifndef TESTS_SIM_LIB_DG_LISTEN_H
#define TESTS_SIM_LIB_DG_LISTEN_H

#include "tests/sim/lib/dg_query.h"
#include "tests/sim/lib/dg_script.h"

enum {
	DG_TEXT_MAX = 64,    /* [bytes] of a word */
	DG_SEGMENT_MAX = 64, /* words of a segment */
	DG_BURSTS_MAX = 200, /* remembered */
};

struct dg_word {
	char text[DG_TEXT_MAX]; /* as in the script */
	uint32_t begin_ms, end_ms;
};

struct dg_result {
	bool is_final, speech_final, from_finalize;
	uint32_t begin_ms, end_ms;
	const struct dg_word *words;
	size_t n_words;
};

struct dg_burst {
	uint32_t begin_ms, end_ms, voiced_ms;
	const char *sentence; /* borrowed from the scripts; NULL: none */
	unsigned words, lost;
};

struct dg_listen_ops {
	void (*result)(const struct dg_result *res, void *arg);
	void (*speech_started)(uint32_t at_ms, void *arg);
	void (*utterance_end)(uint32_t last_word_end_ms, void *arg);
};

struct dg_listen_cfg {
	uint32_t burst_gap_ms; /* silence between two sentences */
	uint32_t interim_ms;   /* of audio between interims */
	uint32_t segment_ms;   /* longest one without a final */
	bool loop;             /* begin the script again behind its end */
	bool tones;            /* words come from dg_listen_word() */
	bool whole;            /* no word of a sentence before it pauses */
};

struct dg_listen {
	const struct dg_listen_cfg *cfg;
	const struct dg_params *params;
	const struct dg_scripts *scripts;
	const struct dg_listen_ops *ops;
	void *arg;
	int script;
	uint32_t now_ms;

	bool in_burst, named;
	unsigned run; /* speech frames in a row */
	uint32_t silence_ms, last_speech_ms;
	const struct dg_sentence *sentence;
	size_t n_sentences, next_word;
	struct dg_burst burst[DG_BURSTS_MAX];
	size_t n_bursts;

	uint32_t seg_begin_ms, interim_at_ms;
	struct dg_word word[DG_SEGMENT_MAX + 1];
	size_t n_words;
	bool spoken;         /* speech since the last speech_final */
	bool utterance_open; /* words, and no UtteranceEnd yet */
	uint32_t last_word_end_ms;
};

void dg_listen_init(struct dg_listen *l, const struct dg_listen_cfg *cfg,
                    const struct dg_params *params,
                    const struct dg_scripts *scripts, int script,
                    const struct dg_listen_ops *ops, void *arg);

/* One more frame of DG_FRAME_MS. */
void dg_listen_frame(struct dg_listen *l, bool speech);

/* A word that was really heard, for cfg.tones. */
void dg_listen_word(struct dg_listen *l, const char *text, uint32_t begin_ms,
                    uint32_t end_ms);

/* Decide all that is open. @finalize: by Finalize, else by the end of the
 * stream. False: too little audio for any answer. */
bool dg_listen_flush(struct dg_listen *l, bool finalize);

#endif
