#include "bot/chat.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"

struct entry {
	struct llm_msg msg;        /* text and call_id are owned */
	struct llm_tool_call call; /* its texts are owned; name NULL: none */
	bool interrupted;
	uint32_t place; /* of a result that is still to come; 0 */
};

struct chat {
	char *instructions;
	struct entry entries[CHAT_MSGS_MAX];
	size_t n, bytes;
	size_t gone; /* entries that were dropped at the front */
	uint32_t places;
	struct llm_msg *built;
	struct buf marked; /* texts of the built messages that differ */
};

/* The model sees a dash where it was cut off, and learns why. */
static const char cut_mark[] = " \xe2\x80\x94";
static const char cut_note[] = "\nWhere one of your replies ends in a dash, "
			       "the caller interrupted you "
			       "there and heard nothing of the rest.";

static const char running_note[] =
	"{\"status\":\"running; the result will come\"}";

/* The model's view of a text is const; here is who owns it. */
static void drop_text(const char *text)
{
	union {
		const char *seen;
		char *owned;
	} u = {.seen = text};

	mem_free(u.owned);
}

static size_t entry_size(const struct entry *e)
{
	return strlen(e->msg.text) +
	       (e->call.name ? strlen(e->call.arguments) : 0);
}

static void entry_fini(struct chat *c, struct entry *e)
{
	c->bytes -= entry_size(e);
	drop_text(e->msg.text);
	drop_text(e->msg.call_id);
	drop_text(e->call.id);
	drop_text(e->call.name);
	drop_text(e->call.arguments);
}

int chat_new(struct chat **cp, struct str instructions)
{
	struct chat *c = mem_zalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->instructions = mem_strndup(instructions.len ? instructions.v : "",
	                              instructions.len);
	if (!c->instructions) {
		mem_free(c);
		return -ENOMEM;
	}
	buf_init(&c->marked, 2 * CHAT_BYTES_MAX + 160 * 1024);
	*cp = c;
	return 0;
}

void chat_free(struct chat **cp)
{
	struct chat *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		entry_fini(c, &c->entries[i]);
	mem_free(c->built);
	buf_fini(&c->marked);
	mem_free(c->instructions);
	mem_free(c);
}

static void drop_first(struct chat *c)
{
	size_t k = 1;

	/* A result without its call would be refused by the model's server. */
	while (k < c->n && c->entries[k].msg.role == LLM_TOOL)
		k++;
	for (size_t i = 0; i < k; i++)
		entry_fini(c, &c->entries[i]);
	c->n -= k;
	c->gone += k;
	memmove(c->entries, c->entries + k, c->n * sizeof(c->entries[0]));
}

/* Takes over the texts of @e, also when it fails. */
static int add(struct chat *c, struct entry *e)
{
	c->bytes += entry_size(e);
	while (c->n && (c->n == CHAT_MSGS_MAX || c->bytes > CHAT_BYTES_MAX))
		drop_first(c);
	c->entries[c->n++] = *e;
	return 0;
}

static int say(struct chat *c, enum llm_role role, struct str text,
               const char *call_id, bool interrupted)
{
	struct entry e = {.msg.role = role, .interrupted = interrupted};

	e.msg.text = mem_strndup(text.len ? text.v : "", text.len);
	if (!e.msg.text)
		return -ENOMEM;
	if (call_id) {
		e.msg.call_id = mem_strdup(call_id);
		if (!e.msg.call_id) {
			drop_text(e.msg.text);
			return -ENOMEM;
		}
	}
	return add(c, &e);
}

int chat_callee(struct chat *c, struct str text)
{
	return text.len ? say(c, LLM_USER, text, NULL, false) : 0;
}

int chat_bot(struct chat *c, struct str text, bool interrupted)
{
	return text.len ? say(c, LLM_ASSISTANT, text, NULL, interrupted) : 0;
}

size_t chat_end(const struct chat *c)
{
	return c->gone + c->n;
}

int chat_bot_at(struct chat *c, size_t at, struct str text, bool interrupted)
{
	const size_t before = c->n;
	int err = chat_bot(c, text, interrupted);
	struct entry e;
	size_t i;

	if (err || !text.len || !before)
		return err;
	i = at > c->gone ? at - c->gone : 0;
	if (i >= c->n)
		return 0;
	e = c->entries[c->n - 1];
	memmove(c->entries + i + 1, c->entries + i,
	        (c->n - 1 - i) * sizeof(c->entries[0]));
	c->entries[i] = e;
	return 0;
}

bool chat_take_back(struct chat *c)
{
	if (!c->n || c->entries[c->n - 1].msg.role != LLM_USER)
		return false;
	entry_fini(c, &c->entries[--c->n]);
	return true;
}

int chat_call(struct chat *c, const struct llm_tool_call *call)
{
	struct entry e = {.msg.role = LLM_ASSISTANT};

	e.msg.text = mem_strdup("");
	e.call.id = mem_strdup(call->id);
	e.call.name = mem_strdup(call->name);
	e.call.arguments = mem_strdup(call->arguments);
	if (e.msg.text && e.call.id && e.call.name && e.call.arguments)
		return add(c, &e);
	drop_text(e.msg.text);
	drop_text(e.call.id);
	drop_text(e.call.name);
	drop_text(e.call.arguments);
	return -ENOMEM;
}

int chat_result(struct chat *c, const char *call_id, struct str result)
{
	return say(c, LLM_TOOL, result, call_id, false);
}

int chat_pending(struct chat *c, const char *call_id, uint32_t *place)
{
	int err = chat_result(c, call_id, str_of(running_note));

	if (err)
		return err;
	*place = c->entries[c->n - 1].place = ++c->places;
	return 0;
}

int chat_settle(struct chat *c, uint32_t place, struct str result)
{
	size_t i = 0;
	char *text;

	while (i < c->n && c->entries[i].place != place)
		i++;
	if (i == c->n)
		return 0;
	text = mem_strndup(result.len ? result.v : "", result.len);
	if (!text)
		return -ENOMEM;
	c->bytes -= entry_size(&c->entries[i]);
	drop_text(c->entries[i].msg.text);
	c->entries[i].msg.text = text;
	c->entries[i].place = 0;
	c->bytes += entry_size(&c->entries[i]);
	while (c->n && c->bytes > CHAT_BYTES_MAX)
		drop_first(c);
	return 0;
}

size_t chat_len(const struct chat *c)
{
	return c->n;
}

const struct llm_msg *chat_at(const struct chat *c, size_t i)
{
	ASSERT(i < c->n);
	return &c->entries[i].msg;
}

bool chat_interrupted(const struct chat *c, size_t i)
{
	ASSERT(i < c->n);
	return c->entries[i].interrupted;
}

/* Append a text and its terminator; @at is where it begins, since the buffer
 * may still move. */
static int keep(struct chat *c, const char *text, const char *tail, size_t *at)
{
	int err;

	*at = c->marked.len;
	err = buf_adds(&c->marked, text);
	if (!err)
		err = buf_adds(&c->marked, tail);
	return err ? err : buf_add(&c->marked, "", 1);
}

/* Texts that are given with something added; sizes first, so that no pointer
 * is taken before the buffer has stopped moving. */
static int decorate(struct chat *c, size_t *at, size_t *sys_at)
{
	bool any = false;
	int err = 0;

	buf_reset(&c->marked);
	for (size_t i = 0; i < c->n && !err; i++) {
		if (!c->entries[i].interrupted)
			continue;
		any = true;
		err = keep(c, c->entries[i].msg.text, cut_mark, &at[i]);
	}
	if (!err)
		err = keep(c, c->instructions, any ? cut_note : "", sys_at);
	return err;
}

int chat_build(struct chat *c, const struct llm_msg **msgs, size_t *n)
{
	size_t at[CHAT_MSGS_MAX] = {0}, sys_at = 0, k = 0;
	int err;

	mem_free(c->built);
	c->built = mem_zalloc((c->n + 1) * sizeof(c->built[0]));
	if (!c->built)
		return -ENOMEM;
	err = decorate(c, at, &sys_at);
	if (err)
		return err;
	if (c->marked.v[sys_at])
		c->built[k++] = (struct llm_msg){
			.role = LLM_SYSTEM,
			.text = c->marked.v + sys_at,
		};
	for (size_t i = 0; i < c->n; i++) {
		struct entry *e = &c->entries[i];
		struct llm_msg *m = &c->built[k++];

		*m = e->msg;
		if (e->interrupted)
			m->text = c->marked.v + at[i];
		if (e->call.name) {
			m->calls = &e->call;
			m->n_calls = 1;
		}
	}
	*msgs = c->built;
	*n = k;
	return 0;
}
