/*
 * request.h - what a POST /start asks for
 *
 * Custom data is carried as the text it came in, so everything here is a span
 * of the request's body; only the number is written anew.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"
#include "server/number.h"
#include "server/when.h"

enum {
	REQUEST_BODY_MAX = 64 * 1024, /* [bytes] of custom data */
	REQUEST_DEPTH = 32,           /* of custom data */
	REQUEST_AGENT_MAX = 65,       /* [bytes] with terminator */
	REQUEST_WHY_MAX = 256,        /* [bytes] */
	REQUEST_URL_MAX = 1024,       /* [bytes] with terminator */
};

/* When, and how urgently, a call is to be made. */
struct request_when {
	int64_t not_before_ms; /* 0: at once */
	int64_t expires_ms;    /* 0: never */
	int priority;          /* the higher goes first */
	bool has_priority;     /* it was said */
};

struct request {
	char to[NUMBER_MAX]; /* "+15551234567" */
	struct str as_sent;  /* phone_number's JSON text */
	struct str body;     /* custom data's JSON text; empty: none */
	char agent[REQUEST_AGENT_MAX];    /* "": the default one */
	char events_url[REQUEST_URL_MAX]; /* as sent; "": none */
	struct request_when when;
	struct buf ignored; /* unknown names, a JSON array; "" if none */
};

/* Read @json into @r, which borrows from it, at @now_ms. Returns 0 or the HTTP
 * status of the refusal, with @why said for people. Needs request_fini() either
 * way. */
int request_read(struct request *r, struct str json, int64_t now_ms,
                 char why[REQUEST_WHY_MAX]) MUST_CHECK;

/* Read "not_before", "expires_at" or "priority" as @name; an empty @text leaves
 * it as it is. -ENOENT: @name is another. -EINVAL: @why is a sentence. */
int request_when_read(struct request_when *w, struct str name, struct str text,
                      int64_t now_ms, char why[REQUEST_WHY_MAX]) MUST_CHECK;

/* What was not said is as in @other. */
void request_when_or(struct request_when *w, const struct request_when *other);

/* Do they go together? -EINVAL: @why is a sentence. */
int request_when_check(const struct request_when *w, int64_t now_ms,
                       char why[REQUEST_WHY_MAX]) MUST_CHECK;

/* Is it the name of an agent? */
bool request_agent_ok(const char *name);

void request_fini(struct request *r);

#endif
