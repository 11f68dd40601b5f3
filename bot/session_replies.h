/*
 * session_replies.h - what the files of the session do about a reply
 *
 *	session_reply.c   a reply's text: model, sentences, tools
 *	session_again.c   the model is asked, and asked again
 *	session_clip.c    what was made ready before the call
 *	session_late.c    an answer that is late
 *	session_guess.c   a reply that is begun before the turn is over
 *	session_voice.c   a reply's sound: voice, playout, what was heard
 *	session_watch.c   a voice that is late
 */
#ifndef BOT_SESSION_REPLIES_H
#define BOT_SESSION_REPLIES_H

#include "bot/playout.h"
#include "bot/provider/llm.h"
#include "bot/reply.h"
#include "bot/session.h"
#include "common/attr.h"
#include "common/str.h"

/* session_reply.c */
void session_start_reply(struct session *s);
void session_answer(struct session *s);      /* ask the model */
void session_answer_done(struct session *s); /* it has said all */
int session_ask_model(struct session *s) MUST_CHECK;
void session_say(struct session *s, enum reply_kind kind, const char *text);
void session_speak(struct session *s, enum sentence_when when);
void session_reply_failed(struct session *s, int err, const char *part);
void session_drop_reply(struct session *s);
void session_go_on(struct session *s); /* with a reply that says nothing */

/* session_again.c */
int session_ask(struct session *s, llm_event_h *eventh) MUST_CHECK;
void session_answer_failed(struct session *s, const struct llm_event *ev);
void session_answer_broke(struct session *s); /* all it gave is spoken */
bool session_repeats(const struct reply *r);  /* what it said before */

/* session_clip.c */
void session_kit_open(struct session *s);
bool session_play_clip(struct session *s); /* as s->reply */
/* The clip of @text, if it is known: as all of s->reply, or before the rest of
 * it. False: it is not. */
bool session_play_known(struct session *s, struct str text);
bool session_lead(struct session *s, struct str text);

/* session_late.c */
void session_late_arm(struct session *s); /* s->reply shall be heard soon */
void session_late_stop(struct session *s);

/* session_guess.c */
void session_guess_reply(struct session *s);
void session_confirm_guess(struct session *s);  /* it is the reply now */
void session_withdraw_guess(struct session *s); /* it cannot be one */
void session_count_guess(struct session *s);    /* ... and was none */
bool session_is_guess(const struct session *s); /* what is being made */

/* session_voice.c */
int session_voice_open(struct session *s) MUST_CHECK;
void session_voice_close(struct session *s);
void session_cancel_reply(struct session *s);
/* Another connection, which is given what was not spoken. */
void session_voice_again(struct session *s, uint32_t wait_ms);
/* No more audio of @r comes, with @err if it should. */
void session_voice_done(struct session *s, struct reply *r, int err);
void session_playout_event(const struct playout_event *ev, void *arg);

/* session_watch.c */
void session_watch_voice(struct session *s); /* text was given, or audio came */

#endif
