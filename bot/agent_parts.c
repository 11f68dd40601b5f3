#include "bot/agent_parts.h"

#include <errno.h>
#include <string.h>

#include "bot/stream/proto.h"
#include "bot/template.h"
#include "common/mem.h"

enum { PASSAGE_MIN = 8 /* [bytes]; less could stand anywhere */ };

static int add_voice(struct agent *a, const char *provider, const char *voice)
{
	struct agent_voice *v = &a->voices[a->n_voices];
	int err = agent_text(&v->voice, voice);

	if (!err)
		err = agent_text(&v->provider, provider);
	a->n_voices++;
	return err;
}

int agent_parse_voice(struct agent *a, json_t *v, char fault[AGENT_FAULT_MAX])
{
	static const char what[] =
		"must be a text, or an object of one text per provider";
	const char *provider;
	json_t *voice;

	if (json_is_string(v))
		return add_voice(a, NULL, json_string_value(v));
	if (!json_is_object(v) || json_object_size(v) > AGENT_VOICES_MAX)
		return agent_fault(fault, "voice", what);
	json_object_foreach(v, provider, voice)
	{
		int err;

		if (!json_is_string(voice))
			return agent_fault(fault, "voice", what);
		err = add_voice(a, provider, json_string_value(voice));
		if (err)
			return err;
	}
	return 0;
}

int agent_parse_when(struct agent *a, const json_t *v,
                     char fault[AGENT_FAULT_MAX])
{
	static const char *const names[] = {
		[AGENT_GREETS_AFTER_HELLO] = "after_hello",
		[AGENT_GREETS_AT_ONCE] = "at_once",
		[AGENT_GREETS_NEVER] = "never",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (json_is_string(v) &&
		    strcmp(json_string_value(v), names[i]) == 0) {
			a->greets = (enum agent_greets)i;
			return 0;
		}
	return agent_fault(fault, "greeting.when",
	                   "must be \"after_hello\", \"at_once\" or "
	                   "\"never\"");
}

int agent_parse_prompts(struct agent *a, const json_t *v,
                        char fault[AGENT_FAULT_MAX])
{
	static const char name[] = "idle.prompts";
	const char *why = "must be a list of at most 8 texts";
	size_t i;
	json_t *text;

	if (!json_is_array(v) || json_array_size(v) > AGENT_PROMPTS_MAX)
		return agent_fault(fault, name, why);
	json_array_foreach(v, i, text)
	{
		int err;

		if (!json_is_string(text) || !json_string_length(text) ||
		    template_check(str_of(json_string_value(text)), &why) != 0)
			return agent_fault(fault, name, why);
		err = agent_text(&a->prompts[a->n_prompts++],
		                 json_string_value(text));
		if (err)
			return err;
	}
	return 0;
}

int agent_parse_passages(struct agent *a, const json_t *v,
                         char fault[AGENT_FAULT_MAX])
{
	size_t i;
	json_t *text;

	if (!json_is_array(v) || json_array_size(v) > AGENT_PASSAGES_MAX)
		return agent_fault(fault, "protect",
		                   "must be a list of at most 8 texts");
	json_array_foreach(v, i, text)
	{
		int err;

		if (!json_is_string(text) ||
		    json_string_length(text) < PASSAGE_MIN)
			return agent_fault(fault, "protect",
			                   "must have texts of 8 characters "
			                   "at least");
		err = agent_text(&a->passages[a->n_passages++],
		                 json_string_value(text));
		if (err)
			return err;
	}
	return 0;
}

static bool keys_ok(const char *keys)
{
	const size_t n = keys ? strlen(keys) : 0;

	return n && n <= STREAM_DIGITS_MAX &&
	       strspn(keys, "0123456789*#ABCDw") == n;
}

int agent_parse_menu(struct agent *a, json_t *v, char fault[AGENT_FAULT_MAX])
{
	static const char what[] =
		"must be an object of at most 16 phrases, each with keys of "
		"0-9 * # A-D and w";
	struct agent_machine *m = &a->machine;
	const char *words;
	json_t *keys;

	if (!json_is_object(v) || json_object_size(v) > AGENT_MENU_MAX)
		return agent_fault(fault, "machine.menu", what);
	json_object_foreach(v, words, keys)
	{
		struct agent_choice *c = &m->menu[m->n_menu];
		int err;

		if (!words[0] || !keys_ok(json_string_value(keys)))
			return agent_fault(fault, "machine.menu", what);
		m->n_menu++;
		err = agent_text(&c->words, words);
		if (!err)
			err = agent_text(&c->keys, json_string_value(keys));
		if (err)
			return err;
	}
	return 0;
}
