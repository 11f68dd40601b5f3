#include "bot/past.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bot/after_talk.h"
#include "bot/chat.h"
#include "common/buf.h"

int past_read(struct past *p, const char *json)
{
	json_t *o, *turns;
	int64_t from, lost;

	*p = (struct past){0};
	if (!json)
		return 0;
	o = js_parse(json, strlen(json), NULL, 0);
	turns = json_object_get(o, "turns");
	from = js_int(o, "from", 0);
	lost = js_int(o, "n", 1);
	if (!json_is_array(turns) || from < 0 || from > INT32_MAX || lost < 0 ||
	    lost > INT32_MAX) {
		json_decref(o);
		return -EINVAL;
	}
	*p = (struct past){.lost = (unsigned)lost,
	                   .from = (unsigned)from,
	                   .turns = turns,
	                   .kept = js_str(o, "kept", NULL),
	                   .all = o};
	return 0;
}

void past_fini(struct past *p)
{
	json_decref(p->all);
	*p = (struct past){0};
}

bool past_any(const struct past *p)
{
	return json_array_size(p->turns) > 0;
}

/* What a tool did may not be done twice: where nobody knows whether it was
 * done, the model is told that. */
static int recall_tool(struct chat *chat, const json_t *t, size_t i)
{
	static const char lost[] =
		"{\"error\":\"The line to this tool was lost. Whether it was "
		"done is not known; do not simply do it again.\"}";
	const char *result = js_str(t, "result", lost);
	struct llm_tool_call call = {.name = js_str(t, "name", "")};
	struct buf args;
	char id[32];
	int err;

	snprintf(id, sizeof(id), "past_%zu", i);
	buf_init(&args, PAST_MAX);
	err = js_dump(&args, json_object_get(t, "args"));
	call.id = id;
	call.arguments = buf_str(&args);
	if (!err && call.name[0])
		err = chat_call(chat, &call);
	if (!err && call.name[0])
		err = chat_result(chat, id, str_of(result));
	buf_fini(&args);
	return err;
}

int past_recall(const struct past *p, struct chat *chat)
{
	int err = 0;

	for (size_t i = 0; i < json_array_size(p->turns) && !err; i++) {
		const json_t *t = json_array_get(p->turns, i);
		const struct str text = str_of(js_str(t, "text", ""));
		const char *role = js_str(t, "role", "");

		if (!strcmp(role, "tool"))
			err = recall_tool(chat, t, i);
		else if (!strcmp(role, "bot"))
			err = chat_bot(chat, text,
			               js_bool(t, "interrupted", false));
		else
			err = chat_callee(chat, text);
	}
	return err;
}

void past_report(const struct past *p, struct after_talk *talk)
{
	for (size_t i = 0; i < json_array_size(p->turns); i++) {
		const json_t *t = json_array_get(p->turns, i);
		const bool tool = !strcmp(js_str(t, "role", ""), "tool");
		struct session_event ev = {.type = tool ? SESSION_TOOL
		                                        : SESSION_TURN};
		struct buf json;

		buf_init(&json, PAST_MAX);
		/* An event has its members without the braces around them. */
		if (js_dump(&json, t) == 0 && json.len > 2) {
			json.v[json.len - 1] = '\0';
			ev.json = json.v + 1;
			after_talk_note(talk, &ev);
		}
		buf_fini(&json);
	}
}
