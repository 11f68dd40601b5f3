#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/err.h"
#include "common/js.h"
#include "common/mem.h"
#include "server/bots/errand.h"

enum {
	RESERVE_MS = 2000,  /* [ms] one bot has to answer */
	WAIT_MS = 5000,     /* [ms] all of them, unless said otherwise */
	USES_NAME_MAX = 31, /* [bytes] of a provider's name */
};

void bots_finish_reserve(struct bots_errand *e, int err,
                         const struct bots_place *place)
{
	bots_reserved_h *done = e->reserved;
	char text[BOTS_TEXT_MAX];
	void *arg = e->arg;

	memcpy(text, e->text, sizeof(text));
	bots_errand_free(e);
	done(err, place, text, arg);
}

/* Of several reasons the one that a person can act on best. */
static int weight(int err)
{
	switch (err) {
	case ERR_LIMIT:
		return 4;
	case ERR_AUTH:
		return 3;
	case ERR_PROTO:
		return 2;
	default:
		return err ? 1 : 0;
	}
}

static void remember(struct bots_errand *e, int err, const char *text)
{
	if (weight(err) <= weight(e->err))
		return;
	e->err = err;
	snprintf(e->text, sizeof(e->text), "%s", text);
}

/* What the call will use of others. Names that are none are let be. */
static void read_uses(char uses[BOTS_USES_MAX], const json_t *json)
{
	static const char *const stages[] = {"stt", "llm", "tts"};
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const json_t *obj = json_object_get(json, "uses");
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		const char *name = js_str(obj, stages[i], "");

		if (!*name || strlen(name) > USES_NAME_MAX ||
		    name[strspn(name, good)])
			continue;
		n += (size_t)snprintf(uses + n, BOTS_USES_MAX - n, "%s%s:%s,",
		                      n ? "" : ",", stages[i], name);
	}
}

static int read_place(const json_t *json, const struct bots_bot *bot,
                      struct bots_place *place)
{
	const char *id = js_str(json, "id", "");
	struct str url = str_of(js_str(json, "stream_url", ""));

	memset(place, 0, sizeof(*place));
	if (!bots_good_id(id) || bots_name(place->bot, bot))
		return ERR_PROTO;
	if (url.len && !str_starts(url, "wss://") && !str_starts(url, "ws://"))
		return ERR_PROTO;
	if (str_copy(place->id, sizeof(place->id), str_of(id)) ||
	    str_copy(place->stream_url, sizeof(place->stream_url), url))
		return ERR_PROTO;
	place->detect_machine = js_bool(json, "machine_detection", false);
	read_uses(place->uses, json);
	place->calls = (unsigned)js_int(json, "calls", 0);
	place->capacity = (unsigned)js_int(json, "capacity", 0);
	return 0;
}

static int err_of_reserve(const struct fetch_result *r)
{
	if (r->err)
		return -EHOSTUNREACH;
	switch (r->status) {
	case 200:
		return 0;
	case 401:
	case 403:
		return ERR_AUTH;
	case 404:
		return -ENOENT;
	case 503:
		return ERR_LIMIT;
	default:
		return ERR_PROTO;
	}
}

static void ask_next(struct bots_errand *e);

static void reserve_answered(const struct fetch_result *r, void *arg)
{
	struct bots_errand *e = arg;
	json_t *json = js_parse(r->body, r->body_len, NULL, 0);
	struct bots_place place;
	int err = err_of_reserve(r);

	e->req = NULL;
	bots_saw(e->b, e->asked, r->err, !r->err && r->status != 503);
	if (!err)
		err = read_place(json, e->asked, &place);
	remember(e, err, js_str(json, "detail", ""));
	if (err == -ENOENT)
		snprintf(e->text, sizeof(e->text), "%s",
		         js_str(json, "detail", ""));
	json_decref(json);
	if (!err)
		bots_finish_reserve(e, 0, &place);
	else if (err == -ENOENT)
		bots_finish_reserve(e, err, NULL);
	else
		ask_next(e);
}

static void ask_next(struct bots_errand *e)
{
	while (e->next < e->n_order) {
		uint64_t now = bots_now_ms();
		uint64_t left = e->until_ms > now ? e->until_ms - now : 0;
		char url[BOTS_ASK_URL_MAX];
		int err;

		if (!left) {
			bots_finish_reserve(
				e, weight(e->err) > 1 ? e->err : -ETIMEDOUT,
				NULL);
			return;
		}
		e->asked = &e->b->bot[e->order[e->next++]];
		snprintf(url, sizeof(url), "%s/reserve", e->asked->base);
		err = bots_errand_start(e, "POST", url, e->asked->address,
		                        left < RESERVE_MS ? (uint32_t)left
		                                          : RESERVE_MS,
		                        reserve_answered);
		if (!err)
			return;
		remember(e, err, "");
	}
	bots_finish_reserve(e, e->err ? e->err : -EHOSTUNREACH, NULL);
}

/* Those that answer, each time beginning with another one, then the rest:
 * one may have come up this moment. */
static void begin_reserve(void *arg)
{
	struct bots_errand *e = arg;
	struct bots *b = e->b;
	size_t pass, i;

	list_append(&b->errands, &e->link);
	for (pass = 0; pass < 4; pass++) {
		for (i = 0; i < b->n_bots; i++) {
			size_t at = (b->turn + i) % b->n_bots;
			const struct bots_bot *bot = &b->bot[at];
			size_t mine = bot->alive ? (bot->ready ? 0 : 1) : 2;
			char name[BOTS_NAME_MAX];

			if (e->avoid[0] && !bots_name(name, bot) &&
			    !strcmp(name, e->avoid))
				mine = 3;

			if (bot->listed && mine == pass)
				e->order[e->n_order++] = (uint16_t)at;
		}
	}
	b->turn++;
	ask_next(e);
}

static int write_call(struct buf *b, const struct bots_call *c)
{
	int err = buf_adds(b, "{");

	if (!err)
		err = bots_add_text(b, "call_id", c->call_id);
	if (!err)
		err = bots_add_text(b, "to", c->to);
	if (!err)
		err = bots_add_text(b, "from", c->from);
	if (!err)
		err = bots_add_text(b, "agent", c->agent);
	if (!err)
		err = bots_add_text(b, "events_url", c->events_url);
	if (!err)
		err = buf_addf(b, ",\"ttl\":%u", c->ttl_sec);
	if (!err && c->body) {
		err = buf_adds(b, ",\"body\":");
		if (!err)
			err = buf_adds(b, c->body);
	}
	if (!err && c->past) {
		err = buf_adds(b, ",\"again\":");
		if (!err)
			err = buf_adds(b, c->past);
	}
	return err ? err : buf_adds(b, "}");
}

int bots_reserve(struct bots *b, const struct bots_call *call,
                 bots_reserved_h *done, void *arg)
{
	struct bots_errand *e;
	int err;

	ASSERT(call->call_id && done);
	e = bots_errand_new(b, begin_reserve, arg);
	if (!e)
		return -ENOMEM;
	e->reserved = done;
	snprintf(e->avoid, sizeof(e->avoid), "%s",
	         call->avoid ? call->avoid : "");
	e->until_ms = bots_now_ms() + (call->wait_ms ? call->wait_ms : WAIT_MS);
	err = write_call(&e->body, call);
	if (err) {
		buf_fini(&e->body);
		mem_free(e);
		return err == ERR_LIMIT ? -EINVAL : err;
	}
	return bots_errand_post(e);
}

static void wait_reserved(int err, const struct bots_place *place,
                          const char *text, void *arg)
{
	struct bots_waiter *w = arg;

	if (place)
		*w->place = *place;
	if (w->text)
		snprintf(w->text, w->text_cap, "%s", text);
	bots_tell(w, err);
}

int bots_reserve_wait(struct bots *b, const struct bots_call *call,
                      struct bots_place *place, char *text, size_t text_cap)
{
	struct bots_waiter w;

	bots_waiter_init(&w, b);
	w.place = place;
	w.text = text;
	w.text_cap = text_cap;
	return bots_wait(&w, bots_reserve(b, call, wait_reserved, &w));
}
