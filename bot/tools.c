#include "bot/tools.h"

#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/jtext.h"

enum { ARGS_DEPTH = 16 };

static int end_call(const struct tool *tool, struct str args,
                    struct buf *result)
{
	(void)tool;
	(void)args;
	return buf_adds(result, "{\"ok\":true}");
}

static const struct tool built_in[] = {
	{
		.name = "end_call",
		.description =
			"Hang up. Use it when the conversation is over, after "
			"saying goodbye: what you said before is heard first.",
		.parameters = "{\"type\":\"object\",\"properties\":{}}",
		.effect = TOOL_END_CALL,
		.run = end_call,
	},
};

const struct tool *tools_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(built_in); i++)
		if (strcmp(built_in[i].name, name) == 0)
			return &built_in[i];
	return NULL;
}

int tools_run(const struct tool *tool, const char *args, struct buf *result,
              enum tool_effect *effect)
{
	const struct str text = str_of(args[0] ? args : "{}");
	const size_t before = result->len;
	struct jtext_fault fault;
	int err;

	*effect = TOOL_GO_ON;
	if (!tool)
		return buf_adds(result,
		                "{\"error\":\"there is no such tool\"}");
	if (jtext_check(text, ARGS_DEPTH, &fault) != 0 ||
	    jtext_type(text) != JTEXT_OBJECT)
		return buf_adds(result, "{\"error\":\"the arguments are not a "
		                        "JSON object\"}");

	err = tool->run(tool, text, result);
	if (!err) {
		*effect = tool->effect;
		return 0;
	}
	result->len = before;
	return buf_addf(result, "{\"error\":\"%s\"}", err_str(err));
}
