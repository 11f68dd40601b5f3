#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bot/net/dns.h"
#include "bot/net/loop.h"
#include "bot/net/ws.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	DRAIN_MS = 3000, /* the loop's last turns [ms] */
	US_PER_SEC = 1000000,
};

struct net_wake {
	uv_async_t uv;
	struct net *net;
	net_wake_h *handler;
	void *arg;
};

void net_touch(struct net *net)
{
	timers_update(net->timers, uv_hrtime() / 1000);
}

static struct timespec to_timespec(uint64_t us)
{
	return (struct timespec){.tv_sec = (time_t)(us / US_PER_SEC),
	                         .tv_nsec = (long)(us % US_PER_SEC) * 1000};
}

static void arm(struct net *net, uint64_t due_us)
{
	const struct itimerspec its = {.it_value = to_timespec(due_us)};

	if (due_us == net->armed_us)
		return;
	timerfd_settime(net->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
	net->armed_us = due_us;
}

static void prepare_handler(uv_prepare_t *uv)
{
	struct net *net = uv->data;
	uint64_t wait_us = pace_turn(&net->pace, uv_hrtime() / 1000);
	uint64_t due_us = 0;

	if (wait_us) {
		const struct timespec until = to_timespec(wait_us);

		/* A signal may cut it short: then this turn is early. */
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
		                      NULL);
	}
	net_touch(net);
	if (timers_next(net->timers, &due_us) && !due_us)
		due_us = 1; /* zero would disarm */
	arm(net, due_us);
}

static void check_handler(uv_check_t *uv)
{
	struct net *net = uv->data;
	uint64_t now_us = uv_hrtime() / 1000, due_us;

	if (!timers_next(net->timers, &due_us) || due_us > now_us) {
		timers_update(net->timers, now_us);
		return;
	}
	lag_add(&net->lag, now_us, now_us - due_us);
	timers_run(net->timers, now_us);
}

/* Timers run in the check phase. Setting the timerfd anew makes it unreadable
 * again, so it is never read; forgetting what it was set to is enough. */
static void tick_handler(uv_poll_t *uv, int status, int events)
{
	struct net *net = uv->data;

	(void)status;
	(void)events;
	net->armed_us = UINT64_MAX;
}

static int loop_init(struct net *net)
{
	int err = uv_loop_init(&net->loop);

	if (err)
		return err;
	net->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (net->timer_fd < 0) {
		err = -errno;
		uv_loop_close(&net->loop);
		return err;
	}
	uv_prepare_init(&net->loop, &net->prepare);
	uv_check_init(&net->loop, &net->check);
	err = uv_poll_init(&net->loop, &net->tick, net->timer_fd);
	ASSERT(!err); /* a fresh descriptor that epoll knows */
	net->prepare.data = net->check.data = net->tick.data = net;
	uv_prepare_start(&net->prepare, prepare_handler);
	uv_check_start(&net->check, check_handler);
	uv_poll_start(&net->tick, UV_READABLE, tick_handler);
	return 0;
}

static void nudge_handler(uv_timer_t *uv)
{
	(void)uv; /* only keeps the poll short */
}

/* Closed handles and the WebSocket library's own want a few more turns. */
static void drain(struct net *net)
{
	uint64_t end_us = uv_hrtime() / 1000 + DRAIN_MS * 1000ULL;
	uv_timer_t nudge;

	uv_timer_init(&net->loop, &nudge);
	uv_timer_start(&nudge, nudge_handler, 10, 10);
	uv_unref((uv_handle_t *)&nudge);
	while (uv_run(&net->loop, UV_RUN_ONCE))
		if (uv_hrtime() / 1000 > end_us)
			break;
	net_lws_fini(net);
	uv_close((uv_handle_t *)&nudge, NULL);
	while (uv_run(&net->loop, UV_RUN_NOWAIT))
		if (uv_hrtime() / 1000 > end_us)
			break;
}

static void loop_fini(struct net *net)
{
	uv_close((uv_handle_t *)&net->prepare, NULL);
	uv_close((uv_handle_t *)&net->check, NULL);
	uv_close((uv_handle_t *)&net->tick, NULL);
	for (unsigned i = 0; i < net->n_sigs; i++)
		uv_close((uv_handle_t *)&net->sigs[i].uv, NULL);
	drain(net);
	close(net->timer_fd);
	if (uv_loop_close(&net->loop))
		log_line(LOG_WARN, "net", NULL, "event=loop_not_closed");
}

int net_new(struct net **np, const char *ca_file)
{
	struct net *net = mem_zalloc(sizeof(*net));
	int err;

	if (!net)
		return -ENOMEM;
	signal(SIGPIPE, SIG_IGN); /* of OpenSSL's plain writes */
	list_init(&net->sockets);
	list_init(&net->orphans);
	buf_init(&net->tx, 2 * WS_MESSAGE_MAX);
	err = timers_new(&net->timers, uv_hrtime() / 1000);
	if (err)
		goto out;
	err = loop_init(net);
	if (err)
		goto out;
	err = dns_new(&net->dns, net);
	if (!err)
		err = netfetch_new(&net->fetch, net, ca_file);
	if (!err)
		err = net_lws_init(net, ca_file);
	if (err) {
		net_free(&net);
		return err;
	}
	*np = net;
	return 0;
out:
	timers_free(&net->timers);
	mem_free(net);
	return err;
}

void net_free(struct net **np)
{
	struct net *net = *np;

	if (!net)
		return;
	*np = NULL;
	netfetch_free(&net->fetch);
	http_conn_drop_orphans(net);
	net_lws_stop(net);
	dns_free(&net->dns);
	loop_fini(net);
	timers_free(&net->timers);
	buf_fini(&net->tx);
	mem_free(net);
}

int net_run(struct net *net)
{
	net_touch(net);
	uv_run(&net->loop, UV_RUN_DEFAULT);
	return 0;
}

void net_stop(struct net *net)
{
	uv_stop(&net->loop);
}

struct timers *net_timers(struct net *net)
{
	return net->timers;
}

struct fetch *net_fetch(struct net *net)
{
	return netfetch_get(net->fetch);
}

uint64_t net_wall_ms(const struct net *net, uint64_t at_us)
{
	uint64_t ago_us = uv_hrtime() / 1000 - at_us;
	struct timespec ts;

	(void)net;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ((uint64_t)ts.tv_sec * US_PER_SEC + (uint64_t)ts.tv_nsec / 1000 -
	        ago_us) /
	       1000;
}

static void signal_handler(uv_signal_t *uv, int signum)
{
	struct net_sig *sig = CONTAINER_OF(uv, struct net_sig, uv);

	net_touch(uv->data);
	sig->handler(signum, sig->arg);
}

int net_on_signal(struct net *net, int signum, net_signal_h *handler, void *arg)
{
	struct net_sig *sig;
	int err;

	ASSERT(net->n_sigs < NET_SIGNALS_MAX);
	sig = &net->sigs[net->n_sigs];
	sig->handler = handler;
	sig->arg = arg;
	err = uv_signal_init(&net->loop, &sig->uv);
	if (err)
		return err;
	net->n_sigs++;
	sig->uv.data = net;
	return uv_signal_start(&sig->uv, signal_handler, signum);
}

static void wake_handler(uv_async_t *uv)
{
	struct net_wake *w = CONTAINER_OF(uv, struct net_wake, uv);

	net_touch(w->net);
	if (w->handler)
		w->handler(w->arg);
}

int net_wake_open(struct net_wake **wp, struct net *net, net_wake_h *handler,
                  void *arg)
{
	struct net_wake *w = mem_zalloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->net = net;
	w->handler = handler;
	w->arg = arg;
	err = uv_async_init(&net->loop, &w->uv, wake_handler);
	if (err) {
		mem_free(w);
		return err;
	}
	*wp = w;
	return 0;
}

void net_wake_send(struct net_wake *w)
{
	uv_async_send(&w->uv);
}

static void wake_closed(uv_handle_t *uv)
{
	mem_free(CONTAINER_OF(uv, struct net_wake, uv));
}

void net_wake_close(struct net_wake **wp)
{
	struct net_wake *w = *wp;

	if (!w)
		return;
	*wp = NULL;
	w->handler = NULL;
	uv_close((uv_handle_t *)&w->uv, wake_closed);
}

void net_lag(const struct net *net, struct net_lag *lag)
{
	uint64_t now_us = uv_hrtime() / 1000;

	lag->p50_us = lag_at(&net->lag, now_us, 500);
	lag->p99_us = lag_at(&net->lag, now_us, 990);
	lag->max_us = lag_max(&net->lag, now_us);
	lag->count = lag_count(&net->lag, now_us);
}
