/*
 * session_parts.h - what the files of the session do for each other; those of
 * a reply are in session_replies.h
 *
 *	session.c         opening, closing, ending; the turn's actions
 *	session_line.c    messages of the line, its silence, digits
 *	session_callee.c  voice activity, recogniser, end of the callee's turn
 *	session_stt.c     the recogniser, and another when it is lost
 *	session_backup.c  another provider when one has failed
 *	session_eager.c   a recogniser that says when a turn is over
 *	session_quiet.c   nobody speaks: greeting, prompts, farewell
 *	session_tools.c   calls of tools, and their results
 *	session_transfer.c  handing the call over
 *	session_machine.c what was answered by a machine
 *	session_who.c     the model is asked who has answered
 *	session_events.c  events out, in order, from a timer of their own
 */
#ifndef BOT_SESSION_PARTS_H
#define BOT_SESSION_PARTS_H

#include "bot/amd.h"
#include "bot/fallback.h"
#include "bot/media/vad.h"
#include "bot/playout.h"
#include "bot/provider/llm.h"
#include "bot/reply.h"
#include "bot/session.h"
#include "bot/turn.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

struct callee;

/* session.c */
uint64_t session_ms(const struct session *s); /* of the call */
void session_feed(struct session *s, enum turn_event ev);
void session_end(struct session *s, const char *by, const char *cause);
void session_leave(struct session *s); /* after a goodbye of ours */
void session_part(struct session *s);  /* the same, with the farewell */
void session_bye(struct session *s);   /* after the model's */
const char *session_goodbye(const struct session *s);
void session_say_template(struct session *s, enum reply_kind kind,
                          const char *tmpl); /* with custom data */

/* session_line.c */
int session_send(const char *text, size_t len, void *arg);
void session_line_start(struct session *s);
void session_line_stop(struct session *s);
/* Has the callee's sound of this moment not come yet? */
bool session_line_late(const struct session *s);

/* session_callee.c */
int session_callee_open(struct session *s) MUST_CHECK;
void session_callee_close(struct session *s);
void session_text(struct session *s, struct str text, bool final);
void session_add_text(struct callee *c, struct str text);
void session_check_sound(struct session *s);
/* The recogniser heard the end, and all of its audio up to @upto_ms. */
void session_decided(struct session *s, uint32_t upto_ms);
int session_vad_open(struct session *s, vad_edge_h *edgeh) MUST_CHECK;
void session_arm_endpoint(struct session *s);

/* session_protect.c: may what is being said not be interrupted? */
bool session_protected(const struct session *s);
void session_stop_endpoint(struct session *s);
void session_open_turn(struct session *s);
void session_drop_turn(struct session *s);
void session_reopen_turn(struct session *s);
void session_take_turn(struct session *s);
void session_publish_turn(struct session *s);
void session_tell_turn(struct session *s); /* ... which stays open */
void session_set_aside(struct session *s); /* what no answer is due to */

/* session_verdict.c */
int session_verdict_open(struct session *s) MUST_CHECK;
/* Speech began, of an @open turn or a new one: no verdict counts. */
void session_verdict_off(struct session *s, const struct vad_edge *edge,
                         bool open);
void session_verdict_ask(struct session *s);
uint32_t session_verdict_left_ms(const struct session *s); /* 0: not awaited */

/* session_tools.c */
size_t session_list_tools(const struct session *s, struct llm_tool *out);
/* The calls of a complete answer. True: the call shall end. */
bool session_run_calls(struct session *s, struct reply *r) MUST_CHECK;
/* Are calls of @r running, or any (NULL)? */
bool session_calls_run(const struct session *s, const struct reply *r);
bool session_results_wait(const struct session *s); /* for the model */
/* ... which the request of @r has told it of. */
void session_results_told(struct session *s, const struct reply *r);
void session_calls_drop(struct session *s);

/* session_stt.c */
int session_stt_open(struct session *s) MUST_CHECK;
void session_hear_watch(struct session *s); /* the callee has fallen silent */

/* session_backup.c */
void session_backup_open(struct session *s); /* chooses the first ones */
bool session_backup_waits(const struct session *s, enum stage stage);
/* The stage's provider has failed with @err. True: another is chosen. */
bool session_backup(struct session *s, enum stage stage, int err);
/* Sound as the line has it, for session_backup_replay(). */
void session_backup_hear(struct session *s, const uint8_t *v, size_t len);
void session_backup_replay(struct session *s);
/* The stage's provider is asked; may it be asked once more? */
void session_requests(const struct session *s, enum stage stage);
bool session_may_retry(struct session *s, enum stage stage);
void session_backup_good(const struct session *s, enum stage stage);

/* session_eager.c */
void session_eager(struct session *s, struct str text); /* it seems over */
void session_resumed(struct session *s);                /* it is not */
void session_turn_over(struct session *s);              /* it is */
void session_final(struct session *s, struct str text); /* of any recogniser */
void session_eager_taken(struct callee *c); /* the text is being answered */

/* session_quiet.c */
void session_arm_quiet(struct session *s);
void session_say_prompt(struct session *s);

/* session_machine.c */
void session_machine_sound(struct session *s, const int16_t *pcm, size_t n);
void session_machine_text(struct session *s, struct str text);
void session_machine_edge(struct session *s); /* speech began or ended */
void session_machine_turn(struct session *s); /* the callee's is over */
void session_machine_is(struct session *s, enum amd_kind kind);

/* session_who.c */
void session_ask_who(struct session *s); /* the model: who has answered? */
void session_who_drop(struct session *s);

/* session_events.c */
void session_event(struct session *s, enum session_event_type type,
                   const struct buf *json);
void session_event_turn(struct session *s, const char *role, struct str text,
                        uint32_t heard_ms, bool interrupted, uint64_t at_ms);
void session_event_kept(struct session *s, const char *text);
void session_event_error(struct session *s, const char *part, int code);
void session_events_drop(struct session *s);

#endif
