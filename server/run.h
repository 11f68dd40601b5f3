/*
 * run.h - the server put together, started and stopped
 */
#ifndef SERVER_RUN_H
#define SERVER_RUN_H

#include <stddef.h>

#include "common/attr.h"

struct app;
struct config;

enum {
	RUN_WHY_MAX = 512, /* [bytes] */
	RUN_THREADS = 40,  /* besides one for each relayed stream */
};

/* Open the ledger, take up what an earlier process left, serve. @cfg is
 * borrowed. @why says in a sentence what went wrong. */
int run_open(struct app **ap, const struct config *cfg,
             char why[RUN_WHY_MAX]) MUST_CHECK;

/* The port that is served. */
unsigned run_port(const struct app *app);

/* Stop in order: no new requests, then what runs, then the rest. Calls that
 * wait for their turn stay in the ledger. NULLs the caller's pointer; NULL is
 * fine. */
void run_close(struct app **ap);

#endif
