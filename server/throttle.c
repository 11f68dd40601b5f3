#include "server/throttle.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/netaddr.h"
#include "common/str.h"
#include "server/http/message.h"

enum { SETS = 256, WAYS = 4 }; /* 1024 addresses, some 80 KiB */

/* Counted in milliseconds of debt, so that time pays it back. */
struct debt {
	int64_t ms, at_ms;
};

struct entry {
	char address[THROTTLE_ADDRESS_MAX]; /* "": free */
	struct debt debt;
	int64_t right_ms; /* when a key was good; 0: never */
	bool told;        /* the log knows, until all is paid back */
};

struct throttle {
	pthread_mutex_t lock;
	struct entry entries[SETS][WAYS];
	struct debt all;
};

int throttle_new(struct throttle **tp)
{
	struct throttle *t = mem_zalloc(sizeof(*t));

	*tp = t;
	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	return 0;
}

void throttle_free(struct throttle **tp)
{
	if (!*tp)
		return;
	pthread_mutex_destroy(&(*tp)->lock);
	mem_free(*tp);
	*tp = NULL;
}

/* The last of the header's addresses: the one our own proxy has written. */
static bool last_forwarded(char dst[THROTTLE_ADDRESS_MAX],
                           const struct http_req *req)
{
	struct str rest, last = {NULL, 0};

	/* Of several headers, too, the last. */
	for (size_t i = 0; i < req->n_headers; i++)
		if (str_eq_nocase(str_of(req->headers[i].name),
		                  "X-Forwarded-For"))
			last = str_of(req->headers[i].value);
	for (rest = last; rest.v;)
		last = str_trim(str_cut(&rest, ','));
	if (!last.len || str_copy(dst, THROTTLE_ADDRESS_MAX, last))
		return false;
	return strspn(dst, "0123456789abcdefABCDEF.:") == last.len;
}

const char *throttle_address(char dst[THROTTLE_ADDRESS_MAX],
                             const struct http_req *req)
{
	if (netaddr_text_public(req->peer) || !last_forwarded(dst, req))
		snprintf(dst, THROTTLE_ADDRESS_MAX, "%s", req->peer);
	return dst;
}

/* FNV-1a: nobody gains from a collision but a place in the table. */
static unsigned set_of(const char *address)
{
	uint32_t h = 2166136261U;

	for (const char *c = address; *c; c++)
		h = (h ^ (unsigned char)*c) * 16777619U;
	return h % SETS;
}

static struct entry *find(struct throttle *t, const char *address)
{
	struct entry *set = t->entries[set_of(address)];

	for (unsigned i = 0; i < WAYS; i++)
		if (!strcmp(set[i].address, address))
			return &set[i];
	return NULL;
}

static bool is_known(const struct entry *e, int64_t now_ms)
{
	return e->right_ms && now_ms - e->right_ms < THROTTLE_KNOWN_MS;
}

/* Is @a the better one to forget? */
static bool is_worth_less(const struct entry *a, const struct entry *b,
                          int64_t now_ms)
{
	if (!a->address[0] || !b->address[0])
		return !a->address[0];
	if (is_known(a, now_ms) != is_known(b, now_ms))
		return !is_known(a, now_ms);
	return a->debt.at_ms < b->debt.at_ms;
}

static struct entry *find_or_add(struct throttle *t, const char *address,
                                 int64_t now_ms)
{
	struct entry *e = find(t, address);
	struct entry *set = t->entries[set_of(address)];

	if (e)
		return e;
	e = set;
	for (unsigned i = 1; i < WAYS; i++)
		if (is_worth_less(&set[i], e, now_ms))
			e = &set[i];
	memset(e, 0, sizeof(*e));
	snprintf(e->address, sizeof(e->address), "%s", address);
	e->debt.at_ms = now_ms;
	return e;
}

static int64_t owed(const struct debt *d, int64_t now_ms)
{
	int64_t ms = d->ms - (now_ms - d->at_ms);

	return ms > 0 ? ms : 0;
}

static void owe(struct debt *d, int64_t more_ms, int64_t now_ms)
{
	d->ms = owed(d, now_ms) + more_ms;
	d->at_ms = now_ms;
}

/* Until there is room for one more; 0: there is. */
static int64_t until(const struct debt *d, int64_t max, int64_t every_ms,
                     int64_t now_ms)
{
	int64_t ms = owed(d, now_ms) - (max - 1) * every_ms;

	return ms > 0 ? ms : 0;
}

unsigned throttle_wait(struct throttle *t, const char *address, int64_t now_ms)
{
	const struct debt none = {0, 0};
	const struct entry *e;
	int64_t ms, all_ms;

	if (!t)
		return 0;
	pthread_mutex_lock(&t->lock);
	e = find(t, address);
	ms = until(e ? &e->debt : &none, THROTTLE_OWN, THROTTLE_OWN_EVERY,
	           now_ms);
	all_ms = e && is_known(e, now_ms) ? 0
	                                  : until(&t->all, THROTTLE_ALL,
	                                          THROTTLE_ALL_EVERY, now_ms);
	pthread_mutex_unlock(&t->lock);
	if (all_ms > ms)
		ms = all_ms;
	return (unsigned)((ms + 999) / 1000);
}

void throttle_wrong(struct throttle *t, const char *address, int64_t now_ms)
{
	struct entry *e;
	bool tell;

	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	e = find_or_add(t, address, now_ms);
	if (!owed(&e->debt, now_ms))
		e->told = false;
	owe(&e->debt, THROTTLE_OWN_EVERY, now_ms);
	owe(&t->all, THROTTLE_ALL_EVERY, now_ms);
	tell = !e->told &&
	       until(&e->debt, THROTTLE_OWN, THROTTLE_OWN_EVERY, now_ms) > 0;
	e->told = e->told || tell;
	pthread_mutex_unlock(&t->lock);
	if (tell)
		log_line(LOG_WARN, "access", NULL,
		         "event=guessing address=%s hint=\"%d wrong keys; it "
		         "may now try one in %d s\"",
		         address, THROTTLE_OWN, THROTTLE_OWN_EVERY / 1000);
}

void throttle_right(struct throttle *t, const char *address, int64_t now_ms)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	find_or_add(t, address, now_ms)->right_ms = now_ms;
	pthread_mutex_unlock(&t->lock);
}
