/*
 * session_impl.h - what the files of the session share; nobody else's
 *
 * Decisions are not taken here: see turn.h, endpoint.h, interrupt.h.
 */
#ifndef BOT_SESSION_IMPL_H
#define BOT_SESSION_IMPL_H

#include "bot/agent.h"
#include "bot/amd.h"
#include "bot/callee.h"
#include "bot/chat.h"
#include "bot/eot.h"
#include "bot/fallback.h"
#include "bot/media/resample.h"
#include "bot/media/ring.h"
#include "bot/media/vad.h"
#include "bot/playout.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "bot/reply.h"
#include "bot/session.h"
#include "bot/timeline.h"
#include "bot/turn.h"
#include "common/list.h"
#include "common/timer.h"

enum {
	SESSION_ID_MAX = 128,          /* [bytes] with terminator */
	SESSION_BODY_MAX = 64 * 1024,  /* [bytes] of custom data */
	SESSION_TEXT_MAX = 16 * 1024,  /* [bytes] of one turn of the callee */
	SESSION_FEED_MAX = 16,         /* turn events within one */
	SESSION_EVENTS_MAX = 256,      /* not delivered yet */
	SESSION_FIRST_MEDIA_MS = 5000, /* a line that never speaks is none */
	SESSION_MEDIA_MS = 10000,      /* ... or no longer */
	SESSION_STARVED_MS = 1000,     /* without audio nobody speaks */
	SESSION_LEAVE_MS = 30000,      /* goodbye included */
	SESSION_HELD_MS = 5000,        /* a noise that never ends */
	SESSION_RECENT_MS = 4000, /* of the callee's sound, kept to replay */
	SESSION_TRIES = 2,        /* of a provider that has another behind it */
	SESSION_RETRIES_MAX = 12, /* of all stages, in one call */
	SESSION_DTMF_MS = 2000,   /* a pause that ends an entry */
	SESSION_DTMF_MAX = 64,    /* [digits] with terminator */
};

struct session {
	struct session_env env;
	struct line line;
	session_event_h *eventh;
	void *arg;
	const struct agent *agent;
	char call_id[SESSION_ID_MAX], call_uuid[SESSION_ID_MAX];
	char *body;
	struct session_hooks *hooks; /* NULL: the agent has none */
	char *transfer_url;          /* NULL: nobody hands calls over */
	enum audio_fmt fmt;
	uint64_t t0_us;
	struct provider_cfg stt_cfg, llm_cfg, tts_cfg;
	struct session_kit kit;
	struct fallback_pick pick[FALLBACK_STAGES];
	struct ring recent; /* as the line has it, for the next recogniser */

	struct turn turn;
	enum turn_event feed[SESSION_FEED_MAX];
	unsigned n_feed;
	bool feeding;

	struct vad *vad;
	struct resample
		*down; /* to the VAD's rate; NULL when it is the line's */
	struct stt *stt;
	struct tts *tts;
	struct eot *eot;
	struct playout *playout;
	struct chat *chat;
	struct reply *reply;
	uint32_t reply_n;
	struct callee callee;
	struct timeline timeline;
	char *greeting; /* expanded; NULL: none, or it was heard */
	bool recovers;  /* ... and says that a bot was lost */
	struct amd amd;
	struct tones tones;
	struct llm *who;   /* is asked who has answered; NULL: it is not */
	char who_said[32]; /* so far */
	uint32_t machine_from_ms; /* speech began then */
	uint32_t amd_from_ms;     /* the amd's clock: a menu handed over then */
	unsigned menus;           /* passed through */
	bool pressed;             /* keys, and the menu is about to go on */
	const char *last_words;   /* in place of the goodbye; NULL: none */
	struct link calls;        /* of tools, that run */
	unsigned results, told;   /* answers whose calls have results, and of
	                         * these, how many the model knows */
	unsigned rounds;          /* requests by results alone */
	bool goodbye_next;
	bool spoke;         /* something of the bot's was heard */
	bool in_order;      /* the goodbye has no fault for its reason */
	const char *prompt; /* to be said next; NULL: none */
	unsigned prompted;  /* since the callee said something */
	bool ended;
	bool mute;         /* there is no voice any more */
	bool hang_up;      /* at the carrier, once events are out */
	unsigned failures; /* replies that failed, in a row */
	unsigned stt_tries, tts_tries;
	bool stt_away;    /* it hears nothing now, and may later */
	unsigned unheard; /* turns without a recogniser, in a row */
	unsigned retries; /* of requests, in all */
	unsigned turns;
	unsigned tool_calls; /* that had to run */
	bool guessing;       /* a guess is being begun */
	unsigned guesses, guesses_paid;
	uint64_t guess_tokens; /* of those that did not pay */
	struct session_usage {
		unsigned requests;               /* of the model */
		uint64_t prompt, cached, answer; /* tokens */
		uint64_t characters;             /* given to the voice */
	} usage;
	uint64_t media_us;     /* when audio came last; 0: never */
	uint64_t media_gap_us; /* ... and how long after the one before */
	uint64_t
		stt_from_ms; /* the media's clock when the recogniser's began */
	bool starved;
	char dtmf[SESSION_DTMF_MAX];
	bool keys; /* what is being told are these */

	struct timer endpoint, watchdog, max_turn, quiet, resume;
	struct timer hurry, retry, voice, stt_again, tts_again;
	struct timer media, digits, max_call, leave, deliver;
	struct timer standby, handover, filler, overdue, unhearing;

	struct link events;
	unsigned n_events;
	bool *gone; /* of the delivery that runs */
};

#include "bot/session_parts.h"
#include "bot/session_replies.h"

#endif
