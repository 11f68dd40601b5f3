#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/mem.h"
#include "server/bots/priv.h"

enum { RESOLVE_EVERY_SEC = 5 };

/* What name servers said, on its way to the thread. */
struct found {
	struct fetchd_job job;
	struct bots *b;
	size_t n;
	struct bots_bot bot[BOTS_MAX];
};

/* A name server may take its time to answer, and nobody waits for that when
 * we end: the thread is detached, and whoever leaves last cleans up. */
struct bots_resolver {
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	struct bots *b; /* NULL: we have ended */
	struct bots_url url[BOTS_URLS_MAX];
	size_t n_urls;
};

static struct bots_bot *find_bot(struct bots *b, const struct bots_bot *like)
{
	size_t i;

	for (i = 0; i < b->n_bots; i++) {
		if (strcmp(b->bot[i].base, like->base) == 0 &&
		    strcmp(b->bot[i].address, like->address) == 0)
			return &b->bot[i];
	}
	return NULL;
}

static void list_bot(struct bots *b, const struct bots_bot *found)
{
	struct bots_bot *bot = find_bot(b, found);
	size_t i;

	for (i = 0; i < b->n_bots && !bot; i++) {
		/* One that has left makes room. */
		if (!b->bot[i].listed && !b->bot[i].probed &&
		    !b->bot[i].asked) {
			bot = &b->bot[i];
			*bot = *found;
		}
	}
	if (!bot && b->n_bots < BOTS_MAX) {
		bot = &b->bot[b->n_bots++];
		*bot = *found;
	}
	if (bot)
		bot->listed = true;
}

static void take_found(void *arg)
{
	struct found *f = arg;
	size_t i;

	for (i = 0; i < f->b->n_bots; i++)
		f->b->bot[i].listed = false;
	for (i = 0; i < f->n; i++)
		list_bot(f->b, &f->bot[i]);
	bots_update_state(f->b);
	mem_free(f);
}

static void add_found(struct found *f, const struct bots_url *u,
                      const char *address)
{
	struct bots_bot *bot;

	if (f->n == BOTS_MAX)
		return;
	bot = &f->bot[f->n++];
	memset(bot, 0, sizeof(*bot));
	memcpy(bot->base, u->base, sizeof(bot->base));
	snprintf(bot->address, sizeof(bot->address), "%s", address);
}

/* False: the name servers do not answer, so what was known stays. */
static bool resolve(struct found *f, const struct bots_url *u)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	                               .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL, *ai;
	int rc = getaddrinfo(u->host, NULL, &hints, &list);

	if (rc) {
		log_line(LOG_WARN, "bots", NULL,
		         "event=no_address host=%s err=\"%s\"", u->host,
		         gai_strerror(rc));
		return rc == EAI_NONAME;
	}
	for (ai = list; ai; ai = ai->ai_next) {
		char address[BOTS_ADDRESS_MAX];

		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, address,
		                sizeof(address), NULL, 0, NI_NUMERICHOST))
			continue;
		if (!u->tls && !bots_address_private(ai->ai_addr))
			log_line(LOG_WARN, "bots", NULL,
			         "event=public_address_left_out host=%s",
			         u->host);
		else
			add_found(f, u, address);
	}
	freeaddrinfo(list);
	return true;
}

/* NULL: no memory, or a name server that does not answer. */
static struct found *look(const struct bots_url *url, size_t n)
{
	struct found *f = mem_zalloc(sizeof(*f));
	bool all = true;
	size_t i;

	for (i = 0; f && i < n; i++) {
		if (url[i].named)
			all = resolve(f, &url[i]) && all;
		else
			add_found(f, &url[i], "");
	}
	if (f && !all) {
		mem_free(f);
		f = NULL;
	}
	return f;
}

static void hand_over(struct bots *b, struct found *f)
{
	f->b = b;
	f->job.run = take_found;
	f->job.arg = f;
	if (bots_post(b, &f->job))
		mem_free(f);
}

static void resolver_free(struct bots_resolver *r)
{
	pthread_cond_destroy(&r->stopped);
	pthread_mutex_destroy(&r->lock);
	mem_free(r);
}

/* Under the lock. */
static void pause_resolver(struct bots_resolver *r)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RESOLVE_EVERY_SEC;
	while (r->b) {
		if (pthread_cond_timedwait(&r->stopped, &r->lock, &until))
			break;
	}
}

static void *run_resolver(void *arg)
{
	struct bots_resolver *r = arg;

	pthread_mutex_lock(&r->lock);
	for (pause_resolver(r); r->b; pause_resolver(r)) {
		struct found *f;

		pthread_mutex_unlock(&r->lock);
		f = look(r->url, r->n_urls);
		pthread_mutex_lock(&r->lock);
		if (f && r->b)
			hand_over(r->b, f);
		else
			mem_free(f);
	}
	pthread_mutex_unlock(&r->lock);
	resolver_free(r);
	return NULL;
}

int bots_start_resolver(struct bots *b)
{
	struct bots_resolver *r = mem_zalloc(sizeof(*r));
	pthread_condattr_t attr;
	pthread_t thread;
	int err;

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->stopped, &attr);
	pthread_condattr_destroy(&attr);
	r->b = b;
	memcpy(r->url, b->url, sizeof(r->url));
	r->n_urls = b->n_urls;
	err = -pthread_create(&thread, NULL, run_resolver, r);
	if (err) {
		resolver_free(r);
		return err;
	}
	pthread_detach(thread);
	b->resolver = r;
	return 0;
}

void bots_stop_resolver(struct bots *b)
{
	struct bots_resolver *r = b->resolver;

	if (!r)
		return;
	b->resolver = NULL;
	/* From here on the thread owns it. */
	pthread_mutex_lock(&r->lock);
	r->b = NULL;
	pthread_cond_signal(&r->stopped);
	pthread_mutex_unlock(&r->lock);
}

void bots_look(struct bots *b)
{
	struct found *f = look(b->url, b->n_urls);

	if (f)
		hand_over(b, f);
}
