/*
 * script_impl.h - a parsed rule file, shared by its parser and its player
 */
#ifndef BOT_PROVIDER_SCRIPT_IMPL_H
#define BOT_PROVIDER_SCRIPT_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "bot/provider/script_rules.h"

enum {
	INTENTS_MAX = 64,
	STATES_MAX = 64,
	RULES_MAX = 512,
	PHRASES_MAX = 2048,
	CONDS_MAX = 6, /* of one rule */
};

enum cond_type { COND_INTENT, COND_GIVEN, COND_KNOWN, COND_UNKNOWN };

struct cond {
	enum cond_type type;
	size_t index; /* of the intent, or of the slot */
};

enum rule_type { RULE_WHEN, RULE_ENTER, RULE_ELSE };

struct rule {
	enum rule_type type;
	size_t state; /* where it holds; STATES_MAX: in any */
	struct cond conds[CONDS_MAX];
	size_t n_conds;
	size_t target; /* STATES_MAX: the same */
	char tool[SCRIPT_NAME_MAX];
	char *say;
};

struct intent {
	char name[SCRIPT_NAME_MAX];
	unsigned weight;
};

struct phrase {
	size_t intent;
	struct words *words; /* allocated for its n words alone */
};

enum slot_type { SLOT_DAY, SLOT_TIME, SLOT_TEXT };

struct slot {
	char name[SCRIPT_NAME_MAX];
	enum slot_type type;
	size_t state; /* SLOT_TEXT: where it is taken */
};

struct script {
	struct intent intents[INTENTS_MAX];
	size_t n_intents;
	struct phrase phrases[PHRASES_MAX];
	size_t n_phrases;
	struct slot slots[SCRIPT_SLOTS_MAX];
	size_t n_slots;
	char states[STATES_MAX][SCRIPT_NAME_MAX];
	bool defined[STATES_MAX]; /* a "state" line was seen */
	size_t n_states;
	struct rule rules[RULES_MAX];
	size_t n_rules;
};

/* Append the arguments of a report on the dialogue that stands at @at, as a
 * JSON object. @parameters is the tool's schema. -ENOMEM, ERR_LIMIT. */
int script_report(const struct script *s, const struct script_place *at,
                  unsigned turns, const char *parameters,
                  struct buf *out) MUST_CHECK;

#endif
