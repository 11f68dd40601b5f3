#define _POSIX_C_SOURCE 200809L
#include "bot/stock.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "bot/agent.h"
#include "bot/clip.h"
#include "bot/greetings.h"
#include "bot/provider/tts.h"
#include "bot/render.h"
#include "bot/session.h"
#include "bot/template.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

enum { REPLY = 1, SENTENCES = 5 };

/* Our answer XML asks for it. */
static const enum audio_fmt fmt = AUDIO_ULAW_8K;

struct stock {
	const struct session_env *env;
	char names[STOCK_AGENTS][AGENT_NAME_MAX];
	const char *dir;
	size_t n, at;      /* agents, and which of them */
	unsigned sentence; /* ... and which of its sentences */
	unsigned tries, kept;
	struct agent *agent;
	struct fallback_pick pick;
	const struct tts_ops *ops;
	struct provider_cfg cfg;
	struct tts *tts;
	struct clip *clip;
	struct timer next;
};

static void on_next(void *arg);

static void go_on(struct stock *s, uint32_t ms)
{
	timer_start(s->env->timers, &s->next, ms, on_next, s);
}

static const char *sentence_of(const struct stock *s)
{
	const char *const all[SENTENCES] = {
		s->agent->goodbye, s->agent->apology, s->agent->filler,
		s->agent->farewell, s->agent->recovered};

	return all[s->sentence];
}

static void skip(struct stock *s)
{
	s->tries = 0;
	if (++s->sentence < SENTENCES && s->agent)
		return;
	s->sentence = 0;
	s->at++;
	tts_close(&s->tts);
	agent_free(&s->agent);
}

static void failed(struct stock *s, int err)
{
	tts_close(&s->tts);
	clip_free(&s->clip);
	log_line(LOG_WARN, "stock", NULL,
	         "event=not_spoken agent=%s voice=%s why=%s", s->names[s->at],
	         s->ops->name, LOG_TEXT(err_str(err)));
	if (++s->tries < STOCK_TRIES) {
		go_on(s, STOCK_AGAIN_MS);
		return;
	}
	skip(s);
	go_on(s, 0);
}

static void on_late(void *arg)
{
	failed(arg, -ETIMEDOUT);
}

static void on_tts(const struct tts_event *ev, void *arg)
{
	struct stock *s = arg;
	int got;

	if (ev->type == TTS_CLOSED || ev->type == TTS_FAILED)
		got = ev->type == TTS_FAILED ? ev->err : ERR_EOF;
	else
		got = s->clip ? render_event(s->clip, ev) : 0;
	if (got < 0) {
		failed(s, got);
	} else if (got) {
		greetings_keep(s->env->greetings, s->ops->name, &s->cfg,
		               s->clip);
		clip_free(&s->clip);
		/* Numbers of replies only grow: each has a voice anew. */
		tts_close(&s->tts);
		s->kept++;
		skip(s);
		go_on(s, 0);
	}
}

/* The voice that the agent's calls begin with. */
static void choose(struct stock *s)
{
	const struct session_env *env = s->env;
	const struct provider_cfg *cfg = env->tts_cfg;
	const struct fallback_entry *e = NULL;

	s->ops = env->tts;
	if (env->fallback) {
		agent_choose(s->agent, env->fallback, STAGE_TTS,
		             timers_now(env->timers), &s->pick);
		e = fallback_now(&s->pick);
	}
	if (e) {
		s->ops = e->tts;
		cfg = &e->cfg;
	}
	s->cfg = agent_config(s->agent, cfg, s->ops->name);
}

static int load(struct stock *s)
{
	char fault[AGENT_FAULT_MAX];
	const int err = agent_load(&s->agent, s->dir, s->names[s->at], fault);

	if (!err)
		choose(s);
	return err;
}

static bool is_wanted(const struct stock *s, const char *text)
{
	return text && *text && !template_is_personal(text) &&
	       !s->ops->varies &&
	       !greetings_find(s->env->greetings, s->ops->name, &s->cfg,
	                       str_of(text), fmt);
}

static int speak(struct stock *s, const char *text)
{
	const struct tts_params prm = {
		.cfg = &s->cfg, .fmt = fmt, .call_id = "stock"};
	int err = clip_new(&s->clip, str_of(text), fmt);

	if (!err)
		err = tts_open(&s->tts, s->ops, s->env->net, &prm, on_tts, s);
	if (!err)
		err = render_speak(s->tts, REPLY, s->clip,
		                   s->cfg.words_for_numbers);
	return err;
}

static void on_next(void *arg)
{
	struct stock *s = arg;

	while (s->at < s->n) {
		const char *text;
		int err = 0;

		if (!s->agent && load(s) != 0) {
			skip(s);
			continue;
		}
		ASSERT(s->agent);
		text = sentence_of(s);
		if (!is_wanted(s, text)) {
			skip(s);
			continue;
		}
		err = speak(s, text);
		if (err)
			failed(s, err);
		else
			timer_start(s->env->timers, &s->next, STOCK_SPEAK_MS,
			            on_late, s);
		return;
	}
	log_line(LOG_INFO, "stock", NULL, "event=complete spoken=%u", s->kept);
}

static void list(struct stock *s)
{
	DIR *d = opendir(s->dir);
	const struct dirent *file;

	/* The DIR is this call's own. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (d && s->n < STOCK_AGENTS && (file = readdir(d)) != NULL)
		s->n += agent_file_name(s->names[s->n], file->d_name);
	if (d)
		closedir(d);
}

int stock_open(struct stock **sp, const struct session_env *env,
               const char *agents_dir)
{
	struct stock *s;

	if (!env->greetings)
		return 0;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->env = env;
	s->dir = agents_dir;
	list(s);
	go_on(s, 0);
	*sp = s;
	return 0;
}

void stock_close(struct stock **sp)
{
	struct stock *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	timer_stop(s->env->timers, &s->next);
	tts_close(&s->tts);
	clip_free(&s->clip);
	agent_free(&s->agent);
	mem_free(s);
}
