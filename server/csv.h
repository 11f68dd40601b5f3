/*
 * csv.h - records of comma separated values (RFC 4180)
 *
 * Cells may be quoted, with quotes doubled and line breaks inside. A record
 * that is broken ends with its first line, so that a quote somebody forgot to
 * close spoils that line and not the rest of the list.
 */
#ifndef SERVER_CSV_H
#define SERVER_CSV_H

#include <stddef.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

enum { CSV_CELLS_MAX = 64 };

struct csv {
	struct str rest;
	unsigned line; /* of what comes next, from 1 */
	/* The last record. */
	unsigned at_line;
	unsigned n; /* cells */
	size_t begins[CSV_CELLS_MAX + 1];
	struct buf cells;
};

/* @text is borrowed until csv_fini(); a byte order mark is skipped. */
void csv_init(struct csv *c, struct str text);
void csv_fini(struct csv *c);

/* Read the next record that is not an empty line. 1: there is one; 0: the
 * end. ERR_PROTO: a broken one, which is passed over, with @why said, static
 * text. -ENOMEM. */
int csv_next(struct csv *c, const char **why) MUST_CHECK;

/* A cell of the last record, until the next is read. */
struct str csv_cell(const struct csv *c, unsigned i);

/* Append @text as a cell; NULL is an empty one. What a spreadsheet would take
 * for a formula is made a text. -ENOMEM, ERR_LIMIT. */
int csv_put(struct buf *out, const char *text) MUST_CHECK;

#endif
