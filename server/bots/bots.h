/*
 * bots.h - places on our own bots: reserve, prepare, check, release
 *
 * A bot is asked for a place before anybody is dialled. Bots are tried one
 * after the other; which of them answer at all is found out once a second. A
 * bot's name here is its URL, with "#ADDRESS" where the URL's host is a name:
 * opaque, to be kept with the call.
 *
 * Functions may be called from any thread; handlers run on the fetchd's
 * thread, exactly once, and never if the function returned an error. To
 * another thread they may come before its own call has returned. The _wait
 * forms block and are for other threads; their deadlines hold.
 */
#ifndef SERVER_BOTS_BOTS_H
#define SERVER_BOTS_BOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct bots;
struct fetchd;

enum {
	BOTS_NAME_MAX = 320, /* [bytes] of a bot's name, with terminator */
	BOTS_ID_MAX = 128,   /* [bytes] of a reservation's id, likewise */
	BOTS_URL_MAX = 2049, /* [bytes] Plivo's limit, likewise */
	BOTS_USES_MAX = 128, /* [bytes] of what a call uses, likewise */
	BOTS_MAX = 256,      /* bots of one server, addresses counted */
};

/* @urls: comma separated. @secret: BOT_SECRET or NULL; copied. @why gets a
 * sentence. -EINVAL: a URL is none, or is http:// to a public address. Names
 * are resolved now, which may take seconds, and then again and again in the
 * background. -ENOMEM, ERR_LIMIT (BOTS_MAX), -EAGAIN (no thread). */
int bots_new(struct bots **bp, struct fetchd *d, const char *urls,
             const char *secret, char *why, size_t why_cap) MUST_CHECK;

/* Requests under way end with -ECANCELED. Not from a handler. */
void bots_free(struct bots **bp);

enum bots_state {
	BOTS_NONE, /* none answers */
	BOTS_FULL, /* some answer, none has room or all drain */
	BOTS_READY,
};

/* As of the last round of questions, a second ago. */
enum bots_state bots_state(struct bots *b);

/* @bot takes connections, so its machine is there, and has answered nothing for
 * so long that it cannot be talking to anybody: its process hangs. On the
 * thread; again while it lasts. */
typedef void bots_hung_h(const char *bot, void *arg);

/* Tell @hung of bots that are silent for @after_ms. Not from a handler. */
void bots_watch_hung(struct bots *b, uint32_t after_ms, bots_hung_h *hung,
                     void *arg);

/* The URLs as given, for "no bot at ...". */
const char *bots_urls(const struct bots *b);

/* What /reserve carries. Texts are copied; NULL: absent. */
struct bots_call {
	const char *call_id, *to, *from, *agent;
	const char *body;  /* JSON text, verbatim */
	const char *past;  /* the same: the call was with other bots before */
	const char *avoid; /* name of the bot to be asked last */
	const char *events_url;
	uint32_t ttl_sec;
	uint32_t wait_ms; /* give up after that; 0: 5000 */
};

struct bots_place {
	char id[BOTS_ID_MAX];
	char bot[BOTS_NAME_MAX];
	char stream_url[BOTS_URL_MAX]; /* "": the server relays */
	unsigned calls, capacity;
	bool detect_machine; /* the agent wants the carrier's word */
	/* Providers: ",stt:deepgram,llm:openai,tts:cartesia,"; "": unknown. */
	char uses[BOTS_USES_MAX];
};

/* 0: @place is ours. -ENOENT: no such agent. ERR_LIMIT: all that answer are
 * full or draining. -EHOSTUNREACH: none answers. ERR_AUTH: BOT_SECRET is
 * refused. -ETIMEDOUT: @wait_ms are over. ERR_PROTO. @text: what a bot said
 * of it, or "". */
typedef void bots_reserved_h(int err, const struct bots_place *place,
                             const char *text, void *arg);

/* -EINVAL: too large for a bot (160 KiB). -ENOMEM. */
int bots_reserve(struct bots *b, const struct bots_call *call,
                 bots_reserved_h *done, void *arg) MUST_CHECK;
/* @text, if not NULL, gets at most @text_cap bytes. */
int bots_reserve_wait(struct bots *b, const struct bots_call *call,
                      struct bots_place *place, char *text,
                      size_t text_cap) MUST_CHECK;

/* 0, -ENOENT (no such place), or why there was no answer. */
typedef void bots_done_h(int err, void *arg);

/* The carrier has the call: @call_uuid alone may come. @done may be NULL. One
 * repetition when the bot could not be reached. -EINVAL, -ENOMEM. */
int bots_prepare(struct bots *b, const char *bot, const char *id,
                 const char *call_uuid, bots_done_h *done,
                 void *arg) MUST_CHECK;

/* The carrier takes whoever answered for a machine. As above. */
int bots_machine(struct bots *b, const char *bot, const char *id,
                 bots_done_h *done, void *arg) MUST_CHECK;

/* Does the place still stand? Its time to live starts again. As above, and
 * ERR_STALE: it did, and is over. */
int bots_check(struct bots *b, const char *bot, const char *id,
               bots_done_h *done, void *arg) MUST_CHECK;

/* The call will not come, or must end now; repeated for some seconds. -ENOENT
 * of the bot is success. @done may be NULL. -EINVAL, -ENOMEM. */
int bots_release(struct bots *b, const char *bot, const char *id,
                 bots_done_h *done, void *arg) MUST_CHECK;

/* The same of whatever place @call_id has, at every bot: for a call whose
 * reservation was asked for and never answered. -EINVAL, -ENOMEM. */
int bots_release_call(struct bots *b, const char *call_id) MUST_CHECK;

/* Does the place still stand? 500 ms at most. 0; -ENOENT; ERR_STALE: it did,
 * and its call is over; any other error: the bot is gone. */
int bots_check_wait(struct bots *b, const char *bot, const char *id) MUST_CHECK;

/* Where a bot listens, for the relay: @host is a numeric address or a name.
 * -EINVAL: no such name of a bot. */
int bots_target(const char *bot, char *host, size_t host_cap, unsigned *port,
                bool *tls) MUST_CHECK;

enum bots_near {
	BOTS_FAR,   /* a public address, or no URL */
	BOTS_NEAR,  /* loopback, a private address, or a name without a dot or
	             * under .local, .internal, .localhost */
	BOTS_NAMED, /* only resolving the name tells */
};

/* Is clear text allowed to the host of this URL, as far as its text tells? */
enum bots_near bots_near(const char *url);

#endif
