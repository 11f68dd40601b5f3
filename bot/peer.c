#define _GNU_SOURCE
#include "bot/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/attr.h"
#include "common/str.h"

enum { HOST_MAX = 256 /* [bytes] with terminator */ };

struct net4 {
	uint32_t addr, mask;
};

static const struct net4 near4[] = {
	{0x0a000000, 0xff000000}, /* 10/8 */
	{0xac100000, 0xfff00000}, /* 172.16/12 */
	{0xc0a80000, 0xffff0000}, /* 192.168/16 */
	{0x64400000, 0xffc00000}, /* 100.64/10 */
	{0xa9fe0000, 0xffff0000}, /* 169.254/16 */
};

static bool loopback4(uint32_t a)
{
	return a >> 24 == 127;
}

static bool near4_ok(uint32_t a)
{
	for (size_t i = 0; i < ARRAY_LEN(near4); i++)
		if ((a & near4[i].mask) == near4[i].addr)
			return true;
	return false;
}

/* 4 or 6, and the address; 0: a name. An IPv4 address in IPv6 is 4. */
static int numeric(const char *host, uint32_t *v4, struct in6_addr *v6)
{
	struct in_addr a;

	if (inet_pton(AF_INET, host, &a) == 1) {
		*v4 = ntohl(a.s_addr);
		return 4;
	}
	if (inet_pton(AF_INET6, host, v6) != 1)
		return 0;
	if (!IN6_IS_ADDR_V4MAPPED(v6))
		return 6;
	memcpy(v4, &v6->s6_addr[12], sizeof(*v4));
	*v4 = ntohl(*v4);
	return 4;
}

static bool ends(const char *host, const char *suffix)
{
	size_t n = strlen(host), m = strlen(suffix);

	return n > m && strcmp(host + n - m, suffix) == 0;
}

bool peer_is_loopback(const char *host)
{
	struct in6_addr v6;
	uint32_t v4;
	int family = numeric(host, &v4, &v6);

	if (family == 4)
		return loopback4(v4);
	if (family == 6)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcmp(host, "localhost") == 0 || ends(host, ".localhost");
}

bool peer_is_near(const char *host)
{
	struct in6_addr v6;
	uint32_t v4;
	int family = numeric(host, &v4, &v6);

	if (peer_is_loopback(host))
		return true;
	if (family == 4)
		return near4_ok(v4);
	if (family == 6)
		return IN6_IS_ADDR_LINKLOCAL(&v6) ||
		       (v6.s6_addr[0] & 0xfe) == 0xfc;
	return host[0] && (!strchr(host, '.') || ends(host, ".local") ||
	                   ends(host, ".internal"));
}

/* The host of a URL, without port and brackets; false: there is none. */
static bool host_of(const char *url, char host[HOST_MAX])
{
	const char *at = strstr(url, "://");
	struct str h;

	if (!at)
		return false;
	at += 3;
	h = str_n(at, strcspn(at, "/?#"));
	if (memchr(h.v, '@', h.len))
		return false; /* what follows it would be the host */
	if (h.len && h.v[0] == '[') {
		h = str_n(h.v + 1, h.len - 1);
		h = str_cut(&h, ']');
	} else {
		h = str_cut(&h, ':');
	}
	return h.len && !str_copy(host, HOST_MAX, h);
}

bool peer_url_ok(const char *url)
{
	struct str u = str_of(url);
	char host[HOST_MAX];

	if (!host_of(url, host))
		return false;
	if (str_starts(u, "https://") || str_starts(u, "wss://"))
		return true;
	return (str_starts(u, "http://") || str_starts(u, "ws://")) &&
	       peer_is_near(host);
}

bool peer_url_is_loopback(const char *url)
{
	char host[HOST_MAX];

	return host_of(url, host) && peer_is_loopback(host);
}
