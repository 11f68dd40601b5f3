/*
 * hooks.h - C code of your own in a conversation of dialout-bot
 *
 * Needs no other header of dialout; installed as <dialout/hooks.h>. An agent
 * file names the code, "hooks": "mine.so", and the object exports what
 * DIALOUT_HOOKS() writes. It is loaded once and stays until the bot ends.
 *
 * Hooks run on the bot's one thread, and all of its calls wait for them: a hook
 * returns within DIALOUT_DEADLINE_MS, never blocks and lets no exception or
 * longjmp() out. A slower one is logged ("event=slow"). Longer work belongs on
 * a thread of yours, which comes back by post(). What a hook asks the host for
 * happens after it has returned. Calls and tickets are numbers that are never
 * used again: one that was kept too long is DIALOUT_GONE.
 */
#ifndef DIALOUT_HOOKS_H
#define DIALOUT_HOOKS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	DIALOUT_ABI = 1,
	DIALOUT_DEADLINE_MS = 5,
	DIALOUT_TEXT_MAX = 2000,    /* [bytes] of a line, or of a value */
	DIALOUT_LINES_MAX = 8,      /* lines that wait to be said */
	DIALOUT_RESULT_MAX = 16000, /* [bytes] of a tool's result */
	DIALOUT_KEPT_MAX = 4000,    /* [bytes] that a call can keep */
};

enum { /* what functions of the host return */
       DIALOUT_OK = 0,
       DIALOUT_GONE = -1,    /* the call is over, the ticket was answered */
       DIALOUT_INVALID = -2, /* too long, no UTF-8 text, not there */
       DIALOUT_FULL = -3,    /* later, perhaps */
       DIALOUT_NO_MEMORY = -4,
};

enum {                   /* what tool() returns */
       DIALOUT_PASS = 0, /* not mine: go on as the agent file says */
       DIALOUT_MINE = 1, /* answer() was called, or will be */
};

/* What the bot does for hooks. Texts are UTF-8 and are copied. All but post()
 * belong to the bot's thread. */
struct dialout_host {
	uint32_t abi, size;
	/* A value of the custom data, "user.firstName"; {{…}} of the agent file
	 * reads the same. set() changes one at the top: within started() the
	 * greeting and the instructions have it, too. */
	int (*get)(uint64_t call, const char *path, char *dst, size_t cap);
	int (*set)(uint64_t call, const char *name, const char *value);
	/* Say @text as it is: within heard() as the answer, otherwise when
	 * nobody speaks. It can be interrupted; the model's history has it. */
	int (*say)(uint64_t call, const char *text);
	/* The result of a tool, as text or JSON for the model; now or later. */
	int (*answer)(uint64_t ticket, const char *result);
	/* Say what waits, @last_words (NULL: agent's farewell), hang up. */
	int (*end)(uint64_t call, const char *last_words);
	/* Into the ledger, as the result of a tool called @name. */
	int (*record)(uint64_t call, const char *name, const char *text);
	/* Run woken() in @ms, at most a day; in place of an earlier one. */
	int (*wake)(uint64_t call, uint32_t ms);
	/* From any thread: run @run on the bot's, unless the bot ends. */
	int (*post)(void (*run)(void *arg), void *arg);
	void (*log)(uint64_t call, const char *text);
	/* Remember @text outside of the bot, in place of the last one: should
	 * the bot be lost, started() of the next one gets it. */
	int (*keep)(uint64_t call, const char *text);
};

/* A call begins. Texts are borrowed until started() returns. */
struct dialout_start {
	uint64_t call;
	const char *call_id; /* as the server's ledger has it */
	const char *to, *from, *agent;
	const char *body; /* custom data as JSON text; NULL: none */
	unsigned again;   /* bots that were lost with this call before */
	const char *kept; /* ... and what the last one kept; NULL: nothing */
};

/* The callee has finished a turn. */
struct dialout_turn {
	uint64_t call;
	const char *text;
	int again;   /* in place of the turn before: the callee went on */
	int greeted; /* 0: the greeting is the answer to it */
};

/* The model wants a tool to run. */
struct dialout_tool {
	uint64_t call;
	uint64_t ticket; /* for answer(); 0: a built-in one, only told */
	const char *name;
	const char *args; /* JSON object */
};

/* NULL for a hook that is not needed. @data is what started() has returned. */
struct dialout_hooks {
	uint32_t abi, size; /* DIALOUT_ABI, sizeof(struct dialout_hooks) */
	const char *name;   /* for logs; [A-Za-z0-9_-] */

	/* Once. Not 0: the agent file is refused. */
	int (*load)(const struct dialout_host *host);
	/* The bot ends: no thread of yours may call post() after this. */
	void (*unload)(void);
	void *(*started)(const struct dialout_start *start);

	/* A line said here is the answer; without one the model is asked. */
	void (*heard)(const struct dialout_turn *turn, void *data);

	/* DIALOUT_MINE: answer() gives the result. A tool of the agent file
	 * with "hook": true has no other; its "timeout_ms" is the deadline. */
	int (*tool)(const struct dialout_tool *tool, void *data);

	void (*woken)(uint64_t call, void *data);
	/* The last one. @by: "callee", "bot", "error", "transfer". */
	void (*ending)(uint64_t call, const char *by, const char *cause,
	               void *data);
};

/* DIALOUT_HOOKS(X): the hooks are the struct X. A file that is compiled in
 * (`make HOOKS=file.c`) is known by .name; a shared object exports them. */
const struct dialout_hooks *dialout_hooks(void);
void dialout_hooks_add(const struct dialout_hooks *hooks);

#ifdef DIALOUT_COMPILED_IN
#define DIALOUT_HOOKS(hooks)                                              \
	static void __attribute__((constructor)) dialout_hooks_here(void) \
	{                                                                 \
		dialout_hooks_add(&(hooks));                              \
	}                                                                 \
	struct dialout_hooks
#else
#define DIALOUT_HOOKS(hooks)                            \
	const struct dialout_hooks *dialout_hooks(void) \
	{                                               \
		return &(hooks);                        \
	}                                               \
	struct dialout_hooks
#endif

#ifdef __cplusplus
}
#endif

#endif
