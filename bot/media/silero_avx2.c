#include "bot/media/silero_net.h"

#ifdef __x86_64__

#include <immintrin.h>

#define KERNEL_LANES          8
#define KERNEL_TARGET         __attribute__((target("avx2,fma")))
#define KERNEL_FMA(w, x, acc) _mm256_fmadd_ps(w, x, acc)
#include "bot/media/silero_step.h"

const struct silero_kernel *silero_kernel_avx2(void)
{
	static const struct silero_kernel kernel = {"avx2", step_one,
	                                            step_four};

	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
	               ? &kernel
	               : NULL;
}

#else

const struct silero_kernel *silero_kernel_avx2(void)
{
	return NULL;
}

#endif
