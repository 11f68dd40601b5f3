/*
 * fetch.h - HTTP requests over libcurl's multi interface
 *
 * One struct fetch is one pool of connections. It is driven either by a
 * foreign loop (struct fetch_driver) or by fetch_wait() on a thread of its
 * own. All functions but fetch_wakeup() belong to the thread that drives it.
 *
 * The five laws of callbacks hold for every request: an error from
 * fetch_start() means no handler will run; none runs before it has returned;
 * done runs exactly once, last; after fetch_cancel() none runs; what handlers
 * are given is theirs until they return. Cancelling inside a handler is fine.
 */
#ifndef COMMON_CURL_FETCH_H
#define COMMON_CURL_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct fetch;
struct fetch_req;

enum { FETCH_IN = 1, FETCH_OUT = 2 }; /* what a socket waits for */

/* What a foreign loop does for us. */
struct fetch_driver {
	/* Watch @fd for @events of the above; 0: no longer. */
	void (*watch)(int fd, unsigned events, void *arg);
	/* Call fetch_timeout() after @ms, in place of an earlier wish; -1:
	 * do not. Never calls back at once. */
	void (*set_timer)(long ms, void *arg);
	void *arg;
};

struct fetch_opts {
	const char *ca_file;     /* NULL: the system's; copied */
	unsigned max_host_conns; /* 0: no limit; h2 streams share them */
	const struct fetch_driver *driver; /* NULL: fetch_wait(); copied */
};

int fetch_new(struct fetch **fp, const struct fetch_opts *opts) MUST_CHECK;

/* Cancels what is in flight. NULLs the caller's pointer. */
void fetch_free(struct fetch **fp);

/* The foreign loop reports: @fd is ready; the timer went off. */
void fetch_ready(struct fetch *f, int fd, unsigned events);
void fetch_timeout(struct fetch *f);

/* Work on what is in flight for at most @ms, or until fetch_wakeup(). */
int fetch_wait(struct fetch *f, unsigned ms);

/* End a fetch_wait() early. From any thread. */
void fetch_wakeup(struct fetch *f);

struct fetch_result {
	int err;          /* 0: an answer came, whatever its status. -ETIMEDOUT,
	             * -ECONNREFUSED, -EHOSTUNREACH (name), ERR_AUTH (TLS),
	             * -EACCES (public_only, and its address is not),
	             * ERR_LIMIT (body too long), -ECONNRESET, ERR_PROTO */
	int status;       /* HTTP status, 0 if none came */
	bool sent;        /* may the peer have seen any of the request? */
	const char *body; /* terminated; without a data handler only */
	size_t body_len;
	long retry_after_sec; /* of the answer's header, -1 without */
	char request_id[64];  /* header x-request-id or request-id, or "" */
	uint32_t connect_ms, first_byte_ms, total_ms;
};

/* A piece of a 2xx answer's body. A negative return ends the request, and
 * result.err is that. Bodies of other statuses are collected for done. */
typedef int fetch_data_h(const char *v, size_t len, void *arg);
typedef void fetch_done_h(const struct fetch_result *r, void *arg);

struct fetch_params {
	const char *method; /* "GET", "POST", "DELETE" ... */
	const char *url;
	const char *address; /* numeric; connect there, not to what the URL's
	                      * host resolves to. NULL: resolve it */
	const char *const
		*headers; /* "Name: value", NULL-terminated, or NULL */
	const char *user, *password; /* basic authentication, or NULL */
	const char *body;            /* or NULL; copied, as all of this */
	size_t body_len;
	unsigned connect_ms; /* deadline of the connection [ms]; 0: 5000 */
	unsigned total_ms;   /* deadline of it all [ms]; 0: none (streams) */
	unsigned stall_ms;   /* longest silence of a stream [ms]; 0: none */
	size_t max_body;     /* [bytes] collected; 0: 1 MiB */
	bool http2;          /* HTTP/2 over TLS, multiplexed, if the peer can */
	bool fresh;          /* never on a used connection: for requests that
	                      * must not be repeated by the library */
	bool public_only;    /* refuse addresses that are not public, see
	                      * common/netaddr.h; goes past any proxy */
	fetch_data_h *data;  /* NULL: collect the body */
	fetch_done_h *done;
	void *arg;
};

/* -EINVAL: not an http(s) URL. -ENOMEM. */
int fetch_start(struct fetch *f, struct fetch_req **rp,
                const struct fetch_params *prm) MUST_CHECK;

/* No handler runs any more. NULLs the caller's pointer; NULL is fine. After
 * done has run the request is gone, and the pointer must not be used. */
void fetch_cancel(struct fetch_req **rp);

#endif
