/*
 * dial_priv.h - one call in hand, between dial.c and dial_steps.c
 */
#ifndef SERVER_DIAL_PRIV_H
#define SERVER_DIAL_PRIV_H

#include <pthread.h>

#include "common/list.h"
#include "server/access.h"
#include "server/bots/bots.h"
#include "server/dial.h"
#include "server/hours.h"
#include "server/number.h"

struct dials {
	struct app *app;
	pthread_mutex_t lock;
	pthread_cond_t over;
	struct link all;
	unsigned n;
};

struct dial {
	struct link link;
	struct dials *ds;
	unsigned refs; /* under the lock, as the rest of this paragraph */
	struct dial_view view;
	uint64_t ticket; /* 0: not queued */
	bool cancelled;
	bool expired;   /* and therefore cancelled */
	bool withdrawn; /* likewise: it could not be promised */

	/* of the chain of steps alone */
	bool stale; /* another server has it in hand */
	bool fault; /* the ledger failed; it may hold a promise all the same */
	bool tried; /* to write that it is dialled, and nobody knows */
	char id[64], key[64];
	char to[NUMBER_MAX];
	char base[ACCESS_BASE_MAX];
	char hours[HOURS_TEXT_MAX];   /* its own; "": none */
	int64_t expires_ms, as_of_ms; /* 0: never; see carrier.h */
	int priority;
	bool late;           /* its calling hours have ended while it waited */
	uint32_t talk_sec;   /* Plivo ends it then */
	bool detect_machine; /* the bot wants Plivo's word for it */
	/* of the thread of bots' handlers, see dial_keep.c */
	int64_t kept_ms; /* its place stood then, of a clock that never jumps */
	bool homeless;   /* it has lost its place */
	bool asking;     /* a bot, for its place or another */

	bool told;                /* the log knows that it waits for room */
	char uses[BOTS_USES_MAX]; /* "": not known here */
	char place[BOTS_ID_MAX], bot[BOTS_NAME_MAX];
};

void dial_ref(struct dial *d);
void dial_unref(struct dial *d);
/* What is sent next can be withdrawn no more. False: it was. */
bool dial_begin_sending(struct dial *d);
void dial_phase(struct dial *d, enum dial_phase phase);
void dial_ticket(struct dial *d, uint64_t ticket);
void dial_mark_cancelled(struct dial *d);
bool dial_is_cancelled(struct dial *d);
bool dial_is_withdrawn(struct dial *d);
/* True: it has expired, and is cancelled. */
bool dial_is_expired(struct dial *d);

/* The chain ends here, with what /start is to say; its reference is gone. */
void dial_over(struct dial *d, int status, unsigned retry_sec, const char *uuid,
               const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Ask bots for a place for @call, which is @d. As bots_reserve(). */
int dial_reserve(struct dial *d, const struct store_call *call,
                 bots_reserved_h *h) MUST_CHECK;

/* Has it its place still, and is there room at the providers? The ledger has
 * the last word when it is dialled; to ask before spares the turn. @arg is a
 * struct dial. As carrier_dial's ready, and its kind; static or @d's. */
int dial_is_ready(void *arg);
const char *dial_kind(const struct dial *d);

/* Take the first step with @call. */
void dial_steps_begin(struct dial *d, const struct store_call *call);

#endif
