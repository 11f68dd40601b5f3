/*
 * agent_tools.h - "tools" of an agent file, for bot/agent.c
 */
#ifndef BOT_AGENT_TOOLS_H
#define BOT_AGENT_TOOLS_H

#include "bot/agent.h"
#include "common/js.h"

/* A list of built-in tools' names and of tools of the file's own. -EINVAL with
 * @fault; -ENOMEM. */
int agent_tools_parse(struct agent *a, const json_t *list,
                      char fault[AGENT_FAULT_MAX]) MUST_CHECK;

/* Do the tools fit the rest of the file? -EINVAL with @fault. */
int agent_tools_check(const struct agent *a,
                      char fault[AGENT_FAULT_MAX]) MUST_CHECK;

/* Find the code that goes with the agent, beside the files of @dir. As
 * hook_lib_find(). */
int agent_hooks_find(struct agent *a, const char *dir,
                     char fault[AGENT_FAULT_MAX]) MUST_CHECK;

void agent_tools_free(struct agent *a);

#endif
