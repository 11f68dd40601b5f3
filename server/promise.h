/*
 * promise.h - a call that is made without anybody waiting for it
 *
 * Another try of a call, or a row of a campaign. It is in the ledger as one
 * that was promised, so that whoever finds it after a crash goes on with it.
 */
#ifndef SERVER_PROMISE_H
#define SERVER_PROMISE_H

#include <stdint.h>

#include "common/attr.h"
#include "common/crypto.h"

struct app;
struct store_admission;
struct store_call;

/* Make a call like @like: to whom, for whom, with what; its names, state and
 * times are the new one's own. @a says what it is, and the rest is as in
 * admission_later(), whose errors these are. @id gets its name. */
int promise_make(struct app *app, const struct store_call *like,
                 struct store_admission *a, char id[CRYPTO_ID_LEN],
                 int64_t *later_ms, const char **why) MUST_CHECK;

#endif
