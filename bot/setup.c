#include "bot/setup.h"

#include <errno.h>
#include <string.h>

#include "bot/config.h"
#include "bot/config_providers.h"
#include "bot/engine/engine.h"
#include "bot/engine/models.h"
#include "bot/greetings.h"
#include "bot/media/silero.h"
#include "bot/media/vad.h"
#include "bot/media/vad_batch.h"
#include "bot/net/net.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "common/err.h"
#include "common/log.h"

/* The configuration has been judged: they exist, and have their keys. */
static int fill_providers(struct setup *s, const struct bot_config *c)
{
	int err = config_provider(c, STAGE_STT, c->stt, &s->stt, NULL);

	if (!err)
		err = config_provider(c, STAGE_LLM, c->llm, &s->llm, NULL);
	if (!err)
		err = config_provider(c, STAGE_TTS, c->tts, &s->tts, NULL);
	return err;
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

static void wake_engine(void *arg)
{
	net_wake_send(((struct setup *)arg)->engine_wake);
}

/* What the threads have finished may be anything but the engine itself: that
 * is gone before its door. */
static void drain_engine(void *arg)
{
	struct setup *s = arg;

	if (s->engine)
		engine_drain(s->engine);
}

/* Speech in process, as far as it is asked for. */
static int open_engine(struct setup *s, const struct bot_config *c,
                       struct net *net)
{
	const struct engine_params prm = {
		.models_dir = c->models_dir,
		.hear = !strcmp(c->stt, "embedded"),
		.speak = !strcmp(c->tts, "embedded"),
		.wake = wake_engine,
		.arg = s,
	};
	int err;

	if (!prm.hear && !prm.speak && strcmp(c->tts, "flite") != 0)
		return 0;
	err = net_wake_open(&s->engine_wake, net, drain_engine, s);
	if (!err)
		err = engine_new(&s->engine, &prm);
	if (err)
		log_line(LOG_ERROR, "setup", NULL,
		         "event=no_engine why=%s hint=\"make deps, or set "
		         "MODELS_DIR\"",
		         LOG_TEXT(err_str(err)));
	s->stt.engine = s->tts.engine = s->engine;
	return err;
}

int setup_open(struct setup *s, const struct bot_config *c, struct net *net)
{
	int err;

	memset(s, 0, sizeof(*s));
	err = fill_providers(s, c);
	if (!err)
		err = open_vad(s, c);
	if (!err)
		err = vad_batch_new(&s->vad_batch, net_timers(net));
	if (!err)
		err = open_engine(s, c, net);
	if (!err)
		err = greetings_new(&s->greetings, c->greetings_dir);
	if (err) {
		setup_close(s);
		return err;
	}
	s->env = (struct session_env){.timers = net_timers(net),
	                              .net = net,
	                              .stt = stt_find(c->stt),
	                              .llm = llm_find(c->llm),
	                              .tts = tts_find(c->tts),
	                              .stt_cfg = &s->stt,
	                              .llm_cfg = &s->llm,
	                              .tts_cfg = &s->tts,
	                              .vad = &vad_silero,
	                              .silero = s->silero,
	                              .vad_batch = s->vad_batch,
	                              .greetings = s->greetings};
	return 0;
}

void setup_close(struct setup *s)
{
	engine_free(&s->engine);
	net_wake_close(&s->engine_wake);
	vad_batch_free(&s->vad_batch);
	silero_free(&s->silero);
	greetings_free(&s->greetings);
}
