/*
 * dg_stream_int.h - a stream's struct, for the files that serve it
 */
#ifndef TESTS_SIM_LIB_DG_STREAM_INT_H
#define TESTS_SIM_LIB_DG_STREAM_INT_H

#include <openssl/evp.h>

#include "common/buf.h"
#include "tests/sim/lib/dg_ear.h"
#include "tests/sim/lib/dg_stream.h"
#include "tests/sim/lib/wordtone.h"

struct dg_stream {
	struct link link; /* in dg_cfg.streams */
	struct dg_cfg *cfg;
	struct sim *sim;
	struct simws *ws; /* NULL: ended */
	struct simws_faults faults;
	struct dg_params params;
	struct dg_ear ear;
	struct dg_listen listen;
	struct wordtone_dec *tones;
	EVP_MD_CTX *sha;
	unsigned no;
	char request_id[37];

	struct link out; /* of struct dg_out, in order of due time */
	struct timer out_timer, idle, resume;

	bool deaf, silent_finalize, closing, paused;
	double first_ms, last_ms; /* of audio, by the clock */
	double gap_max_ms, behind_max_ms, ahead_max_ms;
	uint64_t bytes;
	unsigned messages, keepalives, finalizes, slowed;
	struct buf transcript; /* all finals */
	int close_code;
};

/* Queue a message for @delay_ms from now; @obj is released. NULL: then close
 * with 1000. */
void dg_stream_say(struct dg_stream *st, json_t *obj, uint32_t delay_ms);

/* Why the stream fails, with a close code. */
void dg_stream_fail(struct dg_stream *st, int code, const char *reason);

extern const struct dg_listen_ops dg_stream_listen_ops;

json_t *dg_stream_metadata(struct dg_stream *st);
uint32_t dg_stream_jitter(struct dg_stream *st, uint32_t ms);

#endif
