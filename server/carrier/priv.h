/*
 * priv.h - the parts of a carrier, to one another
 *
 * dispatch.c places calls, ready.c says which, turn.c says when, errand.c does
 * everything else, plivo.c knows one carrier's requests and answers and does no
 * I/O. Nobody outside this folder includes this.
 */
#ifndef SERVER_CARRIER_PRIV_H
#define SERVER_CARRIER_PRIV_H

#include <pthread.h>

#include "common/buf.h"
#include "common/curl/fetchd.h"
#include "common/list.h"
#include "server/carrier/carrier.h"

enum {
	CARRIER_UUID_MAX = 65,  /* [bytes] with terminator; Plivo's have 36 */
	CARRIER_TEXT_MAX = 512, /* [bytes] of an error's text, likewise */
	CARRIER_BODY_MAX = 64 * 1024,    /* [bytes] of a request */
	CARRIER_REPLY_MAX = 1024 * 1024, /* [bytes] of an answer */
};

struct carrier_account {
	const char *api_url, *auth_id, *auth_token;
};

/* A request to be made: URL and JSON body, empty without. */
struct carrier_req {
	const char *method;
	struct buf url, body;
};

/* One carrier, as pure functions. Writers return -ENOMEM, ERR_LIMIT. */
struct carrier_ops {
	const char *name;
	int (*dial)(struct carrier_req *out, const struct carrier_account *a,
	            const struct carrier_dial *d);
	/* @uuid and @text get what the outcome points to. */
	void (*dialed)(const struct fetch_result *r, struct carrier_outcome *o,
	               char uuid[CARRIER_UUID_MAX],
	               char text[CARRIER_TEXT_MAX]);
	int (*hangup)(struct carrier_req *out, const struct carrier_account *a,
	              const char *uuid);
	/* End its streams, not the call. */
	int (*leave)(struct carrier_req *out, const struct carrier_account *a,
	             const char *uuid);
	/* Take back a call that is still queued or ringing. */
	int (*cancel)(struct carrier_req *out, const struct carrier_account *a,
	              const char *uuid);
	/* Go on with the document of @url. */
	int (*transfer)(struct carrier_req *out,
	                const struct carrier_account *a, const char *uuid,
	                const char *url);
	int (*ask)(struct carrier_req *out, const struct carrier_account *a,
	           enum carrier_list list, const char *uuid, const char *to);
	/* Gives @h the calls of a 2xx answer; ERR_PROTO: it is none. */
	int (*asked)(const struct fetch_result *r, enum carrier_list list,
	             carrier_info_h *h, void *arg);
};

struct carrier {
	const struct carrier_ops *ops;
	struct fetchd *d;
	char *api_url, *auth_id, *auth_token;
	uint64_t full_us; /* between two POSTs at the full pace */
	int (*turn)(int priority, uint64_t interval_us, uint64_t *wait_us,
	            void *arg);
	void (*turn_hold)(uint32_t ms, void *arg);
	void *turn_arg;
	uint32_t queue_max;

	pthread_mutex_t lock;         /* guards what follows, up to the line */
	struct link queue, withdrawn; /* struct dialing */
	unsigned queued, out;
	uint64_t last_ticket;
	bool pump_posted, closing;
	struct fetchd_job pump;

	/* ---- the thread's own ---- */
	struct link posts;   /* struct dialing, POST out */
	struct link errands; /* struct errand */
	struct timer pace, arm;
	struct dialing *armed; /* of posts, it goes out when its turn comes, */
	uint64_t armed_us;     /* at that moment */
	uint64_t interval_us;  /* between two POSTs now */
	uint64_t next_us;      /* the next POST is due */
	bool has_turn;         /* at that moment, of all servers */
	unsigned yields;       /* turns left to others, one after the other */
	unsigned retakes;      /* turns taken anew for the call that goes out */
};

/* One call on its way: queued, or its POST is out. */
struct dialing {
	struct link link;
	struct carrier *c;
	uint64_t ticket;
	struct carrier_dial dial; /* its texts are in @texts */
	char *texts[8];
	bool waits;      /* in the queue, under the lock */
	uint64_t due_us; /* not ready before that, likewise */
	carrier_sending_h *sending;
	carrier_dialed_h *done;
	void *arg;
	struct fetch_req *req;
};

void carrier_req_init(struct carrier_req *r);
void carrier_req_fini(struct carrier_req *r);
struct carrier_account carrier_account(const struct carrier *c);

/* Microseconds of a clock that only goes forward. */
uint64_t carrier_clock_us(void);

/* On the thread, turn.c: may one more of this priority be posted now? Otherwise
 * carrier_pump() runs when it may. */
bool carrier_its_turn(struct carrier *c, int priority);
void carrier_spend_turn(struct carrier *c);
/* May a call go out now whose turn is at *@at_us? Where that was missed it gets
 * another. False: it waits for the moment that *@at_us then is. */
bool carrier_in_time(struct carrier *c, uint64_t *at_us);
/* Nothing is posted for that long. */
void carrier_pause(struct carrier *c, uint32_t ms);
/* Plivo says we are too fast, and after how many seconds we may go on. */
void carrier_hold(struct carrier *c, long sec);
/* On the thread, ready.c: the next that is ready; NULL: there is none, and the
 * pump runs when there may be one. */
struct dialing *carrier_next_ready(struct carrier *c);
/* It is not ready, nor are others of its kind. */
void carrier_hold_kind(struct carrier *c, const struct dialing *dg);
/* Out of the queue. False: it was withdrawn, and is not in it. */
bool carrier_take_out(struct carrier *c, struct dialing *dg);
/* dispatch.c: post what may be posted. */
void carrier_pump(void *arg);

/* Post a job, unless the carrier is closing: -ECANCELED. */
int carrier_post(struct carrier *c, struct fetchd_job *job) MUST_CHECK;

/* On the thread: everything errand.c has under way ends. */
void carrier_end_errands(struct carrier *c);

#endif
