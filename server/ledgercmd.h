/*
 * ledgercmd.h - commands of the server's that work on its ledger and end
 *
 * They may run while a server uses the same ledger.
 */
#ifndef SERVER_LEDGERCMD_H
#define SERVER_LEDGERCMD_H

#include "common/attr.h"

struct buf;
struct store;

enum { LEDGERCMD_FAILED = 1, LEDGERCMD_USAGE = 2 }; /* what is returned */

/* What a command does with its words. Returns 0 or one of the above. */
typedef int ledgercmd_h(struct store *s, struct buf *out, int argc,
                        char **argv);

/* Open the ledger that DATABASE_URL, or the file @dotenv, names, and run
 * @handler; "--help" and "help" print @usage. @out gets what is to be printed:
 * on standard output when 0 is returned, else on standard error. */
int ledgercmd_run(struct buf *out, int argc, char **argv, const char *dotenv,
                  const char *usage, ledgercmd_h *handler);

/* Add to what is printed; returns @code. Texts that do not fit are cut. */
int ledgercmd_say(struct buf *out, int code, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
