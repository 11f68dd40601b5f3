/*
 * js.h - checked reading of JSON documents
 *
 * The only door to jansson. Getters take NULL and wrong types for "absent" and
 * say so with their default, because every field of a peer is optional until
 * it has been looked at. Texts are borrowed from the document.
 */
#ifndef COMMON_JS_H
#define COMMON_JS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct buf;

/* Parse @len bytes; depth is bounded by jansson (2048). @why, if not NULL,
 * gets a short text with the position. Released with json_decref().
 * NULL: not JSON, or no memory. */
json_t *js_parse(const char *text, size_t len, char *why,
                 size_t why_cap) MUST_CHECK;

/* @obj[@key] if it is a text, else @def. */
const char *js_str(const json_t *obj, const char *key, const char *def);

/* An integer, a real with no fraction, or a text of digits: peers disagree
 * on which of these a number is. Else @def. */
int64_t js_int(const json_t *obj, const char *key, int64_t def);
double js_real(const json_t *obj, const char *key, double def);
bool js_bool(const json_t *obj, const char *key, bool def);

/* Append the compact text of @json. -ENOMEM, ERR_LIMIT. */
int js_dump(struct buf *out, const json_t *json) MUST_CHECK;

/* Append @len bytes of @text as a JSON string with its quotes; bytes that are
 * not UTF-8 become U+FFFD. -ENOMEM, ERR_LIMIT. */
int js_quote(struct buf *out, const char *text, size_t len) MUST_CHECK;

#endif
