#include "bot/schema.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"

enum { PATH_MAX_LEN = 80 /* [bytes] of "fields.visit.day" */ };

/* Where we are in the value, for people. */
struct path {
	const struct path *up;
	const char *name;
	unsigned depth;
};

static void write_path(char out[PATH_MAX_LEN], const struct path *p)
{
	size_t n;

	out[0] = '\0';
	if (!p || !p->name)
		return;
	write_path(out, p->up);
	n = strlen(out);
	snprintf(out + n, PATH_MAX_LEN - n, "%s%s", n ? "." : "", p->name);
}

static int fault_at(char fault[SCHEMA_FAULT_MAX], const struct path *p,
                    const char *what)
{
	char where[PATH_MAX_LEN];

	write_path(where, p);
	snprintf(fault, SCHEMA_FAULT_MAX, "%s %.70s", where[0] ? where : "it",
	         what);
	return -EINVAL;
}

static const char *const types[] = {"string", "number", "integer", "boolean",
                                    "object", "array",  "null"};

static bool is_type(const json_t *v)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (json_is_string(v) &&
		    strcmp(json_string_value(v), types[i]) == 0)
			return true;
	return false;
}

static bool are_types(const json_t *v)
{
	if (!json_is_array(v))
		return is_type(v);
	for (size_t i = 0; i < json_array_size(v); i++)
		if (!is_type(json_array_get(v, i)))
			return false;
	return json_array_size(v) > 0;
}

static bool are_texts(const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++)
		if (!json_is_string(json_array_get(v, i)))
			return false;
	return json_is_array(v);
}

static int ok_at(const json_t *schema, const struct path *at,
                 char fault[SCHEMA_FAULT_MAX]);

static int properties_ok(const json_t *list, const struct path *at,
                         char fault[SCHEMA_FAULT_MAX])
{
	void *it = json_object_iter((json_t *)(uintptr_t)list);

	for (; it; it = json_object_iter_next((json_t *)(uintptr_t)list, it)) {
		const struct path p = {at, json_object_iter_key(it),
		                       at->depth + 1};
		int err = ok_at(json_object_iter_value(it), &p, fault);

		if (err)
			return err;
	}
	return 0;
}

static int ok_at(const json_t *schema, const struct path *at,
                 char fault[SCHEMA_FAULT_MAX])
{
	const json_t *type = json_object_get(schema, "type");
	const json_t *props = json_object_get(schema, "properties");
	const json_t *required = json_object_get(schema, "required");
	const json_t *items = json_object_get(schema, "items");
	const json_t *values = json_object_get(schema, "enum");
	const struct path inner = {at, "items", at->depth + 1};
	int err = 0;

	if (!json_is_object(schema))
		return fault_at(fault, at, "must be a JSON Schema object");
	if (at->depth > SCHEMA_DEPTH_MAX)
		return fault_at(fault, at, "is nested too deep");
	if (type && !are_types(type))
		return fault_at(fault, at,
		                "has a type that JSON does not know");
	if (props && !json_is_object(props))
		return fault_at(fault, at, "has properties that are no object");
	if (required && !are_texts(required))
		return fault_at(fault, at, "must have a list as \"required\"");
	if (values && !json_array_size(values))
		return fault_at(fault, at, "must have a list as \"enum\"");
	if (props)
		err = properties_ok(props, at, fault);
	if (!err && items)
		err = ok_at(items, &inner, fault);
	return err;
}

int schema_ok(const json_t *schema, char fault[SCHEMA_FAULT_MAX])
{
	const struct path top = {NULL, NULL, 0};

	return ok_at(schema, &top, fault);
}

/* ---- values -------------------------------------------------------------- */

static bool has_type(const json_t *v, const char *type)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return !strcmp(type, "string");
	case JSON_INTEGER:
		return !strcmp(type, "integer") || !strcmp(type, "number");
	case JSON_REAL:
		return !strcmp(type, "number");
	case JSON_TRUE:
	case JSON_FALSE:
		return !strcmp(type, "boolean");
	case JSON_OBJECT:
		return !strcmp(type, "object");
	case JSON_ARRAY:
		return !strcmp(type, "array");
	case JSON_NULL:
		break;
	}
	return !strcmp(type, "null");
}

static bool fits_type(const json_t *v, const json_t *type)
{
	if (!type)
		return true;
	if (json_is_string(type))
		return has_type(v, json_string_value(type));
	for (size_t i = 0; i < json_array_size(type); i++)
		if (has_type(v, json_string_value(json_array_get(type, i))))
			return true;
	return false;
}

static bool is_among(const json_t *v, const json_t *values)
{
	for (size_t i = 0; i < json_array_size(values); i++)
		if (json_equal(v, json_array_get(values, i)))
			return true;
	return !values;
}

static int check_at(const json_t *schema, const json_t *v,
                    const struct path *at, char fault[SCHEMA_FAULT_MAX]);

static int check_members(const json_t *schema, const json_t *v,
                         const struct path *at, char fault[SCHEMA_FAULT_MAX])
{
	const json_t *props = json_object_get(schema, "properties");
	const bool only =
		json_is_false(json_object_get(schema, "additionalProperties"));
	void *it = json_object_iter((json_t *)(uintptr_t)v);
	int err = 0;

	for (; it && !err;
	     it = json_object_iter_next((json_t *)(uintptr_t)v, it)) {
		const char *name = json_object_iter_key(it);
		const json_t *sub = json_object_get(props, name);
		const struct path p = {at, name, at->depth + 1};

		if (sub)
			err = check_at(sub, json_object_iter_value(it), &p,
			               fault);
		else if (only)
			err = fault_at(fault, &p, "is not asked for");
	}
	return err;
}

static int check_object(const json_t *schema, const json_t *v,
                        const struct path *at, char fault[SCHEMA_FAULT_MAX])
{
	const json_t *required = json_object_get(schema, "required");

	for (size_t i = 0; i < json_array_size(required); i++) {
		const char *name =
			json_string_value(json_array_get(required, i));
		const struct path p = {at, name, at->depth + 1};

		if (!json_object_get(v, name))
			return fault_at(fault, &p, "is missing");
	}
	return check_members(schema, v, at, fault);
}

static int check_at(const json_t *schema, const json_t *v,
                    const struct path *at, char fault[SCHEMA_FAULT_MAX])
{
	const json_t *items = json_object_get(schema, "items");
	const struct path inner = {at, "items", at->depth + 1};
	int err = 0;

	if (!fits_type(v, json_object_get(schema, "type")))
		return fault_at(fault, at, "has the wrong type");
	if (!is_among(v, json_object_get(schema, "enum")))
		return fault_at(fault, at, "is none of the values of its enum");
	if (json_is_object(v))
		return check_object(schema, v, at, fault);
	for (size_t i = 0; items && i < json_array_size(v) && !err; i++)
		err = check_at(items, json_array_get(v, i), &inner, fault);
	return err;
}

int schema_check(const json_t *schema, const json_t *value,
                 char fault[SCHEMA_FAULT_MAX])
{
	const struct path top = {NULL, NULL, 0};

	return check_at(schema, value, &top, fault);
}
