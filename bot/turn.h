/*
 * turn.h - who has the floor
 *
 * A pure state machine. The session feeds it events and carries out the
 * actions it asks for; it owns no resource, does no I/O and reads no clock.
 * What an event means (does this noise count, is the turn over) is decided by
 * the pure functions of interrupt.h and endpoint.h before it gets here.
 */
#ifndef BOT_TURN_H
#define BOT_TURN_H

#include <stddef.h>

/* clang-format off */
#define TURN_STATE_MAP(X)						\
	X(LISTENING)	/* nobody speaks; the callee may */		\
	X(HEARING)	/* the callee speaks, and has the floor */	\
	X(PAUSED)	/* the callee fell silent; is the turn over? */	\
	X(THINKING)	/* a reply is being made; nothing audible yet */\
	X(DOUBTING)	/* a sound while thinking: the reply is held */	\
	X(SPEAKING)	/* the reply is being heard */			\
	X(OVERLAP)	/* a sound over the reply: does it count? */	\
	X(HELD)		/* it was long: the reply pauses; any words? */	\
	X(HELD_QUIET)	/* the sound is over; words may still come */	\
	X(STANDBY)	/* a machine speaks; the bot waits for it */	\
	X(ENDING)	/* the goodbye; nothing stops it */		\
	X(ENDED)

#define TURN_EVENT_MAP(X)						\
	X(SPEECH)	/* voice activity began */			\
	X(SILENCE)	/* voice activity ended */			\
	X(LONG)		/* a sound over the reply lasted long enough */	\
	X(WORDS)	/* text that counts */				\
	X(LATE)		/* text of a turn that was already answered */	\
	X(LIKELY)	/* the callee's turn may be over */		\
	X(ENDPOINT)	/* ... it is over, and has text */		\
	X(EMPTY)	/* ... and has none */				\
	X(RESUME)	/* no words came to the sound */		\
	X(QUIET)	/* nobody has said anything for a while */	\
	X(AUDIO)	/* first audio of the reply went out */		\
	X(PLAYED)	/* the callee heard the reply to its end */	\
	X(NOTHING)	/* the reply is complete and says nothing */	\
	X(FAILED)	/* the reply cannot be made */			\
	X(BYE)		/* the call shall end once this is heard */	\
	X(LEAVE)	/* the bot shall say goodbye now */		\
	X(MACHINE)	/* it is a machine, which will listen later */	\
	X(PERSON)	/* ... and has handed over, perhaps to a person */ \
	X(HANGUP)	/* the line is gone, or must go now */

/* Carried out in this order. */
#define TURN_ACTION_MAP(X)						\
	X(STOP_ENDPOINT)						\
	X(STOP_QUIET)							\
	X(STOP_RESUME)							\
	X(CANCEL_REPLY)	/* silence it, keep of it what was heard */	\
	X(HOLD)		/* keep the reply from being heard */		\
	X(RELEASE)	/* ... and let it go on */			\
	X(REOPEN_TURN)	/* take back the last user message */		\
	X(OPEN_TURN)							\
	X(DROP_TURN)	/* forget the turn; it was noise */		\
	X(ARM_ENDPOINT)							\
	X(ARM_RESUME)							\
	X(ARM_QUIET)							\
	X(GUESS_REPLY)	/* make one that may be withdrawn unheard */	\
	X(START_REPLY)	/* ... or take it, if there is one */		\
	X(APOLOGISE)							\
	X(SAY_GOODBYE)	/* after the reply that is being heard */	\
	X(END_CALL)
/* clang-format on */

enum turn_state {
#define X(name) TURN_##name,
	TURN_STATE_MAP(X)
#undef X
};

enum turn_event {
#define X(name) TURN_EV_##name,
	TURN_EVENT_MAP(X)
#undef X
};

enum turn_action_bit {
#define X(name) TURN_BIT_##name,
	TURN_ACTION_MAP(X)
#undef X
		TURN_BITS
};

enum turn_action {
#define X(name) TURN_##name = 1 << TURN_BIT_##name,
	TURN_ACTION_MAP(X)
#undef X
};

struct turn {
	enum turn_state state;
	unsigned ignored; /* events that had no rule; for the call's record */
};

void turn_init(struct turn *t);

/* Advance on @ev. Returns the set of enum turn_action to carry out, in the
 * order of their bits; 0 if there is nothing to do. */
unsigned turn_step(struct turn *t, enum turn_event ev);

const char *turn_state_name(enum turn_state st);
const char *turn_event_name(enum turn_event ev);

#endif
