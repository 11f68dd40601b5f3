/*
 * carrier.h - what the call server asks of a telephone carrier
 *
 * One dispatcher (on a fetchd thread) places the calls: a queue with a limit,
 * a pace, one POST a call and never a second. Functions may be called from
 * any thread; handlers run on the dispatcher's thread, exactly once where
 * they end something, and never if the function returned an error. To another
 * thread they may come before its own call has returned. They may block for a
 * commit, not for a network, and may call these functions.
 */
#ifndef SERVER_CARRIER_CARRIER_H
#define SERVER_CARRIER_CARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct carrier;
struct carrier_ops;
struct fetchd;

extern const struct carrier_ops carrier_plivo_ops;

struct carrier_opts {
	const struct carrier_ops *ops;
	const char *api_url; /* "https://api.plivo.com"; all texts copied */
	const char *auth_id, *auth_token;
	uint32_t calls_per_sec; /* pace; at least 1 */
	uint32_t queue_max;     /* calls that may wait; 0: 1000 */
	/* Or NULL: gives turns where several servers share the pace; one is
	 * @wait_us away. -EAGAIN: another's call is above @priority. */
	int (*turn)(int priority, uint64_t interval_us, uint64_t *wait_us,
	            void *arg);
	void (*turn_hold)(uint32_t ms, void *arg); /* nobody for that long */
	void *turn_arg;
};

/* Texts are copied. The retry rule is appended to the URLs here. */
struct carrier_dial {
	const char *id, *from, *to; /* ours, in each webhook, or NULL; E.164 */
	const char *answer_url, *ring_url, *hangup_url;
	const char *machine_url; /* told when a machine answers, while the call
	                          * goes on; NULL: nobody listens for one */
	bool answer_get;   /* fetch answer_url by GET, as the example does */
	uint32_t ring_sec; /* give up after [s] */
	uint32_t time_limit_sec;
	int priority;  /* the higher goes first, */
	int64_t as_of; /* then the lower of these, then who came first */
	/* Or NULL, before its turn. -EAGAIN: not it now. -EBUSY: nor its kind. */
	int (*ready)(void *arg);
	const char *kind; /* those of a kind wait together; NULL, "": alone */
};

enum carrier_result {
	CARRIER_PLACED,    /* uuid says which */
	CARRIER_REFUSED,   /* 4xx: will never be; text is the carrier's */
	CARRIER_AUTH,      /* 401: our credentials are refused */
	CARRIER_BUSY,      /* 429: not placed, try after retry_after_sec */
	CARRIER_UNREACHED, /* not a byte was sent: not placed */
	CARRIER_UNKNOWN,   /* sent, and no clear answer: it may ring */
	CARRIER_CANCELLED, /* taken out of the queue, or held back */
};

struct carrier_outcome {
	enum carrier_result result;
	const char *uuid;     /* "" unless PLACED */
	int status;           /* HTTP; 0: none */
	const char *text;     /* the carrier's error, or ours; "" if none */
	long retry_after_sec; /* -1: not said */
};

/* Its turn has come and the POST is next: make "dialing" durable. -EAGAIN:
 * not now; it keeps its place in the queue and is asked for again before
 * long. -EBUSY: as @ready says it. Another negative return holds the call
 * back, and it ends as CANCELLED. */
typedef int carrier_sending_h(void *arg);
typedef void carrier_dialed_h(const struct carrier_outcome *o, void *arg);

int carrier_new(struct carrier **cp, struct fetchd *d,
                const struct carrier_opts *opts) MUST_CHECK;

/* What waits is CANCELLED, what is out UNKNOWN. Not from a handler. */
void carrier_free(struct carrier **cp);

/* Queue a call. @ticket (may be NULL) names it for the functions below.
 * ERR_LIMIT: the queue is full. -ENOMEM. */
int carrier_dial(struct carrier *c, const struct carrier_dial *dial,
                 carrier_sending_h *sending, carrier_dialed_h *done, void *arg,
                 uint64_t *ticket) MUST_CHECK;

/* Take a call out of the queue. -ENOENT: it is not in it any more. */
int carrier_withdraw(struct carrier *c, uint64_t ticket) MUST_CHECK;

/* On the fetchd's thread: the pace from now on [% of calls_per_sec], 1 to 100. */
void carrier_slow(struct carrier *c, unsigned percent);

/* Calls that wait, and POSTs that are out. */
unsigned carrier_waiting(struct carrier *c);

/* Is the call still to be ended? Asked when the delay is over. */
typedef bool carrier_still_h(void *arg);
/* 0: it is gone (or was before, or @still said no). -ETIMEDOUT: all attempts
 * have failed. ERR_AUTH, ERR_LIMIT (attempts ended by 429), ERR_PROTO. */
typedef void carrier_ended_h(int err, void *arg);

struct carrier_end {
	const char *uuid;
	bool maybe_queued;      /* not answered yet: also cancel the request */
	uint32_t delay_ms;      /* begin after that */
	carrier_still_h *still; /* NULL: yes */
	carrier_ended_h *done;  /* NULL: nobody asks */
	void *arg;
};

/* Hang up, or end the stream alone, so that the call goes on with what stands
 * behind it; then @still is asked before each attempt. With retries for about
 * half a minute. -EINVAL: no uuid. -ENOMEM. */
int carrier_hangup(struct carrier *c, const struct carrier_end *end) MUST_CHECK;
int carrier_leave(struct carrier *c, const struct carrier_end *end) MUST_CHECK;

/* Have the call @uuid go on with the document of @url, once its stream has
 * ended. Asked once, in at most 5 s; @done gets 0, -ENOENT (no such call),
 * ERR_AUTH, ERR_LIMIT, ERR_PROTO (refused), -EAGAIN or a network's; as above. */
int carrier_transfer(struct carrier *c, const char *uuid, const char *url,
                     carrier_ended_h *done, void *arg) MUST_CHECK;

enum carrier_list { CARRIER_LIVE, CARRIER_QUEUED, CARRIER_FINISHED };

/* What the carrier knows of a call; "" and 0 where it does not say. */
struct carrier_info {
	const char *uuid, *to, *from;
	const char *cause, *source; /* finished ones */
	int cause_code;
	bool answered;    /* likewise */
	int64_t began_ms; /* likewise, Unix time; 0: not said, or no zone */
};

/* Once for each call found, then once with @info NULL: @err is 0, -ENOENT (no
 * such call), -ETIMEDOUT, ERR_AUTH, ERR_LIMIT, ERR_PROTO or a network's. */
typedef void carrier_info_h(const struct carrier_info *info, int err,
                            void *arg);

/* Ask once, without retries, in at most 10 s. @uuid NULL: all of that list
 * (live and queued ones with their uuid alone). @to: finished ones, only
 * those to this number; NULL: any. -ENOMEM. */
int carrier_ask(struct carrier *c, enum carrier_list list, const char *uuid,
                const char *to, carrier_info_h *h, void *arg) MUST_CHECK;

#endif
