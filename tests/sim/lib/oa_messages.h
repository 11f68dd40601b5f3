/*
 * oa_messages.h - the rules of a conversation's messages
 */
#ifndef TESTS_SIM_LIB_OA_MESSAGES_H
#define TESTS_SIM_LIB_OA_MESSAGES_H

#include "tests/sim/lib/oa_check.h"

/* Roles, contents, and that every tool call has its answer. 0, or -1. */
int oa_check_messages(const json_t *messages, struct oa_error *e) MUST_CHECK;

/* Fill @e as a 400; returns -1. */
int oa_fail(struct oa_error *e, const char *param, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
