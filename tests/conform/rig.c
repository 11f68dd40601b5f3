#include "tests/conform/rig.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/net/net.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/http.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

enum { POLL_MS = 2, SIMS_MAX = 4 };

static struct net *net;
static struct proc sims[SIMS_MAX];
static size_t live_before;

struct wait {
	bool (*done)(void *arg);
	void *arg;
	uint64_t until_us;
	bool met;
	struct timer timer;
};

static void (*before_end)(void);

struct net *rig_net(void)
{
	if (!net) {
		live_before = mem_live();
		CHECK_INT(0, net_new(&net, NULL));
	}
	return net;
}

static void look(void *arg)
{
	struct wait *w = arg;
	struct timers *ts = net_timers(net);

	w->met = w->done && w->done(w->arg);
	if (w->met || timers_now(ts) >= w->until_us)
		net_stop(net);
	else
		timer_start(ts, &w->timer, POLL_MS, look, w);
}

static bool until(bool (*done)(void *arg), void *arg, unsigned ms)
{
	struct timers *ts = net_timers(rig_net());
	struct wait w = {.done = done, .arg = arg};

	w.until_us = timers_now(ts) + ms * 1000ULL;
	timer_start(ts, &w.timer, 0, look, &w);
	CHECK_INT(0, net_run(net));
	timer_stop(ts, &w.timer);
	return w.met;
}

bool rig_until(bool (*done)(void *arg), void *arg, unsigned ms)
{
	return until(done, arg, test_ms(ms));
}

void rig_run(unsigned ms)
{
	until(NULL, NULL, test_ms(ms));
}

void rig_pace(unsigned ms)
{
	until(NULL, NULL, ms);
}

const char *rig_sim(const char *program, const char *scheme, unsigned slot,
                    const char *const *args)
{
	static char urls[SIMS_MAX][160];
	char dir[256];

	CHECK(slot < SIMS_MAX);
	snprintf(dir, sizeof(dir), "%s/sim%u", proc_temp_dir(), slot);
	proc_start(&sims[slot], program, dir, args, NULL);
	snprintf(urls[slot], sizeof(urls[slot]), "%s%s", scheme,
	         strchr(sims[slot].url, ':'));
	return urls[slot];
}

void rig_no_violations(const char *url)
{
	struct http_answer a;
	char state[256];

	snprintf(state, sizeof(state), "http%s/sim/state", strchr(url, ':'));
	http_get(&a, state);
	CHECK_INT(200, a.status);
	if (!json_is_array(json_object_get(a.json, "violations")) ||
	    json_array_size(json_object_get(a.json, "violations")))
		test_fail(__FILE__, __LINE__, "%s", a.body);
	http_done(&a);
}

const char *rig_dead_url(const char *scheme)
{
	static char url[64];
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(0, bind(fd, (struct sockaddr *)&addr, len));
	CHECK_INT(0, getsockname(fd, (struct sockaddr *)&addr, &len));
	close(fd);
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u", scheme,
	         ntohs(addr.sin_port));
	return url;
}

void rig_before_end(void (*h)(void))
{
	before_end = h;
}

void rig_ends_all(void)
{
	live_before = 0;
}

void rig_end(void)
{
	rig_pace(50); /* let closed sockets go */
	if (before_end)
		before_end();
	before_end = NULL;
	net_free(&net);
	CHECK_INT(live_before, mem_live());
	for (unsigned i = 0; i < SIMS_MAX; i++)
		if (sims[i].pid)
			CHECK_INT(0, proc_stop(&sims[i]));
}
