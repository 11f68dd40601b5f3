/*
 * postgres.h - a real PostgreSQL of a test's own
 *
 * Debian's binaries run in a temporary folder, as nobody when the test is
 * root (PostgreSQL refuses to be), on a Unix socket in that folder and on no
 * port. It dies with the process that opened it, however that ends. Tests fail
 * when PostgreSQL is not installed.
 */
#ifndef TESTS_HARNESS_POSTGRES_H
#define TESTS_HARNESS_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { POSTGRES_URL_MAX = 256 /* [bytes] */ };

struct postgres {
	char dir[64];
	pid_t pid;    /* of the postmaster; 0: it does not run */
	pid_t opener; /* who may close it */
	bool durable;
};

/* Start one. Unless @durable nothing is synced to the disk, which only a test
 * of crashes would notice. It ends with this process. */
void postgres_open(struct postgres *pg, bool durable);

/* Take it away. A process that was forked since the opening does nothing. */
void postgres_close(struct postgres *pg);

/* SIGKILL the postmaster; what it served is cut off. */
void postgres_kill(struct postgres *pg);

/* Start it again over the same data. */
void postgres_start(struct postgres *pg);

/* Make an empty database @name; @url gets its address. */
void postgres_database(const struct postgres *pg, const char *name,
                       char url[POSTGRES_URL_MAX]);

/* Run one statement in the database at @url; a text result's first field is
 * returned, in static storage; "" if there is none. */
const char *postgres_sql(const char *url, const char *sql);

#endif
