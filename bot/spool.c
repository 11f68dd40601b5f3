#include "bot/spool.h"

#include <errno.h>
#include <string.h>

#include "bot/engine/pool.h"
#include "bot/net/net.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/timer.h"

enum {
	SYNC_MS = 1000,
	LOOK_MS = 60000,       /* for bots that have died meanwhile */
	DISK_MS = 600000,      /* for one round of writing */
	COMPACT_MIN = 4 << 20, /* [bytes] of a file; smaller is let be */
	COMPACT_TIMES = 4,     /* as large as it was after the last time */
};

/* One round of the thread's work. All but @job is the thread's alone while it
 * runs. */
struct round {
	struct pool_job job;
	struct spool *spool;     /* for the loop */
	struct spool_file *file; /* the spool's */
	struct buf lines;
	unsigned n_events; /* in lines */
	bool clear, sync, was_large, look, has_run;
	struct spool_heir *heir; /* inherited in the last round: now written */
	int err, look_err;
	struct spool_feed *found;
	struct spool_heir *next_heir;
	size_t bad;
};

struct spool {
	struct net *net;
	spool_found_h *found;
	void *arg;
	struct pool *pool;
	struct net_wake *wake;
	struct spool_file *file; /* the thread's */
	struct round *round;     /* under way */
	struct timer flush, sync, look;
	/* For the next round. */
	struct buf lines;
	unsigned n_events;
	bool want_clear, want_sync, want_look;
	struct spool_heir *heir;
	struct spool_heir *stuck; /* inherited, and not written: stays locked
	                           * and for the next start */
	size_t file_size, compact_at; /* [bytes] */
	size_t live;                  /* [bytes], about */
	uint64_t lost;
	bool failing, closing;
};

static void flush_handler(void *arg);

/* Lines of one turn of the loop are written together. */
static void flush_soon(struct spool *s)
{
	if (!s->round && !s->closing && !timer_running(&s->flush))
		timer_start(net_timers(s->net), &s->flush, 0, flush_handler, s);
}

/* ---- the thread -------------------------------------------------------- */

static void inherit(struct round *r)
{
	r->look_err = spool_heir_open(&r->next_heir, r->file);
	if (r->look_err)
		return;
	r->look_err = spool_heir_read(r->next_heir, &r->found, &r->bad);
}

static int write_round(struct round *r)
{
	int err = r->clear ? spool_file_clear(r->file) : 0;

	/* If it cannot be made smaller it may still be good for more. */
	if (!err && r->was_large && spool_file_compact(r->file))
		log_line(LOG_WARN, "spool", NULL, "event=not_compacted");
	if (!err && r->lines.len)
		err = spool_file_append(r->file, r->lines.v, r->lines.len);
	if (!err && (r->sync || r->heir))
		err = spool_file_sync(r->file);
	/* It has been written into ours, or nothing was left of it. */
	if (!err)
		spool_heir_remove(&r->heir);
	return err;
}

static int work(struct pool_job *job)
{
	struct round *r = CONTAINER_OF(job, struct round, job);

	r->has_run = true;
	r->err = write_round(r);
	if (r->look && !r->heir)
		inherit(r);
	return 0;
}

/* ---- the loop ---------------------------------------------------------- */

static void say(struct spool *s, const struct round *r)
{
	if (r->err && !s->failing)
		log_line(LOG_ERROR, "spool", NULL,
		         "event=not_written why=%s hint=\"events go on from "
		         "memory, and do not outlive this process\"",
		         LOG_TEXT(err_str(r->err)));
	if (!r->err && s->failing && r->lines.len)
		log_line(LOG_INFO, "spool", NULL, "event=written_again");
	if (r->err || r->lines.len)
		s->failing = r->err != 0;
	if (r->err)
		s->lost += r->n_events;
	if (r->look_err && r->look_err != -ENOENT)
		log_line(LOG_ERROR, "spool", NULL, "event=not_inherited why=%s",
		         LOG_TEXT(err_str(r->look_err)));
}

static void take_found(struct spool *s, struct round *r)
{
	size_t n = 0;

	for (const struct spool_feed *f = r->found; f; f = f->next)
		n += f->n;
	if (n || r->bad)
		log_line(r->bad ? LOG_WARN : LOG_INFO, "spool", NULL,
		         "event=inherited events=%zu broken_lines=%zu", n,
		         r->bad);
	/* Removed once these lines are written. */
	s->heir = r->next_heir;
	s->want_look = true; /* there may be more than one */
	if (r->found)
		s->found(r->found, s->arg);
}

static void round_free(struct round *r)
{
	buf_fini(&r->lines);
	spool_heir_close(&r->heir);
	mem_free(r);
}

static void done(struct pool_job *job, int err)
{
	struct round *r = CONTAINER_OF(job, struct round, job);
	struct spool *s = r->spool;

	(void)err; /* the pool's: the round has its own */
	/* Taken out of the queue by spool_close(). */
	if (!r->has_run)
		r->err = write_round(r);
	s->round = NULL;
	s->file_size = spool_file_size(s->file);
	if (r->was_large)
		s->compact_at = COMPACT_TIMES * s->file_size;
	if (s->compact_at < COMPACT_MIN)
		s->compact_at = COMPACT_MIN;
	say(s, r);
	if (r->heir)
		s->stuck = r->heir;
	r->heir = NULL;
	if (r->next_heir && !r->look_err && !s->closing) {
		take_found(s, r);
	} else {
		spool_feed_free(r->found);
		spool_heir_close(&r->next_heir);
	}
	round_free(r);
	if (s->lines.len || s->want_clear || s->want_sync || s->want_look)
		flush_soon(s);
}

static void set_round(struct spool *s, struct round *r)
{
	*r = (struct round){.job = {.work = work,
	                            .done = done,
	                            .urgency = POOL_SOON,
	                            .deadline_ms = DISK_MS},
	                    .spool = s,
	                    .file = s->file,
	                    .lines = s->lines,
	                    .n_events = s->n_events,
	                    .clear = s->want_clear,
	                    .sync = s->want_sync,
	                    .look = s->want_look && !s->stuck,
	                    .heir = s->heir};
	r->was_large = !r->clear && s->file_size > s->compact_at;
	buf_init(&s->lines, SPOOL_LINES_MAX);
	s->n_events = 0;
	s->want_clear = s->want_sync = s->want_look = false;
	s->heir = NULL;
}

static void flush_handler(void *arg)
{
	struct spool *s = arg;
	struct round *r = mem_alloc(sizeof(*r));
	uint64_t ticket;

	if (!r) {
		timer_start(net_timers(s->net), &s->flush, SYNC_MS,
		            flush_handler, s);
		return;
	}
	set_round(s, r);
	s->round = r;
	/* One job at a time: there is room. */
	if (pool_submit(s->pool, &r->job, &ticket))
		ASSERT(false);
}

static void sync_handler(void *arg)
{
	struct spool *s = arg;

	if (!s->live)
		return;
	s->want_sync = true;
	flush_soon(s);
}

static void look_handler(void *arg)
{
	struct spool *s = arg;

	s->want_look = true;
	flush_soon(s);
	timer_start(net_timers(s->net), &s->look, LOOK_MS, look_handler, s);
}

static void drain(void *arg)
{
	pool_drain(((struct spool *)arg)->pool);
}

static void wake(void *arg)
{
	net_wake_send(((struct spool *)arg)->wake);
}

int spool_open(struct spool **sp, struct net *net, const char *dir,
               spool_found_h *found, void *arg)
{
	struct spool *s = mem_zalloc(sizeof(*s));
	const struct pool_params prm = {.threads = 1, .wake = wake, .arg = s};
	int err;

	if (!s)
		return -ENOMEM;
	s->net = net;
	s->found = found;
	s->arg = arg;
	s->compact_at = COMPACT_MIN;
	buf_init(&s->lines, SPOOL_LINES_MAX);
	err = spool_file_open(&s->file, dir);
	if (!err)
		err = net_wake_open(&s->wake, net, drain, s);
	if (!err)
		err = pool_new(&s->pool, &prm);
	if (err) {
		spool_close(&s);
		return err;
	}
	look_handler(s);
	*sp = s;
	return 0;
}

/* What was not yet given to the thread is written here: there is nobody left
 * whom it could hold up. */
static void write_rest(struct spool *s)
{
	struct round r;

	set_round(s, &r);
	r.sync = true;
	r.err = write_round(&r);
	say(s, &r);
	buf_fini(&r.lines);
	spool_heir_close(&r.heir);
	spool_heir_close(&s->stuck);
}

void spool_close(struct spool **sp)
{
	struct spool *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	s->closing = true;
	timer_stop(net_timers(s->net), &s->flush);
	timer_stop(net_timers(s->net), &s->sync);
	timer_stop(net_timers(s->net), &s->look);
	pool_free(&s->pool);
	net_wake_close(&s->wake);
	if (s->file)
		write_rest(s);
	spool_file_close(&s->file);
	buf_fini(&s->lines);
	mem_free(s);
}

void spool_keep(struct spool *s, const struct spool_event *e,
                const char *call_id, const char *url)
{
	int err = spool_line_event(&s->lines, e, call_id, url);

	if (err) {
		s->lost++;
		if (s->lost == 1)
			log_line(LOG_ERROR, "spool", call_id,
			         "event=not_kept why=%s",
			         LOG_TEXT(err_str(err)));
		return;
	}
	s->live += e->len;
	s->n_events++;
	if (!timer_running(&s->sync))
		timer_start(net_timers(s->net), &s->sync, SYNC_MS, sync_handler,
		            s);
	flush_soon(s);
}

void spool_done(struct spool *s, const struct spool_event *e)
{
	s->live -= e->len < s->live ? e->len : s->live;
	/* Without this line the event is sent once more after a restart, which
	 * is allowed. */
	if (spool_line_done(&s->lines, str_n(e->id, e->id_len)) == 0)
		flush_soon(s);
}

void spool_clear(struct spool *s)
{
	s->live = 0;
	s->n_events = 0;
	buf_reset(&s->lines);
	s->want_clear = true;
	flush_soon(s);
}

uint64_t spool_lost(const struct spool *s)
{
	return s->lost;
}
