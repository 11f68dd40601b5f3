#include "common/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t live;
static atomic_long fail_in = -1;

void assert_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "assertion failed: %s:%d: %s\n", file, line, what);
	abort();
}

/* Is it this allocation's turn to fail? */
static bool fails_now(void)
{
	long n = atomic_load_explicit(&fail_in, memory_order_relaxed);

	if (n < 0)
		return false;
	atomic_store_explicit(&fail_in, n - 1, memory_order_relaxed);
	return n == 0;
}

static void *counted(void *p)
{
	if (p)
		atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return p;
}

void *mem_alloc(size_t size)
{
	return fails_now() ? NULL : counted(malloc(size ? size : 1));
}

void *mem_zalloc(size_t size)
{
	return fails_now() ? NULL : counted(calloc(1, size ? size : 1));
}

void *mem_realloc(void *p, size_t size)
{
	if (!p)
		return mem_alloc(size);
	return fails_now() ? NULL : realloc(p, size ? size : 1);
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? mem_alloc(len + 1) : NULL;

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

void mem_free(void *p)
{
	if (!p)
		return;
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
	free(p);
}

size_t mem_live(void)
{
	return atomic_load_explicit(&live, memory_order_relaxed);
}

void mem_fail_after(long n)
{
	atomic_store_explicit(&fail_in, n, memory_order_relaxed);
}
