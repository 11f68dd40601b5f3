/*
 * relayed.h - a call whose stream the server relays, with both of its ends
 *
 * The ends are sockets of the test: Plivo's and the bot's.
 */
#ifndef TESTS_FAKE_RELAYED_H
#define TESTS_FAKE_RELAYED_H

#include <stddef.h>

#include "tests/fake/world.h"
#include "tests/fake/ws_raw.h"

#define RELAYED_CALL   "/v1/Account/MATEST/Call/"
#define RELAYED_NUMBER "{\"phone_number\":\"+15551234567\"}"

struct relayed {
	char place[64], id[64], key[64], target[128];
	int plivo, bot;         /* sockets */
	struct world_seen seen; /* what asked the bot for its stream */
};

/* The next call, the @n-th, will have this place, at a bot without an
 * address. */
void relayed_script(struct relayed *l, unsigned n);

/* Place that call; open its stream. */
void relayed_dial(struct world *w, struct relayed *l, unsigned n);
void relayed_stream(struct world *w, struct relayed *l);

/* A world with one stream that is relayed. */
void relayed_open(struct world *w, struct relayed *l, const char *dotenv);

/* What one side sends in one frame is what the other side gets. */
void relayed_to_bot(const struct relayed *l, int op, const char *v, size_t len);
void relayed_to_plivo(const struct relayed *l, int op, const char *v,
                      size_t len);

/* Plivo hangs up, and the bot is told. */
void relayed_end(const struct relayed *l);

/* Nobody is let in at @target: @status and its detail. */
void relayed_refused(struct world *w, const char *target, const char *headers,
                     int status);

/* Milliseconds of a monotonic clock. */
long relayed_now_ms(void);

#endif
