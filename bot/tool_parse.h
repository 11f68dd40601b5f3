/*
 * tool_parse.h - how a tool of an agent file is read, for the files that do it
 *
 * Faults are one sentence that names the key.
 */
#ifndef BOT_TOOL_PARSE_H
#define BOT_TOOL_PARSE_H

#include <stdbool.h>

#include "bot/tool_http.h"
#include "common/attr.h"
#include "common/js.h"

/* "@key @what"; returns -EINVAL. */
int tool_fault(char fault[TOOL_FAULT_MAX], const char *key, const char *what);

/* Is @text not empty, and of letters, digits and what is in @more? */
bool tool_only(const char *text, const char *more);

/* A copy of the text under @key; *@dst stays when it is absent. -EINVAL,
 * -ENOMEM. */
int tool_text(char **dst, const json_t *obj, const char *key, bool required,
              char fault[TOOL_FAULT_MAX]) MUST_CHECK;

/* -EINVAL: @obj has a key that is not in @known, which NULL ends. */
int tool_known(json_t *obj, const char *const *known,
               char fault[TOOL_FAULT_MAX]) MUST_CHECK;

#endif
