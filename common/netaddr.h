/*
 * netaddr.h - is an address on the internet at large?
 *
 * A request whose target somebody else may choose - a model, a name server -
 * must not reach what is only reachable from here: this machine, its
 * neighbours, the cloud's metadata. So what counts is a resolved address, and
 * what is not known to be public is not.
 */
#ifndef COMMON_NETADDR_H
#define COMMON_NETADDR_H

#include <stdbool.h>

struct sockaddr;

/* False: loopback, link-local, private, metadata, multicast, reserved, or of
 * another family. An IPv4 address inside an IPv6 one is looked at itself. */
bool netaddr_public(const struct sockaddr *sa);

/* The same of its numeric text; false too for what is none. */
bool netaddr_text_public(const char *text);

#endif
