/*
 * plan_table.h - the table that deploy/plan.py makes, for plan.c alone
 */
#ifndef SERVER_PLAN_TABLE_H
#define SERVER_PLAN_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct plan_code {
	const char *code;
	uint32_t lengths; /* bit N: numbers of N digits, without the code */
	int set;          /* of the whole country; -1: none */
};

struct plan_prefix {
	const char *prefix; /* with the code */
	int set;
};

/* Sorted as strcmp() does. */
extern const char *const *const plan_sets[];
extern const size_t plan_sets_n;
extern const struct plan_code plan_codes[];
extern const size_t plan_codes_n;
extern const struct plan_prefix plan_prefixes[];
extern const size_t plan_prefixes_n;

#endif
