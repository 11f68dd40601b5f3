#include "bot/agent.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/agent_parts.h"
#include "bot/agent_tools.h"
#include "bot/template.h"
#include "common/buf.h"
#include "common/js.h"
#include "common/mem.h"

enum kind {
	KIND_TEXT,     /* char * */
	KIND_TEMPLATE, /* char *, checked */
	KIND_BOOL,
	KIND_MS,  /* uint32_t, as it is */
	KIND_SEC, /* uint32_t [ms], given in seconds */
	KIND_COUNT,
	KIND_REAL,
};

struct key {
	const char *name;
	size_t offset;
	double min, max; /* of numbers */
	enum kind kind;
	bool nullable;
};

#define AT(member) offsetof(struct agent, member)

/* clang-format off */
static const struct key keys[] = {
	{"instructions",	AT(instructions),	0, 0,	KIND_TEMPLATE, false},
	{"greeting",		AT(greeting),		0, 0,	KIND_TEMPLATE, true},
	{"greeting.text",	AT(greeting),		0, 0,	KIND_TEMPLATE, true},
	{"apology",		AT(apology),		0, 0,	KIND_TEMPLATE, false},
	{"goodbye",		AT(goodbye),		0, 0,	KIND_TEMPLATE, true},
	{"farewell",		AT(farewell),		0, 0,	KIND_TEMPLATE, true},
	{"recovered",		AT(recovered),		0, 0,	KIND_TEMPLATE, true},
	{"model",		AT(model),		0, 0,	KIND_TEXT, true},
	{"hooks",		AT(hooks_name),		0, 0,	KIND_TEXT, true},
	{"language",		AT(language),		0, 0,	KIND_TEXT, true},
	{"spoken_numbers",	AT(spoken_numbers),	0, 0,	KIND_BOOL, false},
	{"temperature",		AT(temperature),	0, 2,	KIND_REAL, false},
	{"preemptive",		AT(preemptive),		0, 0,	KIND_BOOL, false},
	{"turn_model",		AT(turn_model),		0, 0,	KIND_BOOL, false},
	{"protect_greeting",	AT(protect_greeting),	0, 0,	KIND_BOOL, false},
	{"mute.first_sentence",	AT(mute_first),		0, 0,	KIND_BOOL, false},
	{"mute.tools",		AT(mute_tools),		0, 0,	KIND_BOOL, false},
	{"greet_after_ms",	AT(greet_after_ms),	1, 60000,	KIND_MS, false},
	{"resume_after_ms",	AT(resume_ms),		0, 10000,	KIND_MS, false},
	{"min_duration_ms",	AT(interrupt.min_ms),	0, 5000,	KIND_MS, false},
	{"min_words",		AT(interrupt.min_words), 0, 20,	KIND_COUNT, false},
	{"pause_ms",		AT(endpoint.short_ms),	100, 5000,	KIND_MS, false},
	{"long_pause_ms",	AT(endpoint.long_ms),	100, 10000,	KIND_MS, false},
	{"filler",		AT(filler),		0, 0,	KIND_TEMPLATE, true},
	{"filler.text",		AT(filler),		0, 0,	KIND_TEMPLATE, true},
	{"filler.after_ms",	AT(failure.filler_ms),	300, FAILURE_FILLER_MAX_MS, KIND_MS, false},
	{"failures.first_token_ms", AT(failure.token_ms), 100, FAILURE_TOKEN_MAX_MS, KIND_MS, false},
	{"failures.stall_ms",	AT(failure.stall_ms),	200, FAILURE_STALL_MAX_MS, KIND_MS, false},
	{"failures.voice_ms",	AT(failure.voice_ms),	100, FAILURE_VOICE_MAX_MS, KIND_MS, false},
	{"failures.answer_ms",	AT(failure.answer_ms),	1000, FAILURE_ANSWER_MAX_MS, KIND_MS, false},
	{"failures.hear_ms",	AT(failure.hear_ms),	500, FAILURE_HEAR_MAX_MS, KIND_MS, false},
	{"idle.after_sec",	AT(prompt_ms),		2, 600,	KIND_SEC, false},
	{"machine.message",	AT(machine.message),	0, 0,	KIND_TEMPLATE, true},
	{"machine.screener",	AT(machine.screener),	0, 0,	KIND_TEMPLATE, true},
	{"machine.carrier",	AT(machine.carrier),	0, 0,	KIND_BOOL, false},
	{"limits.call_sec",	AT(max_call_ms),	10, 14400,	KIND_SEC, false},
	{"limits.idle_sec",	AT(idle_ms),		5, 3600,	KIND_SEC, false},
	{"limits.turn_sec",	AT(max_turn_ms),	5, 600,	KIND_SEC, false},
};
/* clang-format on */

int agent_fault(char fault[AGENT_FAULT_MAX], const char *key, const char *what)
{
	snprintf(fault, AGENT_FAULT_MAX, "\"%s\": %s", key, what);
	return -EINVAL;
}

int agent_text(char **dst, const char *text)
{
	char *copy = NULL;

	if (text) {
		copy = mem_strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	mem_free(*dst);
	*dst = copy;
	return 0;
}

static int parse_text(struct agent *a, const struct key *k, const json_t *v,
                      char fault[AGENT_FAULT_MAX])
{
	char **dst = (char **)(void *)((char *)a + k->offset);
	const char *why;

	if (k->nullable && json_is_null(v))
		return agent_text(dst, NULL);
	if (!json_is_string(v))
		return agent_fault(fault, k->name,
		                   k->nullable ? "must be a text or null"
		                               : "must be a text");
	if (k->kind == KIND_TEMPLATE &&
	    template_check(str_of(json_string_value(v)), &why) != 0)
		return agent_fault(fault, k->name, why);
	return agent_text(dst, json_string_value(v));
}

static int parse_number(struct agent *a, const struct key *k, const json_t *v,
                        char fault[AGENT_FAULT_MAX])
{
	void *dst = (char *)a + k->offset;
	const double n = json_number_value(v);

	if (!json_is_number(v) || n < k->min || n > k->max) {
		char what[96];

		snprintf(what, sizeof(what), "must be a number from %g to %g",
		         k->min, k->max);
		return agent_fault(fault, k->name, what);
	}
	if (k->kind == KIND_REAL)
		*(double *)dst = n;
	else if (k->kind == KIND_SEC)
		*(uint32_t *)dst = (uint32_t)(n * 1000);
	else
		*(uint32_t *)dst = (uint32_t)n;
	return 0;
}

static int parse_key(struct agent *a, const struct key *k, const json_t *v,
                     char fault[AGENT_FAULT_MAX])
{
	switch (k->kind) {
	case KIND_TEXT:
	case KIND_TEMPLATE:
		return parse_text(a, k, v, fault);
	case KIND_BOOL:
		if (!json_is_boolean(v))
			return agent_fault(fault, k->name,
			                   "must be true or false");
		*(bool *)(void *)((char *)a + k->offset) = json_is_true(v);
		return 0;
	case KIND_MS:
	case KIND_SEC:
	case KIND_COUNT:
	case KIND_REAL:
		break;
	}
	return parse_number(a, k, v, fault);
}

static int parse_order(struct agent *a, const char *key, const json_t *v,
                       char fault[AGENT_FAULT_MAX])
{
	const int stage = agent_order_stage(key);
	const int err =
		agent_order_parse(&a->order[stage], (enum stage)stage, v);

	return err == -EINVAL
	               ? agent_fault(
				 fault, key,
				 "must be a provider's name, or a list of at "
				 "most 4")
	               : err;
}

/* Objects within the file; one level deep. */
static const char *const groups[] = {"limits", "greeting", "idle", "machine",
                                     "filler", "failures", "mute"};

static bool is_group(const char *path, const json_t *v)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (json_is_object(v) && strcmp(path, groups[i]) == 0)
			return true;
	return false;
}

static int parse_object(struct agent *a, json_t *obj, const char *prefix,
                        char fault[AGENT_FAULT_MAX])
{
	const char *name;
	json_t *v;

	json_object_foreach(obj, name, v)
	{
		const struct key *k = NULL;
		char path[128];
		int err;

		snprintf(path, sizeof(path), "%s%.60s", prefix, name);
		for (size_t i = 0; i < ARRAY_LEN(keys) && !k; i++)
			if (strcmp(keys[i].name, path) == 0)
				k = &keys[i];
		if (is_group(path, v)) {
			if (strcmp(path, "machine") == 0)
				a->machine.watch = true;
			/* A group's name begins no other group's. */
			char inner[72];

			snprintf(inner, sizeof(inner), "%.60s.", name);
			err = parse_object(a, v, inner, fault);
		} else if (k)
			err = parse_key(a, k, v, fault);
		else if (strcmp(path, "greeting.when") == 0)
			err = agent_parse_when(a, v, fault);
		else if (strcmp(path, "idle.prompts") == 0)
			err = agent_parse_prompts(a, v, fault);
		else if (strcmp(path, "protect") == 0)
			err = agent_parse_passages(a, v, fault);
		else if (strcmp(path, "machine.menu") == 0)
			err = agent_parse_menu(a, v, fault);
		else if (strcmp(path, "voice") == 0)
			err = agent_parse_voice(a, v, fault);
		else if (agent_order_stage(path) >= 0)
			err = parse_order(a, path, v, fault);
		else if (strcmp(path, "tools") == 0)
			err = agent_tools_parse(a, v, fault);
		else if (strcmp(path, "after_call") == 0)
			err = agent_after_parse(&a->after, v, fault);
		else
			err = agent_fault(fault, path, "unknown key");
		if (err)
			return err;
	}
	return 0;
}

int agent_new(struct agent **ap, const char *name)
{
	struct agent *a = mem_zalloc(sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->temperature = -1;
	a->preemptive = true;
	a->turn_model = true;
	a->spoken_numbers = true;
	a->greet_after_ms = 1500;
	a->resume_ms = 2000;
	a->prompt_ms = 10 * 1000;
	a->idle_ms = 300 * 1000;
	a->max_call_ms = 900 * 1000;
	a->max_turn_ms = 90 * 1000;
	a->failure = failure_defaults;
	a->interrupt = interrupt_defaults;
	a->endpoint = endpoint_defaults;
	err = agent_text(&a->instructions, "");
	if (!err)
		err = agent_text(&a->apology,
		                 "I'm sorry, I did not get that. Could you "
		                 "say it again?");
	if (!err)
		err = agent_text(&a->goodbye,
		                 "I'm sorry, I have trouble on my side. I will "
		                 "have to hang up. Goodbye.");
	if (!err)
		err = agent_text(&a->farewell, "I have to go now. Goodbye.");
	if (!err)
		err = agent_text(&a->recovered,
		                 "Sorry, we got cut off for a moment. Could "
		                 "you say that again?");
	if (!err)
		err = agent_text(&a->filler, "One moment, please.");
	if (err)
		agent_free(&a);
	*ap = a;
	return err;
}

int agent_parse(struct agent **ap, const char *name, const char *text,
                size_t len, char fault[AGENT_FAULT_MAX])
{
	struct agent *a = NULL;
	json_t *obj = js_parse(text, len, fault, AGENT_FAULT_MAX);
	int err;

	if (!obj)
		return -EINVAL;
	if (!json_is_object(obj)) {
		snprintf(fault, AGENT_FAULT_MAX, "not a JSON object");
		err = -EINVAL;
		goto out;
	}
	err = agent_new(&a, name);
	if (!err)
		err = parse_object(a, obj, "", fault);
	if (!err)
		err = agent_tools_check(a, fault);
	if (err)
		agent_free(&a);
	else
		*ap = a;
out:
	json_decref(obj);
	return err;
}

static bool name_ok(const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_-", name[i]))
			return false;
	return len > 0 && len < AGENT_NAME_MAX;
}

static int read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	char block[4096];
	size_t n;
	int err = 0;

	if (!f)
		return -errno;
	while (!err && (n = fread(block, 1, sizeof(block), f)) > 0)
		err = buf_add(out, block, n);
	if (!err && ferror(f))
		err = -EIO;
	fclose(f);
	return err;
}

int agent_load(struct agent **ap, const char *dir, const char *name,
               char fault[AGENT_FAULT_MAX])
{
	char path[4096], what[AGENT_FAULT_MAX] = "";
	struct agent *a = NULL;
	struct buf text;
	int n, err;

	if (!name_ok(name)) {
		snprintf(fault, AGENT_FAULT_MAX, "\"%.60s\" is no agent's name",
		         name);
		return -ENOENT;
	}
	n = snprintf(path, sizeof(path), "%s/%s.json", dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENOENT;
	buf_init(&text, AGENT_FILE_MAX);
	err = read_file(path, &text);
	if (err)
		snprintf(what, sizeof(what), "cannot be read");
	else
		err = agent_parse(&a, name, buf_str(&text), text.len, what);
	if (!err)
		err = agent_hooks_find(a, dir, what);
	if (err)
		agent_free(&a);
	else
		*ap = a;
	if (err)
		snprintf(fault, AGENT_FAULT_MAX, "%.120s: %.120s", path, what);
	buf_fini(&text);
	return err;
}

void agent_free(struct agent **ap)
{
	struct agent *a = *ap;

	*ap = NULL;
	if (!a)
		return;
	for (size_t i = 0; i < a->n_voices; i++) {
		mem_free(a->voices[i].provider);
		mem_free(a->voices[i].voice);
	}
	mem_free(a->instructions);
	mem_free(a->greeting);
	mem_free(a->apology);
	mem_free(a->goodbye);
	mem_free(a->farewell);
	mem_free(a->recovered);
	mem_free(a->filler);
	mem_free(a->machine.message);
	mem_free(a->machine.screener);
	for (size_t i = 0; i < a->machine.n_menu; i++) {
		mem_free(a->machine.menu[i].words);
		mem_free(a->machine.menu[i].keys);
	}
	for (size_t i = 0; i < a->n_prompts; i++)
		mem_free(a->prompts[i]);
	for (size_t i = 0; i < a->n_passages; i++)
		mem_free(a->passages[i]);
	mem_free(a->model);
	mem_free(a->hooks_name);
	mem_free(a->language);
	for (size_t i = 0; i < FALLBACK_STAGES; i++)
		agent_order_fini(&a->order[i]);
	agent_tools_free(a);
	agent_after_fini(&a->after);
	mem_free(a);
}

const char *agent_voice(const struct agent *a, const char *provider)
{
	for (size_t i = 0; i < a->n_voices; i++)
		if (!a->voices[i].provider ||
		    strcmp(a->voices[i].provider, provider) == 0)
			return a->voices[i].voice;
	return NULL;
}

/* "en", "en-GB", or nothing said; "multi" and the like leave it open. */
static bool is_english(const char *language)
{
	const struct str s = str_of(language ? language : "en");

	return str_eq_nocase(str_n(s.v, strcspn(s.v, "-_")), "en");
}

struct provider_cfg agent_config(const struct agent *a,
                                 const struct provider_cfg *base,
                                 const char *provider)
{
	struct provider_cfg out = {0};
	const char *voice = agent_voice(a, provider);

	if (base)
		out = *base;
	if (voice)
		out.voice = voice;
	if (a->language)
		out.language = a->language;
	out.words_for_numbers = a->spoken_numbers && is_english(out.language);
	return out;
}
