/*
 * dg_flux.h - Deepgram's recogniser that decides turns: /v2/listen
 *
 * Turns are made of the bursts of speech in the audio that really arrives; each
 * burst is the next sentence of the script (dg_script.h), as far as its speech
 * goes. Events follow the grammar of reference/providers.md 7.2: StartOfTurn
 * (Update)* (EagerEndOfTurn (Update)* (TurnResumed | EndOfTurn))* EndOfTurn.
 */
#ifndef TESTS_SIM_LIB_DG_FLUX_H
#define TESTS_SIM_LIB_DG_FLUX_H

#include "common/list.h"
#include "tests/sim/lib/dg_query.h"
#include "tests/sim/lib/dg_script.h"

enum { DG_FLUX_KEPT = 200 /* ended streams, for the state */ };

struct dg_flux_cfg {
	uint32_t latency_ms; /* from audio to its event */
	uint32_t eager_ms;   /* silence that seems to end a turn */
	uint32_t end_ms;     /* silence that ends it */
	double threshold;    /* RMS of speech */
	const struct dg_scripts *scripts;
	struct link streams;
	json_t *records;
};

struct dg_flux_params {
	struct dg_params audio;
	bool eager;
	uint32_t timeout_ms;
};

/* Check an upgrade; 0 or the status that refuses it. */
int dg_flux_check(struct sim *s, struct simreq *r, struct dg_flux_params *p,
                  const char **code, const char **text) MUST_CHECK;

void dg_flux_open(struct dg_flux_cfg *cfg, struct sim *s, struct simreq *r,
                  unsigned no, const struct dg_flux_params *p,
                  const char *request_id);

#endif
