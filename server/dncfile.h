/*
 * dncfile.h - the do-not-call list from and to files
 *
 * One number a line, as text or as CSV (also with semicolons or tabs): the
 * column that the first line calls phone_number, number, phone or telephone,
 * or else the first one. Empty lines and those that begin with # are let be.
 */
#ifndef SERVER_DNCFILE_H
#define SERVER_DNCFILE_H

#include <stdio.h>

#include "common/attr.h"

struct buf;
struct store;

enum {
	DNCFILE_LINE_MAX = 4096, /* [bytes] */
	DNCFILE_TOLD_MAX = 100,  /* bad lines that are told one by one */
};

struct dncfile_sums {
	unsigned long taken; /* lines with a number */
	unsigned long fresh; /* of them, numbers that were not on the list */
	unsigned long bad;   /* lines without */
};

/* Put the numbers of @in on the list. A line that has none harms no other: it
 * is told in @said, by its number, and counted. Errors are store.h's, and
 * -EIO: @in could not be read to its end; what was before is on the list. */
int dncfile_import(struct store *s, FILE *in, struct buf *said,
                   struct dncfile_sums *sums) MUST_CHECK;

/* Write the list to @out as CSV with a first line: phone_number, since,
 * call_id. Likewise. */
int dncfile_export(struct store *s, FILE *out, unsigned long *n) MUST_CHECK;

#endif
