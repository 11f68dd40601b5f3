/*
 * config_priv.h - between config.c and config_guards.c
 */
#ifndef SERVER_CONFIG_PRIV_H
#define SERVER_CONFIG_PRIV_H

#include "common/attr.h"
#include "server/config.h"

/* Fill in what is not set. */
void config_guards_derive(struct config *cfg);

/* Append what is wrong to @faults. */
int config_guards_check(struct config *cfg, struct buf *faults) MUST_CHECK;

#endif
