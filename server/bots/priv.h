/*
 * priv.h - the parts of the bots' client, to one another
 *
 * resolve.c finds out which bots there are, table.c which answer; errand.c,
 * reserve.c and simple.c talk to them, url.c reads URLs and addresses. Nobody outside this folder includes this.
 */
#ifndef SERVER_BOTS_PRIV_H
#define SERVER_BOTS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "common/curl/fetchd.h"
#include "common/list.h"
#include "common/str.h"
#include "server/bots/bots.h"

enum {
	BOTS_HOST_MAX = 254,   /* [bytes] of a host, with terminator */
	BOTS_BASE_MAX = 256,   /* [bytes] of a URL, likewise */
	BOTS_ADDRESS_MAX = 48, /* [bytes] of a numeric address, likewise */
	BOTS_URLS_MAX = 64,    /* URLs in BOT_URL */
	BOTS_CONNECT_MS = 500,
};

struct bots_url {
	char base[BOTS_BASE_MAX]; /* no slash at its end */
	char host[BOTS_HOST_MAX]; /* without brackets */
	unsigned port;
	bool tls;
	bool named; /* the host is to be resolved */
};

struct bots_bot {
	char base[BOTS_BASE_MAX];
	char address[BOTS_ADDRESS_MAX]; /* ""; else connect there */
	bool listed;       /* BOT_URL and the name servers say so */
	bool alive;        /* it answers */
	bool ready;        /* ... and takes calls */
	bool probed;       /* a question is out */
	unsigned failures; /* in a row */
	unsigned silent;   /* ... it took the question and said nothing */
	bool asked;        /* the last question is out */
};

struct bots_resolver;

struct bots {
	struct fetchd *d;
	char *urls;
	char *auth; /* header; NULL without a secret */
	struct bots_url url[BOTS_URLS_MAX];
	size_t n_urls;
	atomic_int state;               /* enum bots_state */
	struct bots_resolver *resolver; /* NULL: no names */
	pthread_mutex_t lock;
	bool closing; /* under the lock */

	/* ---- the thread's own ---- */
	struct bots_bot bot[BOTS_MAX]; /* slots stay, so indexes do, too */
	size_t n_bots;
	size_t turn; /* who is asked first */
	uint32_t hung_ms;
	bots_hung_h *hung; /* NULL: nobody asks */
	void *hung_arg;
	struct timer probe;
	struct link probes, errands;
};

/* -EINVAL. */
int bots_url_parse(struct bots_url *u, struct str text) MUST_CHECK;

/* Loopback or private? Clear text goes nowhere else. */
bool bots_address_private(const struct sockaddr *sa);
bool bots_literal_private(const char *host);

/* The name of a bot as others keep it, and back. ERR_LIMIT; -EINVAL. */
int bots_name(char name[BOTS_NAME_MAX], const struct bots_bot *bot) MUST_CHECK;
int bots_name_parse(const char *name, struct bots_url *u,
                    char address[BOTS_ADDRESS_MAX]) MUST_CHECK;

/* On the thread: what an attempt has shown of a bot. */
void bots_saw(struct bots *b, struct bots_bot *bot, int err, bool ready);

/* On the thread: what they amount to. */
void bots_update_state(struct bots *b);

/* resolve.c: find out who is there, now; and again and again. */
void bots_look(struct bots *b);
int bots_start_resolver(struct bots *b) MUST_CHECK;
void bots_stop_resolver(struct bots *b);

/* Post a job unless we are closing: -ECANCELED. */
int bots_post(struct bots *b, struct fetchd_job *job) MUST_CHECK;

/* On the thread: end all errands. */
void bots_end_errands(struct bots *b);

#endif
