/*
 * bench_load - calls upon a bot, and what they cost it
 *
 * Opens calls up to the first number of --steps, lets them settle, measures
 * --windows windows of --ms milliseconds, goes on to the next number. A line of
 * JSON a window. It ends early when in most windows of a step the bot sends too
 * late, or the core of the simulators and of this program is full: then they
 * are the limit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/bench/load.h"

enum {
	EVENTS = 256,
	US_PER_MS = 1000,
	LATE_STEP_US = 50,
	REFUSED_MS = 250, /* until another try */
	REFUSED_MAX = 80,
	OTHERS_MAX = 8,
};

struct options {
	const char *steps, *wav;
	unsigned windows, ms, rate;
	unsigned ring_ms; /* before a call is answered; 0: not made ready */
	unsigned late_us, busy; /* [us], [%] at which it ends */
	pid_t bot;
	pid_t other[OTHERS_MAX]; /* on the other core, with this one */
	unsigned n_others;
};

static struct load load;
static struct options opt = {.windows = 1,
                             .ms = 8000,
                             .rate = 150,
                             .late_us = UINT32_MAX,
                             .busy = UINT32_MAX};

static void reset_counts(void)
{
	struct load_counts *n = &load.n;

	load_hist_reset(&n->late, LATE_STEP_US);
	load_hist_reset(&n->own, LATE_STEP_US);
	load_hist_reset(&n->answer, 1);
	n->audio_us = n->packets = n->frames = n->gaps = 0;
	n->clears = n->turns = n->blocked = 0;
}

/* Every call has its millisecond of the twenty. */
static void do_ticks(void)
{
	uint64_t now = load_now_us(), expired;

	if (read(load.timer, &expired, sizeof(expired)) < 0)
		return;
	while (load.tick < now / US_PER_MS) {
		unsigned slot = (unsigned)(++load.tick % LOAD_FRAME_MS);

		now = load_now_us();
		for (unsigned i = slot; i < load.n_calls; i += LOAD_FRAME_MS)
			load_call_tick(&load, &load.call[i], now);
		load_hist_add(&load.n.own, now - load.tick * US_PER_MS);
		now = load_now_us();
	}
}

static void run_until(uint64_t end_us)
{
	struct epoll_event ev[EVENTS];

	while (load_now_us() < end_us) {
		int n = epoll_wait(load.epoll, ev, EVENTS, 5);

		for (int i = 0; i < n; i++) {
			uint32_t which = (uint32_t)ev[i].data.u64;
			int fd = (int)(ev[i].data.u64 >> 32);

			if (which == UINT32_MAX && fd == load.listener)
				load_events_accept(&load);
			else if (which == UINT32_MAX && fd == load.timer)
				do_ticks();
			else if (which == UINT32_MAX)
				load_events_readable(fd);
			else
				load_call_readable(&load, &load.call[which]);
		}
	}
}

/* Have the telephones of the next calls ring, so that each does for long
 * enough before it is answered. */
static int ring(unsigned up_to)
{
	static unsigned ringing;
	const unsigned ahead = opt.rate * opt.ring_ms / 1000;
	int err = 0;

	while (!err && opt.ring_ms && ringing < up_to &&
	       ringing <= load.n_calls + ahead) {
		err = load_call_ring(&load, ringing);
		ringing += !err;
	}
	return err;
}

static bool open_calls(unsigned up_to)
{
	unsigned refused = 0;
	uint64_t next;

	if (ring(up_to))
		return false;
	run_until(load_now_us() + opt.ring_ms * 1000ULL);
	next = load_now_us();
	load_hist_reset(&load.n.greet, 1);
	while (load.n_calls < up_to) {
		int err = ring(up_to);

		if (!err)
			err = load_call_open(&load, load.n_calls);

		if (err == -EAGAIN && refused++ < REFUSED_MAX) {
			run_until(load_now_us() + REFUSED_MS * US_PER_MS);
			continue;
		}
		if (err) {
			(void)fprintf(stderr, "load: call %u: %s\n",
			              load.n_calls, strerror(-err));
			return false;
		}
		load.n_calls++;
		next += 1000000 / opt.rate;
		run_until(next);
	}
	return true;
}

/* What the other core does for us [ns]. Not what the kernel says of the whole
 * core: on a machine that others use, too, we come first and they get what we
 * leave. */
static uint64_t others_ns(void)
{
	uint64_t ns = load_cpu_ns(getpid());

	for (unsigned i = 0; i < opt.n_others; i++)
		ns += load_cpu_ns(opt.other[i]);
	return ns;
}

static void set_others(const char *list)
{
	char *end;

	for (opt.n_others = 0; *list && opt.n_others < OTHERS_MAX; list = end) {
		opt.other[opt.n_others++] = (pid_t)strtol(list, &end, 10);
		if (end == list)
			return;
		end += *end == ',';
	}
}

/* Measures; true if all was well. */
static bool window(void)
{
	struct load_counts *n = &load.n;
	uint64_t cpu, from, us, others_cpu, p99;
	double share, others;

	reset_counts();
	others_cpu = others_ns();
	cpu = load_cpu_ns(opt.bot);
	from = load_now_us();
	run_until(from + opt.ms * 1000ULL);
	us = load_now_us() - from;
	cpu = load_cpu_ns(opt.bot) - cpu;
	others = (double)(others_ns() - others_cpu) / (double)us / 10;
	share = (double)n->audio_us / (double)us / load.n_calls;
	p99 = load_hist_at(&n->late, 990);
	printf("{\"calls\":%u,\"talking\":%u,\"cpu_us\":%.0f,\"bot_busy\":%.1f,"
	       "\"others_busy\":%.1f,\"frames_s\":%.1f,\"out\":%.3f,",
	       load.n_calls, n->talking,
	       (double)cpu * 1e3 / (double)us / load.n_calls,
	       (double)cpu / (double)us / 10, others,
	       (double)n->frames * 1e6 / (double)us / load.n_calls, share);
	printf("\"late_us\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],"
	       "\"own_us\":[%" PRIu64 ",%" PRIu64 "],",
	       load_hist_at(&n->late, 500), p99, n->late.max,
	       load_hist_at(&n->own, 500), load_hist_at(&n->own, 990));
	printf("\"answer_ms\":[%" PRIu64 ",%" PRIu64 "],\"greet_ms\":[%" PRIu64
	       ",%" PRIu64 "],",
	       load_hist_at(&n->answer, 500), load_hist_at(&n->answer, 990),
	       load_hist_at(&n->greet, 500), load_hist_at(&n->greet, 990));
	printf("\"packets\":%" PRIu64 ",\"gaps\":%" PRIu64
	       ",\"greeted\":%" PRIu64 ",\"clears\":%" PRIu64
	       ",\"turns\":%" PRIu64 ",\"answers\":%" PRIu64
	       ",\"blocked\":%" PRIu64 ",\"rss_kib\":%" PRIu64 "}\n",
	       n->packets, n->gaps, n->greet.total, n->clears, n->turns,
	       n->answer.total, n->blocked, load_rss_kib(opt.bot));
	(void)fflush(stdout);
	return p99 < opt.late_us && others < opt.busy &&
	       n->talking == load.n_calls;
}

static int measure(void)
{
	const uint64_t settle = LOAD_GREETING_MS + LOAD_TURN_MS;
	const char *at = opt.steps;
	unsigned bad;

	while (at && *at) {
		char *end;
		unsigned long calls = strtoul(at, &end, 10);

		if (!calls || calls > LOAD_CALLS_MAX)
			return 2;
		at = *end == ',' ? end + 1 : end;
		if (!open_calls((unsigned)calls))
			return 1;
		run_until(load_now_us() + settle * US_PER_MS);
		bad = 0;
		for (unsigned i = 0; i < opt.windows; i++)
			bad += !window();
		if (bad > opt.windows / 2)
			return 0;
	}
	return 0;
}

static bool read_options(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *k = argv[i], *v = argv[i + 1];
		unsigned n = (unsigned)strtoul(v, NULL, 10);

		if (!strcmp(k, "--port"))
			load.port = (uint16_t)n;
		else if (!strcmp(k, "--secret"))
			load.secret = v;
		else if (!strcmp(k, "--wav"))
			opt.wav = v;
		else if (!strcmp(k, "--steps"))
			opt.steps = v;
		else if (!strcmp(k, "--windows"))
			opt.windows = n;
		else if (!strcmp(k, "--ms"))
			opt.ms = n;
		else if (!strcmp(k, "--rate"))
			opt.rate = n;
		else if (!strcmp(k, "--ring"))
			opt.ring_ms = n;
		else if (!strcmp(k, "--late-us"))
			opt.late_us = n;
		else if (!strcmp(k, "--busy"))
			opt.busy = n;
		else if (!strcmp(k, "--others"))
			set_others(v);
		else if (!strcmp(k, "--bot"))
			opt.bot = (pid_t)n;
		else
			return false;
	}
	return load.port && load.secret && opt.wav && opt.steps && opt.rate &&
	       opt.ms && argc % 2;
}

static int open_load(void)
{
	const struct itimerspec its = {{0, 1000000}, {0, 1000000}};
	struct epoll_event ev = {.events = EPOLLIN};
	int err = load_sound_make(&load.sound, opt.wav);

	if (err)
		return err;
	load.control = -1;
	load.tick = load_now_us() / US_PER_MS;
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.timer =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (load.epoll < 0 || load.timer < 0 ||
	    timerfd_settime(load.timer, 0, &its, NULL))
		return -errno;
	ev.data.u64 = (uint64_t)(unsigned)load.timer << 32 | UINT32_MAX;
	if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, load.timer, &ev))
		return -errno;
	reset_counts();
	return load_events_open(&load);
}

int main(int argc, char **argv)
{
	int err, code;

	if (!read_options(argc, argv)) {
		(void)fprintf(stderr, "usage: see tests/bench/bench.py\n");
		return 2;
	}
	err = open_load();
	if (err) {
		(void)fprintf(stderr, "load: %s\n", strerror(-err));
		return 1;
	}
	code = measure();
	for (unsigned i = 0; i < load.n_calls; i++)
		load_call_close(&load, &load.call[i]);
	return code;
}
