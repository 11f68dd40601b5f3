/*
 * booth.h - a worker, Plivo's side of its streams, the server's of its events
 *
 * There is one, in one loop with all who ask of it. What it is to be is set in
 * booth before booth_open(). The test program brings the sessions: it includes
 * session_here.h.
 */
#ifndef TESTS_FAKE_BOOTH_H
#define TESTS_FAKE_BOOTH_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/config.h"
#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/worker.h"
#include "common/timer.h"

/* Plivo's side of a stream. */
struct booth_phone {
	struct ws *ws;
	char log[512]; /* "open text:{...} closed:1000 " */
};

struct fallback;

struct booth {
	struct net *net;
	struct worker *worker;
	struct bot_config cfg;
	unsigned capacity;
	const char *agent; /* the default one's file; NULL: a plain one */
	struct fallback *fallback;      /* of its sessions; NULL: none */
	const char *listen_on, *bearer; /* a header of all requests, or NULL */
	struct booth_phone phone, other;

	/* The server's side of events. */
	struct ws_server *server;
	char events[8192]; /* a line for each POST that was taken */
	int events_status;
	unsigned posts, asked;

	/* Of the last request and reservation. */
	int status;
	char answer[16384], id[64];
	long retry_after;

	char base[64], ws_base[64]; /* addresses of the worker */
};

extern struct booth booth;
extern const char booth_secret[], booth_token[]; /* of bots; of Plivo */

/* The handlers of the server that takes events. */
extern const struct ws_handlers booth_server;

/* The test fails when it takes longer than 10 s. */
void booth_open(void);
void booth_close(void);

/* The same with a public address, a secret and Plivo's token. */
void booth_open_public(void);

/* Let the loop run for a while. Only where nothing is to be waited for. */
void booth_pass(uint32_t ms);

/* The status of a request; its answer is in booth.answer. */
int booth_ask(const char *method, const char *path, const char *body);

/* The same of POST /reserve. @body: custom data as JSON, or NULL. */
int booth_reserve(const char *call_id, const char *body);

/* Open a stream, and wait for what comes of it; as the server, with its
 * secret, or signed for @url as Plivo does. */
void booth_dial(struct booth_phone *p, const char *path, bool as_server);
void booth_dial_signed(struct booth_phone *p, const char *path, const char *url,
                       const char *nonce);

/* Say what a stream says first. */
void booth_start(struct booth_phone *p, const char *uuid);

/* A reserved call that is on, on booth.phone: its session is open. */
void booth_call(const char *call_id, const char *uuid);

#endif
