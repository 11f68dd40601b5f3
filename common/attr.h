/*
 * attr.h - the few compiler attributes this code base relies on
 */
#ifndef COMMON_ATTR_H
#define COMMON_ATTR_H

#include <stddef.h>

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define NORETURN                __attribute__((noreturn))

/* Stay on in release builds: a program that no longer understands itself is
 * restarted by its supervisor; it must not go on talking to callers. */
#define ASSERT(cond)                                              \
	do {                                                      \
		if (!(cond))                                      \
			assert_failed(__FILE__, __LINE__, #cond); \
	} while (0)

/* Report a broken assumption on standard error and abort. */
NORETURN void assert_failed(const char *file, int line, const char *what);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The object of type @type whose @member sits at @ptr. */
#define CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
