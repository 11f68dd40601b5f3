/*
 * template.h - {{user.firstName|there}}
 *
 * Instructions and greetings with places for the call's custom data. A value
 * is what a stranger wrote: it becomes one line of at most 200 characters, is
 * never expanded again, and in instructions stands between marks that say it
 * is data. {{body}} is the whole of the data, as JSON. Pure.
 */
#ifndef BOT_TEMPLATE_H
#define BOT_TEMPLATE_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/str.h"

struct buf;

enum { TEMPLATE_VALUE_MAX = 200 /* [characters] */ };

/* Is @tmpl well formed? -EINVAL with a static text in @why. */
int template_check(struct str tmpl, const char **why) MUST_CHECK;

/* Does it say anything of the person who is called? What does not is the same
 * for everybody. */
bool template_is_personal(const char *tmpl);

/* Append @tmpl, which template_check() has passed, with the values of @body
 * (JSON that jtext_check() has passed; empty without). @marked: values stand
 * between <data> and </data>, explained at the end if there is one.
 * -ENOMEM, ERR_LIMIT. */
int template_expand(struct buf *out, struct str tmpl, struct str body,
                    bool marked) MUST_CHECK;

/* The same as a text of its own, to be released with mem_free(). @body NULL:
 * without. -ENOMEM, ERR_LIMIT. */
int template_text(char **out, const char *tmpl, const char *body,
                  bool marked) MUST_CHECK;

#endif
