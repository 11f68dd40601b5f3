/*
 * errand.h - one request to a bot, or a row of them, on its way
 *
 * errand.c has what all of them need; reserve.c goes from bot to bot, simple.c
 * repeats a request to one. For server/bots alone.
 */
#ifndef SERVER_BOTS_ERRAND_H
#define SERVER_BOTS_ERRAND_H

#include "common/buf.h"
#include "server/bots/priv.h"

enum {
	BOTS_ASK_URL_MAX = BOTS_BASE_MAX + BOTS_ID_MAX + 32, /* [bytes] */
	BOTS_TEXT_MAX = 256, /* [bytes] of what a bot says, with terminator */
};

/* One reservation, going from bot to bot, or one of the simple requests. */
struct bots_errand {
	struct link link;
	struct bots *b;
	struct fetchd_job job;
	struct timer timer;
	struct fetch_req *req;
	struct buf body;
	void *arg;

	bots_reserved_h *reserved;
	uint64_t until_ms;
	uint16_t order[BOTS_MAX]; /* indexes of bots, to be asked */
	size_t n_order, next;
	struct bots_bot *asked;
	char avoid[BOTS_NAME_MAX]; /* to be asked last; "" */
	int err;                   /* the best reason so far */
	char text[BOTS_TEXT_MAX];

	bots_done_h *done;
	const char *method;
	char url[BOTS_ASK_URL_MAX], address[BOTS_ADDRESS_MAX];
	uint32_t attempt_ms;
	unsigned attempt, attempts;
};

struct bots_waiter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	int err;
	struct bots_place *place;
	char *text;
	size_t text_cap;
};

uint64_t bots_now_ms(void);

/* An id as bots give them: enough characters for 128 bits. */
bool bots_good_id(const char *id);

/* @begin runs on the thread, with the errand. NULL: no memory. */
struct bots_errand *bots_errand_new(struct bots *b, fetchd_h *begin, void *arg);
void bots_errand_free(struct bots_errand *e);

/* Frees it on an error. */
int bots_errand_post(struct bots_errand *e) MUST_CHECK;

/* Send the request with e->body. */
int bots_errand_start(struct bots_errand *e, const char *method,
                      const char *url, const char *address, uint32_t total_ms,
                      fetch_done_h *done) MUST_CHECK;

/* Append a member of an object; NULL is left out. */
int bots_add_text(struct buf *b, const char *key, const char *text) MUST_CHECK;

/* The last word; frees the errand. */
void bots_finish_reserve(struct bots_errand *e, int err,
                         const struct bots_place *place);
void bots_finish_simple(struct bots_errand *e, int err);

/* A thread that waits for a handler: init, start something with a handler
 * that tells, wait. @err: of the start; then nothing is waited for. */
void bots_waiter_init(struct bots_waiter *w, struct bots *b);
void bots_tell(struct bots_waiter *w, int err);
int bots_wait(struct bots_waiter *w, int err);

#endif
