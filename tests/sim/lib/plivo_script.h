/*
 * plivo_script.h - what the person called does: a file of lines
 *
 * One command a line; a word that begins with # begins a comment, but for the
 * keys of dtmf. How the call goes, anywhere in the file:
 *
 *	answer after MS        ring for so long, then pick up (500)
 *	begin answer|stream    when the commands start: as soon as the phone is
 *	                       picked up, or once the bot can hear (stream)
 *	no-answer              ring until Plivo gives up
 *	busy | rejected        the carrier says so at once
 *	fail CODE              any other hangup cause of Plivo's, before ringing
 *	machine                an answering machine picks up
 *	drop-socket at MS [reconnect]   the stream's socket is cut so long after
 *	                       its start; Plivo may dial it again
 *	webhook delay MS       Plivo's webhooks are late
 *	dial STATUS MS         how a <Dial> ends, and after how long (completed
 *	                       1000), or no-answer, busy, failed
 *	rest status N [times K] | rest reset [times K] | rest delay MS [times K] |
 *	rest lost [times K]    how Make Call goes: refused, connection reset
 *	                       before an answer, slow, or accepted and the answer
 *	                       lost
 *	noise DBFS             background of the line (none)
 *
 * What is said and waited for, in order; time-outs are in ms and end the wait:
 *
 *	play FILE.wav [trim]   16 bit, mono, 8,000 Hz; looked for beside the
 *	                       script, then in the sounds' folder; trim: without
 *	                       the silence at its ends, for words of a sentence
 *	silence MS
 *	tone HZ MS DBFS
 *	wait-stream [max MS]
 *	wait-bot-speech [max MS]         the bot is being heard
 *	wait-bot-silence MS [max MS]     it has not been heard for so long
 *	barge-in after MS [max MS]       it has been heard for so long without
 *	                                 a pause of 300 ms: the next line cuts in
 *	dtmf DIGITS
 *	repeat N ... end       at most 1,000 times, four deep
 *	hangup
 *	wait-hangup [max MS]   the end of the script does the same
 *
 * Waits without max end after 60 s; the callee then hangs up.
 */
#ifndef TESTS_SIM_LIB_PLIVO_SCRIPT_H
#define TESTS_SIM_LIB_PLIVO_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "tests/sim/lib/plivo_wav.h"

enum {
	PSIM_SCRIPT_MAX = 512,   /* commands */
	PSIM_SCRIPT_DEPTH = 4,   /* loops in loops */
	PSIM_WAIT_MAX_MS = 60000 /* a wait that names no other */
};

enum psim_op {
	PSIM_OP_PLAY,
	PSIM_OP_SILENCE,
	PSIM_OP_TONE,
	PSIM_OP_WAIT_STREAM,
	PSIM_OP_WAIT_SPEECH,
	PSIM_OP_WAIT_SILENCE,
	PSIM_OP_BARGE_IN,
	PSIM_OP_DTMF,
	PSIM_OP_REPEAT,
	PSIM_OP_END,
	PSIM_OP_HANGUP,
	PSIM_OP_WAIT_HANGUP,
};

struct psim_command {
	enum psim_op op;
	uint32_t ms, max_ms; /* max_ms 0: none was named */
	double hz, dbfs;
	char text[64];  /* name of the clip, or digits */
	size_t clip;    /* index of its samples */
	bool trim;      /* without the silence at their ends */
	uint32_t times; /* of a loop */
};

enum psim_fault_kind {
	PSIM_REST_OK,
	PSIM_REST_STATUS,
	PSIM_REST_RESET,
	PSIM_REST_DELAY,
	PSIM_REST_LOST,   /* placed, and not answered */
	PSIM_REST_FAILED, /* placed, and answered with a status all the same */
};

struct psim_rest_fault {
	enum psim_fault_kind kind;
	uint32_t value; /* status, or milliseconds until that */
	uint32_t times; /* how often; UINT32_MAX: always */
};

enum psim_pick_up { PSIM_ANSWERS, PSIM_NO_ANSWER, PSIM_FAILS };

struct psim_script {
	enum psim_pick_up pick_up;
	int fail_code; /* Plivo's hangup cause when it fails */
	bool machine, begin_at_answer, reconnect;
	uint32_t answer_ms, webhook_delay_ms, drop_ms; /* drop_ms 0: never */
	const char *dial_status;                       /* static */
	uint32_t dial_ms;
	double noise_dbfs; /* 0: none */
	struct psim_rest_fault rest;
	struct psim_command v[PSIM_SCRIPT_MAX];
	size_t n;
	struct psim_clip *clips;
	size_t clip_count;
};

/* Read @path; @sounds is a folder of recordings, or NULL. -EINVAL: see @why
 * (200 bytes), which names the line; errno, -ENOMEM. */
int psim_script_load(struct psim_script **sp, const char *path,
                     const char *sounds, char why[200]) MUST_CHECK;

/* The same from text; @dir is where its recordings are. */
int psim_script_parse(struct psim_script **sp, const char *text,
                      const char *dir, const char *sounds,
                      char why[200]) MUST_CHECK;
void psim_script_free(struct psim_script **sp);

/* "status=503", "reset:2", "delay=500", "lost:1", "failed=502": what
 * --rest-fault takes.
 * -EINVAL. */
int psim_rest_fault_parse(struct psim_rest_fault *f,
                          const char *text) MUST_CHECK;

#endif
