/*
 * load.h - many telephone calls at once, as cheap as they can be made
 *
 * The generator of `make bench`: it reserves places on a bot as the server
 * does, opens a stream for each and keeps Plivo's pace on all of them: a frame
 * of 20 ms at a time, a person speaking and being silent in turn, marks
 * answered when they would have been played. Frames are made before the start;
 * sockets are epoll's and the framing is our own, because the generator shares
 * its core with the simulators. It shares no code with the bot.
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"

enum {
	LOAD_CALLS_MAX = 4000,
	LOAD_FRAME_MS = 20,
	LOAD_FRAME = 160,       /* [bytes] of u-law */
	LOAD_MESSAGE_MAX = 480, /* [bytes] of a masked frame of one packet */
	LOAD_SPEECH_MS = 3200,  /* of a turn that the person speaks ... */
	LOAD_TURN_MS = 8000,    /* ... and all of it: 40 % */
	LOAD_TURN = LOAD_TURN_MS / LOAD_FRAME_MS,
	LOAD_GREETING_MS = 2500, /* until the person speaks first */
	LOAD_IN = 32 * 1024,     /* [bytes] of one message from the bot */
	LOAD_MARKS = 16,         /* waiting to be played */
	LOAD_MARK_NAME = 48,
	LOAD_PACKETS = 256,      /* of one reply that are judged */
	LOAD_PAUSE_US = 1000000, /* a silence that ends a reply */
	/* Ahead of its time, or as soon as the voice has it: never late. */
	LOAD_LEAD_US = 400000,
};

/* Counts of values in equal steps; what is beyond is in the last. */
struct load_hist {
	uint32_t step;
	uint64_t total, max;
	uint32_t count[4000];
};

void load_hist_reset(struct load_hist *h, uint32_t step);
void load_hist_add(struct load_hist *h, uint64_t value);
uint64_t load_hist_at(const struct load_hist *h, unsigned permille);

/* ---- what is said ----------------------------------------------------- */

struct load_sound {
	unsigned char frame[LOAD_TURN][LOAD_MESSAGE_MAX];
	size_t len;      /* [bytes] of each */
	unsigned spoken; /* frames that are speech; they come first */
};

/* From a recording of 8 kHz, its pauses taken out. -ENOENT and the like. */
int load_sound_make(struct load_sound *s, const char *wav) MUST_CHECK;

/* Frame @i of a turn as call @call's @seq-th; the length. */
size_t load_sound_frame(const struct load_sound *s, unsigned i, unsigned call,
                        uint32_t seq, unsigned char out[LOAD_MESSAGE_MAX]);

/* A masked text message; the length. */
size_t load_frame(unsigned char *out, const char *text, size_t len);

/* ---- one call --------------------------------------------------------- */

struct load_mark {
	uint64_t due_us;
	char name[LOAD_MARK_NAME];
};

enum load_state { LOAD_IDLE, LOAD_UPGRADING, LOAD_TALKING, LOAD_ENDED };

struct load_call {
	char id[64]; /* of its place; "": not reserved yet */
	unsigned index;
	int fd;
	enum load_state state;
	uint64_t start_us; /* when "start" was sent */
	uint32_t seq;      /* frames sent */
	uint32_t first;    /* frame at which the first turn begins */
	uint64_t asked_us; /* end of speech; 0: it was answered */
	bool greeted;
	uint64_t plays_to_us; /* the line has audio until then */
	struct load_mark mark[LOAD_MARKS];
	unsigned n_marks;
	uint32_t reply_us; /* audio of this reply so far */
	uint64_t reply_at_us;
	int32_t offset[LOAD_PACKETS];
	unsigned n_packets;
	char *in; /* a message's beginning, when it came in pieces */
	size_t in_len;
};

struct load_counts {
	struct load_hist late;   /* [us] of packets behind their pace */
	struct load_hist own;    /* [us] of the generator itself */
	struct load_hist answer; /* [ms] end of speech to first audio */
	struct load_hist greet;  /* [ms] start to first audio */
	uint64_t audio_us;       /* played to all calls */
	uint64_t packets, frames, gaps, clears, turns, blocked;
	unsigned talking, ended;
};

struct load {
	struct load_sound sound;
	struct load_counts n;
	struct load_call call[LOAD_CALLS_MAX];
	unsigned n_calls;
	int epoll, timer;
	uint64_t tick; /* [ms] of our clock, done */
	uint16_t port;
	const char *secret;
	int control;  /* connection for reservations; -1 */
	int listener; /* the server that the bot's events go to */
	uint16_t events_port;
};

uint64_t load_now_us(void);

/* Reserve a place and say that it rings: the bot makes ready what it can. */
int load_call_ring(struct load *l, unsigned index) MUST_CHECK;

/* Reserve a place, unless it rings already, and begin to upgrade. -EAGAIN: the bot takes no more calls
 * now. */
int load_call_open(struct load *l, unsigned index) MUST_CHECK;
void load_call_readable(struct load *l, struct load_call *c);
void load_call_tick(struct load *l, struct load_call *c, uint64_t now_us);
void load_call_close(struct load *l, struct load_call *c);

/* ---- HTTP ------------------------------------------------------------- */

/* POST /reserve, and /reserve/ID/prepare. -EAGAIN: 503. The place's id is put
 * into @id. */
int load_reserve(struct load *l, unsigned index, char id[64]) MUST_CHECK;
int load_prepare(struct load *l, unsigned index, const char *id) MUST_CHECK;

/* Listen for events; whatever is posted is answered with 200. */
int load_events_open(struct load *l) MUST_CHECK;
void load_events_accept(struct load *l);
void load_events_readable(int fd);

/* ---- what it costs ---------------------------------------------------- */

/* CPU time of a process, all threads [ns]; its memory [KiB]. 0: it is gone. */
uint64_t load_cpu_ns(pid_t pid);
uint64_t load_rss_kib(pid_t pid);

#endif
