/*
 * models.h - where the files of the engines are
 *
 * Nothing of theirs is part of the project; deploy/models.sh fetches them. A
 * file that is missing is named in the log together with the command that
 * makes it, so that nobody has to guess.
 */
#ifndef BOT_ENGINE_MODELS_H
#define BOT_ENGINE_MODELS_H

#include <stddef.h>

#include "common/attr.h"

enum { MODELS_PATH_MAX = 1024 /* [bytes] of a path, with terminator */ };

/* The folder that `make deps` fills, for programs run from the build folder:
 * ${XDG_CACHE_HOME:-~/.cache}/dialout/models. ERR_LIMIT: too long;
 * -ENOENT: neither variable is set. */
int models_default_dir(char *dst, size_t cap) MUST_CHECK;

/* The path of @name in @dir (NULL: the default one), of a file that can be
 * read. -ENOENT, -EACCES ...: logged; ERR_LIMIT. */
int models_find(char *dst, size_t cap, const char *dir,
                const char *name) MUST_CHECK;

/* The same without a word: for what may be missing. */
int models_look(char *dst, size_t cap, const char *dir,
                const char *name) MUST_CHECK;

#endif
