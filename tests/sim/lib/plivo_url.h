/*
 * plivo_url.h - URLs, name-value pairs and Plivo's retry rule in a fragment
 *
 * A URL is kept byte for byte as it was given, since signatures cover exactly
 * those bytes; the parts here are copies cut out of it.
 */
#ifndef TESTS_SIM_LIB_PLIVO_URL_H
#define TESTS_SIM_LIB_PLIVO_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

enum {
	PSIM_URL_MAX = 4096,  /* [bytes] far above Plivo's 2,048 for streams */
	PSIM_PAIRS_MAX = 128, /* a webhook has about twenty */
};

struct psim_url {
	char text[PSIM_URL_MAX]; /* without fragment */
	char scheme[8];
	char host[256];
	char port[6];
	char authority[264]; /* what goes into Host */
	const char *target;  /* into text; "" stands for "/" */
	char fragment[256];
	bool tls; /* https or wss */
};

/* http, https, ws, wss with a host; no white space, controls or userinfo.
 * -EINVAL, ERR_LIMIT. */
int psim_url_parse(struct psim_url *u, const char *text) MUST_CHECK;

/* When Plivo gives up on a fetch, and when it tries again. */
struct psim_rule {
	uint32_t ct_ms, rt_ms, tt_ms; /* connect, read, all tries together */
	unsigned retries;             /* on the same URL */
	bool on_4xx, on_5xx, on_connect, on_read;
};

/* The defaults, changed by @fragment ("ct=2000&rc=3&rp=all"). -EINVAL: a key,
 * value or range Plivo does not know; @why gets its name (32 bytes). */
int psim_rule_parse(struct psim_rule *r, const char *fragment,
                    char why[32]) MUST_CHECK;

struct psim_pair {
	char *k, *v; /* decoded, owned */
};

struct psim_pairs {
	struct psim_pair v[PSIM_PAIRS_MAX];
	size_t n;
};

/* Copies both. -ENOMEM, ERR_LIMIT. */
int psim_pairs_add(struct psim_pairs *p, const char *k,
                   const char *v) MUST_CHECK;
int psim_pairs_addf(struct psim_pairs *p, const char *k, const char *fmt,
                    ...) MUST_CHECK PRINTF_LIKE(3, 4);

/* A query or a form body. -EINVAL: broken escape; -ENOMEM, ERR_LIMIT. */
int psim_pairs_parse(struct psim_pairs *p, struct str text) MUST_CHECK;

const char *psim_pairs_get(const struct psim_pairs *p, const char *k);

/* Append as k=v&k=v, percent-encoded as forms are. -ENOMEM, ERR_LIMIT. */
int psim_pairs_encode(const struct psim_pairs *p, struct buf *out) MUST_CHECK;

/* By key, then by value, bytewise. */
void psim_pairs_sort(struct psim_pairs *p);

void psim_pairs_fini(struct psim_pairs *p);

#endif
