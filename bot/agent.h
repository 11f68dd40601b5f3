/*
 * agent.h - who the bot is in a call: an agent file
 *
 * AGENTS_DIR/NAME.json says what the bot is told, how it greets, with which
 * voice it speaks and how it takes turns. What is not in the file has the
 * default below; what is in it and not known here is a fault that is named
 * when the bot starts, since a typing mistake must not be silent.
 */
#ifndef BOT_AGENT_H
#define BOT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/agent_after.h"
#include "bot/agent_order.h"
#include "bot/endpoint.h"
#include "bot/failure.h"
#include "bot/interrupt.h"
#include "bot/provider/provider.h"
#include "common/attr.h"

enum {
	AGENT_NAME_MAX = 64,   /* [bytes] with terminator: [A-Za-z0-9_-] */
	AGENT_FAULT_MAX = 256, /* [bytes] with terminator */
	AGENT_FILE_MAX = 256 * 1024, /* [bytes] */
	AGENT_TOOLS_MAX = 32,
	AGENT_VOICES_MAX = 8, /* providers with a voice of their own */
	AGENT_PASSAGES_MAX = 8,
	AGENT_PROMPTS_MAX = 8,
	AGENT_MENU_MAX = 16,
};

struct dialout_hooks;
struct tool;
struct tool_own;

struct agent_voice {
	char *provider; /* NULL: any */
	char *voice;
};

enum agent_greets {
	AGENT_GREETS_AFTER_HELLO, /* ... or a silence of greet_after_ms */
	AGENT_GREETS_AT_ONCE,     /* as soon as the call is answered */
	AGENT_GREETS_NEVER,       /* by itself: the callee speaks first */
};

/* What to do with a machine; see amd.h. */
struct agent_machine {
	bool watch;     /* is it asked at all? By any of the keys. */
	bool carrier;   /* the carrier listens for machines, too */
	char *message;  /* template, left in a mailbox; NULL: hang up */
	char *screener; /* template, told to an assistant; NULL: as a person */
	struct agent_choice {
		char *words; /* heard in a menu; "*": any, once it is over */
		char *keys;  /* to be pressed then */
	} menu[AGENT_MENU_MAX];
	size_t n_menu; /* 0: hang up */
};

struct agent {
	char name[AGENT_NAME_MAX];
	char *instructions; /* template; "" without */
	char *greeting;     /* template; NULL: the model speaks first, once
	                     * the callee has */
	char *apology;      /* said when no reply can be made */
	char *goodbye;      /* said when the bot cannot go on */
	char *farewell;     /* said when the bot ends the call in order */
	char *recovered;    /* said when the bot before this one was lost */
	char *filler;       /* said when an answer is late; NULL: nothing */
	char *prompts[AGENT_PROMPTS_MAX]; /* said one after the other to a
	                                   * callee who stays silent */
	size_t n_prompts;
	char *model;    /* NULL: as configured */
	char *language; /* NULL: as configured */
	struct agent_order order[FALLBACK_STAGES];
	bool spoken_numbers; /* in English the voice gets them as words */
	struct agent_voice voices[AGENT_VOICES_MAX];
	size_t n_voices;
	double temperature; /* below 0: the model's default */
	const struct tool *tools[AGENT_TOOLS_MAX];
	size_t n_tools;
	struct tool_own *own_tools[AGENT_TOOLS_MAX]; /* of the file */
	size_t n_own_tools;
	char *hooks_name; /* code that goes with it; NULL: none */
	const struct dialout_hooks *hooks; /* ... which agent_load() finds */
	bool preemptive; /* answers begin when a turn seems over */
	bool turn_model; /* asked, if there is one, whether a turn is over */
	struct agent_machine machine;
	struct agent_after after; /* when the call is over */
	bool protect_greeting;    /* the greeting cannot be interrupted */
	char *passages
		[AGENT_PASSAGES_MAX]; /* nor these, until they are heard */
	size_t n_passages;
	bool mute_first; /* ... nor the first sentence of the call */
	bool mute_tools; /* ... nor what is said while a tool runs */
	enum agent_greets greets;
	uint32_t greet_after_ms; /* of silence after the call was answered */
	uint32_t resume_ms;      /* after a sound without words */
	uint32_t prompt_ms;      /* of silence before each of the prompts */
	uint32_t idle_ms;        /* nobody says anything; the call ends */
	uint32_t max_call_ms;
	uint32_t max_turn_ms; /* of the callee */
	struct failure_rules failure;
	struct interrupt_rules interrupt;
	struct endpoint_rules endpoint;
};

/* An agent with every default, and no instructions. -ENOMEM. */
int agent_new(struct agent **ap, const char *name) MUST_CHECK;

/* The agent of @len bytes of JSON. -EINVAL, with @fault saying what and where;
 * -ENOMEM. */
int agent_parse(struct agent **ap, const char *name, const char *text,
                size_t len, char fault[AGENT_FAULT_MAX]) MUST_CHECK;

/* Read @dir/@name.json. -ENOENT: no such file, or no name for one. Others as
 * above, or what reading said; @fault is filled. */
int agent_load(struct agent **ap, const char *dir, const char *name,
               char fault[AGENT_FAULT_MAX]) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void agent_free(struct agent **ap);

/* The voice for @provider; NULL: as configured. */
const char *agent_voice(const struct agent *a, const char *provider);

/* @base (NULL: empty) with what the agent has for @provider. */
struct provider_cfg agent_config(const struct agent *a,
                                 const struct provider_cfg *base,
                                 const char *provider);

#endif
