#include "bot/after_talk.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/js.h"
#include "common/mem.h"

struct after_talk {
	struct llm_msg msgs[AFTER_TURNS_MAX]; /* their texts are ours */
	size_t n, bytes;
};

int after_talk_new(struct after_talk **tp)
{
	*tp = mem_zalloc(sizeof(**tp));
	return *tp ? 0 : -ENOMEM;
}

static void drop_first(struct after_talk *t)
{
	t->bytes -= strlen(t->msgs[0].text);
	/* It was allocated as what it is not const for. */
	mem_free((char *)(uintptr_t)t->msgs[0].text);
	t->n--;
	memmove(t->msgs, t->msgs + 1, t->n * sizeof(t->msgs[0]));
}

void after_talk_free(struct after_talk **tp)
{
	struct after_talk *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	while (t->n)
		drop_first(t);
	mem_free(t);
}

static void add(struct after_talk *t, enum llm_role role, struct buf *text)
{
	if (!text->len)
		return;
	while (t->n && (t->n == AFTER_TURNS_MAX ||
	                t->bytes + text->len > AFTER_TALK_MAX))
		drop_first(t);
	t->bytes += text->len;
	t->msgs[t->n++] =
		(struct llm_msg){.role = role, .text = buf_take(text, NULL)};
}

static int write_turn(struct buf *text, const json_t *ev)
{
	return buf_addf(text, "%s%s", js_str(ev, "text", ""),
	                js_bool(ev, "interrupted", false)
	                        ? " (was interrupted here)"
	                        : "");
}

/* A remark: the model of then had tools, that of now need not know them. */
static int write_tool(struct buf *text, const json_t *ev)
{
	return buf_addf(text, "(%s was used: %s)", js_str(ev, "name", "a tool"),
	                js_str(ev, "result", ""));
}

/* The event's members as an object, to be given back; NULL: not one. */
static json_t *read_event(const struct session_event *ev)
{
	struct buf json;
	json_t *obj = NULL;

	buf_init(&json, AFTER_TALK_MAX);
	if (!buf_addf(&json, "{%s}", ev->json))
		obj = js_parse(json.v, json.len, NULL, 0);
	buf_fini(&json);
	return obj;
}

void after_talk_note(struct after_talk *t, const struct session_event *ev)
{
	enum llm_role role = LLM_ASSISTANT;
	struct buf text;
	json_t *obj;

	if (ev->type != SESSION_TURN && ev->type != SESSION_TOOL)
		return;
	obj = read_event(ev);
	if (!obj)
		return;
	buf_init(&text, AFTER_TALK_MAX);
	if (!strcmp(js_str(obj, "role", "bot"), "callee"))
		role = LLM_USER;
	if (!(ev->type == SESSION_TURN ? write_turn(&text, obj)
	                               : write_tool(&text, obj)))
		add(t, role, &text);
	buf_fini(&text);
	json_decref(obj);
}

const struct llm_msg *after_talk_msgs(const struct after_talk *t, size_t *n)
{
	*n = t->n;
	return t->msgs;
}
