/*
 * beat.h - this server lives, says the ledger to others that share it
 *
 * Every two seconds the lease of what this server has in hand is renewed, and
 * what a server that died had in hand is taken over.
 */
#ifndef SERVER_BEAT_H
#define SERVER_BEAT_H

#include "common/attr.h"

struct app;
struct beat;

/* Begin on the thread of the REST calls. -ENOMEM. */
int beat_open(struct beat **bp, struct app *app) MUST_CHECK;

/* Before that thread ends. NULLs the caller's pointer; NULL is fine. */
void beat_close(struct beat **bp);

#endif
