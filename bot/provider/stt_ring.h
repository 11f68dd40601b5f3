/*
 * stt_ring.h - audio on its way to a recogniser's socket, kept to be resent
 *
 * Everything that has no final text yet is kept, STT_BACKLOG_MS at most, so
 * that a lost connection costs no word: the next socket hears it again. What
 * lies back goes out at 1.25 times real time after a first burst, which is all
 * that Deepgram takes. Positions are in bytes of the audio as it is sent.
 */
#ifndef BOT_PROVIDER_STT_RING_H
#define BOT_PROVIDER_STT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/media/pcm.h"
#include "common/attr.h"
#include "common/buf.h"

enum {
	STT_RING_PIECE_MS = 40,   /* audio per message: half the cost of 20 */
	STT_RING_BURST_MS = 1000, /* ahead of real time after connecting */
};

struct stt_ring {
	bool ulaw;
	size_t bytes_per_ms;
	struct buf audio; /* from start_b to pushed_b */
	uint64_t start_b; /* position of audio.v[0] */
	uint64_t sent_b;  /* ... of the first byte not yet sent */
	uint64_t pushed_b;
	uint64_t socket_b;  /* ... of the socket's first byte */
	uint64_t socket_us; /* when the socket opened */
	uint64_t mark_b;    /* sent_b when the recogniser last said anything */
};

void stt_ring_init(struct stt_ring *r, uint32_t hz, bool ulaw);
void stt_ring_fini(struct stt_ring *r);

/* -EAGAIN: it is full of audio that no socket has heard. -ENOMEM. */
int stt_ring_push(struct stt_ring *r, const struct pcm *pcm) MUST_CHECK;

/* A new socket: what is kept goes to it. */
void stt_ring_open(struct stt_ring *r, uint64_t now_us);

/* The next piece that may go out now; its bytes, 0: none. Borrowed until the
 * next call of anything else. */
size_t stt_ring_next(const struct stt_ring *r, uint64_t now_us, const void **v);
void stt_ring_sent(struct stt_ring *r, size_t len);

/* The recogniser said something, be it that there was nothing. */
void stt_ring_mark(struct stt_ring *r);

/* Has it been sent about @ms of audio since, in silence? Live ones say that
 * they hear nothing. */
bool stt_ring_is_deaf(const struct stt_ring *r, uint32_t ms);

/* What ends before @ms of all audio has its final text. */
void stt_ring_forget(struct stt_ring *r, uint32_t ms);

/* A position as time of all audio that was pushed [ms]. */
uint32_t stt_ring_ms(const struct stt_ring *r, uint64_t at_b);

#endif
