/*
 * eot_smart.h - Smart Turn hears whether the callee has finished
 *
 * The model of eot.h in this process: its questions are jobs of the engine's
 * pool. With all its places taken, no answer comes.
 */
#ifndef BOT_EOT_SMART_H
#define BOT_EOT_SMART_H

#include "bot/eot.h"

/* env: a struct engine with a net for it, see engine_turn(). Without: -EINVAL;
 * -ENOMEM. */
extern const struct eot_ops eot_smart_ops;

#endif
