/*
 * sim.h - what every provider's simulator is made of: options, faults, record
 *
 * A simulator is a table of options, a table of faults and one handler of
 * requests. Besides its own paths it serves
 *
 *	GET  /sim/state       what happened, as JSON
 *	GET  /sim/violations  one a line; an empty body is a clean run
 *	POST /sim/fault       a fault a line is added; "clear" drops them all
 *	POST /sim/reset       forget violations, requests and counts
 *
 * A fault is written NAME[:ARG][,at=MS][,nth=N][,times=N]: at a time after
 * the stream began, for the N-th stream or request alone, so many times.
 */
#ifndef TESTS_SIM_LIB_SIM_H
#define TESTS_SIM_LIB_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/js.h"
#include "tests/sim/lib/simhttp.h"
#include "tests/sim/lib/simnet.h"
#include "tests/sim/lib/simws.h"

enum {
	SIM_VIOLATIONS_MAX = 500, /* kept; more are counted */
	SIM_REQUESTS_MAX = 300,   /* kept, the last ones */
	SIM_RECORD_BODY = 65536,  /* [bytes] kept of a body */
	SIM_FAULTS_MAX = 32,
	SIM_FAULT_TEXT = 96, /* [bytes] of name and of argument */
};

enum simopt_type { SIMOPT_TEXT, SIMOPT_NUMBER, SIMOPT_REAL, SIMOPT_FLAG };

struct simopt {
	const char *name; /* "latency-ms" for --latency-ms */
	enum simopt_type type;
	void *dst; /* const char **, uint32_t *, double *, bool * */
	const char *help;
};

struct simfault {
	char name[SIM_FAULT_TEXT];
	char arg[SIM_FAULT_TEXT]; /* "" without */
	uint32_t at_ms;
	uint32_t nth;   /* 0: any */
	uint32_t times; /* 0: always */
	uint32_t used;
};

struct sim {
	const struct sim_app *app;
	struct simnet *net;
	struct timers *timers;
	const char *key; /* required credential; NULL: any */
	struct simfault fault[SIM_FAULTS_MAX];
	size_t n_faults;
	json_t *violations, *requests, *counts;
	size_t n_violations;
	unsigned opened, open; /* streams or requests of the app */
	double began_ms;
	uint64_t random;
};

struct sim_app {
	const char *name;
	const struct simopt *opts;
	size_t n_opts;
	const char *const *faults; /* names that exist, NULL-terminated */
	bool h2;                   /* offer HTTP/2 over TLS */
	/* After the options have been read. 0, or an exit code. */
	int (*start)(struct sim *s);
	void (*stop)(struct sim *s);
	void (*request)(struct sim *s, struct simreq *r);
	/* Add what the app knows to the state; may be NULL. */
	void (*state)(struct sim *s, json_t *obj);
	/* Drop what was recorded of ended streams; may be NULL. */
	void (*reset)(struct sim *s);
};

int sim_main(int argc, char **argv, const struct sim_app *app);

/* The peer broke the protocol: kept for the state. @stream: its number. */
void sim_violation(struct sim *s, unsigned stream, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Keep the request for the state; borrowed. Credentials are masked. */
json_t *sim_record(struct sim *s, struct simreq *r, unsigned stream);

/* A counter of the state. */
void sim_count(struct sim *s, const char *name, long n);

/* A stream or answer that sim.open counts is over. */
void sim_stream_end(struct sim *s);

/* The fault if it is set for this stream, and one use of it; else NULL. */
const struct simfault *sim_fault(struct sim *s, const char *name,
                                 unsigned stream);
uint32_t simfault_number(const struct simfault *f, uint32_t def);

/* The number of a fault that is set, @def without one; 0: it is not set. */
uint32_t sim_fault_number(struct sim *s, const char *name, unsigned stream,
                          uint32_t def);

/* 0 up to @n - 1, the same sequence for the same --seed. */
uint32_t sim_random(struct sim *s, uint32_t n);

double sim_ms(const struct sim *s); /* since the start */

/* A random UUID as text. */
void sim_uuid(struct sim *s, char out[37]);

/* Answer with JSON; @obj is released. */
void sim_reply_json(struct simreq *r, int status, json_t *obj);

/* Send JSON as one text message; @obj is released. */
void sim_send_json(struct simws *ws, json_t *obj);

/* Read a whole file; NULL says why on standard error. mem_free() it. */
char *sim_read_file(const char *path, size_t *len) MUST_CHECK;

/* Faults that every WebSocket can have, armed when it opens:
 *	reset half-open close:CODE[/REASON] garbage   (at=MS)
 *	cut-after:BYTES fragment:BYTES slow-read:MS */
#define SIM_WS_FAULTS                                                      \
	"reset", "half-open", "close", "garbage", "cut-after", "fragment", \
		"slow-read"

struct simws_faults {
	struct sim *sim;
	struct simws *ws;
	struct timer timer[4], read;
	char close_arg[SIM_FAULT_TEXT];
	uint32_t read_ms;
	bool reading;
};

void simws_faults_arm(struct simws_faults *f, struct sim *s, struct simws *ws,
                      unsigned stream);
void simws_faults_disarm(struct simws_faults *f);

#endif
