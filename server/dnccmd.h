/*
 * dnccmd.h - "dialout-server dnc": the do-not-call list, by hand
 */
#ifndef SERVER_DNCCMD_H
#define SERVER_DNCCMD_H

struct buf;

/* Run the words after "dnc", see ledgercmd_run(). */
int dnccmd_run(struct buf *out, int argc, char **argv, const char *dotenv);

#endif
