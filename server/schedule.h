/*
 * schedule.h - calls that wait for a time, and those that have waited too long
 *
 * A timer looks for scheduled calls that are due, on all servers of a ledger,
 * and begins them under the guards of any other call: one that may not begin
 * yet goes on waiting, one that never may fails. Whatever is not dialled when
 * its expires_at comes ends as expired, in whatever line it stands.
 */
#ifndef SERVER_SCHEDULE_H
#define SERVER_SCHEDULE_H

#include "common/attr.h"

struct app;
struct schedule;

/* Begin on the thread of the REST calls. -ENOMEM. */
int schedule_open(struct schedule **sp, struct app *app) MUST_CHECK;

/* Before that thread ends. NULLs the caller's pointer; NULL is fine. */
void schedule_close(struct schedule **sp);

#endif
