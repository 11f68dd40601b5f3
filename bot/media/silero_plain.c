#define KERNEL_LANES 4
#define KERNEL_TARGET
#define KERNEL_FMA(w, x, acc) ((acc) + (w) * (x))
#include "bot/media/silero_step.h"

const struct silero_kernel *silero_kernel_plain(void)
{
	static const struct silero_kernel kernel = {"plain", step_one,
	                                            step_four};

	return &kernel;
}
