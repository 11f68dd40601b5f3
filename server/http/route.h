/*
 * route.h - from a method and a path to a row of the table
 */
#ifndef SERVER_HTTP_ROUTE_H
#define SERVER_HTTP_ROUTE_H

#include "server/http/http.h"

/* What follows @prefix in @path if that is one segment of [A-Za-z0-9_-] (more
 * than one, with slashes between, behind a star), of at most HTTP_TAIL_MAX
 * bytes; NULL otherwise. */
const char *route_tail(const char *prefix, const char *path);

/* The row for @path and @method, with @tail set. NULL: none; @allowed has
 * then the methods that @path knows, 0 if it is unknown. */
const struct http_route *route_find(const struct http_route *routes, size_t n,
                                    const char *path, enum http_method method,
                                    const char **tail, unsigned *allowed);

/* The words of an Allow header for @methods. */
const char *route_allow(char *dst, size_t cap, unsigned methods);

#endif
