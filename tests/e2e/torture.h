/*
 * torture.h - starts that go on while servers and their database are killed
 *
 * Clients ask for calls, each to a number of its own and under a key of its
 * own, again until they are answered. Meanwhile servers and the database are
 * killed and started again at random moments. In the end a server finds out
 * what has become of every call, and plivo-sim's journal, which nobody kills,
 * tells the truth.
 */
#ifndef TESTS_E2E_TORTURE_H
#define TESTS_E2E_TORTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/harness/postgres.h"
#include "tests/harness/proc.h"

enum { TORTURE_SERVERS_MAX = 4, TORTURE_CLIENTS_MAX = 128 };

struct torture_opts {
	bool postgres;
	unsigned servers, clients;
	unsigned starts, kills, db_kills;
	unsigned
		unclear; /* answers of Plivo's that say nothing clear, of 100 */
	unsigned stalls; /* ... of 100 of these: none at all, for long */
	unsigned later;  /* starts that are asked for a second later, of 100 */
	unsigned cps;    /* pace of all servers, and it is judged; 0: 200 */
};

/* What one start has come to. */
struct torture_start {
	long status;      /* of /start; 0: nobody has answered for good */
	char id[64];      /* of the ledger */
	char uuid[64];    /* of Plivo's journal */
	unsigned placed;  /* so often there */
	unsigned unclear; /* asked for so often, and told nothing clear */
	unsigned rows;    /* of the ledger, to this number */
	bool found;       /* its id is in the ledger */
	bool known;       /* by the name that Plivo gave it */
	bool not_placed;  /* says the ledger */
	char why[120];    /* its state and its error */
};

struct torture {
	const struct torture_opts *opts;
	uint64_t random; /* state of its generator */
	char dir[128], ledger[POSTGRES_URL_MAX];
	struct postgres pg;
	struct proc plivo, servers[TORTURE_SERVERS_MAX];
	struct torture_start *starts;
	long *at_ms; /* when Plivo was asked, of each call; in its order */
	unsigned n_at;
	unsigned n_unclear; /* answers that said nothing clear */
	atomic_uint next;   /* start that somebody takes */
	atomic_uint done;
	pthread_t clients[TORTURE_CLIENTS_MAX];
};

/* All of it: fails the test unless no start was dialled twice, none was lost,
 * and nothing is unknown. A line says what was done. */
void torture_run(const struct torture_opts *opts, uint64_t seed);

/* A size of the long run by its name in the environment, or the sample's. */
unsigned torture_size(const char *name, unsigned sample);

/* All servers' leases are over. */
void torture_end_leases(const struct torture *t);

/* torture_judge.c: find out what has become of every call, and compare. */
void torture_judge(struct torture *t);

/* The environment of a server, NULL-terminated, in static storage. */
const char *const *torture_env(struct torture *t, unsigned server);

#endif
