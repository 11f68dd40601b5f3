/*
 * reconcile_priv.h - the two parts of reconciliation, to one another
 */
#ifndef SERVER_RECONCILE_PRIV_H
#define SERVER_RECONCILE_PRIV_H

#include "server/carrier/carrier.h"

struct app;

/* The call has ended, as the carrier's record @info says. */
void reconcile_close(struct app *app, const char *id,
                     const struct carrier_info *info);

#endif
