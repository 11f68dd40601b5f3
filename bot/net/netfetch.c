#define _GNU_SOURCE
/*
 * HTTP requests driven by the loop: a uv_poll for each socket of libcurl's and
 * one timer. Handles are found by descriptor.
 */
#include <errno.h>

#include "bot/net/loop.h"
#include "common/curl/fetch.h"
#include "common/mem.h"

enum {
	HOST_CONNS = 8,   /* HTTP/2 streams share these, see clibs 0.6 */
	FD_MAX = 1 << 17, /* descriptors that are looked up */
};

struct watch {
	uv_poll_t uv;
	struct netfetch *nf; /* NULL when closing */
	int fd;
};

struct netfetch {
	struct net *net;
	struct fetch *fetch;
	struct watch **by_fd;
	size_t n; /* entries of by_fd */
	struct timer timer;
};

static void ready_handler(uv_poll_t *uv, int status, int events)
{
	struct watch *w = CONTAINER_OF(uv, struct watch, uv);
	unsigned what = 0;

	net_touch(w->nf->net);
	if (status < 0)
		what = FETCH_IN | FETCH_OUT; /* libcurl finds the error */
	if (events & UV_READABLE)
		what |= FETCH_IN;
	if (events & UV_WRITABLE)
		what |= FETCH_OUT;
	fetch_ready(w->nf->fetch, w->fd, what);
}

static void closed_handler(uv_handle_t *uv)
{
	mem_free(CONTAINER_OF(uv, struct watch, uv));
}

static void unwatch(struct netfetch *nf, int fd)
{
	struct watch *w = nf->by_fd[fd];

	if (!w)
		return;
	nf->by_fd[fd] = NULL;
	uv_close((uv_handle_t *)&w->uv, closed_handler);
}

static bool make_room(struct netfetch *nf, size_t fd)
{
	size_t n = nf->n ? nf->n : 64;
	struct watch **v;

	while (n <= fd)
		n *= 2;
	if (n == nf->n)
		return true;
	v = n <= FD_MAX ? mem_realloc(nf->by_fd, n * sizeof(struct watch *))
	                : NULL;
	if (!v)
		return false;
	for (size_t i = nf->n; i < n; i++)
		v[i] = NULL;
	nf->by_fd = v;
	nf->n = n;
	return true;
}

static struct watch *watch_of(struct netfetch *nf, int fd)
{
	struct watch *w;

	if (!make_room(nf, (size_t)fd))
		return NULL;
	w = nf->by_fd[fd];
	if (w)
		return w;
	w = mem_zalloc(sizeof(*w));
	if (!w)
		return NULL;
	if (uv_poll_init(&nf->net->loop, &w->uv, fd)) {
		mem_free(w);
		return NULL;
	}
	w->nf = nf;
	w->fd = fd;
	nf->by_fd[fd] = w;
	return w;
}

/* Without memory the request runs into its deadline: there is no way to tell
 * libcurl, and nothing else that would be right. */
static void watch(int fd, unsigned events, void *arg)
{
	struct netfetch *nf = arg;
	struct watch *w;
	int what = 0;

	if (!events) {
		if ((size_t)fd < nf->n)
			unwatch(nf, fd);
		return;
	}
	w = watch_of(nf, fd);
	if (!w)
		return;
	if (events & FETCH_IN)
		what |= UV_READABLE;
	if (events & FETCH_OUT)
		what |= UV_WRITABLE;
	uv_poll_start(&w->uv, what, ready_handler);
}

static void timer_handler(void *arg)
{
	struct netfetch *nf = arg;

	fetch_timeout(nf->fetch);
}

static void set_timer(long ms, void *arg)
{
	struct netfetch *nf = arg;

	if (ms < 0)
		timer_stop(nf->net->timers, &nf->timer);
	else
		timer_start(nf->net->timers, &nf->timer, (uint32_t)ms,
		            timer_handler, nf);
}

int netfetch_new(struct netfetch **np, struct net *net, const char *ca_file)
{
	struct netfetch *nf = mem_zalloc(sizeof(*nf));
	struct fetch_driver driver = {watch, set_timer, nf};
	struct fetch_opts opts = {ca_file, HOST_CONNS, &driver};
	int err;

	if (!nf)
		return -ENOMEM;
	nf->net = net;
	err = fetch_new(&nf->fetch, &opts);
	if (err) {
		mem_free(nf);
		return err;
	}
	*np = nf;
	return 0;
}

struct fetch *netfetch_get(struct netfetch *nf)
{
	return nf->fetch;
}

void netfetch_free(struct netfetch **np)
{
	struct netfetch *nf = *np;

	if (!nf)
		return;
	*np = NULL;
	fetch_free(&nf->fetch);
	timer_stop(nf->net->timers, &nf->timer);
	for (size_t fd = 0; fd < nf->n; fd++)
		unwatch(nf, (int)fd);
	mem_free(nf->by_fd);
	mem_free(nf);
}
