/*
 * kill_rig.h - a town in which programs are killed in the middle of a call
 *
 * A call goes through six phases, each drawn out by the person called so that
 * a moment within it can be hit: one number a phase. What really happened is
 * read from plivo-sim's journal and the ledger.
 */
#ifndef TESTS_E2E_KILL_RIG_H
#define TESTS_E2E_KILL_RIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/e2e/town.h"

enum phase {
	RESERVING, /* the bot has been asked for a place */
	POST_OUT,  /* Plivo has been asked to call, and has not answered */
	RINGING,   /* the telephone rings */
	ANSWERING, /* somebody is on the line, no stream has come */
	STREAMING, /* the conversation */
	ENDING,    /* Plivo has ended the call, and not told so */
	PHASES
};

struct kill_town {
	struct town t;
	uint64_t random;  /* state of its generator */
	const char *name; /* of this place, for messages */
	bool frozen;      /* the bot is stopped */
};

/* One call that somebody is killed in. */
struct kill_call {
	struct kill_town *k;
	enum phase phase;
	const char *number;
	unsigned before; /* calls Plivo has made to this number before */
	char id[64];     /* of the ledger */
	char uuid[64];   /* of Plivo; "" as long as it has none */
	pthread_t thread;
	long status; /* of /start; 0: no answer came */
};

/* "reserving", for messages. */
const char *kill_phase_name(enum phase phase);

/* Open a town. @seed decides all that is left to chance. */
void kill_open(struct kill_town *k, const char *name, uint64_t seed,
               bool relay);
void kill_close(struct kill_town *k);

/* A number below @n. */
unsigned kill_random(struct kill_town *k, unsigned n);

/* Limits of time are for the plain build; this is for the one that runs. */
unsigned kill_ms(unsigned ms);

/* Print logs and fail unless @ok. */
void kill_want(struct kill_town *k, bool ok, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Stop the bot where it is, and let it go on. */
void kill_freeze(struct kill_town *k);
void kill_thaw(struct kill_town *k);

/* Begin a call, and wait until @phase has begun. */
void kill_call_begin(struct kill_call *c, struct kill_town *k,
                     enum phase phase);

/* Is the phase over? As of now: to be asked after the kill. */
bool kill_phase_over(struct kill_call *c);

/* /start has been answered, or its connection is lost. */
void kill_call_join(struct kill_call *c);

/* Wait until the ledger has its end, and compare that with Plivo's. */
void kill_call_check(struct kill_call *c);

/* Wait until neither program holds anything for any call. */
void kill_idle(struct kill_town *k);

/* GET of the server's @path; its status, 0: nobody answers. */
long kill_get(struct kill_town *k, const char *path);

/* A whole call now. It must succeed. */
void kill_first_call(struct kill_town *k);

#endif
