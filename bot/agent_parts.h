/*
 * agent_parts.h - keys of an agent file that are no plain values, for
 * bot/agent.c
 *
 * All return -EINVAL with @fault, which names the key, or -ENOMEM.
 */
#ifndef BOT_AGENT_PARTS_H
#define BOT_AGENT_PARTS_H

#include "bot/agent.h"
#include "common/attr.h"
#include "common/js.h"

/* "\"@key\": @what"; returns -EINVAL. */
int agent_fault(char fault[AGENT_FAULT_MAX], const char *key, const char *what);

/* *@dst becomes a copy of @text, which may be NULL. -ENOMEM. */
int agent_text(char **dst, const char *text) MUST_CHECK;

int agent_parse_voice(struct agent *a, json_t *v,
                      char fault[AGENT_FAULT_MAX]) MUST_CHECK;
int agent_parse_when(struct agent *a, const json_t *v,
                     char fault[AGENT_FAULT_MAX]) MUST_CHECK;
int agent_parse_passages(struct agent *a, const json_t *v,
                         char fault[AGENT_FAULT_MAX]) MUST_CHECK;
int agent_parse_prompts(struct agent *a, const json_t *v,
                        char fault[AGENT_FAULT_MAX]) MUST_CHECK;
int agent_parse_menu(struct agent *a, json_t *v,
                     char fault[AGENT_FAULT_MAX]) MUST_CHECK;

#endif
