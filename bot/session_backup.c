#include <errno.h>

#include "bot/session_impl.h"
#include "common/log.h"
#include "common/mem.h"

/*
 * Another provider within the call (fallback.h). Who notices the failure asks
 * for the next one and begins again with it; without a next one it does what it
 * always did.
 */

static const char *const stages[] = {"stt", "llm", "tts"};

/* The session's own copy of what is outside names the one that is used. */
static void use(struct session *s, enum stage stage)
{
	const struct fallback_pick *pick = &s->pick[stage];
	const struct fallback_entry *e = fallback_now(pick);
	const uint64_t now = timers_now(s->env.timers);
	struct provider_cfg cfg;

	if (!e)
		return;
	cfg = agent_config(s->agent, &e->cfg, e->name);
	/* With another behind it, it need not try for long. */
	cfg.tries = fallback_has_next(pick, now) ? SESSION_TRIES : 0;
	switch (stage) {
	case STAGE_STT:
		s->env.stt = e->stt;
		s->stt_cfg = cfg;
		break;
	case STAGE_LLM:
		s->env.llm = e->llm;
		s->llm_cfg = cfg;
		/* A name of one provider's means nothing to the next. */
		if (s->agent->model && !pick->at)
			s->llm_cfg.model = s->agent->model;
		break;
	case STAGE_TTS:
		s->env.tts = e->tts;
		s->tts_cfg = cfg;
		break;
	}
}

/* What was made ready is of a provider that was chosen then. */
static void use_kit(struct session *s)
{
	struct fallback_pick *stt = &s->pick[STAGE_STT];
	struct fallback_pick *tts = &s->pick[STAGE_TTS];

	for (size_t i = 0; s->kit.stt && i < stt->n; i++)
		if (stt->entry[i]->stt == s->kit.stt->ops)
			stt->at = i;
	for (size_t i = 0; s->kit.tts && i < tts->n; i++)
		if (tts->entry[i]->tts == s->kit.tts->ops)
			tts->at = i;
}

void session_backup_open(struct session *s)
{
	ring_init(&s->recent, audio_bytes_per_ms(s->fmt) * SESSION_RECENT_MS);
	if (!s->env.fallback)
		return;
	for (size_t i = 0; i < FALLBACK_STAGES; i++)
		agent_choose(s->agent, s->env.fallback, (enum stage)i,
		             timers_now(s->env.timers), &s->pick[i]);
	use_kit(s);
	for (size_t i = 0; i < FALLBACK_STAGES; i++)
		use(s, (enum stage)i);
}

bool session_backup_waits(const struct session *s, enum stage stage)
{
	return fallback_has_next(&s->pick[stage], timers_now(s->env.timers));
}

bool session_backup(struct session *s, enum stage stage, int err)
{
	const struct fallback_entry *was = fallback_now(&s->pick[stage]);

	if (!fallback_failed(&s->pick[stage], err, timers_now(s->env.timers)))
		return false;
	use(s, stage);
	log_line(LOG_WARN, "session", s->call_id,
	         "event=switched stage=%s from=%s to=%s", stages[stage],
	         was->name, fallback_now(&s->pick[stage])->name);
	return true;
}

/* ---- what the lost recogniser had not decided ------------------------------- */

void session_backup_hear(struct session *s, const uint8_t *v, size_t len)
{
	/* A hole would be heard as a word that nobody said. */
	if (ring_roll(&s->recent, v, len) < 0)
		ring_drop(&s->recent, s->recent.len);
}

/* Speech of which no final text has come [ms], up to now. */
static uint32_t undecided_ms(const struct session *s)
{
	const struct callee *c = &s->callee;
	const uint64_t now = vad_now_ms(s->vad), call = session_ms(s);
	uint64_t ms = now - c->speech_from + VAD_CHUNK_MS * 8;

	if (!c->speaking && (c->all_text || !c->ever_heard))
		return 0;
	if (c->text_ms && call - c->text_ms < ms)
		ms = call - c->text_ms;
	return ms < SESSION_RECENT_MS ? (uint32_t)ms : SESSION_RECENT_MS;
}

static int push_recent(struct session *s)
{
	size_t len = audio_bytes_per_ms(s->fmt) * undecided_ms(s);
	struct pcm pcm = {.hz = audio_hz(s->fmt)};
	uint8_t *line;
	int16_t *samples;
	int err = -ENOMEM;

	if (len > s->recent.len)
		len = s->recent.len;
	if (!len)
		return -ENODATA;
	line = mem_alloc(len);
	samples = mem_alloc(len * sizeof(*samples));
	if (line && samples) {
		ring_peek(&s->recent, s->recent.len - len, line, len);
		pcm.n = audio_decode(samples, s->fmt, line, len);
		pcm.v = samples;
		s->stt_from_ms -= pcm_ms(&pcm);
		err = stt_push(s->stt, &pcm);
	}
	mem_free(line);
	mem_free(samples);
	return err;
}

void session_backup_replay(struct session *s)
{
	/* The question went with the one that was asked. */
	if (push_recent(s) == 0 && !s->callee.speaking &&
	    stt_flush(s->stt) == 0)
		s->callee.flushes++;
}

void session_backup_good(const struct session *s, enum stage stage)
{
	fallback_good(&s->pick[stage]);
}

void session_requests(const struct session *s, enum stage stage)
{
	fallback_request(&s->pick[stage], timers_now(s->env.timers));
}

bool session_may_retry(struct session *s, enum stage stage)
{
	if (s->retries == SESSION_RETRIES_MAX ||
	    !fallback_retry(&s->pick[stage], timers_now(s->env.timers))) {
		log_line(LOG_WARN, "session", s->call_id,
		         "event=no_retry stage=%s retries=%u", stages[stage],
		         s->retries);
		return false;
	}
	s->retries++;
	return true;
}
