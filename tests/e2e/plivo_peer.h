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
	PPEER_CONNS = 64,
	PPEER_REQUESTS = 128,
	PPEER_IN = 128 * 1024, /* [bytes] of one connection, not yet read */
};

struct ppeer_request {
	char method[8];
	char target[4096];
	char headers[4096];
	char body[4096];
	double at; /* [s] monotonic */
};

struct ppeer_conn {
	int fd; /* -1: free */
	bool ws;
	size_t len;
	char *in;
};

struct ppeer {
	int listener, port;
	struct ppeer_conn conns[PPEER_CONNS];
	struct ppeer_request log[PPEER_REQUESTS];
	size_t count;

	/* Webhooks under /answer and /next get these documents, or a status
	 * that is no 200, for the first @fail of them. */
	char answer[4096], next[4096];
	int status;
	unsigned fail;

	/* The stream. */
	int upgrade; /* status of the answer to upgrades; 101 */
	struct ppeer_conn *stream;
	char stream_id[64], call_id[64];
	size_t payload; /* characters that each media message must have */
	json_t *events; /* all messages but media, in order */
	unsigned media, pings, starts;
	double first_media, last_media;
	uint8_t loudest; /* of the audio that came: distance from silence */
	int close_code;  /* -1: no close frame came */
	bool closed;     /* the last stream's socket is gone */
};

void ppeer_open(struct ppeer *p);
void ppeer_close(struct ppeer *p);

/* Wait, serving, and fail the test after @ms. */
void ppeer_wait_requests(struct ppeer *p, const char *prefix, size_t n, int ms);
void ppeer_wait_events(struct ppeer *p, const char *event, size_t n, int ms);
void ppeer_wait_media(struct ppeer *p, unsigned n, int ms);
void ppeer_wait_closed(struct ppeer *p, int ms);

/* Serve for so long. */
void ppeer_serve(struct ppeer *p, int ms);

/* The nth (0, 1, ...) request whose target begins with @prefix; NULL: none. */
const struct ppeer_request *ppeer_request(const struct ppeer *p,
                                          const char *prefix, size_t n);
size_t ppeer_requests(const struct ppeer *p, const char *prefix);
size_t ppeer_events(const struct ppeer *p, const char *event);

/* A parameter of a form body, decoded; "" when absent. Until the next call. */
const char *ppeer_param(const struct ppeer_request *r, const char *name);

/* A header's value; "" when absent. Until the next call. */
const char *ppeer_header(const struct ppeer_request *r, const char *name);

/* One message to the simulator; @play: mu-law square wave or silence. */
void ppeer_text(struct ppeer *p, const char *text);
void ppeer_frame(struct ppeer *p, int first, const void *v, size_t len);
void ppeer_play(struct ppeer *p, unsigned ms, bool loud);
/* Samples at 8,000 Hz, in packets of 20 ms. */
void ppeer_say(struct ppeer *p, const int16_t *v, size_t n);
void ppeer_checkpoint(struct ppeer *p, const char *name);
void ppeer_clear(struct ppeer *p);

/* Close frame with @code; 0: the socket alone. */
void ppeer_hang_up(struct ppeer *p, int code);

/* Bytes to one connection. */
void ppeer_put(struct ppeer_conn *c, const void *v, size_t len);

double ppeer_now(void);

#endif
