/*
 * fleet.h - bots as the server sees them, and what is asked of them
 *
 * There is one struct bots of the test; each bot is a peer on loopback that
 * answers as its struct says.
 */
#ifndef TESTS_FAKE_FLEET_H
#define TESTS_FAKE_FLEET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/curl/fetchd.h"
#include "server/bots/bots.h"
#include "tests/fake/peer.h"

#define FLEET_ID     "abcdefghijklmnopqrstuv" /* of every place */
#define FLEET_SECRET "0123456789012345678901234567890123456789"

/* A good answer to /reserve. */
#define FLEET_PLACE                                     \
	"{\"id\":\"" FLEET_ID "\",\"stream_url\":null," \
	"\"calls\":1,\"capacity\":10}"

/* How a bot behaves: statuses of its answers. Shared with the peer's threads,
 * under fleet.lock. */
struct fleet_bot {
	int reserve, ready;
	const char *body; /* of the answer to /reserve */
	bool silent, resets;
	unsigned reserves; /* requests for a place */
	char last[PEER_TEXT_MAX];
	char lines[1024];      /* "METHOD path" of all but probes */
	int then;              /* what the simple requests get */
	unsigned resets_first; /* so many of them are cut */
};

struct fleet {
	struct fetchd *d;
	struct bots *b;
	char why[256], text[128];
	struct bots_place place;
	struct bots_call call; /* that fleet_reserve() is for */
	pthread_mutex_t lock;
};

extern struct fleet fleet;

/* The peer that is @bot, whose zeroes are made those of a good one. */
struct peer *fleet_bot(struct fleet_bot *bot);

/* The bots at @urls; at two peers. */
void fleet_open(const char *urls);
void fleet_open_two(struct peer *p, struct peer *q);
void fleet_close(void);

/* bots_reserve_wait() for fleet.call; fills fleet.place and fleet.text. */
int fleet_reserve(void);

/* Requests for a place that @bot has seen. */
unsigned fleet_reserves(const struct fleet_bot *bot);

/* Milliseconds of a monotonic clock. */
uint64_t fleet_now_ms(void);

#endif
