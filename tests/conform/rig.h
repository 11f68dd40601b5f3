/*
 * rig.h - a loop for tests of providers, and the simulators behind them
 */
#ifndef TESTS_CONFORM_RIG_H
#define TESTS_CONFORM_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net;

struct net *rig_net(void);

/* Run the loop until @done(@arg) holds; false after @ms. */
bool rig_until(bool (*done)(void *arg), void *arg, unsigned ms);

/* Run it for so long, and longer where everything is slower (TEST_TIME_SCALE):
 * something is to come of it. */
void rig_run(unsigned ms);

/* Run it for @ms and no longer: audio is pushed as it is spoken, a peer's own
 * time must pass, or nothing is to come. */
void rig_pace(unsigned ms);

/* Start a simulator with the arguments (NULL-terminated, may be NULL); returns
 * its address with @scheme ("ws", "http") in static storage per @slot (0-3). */
const char *rig_sim(const char *program, const char *scheme, unsigned slot,
                    const char *const *args);

/* What broke the protocol, as the simulator at @url saw it; fails the test
 * unless the list is empty. */
void rig_no_violations(const char *url);

/* A port of loopback on which nobody listens. */
const char *rig_dead_url(const char *scheme);

/* Call @h at the beginning of rig_end(), once: it gives up what the test has
 * opened on the loop beside providers. */
void rig_before_end(void (*h)(void));
/* What was allocated before the net was goes, too. */
void rig_ends_all(void);

/* Close the loop; fails the test when memory is left. */
void rig_end(void);

#endif
