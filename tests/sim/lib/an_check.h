/*
 * an_check.h - the rules of a request to the Messages API
 */
#ifndef TESTS_SIM_LIB_AN_CHECK_H
#define TESTS_SIM_LIB_AN_CHECK_H

#include <stdbool.h>

#include "tests/sim/lib/sim.h"

struct an_error {
	int status;
	const char *type;
	char message[256];
};

/* 0, or -1 and @e. */
int an_check_request(const json_t *body, struct an_error *e) MUST_CHECK;

/* Roles, blocks, and that every call has its result. */
int an_check_messages(const json_t *messages, struct an_error *e) MUST_CHECK;

/* Fill @e as a 400; returns -1. */
int an_fail(struct an_error *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The conversation as rules see it (oa_script.h): one entry per text and per
 * result of a tool, {"role","content"}, the system's text first. */
json_t *an_plain(const json_t *body) MUST_CHECK;

void an_reply_error(struct simreq *r, const struct an_error *e,
                    const char *request_id);

#endif
