/*
 * agent_after.h - what an agent file asks for when a call is over
 *
 *	"after_call": {"prompt": "Note what was agreed on.",
 *	               "fields": {JSON Schema of an object},
 *	               "timeout_sec": 30}
 *
 * All of it is optional; {} asks for a summary alone.
 */
#ifndef BOT_AGENT_AFTER_H
#define BOT_AGENT_AFTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/js.h"

enum { AGENT_AFTER_FAULT_MAX = 200 /* [bytes] with terminator */ };

struct agent_after {
	bool wanted;
	char *prompt;   /* NULL: the default one */
	char *fields;   /* JSON text; NULL: none */
	json_t *schema; /* the same; NULL: none */
	uint32_t timeout_ms;
};

/* -EINVAL, with @fault saying what and where; -ENOMEM. @a is released by
 * agent_after_fini() in any case. */
int agent_after_parse(struct agent_after *a, json_t *v,
                      char fault[AGENT_AFTER_FAULT_MAX]) MUST_CHECK;

void agent_after_fini(struct agent_after *a);

#endif
