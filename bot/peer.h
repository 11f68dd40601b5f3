/*
 * peer.h - who is near enough for clear text
 *
 * Between server and bot clear text is allowed on loopback and private
 * networks only. Pure: looks at addresses and URLs, resolves nothing.
 */
#ifndef BOT_PEER_H
#define BOT_PEER_H

#include <stdbool.h>
#include <stdint.h>

/* Is the numeric address, or the host name, this machine? */
bool peer_is_loopback(const char *host);

/* Loopback, or an address of RFC 1918, RFC 4193, RFC 6598 or link-local; of
 * names: those without a dot, or under .local and .internal, as clusters and
 * containers have them. */
bool peer_is_near(const char *host);

/* https, or http to a near host; wss and ws likewise. */
bool peer_url_ok(const char *url);

/* Is the URL's host this machine? */
bool peer_url_is_loopback(const char *url);

#endif
