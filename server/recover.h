/*
 * recover.h - calls that an earlier process, or another server, left behind
 */
#ifndef SERVER_RECOVER_H
#define SERVER_RECOVER_H

#include "common/attr.h"

struct app;

/* A POST that was out is unknown now; it is never sent again. What was
 * promised to be dialled is dialled. What nobody was promised is given up,
 * what was to end is ended. All else goes on by its callbacks; whether it is
 * still up is asked of Plivo (reconcile.h). The store's errors, -ENOMEM. */
int recover_calls(struct app *app) MUST_CHECK;

/* The same for calls not yet at Plivo that have lost their server since, or
 * that this one has forgotten. */
int recover_claimed(struct app *app) MUST_CHECK;

#endif
