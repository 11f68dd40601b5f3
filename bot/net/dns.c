#define _GNU_SOURCE
#include "bot/net/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "bot/net/loop.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	HOSTS_MAX = 32,       /* remembered; three providers need three */
	ASKING_MAX = 64,      /* at once */
	FRESH_US = 60000000,  /* one minute */
	STALE_US = 660000000, /* usable when asking again has failed */
};

struct host {
	char name[DNS_HOST_MAX];
	struct dns_addrs addrs;
	uint64_t asked_us;
};

struct dns {
	struct net *net;
	struct host hosts[HOSTS_MAX];
	struct link asking;
	unsigned n_asking;
};

struct dns_req {
	uv_getaddrinfo_t uv;
	struct link link;
	struct dns *dns; /* NULL once that is gone */
	dns_h *handler;  /* NULL once cancelled */
	void *arg;
	char name[DNS_HOST_MAX];
};

int dns_new(struct dns **dp, struct net *net)
{
	struct dns *dns = mem_zalloc(sizeof(*dns));

	if (!dns)
		return -ENOMEM;
	dns->net = net;
	list_init(&dns->asking);
	*dp = dns;
	return 0;
}

void dns_free(struct dns **dp)
{
	struct dns *dns = *dp;

	if (!dns)
		return;
	*dp = NULL;
	while (!list_empty(&dns->asking)) {
		struct dns_req *r =
			CONTAINER_OF(dns->asking.next, struct dns_req, link);

		list_remove(&r->link);
		r->dns = NULL;
		r->handler = NULL;
		uv_cancel((uv_req_t *)&r->uv);
	}
	mem_free(dns);
}

static struct host *find(struct dns *dns, const char *name)
{
	for (unsigned i = 0; i < HOSTS_MAX; i++)
		if (strcmp(dns->hosts[i].name, name) == 0)
			return &dns->hosts[i];
	return NULL;
}

static bool numeric(const char *host)
{
	unsigned char addr[16];

	return inet_pton(AF_INET, host, addr) == 1 ||
	       inet_pton(AF_INET6, host, addr) == 1;
}

int dns_lookup(struct dns *dns, const char *host, struct dns_addrs *out)
{
	const struct host *h;

	if (numeric(host)) {
		out->n = 1;
		return str_copy(out->v[0], DNS_ADDR_MAX, str_of(host));
	}
	h = find(dns, host);
	if (!h || timers_now(dns->net->timers) - h->asked_us >= FRESH_US)
		return -ENOENT;
	*out = h->addrs;
	return 0;
}

static void add_family(struct dns_addrs *out, const struct addrinfo *ai,
                       int family)
{
	for (; ai && out->n < DNS_ADDRS_MAX; ai = ai->ai_next) {
		if (ai->ai_family != family)
			continue;
		if (!getnameinfo(ai->ai_addr, ai->ai_addrlen, out->v[out->n],
		                 DNS_ADDR_MAX, NULL, 0, NI_NUMERICHOST))
			out->n++;
	}
}

static void remember(struct dns *dns, const char *name,
                     const struct dns_addrs *addrs)
{
	struct host *h = find(dns, name);

	if (!h) {
		h = &dns->hosts[0];
		for (unsigned i = 1; i < HOSTS_MAX; i++)
			if (dns->hosts[i].asked_us < h->asked_us)
				h = &dns->hosts[i];
	}
	memcpy(h->name, name, DNS_HOST_MAX);
	h->addrs = *addrs;
	h->asked_us = timers_now(dns->net->timers);
}

static int answer(struct dns *dns, const char *name, int status,
                  struct dns_addrs *out)
{
	const struct host *h;

	if (out->n) {
		remember(dns, name, out);
		return 0;
	}
	log_line(LOG_WARN, "dns", NULL, "event=no_answer host=%s why=%s", name,
	         status ? uv_err_name(status) : "empty");
	h = find(dns, name);
	if (!h || timers_now(dns->net->timers) - h->asked_us >= STALE_US)
		return -EHOSTUNREACH;
	*out = h->addrs;
	return 0;
}

static void done_handler(uv_getaddrinfo_t *uv, int status, struct addrinfo *ai)
{
	struct dns_req *r = CONTAINER_OF(uv, struct dns_req, uv);
	struct dns *dns = r->dns;
	struct dns_addrs addrs = {.n = 0};

	if (!status) {
		add_family(&addrs, ai, AF_INET);
		add_family(&addrs, ai, AF_INET6);
	}
	uv_freeaddrinfo(ai);
	if (dns) {
		int err;

		net_touch(dns->net);
		list_remove(&r->link);
		dns->n_asking--;
		err = answer(dns, r->name, status, &addrs);
		if (r->handler)
			r->handler(err, &addrs, r->arg);
	}
	mem_free(r);
}

int dns_resolve(struct dns_req **rp, struct dns *dns, const char *host,
                dns_h *handler, void *arg)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct dns_req *r;
	int err;

	if (dns->n_asking >= ASKING_MAX)
		return -EAGAIN;
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	err = str_copy(r->name, sizeof(r->name), str_of(host));
	if (!err)
		err = uv_getaddrinfo(&dns->net->loop, &r->uv, done_handler,
		                     r->name, NULL, &hints);
	if (err) {
		mem_free(r);
		return err;
	}
	r->dns = dns;
	r->handler = handler;
	r->arg = arg;
	list_append(&dns->asking, &r->link);
	dns->n_asking++;
	*rp = r;
	return 0;
}

void dns_cancel(struct dns_req **rp)
{
	if (!*rp)
		return;
	(*rp)->handler = NULL;
	*rp = NULL;
}
