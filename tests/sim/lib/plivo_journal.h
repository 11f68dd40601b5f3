/*
 * plivo_journal.h - what plivo-sim saw and did, one JSON object a line
 *
 * Every entry has "n" (1, 2, 3 ...), "t_ms" since the start and "event"; those
 * of a call have "call" (its UUID) and, once it was answered, "at_ms" of its
 * media clock, which begins at the answer. The same goes to standard output in
 * readable form, without bodies and with numbers masked.
 */
#ifndef TESTS_SIM_LIB_PLIVO_JOURNAL_H
#define TESTS_SIM_LIB_PLIVO_JOURNAL_H

#include <stdbool.h>
#include <stdio.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/js.h"

struct psim_journal {
	FILE *file; /* NULL: none was asked for */
	bool quiet; /* nothing on standard output */
	uint64_t began_us;
	unsigned entries, violations, warnings;
	json_t *violation_list; /* their texts, as far as there is room */
	struct buf lines;       /* all of it, until its limit */
	bool full;              /* entries are missing from lines */
};

/* @path may be NULL. errno. */
int psim_journal_open(struct psim_journal *j, const char *path,
                      bool quiet) MUST_CHECK;
void psim_journal_close(struct psim_journal *j);

/* Takes over @extra, which may be NULL. @call: NULL for none; @at_ms: below 0
 * for none. */
void psim_journal_put(struct psim_journal *j, const char *event,
                      const char *call, long at_ms, json_t *extra);

#endif
