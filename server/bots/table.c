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
	PROBE_MS = 900,     /* [ms] a bot has to answer the question */
	FAILURES_MAX = 2,   /* late answers in a row that mean it is gone */
	AUTH_MAX = 1024,    /* [bytes] of the header, with terminator */
	LAST_MS_MIN = 1000, /* [ms] of the last question, at least */
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
		bot->silent = 0;
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

static void probe_done(struct probe *p)
{
	list_remove(&p->link);
	mem_free(p);
}

static int ask(struct bots *b, struct bots_bot *bot, uint32_t ms,
               fetch_done_h *done)
{
	char url[BOTS_BASE_MAX + 16];
	struct probe *p = mem_zalloc(sizeof(*p));
	const struct fetch_params prm = {
		.method = "GET",
		.url = url,
		.address = bot->address[0] ? bot->address : NULL,
		.connect_ms = BOTS_CONNECT_MS,
		.total_ms = ms,
		.max_body = 4096,
		/* The last question must not go down with an old line. */
		.fresh = bot->silent > 0,
		.done = done,
		.arg = p,
	};
	int err;

	if (!p)
		return -ENOMEM;
	snprintf(url, sizeof(url), "%s/readyz", bot->base);
	p->b = b;
	p->bot = bot;
	err = fetch_start(fetchd_fetch(b->d), &p->req, &prm);
	if (err) {
		mem_free(p);
		return err;
	}
	list_append(&b->probes, &p->link);
	return 0;
}

/* Its kernel took the question, and the process says nothing. A machine or a
 * network that is gone does not even take it. */
static bool is_silence(const struct fetch_result *r)
{
	return r->err == -ETIMEDOUT && r->sent && !r->status;
}

static void last_answered(const struct fetch_result *r, void *arg)
{
	struct probe *p = arg;
	struct bots *b = p->b;
	struct bots_bot *bot = p->bot;
	char name[BOTS_NAME_MAX];

	probe_done(p);
	bot->asked = false;
	if (!r->err)
		bots_saw(b, bot, 0, r->status == 200);
	/* An answer to any other question is one, too. */
	if (!is_silence(r) || bot->silent < FAILURES_MAX || !bot->listed ||
	    bots_name(name, bot))
		return;
	b->hung(name, b->hung_arg);
}

/* What does not answer in all that time sends no voice either, for both are
 * the work of one thread. */
static void ask_last(struct bots *b, struct bots_bot *bot)
{
	const uint32_t before = FAILURES_MAX * PROBE_EVERY_MS;
	const uint32_t ms = b->hung_ms > before + LAST_MS_MIN
	                            ? b->hung_ms - before
	                            : LAST_MS_MIN;

	bot->asked = !ask(b, bot, ms, last_answered);
}

static void probe_answered(const struct fetch_result *r, void *arg)
{
	struct probe *p = arg;
	struct bots *b = p->b;
	struct bots_bot *bot = p->bot;
	const unsigned silent = is_silence(r) ? bot->silent + 1 : 0;

	probe_done(p);
	bot->probed = false;
	bots_saw(b, bot, r->err, r->status == 200);
	bot->silent = silent;
	if (silent >= FAILURES_MAX && b->hung && !bot->asked)
		ask_last(b, bot);
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
		err = ask(b, bot, PROBE_MS, probe_answered);
		if (err)
			bots_saw(b, bot, err, false);
		else
			bot->probed = true;
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
			         "\"%.*s\" is no http(s)://host:port: write "
			         "BOT_URL=http://127.0.0.1:7861",
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
		snprintf(
			why, why_cap,
			"no bot is named: write BOT_URL=http://127.0.0.1:7861");
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
	snprintf(why, why_cap,
	         "there is no memory, or no file left to open: raise the "
	         "limits of the service");
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

		fetch_cancel(&p->req);
		probe_done(p);
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

struct hung_wish {
	struct bots *b;
	uint32_t after_ms;
	bots_hung_h *hung;
	void *arg;
};

static void set_hung(void *arg)
{
	const struct hung_wish *w = arg;

	w->b->hung_ms = w->after_ms;
	w->b->hung = w->hung;
	w->b->hung_arg = w->arg;
}

void bots_watch_hung(struct bots *b, uint32_t after_ms, bots_hung_h *hung,
                     void *arg)
{
	struct hung_wish w = {b, after_ms, hung, arg};

	fetchd_call(b->d, set_hung, &w);
}

enum bots_state bots_state(struct bots *b)
{
	return (enum bots_state)atomic_load(&b->state);
}

const char *bots_urls(const struct bots *b)
{
	return b->urls;
}
