/*
 * loop.h - the inside of struct net, for this folder alone
 *
 * libuv runs the loop. One timerfd stands for all of our timers: it is armed
 * in the prepare phase for the earliest of them and looked after in the check
 * phase, which is finer than libuv's milliseconds and costs one system call
 * only when the earliest time has changed.
 */
#ifndef BOT_NET_LOOP_H
#define BOT_NET_LOOP_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "bot/net/lag.h"
#include "bot/net/net.h"
#include "bot/net/pace.h"
#include "common/buf.h"
#include "common/list.h"
#include "common/timer.h"

enum { NET_SIGNALS_MAX = 4 };

struct dns;
struct netfetch;

struct net_sig {
	uv_signal_t uv;
	net_signal_h *handler;
	void *arg;
};

struct net {
	uv_loop_t loop;
	uv_poll_t tick; /* on timer_fd */
	uv_prepare_t prepare;
	uv_check_t check;
	int timer_fd;
	uint64_t armed_us; /* what timer_fd is set to; 0: nothing */
	struct timers *timers;
	struct pace pace;
	struct lag lag;
	struct net_sig sigs[NET_SIGNALS_MAX];
	unsigned n_sigs;

	struct dns *dns;
	struct netfetch *fetch;

	struct link orphans; /* connections whose server has closed */

	/* WebSockets */
	struct lws_context *lws;
	struct lws_vhost *server_vhost, *client_vhost;
	struct link sockets; /* every struct ws with a life of its own */
	struct ws *adopting; /* while lws takes over an accepted socket */
	struct buf tx;       /* room for a header before each message */
};

/* Set the schedule's clock: first thing in every callback of libuv or
 * libwebsockets, so that timers_now() is this turn's. */
void net_touch(struct net *net);

/* The WebSocket library on this loop: one context, two virtual hosts. */
int net_lws_init(struct net *net, const char *ca_file) MUST_CHECK;

/* Drops all sockets; the loop must run before the second step. */
void net_lws_stop(struct net *net);
void net_lws_fini(struct net *net);

/* Connections that still write the answers of a closed server. */
void http_conn_drop_orphans(struct net *net);

int netfetch_new(struct netfetch **np, struct net *net,
                 const char *ca_file) MUST_CHECK;
struct fetch *netfetch_get(struct netfetch *nf);
void netfetch_free(struct netfetch **np);

#endif
