/*
 * hook_lib.h - the code that agent files name
 *
 * A shared object, or what was compiled in. Each is loaded once, when the first
 * agent that names it is read, and stays: calls may be using it, and code that
 * was replaced on disk comes with the next start. Belongs to the loop's thread.
 */
#ifndef BOT_HOOK_LIB_H
#define BOT_HOOK_LIB_H

#include <stddef.h>

#include "bot/hooks.h"
#include "common/attr.h"

enum {
	HOOK_LIBS_MAX = 32,
	HOOK_FAULT_MAX = 256, /* [bytes] with terminator */
};

/* The hooks called @name by an agent file of the folder @dir. "x.so" is looked
 * for beside the file, then where `make` and `make install` put such code; a
 * path with a slash is that file; without ".so" it is compiled in. -ENOENT,
 * -EINVAL: it is none, or refuses; ERR_LIMIT. @fault says what. */
int hook_lib_find(const struct dialout_hooks **hp, const char *dir,
                  const char *name, char fault[HOOK_FAULT_MAX]) MUST_CHECK;

/* Tell all of them that the bot ends. They are not given away again. */
void hook_lib_unload(void);

#endif
