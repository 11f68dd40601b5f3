/*
 * hung.h - calls of a bot that hangs go on at another
 *
 * A bot that crashes closes its streams, and Plivo asks how to go on. One that
 * hangs keeps them open, in silence. Once it has answered nothing for
 * BOT_HUNG_AFTER, Plivo is told to end the streams of its calls, and then asks
 * as well (again.h).
 */
#ifndef SERVER_HUNG_H
#define SERVER_HUNG_H

#include "common/attr.h"

struct app;
struct hung;

/* Begin to watch the bots; nothing happens where there are none. -ENOMEM. */
int hung_open(struct hung **hp, struct app *app) MUST_CHECK;

/* Before the carrier's client ends. NULLs the caller's pointer; NULL is
 * fine. */
void hung_close(struct hung **hp);

#endif
