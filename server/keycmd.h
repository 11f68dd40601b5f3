/*
 * keycmd.h - "dialout-server key": API keys made, listed and revoked
 *
 * Works on the ledger while a server runs on it; a key counts from the next
 * request on. The key's text is shown once and never stored.
 */
#ifndef SERVER_KEYCMD_H
#define SERVER_KEYCMD_H

#include "common/attr.h"

struct buf;

/* Run the words after "key". DATABASE_URL comes from the environment and from
 * the file @dotenv. @out gets what is to be printed: on standard output when 0
 * is returned, else on standard error. 1: it failed; 2: the words are wrong. */
int keycmd_run(struct buf *out, int argc, char **argv, const char *dotenv);

#endif
