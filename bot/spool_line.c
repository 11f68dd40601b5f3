/*
 * The lines of a spool file: how they are written, and what is left of many.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/spool_impl.h"
#include "common/buf.h"
#include "common/mem.h"

enum { SUM_LEN = 8 /* digits */ };

/* CRC-32 as in Ethernet: finds torn writes, not forgers. Four bits a step,
 * since a table of 16 stays in the cache of a loop that has other things to
 * do. */
static uint32_t crc32_of(const char *v, size_t len)
{
	static const uint32_t step[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint8_t)v[i];
		crc = crc >> 4 ^ step[crc & 15];
		crc = crc >> 4 ^ step[crc & 15];
	}
	return ~crc;
}

/* Does it hold its place in a line of words? */
static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.v[i] <= ' ')
			return false;
	return s.len > 0;
}

/* Put the sum of what follows @from in front of it, and end the line. */
static int seal(struct buf *out, size_t from)
{
	const size_t body = from + SUM_LEN + 1;
	char sum[SUM_LEN + 1];

	snprintf(sum, sizeof(sum), "%08x",
	         crc32_of(out->v + body, out->len - body));
	memcpy(out->v + from, sum, SUM_LEN);
	return buf_adds(out, "\n");
}

int spool_line_seal(struct buf *out, struct str body)
{
	const size_t from = out->len;
	int err = buf_addf(out, "%*s ", SUM_LEN, "");

	if (!err)
		err = buf_add(out, body.v, body.len);
	return err ? err : seal(out, from);
}

int spool_line_event(struct buf *out, const struct spool_event *e,
                     const char *call_id, const char *url)
{
	const size_t from = out->len;
	int err;

	if (!is_word(str_n(e->id, e->id_len)) || !is_word(str_of(call_id)) ||
	    !is_word(str_of(url)) || memchr(e->json, '\n', e->len))
		return -EINVAL;
	err = buf_addf(out, "%*s E %.*s %s %s ", SUM_LEN, "", (int)e->id_len,
	               e->id, call_id, url);
	if (!err)
		err = buf_add(out, e->json, e->len);
	if (!err)
		err = seal(out, from);
	if (err)
		out->len = from;
	return err;
}

int spool_line_done(struct buf *out, struct str id)
{
	const size_t from = out->len;
	int err = is_word(id) ? buf_addf(out, "%*s D %.*s", SUM_LEN, "",
	                                 STR_ARG(id))
	                      : -EINVAL;

	if (!err)
		err = seal(out, from);
	if (err)
		out->len = from;
	return err;
}

bool spool_line_read(struct spool_line *l, struct str line)
{
	char sum[SUM_LEN + 1];
	struct str rest, kind;

	if (line.len <= SUM_LEN + 1 || line.v[SUM_LEN] != ' ')
		return false;
	rest = str_n(line.v + SUM_LEN + 1, line.len - SUM_LEN - 1);
	snprintf(sum, sizeof(sum), "%08x", crc32_of(rest.v, rest.len));
	if (memcmp(sum, line.v, SUM_LEN) != 0)
		return false;
	l->text = line;
	kind = str_cut(&rest, ' ');
	l->is_event = str_eq(kind, "E");
	if (!l->is_event && !str_eq(kind, "D"))
		return false;
	l->id = str_cut(&rest, ' ');
	if (!l->is_event)
		return is_word(l->id);
	l->call_id = str_cut(&rest, ' ');
	l->url = str_cut(&rest, ' ');
	l->json = rest;
	return is_word(l->id) && is_word(l->call_id) && is_word(l->url) &&
	       l->json.len;
}

/* ---- what is left ------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	const size_t n = x->len < y->len ? x->len : y->len;
	const int c = memcmp(x->v, y->v, n);

	if (c)
		return c;
	return x->len < y->len ? -1 : x->len > y->len;
}

/* All that is done, sorted. */
static int list_done(struct str text, struct str **list, size_t *n, size_t *bad)
{
	size_t cap = 0;

	while (text.len) {
		struct spool_line l;

		if (!spool_line_read(&l, str_cut(&text, '\n'))) {
			++*bad;
			continue;
		}
		if (l.is_event)
			continue;
		if (*n == cap) {
			struct str *more;

			cap = cap ? 2 * cap : 256;
			more = mem_realloc(*list, cap * sizeof(*more));
			if (!more)
				return -ENOMEM;
			*list = more;
		}
		(*list)[(*n)++] = l.id;
	}
	if (*n)
		qsort(*list, *n, sizeof(**list), compare);
	return 0;
}

int spool_lines_left(struct str text, spool_line_h *h, void *arg, size_t *bad)
{
	struct str *list = NULL;
	size_t n = 0;
	int err = list_done(text, &list, &n, bad);

	while (text.len && !err) {
		struct spool_line l;

		if (!spool_line_read(&l, str_cut(&text, '\n')) || !l.is_event)
			continue;
		if (n && bsearch(&l.id, list, n, sizeof(*list), compare))
			continue;
		err = h(&l, arg);
	}
	mem_free(list);
	return err;
}

/* ---- events and feeds -------------------------------------------------- */

struct spool_event *spool_event_new(struct str json, struct str id)
{
	struct spool_event *e = mem_alloc(sizeof(*e) + json.len + 1);

	if (!e)
		return NULL;
	e->next = NULL;
	e->len = json.len;
	e->id = e->json + (id.v - json.v);
	e->id_len = id.len;
	memcpy(e->json, json.v, json.len);
	e->json[json.len] = '\0';
	return e;
}

static struct spool_feed *feed_new(const struct spool_line *l)
{
	struct spool_feed *f = mem_zalloc(sizeof(*f));

	if (!f)
		return NULL;
	f->tail = &f->head;
	f->url = mem_strndup(l->url.v, l->url.len);
	f->call_id = mem_strndup(l->call_id.v, l->call_id.len);
	if (f->url && f->call_id)
		return f;
	spool_feed_free(f);
	return NULL;
}

/* The id as it stands in the object: "event_id" is its first member. */
static struct str id_within(struct str json, struct str id)
{
	static const char before[] = "{\"event_id\":\"";
	const size_t n = sizeof(before) - 1;

	if (json.len > n + id.len && !memcmp(json.v, before, n) &&
	    !memcmp(json.v + n, id.v, id.len))
		return str_n(json.v + n, id.len);
	return str_n(json.v, 0);
}

static int add_line(const struct spool_line *l, void *arg)
{
	struct spool_feeds *all = arg;
	const size_t at = crc32_of(l->call_id.v, l->call_id.len) %
	                  ARRAY_LEN(all->buckets);
	struct spool_feed *f = all->buckets[at];
	struct spool_event *e;
	struct str id = id_within(l->json, l->id);

	if (!id.len)
		return 0; /* of another version; nobody could take it off */
	while (f && !(str_eq(l->call_id, f->call_id) && str_eq(l->url, f->url)))
		f = f->bucket;
	if (!f) {
		f = feed_new(l);
		if (!f)
			return -ENOMEM;
		f->bucket = all->buckets[at];
		all->buckets[at] = f;
		*all->tail = f;
		all->tail = &f->next;
	}
	e = spool_event_new(l->json, id);
	if (!e)
		return -ENOMEM;
	*f->tail = e;
	f->tail = &e->next;
	f->n++;
	f->bytes += e->len;
	return 0;
}

int spool_feeds_read(struct str text, struct spool_feed **list, size_t *bad)
{
	struct spool_feeds all = {.head = NULL};
	int err;

	all.tail = &all.head;
	err = spool_lines_left(text, add_line, &all, bad);
	if (err) {
		spool_feed_free(all.head);
		all.head = NULL;
	}
	*list = all.head;
	return err;
}

void spool_feed_free(struct spool_feed *list)
{
	while (list) {
		struct spool_feed *f = list;

		list = f->next;
		while (f->head) {
			struct spool_event *e = f->head;

			f->head = e->next;
			mem_free(e);
		}
		mem_free(f->url);
		mem_free(f->call_id);
		mem_free(f);
	}
}
