/*
 * end.h - ending calls, and giving back what they held
 */
#ifndef SERVER_END_H
#define SERVER_END_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "server/store/call.h"

struct app;

enum {
	END_BOT_MS = 2000, /* after the bot's word, for Plivo's own callback */
	END_LOST_MS = 60000, /* after the callee's hangup, for the same */
};

/* Hang up @uuid after @delay_ms unless the call has ended by then; the ledger
 * says so afterwards. Errors are logged. */
void end_hangup(struct app *app, const char *id, const char *uuid,
                uint32_t delay_ms);

/* The last state of a call, by Plivo's code of its end. */
enum store_state end_state(bool answered, int code);

/* Our word for who ended a call, of Plivo's HangupSource; static storage. */
const char *end_by_source(const char *source);

/* Give a place back; nothing if @bot or @place are NULL or "". */
void end_release(struct app *app, const char *id, const char *bot,
                 const char *place);

/* Give up a place that may have been taken for this call without our knowing:
 * the answer of the bot was not waited for, or is lost. */
void end_release_lost(struct app *app, const char *id);

#endif
