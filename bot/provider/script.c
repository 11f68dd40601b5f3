#include "bot/provider/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/provider/script_impl.h"
#include "bot/provider/script_rules.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

struct sc {
	struct llm llm;
	struct timers *timers;
	struct timer answer;
	const struct script *script;
	struct script_place at;
	struct buf text;
	const char *tool;
	struct buf args; /* of the tool; empty: none */
	char tool_id[32];
	uint32_t turns; /* user messages in the context */
};

static void answer(void *arg)
{
	struct sc *sc = arg;
	struct llm_event ev = {.type = LLM_TEXT,
	                       .text = buf_str(&sc->text),
	                       .text_len = sc->text.len};

	if (sc->text.len && !llm_emit(&sc->llm, &ev))
		return;
	ev = (struct llm_event){
		.type = LLM_TOOL_CALL,
		.call = {sc->tool_id, sc->tool,
	                 sc->args.len ? buf_str(&sc->args) : "{}"}};
	if (sc->tool && !llm_emit(&sc->llm, &ev))
		return;
	ev = (struct llm_event){.type = LLM_DONE,
	                        .finish = sc->tool ? LLM_TOOL_CALLS : LLM_STOP};
	llm_emit(&sc->llm, &ev);
}

static void sc_close(struct llm *llm)
{
	struct sc *sc = CONTAINER_OF(llm, struct sc, llm);

	timer_stop(sc->timers, &sc->answer);
	buf_fini(&sc->text);
	buf_fini(&sc->args);
	mem_free(sc);
}

/* Play the context's user messages; the last one's answer stays. */
static int play(struct sc *sc, const struct llm_params *prm)
{
	int err = 0;

	for (size_t i = 0; i < prm->n_msgs && !err; i++) {
		if (prm->msgs[i].role != LLM_USER)
			continue;
		buf_reset(&sc->text);
		sc->turns++;
		err = script_step(sc->script, &sc->at,
		                  str_of(prm->msgs[i].text), prm->body,
		                  &sc->text, &sc->tool);
	}
	/* After a tool's result there is nothing more to say. */
	if (prm->n_msgs && prm->msgs[prm->n_msgs - 1].role == LLM_TOOL) {
		buf_reset(&sc->text);
		sc->tool = NULL;
	}
	snprintf(sc->tool_id, sizeof(sc->tool_id), "script_%u", sc->turns);
	return err;
}

static bool is_report(const struct llm_params *prm)
{
	return prm->n_tools == 1 && prm->n_msgs &&
	       !strcmp(prm->tools[0].name, LLM_REPORT);
}

/* Play what was said, but for the request of the report itself. */
static int report(struct sc *sc, const struct llm_params *prm)
{
	struct llm_params said = *prm;
	int err;

	said.n_msgs--;
	err = play(sc, &said);
	buf_reset(&sc->text);
	sc->tool = LLM_REPORT;
	return err ? err
	           : script_report(sc->script, &sc->at, sc->turns,
	                           prm->tools[0].parameters, &sc->args);
}

/* The file read last stays in memory: every answer of every call asks for it,
 * and the loop must not wait for a disk. */
static struct {
	char *path;
	struct script *script;
} cache;

static int load(struct sc *sc, const struct llm_params *prm)
{
	struct buf faults;
	int err;

	if (!prm->cfg->script)
		return -EINVAL;
	if (cache.path && !strcmp(cache.path, prm->cfg->script)) {
		sc->script = cache.script;
		return 0;
	}
	ASSERT(!cache.path); /* one rule file per process */
	buf_init(&faults, 4096);
	err = script_read(&cache.script, prm->cfg->script, &faults);
	if (!err) {
		cache.path = mem_strdup(prm->cfg->script);
		if (!cache.path) {
			script_free(&cache.script);
			err = -ENOMEM;
		}
	}
	sc->script = cache.script;
	if (err)
		log_line(LOG_ERROR, "script", prm->call_id,
		         "event=bad_script path=%s text=%s", prm->cfg->script,
		         LOG_TEXT(buf_str(&faults)));
	buf_fini(&faults);
	return err;
}

static int sc_open(struct llm **llmp, struct net *net,
                   const struct llm_params *prm)
{
	struct sc *sc = mem_zalloc(sizeof(*sc));
	int err;

	if (!sc)
		return -ENOMEM;
	sc->timers = net_timers(net);
	buf_init(&sc->text, LLM_ANSWER_MAX);
	buf_init(&sc->args, LLM_ANSWER_MAX);
	err = load(sc, prm);
	if (!err)
		err = is_report(prm) ? report(sc, prm) : play(sc, prm);
	if (err) {
		sc_close(&sc->llm);
		return err;
	}
	/* The handler must not run before open has returned. */
	timer_start(sc->timers, &sc->answer, 0, answer, sc);
	*llmp = &sc->llm;
	return 0;
}

const struct llm_ops llm_script_ops = {
	.name = "script",
	.open = sc_open,
	.close = sc_close,
};
