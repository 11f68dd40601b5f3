/*
 * Custom data. Our scanner and jansson must take the same texts, but for what
 * we let be on purpose: numbers beyond a double, escaped NULs and halves of
 * pairs, and less depth.
 */
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/jtext.h"
#include "tests/fuzz/fuzz.h"

static void print(struct str v)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	must(jtext_print(&out, v) == 0);
	buf_fini(&out);
}

static void walk(struct str v, unsigned depth)
{
	char text[64];
	struct str key, one;
	size_t pos = 0;

	must(jtext_check(v, JTEXT_DEPTH_MAX, NULL) == 0);
	jtext_falsy(v);
	print(v);
	if (jtext_type(v) == JTEXT_STRING)
		(void)!jtext_string(text, sizeof(text), v);
	if (jtext_type(v) != JTEXT_ARRAY && jtext_type(v) != JTEXT_OBJECT)
		return;
	while (jtext_next(v, &pos, &key, &one))
		if (depth < 8)
			walk(one, depth + 1);
}

/* The member "a" is the same one for both. */
static void compare(const json_t *root, struct str text)
{
	const json_t *a = json_object_get(root, "a");
	struct str one;
	bool found;
	char v[256];

	if (!json_is_object(root))
		return;
	found = jtext_get(text, "a", &one) == 0;
	must(a ? found : !found);
	if (json_is_string(a) && !jtext_string(v, sizeof(v), one))
		must(strcmp(v, json_string_value(a)) == 0);
	if (!a)
		return;
	found = jtext_type(one) == JTEXT_STRING;
	must(json_is_string(a) ? found : !found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);
	struct str text = str_n(v, len), found;
	struct jtext_fault fault = {0, NULL};
	json_t *root = js_parse(v, len, NULL, 0);
	int err = jtext_check(text, JTEXT_DEPTH_MAX, &fault);

	/* jansson takes a NUL for the end. */
	if (root && !memchr(v, 0, len))
		must(err == 0 || err == ERR_LIMIT);
	if (err == ERR_PROTO)
		must(fault.what && fault.at <= len);
	if (!err) {
		walk(text, 0);
		(void)!jtext_path(text, str_of("a.0.b"), &found);
		if (root)
			compare(root, text);
	}
	json_decref(root);
	free(v);
	return 0;
}
