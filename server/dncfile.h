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
struct http_req;
struct http_res;
struct store;

enum {
	DNCFILE_LINE_MAX = 4096,            /* [bytes] */
	DNCFILE_BODY_MAX = 4 * 1024 * 1024, /* [bytes] of a request */
	DNCFILE_TOLD_MAX = 100, /* bad lines that are told one by one */
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

/* Takes one line, with its end. Negative: it cannot. */
typedef int dncfile_line_h(const char *line, void *arg);

/* Give the list to @h as CSV with a first line: phone_number, since, call_id.
 * Errors are the store's and the handler's. */
int dncfile_export(struct store *s, dncfile_line_h *h, void *arg,
                   unsigned long *n) MUST_CHECK;

/* GET and POST /dnc: the list, and lines for it. */
void dncfile_handle(const struct http_req *req, struct http_res *res,
                    void *arg);

#endif
