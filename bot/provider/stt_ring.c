#include "bot/provider/stt_ring.h"

#include <errno.h>

#include "bot/media/g711.h"
#include "bot/provider/stt.h"

void stt_ring_init(struct stt_ring *r, uint32_t hz, bool ulaw)
{
	*r = (struct stt_ring){.ulaw = ulaw};
	r->bytes_per_ms = hz / 1000 * (ulaw ? 1 : 2);
	buf_init(&r->audio, STT_BACKLOG_MS * r->bytes_per_ms);
}

void stt_ring_fini(struct stt_ring *r)
{
	buf_fini(&r->audio);
}

uint32_t stt_ring_ms(const struct stt_ring *r, uint64_t at_b)
{
	return (uint32_t)(at_b / r->bytes_per_ms);
}

/* Only what a socket has heard can be let go. */
static void forget(struct stt_ring *r, uint64_t at)
{
	if (at > r->sent_b)
		at = r->sent_b;
	if (at <= r->start_b)
		return;
	buf_drop(&r->audio, (size_t)(at - r->start_b));
	r->start_b = at;
}

void stt_ring_forget(struct stt_ring *r, uint32_t ms)
{
	forget(r, (uint64_t)ms * r->bytes_per_ms);
}

static int add_samples(struct stt_ring *r, const struct pcm *pcm)
{
	uint8_t ulaw[320];

	if (!r->ulaw)
		return buf_add(&r->audio, pcm->v, pcm->n * 2);
	for (size_t at = 0; at < pcm->n;) {
		size_t n = pcm->n - at;
		int err;

		if (n > sizeof(ulaw))
			n = sizeof(ulaw);
		g711_ulaw_encode(ulaw, pcm->v + at, n);
		err = buf_add(&r->audio, ulaw, n);
		if (err)
			return err;
		at += n;
	}
	return 0;
}

int stt_ring_push(struct stt_ring *r, const struct pcm *pcm)
{
	size_t add = pcm->n * (r->ulaw ? 1 : 2);
	int err;

	/* At the limit the older half goes, if it has been sent: silence has
	 * no final text that would let go of it. */
	if (r->audio.len + add > r->audio.limit) {
		const size_t half = r->audio.len / 2;

		/* Whole milliseconds: a sample must not be cut in two. */
		forget(r, r->start_b + half - half % r->bytes_per_ms);
	}
	if (r->audio.len + add > r->audio.limit)
		return -EAGAIN;
	err = add_samples(r, pcm);
	if (!err)
		r->pushed_b += add;
	return err;
}

void stt_ring_open(struct stt_ring *r, uint64_t now_us)
{
	r->socket_us = now_us;
	r->sent_b = r->socket_b = r->mark_b = r->start_b;
}

/* How much may go out now: real time and a quarter, after a first burst. */
static uint64_t allowance(const struct stt_ring *r, uint64_t now_us)
{
	const uint64_t open_ms = (now_us - r->socket_us) / 1000;

	return (open_ms + open_ms / 4 + STT_RING_BURST_MS) * r->bytes_per_ms;
}

size_t stt_ring_next(const struct stt_ring *r, uint64_t now_us, const void **v)
{
	const size_t piece = STT_RING_PIECE_MS * r->bytes_per_ms;

	if (r->pushed_b - r->sent_b < piece ||
	    r->sent_b + piece - r->socket_b > allowance(r, now_us))
		return 0;
	*v = r->audio.v + (r->sent_b - r->start_b);
	return piece;
}

void stt_ring_mark(struct stt_ring *r)
{
	r->mark_b = r->sent_b;
}

bool stt_ring_is_deaf(const struct stt_ring *r, uint32_t ms)
{
	return r->sent_b - r->mark_b >= (uint64_t)ms * r->bytes_per_ms * 3 / 4;
}

void stt_ring_sent(struct stt_ring *r, size_t len)
{
	r->sent_b += len;
}
