/*
 * pulse.h - the supervisor's watchdog is told that the server works
 *
 * From the REST thread, once the ledger has answered there: when either of
 * them hangs, the telling stops, and systemd starts the server anew. Nothing
 * happens without a watchdog in the environment.
 */
#ifndef SERVER_PULSE_H
#define SERVER_PULSE_H

#include "common/attr.h"

struct app;
struct pulse;

/* @app is borrowed; its REST thread and its ledger are there. -ENOMEM. */
int pulse_open(struct pulse **pp, struct app *app) MUST_CHECK;

/* NULLs the caller's pointer; NULL is fine. */
void pulse_close(struct pulse **pp);

#endif
