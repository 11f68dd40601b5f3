/*
 * The scripted model's report on a call: where the dialogue ended, and those
 * of the fields that have the name of one of its slots. It makes nothing up.
 */
#include <errno.h>
#include <string.h>

#include "bot/provider/script_impl.h"
#include "common/buf.h"
#include "common/js.h"
#include "common/jtext.h"

enum { NAME_MAX_LEN = 64 /* [bytes] with terminator */ };

/* What the dialogue knows under @name; "": nothing. */
static const char *known(const struct script *s, const struct script_place *at,
                         const char *name)
{
	if (!strcmp(name, "state"))
		return script_state_name(s, at->state);
	return script_slot(s, at, name);
}

static int add_fields(const struct script *s, const struct script_place *at,
                      const char *parameters, struct buf *out)
{
	struct str props, key, value;
	size_t pos = 0, n = 0;
	int err = 0;

	if (jtext_path(str_of(parameters),
	               str_of("properties.fields.properties"), &props) ||
	    jtext_type(props) != JTEXT_OBJECT)
		return 0;
	while (!err && jtext_next(props, &pos, &key, &value)) {
		char name[NAME_MAX_LEN];
		const char *text = "";

		if (!str_copy(name, sizeof(name), key))
			text = known(s, at, name);
		if (!text[0])
			continue;
		err = buf_addf(out, "%s\"%s\":", n++ ? "," : "", name);
		if (!err)
			err = js_quote(out, text, strlen(text));
	}
	return err;
}

int script_report(const struct script *s, const struct script_place *at,
                  unsigned turns, const char *parameters, struct buf *out)
{
	int err = buf_addf(out,
	                   "{\"summary\":\"The person spoke %u times; the talk "
	                   "ended at \\\"%s\\\".\",\"fields\":{",
	                   turns, script_state_name(s, at->state));

	if (!err)
		err = add_fields(s, at, parameters, out);
	return err ? err : buf_adds(out, "}}");
}
