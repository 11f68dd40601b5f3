#include "bot/door.h"

#include <errno.h>

#include "bot/net/ws.h"
#include "bot/stream/proto.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	POLICY = 1008,
	INTERNAL = 1011,
	GOING = 1001,
};

struct door_guest {
	struct link link;
	struct door *door;
	struct ws *ws;
	void *tag;
	struct timer timer;
};

int door_init(struct door *d, struct timers *ts, const struct door_handlers *h,
              void *arg)
{
	*d = (struct door){.timers = ts, .h = *h, .arg = arg};
	list_init(&d->guests);
	d->msg = mem_zalloc(sizeof(*d->msg));
	return d->msg ? 0 : -ENOMEM;
}

/* The guest is no more; its socket is the caller's. */
static struct ws *forget(struct door_guest *g)
{
	struct ws *ws = g->ws;

	timer_stop(g->door->timers, &g->timer);
	list_remove(&g->link);
	g->door->n_guests--;
	mem_free(g);
	return ws;
}

static void show_out(struct door_guest *g, int code, const char *why)
{
	struct door *d = g->door;
	void *tag = g->tag;
	struct ws *ws = forget(g);

	log_line(LOG_WARN, "door", NULL, "event=shown_out why=\"%s\"", why);
	ws_close(&ws, code, why);
	d->h.left(tag, d->arg);
}

void door_fini(struct door *d)
{
	while (d->guests.next && !list_empty(&d->guests)) {
		struct door_guest *g =
			CONTAINER_OF(d->guests.next, struct door_guest, link);

		show_out(g, GOING, "the bot ends");
	}
	mem_free(d->msg);
	d->msg = NULL;
}

static void late_handler(void *arg)
{
	show_out(arg, POLICY, "no start in time");
}

static void message(struct door_guest *g, const char *text, size_t len)
{
	struct door *d = g->door;
	void *tag = g->tag;
	int err = stream_plivo.decode(d->msg, text, len);

	if (err) {
		show_out(g, POLICY, "not a stream");
		return;
	}
	/* Audio may overtake; it is a few milliseconds and not missed. */
	if (d->msg->type != STREAM_START)
		return;
	d->h.started(forget(g), d->msg, tag, d->arg);
}

static void ws_handler(const struct ws_event *ev, void *arg)
{
	struct door_guest *g = arg;

	switch (ev->type) {
	case WS_TEXT:
		message(g, ev->data, ev->len);
		break;
	case WS_BINARY:
		show_out(g, POLICY, "not a stream");
		break;
	case WS_CLOSED:
	case WS_FAILED:
		show_out(g, POLICY, "left before its start");
		break;
	case WS_OPEN:
		break;
	}
}

void door_wait(struct door *d, struct ws *ws, void *tag)
{
	struct door_guest *g = mem_zalloc(sizeof(*g));

	if (!g) {
		ws_close(&ws, INTERNAL, NULL);
		d->h.left(tag, d->arg);
		return;
	}
	g->door = d;
	g->ws = ws;
	g->tag = tag;
	list_append(&d->guests, &g->link);
	d->n_guests++;
	ws_set_handler(ws, ws_handler, g);
	timer_start(d->timers, &g->timer, DOOR_START_MS, late_handler, g);
}
