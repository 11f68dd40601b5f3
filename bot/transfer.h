/*
 * transfer.h - the server is asked to hand a call over
 *
 * The bot knows no more of it than that: the server has Plivo dial, and says
 * whether Plivo has agreed. From then on the stream may be left.
 */
#ifndef BOT_TRANSFER_H
#define BOT_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/tool_call.h"
#include "common/attr.h"
#include "common/str.h"

struct tool_destination;
struct transfer;

struct transfer_params {
	const struct tool_fetch *fetch;
	const char *url;    /* of the server */
	const char *secret; /* bearer; NULL without */
	const char *call_id;
	const struct tool_destination *to;
	uint32_t ring_sec;
};

/* @agreed, or @result is the error as text for the model. */
typedef void transfer_h(bool agreed, struct str result, void *arg);

/* Ask. The handler never runs before this has returned, nor after
 * transfer_close(). Nothing of @prm but fetch and call_id is kept. -ENOMEM,
 * ERR_LIMIT, what starting a request returns. */
int transfer_open(struct transfer **tp, const struct transfer_params *prm,
                  transfer_h *handler, void *arg) MUST_CHECK;

/* NULLs the caller's pointer; NULL is fine. The handler may close. */
void transfer_close(struct transfer **tp);

#endif
