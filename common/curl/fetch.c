#define _POSIX_C_SOURCE 200809L
#include "common/curl/fetch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "common/curl/fetch_priv.h"
#include "common/err.h"
#include "common/mem.h"

/* libcurl refuses to add or remove a handle while it is calling us back. What
 * handlers start or cancel then waits in a list until it has returned. */
struct fetch {
	CURLM *multi;
	char *ca_file;
	struct fetch_driver driver;
	bool driven;       /* by a foreign loop */
	bool in_curl;      /* libcurl is on the stack */
	unsigned depth;    /* our handlers on the stack */
	unsigned finished; /* requests, in this turn */
	uint64_t curl_due; /* libcurl's wish [ms of fetch_clock_ms()]; 0 */
	struct link starting, running, dead, failed;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void init_curl(void)
{
	curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static struct fetch_req *req_of(struct link *l)
{
	return CONTAINER_OF(l, struct fetch_req, link);
}

static void move(struct fetch_req *r, struct link *list)
{
	list_remove(&r->link);
	list_append(list, &r->link);
}

static int on_socket(CURL *e, curl_socket_t fd, int what, void *arg,
                     void *fd_arg)
{
	struct fetch *f = arg;
	unsigned events = 0;

	(void)e;
	(void)fd_arg;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= FETCH_IN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= FETCH_OUT;
	f->driver.watch(fd, events, f->driver.arg);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct fetch *f = arg;

	(void)multi;
	f->curl_due = ms < 0 ? 0 : fetch_clock_ms() + (uint64_t)ms;
	return 0;
}

/* When does the first stream count as silent? 0: none can. */
static uint64_t first_quiet(const struct fetch *f)
{
	uint64_t first = 0;
	struct link *l;

	for (l = f->running.next; l != &f->running; l = l->next) {
		uint64_t at = req_of(l)->quiet_at;

		if (at && (!first || at < first))
			first = at;
	}
	return first;
}

/* The loop has one timer for us: libcurl's wish or ours, the earlier. */
static void arm(struct fetch *f)
{
	uint64_t due = first_quiet(f);
	uint64_t now = fetch_clock_ms();

	if (!f->driven)
		return;
	if (f->curl_due && (!due || f->curl_due < due))
		due = f->curl_due;
	if (!due)
		f->driver.set_timer(-1, f->driver.arg);
	else
		f->driver.set_timer(due > now ? (long)(due - now) : 0,
		                    f->driver.arg);
}

static void finish(struct fetch *f, struct fetch_req *r, CURLcode code)
{
	struct fetch_result res;

	fetch_req_result(r, code, &res);
	curl_multi_remove_handle(f->multi, r->easy);
	list_remove(&r->link);
	r->finishing = true;
	f->finished++;
	f->depth++;
	if (r->done)
		r->done(&res, r->arg);
	f->depth--;
	fetch_req_free(r);
}

static void drop(struct fetch *f, struct fetch_req *r)
{
	list_remove(&r->link);
	curl_multi_remove_handle(f->multi, r->easy);
	fetch_req_free(r);
}

static int add(struct fetch *f, struct fetch_req *r)
{
	if (curl_multi_add_handle(f->multi, r->easy) != CURLM_OK)
		return -ENOMEM;
	move(r, &f->running);
	return 0;
}

/* libcurl has returned: do what could not be done under it. */
static void settle_lists(struct fetch *f)
{
	while (!list_empty(&f->dead))
		drop(f, req_of(f->dead.next));
	while (!list_empty(&f->starting)) {
		struct fetch_req *r = req_of(f->starting.next);

		if (!add(f, r))
			continue;
		r->err = -ENOMEM;
		finish(f, r, CURLE_OUT_OF_MEMORY);
	}
}

static void end_silent(struct fetch *f)
{
	uint64_t now = fetch_clock_ms();
	struct link *l, *next;

	for (l = f->running.next; l != &f->running; l = next) {
		struct fetch_req *r = req_of(l);

		next = l->next;
		if (!r->quiet_at || now < r->quiet_at)
			continue;
		/* Connecting has a deadline of its own. */
		if (!fetch_req_sent(r)) {
			r->quiet_at = now + r->stall_ms;
			continue;
		}
		r->err = -ETIMEDOUT;
		move(r, &f->failed);
	}
	/* From a list of its own, because handlers cancel others. */
	while (!list_empty(&f->failed))
		finish(f, req_of(f->failed.next), CURLE_OPERATION_TIMEDOUT);
}

/* Requests that libcurl is through with get their last word. */
static void settle(struct fetch *f)
{
	CURLMsg *msg;
	int left;

	if (f->depth)
		return;
	settle_lists(f);
	for (;;) {
		struct fetch_req *r = NULL;

		msg = curl_multi_info_read(f->multi, &left);
		if (!msg)
			break;
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &r);
		finish(f, r, msg->data.result);
		settle_lists(f);
	}
	end_silent(f);
	settle_lists(f);
	arm(f);
}

static int new_multi(struct fetch *f, const struct fetch_opts *opts)
{
	f->multi = curl_multi_init();
	if (!f->multi)
		return -ENOMEM;
	curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(f->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
	                  (long)opts->max_host_conns);
	if (!f->driven)
		return 0;
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	return 0;
}

int fetch_new(struct fetch **fp, const struct fetch_opts *opts)
{
	struct fetch *f;
	int err = 0;

	pthread_once(&curl_once, init_curl);
	if (curl_ready != CURLE_OK)
		return -ENOMEM;
	f = mem_zalloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	list_init(&f->starting);
	list_init(&f->running);
	list_init(&f->dead);
	list_init(&f->failed);
	if (opts->driver) {
		f->driver = *opts->driver;
		f->driven = true;
	}
	if (opts->ca_file) {
		f->ca_file = mem_strdup(opts->ca_file);
		err = f->ca_file ? 0 : -ENOMEM;
	}
	if (!err)
		err = new_multi(f, opts);
	if (err)
		fetch_free(&f);
	else
		*fp = f;
	return err;
}

void fetch_free(struct fetch **fp)
{
	struct fetch *f = *fp;

	if (!f)
		return;
	*fp = NULL;
	ASSERT(!f->in_curl && !f->depth);
	while (!list_empty(&f->starting))
		drop(f, req_of(f->starting.next));
	while (!list_empty(&f->running))
		drop(f, req_of(f->running.next));
	if (f->multi)
		curl_multi_cleanup(f->multi);
	mem_free(f->ca_file);
	mem_free(f);
}

static void act(struct fetch *f, curl_socket_t fd, int mask)
{
	int left;

	ASSERT(!f->in_curl);
	f->in_curl = true;
	curl_multi_socket_action(f->multi, fd, mask, &left);
	f->in_curl = false;
	settle(f);
}

void fetch_ready(struct fetch *f, int fd, unsigned events)
{
	int mask = 0;

	if (events & FETCH_IN)
		mask |= CURL_CSELECT_IN;
	if (events & FETCH_OUT)
		mask |= CURL_CSELECT_OUT;
	act(f, fd, mask);
}

void fetch_timeout(struct fetch *f)
{
	/* libcurl wishes anew when asked before its time. */
	f->curl_due = 0;
	act(f, CURL_SOCKET_TIMEOUT, 0);
}

static void perform(struct fetch *f)
{
	int left;

	f->in_curl = true;
	curl_multi_perform(f->multi, &left);
	f->in_curl = false;
	settle(f);
}

int fetch_wait(struct fetch *f, unsigned ms)
{
	uint64_t now = fetch_clock_ms(), quiet;
	CURLMcode rc;

	ASSERT(!f->driven && !f->in_curl && !f->depth);
	f->finished = 0;
	perform(f);
	if (f->finished)
		return 0;
	quiet = first_quiet(f);
	if (quiet && quiet < now + ms)
		ms = quiet > now ? (unsigned)(quiet - now) : 0;
	rc = curl_multi_poll(f->multi, NULL, 0, (int)ms, NULL);
	if (rc != CURLM_OK)
		return rc == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO;
	perform(f);
	return 0;
}

void fetch_wakeup(struct fetch *f)
{
	curl_multi_wakeup(f->multi);
}

int fetch_start(struct fetch *f, struct fetch_req **rp,
                const struct fetch_params *prm)
{
	struct fetch_req *r = NULL;
	int err = fetch_req_new(&r, prm, f->ca_file);

	if (err)
		return err;
	r->f = f;
	if (f->in_curl) {
		list_append(&f->starting, &r->link);
	} else {
		err = add(f, r);
		if (err) {
			fetch_req_free(r);
			return err;
		}
		arm(f);
	}
	if (rp)
		*rp = r;
	return 0;
}

void fetch_cancel(struct fetch_req **rp)
{
	struct fetch_req *r = *rp;
	struct fetch *f;

	*rp = NULL;
	if (!r)
		return;
	f = r->f;
	r->done = NULL;
	r->data = NULL;
	if (r->finishing)
		return;
	if (f->in_curl) {
		move(r, &f->dead);
		return;
	}
	drop(f, r);
	arm(f);
}
