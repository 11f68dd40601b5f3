#include "bot/playout_priv.h"

#include <string.h>

#include "common/attr.h"
#include "common/str.h"

enum { DELAY_MAX_US = 1000 * 1000 /* no measured delay counts for more */ };

struct reply *playout_find(struct playout *p, uint32_t number)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->replies[i].number == number)
			return &p->replies[i];
	}
	return NULL;
}

static uint32_t to_ms(const struct playout *p, uint64_t bytes)
{
	return (uint32_t)(bytes / p->per_ms);
}

uint64_t playout_estimate(const struct playout *p, const struct reply *r)
{
	uint64_t now = playout_now(p), from = r->anchor_us + p->delay_us;
	uint64_t limit = playout_least(r->end, playout_most(p->sent, r->start)),
		 pos;
	size_t sample = audio_bytes_per_sample(p->writer.fmt);

	if (!r->started || now <= from)
		return r->heard;
	pos = (now - from) * p->per_ms / 1000;
	pos = r->anchor + pos - pos % sample;
	return playout_most(r->heard, playout_least(pos, limit));
}

/* ---- events ----------------------------------------------------------- */

static void note(const struct playout *p, struct events *evs,
                 enum playout_event_type type, const struct reply *r,
                 bool clock)
{
	ASSERT(evs->n < PLAYOUT_EVENTS_MAX);
	evs->v[evs->n++] = (struct playout_event){
		.type = type,
		.reply = r->number,
		.heard_ms = to_ms(p, r->heard - r->start),
		.by_clock = clock,
	};
}

bool playout_untold(const struct playout *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->replies[i].started && !p->replies[i].told)
			return true;
	}
	return p->n && p->replies[0].ended &&
	       p->replies[0].start == p->replies[0].end;
}

void playout_note(struct playout *p, struct events *evs)
{
	size_t empty = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct reply *r = &p->replies[i];

		if (r->started && !r->told)
			note(p, evs, PLAYOUT_STARTED, r, false);
		r->told = r->started;
	}
	/* A reply without any audio is done when those before it are. */
	while (empty < p->n && p->replies[empty].ended &&
	       p->replies[empty].start == p->replies[empty].end)
		note(p, evs, PLAYOUT_DONE, &p->replies[empty++], false);
	playout_forget_replies(p, empty);
}

void playout_tell(struct playout *p, const struct events *evs)
{
	p->telling++;
	for (size_t i = 0; i < evs->n && !p->dead; i++) {
		if (evs->v[i].reply > p->cleared)
			p->prm.eventh(&evs->v[i], p->prm.arg);
	}
	p->telling--;
	if (p->dead && !p->telling)
		playout_destroy(p);
}

/* ---- what was heard --------------------------------------------------- */

void playout_drop_to(struct playout *p, uint64_t pos)
{
	if (pos > p->base) {
		ring_drop(&p->audio, (size_t)(pos - p->base));
		p->base = pos;
	}
}

void playout_forget_replies(struct playout *p, size_t count)
{
	p->n -= count;
	memmove(p->replies, p->replies + count, p->n * sizeof p->replies[0]);
}

/* Everything up to @pos was heard; @last: the end of its reply, too. */
static void advance(struct playout *p, struct events *evs, uint64_t pos,
                    uint32_t reply, bool last, bool clock)
{
	size_t done = 0;

	for (size_t i = 0; i < p->n && p->replies[i].number <= reply; i++) {
		struct reply *r = &p->replies[i];
		uint64_t to = playout_least(r->end, pos);

		if (to > r->heard) {
			r->heard = to;
			note(p, evs, PLAYOUT_HEARD, r, clock);
		}
		if (r->number < reply || last) {
			note(p, evs, PLAYOUT_DONE, r, clock);
			done = i + 1;
		}
	}
	if (pos > p->sent) {
		/* Heard before it could be stopped: no need to say it again. */
		p->sent = pos;
		p->jump = true;
	}
	playout_drop_to(p, pos);
	playout_forget_replies(p, done);
}

uint64_t playout_mark_deadline(const struct playout *p)
{
	return p->marks[0].due_us + p->delay_us + PLAYOUT_GRACE_MS * 1000;
}

void playout_forget_marks(struct playout *p, size_t count)
{
	p->n_marks -= count;
	memmove(p->marks, p->marks + count, p->n_marks * sizeof p->marks[0]);
}

/* The first mark is not waited for any longer. */
static void give_up_mark(struct playout *p, struct events *evs)
{
	struct mark m = p->marks[0];
	struct reply *r = playout_find(p, m.reply);

	playout_forget_marks(p, 1);
	p->stats.late_marks++;
	if (r)
		advance(p, evs, m.pos, m.reply,
		        r->end_marked && m.pos == r->end, true);
}

/* "r7.1480" or "r7.1480.end". */
static bool parse_mark(const char *name, uint32_t *reply, uint32_t *ms,
                       bool *last)
{
	struct str rest = str_of(name), part = str_cut(&rest, '.');
	uint64_t a, b;

	if (!part.len || part.v[0] != 'r' ||
	    str_u64(str_n(part.v + 1, part.len - 1), UINT32_MAX, &a))
		return false;
	part = str_cut(&rest, '.');
	if (!part.len || str_u64(part, UINT32_MAX, &b))
		return false;
	*reply = (uint32_t)a;
	*ms = (uint32_t)b;
	*last = rest.v && str_eq(rest, "end");
	return *last || !rest.v;
}

/* How long after the line's clock did this mark arrive? */
static void measure(struct playout *p, const struct reply *r, uint32_t ms)
{
	for (size_t i = 0; i < p->n_marks; i++) {
		const struct mark *m = &p->marks[i];
		uint64_t now = playout_now(p), late;

		if (m->reply != r->number || m->ms != ms)
			continue;
		late = now > m->due_us ? now - m->due_us : 0;
		late = playout_least(late, DELAY_MAX_US);
		p->delay_us =
			p->delay_known ? (3 * p->delay_us + late) / 4 : late;
		p->delay_known = true;
		playout_forget_marks(p, i + 1);
		return;
	}
}

bool playout_take_mark(struct playout *p, struct events *evs, const char *name)
{
	uint32_t number, ms;
	struct reply *r;
	uint64_t pos;
	bool last;

	if (!parse_mark(name, &number, &ms, &last))
		return false;
	r = playout_find(p, number);
	if (!r)
		return false;
	pos = last ? r->end : r->start + (uint64_t)ms * p->per_ms;
	/* Nobody can have heard what was never sent. */
	if (pos > r->reached || (last && !r->ended))
		return false;
	measure(p, r, ms);
	advance(p, evs, pos, number, last, false);
	return true;
}

void playout_expire_marks(struct playout *p, struct events *evs)
{
	while (p->n_marks && playout_mark_deadline(p) <= playout_now(p) &&
	       evs->n < PLAYOUT_REPLIES_MAX)
		give_up_mark(p, evs);
}

/* ---- what there is ---------------------------------------------------- */

uint32_t playout_queued_ms(const struct playout *p)
{
	if (!p->n || p->replies[p->n - 1].end < p->sent)
		return 0;
	return (uint32_t)((p->replies[p->n - 1].end - p->sent) / p->per_ms);
}

bool playout_busy(const struct playout *p)
{
	return p->n > 0;
}

void playout_stats(const struct playout *p, struct playout_stats *st)
{
	*st = p->stats;
}
