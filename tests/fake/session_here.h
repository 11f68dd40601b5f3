/*
 * session_here.h - the session of session.h, for one file of a test program
 *
 * Definitions: in the library they would take the place of the real ones in
 * every test.
 */
#ifndef TESTS_FAKE_SESSION_HERE_H
#define TESTS_FAKE_SESSION_HERE_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bot/agent.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/fake/session.h"

struct session {
	struct line line;
	const struct session_env *env;
	session_event_h *eventh;
	void *arg;
};

static struct fake_session fake;

struct fake_session *fake_session(void)
{
	return &fake;
}

static void note(const char *what, const char *text, size_t len)
{
	size_t n = strlen(fake.log);

	snprintf(fake.log + n, sizeof(fake.log) - n, "%s%s%.*s", n ? " " : "",
	         what, (int)(len < 80 ? len : 80), text);
}

int session_open(struct session **sp, const struct session_env *env,
                 const struct session_params *prm, const struct line *line,
                 session_event_h *eventh, void *arg)
{
	struct session *s;
	char text[256];

	if (prm->kit)
		session_kit_fini(prm->kit);
	if (fake.refuse)
		return fake.refuse;
	s = mem_zalloc(sizeof(*s));
	s->line = *line;
	s->env = env;
	s->eventh = eventh;
	s->arg = arg;
	snprintf(text, sizeof(text), "%s/%s/%s/%s", prm->call_id,
	         prm->call_uuid, prm->to, prm->body ? prm->body : "-");
	note("open:", text, strlen(text));
	fake.session = s;
	fake.opened++;
	fake.open_now++;
	*sp = s;
	return 0;
}

int session_frame(struct session *s, const char *text, size_t len)
{
	(void)s;
	note("frame:", text, len);
	return 0;
}

void session_reline(struct session *s, const struct line *line,
                    const char *stream_id, enum audio_fmt fmt)
{
	(void)fmt;
	s->line = *line;
	note("reline:", stream_id, strlen(stream_id));
}

void session_line_lost(struct session *s)
{
	(void)s;
	note("lost", "", 0);
	fake_session_event(SESSION_ENDED, "\"by\":\"callee\"");
}

void session_machine_said(struct session *s)
{
	(void)s;
	note("machine", "", 0);
}

void session_drain(struct session *s)
{
	(void)s;
	note("drain", "", 0);
	fake_session_event(SESSION_ENDED, "\"by\":\"bot\"");
}

void session_close(struct session **sp)
{
	if (!*sp)
		return;
	if (fake.session == *sp)
		fake.session = NULL;
	note("close", "", 0);
	fake.open_now--;
	mem_free(*sp);
	*sp = NULL;
}

int fake_session_send(const char *text)
{
	struct session *s = fake.session;

	return s->line.send(text, strlen(text), s->line.arg);
}

void fake_session_hangup(void)
{
	fake.session->line.hangup(fake.session->line.arg);
}

void fake_session_event(enum session_event_type type, const char *json)
{
	struct session *s = fake.session;
	struct session_event ev = {type, json, timers_now(s->env->timers)};

	s->eventh(&ev, s->arg);
}

#endif
