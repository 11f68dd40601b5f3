#include "bot/tool_transfer.h"

#include <errno.h>
#include <string.h>

#include "bot/tool_parse.h"
#include "common/buf.h"
#include "common/jtext.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	SCHEMA_MAX = 2 * 1024, /* [bytes] */
	DIGITS_MIN = 7,
	DIGITS_MAX = 15,
};

const char tool_transfer_name[] = "transfer_call";

static const char description[] =
	"Connect the person to somebody else and leave the call. Use it when "
	"they ask for it, or when you cannot help; say first, in a few words, "
	"that you will.";
static const char filler[] = "One moment, please. I will connect you.";

static bool is_number(const char *to)
{
	const size_t n = strspn(to + 1, "0123456789");

	return to[0] == '+' && to[1] != '0' && n >= DIGITS_MIN &&
	       n <= DIGITS_MAX && !to[1 + n];
}

/* The server, which dials, looks more closely. */
static bool is_sip(const char *to)
{
	const char *at = strchr(to, '@');

	return strncmp(to, "sip:", 4) == 0 && at && at > to + 4 && at[1] &&
	       tool_only(to + 4, "._+-@");
}

static int add_destination(struct tool_transfer *t, const char *label,
                           const char *to, char *fault)
{
	struct tool_destination *d = &t->to[t->n];

	if (strlen(label) >= TRANSFER_LABEL_MAX || !tool_only(label, " _-"))
		return tool_fault(fault, "to",
		                  "must have labels of at most 39 letters, "
		                  "digits, spaces, _ and -");
	if (!to || (!is_number(to) && !is_sip(to)))
		return tool_fault(fault, label,
		                  "must be a number such as +15551234567, or "
		                  "sip:user@host");
	t->n++;
	d->label = mem_strdup(label);
	d->to = mem_strdup(to);
	return d->label && d->to ? 0 : -ENOMEM;
}

static int get_destinations(struct tool_transfer *t, json_t *list, char *fault)
{
	const char *label;
	json_t *to;
	int err = 0;

	if (!json_is_object(list) || !json_object_size(list) ||
	    json_object_size(list) > TRANSFER_DESTINATIONS_MAX)
		return tool_fault(fault, "to",
		                  "must be an object of 1 to 16 labels");
	json_object_foreach(list, label, to)
	{
		if (!err)
			err = add_destination(t, label, json_string_value(to),
			                      fault);
	}
	return err;
}

static int get_ring(struct tool_transfer *t, const json_t *v, char *fault)
{
	const double n = v ? json_number_value(v) : TRANSFER_RING_SEC;

	if (n < TRANSFER_RING_MIN_SEC || n > TRANSFER_RING_MAX_SEC)
		return tool_fault(fault, "timeout_sec",
		                  "must be a number from 5 to 120");
	t->ring_sec = (uint32_t)n;
	return 0;
}

static int write_schema(struct tool_own *t)
{
	struct buf b;
	int err;

	buf_init(&b, SCHEMA_MAX);
	err = buf_adds(&b, "{\"type\":\"object\",\"properties\":{\"to\":{"
	                   "\"type\":\"string\",\"enum\":[");
	for (size_t i = 0; i < t->transfer.n && !err; i++)
		err = buf_addf(&b, "%s\"%s\"", i ? "," : "",
		               t->transfer.to[i].label);
	if (!err)
		err = buf_adds(&b, "]}},\"required\":[\"to\"]}");
	if (err)
		buf_fini(&b);
	else
		t->parameters = buf_take(&b, NULL);
	return err;
}

static int or_default(char **dst, const char *text)
{
	if (!*dst)
		*dst = mem_strdup(text);
	return *dst ? 0 : -ENOMEM;
}

int tool_transfer_parse(struct tool_own *t, json_t *obj, char *fault)
{
	static const char *const known[] = {"name",   "description", "to",
	                                    "filler", "timeout_sec", NULL};
	int err = tool_known(obj, known, fault);

	if (!err)
		err = tool_text(&t->name, obj, "name", true, fault);
	if (!err)
		err = tool_text(&t->description, obj, "description", false,
		                fault);
	if (!err)
		err = or_default(&t->description, description);
	if (!err)
		err = tool_text(&t->filler, obj, "filler", false, fault);
	if (!err)
		err = or_default(&t->filler, filler);
	if (!err)
		err = get_ring(&t->transfer,
		               json_object_get(obj, "timeout_sec"), fault);
	if (!err)
		err = get_destinations(&t->transfer, json_object_get(obj, "to"),
		                       fault);
	return err ? err : write_schema(t);
}

void tool_transfer_fini(struct tool_transfer *t)
{
	for (size_t i = 0; i < t->n; i++) {
		mem_free(t->to[i].label);
		mem_free(t->to[i].to);
	}
	t->n = 0;
}

const struct tool_destination *tool_transfer_pick(const struct tool_transfer *t,
                                                  struct str args,
                                                  struct buf *result)
{
	char label[TRANSFER_LABEL_MAX];
	struct str value;

	if (jtext_get(args, "to", &value) == 0 &&
	    jtext_type(value) == JTEXT_STRING &&
	    jtext_string(label, sizeof(label), value) == 0)
		for (size_t i = 0; i < t->n; i++)
			if (strcmp(t->to[i].label, label) == 0)
				return &t->to[i];
	if (tools_error(result, "there is nobody of that name to transfer to"))
		log_line(LOG_ERROR, "tool", NULL, "event=no_memory");
	return NULL;
}
