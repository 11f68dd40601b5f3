/*
 * mem.h - memory, with a count of live blocks
 *
 * All of our own allocations come through here, so that a test can ask for
 * leaks by count and can make the Nth allocation fail. Sizes are bytes. Safe
 * to use from several threads.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

#include "common/attr.h"

/* NULL when there is no memory. Released with mem_free(). */
void *mem_alloc(size_t size) MUST_CHECK;

/* The same, filled with zeros. */
void *mem_zalloc(size_t size) MUST_CHECK;

/* Grow or shrink; on NULL the old block is as it was. */
void *mem_realloc(void *p, size_t size) MUST_CHECK;

/* A terminated copy of @text, or of its first @len bytes; NULL: no memory. */
char *mem_strdup(const char *text) MUST_CHECK;
char *mem_strndup(const char *text, size_t len) MUST_CHECK;

/* NULL is fine. */
void mem_free(void *p);

/* Blocks that are allocated now. */
size_t mem_live(void);

/* Let the next @n allocations succeed and the one after them fail, once.
 * A negative @n ends that. For tests. */
void mem_fail_after(long n);

#endif
