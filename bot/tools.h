/*
 * tools.h - what the model can do besides talking
 *
 * A tool has a name, a description and a schema for the model, and a function
 * that is given the arguments as the model wrote them. Its result is text for
 * the model; what it does to the call is said by its effect.
 */
#ifndef BOT_TOOLS_H
#define BOT_TOOLS_H

#include "common/attr.h"
#include "common/str.h"

struct buf;

enum tool_effect {
	TOOL_GO_ON,    /* the model gets the result and speaks again */
	TOOL_END_CALL, /* hang up once what was said has been heard */
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
};

/* The built-in tool of that name; NULL if there is none. */
const struct tool *tools_find(const char *name);

/* Run @tool. Arguments that are no JSON object and a run that failed become
 * a result that says so, and have no effect on the call; so does no tool at
 * all (NULL). -ENOMEM, ERR_LIMIT. */
int tools_run(const struct tool *tool, const char *args, struct buf *result,
              enum tool_effect *effect) MUST_CHECK;

#endif
