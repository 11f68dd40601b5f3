/*
 * session_hooks.h - the conversation's side of hooks.h, for the session's own
 * files
 *
 * With an agent that has no hooks none of it does anything.
 */
#ifndef BOT_SESSION_HOOKS_H
#define BOT_SESSION_HOOKS_H

#include <stdbool.h>

#include "bot/session.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

struct running;
struct tool;

/* Before the texts are filled in. -ENOMEM. */
int session_hooks_open(struct session *s,
                       const struct session_params *prm) MUST_CHECK;

/* The last hook runs; the code knows of this call no more. Twice is fine. */
void session_hooks_over(struct session *s, const char *by, const char *cause);
void session_hooks_close(struct session *s);

/* The callee's turn is over. */
void session_hooks_heard(struct session *s, struct str text);

/* ... but was not: lines that answer it are void. */
void session_hooks_reopened(struct session *s);

/* Does a line wait; has it been said that nothing but the end does? */
bool session_lines_wait(const struct session *s);
bool session_hooks_end(const struct session *s);
void session_say_line(struct session *s); /* the first of them */

/* Nobody speaks: say what waits, end if it was asked for. */
void session_hooks_quiet(struct session *s);

/* A built-in tool runs. */
void session_hooks_told(struct session *s, const char *name, const char *args);

/* Does the agent's code answer this call? */
bool session_hooks_take(struct running *c, const struct tool *tool,
                        struct str args);

#endif
