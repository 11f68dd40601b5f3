/*
 * script_rules.h - the scripted model's rules, and one step of a dialogue
 *
 * A rule file is read top to bottom, a rule a line ('#' begins a comment):
 *
 *	intent NAME [* WEIGHT]: phrase | phrase | ...
 *	slot NAME: @day | @time | @text in STATE
 *	state NAME              the rules that follow hold in this state
 *	any                     ... in every state, after the state's own
 *	    when COND, ... => STATE [tool NAME]: what is said
 *	    enter COND, ... => STATE [tool NAME]: what is said
 *	    else => STATE [tool NAME]: what is said
 *
 * COND: an intent's name; +SLOT given in this utterance; ?SLOT known; -SLOT
 * unknown. "same" is the state that holds. A rule that says nothing goes on to
 * the "enter" rules of its state. The n-th "else" of a state answers the n-th
 * utterance in a row that nobody understood; the last one answers all later.
 * In what is said, {slot} is a slot's value and {{path|default}} a place in
 * the call's custom data.
 */
#ifndef BOT_PROVIDER_SCRIPT_RULES_H
#define BOT_PROVIDER_SCRIPT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "bot/provider/script_words.h"
#include "common/attr.h"

struct buf;
struct script;

enum {
	SCRIPT_NAME_MAX = 32, /* [bytes] with terminator */
	SCRIPT_SLOTS_MAX = 16,
	SCRIPT_FILE_MAX = 256 * 1024, /* [bytes] */
};

/* Where a dialogue is. Begins zeroed: in the file's first state. */
struct script_place {
	size_t state;
	unsigned lost; /* utterances in a row that were not understood */
	char slots[SCRIPT_SLOTS_MAX][SLOT_VALUE_MAX]; /* "": unknown */
};

/* Parse @text. Faults go to @faults, a line each. -EINVAL, -ENOMEM. */
int script_parse(struct script **sp, struct str text,
                 struct buf *faults) MUST_CHECK;
int script_read(struct script **sp, const char *path,
                struct buf *faults) MUST_CHECK;

/* Answer @said. What is to be said is appended to @out; @tool is the name of
 * the tool to be called, or NULL. @body: custom data as JSON, or NULL.
 * -ENOMEM, ERR_LIMIT. */
int script_step(const struct script *s, struct script_place *at,
                struct str said, const char *body, struct buf *out,
                const char **tool) MUST_CHECK;

/* For tests and logs. */
const char *script_state_name(const struct script *s, size_t state);
const char *script_slot(const struct script *s, const struct script_place *at,
                        const char *name);

void script_free(struct script **sp);

#endif
