/*
 * plivo_stream.h - the media stream of a call: Plivo's end of the WebSocket
 */
#ifndef TESTS_SIM_LIB_PLIVO_STREAM_H
#define TESTS_SIM_LIB_PLIVO_STREAM_H

#include "tests/sim/lib/plivo_call.h"
#include "tests/sim/lib/plivo_ws.h"

/* What a stream has carried, for the journal. */
struct psim_stream_sums {
	unsigned sent, packets, clears, checkpoints;
	uint64_t bytes; /* of audio from the bot */
	uint32_t waiting_max_ms;
};

struct psim_stream {
	struct psim_call *call;
	struct psim_loop *loop;
	char id[PSIM_UUID_LEN];
	struct psim_stream_spec spec; /* texts are owned */
	char *url;
	struct psim_ws *ws;
	bool open, started; /* started: StartStream was told */
	unsigned attempt, degraded;
	uint64_t sequence, chunk;
	uint64_t opened_us;
	int16_t last; /* sample of the frame before, to go up to 16 kHz */
	struct timer retry, timeout, ping, drop;
	struct psim_stream_sums sums;
};

/* Begin to dial @step's URL. The call's document is told when it is over.
 * -ENOMEM. */
int psim_stream_new(struct psim_call *c,
                    const struct psim_step *step) MUST_CHECK;

/* The call ends, or REST stops it: "completed". The document is not told. */
void psim_stream_close(struct psim_stream **sp);

/* REST: stop it, and go on with the document. */
void psim_stream_stop(struct psim_stream *st);

/* The cable is cut now. */
void psim_stream_cut(struct psim_stream *st);

bool psim_stream_open_now(const struct psim_stream *st);

/* From the media clock: the callee's frame of PSIM_FRAME samples. It may end
 * the stream, and with it the call. */
void psim_stream_audio(struct psim_stream *st, const int16_t *frame);
void psim_stream_dtmf(struct psim_stream *st, char digit);
void psim_stream_played(struct psim_stream *st, const char *name);
void psim_stream_cleared(struct psim_stream *st);

/* plivo_out.c: messages, in the form that the options ask for. */
void psim_stream_send_start(struct psim_stream *st);
void psim_stream_send_media(struct psim_stream *st, const int16_t *frame);

/* plivo_bot.c: one message of the bot's, judged and obeyed. */
void psim_bot_message(struct psim_stream *st, const char *v, size_t len);

#endif
