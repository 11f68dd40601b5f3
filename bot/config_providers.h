/*
 * config_providers.h - which providers there are, and what each is given
 *
 * A row per provider of a stage says which options are its credential, its
 * address, its model and its voice. A stage that is not set by name is chosen
 * by the three keys of the contract; the others are chosen by name alone.
 */
#ifndef BOT_CONFIG_PROVIDERS_H
#define BOT_CONFIG_PROVIDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "bot/provider/provider.h"
#include "common/attr.h"

struct bot_config;
struct buf;

enum stage { STAGE_STT, STAGE_LLM, STAGE_TTS };

/* Fill what STT, LLM and TTS leave open, and judge it all; a line in @faults
 * for each fault. -ENOMEM. */
int config_choose_providers(struct bot_config *cfg,
                            struct buf *faults) MUST_CHECK;

/* Are the providers' addresses such as may be used? As above. */
int config_check_providers(const struct bot_config *cfg,
                           struct buf *faults) MUST_CHECK;

/* One address: @secure ("wss://"), or @clear on loopback. NULL is fine. */
int config_check_url(struct buf *faults, const char *name, const char *url,
                     const char *secure, const char *clear) MUST_CHECK;

/* Is @name in a list like "deepgram,embedded"? */
bool config_lists(const char *list, const char *name);

/* The name of the @i-th provider of @stage that there is; NULL: no more. */
const char *config_source(enum stage stage, size_t i);

/* What the provider @name of @stage works with; all borrowed from @cfg.
 * -ENOENT: there is no such provider. ERR_AUTH: its key is not set; @key_name,
 * if not NULL, then is the option's name. */
int config_provider(const struct bot_config *cfg, enum stage stage,
                    const char *name, struct provider_cfg *out,
                    const char **key_name) MUST_CHECK;

#endif
