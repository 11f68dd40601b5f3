/*
 * agent_order.h - the providers that an agent names, in the order of trying
 *
 * "stt", "llm" and "tts" of an agent file: a name, or a list of them. Which of
 * them can be used is known where the configuration is, not here.
 */
#ifndef BOT_AGENT_ORDER_H
#define BOT_AGENT_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "bot/fallback.h"
#include "common/attr.h"
#include "common/js.h"

struct agent;

struct agent_order {
	char *names[FALLBACK_PICK];
	size_t n; /* 0: as configured */
};

/* The stage that a key of the file names; -1: none. */
int agent_order_stage(const char *key);

/* -EINVAL: not a text nor a list of texts of providers that exist. -ENOMEM. */
int agent_order_parse(struct agent_order *o, enum stage stage,
                      const json_t *v) MUST_CHECK;
void agent_order_fini(struct agent_order *o);

/* Does it name @provider for @stage? */
bool agent_names(const struct agent *a, enum stage stage, const char *provider);

/* "NAME.json": its NAME, into AGENT_NAME_MAX bytes. False: another file. */
bool agent_file_name(char *name, const char *file);

/* Does an agent file in @dir do? Files that cannot be read name nobody. */
bool agents_name(const char *dir, enum stage stage, const char *provider);

/* fallback_first() with the agent's names. */
const char *agent_first(const struct agent *a, const struct fallback *f,
                        enum stage stage, uint64_t now_us);

/* fallback_choose() with the agent's names. */
void agent_choose(const struct agent *a, struct fallback *f, enum stage stage,
                  uint64_t now_us, struct fallback_pick *pick);

/* Is there a stage of which all its providers are left out? */
bool agent_is_dumb(const struct agent *a, const struct fallback *f,
                   uint64_t now_us);

#endif
