#include "bot/past.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/after_talk.h"
#include "bot/chat.h"
#include "common/buf.h"

int past_read(struct past *p, const char *json)
{
	json_t *o, *turns;
	int64_t from;

	*p = (struct past){0};
	if (!json)
		return 0;
	o = js_parse(json, strlen(json), NULL, 0);
	turns = json_object_get(o, "turns");
	from = js_int(o, "from", 0);
	if (json_is_array(turns) && from >= 0 && from <= INT32_MAX) {
		p->from = (unsigned)from;
		p->turns = json_incref(turns);
	}
	json_decref(o);
	return p->turns ? 0 : -EINVAL;
}

void past_fini(struct past *p)
{
	json_decref(p->turns);
	p->turns = NULL;
}

bool past_any(const struct past *p)
{
	return json_array_size(p->turns) > 0;
}

int past_recall(const struct past *p, struct chat *chat)
{
	int err = 0;

	for (size_t i = 0; i < json_array_size(p->turns) && !err; i++) {
		const json_t *t = json_array_get(p->turns, i);
		const struct str text = str_of(js_str(t, "text", ""));

		if (!strcmp(js_str(t, "role", ""), "bot"))
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
		struct session_event ev = {.type = SESSION_TURN};
		struct buf json;

		buf_init(&json, PAST_MAX);
		/* An event has its members without the braces around them. */
		if (js_dump(&json, json_array_get(p->turns, i)) == 0 &&
		    json.len > 2) {
			json.v[json.len - 1] = '\0';
			ev.json = json.v + 1;
			after_talk_note(talk, &ev);
		}
		buf_fini(&json);
	}
}
