/*
 * opt.h - options from the environment and from .env, by table
 *
 * One row of a table per option: name, type, default, bounds, help. From it
 * come reading, --check (the effective configuration with secrets masked) and
 * env.example. Rules (contract.md, "Programs"): the environment wins over
 * .env; an empty value is unset; foreign names are let be; a name in .env
 * within two letters of one of ours is an error; a value out of bounds is an
 * error that names the variable.
 */
#ifndef COMMON_OPT_H
#define COMMON_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct buf;

enum opt_type {
	OPT_TEXT,   /* const char * in the struct; NULL when unset */
	OPT_NUMBER, /* uint32_t, between min and max */
	OPT_CHOICE, /* int: index into choices, "local|production" */
};

enum opt_flags {
	OPT_SECRET = 1 << 0,   /* masked in --check */
	OPT_ENV_ONLY = 1 << 1, /* never taken from .env */
	OPT_NOCASE = 1 << 2,   /* choices in any case */
	OPT_EXAMPLE = 1 << 3,  /* env.example shows it uncommented, empty */
	OPT_LOGIN = 1 << 4,    /* a URL: a password in it is masked */
};

struct opt {
	const char *name;
	enum opt_type type;
	unsigned flags;
	size_t offset;       /* of the member in the configuration struct */
	const char *def;     /* NULL: unset (numbers: 0, choices: 0) */
	uint32_t min, max;   /* OPT_NUMBER */
	const char *choices; /* OPT_CHOICE, separated by '|' */
	const char *group;   /* heading in env.example */
	const char *help;    /* one sentence or two */
};

/* What was read, and the texts that the struct's pointers lead into. */
struct opt_set;

/* Fill @cfg (zeroed, @cfg_len bytes) from the process environment and from the
 * file @dotenv (NULL or missing: none). @known: further names that are ours
 * but another program's, NULL-terminated, or NULL. Faults are appended to
 * @faults, a line each, all of them and not only the first.
 * -EINVAL: there were faults; if they were of single values, those have their
 * defaults and *@sp is there all the same, so that what depends on several can
 * be looked at, too. -ENOMEM. */
int opt_load(struct opt_set **sp, const struct opt *table, size_t n, void *cfg,
             const char *dotenv, const char *const *known,
             struct buf *faults) MUST_CHECK;

/* Was @name given by the user (not by default)? */
bool opt_given(const struct opt_set *s, const char *name);

/* Names whose .env value lost against a different one of the environment,
 * comma separated; "" if none. For one line of log. */
const char *opt_shadowed(const struct opt_set *s);

/* Append the effective configuration, "NAME=value" a line, secrets as "***".
 * -ENOMEM, ERR_LIMIT. */
int opt_print(struct buf *out, const struct opt *table, size_t n,
              const void *cfg) MUST_CHECK;

/* Have no log line show a secret; of a list, none of its items. */
void opt_hide(const struct opt *table, size_t n, const void *cfg);

/* Append the rows in the form of env.example. Rows whose name is in @seen (a
 * buffer of "NAME\n") are left out and new ones are added to it, so that two
 * programs' tables make one file. -ENOMEM, ERR_LIMIT. */
int opt_example(struct buf *out, struct buf *seen, const struct opt *table,
                size_t n) MUST_CHECK;

/* Releases the texts, too. NULLs the caller's pointer. */
void opt_free(struct opt_set **sp);

#endif
