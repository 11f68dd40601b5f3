#define _POSIX_C_SOURCE 200809L
#include "tests/fake/fleet.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"
#include "tests/harness/test.h"

struct fleet fleet = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.call = {.call_id = "c1",
                 .to = "+15551234567",
                 .from = "+15557654321",
                 .ttl_sec = 165},
};

static void note(struct peer_conn *c, struct fleet_bot *bot)
{
	memcpy(bot->last, c->request, sizeof(bot->last));
	snprintf(bot->lines + strlen(bot->lines),
	         sizeof(bot->lines) - strlen(bot->lines), "%.*s|",
	         (int)strcspn(c->request, "\r") - 9, c->request);
	if (strncmp(c->request, "POST /reserve ", 14) == 0)
		bot->reserves++;
}

static void answer(struct peer_conn *c, const struct fleet_bot *bot, bool cut)
{
	bool asks = strncmp(c->request, "POST /reserve ", 14) == 0;

	if (bot->silent)
		peer_wait(c, 10000);
	else if (bot->resets || cut)
		peer_reset(c);
	else
		peer_answer(c, asks ? bot->reserve : bot->then, "",
		            asks ? bot->body : "");
}

static void be_a_bot(struct peer_conn *c, void *arg)
{
	struct fleet_bot *bot = arg;

	while (c->fd >= 0 && peer_read(c)) {
		struct fleet_bot now = {0};
		bool cut;

		if (strncmp(c->request, "GET /readyz ", 12) == 0) {
			pthread_mutex_lock(&fleet.lock);
			now.ready = bot->ready;
			pthread_mutex_unlock(&fleet.lock);
			peer_answer(c, now.ready, "", "{}");
			continue;
		}
		pthread_mutex_lock(&fleet.lock);
		note(c, bot);
		cut = bot->resets_first > 0;
		bot->resets_first -= cut;
		now.reserve = bot->reserve;
		now.body = bot->body;
		now.silent = bot->silent;
		now.resets = bot->resets;
		now.then = bot->then;
		pthread_mutex_unlock(&fleet.lock);
		answer(c, &now, cut);
	}
}

struct peer *fleet_bot(struct fleet_bot *bot)
{
	if (!bot->reserve)
		bot->reserve = 200;
	if (!bot->ready)
		bot->ready = 200;
	if (!bot->body)
		bot->body = FLEET_PLACE;
	return peer_new(be_a_bot, bot);
}

void fleet_open(const char *urls)
{
	const struct fetch_opts opts = {0};

	CHECK_INT(0, fetchd_new(&fleet.d, &opts));
	if (bots_new(&fleet.b, fleet.d, urls, FLEET_SECRET, fleet.why,
	             sizeof(fleet.why)))
		test_fail(__FILE__, __LINE__, "%s", fleet.why);
}

void fleet_open_two(struct peer *p, struct peer *q)
{
	char urls[128];

	snprintf(urls, sizeof(urls), "%s, %s/", peer_url(p), peer_url(q));
	fleet_open(urls);
}

void fleet_close(void)
{
	bots_free(&fleet.b);
	CHECK(fleet.b == NULL);
	fetchd_free(&fleet.d);
	CHECK_INT(0, mem_live());
}

unsigned fleet_reserves(const struct fleet_bot *bot)
{
	unsigned n;

	pthread_mutex_lock(&fleet.lock);
	n = bot->reserves;
	pthread_mutex_unlock(&fleet.lock);
	return n;
}

int fleet_reserve(void)
{
	fleet.text[0] = '\0';
	return bots_reserve_wait(fleet.b, &fleet.call, &fleet.place, fleet.text,
	                         sizeof(fleet.text));
}

uint64_t fleet_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}
