/*
 * amd.h - who or what has answered the call?
 *
 * A person, a voicemail box, an assistant that screens calls, a menu, a fax or
 * an announcement of the network: judged by tones, by how long the first
 * utterance goes on, and by what it says. Pure; the session reports and acts.
 *
 * People say hello within 2.5 s and wait. A first utterance of six seconds
 * without a pause is a recording; shorter ones are judged by their words, and
 * whoever has spoken twice without any of these is taken for a person.
 */
#ifndef BOT_AMD_H
#define BOT_AMD_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/media/tones.h"
#include "common/str.h"

enum {
	AMD_LONG_MS = 6000,   /* of a first utterance: no person's hello */
	AMD_WATCH_MS = 30000, /* from the answer on; later it is a person */
	AMD_TURNS = 2,        /* of a person's, and it is one */
	AMD_QUIET_MS = 4000,  /* of silence after a greeting without a beep */
	AMD_PATIENCE_MS = 60000, /* for a machine's greeting to end */
};

enum amd_kind {
	AMD_UNKNOWN,
	AMD_PERSON,
	AMD_VOICEMAIL,
	AMD_SCREENER, /* asks who is calling, and why */
	AMD_MENU,     /* "press one for ..." */
	AMD_FAX,
	AMD_ANNOUNCEMENT, /* of the network: no such number and the like */
};

struct amd {
	enum amd_kind kind;
	bool spoke;     /* somebody has, at all */
	unsigned turns; /* of the callee, answered */
};

/* News, each with the time of the call. True: @a->kind is new. */
bool amd_tone(struct amd *a, enum tone tone, uint32_t at_ms);
bool amd_speech(struct amd *a, uint32_t lasted_ms, uint32_t at_ms);
bool amd_text(struct amd *a, struct str text, uint32_t at_ms);
bool amd_turn(struct amd *a);

/* By its words alone; AMD_UNKNOWN: they say nothing. */
enum amd_kind amd_judge_text(struct str text);

/* As in the call's record: "voicemail". */
const char *amd_name(enum amd_kind kind);

#endif
