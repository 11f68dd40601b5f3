/*
 * flow.h - whole conversations in virtual time
 *
 * A session over scripted parts: a telephone line with the callee at its far
 * end (real messages of Plivo's protocol, 20 ms of audio each), a recogniser,
 * a model, a voice and a listener for the ends of turns. Everything has a time
 * and nothing waits for a clock, so a conversation of a minute takes a few
 * milliseconds. All times are milliseconds of the call.
 *
 * The callee's speech is a tone that the scripted net takes for a voice. The
 * bot's is numbered: each millisecond of it says which reply and which
 * millisecond of it this is, so that what the callee heard is known exactly.
 */
#ifndef TESTS_FLOW_FLOW_H
#define TESTS_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/agent.h"
#include "bot/session.h"
#include "common/buf.h"
#include "common/timer.h"

enum {
	FLOW_REPLIES = 128,
	FLOW_REQUESTS = 128,
	FLOW_ANSWERS = 128,
	FLOW_SPEECH = 128,
	FLOW_NEWS = 1024,
	FLOW_WORD_MS = 300, /* of the voice: the word, then as long nothing */
	FLOW_WORDS = 64,    /* of a reply, that are known by text */
	FLOW_HEARD = 2048,  /* words, by the callee */
	FLOW_BOUTS = 1024,
	FLOW_HTTP = 16, /* requests of tools */
	FLOW_MS_MAX = 600 * 1000,
};

/* What the scripted recogniser says, and when. */
struct flow_news {
	uint32_t at_ms;
	uint32_t upto_ms; /* of the call: it knows the sound up to there; 0:
	                   * all that has come */
	int type;         /* enum stt_event_type; -1: given out already */
	uint32_t told_ms; /* ... then */
	int err;
	const char *text;
};

struct flow_speech {
	uint32_t from_ms, to_ms;
	bool beep; /* it is a machine's tone */
};

/* An answer of the scripted model. */
struct flow_answer {
	const char *text;        /* NULL: none */
	uint32_t first_ms;       /* to the first token */
	uint32_t token_ms;       /* between tokens */
	size_t stall_after;      /* tokens; 0: none */
	int err;                 /* not 0: fails after its text */
	uint32_t retry_ms;       /* ... and asks for this */
	const char *call, *args; /* a tool, after the text */
	const char *call2, *args2;
};

/* What the host of a tool answers. */
struct flow_http {
	uint32_t ms; /* after the request */
	int err, status;
	const char *body;
};

/* What a tool has asked for. */
struct flow_tool {
	uint32_t at_ms;
	char text[512]; /* "GET url|header|header|body" */
	unsigned timeout_ms;
	bool public_only, cancelled;
};

struct flow_heard {
	uint32_t first_ms, last_ms; /* of the call */
	uint32_t count;             /* milliseconds of it that were heard */
	uint32_t next;              /* of it, after the last one heard */
	uint32_t jumps;             /* parts that were left out */
	uint32_t again;             /* milliseconds heard twice */
};

/* A word that the line has played, or a part of it. */
struct flow_word {
	uint32_t reply, n;          /* which, as the voice has made it */
	uint32_t first_ms, last_ms; /* of the call */
	uint32_t heard;             /* milliseconds of its first half */
};

/* The bot was heard without a pause. */
struct flow_bout {
	uint32_t from_ms, to_ms; /* of the call */
	uint32_t reply;          /* the last one in it */
};

struct flow_request {
	uint32_t at_ms, closed_ms; /* closed_ms 0: not */
	bool done;
	char *text; /* "system: ...|callee: ...|bot: ..." */
};

struct flow_opts {
	const char *agent; /* JSON; NULL: see flow.c */
	const char *body;
	const char *transfer_url; /* of the server; NULL: there is none */
	const char *past; /* with another bot, as past.h has it; NULL: none */
	const struct dialout_hooks *hooks; /* of the agent; NULL: none */
	bool backup;                 /* a second provider for each stage */
	bool flux;                   /* the recogniser decides turns */
	bool eot;                    /* there is a listener for ends of turns */
	uint32_t voice_ms;           /* text to first audio; 0: 100 */
	uint32_t line_ms;            /* sound reaches the callee so late */
	uint32_t flush_ms;           /* flush to the answer; 0: 90 */
	bool never_flushed;          /* the recogniser cannot say so */
	bool no_echo;                /* the line never reports marks */
	bool no_media;               /* the line is silent from the start */
	bool wide;                   /* linear samples at 16 kHz */
	bool tts_local;              /* the voice is computed here */
	bool tts_varies;             /* the voice may be another under load */
	struct greetings *greetings; /* spoken before; NULL: none */
	uint32_t warm_ms; /* it rings for so long, and is made ready */
	bool warm_fails;  /* ... but the voice is lost meanwhile */
	int prepare;      /* ... as PREPARE says: enum in bot/warm.h */
	bool preempt;     /* answers are begun before a turn is over */
};

struct flow {
	struct flow_opts opts;
	struct timers *ts;
	struct session *session;
	struct agent *agent;
	size_t live;
	bool running; /* callbacks of a law-abiding fake may come */

	/* script */
	struct flow_speech speech[FLOW_SPEECH];
	size_t n_speech;
	struct flow_news news[FLOW_NEWS];
	size_t n_news;
	struct flow_answer answers[FLOW_ANSWERS];
	size_t n_answers, used_answers;
	struct flow_http http[FLOW_HTTP];
	size_t n_http;
	const char *verdicts; /* 'C' complete, 'I' not, '?' cannot tell,
	                       * '-' never */
	uint32_t verdict_ms;  /* from the question */
	uint32_t media_gap_from, media_gap_to;
	/* What the callee says meanwhile comes only then, a packet a ms. */
	uint32_t media_late_from, media_late_to;
	int tts_fail_after; /* pieces; 0: never */
	int tts_fail_err;
	bool tts_reply_fails;
	uint32_t tts_mute_from, tts_mute_to; /* it takes text and is mute */
	/* The model is asked, with f->requests' last; NULL: nobody cares. */
	void (*askedh)(struct flow *f);
	bool tts_dead;          /* every voice fails at once */
	unsigned tts_stalls;    /* so many voices fall silent ... */
	size_t tts_stall_after; /* ... after so many words */

	/* what happened */
	struct flow_request requests[FLOW_REQUESTS];
	struct flow_tool tools[FLOW_HTTP];
	size_t n_tools;
	size_t n_requests;
	struct flow_heard heard[FLOW_REPLIES];
	char made[FLOW_REPLIES][FLOW_WORDS][64]; /* words, by all voices */
	struct flow_word words[FLOW_HEARD];
	size_t n_words;
	struct flow_bout bouts[FLOW_BOUTS];
	size_t n_bouts;
	bool playing;                      /* the line has something to play */
	uint32_t sent_first[FLOW_REPLIES]; /* playAudio; 0: never */
	uint64_t sent_ms;                  /* audio sent in all [ms] */
	uint32_t max_lead_ms, packet_ms;   /* the longest of each */
	unsigned foreign_ids;       /* messages without the stream's id */
	char *spoken[FLOW_REPLIES]; /* text given to the voice */
	unsigned pieces[FLOW_REPLIES];
	uint32_t made_ms[FLOW_REPLIES]; /* audio, by all voices */
	bool finished[FLOW_REPLIES];
	uint32_t piece_at[FLOW_REPLIES]; /* the first one */
	unsigned cancels;
	unsigned clears;
	uint32_t clear_at, last_clear;
	unsigned sends_after_end;
	unsigned hangups;
	uint32_t hangup_at;
	unsigned flushes, verdicts_asked, turns_begun;
	uint32_t verdict_within_ms, turn_ago_ms; /* as last said */
	uint64_t stt_samples, stt_loud;
	unsigned stt_opens, tts_opens;
	unsigned second[3]; /* uses of the second provider: STT, LLM, TTS */
	uint64_t replayed;  /* samples that it heard in its first push */
	struct buf events;  /* one JSON object a line */
	unsigned ended, started;
	uint32_t ended_at;
	unsigned errors;
};

/* An agent with greeting null, to be put into flow_opts.agent. */
extern const char flow_plain_agent[];

void flow_open(struct flow *f, const struct flow_opts *opts);
void flow_run_to(struct flow *f, uint32_t ms);
/* Ends the session if it still is there; nothing may be left. */
void flow_close(struct flow *f);

/* The plain agent, with a model that hears whether a turn is finished. */
extern const struct flow_opts flow_listener;

/* Run until the voice detector says "stop" of a sound that ends at @from, 192
 * to 224 ms behind it, and the recogniser is asked for the rest: when that is.
 * The test fails where it is not within 3 s. */
uint32_t flow_stop_at(struct flow *f, uint32_t from);

/* The callee speaks with an ordinary recogniser listening: an interim with the
 * first word 350 ms in (if it lasts as long), all of it at the flush. */
void flow_says(struct flow *f, uint32_t from, uint32_t to, const char *text);

/* The same apart. */
void flow_sound(struct flow *f, uint32_t from, uint32_t to);
void flow_beep(struct flow *f, uint32_t from, uint32_t to);
void flow_interim(struct flow *f, uint32_t at, const char *text);
void flow_final(struct flow *f, uint32_t at, const char *text);
void flow_flushed(struct flow *f, uint32_t at);
/* Any event of the recogniser: enum stt_event_type. */
void flow_stt(struct flow *f, uint32_t at, int type, const char *text);
/* It has heard speech end, and has decided all sound up to @upto. */
void flow_silence(struct flow *f, uint32_t at, uint32_t upto);
void flow_stt_fails(struct flow *f, uint32_t at, int err);

/* The model's next answer; the first token comes after 100 ms unless the
 * answer says otherwise. */
void flow_answer(struct flow *f, const char *text);
struct flow_answer *flow_answer_with(struct flow *f, const char *text);

/* The next answer of a tool's host. */
void flow_http(struct flow *f, uint32_t ms, int status, const char *body);

/* @ms of the callee's sound, now, in messages of @size bytes. */
void flow_audio(struct flow *f, uint32_t ms, bool loud, size_t size);
/* The same of a wide line: a square wave of that amplitude. */
void flow_linear(struct flow *f, uint32_t ms, int amplitude);

/* A message of the line, now. */
void flow_message(struct flow *f, const char *json);
void flow_stop(struct flow *f); /* Plivo's stop message */

/* The @i-th request without instructions: "callee: Hello|bot: Hi." */
const char *flow_asked(const struct flow *f, size_t i);
/* The history now, in the same form, "bot! " for interrupted. Static. */
const char *flow_chat(const struct flow *f);
const char *flow_state(const struct flow *f);

#endif
