#include "bot/failure.h"

const struct failure_rules failure_defaults = {
	.token_ms = 1500,
	.stall_ms = 2000,
	.answer_ms = 6000,
	.hear_ms = 1500,
	.filler_ms = 1500,
};
