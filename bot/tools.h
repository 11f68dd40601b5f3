/*
 * tools.h - what the model can do besides talking
 *
 * A tool has a name, a description and a schema for the model. A built-in one
 * has a function that is given the arguments as the model wrote them and has
 * its result at once; one of an agent file is a request over HTTP, see
 * tool_call.h, whose result comes later. A result is text for the model; what
 * a tool does to the call is said by its effect.
 */
#ifndef BOT_TOOLS_H
#define BOT_TOOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/str.h"

struct buf;
struct tool_http;
struct tool_transfer;

enum tool_effect {
	TOOL_GO_ON,    /* the model gets the result and speaks again */
	TOOL_END_CALL, /* hang up once what was said has been heard */
	TOOL_DIGITS,   /* press keys; the result says whether it was done */
};

struct tool {
	const char *name;
	const char *description;
	const char *parameters; /* JSON Schema text */
	enum tool_effect effect;

	/* Append the result to @result. @args is JSON that was checked, an
	 * object. An error means that the model is told it failed. */
	int (*run)(const struct tool *tool, struct str args,
	           struct buf *result);

	const struct tool_http *http; /* in place of run(); NULL: built in */
	const struct tool_transfer *transfer; /* likewise */
	bool hook;           /* the agent's code answers, see hooks.h */
	uint32_t timeout_ms; /* ... in so long */
	const char *filler;  /* said while it runs, if nothing else is; NULL */
};

/* The built-in tool of that name; NULL if there is none. */
const struct tool *tools_find(const char *name);

/* The arguments of a call as an object: @args, or an empty one. -EINVAL: they
 * are none, or lack what the tool requires; @result says so to the model, as
 * it does where there is no tool at all (NULL). -ENOMEM, ERR_LIMIT. */
int tools_args(const struct tool *tool, const char *args, struct str *object,
               struct buf *result) MUST_CHECK;

/* Run the built-in @tool. Arguments that tools_args() refuses and a run that
 * failed become a result that says so, and have no effect on the call. -ENOMEM,
 * ERR_LIMIT. */
int tools_run(const struct tool *tool, const char *args, struct buf *result,
              enum tool_effect *effect) MUST_CHECK;

/* Append {"error": @what}; bytes that are not UTF-8 are replaced. */
int tools_error(struct buf *result, const char *what) MUST_CHECK;

#endif
