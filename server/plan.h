/*
 * plan.h - the world's telephone numbers: how long they are, and what time it
 * may be where they ring
 *
 * The data are libphonenumber's (plan.txt, a C table by deploy/plan.py). Where
 * a number can ring in several zones, as one of a mobile telephone can in all
 * of its country, all of them are given.
 */
#ifndef SERVER_PLAN_H
#define SERVER_PLAN_H

#include <stdbool.h>

/* The zones in which @e164 ("+15551234567") may ring, NULL at the end; static
 * storage. NULL: nobody knows. */
const char *const *plan_zones(const char *e164);

/* Does any number of its country have so many digits? */
bool plan_possible(const char *e164);

/* All sets of zones, NULL behind the last: to see whether the system knows
 * them. */
const char *const *plan_set(unsigned i);

#endif
