#include "bot/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/past.h"
#include "bot/session_hooks.h"
#include "bot/session_impl.h"
#include "bot/session_usage.h"
#include "bot/stream/proto.h"
#include "bot/template.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

uint64_t session_ms(const struct session *s)
{
	return (timers_now(s->env.timers) - s->t0_us) / 1000;
}

/* ---- the turn's actions ---------------------------------------------------- */

static void on_resume(void *arg)
{
	session_feed(arg, TURN_EV_RESUME);
}

static void arm_resume(struct session *s)
{
	timer_start(s->env.timers, &s->resume,
	            s->callee.speaking ? SESSION_HELD_MS : s->agent->resume_ms,
	            on_resume, s);
}

static void stop_quiet(struct session *s)
{
	timer_stop(s->env.timers, &s->quiet);
}

static void stop_resume(struct session *s)
{
	timer_stop(s->env.timers, &s->resume);
}

static void hold(struct session *s)
{
	playout_pause(s->playout);
}

static void let_go(struct session *s)
{
	playout_resume(s->playout);
}

static void apologise(struct session *s)
{
	session_say_template(s, REPLY_APOLOGY, s->agent->apology);
}

static void say_goodbye(struct session *s)
{
	if (s->reply && s->reply->audible)
		s->goodbye_next = true;
	else
		session_say_template(s, REPLY_GOODBYE, session_goodbye(s));
}

static void end_call(struct session *s)
{
	session_end(s, "bot", "the conversation is over");
}

typedef void action_h(struct session *s);

static action_h *const actions[TURN_BITS] = {
	[TURN_BIT_STOP_ENDPOINT] = session_stop_endpoint,
	[TURN_BIT_STOP_QUIET] = stop_quiet,
	[TURN_BIT_STOP_RESUME] = stop_resume,
	[TURN_BIT_CANCEL_REPLY] = session_cancel_reply,
	[TURN_BIT_HOLD] = hold,
	[TURN_BIT_RELEASE] = let_go,
	[TURN_BIT_REOPEN_TURN] = session_reopen_turn,
	[TURN_BIT_OPEN_TURN] = session_open_turn,
	[TURN_BIT_DROP_TURN] = session_drop_turn,
	[TURN_BIT_ARM_ENDPOINT] = session_arm_endpoint,
	[TURN_BIT_ARM_RESUME] = arm_resume,
	[TURN_BIT_ARM_QUIET] = session_arm_quiet,
	[TURN_BIT_GUESS_REPLY] = session_guess_reply,
	[TURN_BIT_START_REPLY] = session_start_reply,
	[TURN_BIT_APOLOGISE] = apologise,
	[TURN_BIT_SAY_GOODBYE] = say_goodbye,
	[TURN_BIT_END_CALL] = end_call,
};

static void step(struct session *s, enum turn_event ev)
{
	const enum turn_state before = s->turn.state;
	const unsigned todo = turn_step(&s->turn, ev);

	if (log_get_level() <= LOG_DEBUG)
		log_line(LOG_DEBUG, "turn", s->call_id,
		         "event=%s from=%s to=%s at=%llu", turn_event_name(ev),
		         turn_state_name(before),
		         turn_state_name(s->turn.state),
		         (unsigned long long)session_ms(s));
	for (unsigned bit = 0; bit < TURN_BITS; bit++)
		if (todo & 1U << bit)
			actions[bit](s);
}

/* An action may lead to the next event: it waits until the actions of the one
 * before are done. */
void session_feed(struct session *s, enum turn_event ev)
{
	ASSERT(s->n_feed < SESSION_FEED_MAX);
	s->feed[s->n_feed++] = ev;
	if (s->feeding)
		return;
	s->feeding = true;
	for (unsigned i = 0; i < s->n_feed; i++)
		step(s, s->feed[i]);
	s->n_feed = 0;
	s->feeding = false;
}

/* ---- ending ---------------------------------------------------------------- */

static void stop_timers(struct session *s)
{
	struct timer *const all[] = {
		&s->endpoint,  &s->watchdog,  &s->max_turn, &s->quiet,
		&s->resume,    &s->hurry,     &s->retry,    &s->voice,
		&s->stt_again, &s->tts_again, &s->max_call, &s->leave,
		&s->standby,   &s->handover,  &s->filler,   &s->overdue,
		&s->unhearing,
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		timer_stop(s->env.timers, all[i]);
	session_line_stop(s);
}

void session_end(struct session *s, const char *by, const char *cause)
{
	struct buf json;
	int err;

	if (s->ended)
		return;
	s->ended = true;
	session_feed(s, TURN_EV_HANGUP);
	session_cancel_reply(s);
	session_take_turn(s);
	session_publish_turn(s);
	session_calls_drop(s);
	session_hooks_over(s, by, cause);
	stop_timers(s);
	session_who_drop(s);
	stt_close(&s->stt);
	tts_close(&s->tts);
	eot_close(&s->eot);
	/* The callee has hung up already, or talks with somebody else. */
	s->hang_up = strcmp(by, "callee") != 0 && strcmp(by, "transfer") != 0;

	log_line(LOG_INFO, "session", s->call_id,
	         "event=ended by=%s cause=%s turns=%u ms=%llu guesses=%u "
	         "paid=%u lost_tokens=%llu",
	         by, LOG_TEXT(cause), s->turns,
	         (unsigned long long)session_ms(s), s->guesses, s->guesses_paid,
	         (unsigned long long)s->guess_tokens);
	buf_init(&json, 1024);
	err = buf_addf(&json,
	               "\"by\":\"%s\",\"cause\":\"%s\",\"answered_by\":"
	               "\"%s\",\"guesses\":{"
	               "\"made\":%u,\"paid\":%u,\"lost_tokens\":%llu},",
	               by, cause, amd_name(s->amd.kind), s->guesses,
	               s->guesses_paid, (unsigned long long)s->guess_tokens);
	if (!err)
		err = session_usage_json(s, &json);
	if (!err)
		session_event(s, SESSION_ENDED, &json);
	buf_fini(&json);
}

static void on_leave(void *arg)
{
	session_end(arg, "bot", "the goodbye took too long");
}

/* The last thing to say is being said, or about to be: be gone within
 * SESSION_LEAVE_MS whatever happens. */
static void leave_by(struct session *s, enum turn_event ev)
{
	if (s->ended || timer_running(&s->leave))
		return;
	timer_start(s->env.timers, &s->leave, SESSION_LEAVE_MS, on_leave, s);
	session_feed(s, ev);
}

void session_leave(struct session *s)
{
	leave_by(s, TURN_EV_LEAVE);
}

void session_part(struct session *s)
{
	s->in_order = !timer_running(&s->leave);
	leave_by(s, TURN_EV_LEAVE);
}

const char *session_goodbye(const struct session *s)
{
	if (s->last_words)
		return s->last_words;
	return s->in_order ? s->agent->farewell : s->agent->goodbye;
}

void session_bye(struct session *s)
{
	leave_by(s, TURN_EV_BYE);
}

static void on_max_call(void *arg)
{
	session_part(arg);
}

void session_drain(struct session *s)
{
	session_part(s);
}

void session_line_lost(struct session *s)
{
	session_end(s, "callee", "the line is gone");
}

/* ---- opening and closing --------------------------------------------------- */

static int copy_params(struct session *s, const struct session_params *prm)
{
	const char *uuid = prm->call_uuid ? prm->call_uuid : "";

	if (str_copy(s->call_id, sizeof(s->call_id), str_of(prm->call_id)) ||
	    str_copy(s->call_uuid, sizeof(s->call_uuid), str_of(uuid)))
		return -EINVAL;
	s->body = prm->body ? mem_strdup(prm->body) : NULL;
	s->transfer_url =
		prm->transfer_url ? mem_strdup(prm->transfer_url) : NULL;
	return (!prm->body || s->body) &&
	                       (!prm->transfer_url || s->transfer_url)
	               ? 0
	               : -ENOMEM;
}

void session_say_template(struct session *s, enum reply_kind kind,
                          const char *tmpl)
{
	char *text = NULL;

	if (tmpl && template_text(&text, tmpl, s->body, false) != 0)
		log_line(LOG_ERROR, "session", s->call_id, "event=no_memory");
	session_say(s, kind, text);
	mem_free(text);
}

/* The conversation goes on: what was said is known, and who is there. */
static int recover(struct session *s, const struct past *past)
{
	s->turns = past->from;
	s->recovers = true;
	s->amd.kind = AMD_PERSON;
	return past_recall(past, s->chat);
}

static int open_texts(struct session *s, const struct past *past)
{
	const char *greeting = s->agent->greeting;
	char *instructions = NULL;
	int err = template_text(&instructions, s->agent->instructions, s->body,
	                        true);

	if (!err)
		err = chat_new(&s->chat, str_of(instructions));
	mem_free(instructions);
	if (!err && past && past_any(past)) {
		greeting = s->agent->recovered;
		err = recover(s, past);
	}
	if (!err && greeting)
		err = template_text(&s->greeting, greeting, s->body, false);
	return err;
}

static int open_parts(struct session *s, const struct session_params *prm)
{
	const struct playout_params play = {
		.timers = s->env.timers,
		.proto = &stream_plivo,
		.stream_id = prm->stream_id,
		.fmt = s->fmt,
		.sendh = session_send,
		.eventh = session_playout_event,
		.arg = s,
	};
	int err = playout_new(&s->playout, &play);

	if (!err)
		err = session_voice_open(s);
	if (!err)
		err = session_callee_open(s);
	if (!err && audio_hz(s->fmt) != VAD_HZ)
		err = resample_new(&s->down, audio_hz(s->fmt), VAD_HZ);
	return err;
}

static void announce(struct session *s)
{
	struct buf json;

	buf_init(&json, 512);
	if (buf_addf(&json, "\"agent\":\"%s\"", s->agent->name) == 0)
		session_event(s, SESSION_STARTED, &json);
	buf_fini(&json);
}

int session_open(struct session **sp, const struct session_env *env,
                 const struct session_params *prm, const struct line *line,
                 session_event_h *eventh, void *arg)
{
	struct session *s = mem_zalloc(sizeof(*s));
	int err;

	if (!s) {
		if (prm->kit)
			session_kit_fini(prm->kit);
		return -ENOMEM;
	}
	s->env = *env;
	s->line = *line;
	s->eventh = eventh;
	s->arg = arg;
	s->agent = prm->agent;
	s->fmt = prm->fmt;
	s->t0_us = timers_now(env->timers);
	if (prm->kit) {
		s->kit = *prm->kit;
		*prm->kit = (struct session_kit){0};
	}
	list_init(&s->events);
	list_init(&s->calls);
	turn_init(&s->turn);
	s->stt_cfg = agent_config(s->agent, env->stt_cfg, env->stt->name);
	s->tts_cfg = agent_config(s->agent, env->tts_cfg, env->tts->name);
	s->llm_cfg = agent_config(s->agent, env->llm_cfg, env->llm->name);
	if (s->agent->model)
		s->llm_cfg.model = s->agent->model;
	session_backup_open(s);

	err = copy_params(s, prm);
	if (!err)
		err = session_hooks_open(s, prm);
	if (!err)
		err = open_texts(s, prm->past);
	session_kit_open(s);
	if (!err)
		err = open_parts(s, prm);
	if (err) {
		session_close(&s);
		return err;
	}
	session_line_start(s);
	session_arm_quiet(s);
	timer_start(env->timers, &s->max_call, s->agent->max_call_ms,
	            on_max_call, s);
	announce(s);
	*sp = s;
	return 0;
}

void session_close(struct session **sp)
{
	struct session *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	stop_timers(s);
	session_calls_drop(s);
	session_hooks_close(s);
	session_events_drop(s);
	session_drop_reply(s);
	session_who_drop(s);
	stt_close(&s->stt);
	tts_close(&s->tts);
	eot_close(&s->eot);
	playout_free(&s->playout);
	vad_free(&s->vad);
	resample_free(&s->down);
	chat_free(&s->chat);
	session_callee_close(s);
	session_kit_fini(&s->kit);
	ring_fini(&s->recent);
	mem_free(s->greeting);
	mem_free(s->body);
	mem_free(s->transfer_url);
	mem_free(s);
}

void session_reline(struct session *s, const struct line *line,
                    const char *stream_id, enum audio_fmt fmt)
{
	if (s->ended)
		return;
	s->line = *line;
	if (fmt != s->fmt || playout_reline(s->playout, stream_id, fmt) != 0)
		session_end(s, "error", "the line came back as another kind");
	else
		session_line_start(s);
}
