#include "bot/provider/openai_msg.h"

#include <string.h>

#include "common/buf.h"
#include "common/js.h"

static int quoted(struct buf *out, const char *key, const char *value)
{
	int err = buf_addf(out, "\"%s\":", key);

	return err ? err : js_quote(out, value, strlen(value));
}

static int add_call(struct buf *out, const struct llm_tool_call *call)
{
	const char *arguments =
		call->arguments && *call->arguments ? call->arguments : "{}";
	int err = buf_adds(out, "{\"type\":\"function\",");

	if (!err)
		err = quoted(out, "id", call->id);
	if (!err)
		err = buf_adds(out, ",\"function\":{");
	if (!err)
		err = quoted(out, "name", call->name);
	if (!err)
		err = buf_adds(out, ",");
	if (!err)
		err = quoted(out, "arguments", arguments);
	return err ? err : buf_adds(out, "}}");
}

static int add_calls(struct buf *out, const struct llm_msg *msg)
{
	int err = buf_adds(out, ",\"tool_calls\":[");

	for (size_t i = 0; i < msg->n_calls && !err; i++) {
		if (i)
			err = buf_adds(out, ",");
		if (!err)
			err = add_call(out, &msg->calls[i]);
	}
	return err ? err : buf_adds(out, "]");
}

static int add_msg(struct buf *out, const struct llm_msg *msg)
{
	static const char *const roles[] = {"system", "user", "assistant",
	                                    "tool"};
	bool only_calls = msg->n_calls && (!msg->text || !*msg->text);
	int err = buf_addf(out, "{\"role\":\"%s\",", roles[msg->role]);

	if (!err && msg->role == LLM_TOOL) {
		err = quoted(out, "tool_call_id", msg->call_id);
		if (!err)
			err = buf_adds(out, ",");
	}
	if (!err && only_calls)
		err = buf_adds(out, "\"content\":null");
	else if (!err)
		err = quoted(out, "content", msg->text ? msg->text : "");
	if (!err && msg->n_calls)
		err = add_calls(out, msg);
	return err ? err : buf_adds(out, "}");
}

static int add_tools(struct buf *out, const struct llm_params *prm)
{
	int err = buf_adds(out, ",\"tools\":[");

	for (size_t i = 0; i < prm->n_tools && !err; i++) {
		const struct llm_tool *t = &prm->tools[i];

		err = buf_addf(out, "%s{\"type\":\"function\",\"function\":{",
		               i ? "," : "");
		if (!err)
			err = quoted(out, "name", t->name);
		if (!err)
			err = buf_adds(out, ",");
		if (!err)
			err = quoted(out, "description", t->description);
		if (!err)
			err = buf_addf(out, ",\"parameters\":%s}}",
			               t->parameters);
	}
	return err ? err : buf_adds(out, "]");
}

int openai_request(struct buf *out, const struct llm_params *prm)
{
	const char *model = prm->cfg->model ? prm->cfg->model : "gpt-4.1";
	int err = buf_adds(out, "{");

	if (!err)
		err = quoted(out, "model", model);
	if (!err)
		err = buf_adds(out, ",\"stream\":true,\"stream_options\":"
		                    "{\"include_usage\":true},\"messages\":[");
	for (size_t i = 0; i < prm->n_msgs && !err; i++) {
		if (i)
			err = buf_adds(out, ",");
		if (!err)
			err = add_msg(out, &prm->msgs[i]);
	}
	if (!err)
		err = buf_adds(out, "]");
	if (!err && prm->has_temperature)
		err = buf_addf(out, ",\"temperature\":%.2f", prm->temperature);
	if (!err && prm->n_tools)
		err = add_tools(out, prm);
	return err ? err : buf_adds(out, "}");
}
