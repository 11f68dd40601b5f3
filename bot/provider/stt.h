/*
 * stt.h - speech to text: what the session asks of every recogniser
 *
 * The five laws of callbacks (README, "Contracts") hold:
 *   1. an error return means the handler will never run;
 *   2. the handler never runs before stt_open() returns;
 *   3. exactly one of STT_CLOSED or STT_FAILED ends the event sequence;
 *   4. after stt_close() returns the handler never runs again, also when
 *      close is called from inside the handler;
 *   5. what an event points to is valid until the handler returns.
 */
#ifndef BOT_PROVIDER_STT_H
#define BOT_PROVIDER_STT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/media/pcm.h"
#include "bot/provider/provider.h"
#include "common/attr.h"

struct stt;

enum {
	/* Audio kept while the connection is being made: what the callee says
	 * first must not be lost. */
	STT_BACKLOG_MS = 10000,
};

enum stt_event_type {
	STT_READY,     /* connected */
	STT_AWAY,      /* the connection was lost; the next one, which is being
	              * made, hears again what has no final text */
	STT_SPEECH,    /* the recogniser heard speech begin */
	STT_INTERIM,   /* text so far of this utterance; may still change */
	STT_FINAL,     /* text that will not change */
	STT_SILENCE,   /* the recogniser's own end of speech */
	STT_EAGER,     /* the turn seems over; text so far, which may be taken
	              * back; of stt_ops.decides_turns alone, as the next two */
	STT_RESUMED,   /* ... it goes on: what STT_EAGER said is void */
	STT_TURN_OVER, /* ... it is over; its final text has come */
	STT_FLUSHED,   /* all audio before stt_flush() has been decided */
	STT_CLOSED,    /* peer closed in order; last event */
	STT_FAILED,    /* err says why; last event */
};

struct stt_event {
	enum stt_event_type type;
	int err; /* STT_FAILED: ERR_AUTH, -ETIMEDOUT, ... */
	const char
		*text;   /* UTF-8, not terminated; INTERIM, FINAL, EAGER only */
	size_t text_len; /* [bytes] */
	uint32_t begin_ms; /* position in the pushed audio [ms] */
	uint32_t end_ms;
	double confidence; /* 0..1; 0 when unknown */
};

typedef void stt_event_h(const struct stt_event *ev, void *arg);

struct stt_params {
	const struct provider_cfg *cfg;
	uint32_t hz; /* of the audio that will be pushed */
	bool ulaw;   /* it came from u-law: may travel as that without loss */
	const char *call_id; /* for logs */
};

/* One recogniser. Each is a const singleton named stt_<provider>_ops. The
 * handler is put into the base after open has returned: law 2 cannot break. */
struct stt_ops {
	const char *name;
	/* 99 of 100 final texts come so soon after speech has ended [ms]; 0:
	 * as endpoint.h has it. */
	uint32_t settle_ms;
	bool decides_turns; /* says itself when a turn is over */
	int (*open)(struct stt **sttp, struct net *net,
	            const struct stt_params *prm);
	int (*push)(struct stt *stt, const struct pcm *pcm);
	int (*flush)(struct stt *stt);
	void (*close)(struct stt *stt);
};

/* Base of every recogniser: first member of its private struct. */
struct stt {
	const struct stt_ops *ops;
	stt_event_h *eventh; /* NULL until open has returned, and after close */
	void *arg;
	bool *gone; /* of the emit that runs: set when the handler closes us */
};

/* By name as in STT=; NULL if there is none. */
const struct stt_ops *stt_find(const char *name);

/* Open a recogniser; the connection is made in the background and audio may
 * be pushed at once. -EINVAL: rate or language not supported. -ENOMEM. */
int stt_open(struct stt **sttp, const struct stt_ops *ops, struct net *net,
             const struct stt_params *prm, stt_event_h *eventh,
             void *arg) MUST_CHECK;

/* Push audio; copied. -EAGAIN: the backlog is full and this piece is lost. */
int stt_push(struct stt *stt, const struct pcm *pcm) MUST_CHECK;

/* The turn may be over: ask for what is still undecided. STT_FLUSHED follows
 * where the recogniser can say so. Audio may be pushed after it. */
int stt_flush(struct stt *stt) MUST_CHECK;

/* From now on @eventh has the events; not from inside of one. */
void stt_hand_over(struct stt *stt, stt_event_h *eventh, void *arg);

/* Give the recogniser up, and NULL the caller's pointer. NULL is fine. */
void stt_close(struct stt **sttp);

/* For implementations: give @ev to the handler, if there still is one.
 * False: the handler has closed it, and it must not be touched. */
bool stt_emit(struct stt *stt, const struct stt_event *ev);

#endif
