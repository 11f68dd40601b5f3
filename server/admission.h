/*
 * admission.h - may this call be made, and now? What the ledger decides
 *
 * The do-not-call list, one call per number, the budgets of the whole server
 * and of an API key, MAX_CALLS. What was used is read from the ledger, so that
 * a restart forgives nothing, and the decision is one transaction with the
 * call's row, so that no race overdraws.
 */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct access;
struct app;
struct http_res;
struct config;
struct store_admission;
struct store_call;

/* Do the prefixes allow @number? False: @res is 403. */
bool admission_number(const struct config *cfg, const char *number,
                      struct http_res *res);

/* Are it calling hours where @number rings? False: @res is the refusal, which
 * says when they begin. */
bool admission_hours(const struct config *cfg, const char *number,
                     struct http_res *res);

/* Will there be some from @at_ms on, before @until_ms (0: ever)? Likewise. */
bool admission_hours_from(const struct config *cfg, const char *number,
                          int64_t at_ms, int64_t until_ms,
                          struct http_res *res);

/* Are it calling hours, and those of @own (NULL or "": none), for a call that
 * has waited since? */
bool admission_still(const struct config *cfg, const char *own,
                     const char *number);

/* Can calling hours be told, if there are some? -ENOENT and the like: @why is
 * a sentence. */
int admission_ready(const struct config *cfg, char *why, size_t cap) MUST_CHECK;

/* Add @call, whose reserved_sec is filled in here, to the ledger for @who.
 * 0: it is there. ERR_LIMIT: it may not be made, and @res is the refusal. Other
 * errors are store_call_add()'s. */
int admission_add(struct app *app, const struct access *who,
                  struct store_call *call, struct http_res *res) MUST_CHECK;

/* The same without a request, for what @a says it is: another try, a row, or a
 * call that was scheduled. -EALREADY: that was made, or its campaign has no room
 * now. ERR_LIMIT: not now, and not before @later_ms, which is STORE_RETRY_NEVER
 * where it never may be; @why, static text, says for people what stands against
 * it. */
int admission_later(struct app *app, struct store_call *call,
                    struct store_admission *a, int64_t *later_ms,
                    const char **why) MUST_CHECK;

/* When @number may ring next, by calling hours and those of @own (NULL or "":
 * none): @now_ms, or later, or STORE_RETRY_NEVER. */
int64_t admission_next(const struct config *cfg, const char *own,
                       const char *number, int64_t now_ms);

#endif
