/*
 * dns.h - host names to numeric addresses, off the loop, remembered
 *
 * libwebsockets would resolve on the loop and block it; it is therefore given
 * addresses only. Answers are kept for a minute, and for ten more when asking
 * again has failed: an old address beats a call without a voice.
 */
#ifndef BOT_NET_DNS_H
#define BOT_NET_DNS_H

#include "common/attr.h"

struct dns;
struct dns_req;
struct net;

enum {
	DNS_HOST_MAX = 256, /* [bytes] with terminator */
	DNS_ADDR_MAX = 46,  /* [bytes] numeric, with terminator */
	DNS_ADDRS_MAX = 4,  /* per host; IPv4 first */
};

struct dns_addrs {
	char v[DNS_ADDRS_MAX][DNS_ADDR_MAX];
	unsigned n;
};

int dns_new(struct dns **dp, struct net *net) MUST_CHECK;

/* Nobody waits any more. NULLs the caller's pointer. */
void dns_free(struct dns **dp);

/* What is known now: numeric hosts and fresh answers. -ENOENT. */
int dns_lookup(struct dns *dns, const char *host, struct dns_addrs *out);

/* @err: 0, -EHOSTUNREACH. */
typedef void dns_h(int err, const struct dns_addrs *addrs, void *arg);

/* Ask. -ENOMEM, -EAGAIN: too many questions at once. */
int dns_resolve(struct dns_req **rp, struct dns *dns, const char *host,
                dns_h *handler, void *arg) MUST_CHECK;

/* The handler will not run. NULLs the caller's pointer; NULL is fine. The
 * pointer is void once the handler has begun. */
void dns_cancel(struct dns_req **rp);

#endif
