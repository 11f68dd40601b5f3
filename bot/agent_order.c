#define _POSIX_C_SOURCE 200809L
#include "bot/agent_order.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "bot/agent.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "common/mem.h"

int agent_order_stage(const char *key)
{
	static const char *const keys[] = {
		[STAGE_STT] = "stt", [STAGE_LLM] = "llm", [STAGE_TTS] = "tts"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return (int)i;
	return -1;
}

static bool exists(enum stage stage, const char *name)
{
	switch (stage) {
	case STAGE_STT:
		return stt_find(name) != NULL;
	case STAGE_LLM:
		return llm_find(name) != NULL;
	case STAGE_TTS:
		break;
	}
	return tts_find(name) != NULL;
}

static int add(struct agent_order *o, enum stage stage, const json_t *v)
{
	const char *name = json_string_value(v);

	if (!name || o->n == FALLBACK_PICK || !exists(stage, name))
		return -EINVAL;
	o->names[o->n] = mem_strdup(name);
	return o->names[o->n++] ? 0 : -ENOMEM;
}

int agent_order_parse(struct agent_order *o, enum stage stage, const json_t *v)
{
	int err = 0;

	if (json_is_string(v))
		return add(o, stage, v);
	if (!json_is_array(v))
		return -EINVAL;
	for (size_t i = 0; i < json_array_size(v) && !err; i++)
		err = add(o, stage, json_array_get(v, i));
	return err;
}

void agent_order_fini(struct agent_order *o)
{
	while (o->n)
		mem_free(o->names[--o->n]);
}

bool agent_names(const struct agent *a, enum stage stage, const char *provider)
{
	const struct agent_order *o = &a->order[stage];

	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->names[i], provider) == 0)
			return true;
	return false;
}

/* "NAME.json": its NAME. False: another file. */
bool agent_file_name(char *name, const char *file)
{
	const char *dot = strrchr(file, '.');
	const size_t n = dot ? (size_t)(dot - file) : 0;

	if (!n || strcmp(dot, ".json") != 0 || n >= AGENT_NAME_MAX)
		return false;
	memcpy(name, file, n);
	name[n] = '\0';
	return true;
}

bool agents_name(const char *dir, enum stage stage, const char *provider)
{
	DIR *d = opendir(dir);
	const struct dirent *file;
	bool found = false;

	/* Nobody else reads this folder through @d. */
	// NOLINTNEXTLINE(concurrency-mt-unsafe)
	while (d && !found && (file = readdir(d))) {
		char name[AGENT_NAME_MAX], fault[AGENT_FAULT_MAX] = "";
		struct agent *a = NULL;

		if (!agent_file_name(name, file->d_name))
			continue;
		/* What is wrong with it is said when a call names it. */
		if (agent_load(&a, dir, name, fault) == 0)
			found = agent_names(a, stage, provider);
		agent_free(&a);
	}
	if (d)
		closedir(d);
	return found;
}

const char *agent_first(const struct agent *a, const struct fallback *f,
                        enum stage stage, uint64_t now_us)
{
	const struct agent_order *o = &a->order[stage];

	return fallback_first(f, stage, (const char *const *)o->names, o->n,
	                      now_us);
}

void agent_choose(const struct agent *a, struct fallback *f, enum stage stage,
                  uint64_t now_us, struct fallback_pick *pick)
{
	const struct agent_order *o = &a->order[stage];

	fallback_choose(f, stage, (const char *const *)o->names, o->n, now_us,
	                pick);
}

bool agent_is_dumb(const struct agent *a, const struct fallback *f,
                   uint64_t now_us)
{
	for (size_t i = 0; i < FALLBACK_STAGES; i++) {
		const struct agent_order *o = &a->order[i];

		if (fallback_is_down(f, (enum stage)i,
		                     (const char *const *)o->names, o->n,
		                     now_us))
			return true;
	}
	return false;
}
