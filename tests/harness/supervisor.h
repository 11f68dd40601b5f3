/*
 * supervisor.h - the socket on which systemd listens to its services
 */
#ifndef TESTS_HARNESS_SUPERVISOR_H
#define TESTS_HARNESS_SUPERVISOR_H

#include <pthread.h>
#include <stdbool.h>

enum { SUPERVISOR_TEXT = 32 }; /* [bytes] of a state, with terminator */

/* The kernel keeps ten datagrams for a socket that nobody reads, so a thread
 * does what systemd does: it reads at once, here into a pipe. */
struct supervisor {
	int fd, in, out;
	pthread_t reader;
	char env[192];             /* "NOTIFY_SOCKET=..." */
	char got[SUPERVISOR_TEXT]; /* the last state, terminated */
};

/* Bind it at @path; a leading '@' means the abstract namespace. Fails the
 * test. */
void supervisor_open(struct supervisor *s, const char *path);
void supervisor_close(struct supervisor *s);

/* Wait for one datagram; false after @ms without. */
bool supervisor_hear(struct supervisor *s, int ms);

/* Hear on until @state comes; other states than "WATCHDOG=1" in between, or
 * @ms without any at all, fail the test. Returns how many watchdog messages
 * came before. */
unsigned supervisor_wait(struct supervisor *s, const char *state, int ms);

#endif
