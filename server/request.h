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

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"
#include "server/number.h"

enum {
	REQUEST_BODY_MAX = 64 * 1024, /* [bytes] of custom data */
	REQUEST_DEPTH = 32,           /* of custom data */
	REQUEST_AGENT_MAX = 65,       /* [bytes] with terminator */
	REQUEST_WHY_MAX = 256,        /* [bytes] */
	REQUEST_URL_MAX = 1024,       /* [bytes] with terminator */
};

struct request {
	char to[NUMBER_MAX]; /* "+15551234567" */
	struct str as_sent;  /* phone_number's JSON text */
	struct str body;     /* custom data's JSON text; empty: none */
	char agent[REQUEST_AGENT_MAX];    /* "": the default one */
	char events_url[REQUEST_URL_MAX]; /* as sent; "": none */
	struct buf ignored; /* unknown names, a JSON array; "" if none */
};

/* Read @json into @r, which borrows from it. Returns 0 or the HTTP status of
 * the refusal, with @why said for people. Needs request_fini() either way. */
int request_read(struct request *r, struct str json,
                 char why[REQUEST_WHY_MAX]) MUST_CHECK;

/* Is it the name of an agent? */
bool request_agent_ok(const char *name);

void request_fini(struct request *r);

#endif
