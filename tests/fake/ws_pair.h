/*
 * ws_pair.h - a WebSocket server and client in one loop, and what they saw
 *
 * There is one pair. Its server takes every upgrade, or answers it by
 * pair.upgrade_status; requests get the length of their body.
 */
#ifndef TESTS_FAKE_WS_PAIR_H
#define TESTS_FAKE_WS_PAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/timer.h"

/* One side of a connection and what it saw. */
struct ws_side {
	struct ws *ws;
	char log[512]; /* "open text:hello closed:1000" */
	size_t bytes, messages;
	bool echo, close_on_text, close_on_open, stop_on_text;
	int code, err, status;
};

struct ws_pair {
	struct net *net;
	struct ws_server *server;
	struct ws_side client, peer;
	struct timer later; /* for the test */
	char url[128];      /* of the server */
	char seen[2048];    /* of the last request or upgrade */
	int upgrade_status;
	bool leave_handler_unset;
};

extern struct ws_pair pair;

/* The loop and the server; the test fails when it takes longer than 8 s. */
void ws_pair_open(void);
void ws_pair_close(void);

/* Have the client connect, within 1.5 s. */
void ws_pair_dial(const char *url);

/* A side's handler; @arg: struct ws_side. Stops the loop at an end. */
void ws_pair_event(const struct ws_event *ev, void *arg);

/* Handlers for pair.later: stop the loop; have the side @arg say hello when
 * the client is open. */
void ws_pair_stop(void *arg);
void ws_pair_hello(void *arg);

#endif
