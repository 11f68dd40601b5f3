/*
 * relay_priv.h - the streams of the relay
 *
 * relay.c says which come in; relay_stream.c carries them.
 */
#ifndef SERVER_RELAY_PRIV_H
#define SERVER_RELAY_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/buf.h"
#include "server/http/http.h"

struct app;
struct relay_client;

struct relay {
	struct app *app;
	int stop_fd; /* readable once the streams are to end */
	pthread_mutex_t lock;
	pthread_cond_t changed;       /* a pump has ended */
	struct relay_stream *streams; /* under lock */
	unsigned n;                   /* of them; under lock */
};

struct relay_stream {
	struct relay *relay;
	struct relay_stream *next; /* under the relay's lock */
	struct relay_client *bot;
	struct http_ws *plivo;
	pthread_t pump;
	bool pumping;        /* there is a pump; under the relay's lock */
	bool pumped;         /* the pump has ended; under the relay's lock */
	bool plivo_closed;   /* in order, by a frame; of Plivo's thread */
	bool bot_lost;       /* it takes no more; of Plivo's thread */
	atomic_bool told;    /* Plivo has a close frame, nothing follows */
	atomic_bool closing; /* by us, so answers are not passed on */
	struct buf parts;    /* of a message that came in pieces */
	enum http_ws_op parts_op;
	bool in_parts;
	char call_id[64], id[HTTP_TAIL_MAX + 1];
};

/* A stream that is neither counted nor open. NULL: out of memory. */
struct relay_stream *relay_stream_new(struct relay *r, const char *call_id,
                                      const char *id);

/* Count it among the streams. A call's second socket comes in place of its
 * first one, which may take a while to end. false: RELAY_MAX run. */
bool relay_stream_enter(struct relay_stream *s);

/* It ends before it was opened. @entered: it was counted. */
void relay_stream_drop(struct relay_stream *s, bool entered);

/* The three of http_ws_route; @user is the stream, with a bot. */
int relay_stream_opened(struct http_ws *ws, void *user);
bool relay_stream_frame(void *user, enum http_ws_op op, bool fin, const char *v,
                        size_t len);
void relay_stream_closed(void *user);

#endif
