/*
 * oa_check.h - the rules of a chat completion's request
 */
#ifndef TESTS_SIM_LIB_OA_CHECK_H
#define TESTS_SIM_LIB_OA_CHECK_H

#include <stdbool.h>

#include "tests/sim/lib/sim.h"

struct oa_error {
	int status;
	const char *type;
	const char *code;  /* NULL: null */
	const char *param; /* NULL: null */
	char message[256];
};

/* 0, or -1 and @e. @lenient: a server that overlooks what it does not know. */
int oa_check_request(const json_t *body, bool lenient,
                     struct oa_error *e) MUST_CHECK;

/* The text of a message: a string, or the text parts of an array, joined. The
 * caller releases it with mem_free(). */
char *oa_text_of(const json_t *message) MUST_CHECK;

void oa_reply_error(struct simreq *r, const struct oa_error *e);

#endif
