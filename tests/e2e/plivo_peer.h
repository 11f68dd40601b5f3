/*
 * plivo_peer.h - what plivo-sim talks to in its own tests: server and bot
 *
 * Webhooks and streams come to one small server that is written by hand, in
 * one thread and without any part of the programs or of the simulator. It
 * works only while a test waits in one of the peer_wait functions.
 */
#ifndef TESTS_E2E_PLIVO_PEER_H
#define TESTS_E2E_PLIVO_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PEER_CONNS = 64,
	PEER_REQUESTS = 128,
	PEER_IN = 128 * 1024, /* [bytes] of one connection, not yet read */
};

struct peer_request {
	char method[8];
	char target[4096];
	char headers[4096];
	char body[4096];
	double at; /* [s] monotonic */
};

struct peer_conn {
	int fd; /* -1: free */
	bool ws;
	size_t len;
	char *in;
};

struct peer {
	int listener, port;
	struct peer_conn conns[PEER_CONNS];
	struct peer_request log[PEER_REQUESTS];
	size_t count;

	/* Webhooks under /answer and /next get these documents, or a status
	 * that is no 200, for the first @fail of them. */
	char answer[4096], next[4096];
	int status;
	unsigned fail;

	/* The stream. */
	int upgrade; /* status of the answer to upgrades; 101 */
	struct peer_conn *stream;
	char stream_id[64], call_id[64];
	json_t *events; /* all messages but media, in order */
	unsigned media, pings, starts;
	double first_media, last_media;
	uint8_t loudest; /* of the audio that came: distance from silence */
	int close_code;  /* -1: no close frame came */
	bool closed;     /* the last stream's socket is gone */
};

void peer_open(struct peer *p);
void peer_close(struct peer *p);

/* Wait, serving, and fail the test after @ms. */
void peer_wait_requests(struct peer *p, const char *prefix, size_t n, int ms);
void peer_wait_events(struct peer *p, const char *event, size_t n, int ms);
void peer_wait_media(struct peer *p, unsigned n, int ms);
void peer_wait_closed(struct peer *p, int ms);

/* Serve for so long. */
void peer_serve(struct peer *p, int ms);

/* The nth (0, 1, ...) request whose target begins with @prefix; NULL: none. */
const struct peer_request *peer_request(const struct peer *p,
                                        const char *prefix, size_t n);
size_t peer_requests(const struct peer *p, const char *prefix);
size_t peer_events(const struct peer *p, const char *event);

/* A parameter of a form body, decoded; "" when absent. Until the next call. */
const char *peer_param(const struct peer_request *r, const char *name);

/* A header's value; "" when absent. Until the next call. */
const char *peer_header(const struct peer_request *r, const char *name);

/* One message to the simulator; @play: mu-law square wave or silence. */
void peer_text(struct peer *p, const char *text);
void peer_frame(struct peer *p, int first, const void *v, size_t len);
void peer_play(struct peer *p, unsigned ms, bool loud);
void peer_checkpoint(struct peer *p, const char *name);
void peer_clear(struct peer *p);

/* Close frame with @code; 0: the socket alone. */
void peer_hang_up(struct peer *p, int code);

double peer_now(void);

#endif
