/* Hooks whose struct has another size. */
#include "bot/hooks.h"

static const struct dialout_hooks small = {
	.abi = DIALOUT_ABI, .size = 8, .name = "short"};

DIALOUT_HOOKS(small);
