/*
 * eventscmd.h - "dialout-server events": what EVENTS_URL was not told yet
 *
 * Works on the ledger while a server runs on it.
 */
#ifndef SERVER_EVENTSCMD_H
#define SERVER_EVENTSCMD_H

#include "common/attr.h"

struct buf;

/* Run the words after "events"; as keycmd_run(). */
int eventscmd_run(struct buf *out, int argc, char **argv, const char *dotenv);

#endif
