/*
 * outbox.h - tells the user's webhook what happens in calls
 *
 * One thread of its own with its own connections takes letters that are due
 * from the ledger (server/store/outbox.h) and posts them, some at a time. It
 * shares nothing with those that place and answer calls but the ledger, so a
 * receiver that is slow, hangs or is gone costs no call anything. 2xx is
 * taken; 410 is final; all else, redirects too, is tried again for a day.
 */
#ifndef SERVER_OUTBOX_H
#define SERVER_OUTBOX_H

#include "common/attr.h"

struct app;
struct outbox;

/* What an earlier process left is due at once. -ENOMEM, -EAGAIN (no thread),
 * or what the ledger says. */
int outbox_open(struct outbox **op, struct app *app) MUST_CHECK;

/* What is under way is given up, and due again. NULLs the caller's pointer.
 * NULL is fine. */
void outbox_close(struct outbox **op);

/* There is news: look now, not at the next turn. From any thread; NULL is
 * fine. */
void outbox_kick(struct outbox *o);

#endif
