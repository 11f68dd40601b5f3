/*
 * dotenv.h - reading a .env file
 *
 * The common dialect: KEY=value, optional "export", single quotes (as is),
 * double quotes (\n \r \t \" \\ \$), comments after white space and '#',
 * CRLF and a byte order mark let be, ${NAME} and ${NAME:-default} expanded
 * from earlier lines and the environment. A later line wins.
 */
#ifndef COMMON_DOTENV_H
#define COMMON_DOTENV_H

#include <stddef.h>

#include "common/attr.h"
#include "common/str.h"

struct buf;
struct dotenv;

enum {
	DOTENV_FILE_MAX = 256 * 1024, /* [bytes] */
	DOTENV_VALUE_MAX = 16 * 1024, /* [bytes] of one value, expanded */
};

/* Parse @text; faults go to @faults, a line each with @name and the number of
 * the line. -EINVAL: there were faults. -ENOMEM. */
int dotenv_parse(struct dotenv **dp, struct str text, const char *name,
                 struct buf *faults) MUST_CHECK;

/* The same with a file. A missing one is empty. -EACCES and the like, said in
 * @faults too. ERR_LIMIT: too large. */
int dotenv_read(struct dotenv **dp, const char *path,
                struct buf *faults) MUST_CHECK;

/* NULL when absent. Borrowed until dotenv_free(). */
const char *dotenv_get(const struct dotenv *d, const char *name);

/* The @i-th name in the order of first appearance; NULL behind the last. */
const char *dotenv_name(const struct dotenv *d, size_t i);

void dotenv_free(struct dotenv **dp);

#endif
