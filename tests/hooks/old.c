/* Hooks of another version. */
#include "bot/hooks.h"

static const struct dialout_hooks old = {
	.abi = DIALOUT_ABI + 1, .size = sizeof(old), .name = "old"};

DIALOUT_HOOKS(old);
