/*
 * demo_rig.h - the demonstration as `make demo` runs it, and what it says of it
 *
 * One whole call with the engines in process, whose recording must hold what
 * demo.py checks at its end.
 */
#ifndef TESTS_E2E_DEMO_RIG_H
#define TESTS_E2E_DEMO_RIG_H

enum { DEMO_LIMIT_SEC = 240 };

/* Run @variant ("": the plain one); all of @checked, up to a NULL, must be among
 * what held. Where everything is slower only that the call took place. */
void demo_run(const char *variant, const char *const *checked);

#endif
