/*
 * world.h - the server in this process, with a scripted Plivo and bot
 */
#ifndef TESTS_FAKE_WORLD_H
#define TESTS_FAKE_WORLD_H

#include <stdbool.h>

#include "server/app.h"
#include "server/config.h"
#include "tests/fake/http_client.h"
#include "tests/fake/http_server.h"

enum { WORLD_SEEN_MAX = 200 };

/* What a peer says to the requests whose path begins with @path. */
struct world_rule {
	char method[16], path[128];
	struct fake_answer answer;
	bool hold; /* answer only after world_let_go() */
};

struct world_seen {
	char method[16], path[512], head[2048], body[8192];
};

struct world {
	struct config cfg;
	struct app *app;
	unsigned port; /* of the server */
	unsigned plivo_port, bot_port;
	char ledger[64];      /* path */
	struct http_answer a; /* of the last request */
	char id[64], key[64]; /* of the call that was placed */
};

/* Start it all in local mode. @dotenv: further lines, which win. */
void world_open(struct world *w, const char *dotenv);

/* The server again, as after a restart; options as before. */
void world_close(struct world *w);
void world_reopen(struct world *w);

/* Answer requests of @method whose path begins with @path like this from now
 * on. Both peers are scripted alike; their paths differ. */
void world_rule(const char *method, const char *path, int status,
                const char *body);
void world_rule_header(const char *method, const char *path, const char *lines);

/* Keep such requests waiting until world_let_go(). */
void world_hold(const char *method, const char *path);
void world_let_go(void);

/* Take WebSockets from now on, which any @path is then; otherwise they are
 * requests as any other. */
void world_take_sockets(bool take);

/* The next WebSocket that a bot was asked for, its upgrade answered; the test
 * fails when none comes. @seen gets the request, or is NULL. */
int world_socket(struct world_seen *seen);

/* Requests that have come of this kind; @seen gets the last one. */
unsigned world_seen(const char *method, const char *path,
                    struct world_seen *seen);

/* Wait until @n such requests have come; the test fails after 10 s. */
void world_await(const char *method, const char *path, unsigned n,
                 struct world_seen *seen);

/* Requests to the server; the answer is in w->a. @headers: lines or "". */
void world_do(struct world *w, const char *method, const char *target,
              const char *headers, const char *body);
void world_start(struct world *w, const char *headers, const char *body);

/* A member of the last answer's JSON, as text in a static buffer; "(none)". */
const char *world_member(const struct world *w, const char *path);

/* The part of the last answer_url that was given to Plivo after "/answer/". */
void world_key(char key[64]);

/* Wait until the call's state is @state; fails after 10 s. */
void world_await_state(struct world *w, const char *id, const char *state);

/* ---- one call ------------------------------------------------------------- */

/* world_open(), and a call that Plivo has taken: @w's id and key are its. */
void world_place(struct world *w, const char *dotenv, const char *json);

/* A callback of Plivo's for that call. @what: "answer" or "events". */
void world_hook(struct world *w, const char *what, const char *form);

/* A member of that call as the server tells of it now; see world_member(). */
const char *world_look(struct world *w, const char *member);

/* An event of that call's bot. @members: more of its JSON, or "". */
void world_bot_event(struct world *w, const char *event_id, const char *type,
                     const char *members);

/* The last answer was a refusal: JSON with one member, which says something. */
void world_refused(const struct world *w, int status);

#endif
