/*
 * relay_socket.h - a TCP socket on which nothing waits for ever
 *
 * Non-blocking underneath; each function has a deadline. Several threads may
 * write, one at a time, while one reads.
 */
#ifndef SERVER_RELAY_SOCKET_H
#define SERVER_RELAY_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"

/* Of a clock that never goes back [ms]. */
int64_t relay_now_ms(void);

/* A connected socket, or negative: -ENOENT: no such host; -ETIMEDOUT;
 * -ECONNREFUSED and the like. Addresses share @ms. */
int relay_connect(const char *host, unsigned port, uint32_t ms) MUST_CHECK;

/* Send it all. -ETIMEDOUT, -EPIPE, -ECONNRESET. */
int relay_write(int fd, const void *v, size_t len, uint32_t ms) MUST_CHECK;

/* Wait for bytes and read at most @cap of them. @until: relay_now_ms() of the
 * deadline; negative: none. @stop_fd: -ECANCELED when it is readable; -1: no
 * such thing. 0: the peer has closed. -ETIMEDOUT, -ECONNRESET. */
ssize_t relay_read(int fd, void *dst, size_t cap, int64_t until,
                   int stop_fd) MUST_CHECK;

#endif
