/*
 * simmem.h - allocation for simulators: success, or the end of the process
 *
 * A simulator that runs out of memory has nothing left to say; going on with
 * half an answer would only blame the program under test.
 */
#ifndef TESTS_SIM_LIB_SIMMEM_H
#define TESTS_SIM_LIB_SIMMEM_H

#include <stddef.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/mem.h"

enum { SIM_BUF_MAX = 64 << 20 /* [bytes] any buffer of a simulator */ };

static inline void *sim_zalloc(size_t size)
{
	void *p = mem_zalloc(size);

	ASSERT(p);
	return p;
}

static inline char *sim_strdup(const char *text)
{
	char *p = mem_strdup(text);

	ASSERT(p);
	return p;
}

static inline void sim_add(struct buf *b, const void *v, size_t len)
{
	ASSERT(buf_add(b, v, len) == 0);
}

static inline void sim_adds(struct buf *b, const char *text)
{
	ASSERT(buf_adds(b, text) == 0);
}

#define sim_addf(b, ...) ASSERT(buf_addf(b, __VA_ARGS__) == 0)

#endif
