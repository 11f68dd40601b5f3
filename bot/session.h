/*
 * session.h - one telephone conversation, from stream start to stream stop
 *
 *      callee                                                  callee
 *        |                                                       ^
 *        v                                                       |
 *     stream --> pcm --> stt                        playout --> stream
 *                   |       |                          ^
 *                   v       v                          |
 *                  vad --> [ turn ] --> reply: llm --> tts
 *                             ^
 *                   chat <-- heard
 *
 * The session owns everything in the picture and is the only module that knows
 * all of it; the parts do not know each other. All of it runs on one thread.
 * It sees the telephone line as a struct line, so that a test can be one.
 */
#ifndef BOT_SESSION_H
#define BOT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/media/audio.h"
#include "common/attr.h"

struct agent;
struct clip;
struct eot_ops;
struct fallback;
struct greetings;
struct net;
struct past;
struct provider_cfg;
struct session;
struct silero;
struct stt;
struct stt_ops;
struct llm_ops;
struct tts;
struct tts_ops;
struct tool_fetch;
struct timers;
struct vad_batch;
struct vad_ops;

/* What is outside: what a test replaces. Borrowed; outlives the session. */
struct session_env {
	struct timers *timers;
	struct net *net; /* handed to providers only; NULL in tests */
	const struct stt_ops *stt;
	const struct llm_ops *llm;
	const struct tts_ops *tts;
	const struct provider_cfg *stt_cfg, *llm_cfg, *tts_cfg;
	const struct vad_ops *vad;   /* speech probability per chunk */
	const struct silero *silero; /* weights of the net; NULL in tests */
	struct vad_batch *vad_batch; /* of all calls; NULL: each by itself */
	const struct eot_ops *eot;   /* hears the end of a turn; NULL: none */
	void *eot_env;
	struct greetings *greetings;    /* spoken before; NULL: none */
	struct fallback *fallback;      /* all providers, in place of the above;
	                            * NULL: those alone */
	const struct tool_fetch *fetch; /* for tools; NULL: they fail */
	const char *server_secret;      /* bearer for transfers; NULL: none */
};

/* The telephone line, as the session uses it. Frames are Plivo's messages. */
struct line {
	/* Send one text message. -EAGAIN: the socket is full; the session
	 * counts and drops. Must not call back into the session. */
	int (*send)(const char *text, size_t len, void *arg);
	/* The call shall end: hang up at the carrier, then close. Called at
	 * most once, before SESSION_ENDED; may close the session. */
	void (*hangup)(void *arg);
	void *arg;
};

/* Made ready before the call was answered; NULL where there is none. */
struct session_kit {
	struct clip *clip; /* the greeting, spoken */
	struct tts *tts;
	struct stt *stt;
};

void session_kit_fini(struct session_kit *kit);

struct session_params {
	const char *call_id;   /* public id, for logs and events */
	const char *call_uuid; /* the carrier's */
	const char *stream_id;
	const char *to, *from;
	const char *body;         /* custom data as JSON text; NULL without */
	const char *transfer_url; /* the server's; NULL: there is none */
	const struct past *past;  /* with other bots; NULL: there is none */
	const struct agent *agent;
	enum audio_fmt fmt;      /* of the line, both ways */
	struct session_kit *kit; /* emptied, also on failure; NULL: none */
};

enum session_event_type {
	SESSION_STARTED,
	SESSION_TURN, /* somebody's turn is complete */
	SESSION_TOOL, /* has its result */
	SESSION_ERROR,
	SESSION_ENDED, /* last event: "by" is callee, bot, error or transfer */
	SESSION_TOOL_BEGUN, /* its result comes later */
	SESSION_KEPT,       /* what code of the agent wants to be remembered */
	SESSION_EVENT_TYPES
};

const char *session_event_name(enum session_event_type type);

struct session_event {
	enum session_event_type type;
	const char *json; /* members of the event's object, without braces, as
	                   * `"role":"bot","text":"Hello"`; terminated */
	uint64_t at_us;   /* the schedule's clock */
};

typedef void session_event_h(const struct session_event *ev, void *arg);

/* Begin the conversation. All of @prm is copied, the agent is borrowed. The
 * five laws of callbacks hold for @eventh. -ENOMEM; -EINVAL: an id that the
 * line's protocol cannot carry; what a provider's open returns. */
int session_open(struct session **sp, const struct session_env *env,
                 const struct session_params *prm, const struct line *line,
                 session_event_h *eventh, void *arg) MUST_CHECK;

/* A message of the line, in Plivo's protocol; the start message was the
 * worker's. ERR_PROTO: not a message, and no reason to hang up. */
int session_frame(struct session *s, const char *text, size_t len);

/* The line was lost and came back as another socket: go on with this one. */
void session_reline(struct session *s, const struct line *line,
                    const char *stream_id, enum audio_fmt fmt);

/* The carrier takes whoever answered for a machine; see amd.h. */
void session_machine_said(struct session *s);

/* The line is gone for good: end, with SESSION_ENDED. */
void session_line_lost(struct session *s);

/* Let the bot finish its sentence, say goodbye, then end. */
void session_drain(struct session *s);

/* End now. No event follows. NULLs the caller's pointer. NULL is fine. */
void session_close(struct session **sp);

#endif
