/*
 * schema.h - JSON Schema, as far as agent files need it
 *
 * type (one, or a list), properties, required, additionalProperties: false,
 * items and enum. Everything else is left to the model that reads it.
 */
#ifndef BOT_SCHEMA_H
#define BOT_SCHEMA_H

#include "common/attr.h"
#include "common/js.h"

enum {
	SCHEMA_FAULT_MAX = 160, /* [bytes] with terminator */
	SCHEMA_DEPTH_MAX = 8,
};

/* Is it a schema? -EINVAL, with @fault saying what and where. */
int schema_ok(const json_t *schema, char fault[SCHEMA_FAULT_MAX]) MUST_CHECK;

/* Does @value follow @schema, which is one? Likewise. */
int schema_check(const json_t *schema, const json_t *value,
                 char fault[SCHEMA_FAULT_MAX]) MUST_CHECK;

#endif
