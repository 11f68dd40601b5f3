#include "bot/provider/anthropic_msg.h"

#include <ctype.h>
#include <string.h>

#include "common/buf.h"
#include "common/js.h"

/* Who is speaking, in the API's eyes. */
enum side { NOBODY, USER, ASSISTANT };

struct writer {
	struct buf *out;
	enum side side;  /* of the open message */
	unsigned blocks; /* in it */
};

static int quoted(struct buf *out, const char *key, const char *value)
{
	int err = buf_addf(out, "\"%s\":", key);

	return err ? err : js_quote(out, value, strlen(value));
}

static bool is_blank(const char *text)
{
	while (text && isspace((unsigned char)*text))
		text++;
	return !text || !*text;
}

static int close_message(struct writer *w)
{
	int err = w->side == NOBODY ? 0 : buf_adds(w->out, "]}");

	w->side = NOBODY;
	return err;
}

/* Begin a block of @side, in a message of its own or in the open one. */
static int open_block(struct writer *w, enum side side)
{
	bool first = w->side == NOBODY;
	int err;

	if (w->side == side) {
		w->blocks++;
		return buf_adds(w->out, ",");
	}
	err = close_message(w);
	if (!err)
		err = buf_addf(w->out, "%s{\"role\":\"%s\",\"content\":[",
		               first ? "" : ",",
		               side == USER ? "user" : "assistant");
	w->side = side;
	w->blocks = 1;
	return err;
}

static int add_text(struct writer *w, enum side side, const char *text)
{
	int err;

	/* An empty block is refused. */
	if (is_blank(text))
		return 0;
	err = open_block(w, side);
	if (!err)
		err = buf_adds(w->out, "{\"type\":\"text\",");
	if (!err)
		err = quoted(w->out, "text", text);
	return err ? err : buf_adds(w->out, "}");
}

/* Arguments as the model wrote them; what is no object came from a model that
 * raved, and was answered with an error. */
static int add_input(struct buf *out, const char *arguments)
{
	json_t *obj = NULL;
	int err;

	if (arguments)
		obj = js_parse(arguments, strlen(arguments), NULL, 0);
	err = json_is_object(obj) ? js_dump(out, obj) : buf_adds(out, "{}");
	json_decref(obj);
	return err;
}

static int add_call(struct writer *w, const struct llm_tool_call *call)
{
	int err = open_block(w, ASSISTANT);

	if (!err)
		err = buf_adds(w->out, "{\"type\":\"tool_use\",");
	if (!err)
		err = quoted(w->out, "id", call->id);
	if (!err)
		err = buf_adds(w->out, ",");
	if (!err)
		err = quoted(w->out, "name", call->name);
	if (!err)
		err = buf_adds(w->out, ",\"input\":");
	if (!err)
		err = add_input(w->out, call->arguments);
	return err ? err : buf_adds(w->out, "}");
}

static int add_result(struct writer *w, const struct llm_msg *msg)
{
	int err = open_block(w, USER);

	if (!err)
		err = buf_adds(w->out, "{\"type\":\"tool_result\",");
	if (!err)
		err = quoted(w->out, "tool_use_id", msg->call_id);
	if (!err)
		err = buf_adds(w->out, ",");
	if (!err)
		err = quoted(w->out, "content", msg->text ? msg->text : "");
	return err ? err : buf_adds(w->out, "}");
}

static int add_msg(struct writer *w, const struct llm_msg *msg)
{
	int err = 0;

	switch (msg->role) {
	case LLM_USER:
		return add_text(w, USER, msg->text);
	case LLM_TOOL:
		return add_result(w, msg);
	case LLM_ASSISTANT:
		err = add_text(w, ASSISTANT, msg->text);
		for (size_t i = 0; i < msg->n_calls && !err; i++)
			err = add_call(w, &msg->calls[i]);
		break;
	case LLM_SYSTEM: /* stands above the conversation */
	default:
		break;
	}
	return err;
}

static int add_messages(struct buf *out, const struct llm_params *prm)
{
	struct writer w = {.out = out};
	size_t first = 0;
	int err = buf_adds(out, ",\"messages\":[");

	while (first < prm->n_msgs && prm->msgs[first].role == LLM_SYSTEM)
		first++;
	/* The bot may have greeted before anybody spoke. */
	if (!err &&
	    (first == prm->n_msgs || prm->msgs[first].role == LLM_ASSISTANT))
		err = add_text(&w, USER, "(The call is connected.)");
	for (size_t i = 0; i < prm->n_msgs && !err; i++)
		err = add_msg(&w, &prm->msgs[i]);
	/* What ends with the assistant would be a text to be continued. */
	if (!err && w.side == ASSISTANT)
		err = add_text(&w, USER, "(The callee is silent.)");
	if (!err)
		err = close_message(&w);
	return err ? err : buf_adds(out, "]");
}

/* All system messages as blocks; the last ends what may be cached. */
static int add_system(struct buf *out, const struct llm_params *prm)
{
	unsigned n = 0;
	int err = 0;

	for (size_t i = 0; i < prm->n_msgs && !err; i++) {
		const struct llm_msg *msg = &prm->msgs[i];

		if (msg->role != LLM_SYSTEM || is_blank(msg->text))
			continue;
		err = buf_adds(out, n++ ? "},{\"type\":\"text\","
		                        : ",\"system\":[{\"type\":\"text\",");
		if (!err)
			err = quoted(out, "text", msg->text);
	}
	if (err || !n)
		return err;
	return buf_adds(out, ",\"cache_control\":{\"type\":\"ephemeral\"}}]");
}

static int add_tools(struct buf *out, const struct llm_params *prm)
{
	int err = buf_adds(out, ",\"tools\":[");

	for (size_t i = 0; i < prm->n_tools && !err; i++) {
		const struct llm_tool *t = &prm->tools[i];

		err = buf_adds(out, i ? ",{" : "{");
		if (!err)
			err = quoted(out, "name", t->name);
		if (!err)
			err = buf_adds(out, ",");
		if (!err)
			err = quoted(out, "description", t->description);
		if (!err)
			err = buf_addf(out, ",\"input_schema\":%s}",
			               t->parameters);
	}
	return err ? err : buf_adds(out, "]");
}

int anthropic_request(struct buf *out, const struct llm_params *prm)
{
	const char *model =
		prm->cfg->model ? prm->cfg->model : "claude-haiku-4-5";
	/* The scale ends at 1, where that of agent files ends at 2. */
	double heat = prm->temperature < 1 ? prm->temperature : 1;
	int err = buf_adds(out, "{");

	if (!err)
		err = quoted(out, "model", model);
	if (!err)
		err = buf_addf(out, ",\"max_tokens\":%d,\"stream\":true",
		               ANTHROPIC_TOKENS_MAX);
	if (!err)
		err = add_system(out, prm);
	if (!err)
		err = add_messages(out, prm);
	if (!err && prm->has_temperature)
		err = buf_addf(out, ",\"temperature\":%.2f", heat);
	if (!err && prm->n_tools)
		err = add_tools(out, prm);
	return err ? err : buf_adds(out, "}");
}
