/*
 * A relayed stream has two threads. The web server's own, which it holds as
 * long as it lives, carries what Plivo says to the bot; one of ours waits for
 * what the bot says and writes it to Plivo. Neither copies a whole message
 * and neither waits for the other, so the relay adds the time of two system
 * calls. Whoever ends first ends the other: a close is passed on with its code
 * and reason, and both are let go when the answer has passed, or a second
 * later.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/config.h"
#include "server/relay_client.h"
#include "server/relay_priv.h"
#include "server/relay_socket.h"

enum {
	CONTROL_MAX = 125, /* [bytes] RFC 6455, 5.5 */
	SPARE = 4,         /* sockets that come for calls which have one */
};

/* Of a close that is ours, RFC 6455, 7.4.1. */
enum { GOING_AWAY = 1001, BROKEN = 1002, TOO_BIG = 1009, NO_BOT = 1011 };

struct relay_stream *relay_stream_new(struct relay *r, const char *call_id,
                                      const char *id)
{
	struct relay_stream *s = mem_zalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->relay = r;
	snprintf(s->call_id, sizeof(s->call_id), "%s", call_id);
	snprintf(s->id, sizeof(s->id), "%s", id);
	buf_init(&s->parts, RELAY_MESSAGE_MAX);
	return s;
}

bool relay_stream_enter(struct relay_stream *s)
{
	struct relay *r = s->relay;
	unsigned max = r->app->cfg->relay_max;
	bool ok;

	pthread_mutex_lock(&r->lock);
	for (const struct relay_stream *o = r->streams; o; o = o->next)
		if (!strcmp(o->id, s->id)) {
			max += SPARE;
			break;
		}
	ok = r->n < max;
	if (ok) {
		r->n++;
		s->next = r->streams;
		r->streams = s;
	}
	pthread_mutex_unlock(&r->lock);
	return ok;
}

static void leave(struct relay_stream *s)
{
	struct relay *r = s->relay;
	struct relay_stream **at = &r->streams;

	pthread_mutex_lock(&r->lock);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	r->n--;
	pthread_mutex_unlock(&r->lock);
}

void relay_stream_drop(struct relay_stream *s, bool entered)
{
	if (entered)
		leave(s);
	relay_client_close(&s->bot);
	buf_fini(&s->parts);
	mem_free(s);
}

/* --- what the bot says --- */

static void write_code(char payload[2], unsigned code)
{
	payload[0] = (char)(code >> 8);
	payload[1] = (char)(code & 0xff);
}

/* Tell Plivo that it is over, in the bot's name, unless it knows. */
static void close_plivo(struct relay_stream *s, unsigned code)
{
	char payload[2];

	write_code(payload, code);
	if (!atomic_exchange(&s->told, true) &&
	    http_ws_send(s->plivo, HTTP_WS_CLOSE, payload, sizeof(payload)))
		log_line(LOG_DEBUG, "relay", s->call_id, "event=plivo_gone");
}

/* The bot has been sent a close, or has sent one: let the answer pass, after
 * which the bot ends the connection. */
static void await_bot_end(struct relay_stream *s)
{
	int64_t until = relay_now_ms() + RELAY_CLOSE_MS;
	struct relay_msg msg;

	while (!relay_client_next(s->bot, until, -1, &msg))
		;
}

/* The server stops, the call with it. */
static void close_both(struct relay_stream *s)
{
	char payload[2];

	write_code(payload, GOING_AWAY);
	atomic_store(&s->closing, true);
	close_plivo(s, GOING_AWAY);
	if (!relay_client_send(s->bot, RELAY_CLOSE, payload, sizeof(payload)))
		await_bot_end(s);
}

static int pass_on(struct relay_stream *s)
{
	struct relay_msg msg;
	int err;

	do {
		err = relay_client_next(s->bot, -1, s->relay->stop_fd, &msg);
		if (err)
			return err;
		if (msg.op == RELAY_CLOSE && atomic_exchange(&s->told, true))
			return 0;
		err = http_ws_send(s->plivo, (enum http_ws_op)msg.op, msg.v,
		                   msg.len);
	} while (!err && msg.op != RELAY_CLOSE);
	return err;
}

static void *pump(void *arg)
{
	struct relay_stream *s = arg;
	struct relay *r = s->relay;
	int err = pass_on(s);

	if (!err)
		await_bot_end(s);
	else if (err == -ECANCELED)
		close_both(s);
	else if (err != -EPIPE)
		close_plivo(s, NO_BOT);
	log_line(LOG_INFO, "relay", s->call_id, "event=bot_ended error=%s",
	         LOG_TEXT(err ? err_str(err) : "none"));
	pthread_mutex_lock(&r->lock);
	s->pumped = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	http_ws_end(s->plivo);
	return NULL;
}

/* --- what Plivo says --- */

static int send_whole(struct relay_stream *s, enum http_ws_op op, const char *v,
                      size_t len)
{
	if (s->bot_lost)
		return 0;
	return relay_client_send(s->bot, (enum relay_op)op, v, len);
}

static int take_control(struct relay_stream *s, enum http_ws_op op, bool fin,
                        const char *v, size_t len)
{
	if (!fin || op > HTTP_WS_PONG || len > CONTROL_MAX)
		return ERR_PROTO;
	s->plivo_closed |= op == HTTP_WS_CLOSE;
	return atomic_load(&s->closing) ? 0 : send_whole(s, op, v, len);
}

static int take_data(struct relay_stream *s, enum http_ws_op op, bool fin,
                     const char *v, size_t len)
{
	int err;

	if (op > HTTP_WS_BINARY || (op == HTTP_WS_MORE) != s->in_parts)
		return ERR_PROTO;
	if (fin && !s->in_parts)
		return send_whole(s, op, v, len);
	if (!s->in_parts) {
		buf_reset(&s->parts);
		s->parts_op = op;
		s->in_parts = true;
	}
	err = buf_add(&s->parts, v, len);
	if (err || !fin)
		return err;
	s->in_parts = false;
	return send_whole(s, s->parts_op, buf_str(&s->parts), s->parts.len);
}

bool relay_stream_frame(void *user, enum http_ws_op op, bool fin, const char *v,
                        size_t len)
{
	struct relay_stream *s = user;
	int err = op >= HTTP_WS_CLOSE ? take_control(s, op, fin, v, len)
	                              : take_data(s, op, fin, v, len);

	if (!err)
		return true;
	log_line(LOG_WARN, "relay", s->call_id, "event=refused error=%s",
	         LOG_TEXT(err_str(err)));
	if (err != ERR_PROTO && err != ERR_LIMIT) {
		/* It takes no more. The pump sees the end and tells Plivo:
		 * were it told here, this thread could end the connection
		 * while the pump writes its close. */
		s->bot_lost = true;
		relay_client_shut(s->bot);
		return true;
	}
	close_plivo(s, err == ERR_PROTO ? BROKEN : TOO_BIG);
	return false;
}

int relay_stream_opened(struct http_ws *ws, void *user)
{
	struct relay_stream *s = user;
	int err;

	s->plivo = ws;
	/* The pump waits for the lock before it says that it has ended. */
	pthread_mutex_lock(&s->relay->lock);
	err = pthread_create(&s->pump, NULL, pump, s);
	s->pumping = !err;
	pthread_mutex_unlock(&s->relay->lock);
	log_line(LOG_INFO, "relay", s->call_id, "event=open");
	return -err;
}

/* Plivo's close has gone to the bot: wait for the answer, and its passing. */
static void await_pump(struct relay_stream *s)
{
	struct relay *r = s->relay;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RELAY_CLOSE_MS / 1000;
	pthread_mutex_lock(&r->lock);
	while (!s->pumped &&
	       !pthread_cond_timedwait(&r->changed, &r->lock, &until))
		;
	pthread_mutex_unlock(&r->lock);
}

void relay_stream_closed(void *user)
{
	struct relay_stream *s = user;

	if (s->pumping && s->plivo_closed)
		await_pump(s);
	/* Whatever the bot has not said by now stays unsaid. */
	atomic_store(&s->told, true);
	relay_client_shut(s->bot);
	if (s->pumping) {
		/* It may be writing to somebody who does not read. */
		http_ws_end(s->plivo);
		pthread_join(s->pump, NULL);
	}
	log_line(LOG_INFO, "relay", s->call_id, "event=closed");
	relay_stream_drop(s, true);
}
