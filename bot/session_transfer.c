#include <errno.h>

#include "bot/session_calls.h"
#include "bot/tools.h"
#include "bot/transfer.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"

/*
 * The call is handed over. The model's tool does not run at once: what the bot
 * says with it ("I will connect you") is heard to its end first, since Plivo
 * may cut the stream as soon as it is asked. If the server agrees, the
 * conversation is over and the stream is left without hanging up; if not, the
 * model is told and goes on talking.
 */

static bool is_said(const struct running *c)
{
	const struct reply *r = c->s->reply;

	return !r || r->n != c->answer || r->waits;
}

static void on_answer(bool agreed, struct str result, void *arg)
{
	struct running *c = arg;
	struct session *s = c->s;
	const char *label = c->to->label; /* the agent's */

	if (!agreed) {
		session_call_settle(c, result);
		return;
	}
	session_call_close(c, result);
	session_end(s, "transfer", label);
}

static void ask(struct running *c)
{
	struct session *s = c->s;
	const struct transfer_params prm = {.fetch = s->env.fetch,
	                                    .url = s->transfer_url,
	                                    .secret = s->env.server_secret,
	                                    .call_id = s->call_id,
	                                    .to = c->to,
	                                    .ring_sec = c->ring_sec};
	const int err = transfer_open(&c->transfer, &prm, on_answer, c);

	if (!err)
		return;
	log_line(LOG_ERROR, "session", s->call_id, "event=no_transfer why=%s",
	         LOG_TEXT(err_str(err)));
	session_call_settle(c, str_of("{\"error\":\"the call could not be "
	                              "transferred\"}"));
}

static void on_due(void *arg)
{
	struct session *s = arg;
	struct link *l, *next;

	for (l = s->calls.next; l != &s->calls; l = next) {
		struct running *c = session_call_of(l);

		next = l->next;
		if (!c->to || c->transfer || !is_said(c))
			continue;
		/* One at a time: what it leads to may change the list. */
		ask(c);
		break;
	}
}

void session_transfer_look(struct session *s)
{
	if (!s->ended && session_transfer_planned(s))
		timer_start(s->env.timers, &s->handover, 0, on_due, s);
}

bool session_transfer_planned(const struct session *s)
{
	for (struct link *l = s->calls.next; l != &s->calls; l = l->next)
		if (session_call_of(l)->to)
			return true;
	return false;
}

int session_transfer_plan(struct running *c, const struct tool_transfer *t,
                          struct str args, struct buf *result)
{
	struct session *s = c->s;
	int err;

	if (session_transfer_planned(s)) {
		err = tools_error(result, "the call is being transferred");
		return err ? err : -EINVAL;
	}
	if (!s->transfer_url || !s->env.fetch) {
		err = tools_error(result, "calls cannot be transferred here");
		return err ? err : -EINVAL;
	}
	c->to = tool_transfer_pick(t, args, result);
	c->ring_sec = t->ring_sec;
	return c->to ? 0 : -EINVAL;
}
