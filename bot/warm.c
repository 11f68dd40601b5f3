#include "bot/warm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/agent.h"
#include "bot/agent_order.h"
#include "bot/clip.h"
#include "bot/greetings.h"
#include "bot/provider/llm_warm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "bot/render.h"
#include "bot/reserve.h"
#include "bot/template.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

/* Our answer XML asks for it; a line of another format makes its own. */
static const enum audio_fmt fmt = AUDIO_ULAW_8K;

struct warm {
	struct warm_env env;
	struct session_env session; /* with the agent's providers */
	struct agent *agent;
	struct provider_cfg stt_cfg, llm_cfg, tts_cfg;
	struct tts *tts;
	struct stt *stt;
	struct llm_warm *llm;
	struct clip *clip;
	bool ready; /* the clip is whole */
	bool keep;  /* ... and anybody's */
	struct timer late;
	char call_id[RESERVE_CALL_ID_MAX];
};

void session_kit_fini(struct session_kit *kit)
{
	clip_free(&kit->clip);
	tts_close(&kit->tts);
	stt_close(&kit->stt);
}

/* ---- the greeting ----------------------------------------------------- */

static void drop_clip(struct warm *w)
{
	timer_stop(w->env.session->timers, &w->late);
	clip_free(&w->clip);
	w->ready = false;
}

static void no_greeting(struct warm *w, int err)
{
	if (!w->clip || w->ready)
		return;
	log_line(LOG_INFO, "warm", w->call_id, "event=no_greeting why=%s",
	         LOG_TEXT(err_str(err)));
	drop_clip(w);
}

static void late_handler(void *arg)
{
	struct warm *w = arg;

	no_greeting(w, -ETIMEDOUT);
	tts_close(&w->tts);
}

static void spoken(struct warm *w)
{
	timer_stop(w->env.session->timers, &w->late);
	w->ready = true;
	log_line(LOG_INFO, "warm", w->call_id, "event=greeting_ready ms=%zu",
	         w->clip->audio.len / audio_bytes_per_ms(fmt));
	if (w->keep)
		greetings_keep(w->env.session->greetings, w->session.tts->name,
		               &w->tts_cfg, w->clip);
	if (w->env.level < PREPARE_ALL)
		tts_close(&w->tts);
}

static void on_reply(struct warm *w, const struct tts_event *ev)
{
	const int got = render_event(w->clip, ev);

	if (got < 0)
		no_greeting(w, got);
	else if (got)
		spoken(w);
}

static void on_tts(const struct tts_event *ev, void *arg)
{
	struct warm *w = arg;

	if (ev->type == TTS_CLOSED || ev->type == TTS_FAILED) {
		no_greeting(w, ev->type == TTS_FAILED ? ev->err : ERR_EOF);
		tts_close(&w->tts);
	} else if (w->clip && !w->ready) {
		on_reply(w, ev);
	}
}

static int open_tts(struct warm *w)
{
	const struct tts_params prm = {
		.cfg = &w->tts_cfg, .fmt = fmt, .call_id = w->call_id};
	const struct session_env *env = w->env.session;

	return tts_open(&w->tts, env->tts, env->net, &prm, on_tts, w);
}

static int open_clip(struct warm *w, const struct reservation *r)
{
	const struct session_env *env = w->env.session;
	const struct clip *known;
	char *text = NULL;
	int err = template_text(&text, w->agent->greeting, r->body, false);

	w->keep = env->greetings && !w->session.tts->varies &&
	          !template_is_personal(w->agent->greeting);
	known = w->keep ? greetings_find(env->greetings, w->session.tts->name,
	                                 &w->tts_cfg, str_of(text), fmt)
	                : NULL;
	if (!err && known)
		err = clip_copy(&w->clip, known);
	else if (!err)
		err = clip_new(&w->clip, str_of(text), fmt);
	mem_free(text);
	w->ready = !err && known;
	return err;
}

static int open_greeting(struct warm *w, const struct reservation *r)
{
	int err = 0;

	/* A call that comes from a lost bot is not greeted again. */
	if (w->agent->greeting && !r->past)
		err = open_clip(w, r);
	if (err)
		return err;
	if (w->env.level < PREPARE_ALL && (!w->clip || w->ready))
		return 0;
	err = open_tts(w);
	if (err || !w->clip || w->ready)
		return err;
	timer_start(w->env.session->timers, &w->late, WARM_SPEAK_MS,
	            late_handler, w);
	err = render_speak(w->tts, WARM_REPLY, w->clip,
	                   w->tts_cfg.words_for_numbers);
	if (err)
		no_greeting(w, err);
	return 0;
}

/* ---- the recogniser --------------------------------------------------- */

static void on_stt(const struct stt_event *ev, void *arg)
{
	struct warm *w = arg;

	/* It was given nothing, so has nothing to say but its end. */
	if (ev->type == STT_CLOSED || ev->type == STT_FAILED)
		stt_close(&w->stt);
}

static int open_stt(struct warm *w)
{
	const struct session_env *env = w->env.session;
	const struct stt_params prm = {.cfg = &w->stt_cfg,
	                               .hz = audio_hz(fmt),
	                               .ulaw = true,
	                               .call_id = w->call_id};

	return stt_open(&w->stt, env->stt, env->net, &prm, on_stt, w);
}

/* ---- the model -------------------------------------------------------- */

/* Its connection alone; nothing that is the call's, so nothing fails it. */
static void open_llm(struct warm *w)
{
	const struct session_env *env = w->env.session;
	const int err = llm_warm_open(&w->llm, env->llm, env->net, &w->llm_cfg);

	if (err)
		log_line(LOG_INFO, "warm", w->call_id,
		         "event=no_model_yet why=%s", LOG_TEXT(err_str(err)));
}

/* ---- beginning and end ------------------------------------------------ */

/* The providers that the call itself will begin with. */
static void choose(struct warm *w)
{
	struct session_env *env = &w->session;
	const uint64_t now = timers_now(env->timers);
	struct fallback_pick pick;

	if (!env->fallback)
		return;
	agent_choose(w->agent, env->fallback, STAGE_STT, now, &pick);
	if (fallback_now(&pick)) {
		env->stt = fallback_now(&pick)->stt;
		env->stt_cfg = &fallback_now(&pick)->cfg;
	}
	agent_choose(w->agent, env->fallback, STAGE_LLM, now, &pick);
	if (fallback_now(&pick)) {
		env->llm = fallback_now(&pick)->llm;
		env->llm_cfg = &fallback_now(&pick)->cfg;
	}
	agent_choose(w->agent, env->fallback, STAGE_TTS, now, &pick);
	if (fallback_now(&pick)) {
		env->tts = fallback_now(&pick)->tts;
		env->tts_cfg = &fallback_now(&pick)->cfg;
	}
}

int warm_open(struct warm **wp, const struct warm_env *env,
              const struct reservation *r)
{
	const char *name = r->agent[0] ? r->agent : env->default_agent;
	char fault[AGENT_FAULT_MAX] = "";
	struct warm *w = mem_zalloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->env = *env;
	w->session = *env->session;
	w->env.session = &w->session;
	(void)snprintf(w->call_id, sizeof(w->call_id), "%s", r->call_id);
	err = agent_load(&w->agent, env->agents_dir, name, fault);
	if (!err) {
		choose(w);
		w->stt_cfg = agent_config(w->agent, w->session.stt_cfg,
		                          w->session.stt->name);
		w->tts_cfg = agent_config(w->agent, w->session.tts_cfg,
		                          w->session.tts->name);
		w->llm_cfg = agent_config(w->agent, w->session.llm_cfg,
		                          w->session.llm->name);
		err = open_greeting(w, r);
	}
	if (!err && env->level == PREPARE_ALL)
		err = open_stt(w);
	if (!err && env->level == PREPARE_ALL)
		open_llm(w);
	if (err)
		warm_close(&w);
	else
		*wp = w;
	return err;
}

void warm_close(struct warm **wp)
{
	struct warm *w = *wp;

	*wp = NULL;
	if (!w)
		return;
	drop_clip(w);
	tts_close(&w->tts);
	stt_close(&w->stt);
	llm_warm_close(&w->llm);
	agent_free(&w->agent);
	mem_free(w);
}

void warm_take(struct warm **wp, struct session_kit *kit)
{
	struct warm *w = *wp;

	*kit = (struct session_kit){0};
	if (!w)
		return;
	if (w->ready) {
		kit->clip = w->clip;
		w->clip = NULL;
	}
	/* A voice in the midst of a greeting would go on with it. */
	if (kit->clip || !w->agent->greeting) {
		kit->tts = w->tts;
		w->tts = NULL;
	}
	kit->stt = w->stt;
	w->stt = NULL;
	warm_close(wp);
}
