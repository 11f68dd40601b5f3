#include "server/http/route.h"

#include <stdio.h>
#include <string.h>

#include "server/http/message.h"

const char *route_tail(const char *prefix, const char *path)
{
	size_t n = strlen(prefix), i;
	bool more = n && prefix[n - 1] == '*';

	n -= more;
	if (!n || prefix[n - 1] != '/' || strncmp(path, prefix, n) != 0)
		return NULL;
	for (i = n; path[i]; i++) {
		char c = path[i];
		bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		          (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
		          (more && c == '/' && path[i - 1] != '/');

		if (!ok || i - n >= HTTP_TAIL_MAX)
			return NULL;
	}
	return i > n ? path + n : NULL;
}

const struct http_route *route_find(const struct http_route *routes, size_t n,
                                    const char *path, enum http_method method,
                                    const char **tail, unsigned *allowed)
{
	*allowed = 0;
	for (size_t i = 0; i < n; i++) {
		const struct http_route *r = &routes[i];

		*tail = strcmp(r->path, path) ? route_tail(r->path, path) : "";
		/* A prefix alone is not a path. */
		if (!*tail || (!**tail && r->path[strlen(r->path) - 1] == '/'))
			continue;
		if (r->methods & method)
			return r;
		*allowed |= r->methods;
	}
	*tail = "";
	return NULL;
}

const char *route_allow(char *dst, size_t cap, unsigned methods)
{
	int n = 0;

	dst[0] = '\0';
	for (unsigned m = HTTP_GET; m <= HTTP_DELETE; m <<= 1)
		if ((methods & m) && (size_t)n < cap)
			n += snprintf(dst + n, cap - (size_t)n, "%s%s",
			              n ? ", " : "",
			              http_method_name((enum http_method)m));
	return dst;
}
