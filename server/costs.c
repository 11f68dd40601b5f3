#include "server/costs.h"

#include <string.h>

#include "common/js.h"
#include "common/str.h"
#include "server/store/call.h"

enum { USAGE_MAX = 4096 /* [bytes] */ };

void costs_init(struct costs *c)
{
	memset(c, 0, sizeof(*c));
	c->billed_sec = -1;
	buf_init(&c->usage, USAGE_MAX);
	buf_init(&c->report, USAGE_MAX);
}

void costs_fini(struct costs *c)
{
	buf_fini(&c->usage);
	buf_fini(&c->report);
}

/* A decimal number, as it is written; anything else is not told. */
static void read_price(char dst[COSTS_PRICE_MAX], const char *text)
{
	const size_t n = strlen(text);

	dst[0] = '\0';
	if (n && n < COSTS_PRICE_MAX && strspn(text, "0123456789.") == n)
		memcpy(dst, text, n + 1);
}

static void read_carrier(struct costs *c, const json_t *data)
{
	const char *total = js_str(data, "TotalCost", "");

	/* A call that was not answered may be told without a price. */
	read_price(c->total, total);
	read_price(c->rate, js_str(data, "BillRate", ""));
	c->billed_sec = js_int(data, "BillDuration", -1);
	c->carrier = c->total[0] || c->rate[0] || c->billed_sec >= 0;
}

/* The last bot that had the call has it all. */
static int keep(struct buf *dst, const json_t *obj)
{
	if (!json_is_object(obj))
		return 0;
	buf_reset(dst);
	return js_dump(dst, obj);
}

static bool is(const struct store_event *ev, const char *source,
               const char *type)
{
	return !strcmp(ev->source, source) && !strcmp(ev->type, type);
}

int costs_take(struct costs *c, const struct store_event *ev)
{
	const bool hangup = is(ev, "carrier", "hangup");
	const bool ended = is(ev, "bot", "ended");
	json_t *data;
	int err = 0;

	if (!(hangup || ended || is(ev, "bot", "summary")) || !ev->data)
		return 0;
	data = js_parse(ev->data, strlen(ev->data), NULL, 0);
	if (hangup)
		read_carrier(c, data);
	else if (ended)
		err = keep(&c->usage, json_object_get(data, "usage"));
	else
		err = keep(&c->report, json_object_get(data, "llm"));
	json_decref(data);
	return err;
}

static int add_price(struct buf *out, const char *name, const char *price)
{
	if (!price[0])
		return buf_addf(out, "\"%s\":null,", name);
	return buf_addf(out, "\"%s\":\"%s\",", name, price);
}

static int add_carrier(struct buf *out, const struct costs *c)
{
	int err = buf_adds(out, "{");

	if (!err)
		err = add_price(out, "total", c->total);
	if (!err)
		err = add_price(out, "rate", c->rate);
	if (!err && c->billed_sec < 0)
		err = buf_adds(out, "\"billed_sec\":null");
	else if (!err)
		err = buf_addf(out, "\"billed_sec\":%lld", c->billed_sec);
	return err ? err : buf_adds(out, "}");
}

int costs_json(struct buf *out, const struct costs *c)
{
	int err;

	if (!c->carrier && !c->usage.len && !c->report.len)
		return buf_adds(out, "null");
	err = buf_adds(out, "{\"carrier\":");
	if (!err)
		err = c->carrier ? add_carrier(out, c) : buf_adds(out, "null");
	if (!err)
		err = buf_addf(out, ",\"usage\":%s,\"report\":%s}",
		               c->usage.len ? buf_str(&c->usage) : "null",
		               c->report.len ? buf_str(&c->report) : "null");
	return err;
}
