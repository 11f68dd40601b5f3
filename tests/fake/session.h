/*
 * session.h - a conversation that only remembers what was done to it
 *
 * In place of bot/session.c in tests of what is around it, which include
 * session_here.h once.
 */
#ifndef TESTS_FAKE_SESSION_H
#define TESTS_FAKE_SESSION_H

#include "bot/session.h"

struct fake_session {
	struct session *session; /* NULL when closed */
	char log[1024];          /* "open:call/uuid/to/body frame:... ..." */
	unsigned opened, open_now;
	int refuse; /* what the next session_open() returns */
};

/* The last one that was opened. */
struct fake_session *fake_session(void);

/* Have it do what a conversation does. */
int fake_session_send(const char *text);
void fake_session_hangup(void);
void fake_session_event(enum session_event_type type, const char *json);

#endif
