/*
 * dg_stream.h - one stream of the Deepgram simulator, and what it remembers
 */
#ifndef TESTS_SIM_LIB_DG_STREAM_H
#define TESTS_SIM_LIB_DG_STREAM_H

#include "common/list.h"
#include "tests/sim/lib/dg_listen.h"
#include "tests/sim/lib/sim.h"

struct dg_stream;

enum { DG_STREAMS_KEPT = 300 /* ended ones, for the state */ };

struct dg_cfg {
	struct dg_listen_cfg listen;
	uint32_t latency_ms;  /* from audio to its result */
	uint32_t finalize_ms; /* from Finalize to its answer */
	uint32_t jitter_ms;   /* at most, added to both */
	uint32_t idle_ms;     /* without traffic: NET-0001 */
	uint32_t slack_ms;    /* audio that may come at once, see intake */
	double intake;        /* of real time; faster is slowed down */
	double threshold;     /* RMS of speech */
	const struct dg_scripts *scripts;
	const char *vocabulary; /* of tones */
	struct link streams;
	unsigned n_kept;
};

/* Serve an upgrade that was accepted. */
void dg_stream_open(struct dg_cfg *cfg, struct sim *s, struct simreq *r,
                    unsigned no, const struct dg_params *params, int script,
                    const char *request_id);

void dg_streams_state(const struct dg_cfg *cfg, json_t *obj);

/* Forget those that have ended. */
void dg_streams_reset(struct dg_cfg *cfg);

#endif
