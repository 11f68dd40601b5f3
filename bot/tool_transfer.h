/*
 * tool_transfer.h - transfer_call: the call is handed over to somebody else
 *
 *	{"name": "transfer_call",
 *	 "to": {"sales": "+15551234567", "front desk": "sip:desk@example.com"},
 *	 "filler": "One moment, please.", "timeout_sec": 30}
 *
 * Who may be called stands in the file and nowhere else: the model picks one of
 * the labels and never sees a number.
 */
#ifndef BOT_TOOL_TRANSFER_H
#define BOT_TOOL_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/js.h"
#include "common/str.h"

struct buf;
struct tool_own;

enum {
	TRANSFER_DESTINATIONS_MAX = 16,
	TRANSFER_LABEL_MAX = 40,   /* [bytes] with terminator */
	TRANSFER_RING_SEC = 30,    /* unless the file says otherwise */
	TRANSFER_RING_MIN_SEC = 5, /* Plivo's least */
	TRANSFER_RING_MAX_SEC = 120,
};

struct tool_transfer {
	struct tool_destination {
		char *label; /* [A-Za-z0-9 _-] */
		char *to;    /* E.164, or sip:user@host */
	} to[TRANSFER_DESTINATIONS_MAX];
	size_t n;
	uint32_t ring_sec;
};

extern const char tool_transfer_name[];

/* Fill in all of @t, which tool_own_free() releases, from @obj. -EINVAL with
 * @fault (TOOL_FAULT_MAX bytes); -ENOMEM. */
int tool_transfer_parse(struct tool_own *t, json_t *obj,
                        char *fault) MUST_CHECK;

void tool_transfer_fini(struct tool_transfer *t);

/* The destination that @args name; NULL: none, and @result says so to the
 * model, unless there is no memory for that. */
const struct tool_destination *tool_transfer_pick(const struct tool_transfer *t,
                                                  struct str args,
                                                  struct buf *result);

#endif
