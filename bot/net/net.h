/*
 * net.h - the loop and what is reached through it
 *
 * One struct net is one libuv loop with our timers driven by it, a pool of
 * HTTP connections, and the WebSocket context. It is all that providers and
 * sessions see of the outside; nobody above this folder names libuv or
 * libwebsockets. Everything belongs to the loop's thread, net_wake_send()
 * apart.
 */
#ifndef BOT_NET_NET_H
#define BOT_NET_NET_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/curl/fetch.h" /* for users of net_fetch() */

struct net;
struct net_wake;
struct timers;

/* @ca_file: certificates to trust, NULL for the system's; copied.
 * -ENOMEM, or what the loop or the WebSocket library refuses. */
int net_new(struct net **np, const char *ca_file) MUST_CHECK;

/* All that was opened on it has been closed. NULLs the caller's pointer. */
void net_free(struct net **np);

/* Serve until net_stop(). */
int net_run(struct net *net);
void net_stop(struct net *net);

struct timers *net_timers(struct net *net);

/* HTTP requests through common/curl/fetch.h; names resolved off the loop. */
struct fetch *net_fetch(struct net *net);

/* Milliseconds since 1970 of a time of the schedule's clock; for records. */
uint64_t net_wall_ms(const struct net *net, uint64_t at_us);

typedef void net_signal_h(int signum, void *arg);

/* Call @handler for each @signum from now on. */
int net_on_signal(struct net *net, int signum, net_signal_h *handler,
                  void *arg) MUST_CHECK;

typedef void net_wake_h(void *arg);

/* A door for other threads: each net_wake_send() makes @handler run on the
 * loop soon; several may be answered by one run. */
int net_wake_open(struct net_wake **wp, struct net *net, net_wake_h *handler,
                  void *arg) MUST_CHECK;
void net_wake_send(struct net_wake *w); /* from any thread */
void net_wake_close(struct net_wake **wp);

struct net_lag {
	uint32_t p50_us, p99_us, max_us; /* timers' lateness, last 10 s */
	uint64_t count;                  /* timers that this is of */
};

/* How late the loop's timers run; the one health figure to export. */
void net_lag(const struct net *net, struct net_lag *lag);

#endif
