#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "server/bots/priv.h"

static bool host_chars(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!isalnum((unsigned char)s.v[i]) && s.v[i] != '-' &&
		    s.v[i] != '.' && s.v[i] != '_')
			return false;
	}
	return s.len > 0;
}

static bool path_chars(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!isalnum((unsigned char)s.v[i]) && !strchr("/-._~", s.v[i]))
			return false;
	}
	return true;
}

static bool is_literal(const char *host)
{
	unsigned char v[16];

	return inet_pton(AF_INET, host, v) == 1 ||
	       inet_pton(AF_INET6, host, v) == 1;
}

/* "HOST", "HOST:PORT", "[ADDRESS]:PORT". */
static int parse_authority(struct bots_url *u, struct str s)
{
	struct str host;
	uint64_t port = u->tls ? 443 : 80;
	bool v6 = str_starts(s, "["), has_port;

	if (v6) {
		s = str_n(s.v + 1, s.len - 1);
		host = str_cut(&s, ']');
		if (!s.v || (s.len && s.v[0] != ':'))
			return -EINVAL;
		has_port = s.len > 0;
		if (has_port)
			s = str_n(s.v + 1, s.len - 1);
	} else {
		host = str_cut(&s, ':');
		has_port = s.v != NULL;
		if (!host_chars(host))
			return -EINVAL;
	}
	if (has_port && str_u64(s, 65535, &port))
		return -EINVAL;
	if (!port || str_copy(u->host, sizeof(u->host), host) ||
	    (v6 && !(strchr(u->host, ':') && is_literal(u->host))))
		return -EINVAL;
	u->port = (unsigned)port;
	/* The library tries both addresses of this name by itself. */
	u->named = !is_literal(u->host) && !str_eq_nocase(host, "localhost");
	return 0;
}

int bots_url_parse(struct bots_url *u, struct str text)
{
	struct str rest, authority, path;

	memset(u, 0, sizeof(*u));
	text = str_trim(text);
	while (text.len && text.v[text.len - 1] == '/')
		text.len--;
	if (str_starts(text, "https://"))
		u->tls = true;
	else if (!str_starts(text, "http://"))
		return -EINVAL;
	rest = str_n(text.v + (u->tls ? 8 : 7), text.len - (u->tls ? 8 : 7));
	authority = str_cut(&rest, '/');
	path = rest;
	if (!path_chars(path) || str_copy(u->base, sizeof(u->base), text))
		return -EINVAL;
	return parse_authority(u, authority);
}

static bool private_v4(uint32_t a)
{
	return a >> 24 == 127 || a >> 24 == 10 || a >> 20 == 0xac1 ||
	       a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe ||
	       a >> 22 == 0x191 /* 100.64.0.0/10 */;
}

static bool private_v6(const uint8_t v[16])
{
	static const uint8_t loopback[16] = {[15] = 1};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(v, mapped, sizeof(mapped)) == 0)
		return private_v4((uint32_t)v[12] << 24 |
		                  (uint32_t)v[13] << 16 | (uint32_t)v[14] << 8 |
		                  v[15]);
	return memcmp(v, loopback, sizeof(loopback)) == 0 ||
	       (v[0] & 0xfe) == 0xfc || (v[0] == 0xfe && (v[1] & 0xc0) == 0x80);
}

bool bots_address_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		return private_v4(ntohl(in.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		return private_v6(in6.sin6_addr.s6_addr);
	}
	return false;
}

bool bots_literal_private(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return private_v4(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return private_v6(v6.s6_addr);
	return str_eq_nocase(str_of(host), "localhost");
}

static bool ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && str_eq_nocase(str_of(text + n - m), end);
}

enum bots_near bots_near(const char *url)
{
	struct bots_url u;

	if (bots_url_parse(&u, str_of(url)))
		return BOTS_FAR;
	if (bots_literal_private(u.host))
		return BOTS_NEAR;
	if (is_literal(u.host))
		return BOTS_FAR;
	return !strchr(u.host, '.') || ends(u.host, ".local") ||
	                       ends(u.host, ".internal") ||
	                       ends(u.host, ".localhost")
	               ? BOTS_NEAR
	               : BOTS_NAMED;
}

int bots_name(char name[BOTS_NAME_MAX], const struct bots_bot *bot)
{
	int n = snprintf(name, BOTS_NAME_MAX, "%s%s%s", bot->base,
	                 bot->address[0] ? "#" : "", bot->address);

	return n < BOTS_NAME_MAX ? 0 : ERR_LIMIT;
}

int bots_name_parse(const char *name, struct bots_url *u,
                    char address[BOTS_ADDRESS_MAX])
{
	struct str rest = str_of(name);
	struct str base = str_cut(&rest, '#');

	if (bots_url_parse(u, base) ||
	    str_copy(address, BOTS_ADDRESS_MAX, rest) ||
	    (address[0] && !is_literal(address)))
		return -EINVAL;
	return 0;
}

int bots_target(const char *bot, char *host, size_t host_cap, unsigned *port,
                bool *tls)
{
	char address[BOTS_ADDRESS_MAX];
	struct bots_url u;
	int err = bots_name_parse(bot, &u, address);

	if (!err)
		err = str_copy(host, host_cap,
		               str_of(address[0] ? address : u.host));
	if (err)
		return -EINVAL;
	*port = u.port;
	*tls = u.tls;
	return 0;
}
