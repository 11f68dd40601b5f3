#include "bot/config_providers.h"

#include <errno.h>
#include <string.h>

#include "bot/config.h"
#include "bot/peer.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/str.h"

/* Offsets of texts in the configuration; 0, where ENV is, for none. */
struct source {
	enum stage stage;
	const char *name;
	size_t key, url, model, voice;
	const char *key_name; /* NULL: it works without */
	size_t instead;       /* of the key: a server at home asks for none */
};

#define AT(member) offsetof(struct bot_config, member)

static const struct source sources[] = {
	{STAGE_STT, "deepgram", AT(deepgram_key), AT(deepgram_url),
         AT(deepgram_model), 0, "DEEPGRAM_API_KEY", 0},
	{STAGE_STT, "flux", AT(deepgram_key), AT(deepgram_url), AT(flux_model),
         0, "DEEPGRAM_API_KEY", 0},
	{STAGE_STT, "openai", AT(openai_key), AT(openai_stt_url),
         AT(openai_stt_model), 0, "OPENAI_API_KEY", AT(openai_stt_given)},
	{STAGE_STT, "embedded", 0, 0, 0, 0, NULL, 0},
	{STAGE_LLM, "openai", AT(openai_key), AT(openai_url), AT(openai_model),
         0, "OPENAI_API_KEY", AT(openai_given)},
	{STAGE_LLM, "anthropic", AT(anthropic_key), AT(anthropic_url),
         AT(anthropic_model), 0, "ANTHROPIC_API_KEY", 0},
	{STAGE_LLM, "script", 0, 0, 0, 0, NULL, 0},
	{STAGE_TTS, "cartesia", AT(cartesia_key), AT(cartesia_url),
         AT(cartesia_model), AT(cartesia_voice), "CARTESIA_API_KEY", 0},
	{STAGE_TTS, "deepgram", AT(deepgram_key), AT(deepgram_url), 0,
         AT(deepgram_voice), "DEEPGRAM_API_KEY", 0},
	{STAGE_TTS, "elevenlabs", AT(elevenlabs_key), AT(elevenlabs_url),
         AT(elevenlabs_model), AT(elevenlabs_voice), "ELEVENLABS_API_KEY", 0},
	{STAGE_TTS, "openai", AT(openai_key), AT(openai_tts_url),
         AT(openai_tts_model), AT(openai_voice), "OPENAI_API_KEY",
         AT(openai_tts_given)},
	{STAGE_TTS, "embedded", 0, 0, 0, 0, NULL, 0},
	{STAGE_TTS, "flite", 0, 0, 0, 0, NULL, 0},
};

static const char *text_at(const struct bot_config *c, size_t offset)
{
	return offset ? *(const char *const *)(const void *)((const char *)c +
	                                                     offset)
	              : NULL;
}

static const struct source *find(enum stage stage, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (sources[i].stage == stage && !strcmp(sources[i].name, name))
			return &sources[i];
	return NULL;
}

static bool has_key(const struct bot_config *c, const struct source *s)
{
	ASSERT(s);
	return !s->key_name || text_at(c, s->key) || text_at(c, s->instead);
}

int config_provider(const struct bot_config *c, enum stage stage,
                    const char *name, struct provider_cfg *out,
                    const char **key_name)
{
	const struct source *s = find(stage, name);

	if (!s)
		return -ENOENT;
	*out = (struct provider_cfg){.key = text_at(c, s->key),
	                             .url = text_at(c, s->url),
	                             .model = text_at(c, s->model),
	                             .voice = text_at(c, s->voice),
	                             .script = c->script};
	if (has_key(c, s))
		return 0;
	if (key_name)
		*key_name = s->key_name;
	return ERR_AUTH;
}

/* ---- choosing -------------------------------------------------------------- */

/* What stands in STT, LLM or TTS where nothing does. */
struct choice {
	enum stage stage;
	const char *name; /* the variable */
	const char **value;
	const char *hosted, *local; /* with a key, without any */
};

static int judge(const struct bot_config *c, const struct choice *k,
                 const char *name, struct buf *faults)
{
	const char *key_name = NULL;
	struct provider_cfg unused;
	int err = config_provider(c, k->stage, name, &unused, &key_name);

	if (err == -ENOENT)
		return buf_addf(faults,
		                "%s=%s: there is no such provider: choose one "
		                "that --help names\n",
		                k->name, name);
	if (err == ERR_AUTH)
		return buf_addf(faults, "%s=%s needs %s: set it\n", k->name,
		                name, key_name);
	return 0;
}

/* "first,second": each is looked at. */
static int judge_all(const struct bot_config *c, const struct choice *k,
                     struct buf *faults)
{
	struct str rest = str_of(*k->value);
	int err = 0;

	while (rest.len && !err) {
		char name[32];

		if (str_copy(name, sizeof(name), str_trim(str_cut(&rest, ','))))
			name[0] = '\0';
		err = judge(c, k, name, faults);
	}
	return err;
}

/* A value, its absence, and a key that is not there: what follows. */
static int choose(const struct bot_config *c, const struct choice *k,
                  bool no_keys_local, struct buf *faults)
{
	const struct source *hosted = find(k->stage, k->hosted);

	ASSERT(hosted);
	if (!*k->value && has_key(c, hosted))
		*k->value = k->hosted;
	if (!*k->value && no_keys_local)
		*k->value = k->local;
	if (!*k->value)
		return buf_addf(faults,
		                "%s is not set: set it, or %s=%s to do "
		                "without\n",
		                hosted->key_name, k->name, k->local);
	return judge_all(c, k, faults);
}

bool config_lists(const char *list, const char *name)
{
	struct str rest = str_of(list ? list : "");

	while (rest.len)
		if (str_eq(str_trim(str_cut(&rest, ',')), name))
			return true;
	return false;
}

const char *config_source(enum stage stage, size_t i)
{
	for (size_t k = 0; k < ARRAY_LEN(sources); k++)
		if (sources[k].stage == stage && !i--)
			return sources[k].name;
	return NULL;
}

int config_choose_providers(struct bot_config *c, struct buf *faults)
{
	const struct choice choices[] = {
		{STAGE_STT, "STT", &c->stt, "deepgram", "embedded"},
		{STAGE_LLM, "LLM", &c->llm, "openai", "script"},
		{STAGE_TTS, "TTS", &c->tts, "cartesia", "embedded"},
	};
	bool no_keys_local = c->env == CONFIG_LOCAL;
	int err = 0;

	c->openai_given = c->openai_url;
	if (!c->openai_url)
		c->openai_url = "https://api.openai.com/v1";
	/* A server at home is one server for all, unless it is said. */
	c->openai_tts_given =
		c->openai_tts_url ? c->openai_tts_url : c->openai_given;
	c->openai_stt_given =
		c->openai_stt_url ? c->openai_stt_url : c->openai_given;
	if (!c->openai_tts_url)
		c->openai_tts_url = c->openai_url;
	if (!c->openai_stt_url)
		c->openai_stt_url = c->openai_url;
	for (size_t i = 0; i < ARRAY_LEN(choices); i++)
		no_keys_local =
			no_keys_local &&
			!has_key(c, find(choices[i].stage, choices[i].hosted));
	for (size_t i = 0; i < ARRAY_LEN(choices) && !err; i++)
		err = choose(c, &choices[i], no_keys_local, faults);
	return err;
}

/* ---- addresses ------------------------------------------------------------- */

int config_check_url(struct buf *faults, const char *name, const char *url,
                     const char *secure, const char *clear)
{
	struct str u = str_of(url ? url : secure);

	if (str_starts(u, secure))
		return 0;
	if (!str_starts(u, clear))
		return buf_addf(faults,
		                "%s must begin with %s: add that to the line\n",
		                name, secure);
	if (peer_url_is_loopback(url))
		return 0;
	return buf_addf(faults,
	                "%s: clear text is for loopback only: write wss:// or "
	                "https:// there\n",
	                name);
}

int config_check_providers(const struct bot_config *c, struct buf *faults)
{
	const struct {
		const char *name, *url;
		bool ws;
	} urls[] = {
		{"OPENAI_BASE_URL", c->openai_url, false},
		{"OPENAI_TTS_BASE_URL", c->openai_tts_url, false},
		{"OPENAI_STT_BASE_URL", c->openai_stt_url, false},
		{"ELEVENLABS_URL", c->elevenlabs_url, true},
		{"ANTHROPIC_BASE_URL", c->anthropic_url, false},
		{"DEEPGRAM_URL", c->deepgram_url, true},
		{"CARTESIA_URL", c->cartesia_url, true},
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_LEN(urls) && !err; i++)
		/* What another's is has been looked at there. */
		if (i == 0 || urls[i].url != c->openai_url)
			err = config_check_url(
				faults, urls[i].name, urls[i].url,
				urls[i].ws ? "wss://" : "https://",
				urls[i].ws ? "ws://" : "http://");
	return err;
}
