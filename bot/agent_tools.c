#include "bot/agent_tools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/hook_lib.h"
#include "bot/tool_http.h"

static int parse_tool(struct agent *a, json_t *v, const struct tool **tp,
                      char fault[AGENT_FAULT_MAX])
{
	char what[TOOL_FAULT_MAX] = "";
	struct tool_own *own;
	int err;

	if (json_is_object(v)) {
		err = tool_own_new(&own, v, what);
		if (err) {
			snprintf(fault, AGENT_FAULT_MAX, "\"tools\": %.60s: %s",
			         js_str(v, "name", "?"), what);
			return err;
		}
		a->own_tools[a->n_own_tools++] = own;
		*tp = &own->tool;
		return 0;
	}
	*tp = json_is_string(v) ? tools_find(json_string_value(v)) : NULL;
	if (*tp)
		return 0;
	if (json_is_string(v) &&
	    !strcmp(json_string_value(v), tool_transfer_name)) {
		snprintf(fault, AGENT_FAULT_MAX,
		         "\"tools\": transfer_call must say to whom: "
		         "{\"name\": \"transfer_call\", \"to\": {\"sales\": "
		         "\"+15551234567\"}}");
		return -EINVAL;
	}
	snprintf(fault, AGENT_FAULT_MAX,
	         "\"tools\": there is no tool \"%.40s\"",
	         json_is_string(v) ? json_string_value(v) : "?");
	return -EINVAL;
}

int agent_tools_parse(struct agent *a, const json_t *list,
                      char fault[AGENT_FAULT_MAX])
{
	size_t i;
	json_t *v;

	if (!json_is_array(list) || json_array_size(list) > AGENT_TOOLS_MAX) {
		snprintf(fault, AGENT_FAULT_MAX,
		         "\"tools\": must be a list of at most %d",
		         AGENT_TOOLS_MAX);
		return -EINVAL;
	}
	json_array_foreach(list, i, v)
	{
		const struct tool *tool;
		int err = parse_tool(a, v, &tool, fault);

		if (err)
			return err;
		for (size_t k = 0; k < a->n_tools; k++) {
			if (strcmp(a->tools[k]->name, tool->name) != 0)
				continue;
			snprintf(fault, AGENT_FAULT_MAX,
			         "\"tools\": %.64s is there twice", tool->name);
			return -EINVAL;
		}
		a->tools[a->n_tools++] = tool;
	}
	return 0;
}

int agent_tools_check(const struct agent *a, char fault[AGENT_FAULT_MAX])
{
	for (size_t i = 0; i < a->n_tools && !a->hooks_name; i++) {
		if (!a->tools[i]->hook)
			continue;
		snprintf(fault, AGENT_FAULT_MAX,
		         "\"tools\": %.64s has \"hook\", and the file names no "
		         "\"hooks\"",
		         a->tools[i]->name);
		return -EINVAL;
	}
	return 0;
}

int agent_hooks_find(struct agent *a, const char *dir,
                     char fault[AGENT_FAULT_MAX])
{
	char what[HOOK_FAULT_MAX] = "";
	int err;

	if (!a->hooks_name)
		return 0;
	err = hook_lib_find(&a->hooks, dir, a->hooks_name, what);
	if (err)
		snprintf(fault, AGENT_FAULT_MAX, "\"hooks\": %.240s", what);
	return err;
}

void agent_tools_free(struct agent *a)
{
	for (size_t i = 0; i < a->n_own_tools; i++)
		tool_own_free(&a->own_tools[i]);
}
