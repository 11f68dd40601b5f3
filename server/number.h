/*
 * number.h - telephone numbers: what may be dialled
 *
 * Plivo's "to" takes lists and SIP addresses as well; one string could become
 * a thousand calls. So a number is parsed to its digits here, and what is sent
 * on is written anew from them.
 */
#ifndef SERVER_NUMBER_H
#define SERVER_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/str.h"

enum { NUMBER_MAX = 17 /* [bytes] '+', 15 digits, terminator */ };

/* One E.164 number, seven to fifteen digits that do not begin with zero.
 * Spaces, dashes, dots, parentheses and the '+' are optional. @out becomes
 * "+15551234567". -EINVAL: anything else; @out is then "". */
int number_parse(char out[NUMBER_MAX], struct str text) MUST_CHECK;

/* Length of the country calling code that @digits (without '+') begin with. */
size_t number_country_len(const char *digits);

/* Does @e164 begin with one of @prefixes (comma separated, '+' optional, "*"
 * for any)? */
bool number_allowed(const char *e164, const char *prefixes);

/* Is @prefixes such a list? */
bool number_prefixes_ok(const char *prefixes);

/* Is @number, in whatever form Plivo wrote it, the number @e164? */
bool number_same(const char *e164, struct str number);

#endif
