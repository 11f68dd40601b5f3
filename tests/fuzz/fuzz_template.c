/*
 * Templates and the data they are filled with, separated by a NUL. A value is
 * never expanded again, and never leaves its marks.
 */
#include "bot/template.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/jtext.h"
#include "tests/fuzz/fuzz.h"

static void expand(struct str tmpl, struct str body, bool marked)
{
	struct buf out;
	int err;

	buf_init(&out, 1 << 16);
	err = template_expand(&out, tmpl, body, marked);
	must(err == 0 || err == ERR_LIMIT);
	buf_fini(&out);
}

/* A place whose value is @body: one line, within its marks. */
static void place(struct str body)
{
	const char *open, *shut;
	struct buf out;

	buf_init(&out, 1 << 18);
	if (template_expand(&out, str_of("{{v|x}}"), body, true) == 0) {
		open = strstr(buf_str(&out), "<data>");
		shut = strstr(buf_str(&out), "</data>");
		/* A default is the author's own text and has no marks. */
		if (!open) {
			buf_fini(&out);
			return;
		}
		must(shut && open < shut);
		must(!memchr(open, '\n', (size_t)(shut - open)));
		must((size_t)(shut - open) <= 6 + 4 * TEMPLATE_VALUE_MAX + 4);
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_part(&data, &len), *json = fuzz_copy(data, len);
	struct str tmpl = str_of(text), body = str_n(json, len);
	const char *why = NULL;

	if (jtext_check(body, JTEXT_DEPTH_MAX, NULL))
		body = str_n("", 0);
	else
		place(body);
	if (template_check(tmpl, &why)) {
		must(why != NULL);
	} else {
		expand(tmpl, body, true);
		expand(tmpl, body, false);
	}
	free(text);
	free(json);
	must(mem_live() == 0);
	return 0;
}
