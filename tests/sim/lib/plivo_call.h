/*
 * plivo_call.h - one call: queued, dialled, ringing, answered, ended
 */
#ifndef TESTS_SIM_LIB_PLIVO_CALL_H
#define TESTS_SIM_LIB_PLIVO_CALL_H

#include "tests/sim/lib/plivo_hook.h"
#include "tests/sim/lib/plivo_sim.h"
#include "tests/sim/lib/plivo_xml.h"

enum psim_state {
	PSIM_QUEUED,
	PSIM_DIALING,
	PSIM_RINGING,
	PSIM_IN_PROGRESS,
	PSIM_ENDED,
};

/* A document is being fetched for one of these. */
enum psim_purpose {
	PSIM_FOR_ANSWER,
	PSIM_FOR_REDIRECT,
	PSIM_FOR_TRANSFER,
	PSIM_FOR_ACTION, /* of a <Dial> that has ended */
};

enum psim_waiting {
	PSIM_WAITS_NOT,
	PSIM_WAITS_STREAM,
	PSIM_WAITS_TIME,
	PSIM_WAITS_FETCH,
};

struct psim_stream;
struct psim_media;

struct psim_call {
	struct link link;
	struct psim *sim;
	const struct psim_script *script;
	char uuid[PSIM_UUID_LEN];
	enum psim_state state;
	json_t *make;                             /* the body of Make Call */
	char *to, *from;                          /* without + */
	uint64_t begun_us, answered_us, ended_us; /* monotonic, 0: not yet */
	double begun, answered, ended;            /* the same as Unix time */
	int cause;
	const char *source;
	bool machine;
	struct timer step;      /* ringing, picking up, waiting */
	struct timer limit;     /* ring_timeout, hangup_on_ring, time_limit */
	struct timer scheduled; /* <Hangup schedule> */
	struct psim_hook *hook; /* the document that is being fetched */
	enum psim_purpose purpose;
	bool fallback_tried;
	struct psim_xml *doc, *next_doc;
	size_t pc;
	enum psim_waiting waiting; /* the document, for what? */
	struct psim_stream *stream;
	struct psim_media *media;
};

/* A call to @to, in the queue. @make is borrowed and kept. -ENOMEM. */
int psim_call_new(struct psim_call **cp, struct psim *s, json_t *make,
                  const char *to) MUST_CHECK;

/* Its turn in the queue has come. */
void psim_call_dial(struct psim_call *c);

/* Ends in any state; nothing happens if it has ended. */
void psim_call_end(struct psim_call *c, int cause, const char *source);
void psim_call_free(struct psim_call **cp);

/* NULL: none of that name. */
struct psim_call *psim_call_find(const struct psim *s, struct str uuid);

/* Where a call hangs in psim.calls. */
struct psim_call *psim_call_of(struct link *l);

/* The parameters of every webhook of the call, into @p. -ENOMEM. */
int psim_call_params(const struct psim_call *c, const char *event,
                     const char *status, struct psim_pairs *p) MUST_CHECK;

/* Send a webhook nobody waits for to the URL under @key of Make Call's body,
 * when there is one. */
void psim_call_tell(struct psim_call *c, const char *key, const char *event,
                    const char *status);

/* Media clock: ms since the answer; -1 before it. */
long psim_call_ms(const struct psim_call *c);

bool psim_call_live(const struct psim_call *c);
const char *psim_cause_name(int cause);

/* "2020-04-08 11:34:33", with @fraction of six digits more. */
enum { PSIM_TIME_MAX = 40 /* [bytes] with terminator */ };
const char *psim_time(char out[PSIM_TIME_MAX], double at, bool fraction);

#endif
