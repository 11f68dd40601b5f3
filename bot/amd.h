/*
 * amd.h - who or what has answered the call?
 *
 * A person, a voicemail box, an assistant that screens calls, a menu, a fax or
 * an announcement of the network: judged by tones, by how long the first
 * utterance goes on, and by what it says. Pure; the session reports and acts.
 *
 * The carrier may have its own opinion of machines; it comes late and has heard
 * no words. With a first utterance longer than a hello it counts; against what
 * looks like a person a model is asked, and only then.
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
	AMD_LONG_MS = 6000, /* of a first utterance: no person's hello */
	/* ... nor 2.5 s and what the detector takes to notice its end, where
	 * the carrier says so, too. */
	AMD_HELLO_MS = 2800,
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
	bool spoke;          /* somebody has, at all */
	bool carrier;        /* it says that this is a machine */
	bool asked;          /* the model was, or there is no need any more */
	uint32_t longest_ms; /* of the first utterance, so far */
	unsigned turns;      /* of the callee, answered */
};

/* A tone that was heard from @began_ms to now, in speech that began at
 * @speech_ms (UINT32_MAX: nobody speaks): does it stand by itself? A vowel may
 * be as pure as a beep; a machine's follows a silence. */
bool amd_is_beep(uint32_t began_ms, uint32_t speech_ms);

/* News, each with the time of the call. True: @a->kind is new. */
bool amd_tone(struct amd *a, enum tone tone, uint32_t at_ms);
bool amd_speech(struct amd *a, uint32_t lasted_ms, uint32_t at_ms);
bool amd_text(struct amd *a, struct str text, uint32_t at_ms);
bool amd_turn(struct amd *a);

bool amd_carrier(struct amd *a, uint32_t at_ms);

/* Do the carrier and the rest disagree? True once: the model is to be asked. */
bool amd_doubts(struct amd *a);

/* It has been, and has answered. True: that is another than before. */
bool amd_told(struct amd *a, enum amd_kind kind);

/* By its name, at the beginning of @text; AMD_UNKNOWN: none. */
enum amd_kind amd_by_name(struct str text);

/* Has @text the words of @phrase, one after the other? */
bool amd_has(struct str text, struct str phrase);

/* By its words alone; AMD_UNKNOWN: they say nothing. */
enum amd_kind amd_judge_text(struct str text);

/* As in the call's record: "voicemail". */
const char *amd_name(enum amd_kind kind);

#endif
