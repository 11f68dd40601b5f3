#include "common/netaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "common/attr.h"

struct range4 {
	uint32_t net;
	unsigned bits;
};

/* clang-format off */
static const struct range4 closed4[] = {
	{0x00000000,  8}, /* 0.0.0.0/8: this host */
	{0x0a000000,  8}, /* 10.0.0.0/8 */
	{0x64400000, 10}, /* 100.64.0.0/10: carriers', and a cloud's metadata */
	{0x7f000000,  8}, /* 127.0.0.0/8 */
	{0xa83f8110, 32}, /* 168.63.129.16: a cloud's wire server */
	{0xa9fe0000, 16}, /* 169.254.0.0/16: link-local, metadata */
	{0xac100000, 12}, /* 172.16.0.0/12 */
	{0xc0000000, 24}, /* 192.0.0.0/24: protocols', a cloud's metadata */
	{0xc0000200, 24}, /* 192.0.2.0/24: documentation */
	{0xc0586300, 24}, /* 192.88.99.0/24: relays */
	{0xc0a80000, 16}, /* 192.168.0.0/16 */
	{0xc6120000, 15}, /* 198.18.0.0/15: benchmarks */
	{0xc6336400, 24}, /* 198.51.100.0/24: documentation */
	{0xcb007100, 24}, /* 203.0.113.0/24: documentation */
	{0xe0000000,  3}, /* 224.0.0.0 and above: multicast, reserved */
};
/* clang-format on */

static bool public4(uint32_t addr)
{
	for (size_t i = 0; i < ARRAY_LEN(closed4); i++)
		if ((addr ^ closed4[i].net) >> (32 - closed4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t be32(const unsigned char *v)
{
	return (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 |
	       (uint32_t)v[2] << 8 | v[3];
}

/* Global unicast is 2000::/3; within it are some that lead elsewhere. */
static bool public6(const unsigned char a[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	const uint32_t head = be32(a);

	if (!memcmp(a, mapped, 12) || !memcmp(a, nat64, 12))
		return public4(be32(a + 12));
	return head >> 29 == 1 &&              /* 2000::/3 */
	       head >> 9 != 0x20010000 >> 9 && /* 2001::/23: Teredo ... */
	       head != 0x20010db8 &&           /* documentation */
	       head >> 16 != 0x2002 &&         /* 6to4 */
	       head >> 12 != 0x3fff0;          /* documentation */
}

bool netaddr_public(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		return public4(ntohl(in.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in;

		memcpy(&in, sa, sizeof(in));
		return public6(in.sin6_addr.s6_addr);
	}
	return false;
}

bool netaddr_text_public(const char *text)
{
	unsigned char v[16];

	if (inet_pton(AF_INET, text, v) == 1)
		return public4(be32(v));
	return inet_pton(AF_INET6, text, v) == 1 && public6(v);
}
