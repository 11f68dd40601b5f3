#define _GNU_SOURCE
#include "tests/flow/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/greetings.h"
#include "bot/past.h"
#include "bot/reserve.h"
#include "bot/session_impl.h"
#include "bot/tool_call.h"
#include "bot/warm.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/flow/flow_impl.h"
#include "tests/harness/test.h"

enum { EPOCH_US = 100 * 1000000 };

static const char default_agent[] =
	"{\"instructions\":\"Be kind.\",\"greeting\":\"Hello, this is the "
	"clinic.\",\"tools\":[\"end_call\"]}";

const char flow_plain_agent[] =
	"{\"instructions\":\"Be kind.\",\"greeting\":null,"
	"\"filler\":{\"text\":null},\"tools\":[\"end_call\"]}";

static struct fake_line *line; /* one flow at a time */

uint32_t flow_now(const struct flow *f)
{
	return (uint32_t)((timers_now(f->ts) - EPOCH_US) / 1000);
}

uint64_t flow_us(uint32_t ms)
{
	return EPOCH_US + (uint64_t)ms * 1000;
}

struct flow *flow_of(const struct provider_cfg *cfg)
{
	return (struct flow *)(void *)cfg->engine;
}

bool flow_is_second(const struct provider_cfg *cfg)
{
	return cfg->model && strcmp(cfg->model, "second") == 0;
}

/* Two providers for each stage, alike but for their names. */
static struct fallback *backup(const struct session_env *env,
                               struct provider_cfg cfg)
{
	static struct fallback fb;

	memset(&fb, 0, sizeof(fb));
	for (int i = 0; i < 2; i++) {
		struct fallback_entry e = {.name = i ? "second" : "first",
		                           .cfg = cfg};

		e.cfg.model = e.name;
		e.stt = env->stt;
		CHECK_INT(0, fallback_add(&fb, STAGE_STT, &e));
		e.llm = env->llm;
		CHECK_INT(0, fallback_add(&fb, STAGE_LLM, &e));
		e.tts = env->tts;
		CHECK_INT(0, fallback_add(&fb, STAGE_TTS, &e));
	}
	for (size_t i = 0; i < FALLBACK_STAGES; i++)
		fb.order[i] = "first,second";
	return &fb;
}

static void on_event(const struct session_event *ev, void *arg)
{
	struct flow *f = arg;

	CHECK(f->session != NULL); /* law 2 */
	CHECK(!f->ended);          /* law 3 */
	CHECK_INT(0, buf_addf(&f->events, "%s {%s}\n",
	                      session_event_name(ev->type), ev->json));
	f->started += ev->type == SESSION_STARTED;
	f->errors += ev->type == SESSION_ERROR;
	if (ev->type == SESSION_ENDED) {
		f->ended++;
		f->ended_at = flow_now(f);
	}
}

/* The telephone rings, and the call is made ready. */
static void ring(struct flow *f, const struct session_env *env,
                 const char *agent, struct session_kit *kit)
{
	char dir[] = "/tmp/flow_XXXXXX", path[64];
	struct warm_env we = {.session = env,
	                      .agents_dir = dir,
	                      .default_agent = "test",
	                      .level = f->opts.prepare};
	struct reservation r = {.call_id = "c-1"};
	struct warm *warm = NULL;
	uint64_t due;
	FILE *file;

	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/test.json", dir);
	file = fopen(path, "w");
	CHECK(file && fputs(agent, file) >= 0 && fclose(file) == 0);
	f->tts_reply_fails = f->opts.warm_fails;
	r.body = f->opts.body ? mem_strdup(f->opts.body) : NULL;
	CHECK_INT(0, warm_open(&warm, &we, &r));
	mem_free(r.body);
	CHECK(unlink(path) == 0 && rmdir(dir) == 0);
	while (timers_next(f->ts, &due) && due <= EPOCH_US)
		timers_run(f->ts, due);
	timers_update(f->ts, EPOCH_US);
	warm_take(&warm, kit);
	f->tts_reply_fails = false;
}

void flow_open(struct flow *f, const struct flow_opts *opts)
{
	static const struct flow_opts none = {0};
	static struct provider_cfg cfg;
	static struct tts_ops tts;
	static struct tool_fetch fetch;
	struct past past;
	struct session_env env = {0};
	struct session_params prm = {
		.call_id = "c-1",
		.call_uuid = "u-1",
		.stream_id = "s-1",
		.fmt = AUDIO_ULAW_8K,
	};
	const char *agent;
	char fault[AGENT_FAULT_MAX];
	struct session_kit kit = {0};
	struct line out;

	log_set_level(getenv("FLOW_LOG") ? LOG_DEBUG : LOG_ERROR);
	memset(f, 0, sizeof(*f));
	f->live = mem_live();
	f->opts = opts ? *opts : none;
	if (!f->opts.voice_ms)
		f->opts.voice_ms = 100;
	if (!f->opts.flush_ms)
		f->opts.flush_ms = 90;
	buf_init(&f->events, 1 << 20);
	CHECK_INT(0, timers_new(&f->ts, EPOCH_US - f->opts.warm_ms * 1000ULL));
	agent = f->opts.agent ? f->opts.agent : default_agent;
	if (agent_parse(&f->agent, "test", agent, strlen(agent), fault) != 0)
		test_fail(__FILE__, __LINE__, "%s", fault);

	f->agent->preemptive = f->opts.preempt;
	f->agent->hooks = f->opts.hooks;
	cfg.engine = (struct engine *)(void *)f;
	env.timers = f->ts;
	env.stt = f->opts.flux ? &fake_flux_ops : &fake_stt_ops;
	env.llm = &fake_llm_ops;
	tts = fake_tts_ops;
	tts.varies = f->opts.tts_varies;
	tts.local = f->opts.tts_local;
	tts.late_ms = tts.local ? 5000 : 0;
	env.tts = &tts;
	env.stt_cfg = env.llm_cfg = env.tts_cfg = &cfg;
	if (f->opts.backup)
		env.fallback = backup(&env, cfg);
	env.vad = &fake_vad_ops;
	env.greetings = f->opts.greetings;
	fake_fetch_init(&fetch, f);
	env.fetch = &fetch;
	if (f->opts.eot) {
		env.eot = &fake_eot_ops;
		env.eot_env = f;
		f->verdict_ms = 80;
	}
	prm.agent = f->agent;
	if (f->opts.wide)
		prm.fmt = AUDIO_L16_16K;
	prm.body = f->opts.body;
	prm.transfer_url = f->opts.transfer_url;
	env.server_secret = "s-1";
	if (f->opts.warm_ms) {
		ring(f, &env, agent, &kit);
		prm.kit = &kit;
	}
	CHECK_INT(0, past_read(&past, f->opts.past));
	prm.past = &past;
	CHECK_INT(0, fake_line_new(&line, f));
	out = (struct line){fake_line_send, fake_line_hangup, line};
	CHECK_INT(0, session_open(&f->session, &env, &prm, &out, on_event, f));
	past_fini(&past);
	CHECK(!f->started);
}

void flow_run_to(struct flow *f, uint32_t ms)
{
	const uint64_t to = flow_us(ms);
	uint64_t due;

	CHECK(ms < FLOW_MS_MAX);
	while (timers_next(f->ts, &due) && due <= to)
		timers_run(f->ts, due);
	timers_update(f->ts, to);
	fake_line_listen(line);
}

void flow_close(struct flow *f)
{
	uint64_t due;

	session_close(&f->session);
	fake_line_free(&line);
	CHECK(!timers_next(f->ts, &due)); /* no timer is left behind */
	timers_free(&f->ts);
	agent_free(&f->agent);
	for (size_t i = 0; i < f->n_requests; i++)
		mem_free(f->requests[i].text);
	for (size_t i = 0; i < FLOW_REPLIES; i++)
		mem_free(f->spoken[i]);
	buf_fini(&f->events);
	if (!f->opts.greetings)                 /* which live on */
		CHECK_INT(f->live, mem_live()); /* no memory, either */
}

/* ---- the script ------------------------------------------------------------- */

void flow_sound(struct flow *f, uint32_t from, uint32_t to)
{
	CHECK(f->n_speech < FLOW_SPEECH);
	f->speech[f->n_speech++] = (struct flow_speech){from, to, false};
}

void flow_beep(struct flow *f, uint32_t from, uint32_t to)
{
	flow_sound(f, from, to);
	f->speech[f->n_speech - 1].beep = true;
}

static void news(struct flow *f, uint32_t at, int type, const char *text,
                 int err)
{
	struct session *s = f->session;

	CHECK(f->n_news < FLOW_NEWS);
	f->news[f->n_news++] = (struct flow_news){
		.at_ms = at, .type = type, .err = err, .text = text};
	/* Have the recogniser look at its script again. */
	if (s && s->stt && at != UINT32_MAX && type != STT_FLUSHED)
		fake_stt_look(s->stt);
}

void flow_interim(struct flow *f, uint32_t at, const char *text)
{
	news(f, at, STT_INTERIM, text, 0);
}

void flow_final(struct flow *f, uint32_t at, const char *text)
{
	news(f, at, STT_FINAL, text, 0);
}

void flow_flushed(struct flow *f, uint32_t at)
{
	news(f, at, STT_FLUSHED, NULL, 0);
}

void flow_stt(struct flow *f, uint32_t at, int type, const char *text)
{
	news(f, at, type, text, 0);
}

void flow_silence(struct flow *f, uint32_t at, uint32_t upto)
{
	news(f, at, STT_SILENCE, NULL, 0);
	f->news[f->n_news - 1].upto_ms = upto;
}

void flow_stt_fails(struct flow *f, uint32_t at, int err)
{
	news(f, at, STT_FAILED, NULL, err);
}

void flow_says(struct flow *f, uint32_t from, uint32_t to, const char *text)
{
	static char first[FLOW_NEWS][32];
	char *word = first[f->n_news];

	flow_sound(f, from, to);
	snprintf(word, sizeof(first[0]), "%.*s", (int)strcspn(text, " ,.?!"),
	         text);
	if (to - from > 350)
		flow_interim(f, from + 350, word);
	flow_final(f, UINT32_MAX, text);
}

struct flow_answer *flow_answer_with(struct flow *f, const char *text)
{
	struct flow_answer *a;

	CHECK(f->n_answers < FLOW_ANSWERS);
	a = &f->answers[f->n_answers++];
	*a = (struct flow_answer){.text = text, .first_ms = 100};
	return a;
}

void flow_answer(struct flow *f, const char *text)
{
	flow_answer_with(f, text);
}

void flow_message(struct flow *f, const char *json)
{
	session_frame(f->session, json, strlen(json));
}

void flow_stop(struct flow *f)
{
	flow_message(f, "{\"event\":\"stop\",\"streamId\":\"s-1\"}");
}

/* ---- what happened ----------------------------------------------------------- */

const char *flow_asked(const struct flow *f, size_t i)
{
	const char *text, *bar;

	CHECK(i < f->n_requests);
	text = f->requests[i].text;
	if (strncmp(text, "system: ", 8) != 0)
		return text;
	bar = strchr(text, '|');
	return bar ? bar + 1 : "";
}

const char *flow_chat(const struct flow *f)
{
	static const char *const roles[] = {"system", "callee", "bot", "tool"};
	static char out[65536];
	const struct chat *c = f->session->chat;
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < chat_len(c); i++) {
		const struct llm_msg *m = chat_at(c, i);

		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s%s %s",
		                      i ? "|" : "", roles[m->role],
		                      chat_interrupted(c, i) ? "!" : ":",
		                      m->text);
	}
	return out;
}

const char *flow_state(const struct flow *f)
{
	return turn_state_name(f->session->turn.state);
}

const struct flow_opts flow_listener = {.agent = flow_plain_agent, .eot = true};

uint32_t flow_stop_at(struct flow *f, uint32_t from)
{
	unsigned before;

	flow_run_to(f, from - 1);
	before = f->flushes;
	for (uint32_t t = from;; t++) {
		flow_run_to(f, t);
		if (f->flushes != before)
			return t;
		CHECK(t < from + 3000);
	}
}
