/*
 * plivo_sim.h - the simulated Plivo as a whole: options, calls, entry points
 *
 *	REST (plivo_rest)  -> call (plivo_call) -> webhooks (plivo_hook)
 *	                        |-> document (plivo_run)
 *	                        |     |-> stream (plivo_stream, plivo_bot)
 *	                        `-> media (plivo_media): callee, play-out, WAV
 *
 * One thread; every part reports to the journal.
 */
#ifndef TESTS_SIM_LIB_PLIVO_SIM_H
#define TESTS_SIM_LIB_PLIVO_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"
#include "tests/sim/lib/plivo_journal.h"
#include "tests/sim/lib/plivo_loop.h"
#include "tests/sim/lib/plivo_script.h"

enum {
	PSIM_CALLEES_MAX = 4096, /* --callee options */
	PSIM_NUMBERS_MAX = 16,   /* --number options */
	PSIM_UUID_LEN = 37,      /* [bytes] with terminator */
};

enum psim_signing { PSIM_SIGN_ON, PSIM_SIGN_OFF, PSIM_SIGN_BAD };

/* Shapes of numbers and keys on the stream that were seen in the wild. */
enum psim_form { PSIM_FORM_REF, PSIM_FORM_STRINGS, PSIM_FORM_BARE };

struct psim_options {
	const char *listen, *ready_file;
	const char *auth_id, *auth_token, *main_token; /* main: NULL, same */
	const char *record_dir, *journal, *sounds, *ca;
	const char *stream_scheme; /* as which upgrades are signed */
	enum psim_signing sign;
	enum psim_form form;
	double cps;           /* calls that begin a second; 0: at once */
	uint32_t rate_limit;  /* REST requests in 5 s; 0: none */
	uint32_t setup_ms;    /* from a call's turn to its ringing */
	uint32_t retry_ms;    /* between attempts to open a stream */
	uint32_t hole_max_ms; /* longer silence is a pause, no underrun */
	uint32_t ping_ms;     /* 0: no pings */
	uint32_t hook_ms;     /* added before every webhook */
	uint32_t exit_after;  /* calls; 0: never */
	int close_code;       /* 0: no close frame */
	bool quiet, duplicate, shuffle, guide_events, send_stop, tones;
	bool fail_on_violation;
	const char *numbers[PSIM_NUMBERS_MAX]; /* rented; none: any */
	size_t number_count;
	const char *barred; /* prefix, or NULL */
	const char *words;  /* file of words that tones are read back into */
	double word_scale;  /* length of the tones, as the voice has it */
	struct {
		const char *number; /* without + */
		const char *path;
	} callees[PSIM_CALLEES_MAX];
	size_t callee_count;
	const char *default_script; /* path, or NULL for the built-in one */
	struct psim_rest_fault fault;
	uint32_t unclear; /* so many answers of 100 say nothing clear ... */
	uint32_t stalls;  /* ... and so many of 100 of these never come */
};

struct psim_httpd;

struct psim {
	const struct psim_options *o;
	struct psim_loop loop;
	struct psim_httpd *httpd;
	struct psim_journal journal;
	struct psim_rest_fault fault;
	char *vocabulary; /* NULL: no words are read */
	struct psim_script *scripts[PSIM_CALLEES_MAX + 1]; /* last: default */
	struct link calls; /* in order of coming, ended ones too */
	unsigned call_count, ended;
	struct link hooks;
	unsigned hook_count;
	struct timer turn; /* the next queued call may begin */
	uint64_t next_turn_us;
	uint64_t window_us; /* start of the 5 s of the rate limit */
	uint32_t window_count;
	struct timer quit;
	bool stopping;
	int port;
};

/* Load scripts, listen, write the ready file. 0, or a negative code after the
 * reason went to standard error. @o is borrowed. */
int psim_start(struct psim *s, const struct psim_options *o) MUST_CHECK;

/* Until SIGTERM, SIGINT, or --exit-after-calls is reached. */
void psim_run(struct psim *s);

/* End all calls in order; psim_run() returns when their webhooks are out. */
void psim_stop(struct psim *s);
void psim_fini(struct psim *s);

/* A call has ended and its last webhook was answered, or given up. */
void psim_settled(struct psim *s);

struct psim_script *psim_script_for(const struct psim *s, const char *number);

/* A random UUID. */
void psim_uuid(char out[PSIM_UUID_LEN]);

struct psim_call;

/* One entry of the journal; takes over @extra. @c may be NULL. */
void psim_note(struct psim *s, const struct psim_call *c, const char *event,
               json_t *extra);

/* The other side broke the protocol, or did what is unwise. */
void psim_violation(struct psim *s, const struct psim_call *c, const char *fmt,
                    ...) PRINTF_LIKE(3, 4);
void psim_warning(struct psim *s, const struct psim_call *c, const char *fmt,
                  ...) PRINTF_LIKE(3, 4);

#endif
