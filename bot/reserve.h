/*
 * reserve.h - the places of a bot: who may come, until when, and who has come
 *
 * The server reserves a place before it dials; the stream that comes for it
 * binds it. A place that nobody binds is given up after its time to live. An
 * id that has ended is remembered for a while, because an end is final: the
 * same stream that comes once more is refused. So is its call, unless nobody
 * has come: then it may have another place. Pure, on struct timers.
 *
 *	reserve_add -> WAITING -- reserve_bind --> BOUND -- reserve_end --> gone
 *	                  `------ time to live, reserve_end --------------> gone
 */
#ifndef BOT_RESERVE_H
#define BOT_RESERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/crypto.h"
#include "common/list.h"
#include "common/timer.h"

enum {
	RESERVE_CALL_ID_MAX = 65,   /* [bytes] with terminator */
	RESERVE_UUID_MAX = 65,      /* [bytes] with terminator */
	RESERVE_NUMBER_MAX = 65,    /* [bytes] with terminator */
	RESERVE_AGENT_MAX = 64,     /* [bytes] with terminator */
	RESERVE_URL_MAX = 1025,     /* [bytes] with terminator */
	RESERVE_ENDED_MAX = 4096,   /* ids that are remembered */
	RESERVE_ENDED_SEC = 3600,   /* for so long [s] */
	RESERVE_TTL_MAX_SEC = 3600, /* longest time to live [s] */
};

enum reserve_state { RESERVE_WAITING, RESERVE_BOUND };

/* What is reserved for. Texts are copied; NULL where there is none. */
struct reserve_params {
	const char *call_id; /* NULL: of a stream that came unannounced */
	const char *to, *from, *agent, *events_url;
	const char *body; /* JSON text of any length; NULL without */
	size_t body_len;
	const char *past; /* JSON text for past.h; NULL: it is the first bot */
	size_t past_len;
	unsigned again; /* how often the call had to come to another bot */
	uint32_t ttl_sec;
};

struct reserve_table;

struct reservation {
	struct link link;
	struct reserve_table *table;
	struct timer ttl;
	uint32_t ttl_ms;
	enum reserve_state state;
	char id[CRYPTO_ID_LEN];
	char call_id[RESERVE_CALL_ID_MAX];
	char to[RESERVE_NUMBER_MAX], from[RESERVE_NUMBER_MAX];
	char agent[RESERVE_AGENT_MAX];
	char events_url[RESERVE_URL_MAX];
	char uuid[RESERVE_UUID_MAX]; /* the carrier's id; "" until known */
	char *body;                  /* NULL without */
	char *past;                  /* what other bots have talked; NULL */
	unsigned again;              /* bots before this one */
	/* Providers of stt, llm and tts, static; NULL: nobody knows. */
	const char *uses[3];
	bool detect_machine; /* the agent wants the carrier's word for it */
	bool machine;        /* the carrier says that one has answered */
	void *owner;         /* the user's; NULL at first */
	void *kit;           /* made ready for it; NULL: nothing */
	void (*drop_kit)(void *kit); /* ... and how it is released */
};

/* Nobody has come for @r in its time; it is freed when this returns. */
typedef void reserve_expired_h(struct reservation *r, void *arg);

int reserve_table_new(struct reserve_table **tp, struct timers *ts,
                      reserve_expired_h *expired, void *arg) MUST_CHECK;

/* Drops all places without a word. NULLs the caller's pointer. */
void reserve_table_free(struct reserve_table **tp);

/* Places taken: waiting and bound ones. */
unsigned reserve_count(const struct reserve_table *t);
unsigned reserve_bound(const struct reserve_table *t);

/* Reserve, or find the place that this call has already. ERR_LIMIT: @capacity
 * places are taken. ERR_STALE: this call has ended. -EINVAL: a text is too
 * long. -ENOMEM. */
int reserve_add(struct reservation **rp, struct reserve_table *t,
                const struct reserve_params *prm, unsigned capacity) MUST_CHECK;

/* By id; NULL: no such place, or no longer. */
struct reservation *reserve_find(struct reserve_table *t, const char *id);

/* By call; NULL without. */
struct reservation *reserve_find_call(struct reserve_table *t,
                                      const char *call_id);

/* One after the other; NULL: none (any more). Take the next one before ending one. */
struct reservation *reserve_first(struct reserve_table *t);
struct reservation *reserve_next(struct reservation *r);

/* Has this id stood, and ended? */
bool reserve_has_ended(const struct reserve_table *t, const char *id);

/* From now on only @uuid may bind; the time to live starts again.
 * ERR_STALE: another uuid is bound or awaited. -EINVAL: no uuid. */
int reserve_prepare(struct reservation *r, const char *uuid) MUST_CHECK;

/* It is still wanted: unless it is bound, its time to live starts again. */
void reserve_renew(struct reservation *r);

/* The stream of @uuid has come, or come again. ERR_AUTH: another is expected.
 * -EINVAL: no uuid. */
int reserve_bind(struct reservation *r, const char *uuid) MUST_CHECK;

/* It is over. NULLs the caller's pointer. */
void reserve_end(struct reservation **rp);

#endif
