/*
 * fetch_priv.h - what the two halves of fetch share
 *
 * fetch.c drives the pool; fetch_req.c knows what one request asks of libcurl
 * and what libcurl's answer means to us. Nobody else includes this.
 */
#ifndef COMMON_CURL_FETCH_PRIV_H
#define COMMON_CURL_FETCH_PRIV_H

#include <curl/curl.h>

#include "common/buf.h"
#include "common/curl/fetch.h"
#include "common/list.h"

struct fetch_req {
	struct link link; /* in one of the pool's lists */
	struct fetch *f;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct buf body;
	fetch_data_h *data; /* NULL once cancelled */
	fetch_done_h *done; /* NULL once cancelled */
	void *arg;
	int err;           /* ours, where libcurl only knows "write error" */
	uint64_t quiet_at; /* a stream silent until then is given up; 0 */
	unsigned stall_ms;
	bool finishing; /* its done is running, or it never got going */
	bool has_retry_after;
	bool closed_addr; /* an address was refused: it is not public */
	char request_id[64];
};

/* Milliseconds of a clock that only goes forward. */
uint64_t fetch_clock_ms(void);

/* Make the request and its easy handle. -EINVAL, -ENOMEM. */
int fetch_req_new(struct fetch_req **rp, const struct fetch_params *prm,
                  const char *ca_file) MUST_CHECK;

/* The easy handle is in no multi handle any more. */
void fetch_req_free(struct fetch_req *r);

/* What came of it, seen through @code. */
void fetch_req_result(struct fetch_req *r, CURLcode code,
                      struct fetch_result *res);

/* Has any of the request perhaps left? */
bool fetch_req_sent(const struct fetch_req *r);

#endif
