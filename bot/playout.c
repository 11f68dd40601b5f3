/*
 * The line is a clock: it has audio until line_us, and each packet moves that
 * on by its own length, so pacing cannot drift. After a stall of the loop as
 * many packets leave at once as bring the lead back; when the line had run dry
 * the clock starts anew.
 */
#include "bot/playout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot/playout_priv.h"
#include "common/err.h"
#include "common/mem.h"

enum { PACKET_MAX = 60 * 32 /* [bytes] 60 ms of the widest format */ };

static void tick(void *arg);

static uint32_t to_ms(const struct playout *p, uint64_t bytes)
{
	return (uint32_t)(bytes / p->per_ms);
}

/* ---- the line --------------------------------------------------------- */

static bool send_text(struct playout *p, const char *text, long len)
{
	ASSERT(len > 0); /* our own bounds are made for it */
	if (p->prm.sendh(text, (size_t)len, p->prm.arg) == 0)
		return true;
	p->stats.send_failures++;
	p->retry_us = playout_now(p) + p->packet_us;
	return false;
}

static bool send_clear(struct playout *p)
{
	char text[STREAM_WRAP_MAX];

	if (!send_text(p, text,
	               p->prm.proto->clear(&p->writer, text, sizeof text)))
		return false;
	p->clear_due = false;
	p->stats.clears++;
	return true;
}

static bool send_mark(struct playout *p, struct reply *r)
{
	char name[STREAM_NAME_MAX], text[STREAM_WRAP_MAX];
	bool last = r->ended && p->sent == r->end;
	uint32_t ms = to_ms(p, p->sent - r->start);

	(void)snprintf(name, sizeof name, "r%" PRIu32 ".%" PRIu32 "%s",
	               r->number, ms, last ? ".end" : "");
	if (!send_text(p, text,
	               p->prm.proto->mark(&p->writer, text, sizeof text, name)))
		return false;
	if (p->n_marks == PLAYOUT_MARKS_MAX)
		playout_forget_marks(p, 1);
	p->marks[p->n_marks++] = (struct mark){
		.reply = r->number,
		.ms = ms,
		.pos = p->sent,
		.due_us = playout_most(p->line_us, playout_now(p)),
	};
	r->marked = p->sent;
	r->end_marked = last;
	p->stats.marks++;
	return true;
}

/* The line's clock before a packet of @r. */
static void set_clock(struct playout *p, struct reply *r)
{
	uint64_t now = playout_now(p);

	if (p->line_us < now) {
		if (p->sent > r->start && !p->jump) {
			p->stats.underruns++;
			p->stats.dry_ms +=
				(uint32_t)((now - p->line_us) / 1000);
		}
		p->line_us = now;
		p->jump = true;
	}
	if (p->jump || p->sent == r->start) {
		/* What has played by the old clock is not taken back. */
		r->heard = playout_estimate(p, r);
		r->anchor = p->sent;
		r->anchor_us = p->line_us;
		p->jump = false;
	}
}

static bool send_packet(struct playout *p, struct reply *r)
{
	uint8_t audio[PACKET_MAX];
	char text[STREAM_AUDIO_LEN(PACKET_MAX)];
	size_t len = (size_t)playout_least(r->end - p->sent, p->packet);

	len = ring_peek(&p->audio, (size_t)(p->sent - p->base), audio, len);
	memset(audio + len, audio_silence(p->writer.fmt), p->packet - len);
	if (!send_text(p, text,
	               p->prm.proto->audio(&p->writer, text, sizeof text, audio,
	                                   p->packet)))
		return false;
	set_clock(p, r);
	p->line_us += p->packet_us;
	p->sent += len;
	r->started = true;
	r->reached = playout_most(r->reached, p->sent);
	p->stats.packets++;
	return true;
}

/* The reply whose turn it is; the next one may not overtake it. */
static struct reply *current(struct playout *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct reply *r = &p->replies[i];

		if (r->start != r->end && r->end >= p->sent && !r->end_marked)
			return r;
	}
	return NULL;
}

/* It has something to be sent now: audio, or its last mark. */
static struct reply *sendable(struct playout *p)
{
	struct reply *r = current(p);

	return r && (r->ended || r->end - p->sent >= p->packet) ? r : NULL;
}

/* It waits for the voice, and what was sent of it is not marked: if it waits
 * on, the line falls silent there. */
static struct reply *starved(struct playout *p)
{
	struct reply *r = p->paused ? NULL : current(p);

	return r && r->started && !r->ended && p->sent > r->marked &&
	                       r->end - p->sent < p->packet
	               ? r
	               : NULL;
}

/* When that mark is to leave: the voice may still come in time. */
static uint64_t starved_due(const struct playout *p)
{
	return p->line_us - playout_least(p->line_us, p->packet_us / 2);
}

static bool room(const struct playout *p)
{
	uint64_t now = playout_now(p);

	return playout_most(p->line_us, now) + p->packet_us <= now + p->lead_us;
}

static void pump(struct playout *p)
{
	if (playout_now(p) < p->retry_us || (p->clear_due && !send_clear(p)))
		return;
	while (!p->paused) {
		struct reply *r = sendable(p), *dry = starved(p);

		if (dry && playout_now(p) >= starved_due(p))
			(void)send_mark(p, dry);
		if (!r)
			return;
		if (p->sent < r->end && (!room(p) || !send_packet(p, r)))
			return;
		if ((p->sent == r->end && r->ended) ||
		    p->sent - r->marked >= PLAYOUT_MARK_MS * p->per_ms) {
			if (!send_mark(p, r))
				return;
		}
	}
}

static void arm(struct playout *p)
{
	uint64_t due = UINT64_MAX;
	struct reply *r = p->paused ? NULL : sendable(p);

	if (playout_untold(p))
		due = playout_now(p);
	if (p->n_marks)
		due = playout_least(due, playout_mark_deadline(p));
	if (r && p->sent < r->end) {
		uint64_t when = p->line_us + p->packet_us;

		when = when > p->lead_us ? when - p->lead_us : 0;
		due = playout_least(due, playout_most(when, p->retry_us));
	} else if (r) {
		due = playout_least(due, p->retry_us);
	}
	if (starved(p))
		due = playout_least(due,
		                    playout_most(starved_due(p), p->retry_us));
	if (p->clear_due)
		due = playout_least(due, p->retry_us);
	if (due == UINT64_MAX)
		timer_stop(p->prm.timers, &p->timer);
	else
		timer_start_at(p->prm.timers, &p->timer, due, tick, p);
}

static void tick(void *arg)
{
	struct playout *p = arg;
	struct events evs;

	evs.n = 0;
	playout_note(p, &evs);
	playout_expire_marks(p, &evs);
	pump(p);
	playout_note(p, &evs);
	arm(p);
	playout_tell(p, &evs);
}

/* The carrier will lose what it has: take back what was not heard. */
static void take_back(struct playout *p)
{
	uint64_t to = p->sent;
	size_t i;

	for (i = 0; i < p->n; i++)
		p->replies[i].heard = playout_estimate(p, &p->replies[i]);
	for (i = 0; i < p->n; i++) {
		struct reply *r = &p->replies[i];

		if (r->heard < r->end) {
			to = playout_least(to,
			                   playout_most(r->heard, r->start));
			break;
		}
	}
	for (i = 0; i < p->n; i++) {
		struct reply *r = &p->replies[i];

		if (r->end >= to)
			r->end_marked = false;
		r->marked =
			playout_most(r->start, playout_least(r->marked, to));
	}
	p->sent = to;
	p->jump = true;
	p->line_us = playout_now(p);
	p->n_marks = 0;
	playout_drop_to(p, to);
}

/* Is the callee hearing something of what was sent? */
static bool line_busy(const struct playout *p)
{
	return p->n && playout_now(p) < p->line_us + p->delay_us;
}

static bool good_bounds(const struct playout_params *prm)
{
	return prm->lead_ms >= 100 && prm->lead_ms <= 200 &&
	       prm->packet_ms >= 20 && prm->packet_ms <= 60;
}

static void set_format(struct playout *p)
{
	p->per_ms = audio_bytes_per_ms(p->writer.fmt);
	p->packet = p->prm.packet_ms * p->per_ms;
	ring_fini(&p->audio);
	ring_init(&p->audio, PLAYOUT_QUEUE_MS * p->per_ms);
}

int playout_new(struct playout **pp, const struct playout_params *prm)
{
	struct playout *p = mem_zalloc(sizeof *p);
	int err = 0;

	if (!p)
		return -ENOMEM;
	p->prm = *prm;
	p->prm.stream_id = NULL; /* the writer has it */
	if (!p->prm.lead_ms)
		p->prm.lead_ms = PLAYOUT_LEAD_MS;
	if (!p->prm.packet_ms)
		p->prm.packet_ms = PLAYOUT_PACKET_MS;
	if (!good_bounds(&p->prm))
		err = -EINVAL;
	if (!err)
		err = prm->proto->writer_init(&p->writer, prm->stream_id,
		                              prm->fmt);
	if (err) {
		mem_free(p);
		return err;
	}
	set_format(p);
	p->packet_us = p->prm.packet_ms * 1000ULL;
	p->lead_us = p->prm.lead_ms * 1000ULL;
	p->delay_us = PLAYOUT_DELAY_MS * 1000ULL;
	p->jump = true;
	*pp = p;
	return 0;
}

void playout_destroy(struct playout *p)
{
	ring_fini(&p->audio);
	mem_free(p);
}

void playout_free(struct playout **pp)
{
	struct playout *p = *pp;

	if (!p)
		return;
	timer_stop(p->prm.timers, &p->timer);
	p->dead = true;
	if (!p->telling)
		playout_destroy(p);
	*pp = NULL;
}

/* May @number be added to, or begin? */
static int admit(struct playout *p, uint32_t number)
{
	struct reply *r = playout_find(p, number);

	if (number <= p->cleared || number < p->newest || (r && r->ended) ||
	    (!r && number == p->newest))
		return ERR_STALE;
	return !r && p->n == PLAYOUT_REPLIES_MAX ? ERR_LIMIT : 0;
}

static struct reply *begin(struct playout *p, uint32_t number)
{
	struct reply *r = playout_find(p, number);
	uint64_t at = p->sent;

	if (r)
		return r;
	if (p->n) {
		p->replies[p->n - 1].ended = true;
		at = p->replies[p->n - 1].end;
	}
	p->newest = number;
	r = &p->replies[p->n++];
	*r = (struct reply){
		.number = number,
		.start = at,
		.end = at,
		.heard = at,
		.marked = at,
		.reached = at,
	};
	return r;
}

int playout_push(struct playout *p, uint32_t reply, const uint8_t *audio,
                 size_t len)
{
	int err = admit(p, reply);

	ASSERT(len % audio_bytes_per_sample(p->writer.fmt) == 0);
	if (!err)
		err = ring_push(&p->audio, audio, len);
	if (err)
		return err;
	begin(p, reply)->end += len;
	pump(p);
	arm(p);
	return 0;
}

int playout_end(struct playout *p, uint32_t reply)
{
	int err = admit(p, reply);

	if (err)
		return err;
	begin(p, reply)->ended = true;
	pump(p);
	arm(p);
	return 0;
}

bool playout_marked(struct playout *p, const char *name)
{
	struct events evs;
	bool ours;

	evs.n = 0;
	playout_note(p, &evs);
	ours = playout_take_mark(p, &evs, name);
	playout_note(p, &evs);
	pump(p);
	arm(p);
	playout_tell(p, &evs);
	return ours;
}

uint32_t playout_heard_ms(const struct playout *p, uint32_t reply)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct reply *r = &p->replies[i];

		if (r->number == reply)
			return (uint32_t)((playout_estimate(p, r) - r->start) /
			                  p->per_ms);
	}
	return 0;
}

void playout_clear(struct playout *p, uint32_t reply)
{
	bool started = false;
	size_t gone = 0;

	if (reply > p->cleared)
		p->cleared = reply;
	for (; gone < p->n && p->replies[gone].number <= reply; gone++)
		started = started || p->replies[gone].started;
	if (!gone)
		return;
	if (started && line_busy(p)) {
		take_back(p);
		p->clear_due = true;
	}
	while (p->n_marks && p->marks[0].reply <= reply)
		playout_forget_marks(p, 1);
	p->sent = playout_most(p->sent, p->replies[gone - 1].end);
	playout_drop_to(p, p->replies[gone - 1].end);
	playout_forget_replies(p, gone);
	p->paused = false;
	p->jump = true;
	pump(p);
	arm(p);
}

void playout_pause(struct playout *p)
{
	if (p->paused)
		return;
	p->paused = true;
	p->jump = true;
	if (line_busy(p)) {
		take_back(p);
		p->clear_due = true;
	}
	pump(p);
	arm(p);
}

void playout_resume(struct playout *p)
{
	p->paused = false;
	pump(p);
	arm(p);
}

bool playout_paused(const struct playout *p)
{
	return p->paused;
}

int playout_reline(struct playout *p, const char *stream_id, enum audio_fmt fmt)
{
	struct stream_writer w;
	int err = p->prm.proto->writer_init(&w, stream_id, fmt);
	bool other;

	if (err)
		return err;
	other = fmt != p->writer.fmt;
	take_back(p);
	p->clear_due = false;
	p->retry_us = 0;
	p->writer = w;
	if (other) {
		p->cleared = p->newest;
		p->n = 0;
		p->base = p->sent = 0;
		set_format(p);
	}
	pump(p);
	arm(p);
	return 0;
}
