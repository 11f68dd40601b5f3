/* Hooks that do not want to be loaded. */
#include "bot/hooks.h"

static int on_load(const struct dialout_host *host)
{
	(void)host;
	return 7;
}

static const struct dialout_hooks unwilling = {.abi = DIALOUT_ABI,
                                               .size = sizeof(unwilling),
                                               .name = "unwilling",
                                               .load = on_load};

DIALOUT_HOOKS(unwilling);
