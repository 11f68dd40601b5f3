/*
 * worker.h - the bot as its surroundings see it: one listener for it all
 *
 * Streams of calls come by WebSocket, the server reserves and releases places,
 * probes ask how it goes. contract.md, "dialout-bot over HTTP" and "Between
 * server and bot", is what is implemented here.
 */
#ifndef BOT_WORKER_H
#define BOT_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct bot_config;
struct net;
struct session_env;
struct worker;

struct worker_params {
	struct net *net;
	const struct bot_config *cfg;
	const struct session_env *session;
	unsigned capacity; /* calls at once */
};

/* Listen and serve. @prm's pointers are borrowed. What ws_listen() returns;
 * -ENOMEM. */
int worker_open(struct worker **wp, const struct worker_params *prm) MUST_CHECK;

/* Ends all calls at once. NULLs the caller's pointer. NULL is fine. */
void worker_close(struct worker **wp);

uint16_t worker_port(const struct worker *w);

typedef void worker_drained_h(void *arg);

/* Take no more calls and let those that are there go on, for @sec seconds at
 * most; then they are said goodbye to. @handler runs when the last has ended
 * and its events are delivered or late. Again: do not wait any longer. */
void worker_drain(struct worker *w, uint32_t sec, worker_drained_h *handler,
                  void *arg);

#endif
