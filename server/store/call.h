/*
 * call.h - what the ledger knows of a call: its states, events and turns
 *
 * Values only; store.h reads and writes them. Times are Unix milliseconds, 0
 * is unknown; NULL texts are absent.
 */
#ifndef SERVER_STORE_CALL_H
#define SERVER_STORE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

/* clang-format off */
#define STORE_STATE_MAP(X)						\
	X(SCHEDULED, "scheduled",  0) /* waiting for its not_before */	\
	X(RESERVING, "reserving",  1) /* asking for a place on a bot */	\
	X(QUEUED,    "queued",     2) /* waiting for its turn to dial */ \
	X(DIALING,   "dialing",    3) /* the POST may be out */		\
	X(UNKNOWN,   "unknown",    4) /* it was, and nobody knows */	\
	X(INITIATED, "initiated",  5) /* the carrier took it */		\
	X(RINGING,   "ringing",    6)					\
	X(ANSWERED,  "answered",   7)					\
	X(STREAMING, "streaming",  8)					\
	X(ENDED,     "ended",      9) /* after it was answered */	\
	X(NO_ANSWER, "no_answer",  9) /* and busy, rejected, cancelled */ \
	X(ABANDONED, "abandoned",  9) /* answered, and no bot was there */ \
	X(FAILED,    "failed",     9) /* refused, or not sent */	\
	X(CANCELLED, "cancelled",  9) /* by us, before it was placed */	\
	X(EXPIRED,   "expired",    9) /* its expires_at passed before */	\
	X(NOT_PLACED, "not_placed", 9) /* unknown, and never found */
/* clang-format on */

enum store_state {
#define X(name, text, rank) STORE_##name,
	STORE_STATE_MAP(X)
#undef X
		STORE_STATES
};

const char *store_state_text(enum store_state state);
unsigned store_state_rank(enum store_state state);
/* -EINVAL: no such state. */
int store_state_parse(const char *text, enum store_state *state) MUST_CHECK;
/* Is it one of those with the last rank? */
bool store_state_final(enum store_state state);

struct store_room;

/* A call. One that the store has filled in is released by store_call_fini(). */
struct store_call {
	char *id;           /* public */
	char *key;          /* of the webhooks' paths; secret */
	char *to, *from;    /* as dialled */
	char *phone_number; /* JSON text, as /start had it */
	char *agent;
	char *body;                 /* JSON text, verbatim */
	char *base_url;             /* under which it was started */
	char *owner;                /* name of the API key */
	char *idem_key, *idem_hash; /* Idempotency-Key, digest of the request */
	char *answer;      /* what /start said, for the same key again */
	int answer_status; /* HTTP; 0: nothing yet */
	enum store_state state;
	char *call_uuid;
	char *reservation, *bot, *stream_url;
	char *end_by, *end_cause, *error;
	char *events_url; /* told of it; "": the configured one, NULL: nobody */
	char *hours;      /* calling hours of its own; NULL: none */
	int end_code;
	int64_t created_ms, dialed_ms, answered_ms, ended_ms;
	int64_t reserved_sec; /* it may talk so long; see admit.h */
	int64_t not_before_ms, expires_ms; /* when it may be dialled */
	int priority;                      /* the higher goes first */
	bool detect_machine; /* the carrier is to say whether one answers;
	                       * store_call_change() alone writes it */
};

void store_call_fini(struct store_call *c);

/* What is known anew of a call. NULL and 0 leave a field as it is; texts
 * marked * and times are written once and then stay. */
struct store_change {
	enum store_state state;
	bool has_state;
	bool held;    /* only while the call is in our hands: ERR_STALE; and not
	            * for what comes before its end was asked for: -ECANCELED */
	bool unbegun; /* only while it is scheduled: ERR_STALE */
	bool unpromised;       /* only while nobody was told 202: ERR_STALE */
	const char *call_uuid; /* * */
	const char *reservation, *bot, *stream_url;
	const char *uses; /* see room.h */
	/* To DIALING, only while there is room in each: ERR_LIMIT. */
	const struct store_room *rooms;
	size_t n_rooms;
	const char *end_by, *end_cause; /* * */
	int end_code;                   /* * */
	const char *error;              /* * */
	const char *answer;             /* *, with answer_status */
	int answer_status;
	int64_t dialed_ms, answered_ms, ended_ms;
	/* If this makes it STORE_FAILED, and it was the first try of a row of
	 * a campaign, the row waits again until then, and the whole campaign
	 * with it. 0: it does not. */
	int64_t row_due_ms;
	const char *row_why; /* what it waits for */
	bool detect_machine; /* * */
};

struct store_event {
	const char
		*dedupe; /* event_id, or CallUUID and Event; unique per call */
	const char *source; /* "carrier", "bot", "server" */
	const char *type;
	const char *data; /* JSON text */
	int64_t at_ms;
	bool tell; /* the call's events_url hears of it */
};

struct store_turn {
	unsigned n;
	const char *role; /* "callee", "bot" */
	const char *text;
	int64_t heard_ms, at_ms; /* -1: unknown */
	bool interrupted;
	/* Of the turn, milliseconds; -1: unknown. */
	int speech_end, final, first_token, first_audio, heard;
};

#endif
