/*
 * url.h - the parts of a ws or wss URL
 */
#ifndef BOT_NET_URL_H
#define BOT_NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	URL_HOST_MAX = 256, /* [bytes] with terminator */
	/* [bytes] of path and query, with terminator: libwebsockets prints the
	 * request line into 2,048 bytes and fails silently beyond */
	URL_PATH_MAX = 1901,
};

struct url {
	bool tls;
	char host[URL_HOST_MAX]; /* without brackets */
	uint16_t port;
	char path[URL_PATH_MAX]; /* with query, begins with '/' */
};

/* -EINVAL: not such a URL, or with user, fragment, control characters.
 * ERR_LIMIT: too long. */
int url_parse(struct url *url, const char *text) MUST_CHECK;

#endif
