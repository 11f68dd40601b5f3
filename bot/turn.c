#include "bot/turn.h"

#include "common/attr.h"

struct rule {
	enum turn_state in;
	enum turn_event on;
	enum turn_state to;
	unsigned actions;
};

#define BARGE_IN   (TURN_CANCEL_REPLY | TURN_CLEAR_PLAYOUT | TURN_OPEN_TURN)
#define TAKE_FLOOR (TURN_STOP_QUIET | TURN_OPEN_TURN)

/*
 * The conversation, read row by row. An event with no row is ignored: it is
 * late news about a turn that is already over. Each row stands on a line of
 * its own, because tests/flow/mutate.sh takes them out one by one.
 */
/* clang-format off */
static const struct rule rules[] = {
	/* in		   on		      to		do */
	{TURN_LISTENING,   TURN_EV_SPEECH,    TURN_HEARING,	TAKE_FLOOR},
	{TURN_LISTENING,   TURN_EV_WORDS,     TURN_PAUSED,	TAKE_FLOOR | TURN_ARM_ENDPOINT},
	{TURN_LISTENING,   TURN_EV_QUIET,     TURN_THINKING,	TURN_START_REPLY},
	{TURN_LISTENING,   TURN_EV_BYE,       TURN_ENDED,	TURN_STOP_QUIET | TURN_END_CALL},

	{TURN_HEARING,	   TURN_EV_SILENCE,   TURN_PAUSED,	TURN_ARM_ENDPOINT},
	{TURN_HEARING,	   TURN_EV_ENDPOINT,  TURN_THINKING,	TURN_STOP_ENDPOINT | TURN_START_REPLY},

	{TURN_PAUSED,	   TURN_EV_SPEECH,    TURN_HEARING,	TURN_STOP_ENDPOINT},
	{TURN_PAUSED,	   TURN_EV_WORDS,     TURN_PAUSED,	TURN_ARM_ENDPOINT},
	{TURN_PAUSED,	   TURN_EV_ENDPOINT,  TURN_THINKING,	TURN_STOP_ENDPOINT | TURN_START_REPLY},
	{TURN_PAUSED,	   TURN_EV_EMPTY,     TURN_LISTENING,	TURN_STOP_ENDPOINT | TURN_DROP_TURN | TURN_ARM_QUIET},

	{TURN_THINKING,	   TURN_EV_SPEECH,    TURN_DOUBTING,	TURN_HOLD},
	{TURN_THINKING,	   TURN_EV_LATE,      TURN_PAUSED,	TURN_CANCEL_REPLY | TURN_REOPEN_TURN | TURN_ARM_ENDPOINT},
	{TURN_THINKING,	   TURN_EV_AUDIO,     TURN_SPEAKING,	0},
	{TURN_THINKING,	   TURN_EV_NOTHING,   TURN_LISTENING,	TURN_ARM_QUIET},
	{TURN_THINKING,	   TURN_EV_FAILED,    TURN_THINKING,	TURN_APOLOGISE},
	{TURN_THINKING,	   TURN_EV_BYE,       TURN_ENDING,	0},

	{TURN_DOUBTING,	   TURN_EV_SILENCE,   TURN_THINKING,	TURN_RELEASE},
	{TURN_DOUBTING,	   TURN_EV_WORDS,     TURN_HEARING,	BARGE_IN | TURN_RELEASE},
	{TURN_DOUBTING,	   TURN_EV_NOTHING,   TURN_HEARING,	TURN_RELEASE | TURN_OPEN_TURN},
	{TURN_DOUBTING,	   TURN_EV_FAILED,    TURN_DOUBTING,	TURN_APOLOGISE},
	{TURN_DOUBTING,	   TURN_EV_BYE,       TURN_ENDING,	TURN_RELEASE},

	{TURN_SPEAKING,	   TURN_EV_SPEECH,    TURN_OVERLAP,	0},
	{TURN_SPEAKING,	   TURN_EV_WORDS,     TURN_PAUSED,	BARGE_IN | TURN_ARM_ENDPOINT},
	{TURN_SPEAKING,	   TURN_EV_PLAYED,    TURN_LISTENING,	TURN_ARM_QUIET},
	{TURN_SPEAKING,	   TURN_EV_FAILED,    TURN_THINKING,	TURN_APOLOGISE},
	{TURN_SPEAKING,	   TURN_EV_BYE,       TURN_ENDING,	0},

	{TURN_OVERLAP,	   TURN_EV_SILENCE,   TURN_SPEAKING,	0},
	{TURN_OVERLAP,	   TURN_EV_LONG,      TURN_HELD,	TURN_HOLD},
	{TURN_OVERLAP,	   TURN_EV_WORDS,     TURN_HEARING,	BARGE_IN},
	{TURN_OVERLAP,	   TURN_EV_PLAYED,    TURN_HEARING,	TURN_OPEN_TURN},
	{TURN_OVERLAP,	   TURN_EV_FAILED,    TURN_DOUBTING,	TURN_HOLD | TURN_APOLOGISE},
	{TURN_OVERLAP,	   TURN_EV_BYE,       TURN_ENDING,	0},

	{TURN_HELD,	   TURN_EV_SILENCE,   TURN_HELD_QUIET,	TURN_ARM_RESUME},
	{TURN_HELD,	   TURN_EV_WORDS,     TURN_HEARING,	BARGE_IN | TURN_RELEASE},
	{TURN_HELD,	   TURN_EV_BYE,       TURN_ENDING,	TURN_RELEASE},

	{TURN_HELD_QUIET,  TURN_EV_SPEECH,    TURN_HELD,	TURN_STOP_RESUME},
	{TURN_HELD_QUIET,  TURN_EV_WORDS,     TURN_PAUSED,	TURN_STOP_RESUME | BARGE_IN | TURN_RELEASE | TURN_ARM_ENDPOINT},
	{TURN_HELD_QUIET,  TURN_EV_RESUME,    TURN_SPEAKING,	TURN_RELEASE},
	{TURN_HELD_QUIET,  TURN_EV_BYE,       TURN_ENDING,	TURN_STOP_RESUME | TURN_RELEASE},

	{TURN_ENDING,	   TURN_EV_PLAYED,    TURN_ENDED,	TURN_END_CALL},
	{TURN_ENDING,	   TURN_EV_NOTHING,   TURN_ENDED,	TURN_END_CALL},
	{TURN_ENDING,	   TURN_EV_FAILED,    TURN_ENDED,	TURN_END_CALL},
};
/* clang-format on */

#define STOP_ALL                                                   \
	(TURN_STOP_ENDPOINT | TURN_STOP_QUIET | TURN_STOP_RESUME | \
	 TURN_CANCEL_REPLY)

void turn_init(struct turn *t)
{
	*t = (struct turn){.state = TURN_LISTENING};
}

unsigned turn_step(struct turn *t, enum turn_event ev)
{
	if (t->state == TURN_ENDED) {
		t->ignored++;
		return 0;
	}
	if (ev == TURN_EV_HANGUP) {
		t->state = TURN_ENDED;
		return STOP_ALL;
	}

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];

		if (r->in == t->state && r->on == ev) {
			t->state = r->to;
			return r->actions;
		}
	}

	t->ignored++;
	return 0;
}

const char *turn_state_name(enum turn_state st)
{
	static const char *const names[] = {
#define X(name) #name,
		TURN_STATE_MAP(X)
#undef X
	};

	return (size_t)st < ARRAY_LEN(names) ? names[st] : "?";
}

const char *turn_event_name(enum turn_event ev)
{
	static const char *const names[] = {
#define X(name) #name,
		TURN_EVENT_MAP(X)
#undef X
	};

	return (size_t)ev < ARRAY_LEN(names) ? names[ev] : "?";
}
