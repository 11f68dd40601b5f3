/*
 * playout_priv.h - inside of the playout
 *
 * Audio is one sequence of bytes with absolute positions: replies are ranges
 * of it, base is the oldest byte kept, sent the next one to leave. playout.c
 * has the line, playout_heard.c what came of it.
 */
#ifndef BOT_PLAYOUT_PRIV_H
#define BOT_PLAYOUT_PRIV_H

#include "bot/media/ring.h"
#include "bot/playout.h"
#include "bot/stream/proto.h"
#include "common/timer.h"

enum {
	PLAYOUT_MARKS_MAX = 32, /* on their way at once; older ones are late */
	PLAYOUT_EVENTS_MAX = 6 * PLAYOUT_REPLIES_MAX, /* of one turn */
};

struct reply {
	uint32_t number;
	bool ended;         /* nothing more will be pushed */
	bool started, told; /* its first packet has left; and the owner knows */
	bool end_marked;    /* the mark behind its last byte has left */
	uint64_t start, end; /* range of positions so far */
	uint64_t heard;      /* position known to be heard */
	uint64_t marked;     /* position of the last mark */
	uint64_t reached;    /* highest position ever sent */
	uint64_t anchor;     /* this byte ... */
	uint64_t anchor_us;  /* ... begins to play then */
};

struct mark {
	uint32_t reply;
	uint32_t ms;
	uint64_t pos;
	uint64_t due_us; /* when the line reaches it */
};

struct events {
	struct playout_event v[PLAYOUT_EVENTS_MAX];
	size_t n;
};

struct playout {
	struct playout_params prm;
	struct stream_writer writer;
	size_t per_ms, packet; /* [bytes] */
	uint64_t packet_us, lead_us;
	struct ring audio;
	uint64_t base, sent;
	uint64_t line_us;  /* the line has audio until then */
	uint64_t retry_us; /* the socket was full: not before then */
	uint64_t delay_us; /* from the line's clock to its marks */
	bool delay_known;
	bool jump;      /* what is sent next does not follow on the last */
	bool clear_due; /* the carrier must drop what it has, first of all */
	bool paused;
	uint32_t cleared, newest;
	size_t n, n_marks;
	struct reply replies[PLAYOUT_REPLIES_MAX];
	struct mark marks[PLAYOUT_MARKS_MAX];
	struct playout_stats stats;
	struct timer timer;
	unsigned telling; /* events being handed out, one inside another */
	bool dead;        /* freed in an event: goes when they are out */
};

static inline uint64_t playout_now(const struct playout *p)
{
	return timers_now(p->prm.timers);
}

static inline uint64_t playout_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t playout_most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* NULL if it is not here. */
struct reply *playout_find(struct playout *p, uint32_t number);

/* Position that the callee hears now, by mark and clock. */
uint64_t playout_estimate(const struct playout *p, const struct reply *r);

/* Add what the owner was not told: replies that started, replies that are
 * done because they have no audio. */
void playout_note(struct playout *p, struct events *evs);

/* Is there something for playout_note()? */
bool playout_untold(const struct playout *p);

/* Hand the events out. Last call made: the owner may free us meanwhile, and
 * that happens here. */
void playout_tell(struct playout *p, const struct events *evs);

/* The mark @name came back. False: not one of ours. */
bool playout_take_mark(struct playout *p, struct events *evs, const char *name);

/* Until when the first of the marks is waited for; there is one. */
uint64_t playout_mark_deadline(const struct playout *p);

/* Believe the clock where marks are overdue. */
void playout_expire_marks(struct playout *p, struct events *evs);

/* Release it all. */
void playout_destroy(struct playout *p);

void playout_forget_marks(struct playout *p, size_t count);
void playout_forget_replies(struct playout *p, size_t count);

/* Forget audio before @pos. */
void playout_drop_to(struct playout *p, uint64_t pos);

#endif
