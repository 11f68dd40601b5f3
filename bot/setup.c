#include "bot/setup.h"

#include <errno.h>
#include <string.h>

#include "bot/config.h"
#include "bot/engine/models.h"
#include "bot/media/silero.h"
#include "bot/media/vad.h"
#include "bot/net/net.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "common/err.h"
#include "common/log.h"

static void fill_providers(struct setup *s, const struct bot_config *c)
{
	s->stt = (struct provider_cfg){.key = c->deepgram_key,
	                               .url = c->deepgram_url,
	                               .model = c->deepgram_model};
	s->llm = (struct provider_cfg){.key = c->openai_key,
	                               .url = c->openai_url,
	                               .model = c->openai_model,
	                               .script = c->script};
	s->tts = (struct provider_cfg){.key = c->cartesia_key,
	                               .url = c->cartesia_url,
	                               .model = c->cartesia_model,
	                               .voice = c->cartesia_voice};
	/* Names of another provider's models and voices mean nothing to the
	 * engines in process. */
	if (!strcmp(c->stt, "embedded"))
		s->stt = (struct provider_cfg){0};
	if (!strcmp(c->tts, "embedded"))
		s->tts = (struct provider_cfg){0};
}

static int open_vad(struct setup *s, const struct bot_config *c)
{
	char path[MODELS_PATH_MAX];
	int err =
		models_find(path, sizeof(path), c->models_dir, "silero-8k.bin");

	if (!err)
		err = silero_new(&s->silero, path);
	if (err)
		log_line(LOG_ERROR, "setup", NULL,
		         "event=no_voice_detector why=%s hint=\"make deps, or "
		         "set MODELS_DIR\"",
		         LOG_TEXT(err_str(err)));
	return err;
}

int setup_open(struct setup *s, const struct bot_config *c, struct net *net)
{
	int err;

	memset(s, 0, sizeof(*s));
	fill_providers(s, c);
	err = open_vad(s, c);
	if (err)
		return err;
	s->env = (struct session_env){.timers = net_timers(net),
	                              .net = net,
	                              .stt = stt_find(c->stt),
	                              .llm = llm_find(c->llm),
	                              .tts = tts_find(c->tts),
	                              .stt_cfg = &s->stt,
	                              .llm_cfg = &s->llm,
	                              .tts_cfg = &s->tts,
	                              .vad = &vad_silero,
	                              .silero = s->silero};
	return 0;
}

void setup_close(struct setup *s)
{
	silero_free(&s->silero);
}
