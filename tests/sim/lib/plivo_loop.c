#define _GNU_SOURCE
#include "tests/sim/lib/plivo_loop.h"

#include <openssl/ssl.h>

/* Sockets that linger have timers of about a second. */
enum { LAST_TIMERS_US = 3000000 };

uint64_t psim_now_us(void)
{
	return uv_hrtime() / 1000;
}

static void on_tick(uv_timer_t *t)
{
	struct psim_loop *l = t->data;

	timers_run(l->ts, psim_now_us());
}

/* Just before the loop sleeps: for how long may it? */
static void on_prepare(uv_prepare_t *p)
{
	struct psim_loop *l = p->data;
	const uint64_t now = psim_now_us();
	uint64_t due;

	if (!timers_next(l->ts, &due)) {
		uv_timer_stop(&l->tick);
		return;
	}
	uv_update_time(&l->uv);
	uv_timer_start(&l->tick, on_tick,
	               due > now ? (due - now + 999) / 1000 : 0, 0);
}

/* After the sockets: a busy loop must not make timers wait for a turn. */
static void on_check(uv_check_t *c)
{
	struct psim_loop *l = c->data;

	timers_run(l->ts, psim_now_us());
}

int psim_loop_init(struct psim_loop *l, const char *ca)
{
	int err;

	*l = (struct psim_loop){.ca = ca};
	err = timers_new(&l->ts, psim_now_us());
	if (err)
		return err;
	err = uv_loop_init(&l->uv);
	if (err) {
		timers_free(&l->ts);
		return err;
	}
	uv_timer_init(&l->uv, &l->tick);
	uv_prepare_init(&l->uv, &l->prepare);
	uv_check_init(&l->uv, &l->check);
	l->tick.data = l->prepare.data = l->check.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_check_start(&l->check, on_check);
	return 0;
}

void psim_loop_fini(struct psim_loop *l)
{
	const uint64_t until = psim_now_us() + LAST_TIMERS_US;
	uint64_t due;

	while (timers_next(l->ts, &due) && psim_now_us() < until)
		uv_run(&l->uv, UV_RUN_ONCE);
	uv_prepare_stop(&l->prepare);
	uv_close((uv_handle_t *)&l->tick, NULL);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	uv_loop_close(&l->uv);
	timers_free(&l->ts);
	SSL_CTX_free(l->tls);
	l->tls = NULL;
}

void psim_loop_run(struct psim_loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void psim_loop_stop(struct psim_loop *l)
{
	uv_stop(&l->uv);
}

void psim_timer(struct psim_loop *l, struct timer *t, uint32_t ms,
                timer_h *handler, void *arg)
{
	psim_timer_at(l, t, psim_now_us() + ms * UINT64_C(1000), handler, arg);
}

void psim_timer_at(struct psim_loop *l, struct timer *t, uint64_t due_us,
                   timer_h *handler, void *arg)
{
	timer_start_at(l->ts, t, due_us, handler, arg);
}

void psim_timer_stop(struct psim_loop *l, struct timer *t)
{
	timer_stop(l->ts, t);
}
