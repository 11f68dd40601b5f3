#include "bot/setup.h"

#include <errno.h>
#include <string.h>

#include "bot/agent_order.h"
#include "bot/config.h"
#include "bot/config_providers.h"
#include "bot/engine/engine.h"
#include "bot/engine/models.h"
#include "bot/engine/smart_turn.h"
#include "bot/eot_smart.h"
#include "bot/greetings.h"
#include "bot/hook_lib.h"
#include "bot/hook_room.h"
#include "bot/media/silero.h"
#include "bot/media/vad.h"
#include "bot/media/vad_batch.h"
#include "bot/net/net.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "common/err.h"
#include "common/log.h"
#include "common/timer.h"

/* Does the configuration name it, or an agent? */
static bool is_named(const struct bot_config *c, enum stage stage,
                     const char *name)
{
	const char *list = stage == STAGE_STT ? c->stt : c->tts;

	return config_lists(list, name) ||
	       agents_name(c->agents_dir, stage, name);
}

/* What runs in process takes long to load: only if it is named. */
static bool is_loaded(const struct setup *s, enum stage stage, const char *name)
{
	if (stage == STAGE_STT && !strcmp(name, "embedded"))
		return s->hear;
	if (stage == STAGE_TTS && !strcmp(name, "embedded"))
		return s->speak;
	return stage != STAGE_TTS || strcmp(name, "flite") != 0 || s->engine;
}

static int add_provider(struct setup *s, const struct bot_config *c,
                        enum stage stage, const char *name)
{
	struct fallback_entry e = {.name = name};
	const int err = config_provider(c, stage, name, &e.cfg, NULL);

	/* Without a key it is not there; the configuration's own are. */
	if (err || !is_loaded(s, stage, name))
		return 0;
	e.cfg.engine = s->engine;
	if (stage == STAGE_STT)
		e.stt = stt_find(name);
	else if (stage == STAGE_LLM)
		e.llm = llm_find(name);
	else
		e.tts = tts_find(name);
	if (!e.stt && !e.llm && !e.tts)
		return 0;
	return fallback_add(&s->providers, stage, &e);
}

static int fill_providers(struct setup *s, const struct bot_config *c)
{
	int err = 0;

	s->providers.order[STAGE_STT] = c->stt;
	s->providers.order[STAGE_LLM] = c->llm;
	s->providers.order[STAGE_TTS] = c->tts;
	for (size_t i = 0; i < FALLBACK_STAGES; i++) {
		const enum stage stage = (enum stage)i;
		const char *name;

		for (size_t k = 0; (name = config_source(stage, k)) && !err;
		     k++)
			err = add_provider(s, c, stage, name);
	}
	return err;
}

/* The first of each stage, for whoever has no agent. */
static int fill_env(struct setup *s, struct session_env *env)
{
	const uint64_t now = timers_now(env->timers);
	const struct fallback_entry *e[FALLBACK_STAGES];

	for (size_t i = 0; i < FALLBACK_STAGES; i++) {
		struct fallback_pick pick;

		fallback_choose(&s->providers, (enum stage)i, NULL, 0, now,
		                &pick);
		e[i] = fallback_now(&pick);
		if (!e[i])
			return -ENOENT;
	}
	env->stt = e[STAGE_STT]->stt;
	env->llm = e[STAGE_LLM]->llm;
	env->tts = e[STAGE_TTS]->tts;
	env->stt_cfg = &e[STAGE_STT]->cfg;
	env->llm_cfg = &e[STAGE_LLM]->cfg;
	env->tts_cfg = &e[STAGE_TTS]->cfg;
	env->fallback = &s->providers;
	return 0;
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

/* What hears the end of a turn: as told, or if all that it takes is there. */
static int find_turn(struct setup *s, const struct bot_config *c)
{
	static const char *const parts[] = {"libonnxruntime.so",
	                                    SMART_TURN_FILE};
	const char *told = c->turn_model;
	int err = 0;

	if (told && strcmp(told, "none") != 0) {
		const size_t n = strlen(told);

		if (n >= sizeof(s->turn))
			return ERR_LIMIT;
		memcpy(s->turn, told, n + 1);
	}
	if (told)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(parts) && !err; i++)
		err = models_look(s->turn, sizeof(s->turn), c->models_dir,
		                  parts[i]);
	if (err)
		s->turn[0] = '\0';
	return 0;
}

/* Said once: calls differ by it. */
static void say_turn(const struct setup *s, const struct bot_config *c)
{
	const bool missing = !s->turn[0] && !c->turn_model;

	log_line(LOG_INFO, "setup", NULL, "event=end_of_turn by=%s%s",
	         s->turn[0] ? "smart_turn" : "text",
	         missing ? " hint=\"deploy/models.sh turn gets a model that "
	                   "hears it\""
	                 : "");
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

/* What computes in process, as far as it is asked for. */
static int new_engine(struct setup *s, const struct bot_config *c)
{
	const bool speech =
		s->hear || s->speak || is_named(c, STAGE_TTS, "flite");
	const struct engine_params prm = {
		.models_dir = c->models_dir,
		.hear = s->hear,
		.speak = s->speak,
		.turn = s->turn[0] ? s->turn : NULL,
		/* The loop needs the cores; questions may wait. */
		.threads = speech ? 0 : 1,
	};
	int err;

	if (!speech && !prm.turn)
		return 0;
	err = engine_new(&s->engine, &prm);
	if (!err)
		err = engine_start(s->engine, wake_engine, s);
	if (err)
		engine_free(&s->engine);
	return err;
}

static int open_engine(struct setup *s, const struct bot_config *c,
                       struct net *net)
{
	int err = net_wake_open(&s->engine_wake, net, drain_engine, s);

	if (!err)
		err = find_turn(s, c);
	if (!err)
		err = new_engine(s, c);
	/* Nobody asked for this net: do without. */
	if (err && s->turn[0] && !c->turn_model) {
		s->turn[0] = '\0';
		err = new_engine(s, c);
	}
	if (err)
		log_line(LOG_ERROR, "setup", NULL,
		         "event=no_engine why=%s hint=\"make deps, or set "
		         "MODELS_DIR\"",
		         LOG_TEXT(err_str(err)));
	else
		say_turn(s, c);
	return err;
}

int setup_open(struct setup *s, const struct bot_config *c, struct net *net)
{
	int err;

	memset(s, 0, sizeof(*s));
	err = hook_room_open(net);
	if (err)
		return err;
	s->hear = is_named(c, STAGE_STT, "embedded");
	s->speak = is_named(c, STAGE_TTS, "embedded");
	err = open_vad(s, c);
	if (!err)
		err = vad_batch_new(&s->vad_batch, net_timers(net));
	if (!err)
		err = open_engine(s, c, net);
	if (!err)
		err = fill_providers(s, c);
	if (!err)
		err = greetings_new(&s->greetings, c->greetings_dir);
	if (err) {
		setup_close(s);
		return err;
	}
	s->fetch = tool_fetch_net(net);
	s->env = (struct session_env){.timers = net_timers(net),
	                              .net = net,
	                              .vad = &vad_silero,
	                              .silero = s->silero,
	                              .vad_batch = s->vad_batch,
	                              .greetings = s->greetings,
	                              .fetch = &s->fetch,
	                              .server_secret = c->secret};
	err = fill_env(s, &s->env);
	if (err) {
		setup_close(s);
		return err;
	}
	if (s->turn[0]) {
		s->env.eot = &eot_smart_ops;
		s->env.eot_env = s->engine;
	}
	return 0;
}

void setup_close(struct setup *s)
{
	hook_lib_unload();
	hook_room_close();
	engine_free(&s->engine);
	net_wake_close(&s->engine_wake);
	vad_batch_free(&s->vad_batch);
	silero_free(&s->silero);
	greetings_free(&s->greetings);
}
