#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/bots/priv.h"

enum {
	PROBE_EVERY_MS = 1000,
	PROBE_MS = 900,   /* [ms] a bot has to answer the question */
	FAILURES_MAX = 2, /* late answers in a row that mean it is gone */
	AUTH_MAX = 1024,  /* [bytes] of the header, with terminator */
};

void bots_update_state(struct bots *b)
{
	enum bots_state state = BOTS_NONE;
	size_t i;

	for (i = 0; i < b->n_bots; i++) {
		if (!b->bot[i].listed || !b->bot[i].alive)
			continue;
		if (b->bot[i].ready)
			state = BOTS_READY;
		else if (state == BOTS_NONE)
			state = BOTS_FULL;
	}
	atomic_store(&b->state, (int)state);
}

static void note_change(const struct bots_bot *bot, int err)
{
	char name[BOTS_NAME_MAX];

	if (bots_name(name, bot))
		return;
	if (bot->alive)
		log_line(LOG_INFO, "bots", NULL, "event=bot_answers bot=%s",
		         name);
	else
		log_line(LOG_WARN, "bots", NULL,
		         "event=bot_gone bot=%s err=\"%s\"", name,
		         err_str(err));
}

void bots_saw(struct bots *b, struct bots_bot *bot, int err, bool ready)
{
	bool was = bot->alive;

	if (!err) {
		bot->failures = 0;
		bot->alive = true;
		bot->ready = ready;
	} else if (++bot->failures >= FAILURES_MAX || err == -ECONNREFUSED) {
		bot->alive = bot->ready = false;
	}
	if (bot->alive != was)
		note_change(bot, err);
	bots_update_state(b);
}

struct probe {
	struct link link;
	struct bots *b;
	struct bots_bot *bot;
	struct fetch_req *req;
};

static void probe_answered(const struct fetch_result *r, void *arg)
{
	struct probe *p = arg;

	p->bot->probed = false;
	bots_saw(p->b, p->bot, r->err, r->status == 200);
	list_remove(&p->link);
	mem_free(p);
}

static int probe(struct bots *b, struct bots_bot *bot)
{
	char url[BOTS_BASE_MAX + 16];
	const struct fetch_params prm = {
		.method = "GET",
		.url = url,
		.address = bot->address[0] ? bot->address : NULL,
		.connect_ms = BOTS_CONNECT_MS,
		.total_ms = PROBE_MS,
		.max_body = 4096,
		.done = probe_answered,
		.arg = NULL,
	};
	struct fetch_params mine = prm;
	struct probe *p = mem_zalloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	snprintf(url, sizeof(url), "%s/readyz", bot->base);
	p->b = b;
	p->bot = bot;
	mine.arg = p;
	err = fetch_start(fetchd_fetch(b->d), &p->req, &mine);
	if (err) {
		mem_free(p);
		return err;
	}
	bot->probed = true;
	list_append(&b->probes, &p->link);
	return 0;
}

static void probe_all(void *arg)
{
	struct bots *b = arg;
	size_t i;

	for (i = 0; i < b->n_bots; i++) {
		struct bots_bot *bot = &b->bot[i];
		int err;

		if (!bot->listed || bot->probed)
			continue;
		err = probe(b, bot);
		if (err)
			bots_saw(b, bot, err, false);
	}
	fetchd_timer(b->d, &b->probe, PROBE_EVERY_MS, probe_all, b);
}

int bots_post(struct bots *b, struct fetchd_job *job)
{
	int err = 0;

	pthread_mutex_lock(&b->lock);
	if (b->closing)
		err = -ECANCELED;
	else
		fetchd_post(b->d, job);
	pthread_mutex_unlock(&b->lock);
	return err;
}

static int read_urls(struct bots *b, char *why, size_t why_cap)
{
	struct str list = str_of(b->urls);

	while (list.v) {
		struct str one = str_trim(str_cut(&list, ','));
		struct bots_url *u = &b->url[b->n_urls];

		if (!one.len)
			continue;
		if (b->n_urls == BOTS_URLS_MAX)
			return ERR_LIMIT;
		if (bots_url_parse(u, one)) {
			snprintf(why, why_cap,
			         "\"%.*s\" is no http(s)://host:port",
			         STR_ARG(one));
			return -EINVAL;
		}
		if (!u->tls && !u->named && !bots_literal_private(u->host)) {
			snprintf(why, why_cap,
			         "%s is a public address: use https://",
			         u->base);
			return -EINVAL;
		}
		b->n_urls++;
	}
	if (!b->n_urls)
		snprintf(why, why_cap, "no bot is named");
	return b->n_urls ? 0 : -EINVAL;
}

static int copy_texts(struct bots *b, const char *urls, const char *secret)
{
	b->urls = mem_strdup(urls);
	if (!b->urls)
		return -ENOMEM;
	if (!secret)
		return 0;
	b->auth = mem_alloc(AUTH_MAX);
	if (!b->auth)
		return -ENOMEM;
	return snprintf(b->auth, AUTH_MAX, "Authorization: Bearer %s", secret) <
	                       AUTH_MAX
	               ? 0
	               : ERR_LIMIT;
}

static void begin(void *arg)
{
	struct bots *b = arg;

	probe_all(b);
}

static bool any_named(const struct bots *b)
{
	size_t i;

	for (i = 0; i < b->n_urls; i++) {
		if (b->url[i].named)
			return true;
	}
	return false;
}

int bots_new(struct bots **bp, struct fetchd *d, const char *urls,
             const char *secret, char *why, size_t why_cap)
{
	struct bots *b = mem_zalloc(sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	snprintf(why, why_cap, "out of memory or limits");
	b->d = d;
	list_init(&b->probes);
	list_init(&b->errands);
	pthread_mutex_init(&b->lock, NULL);
	err = copy_texts(b, urls, secret);
	if (!err)
		err = read_urls(b, why, why_cap);
	if (!err && any_named(b))
		err = bots_start_resolver(b);
	if (err) {
		bots_free(&b);
		return err;
	}
	bots_look(b);
	fetchd_call(d, begin, b);
	*bp = b;
	return 0;
}

static void end_all(void *arg)
{
	struct bots *b = arg;

	fetchd_timer_stop(b->d, &b->probe);
	while (!list_empty(&b->probes)) {
		struct probe *p =
			CONTAINER_OF(b->probes.next, struct probe, link);

		list_remove(&p->link);
		fetch_cancel(&p->req);
		mem_free(p);
	}
	bots_end_errands(b);
}

void bots_free(struct bots **bp)
{
	struct bots *b = *bp;

	*bp = NULL;
	if (!b)
		return;
	bots_stop_resolver(b);
	pthread_mutex_lock(&b->lock);
	b->closing = true;
	pthread_mutex_unlock(&b->lock);
	fetchd_call(b->d, end_all, b);
	pthread_mutex_destroy(&b->lock);
	mem_free(b->auth);
	mem_free(b->urls);
	mem_free(b);
}

enum bots_state bots_state(struct bots *b)
{
	return (enum bots_state)atomic_load(&b->state);
}

const char *bots_urls(const struct bots *b)
{
	return b->urls;
}
