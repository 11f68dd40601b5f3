#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/mem.h"
#include "server/bots/bots.h"
#include "tests/fake/peer.h"
#include "tests/harness/test.h"

#define ID     "abcdefghijklmnopqrstuv"
#define SECRET "0123456789012345678901234567890123456789"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fetchd *d;
static struct bots *b;
static char why[256], text[128];
static struct bots_place place;

/* How a bot behaves: statuses of its answers. */
struct bot {
	int reserve, ready;
	const char *body; /* of the answer to /reserve */
	bool silent, resets;
	unsigned reserves; /* requests for a place */
	char last[PEER_TEXT_MAX];
	char lines[1024];      /* "METHOD path" of all but probes */
	int then;              /* what the simple requests get */
	unsigned resets_first; /* so many of them are cut */
};

static const char good_body[] = "{\"id\":\"" ID "\",\"stream_url\":null,"
				"\"calls\":1,\"capacity\":10}";

static void note(struct peer_conn *c, struct bot *bot)
{
	memcpy(bot->last, c->request, sizeof(bot->last));
	snprintf(bot->lines + strlen(bot->lines),
	         sizeof(bot->lines) - strlen(bot->lines), "%.*s|",
	         (int)strcspn(c->request, "\r") - 9, c->request);
	if (strncmp(c->request, "POST /reserve ", 14) == 0)
		bot->reserves++;
}

static void answer(struct peer_conn *c, const struct bot *bot, bool cut)
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
	struct bot *bot = arg;

	while (c->fd >= 0 && peer_read(c)) {
		struct bot now = {0};
		bool cut;

		if (strncmp(c->request, "GET /readyz ", 12) == 0) {
			pthread_mutex_lock(&lock);
			now.ready = bot->ready;
			pthread_mutex_unlock(&lock);
			peer_answer(c, now.ready, "", "{}");
			continue;
		}
		pthread_mutex_lock(&lock);
		note(c, bot);
		cut = bot->resets_first > 0;
		bot->resets_first -= cut;
		now.reserve = bot->reserve;
		now.body = bot->body;
		now.silent = bot->silent;
		now.resets = bot->resets;
		now.then = bot->then;
		pthread_mutex_unlock(&lock);
		answer(c, &now, cut);
	}
}

static struct peer *peer_of(struct bot *bot)
{
	if (!bot->reserve)
		bot->reserve = 200;
	if (!bot->ready)
		bot->ready = 200;
	if (!bot->body)
		bot->body = good_body;
	return peer_new(be_a_bot, bot);
}

static void open_urls(const char *urls)
{
	const struct fetch_opts opts = {0};

	CHECK_INT(0, fetchd_new(&d, &opts));
	if (bots_new(&b, d, urls, SECRET, why, sizeof(why)))
		test_fail(__FILE__, __LINE__, "%s", why);
}

static void open_two(struct peer *p, struct peer *q)
{
	char urls[128];

	snprintf(urls, sizeof(urls), "%s, %s/", peer_url(p), peer_url(q));
	open_urls(urls);
}

static void end(void)
{
	bots_free(&b);
	CHECK(b == NULL);
	fetchd_free(&d);
	CHECK_INT(0, mem_live());
}

static unsigned reserves_of(const struct bot *bot)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = bot->reserves;
	pthread_mutex_unlock(&lock);
	return n;
}

static struct bots_call call = {.call_id = "c1",
                                .to = "+15551234567",
                                .from = "+15557654321",
                                .ttl_sec = 165};

static int reserve(void)
{
	text[0] = '\0';
	return bots_reserve_wait(b, &call, &place, text, sizeof(text));
}

static void a_place_is_asked_for_with_everything(void)
{
	static struct bot bot = {
		.body = "{\"id\":\"" ID "\",\"calls\":3,\"capacity\":7,"
			"\"stream_url\":\"wss://v.example/b3/ws/" ID "\"}"};
	struct peer *p = peer_of(&bot);

	call.agent = "clinic";
	call.body = "{\"n\": 42.80, \"n\":1e400}";
	call.events_url = "https://x.example/bot-events";
	open_urls(peer_url(p));
	CHECK_INT(0, reserve());
	CHECK_STR(ID, place.id);
	CHECK_STR(peer_url(p), place.bot);
	CHECK_STR("wss://v.example/b3/ws/" ID, place.stream_url);
	CHECK_INT(3, place.calls);
	CHECK_INT(7, place.capacity);
	end();
	peer_free(&p);
	CHECK(strstr(bot.last, "Authorization: Bearer " SECRET "\r\n"));
	CHECK(strstr(bot.last, "Content-Type: application/json\r\n"));
	CHECK_STR("{\"call_id\":\"c1\",\"to\":\"+15551234567\","
	          "\"from\":\"+15557654321\",\"agent\":\"clinic\","
	          "\"events_url\":\"https://x.example/bot-events\","
	          "\"ttl\":165,\"body\":{\"n\": 42.80, \"n\":1e400}}",
	          strstr(bot.last, "\r\n\r\n") + 4);
}

static void one_that_cannot_is_followed_by_the_next(void)
{
	static const struct {
		int reserve;
		const char *body;
		bool resets;
	} faults[] = {
		{503, "{\"detail\":\"full\"}", false},
		{401, "", false},
		{500, "", false},
		{200, "no JSON", false},
		{200, "{\"id\":\"short\"}", false},
		{200, "{\"id\":\"" ID "\",\"stream_url\":\"http://x\"}", false},
		{200, good_body, true},
	};
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		struct bot bad = {.reserve = faults[i].reserve,
		                  .body = faults[i].body,
		                  .resets = faults[i].resets};
		struct bot good = {0};
		struct peer *p = peer_of(&bad), *q = peer_of(&good);

		open_two(p, q);
		/* Until it is the bad one's turn to be first. */
		for (n = 0; n < 100 && !reserves_of(&bad); n++) {
			CHECK_INT(0, reserve());
			CHECK_STR(peer_url(q), place.bot);
		}
		CHECK_INT(n, reserves_of(&good));
		CHECK(reserves_of(&bad) >= 1);
		end();
		peer_free(&p);
		peer_free(&q);
	}
}

static void one_that_is_not_there_is_followed_by_the_next(void)
{
	static struct bot good;
	struct peer *q = peer_of(&good);
	char urls[128];

	snprintf(urls, sizeof(urls), "http://127.0.0.1:%u,%s", peer_dead_port(),
	         peer_url(q));
	open_urls(urls);
	CHECK_INT(0, reserve());
	CHECK_STR(peer_url(q), place.bot);
	CHECK_STR("", place.stream_url);
	end();
	peer_free(&q);
}

static void an_unknown_agent_is_not_looked_for_elsewhere(void)
{
	static struct bot one = {.reserve = 404,
	                         .body = "{\"detail\":\"no agent x\"}"};
	static struct bot two = {.reserve = 404,
	                         .body = "{\"detail\":\"no agent x\"}"};
	struct peer *p = peer_of(&one), *q = peer_of(&two);

	open_two(p, q);
	CHECK_INT(-ENOENT, reserve());
	CHECK_STR("no agent x", text);
	CHECK_INT(1, reserves_of(&one) + reserves_of(&two));
	end();
	peer_free(&p);
	peer_free(&q);
}

static void the_best_reason_is_given(void)
{
	static struct bot full = {.reserve = 503,
	                          .body = "{\"detail\":\"10 of 10\"}"};
	static struct bot shut = {.reserve = 401, .body = "{}"};
	struct peer *p = peer_of(&full), *q = peer_of(&shut);
	char urls[64];

	open_two(p, q);
	CHECK_INT(ERR_LIMIT, reserve());
	CHECK_STR("10 of 10", text);
	end();
	open_urls(peer_url(q));
	CHECK_INT(ERR_AUTH, reserve());
	end();
	snprintf(urls, sizeof(urls), "http://127.0.0.1:%u", peer_dead_port());
	open_urls(urls);
	CHECK_INT(-EHOSTUNREACH, reserve());
	CHECK_STR(urls, bots_urls(b));
	end();
	peer_free(&p);
	peer_free(&q);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void waiting_has_an_end(void)
{
	static struct bot one = {.silent = true}, two = {.silent = true};
	struct peer *p = peer_of(&one), *q = peer_of(&two);
	uint64_t begin;

	open_two(p, q);
	call.wait_ms = 200;
	begin = now_ms();
	CHECK_INT(-ETIMEDOUT, reserve());
	CHECK(now_ms() - begin >= 190);
	CHECK(now_ms() - begin < 1500);
	pthread_mutex_lock(&lock);
	two.silent = false;
	pthread_mutex_unlock(&lock);
	/* One that hangs costs two seconds, not the call. */
	call.wait_ms = 6000;
	CHECK_INT(0, reserve());
	CHECK_INT(0, reserve());
	CHECK_STR(peer_url(q), place.bot);
	CHECK(now_ms() - begin < 6000);
	end();
	peer_free(&p);
	peer_free(&q);
}

static void bots_take_turns(void)
{
	static struct bot one, two;
	struct peer *p = peer_of(&one), *q = peer_of(&two);
	int i;

	open_two(p, q);
	for (i = 0; i < 1000 && bots_state(b) != BOTS_READY; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	for (i = 0; i < 6; i++)
		CHECK_INT(0, reserve());
	/* The first may have been asked before the other had answered. */
	CHECK(reserves_of(&one) >= 2);
	CHECK(reserves_of(&two) >= 2);
	CHECK_INT(6, reserves_of(&one) + reserves_of(&two));
	end();
	peer_free(&p);
	peer_free(&q);
}

static void wait_for_state(enum bots_state state)
{
	int i;

	for (i = 0; i < 800 && bots_state(b) != state; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	CHECK_INT(state, bots_state(b));
}

static void the_state_follows_the_bots(void)
{
	static struct bot bot;
	struct peer *p = peer_of(&bot);
	uint64_t begin;

	open_urls(peer_url(p));
	wait_for_state(BOTS_READY);
	pthread_mutex_lock(&lock);
	bot.ready = 503;
	pthread_mutex_unlock(&lock);
	wait_for_state(BOTS_FULL);
	begin = now_ms();
	peer_free(&p);
	wait_for_state(BOTS_NONE);
	CHECK(now_ms() - begin < 2000);
	end();
}

static void every_address_of_a_name_is_a_bot(void)
{
	static struct bot bot;
	struct peer *p = peer_of(&bot);
	char urls[64], name[96], host[64];
	unsigned port;
	bool tls;

	/* A name that is resolved without a name server. */
	snprintf(urls, sizeof(urls), "http://127.1:%u", peer_port(p));
	snprintf(name, sizeof(name), "%s#127.0.0.1", urls);
	open_urls(urls);
	CHECK_INT(0, reserve());
	CHECK_STR(name, place.bot);
	bot.then = 200;
	CHECK_INT(0, bots_check_wait(b, place.bot, place.id));
	CHECK_INT(0, bots_target(place.bot, host, sizeof(host), &port, &tls));
	CHECK_STR("127.0.0.1", host);
	CHECK_INT(peer_port(p), port);
	CHECK(!tls);
	bots_free(&b);
	fetchd_free(&d);
	peer_free(&p);
}

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned told;
static int told_err;

static void on_done(int err, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	told++;
	told_err = err;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static int wait_told(int err)
{
	CHECK_INT(0, err);
	pthread_mutex_lock(&lock);
	while (!told)
		pthread_cond_wait(&changed, &lock);
	CHECK_INT(1, told);
	told = 0;
	err = told_err;
	pthread_mutex_unlock(&lock);
	return err;
}

static void a_place_is_prepared_checked_and_released(void)
{
	static struct bot bot = {.then = 202};
	struct peer *p = peer_of(&bot);
	const char *url = peer_url(p);

	open_urls(url);
	CHECK_INT(0, wait_told(bots_prepare(b, url, ID, "u-1", on_done, NULL)));
	CHECK_STR("{\"call_uuid\":\"u-1\"}", strstr(bot.last, "\r\n\r\n") + 4);
	bot.then = 200;
	CHECK_INT(0, bots_check_wait(b, url, ID));
	bot.then = 204;
	CHECK_INT(0, wait_told(bots_release(b, url, ID, on_done, NULL)));
	CHECK(strstr(bot.last, "Authorization: Bearer " SECRET "\r\n"));
	bot.then = 404;
	CHECK_INT(0, wait_told(bots_release(b, url, ID, on_done, NULL)));
	CHECK_INT(-ENOENT, bots_check_wait(b, url, ID));
	CHECK_INT(-ENOENT,
	          wait_told(bots_prepare(b, url, ID, "u-1", on_done, NULL)));
	CHECK_STR("POST /reserve/" ID "/prepare|GET /reserve/" ID "|"
	          "DELETE /reserve/" ID "|DELETE /reserve/" ID "|"
	          "GET /reserve/" ID "|POST /reserve/" ID "/prepare|",
	          bot.lines);
	end();
	peer_free(&p);
}

static void giving_up_a_place_is_repeated(void)
{
	static struct bot bot = {.then = 204, .resets_first = 2};
	struct peer *p = peer_of(&bot);
	const char *url = peer_url(p);
	char gone[64];

	open_urls(url);
	CHECK_INT(0, wait_told(bots_release(b, url, ID, on_done, NULL)));
	CHECK_STR("DELETE /reserve/" ID "|DELETE /reserve/" ID
	          "|DELETE /reserve/" ID "|",
	          bot.lines);
	pthread_mutex_lock(&lock);
	/* The library repeats what was lost with a used connection. */
	bot.resets_first = 9;
	bot.lines[0] = '\0';
	pthread_mutex_unlock(&lock);
	CHECK_INT(-ECONNRESET,
	          wait_told(bots_prepare(b, url, ID, "u", on_done, NULL)));
	snprintf(gone, sizeof(gone), "http://127.0.0.1:%u", peer_dead_port());
	CHECK_INT(-ECONNREFUSED,
	          wait_told(bots_release(b, gone, ID, on_done, NULL)));
	end();
	peer_free(&p);
}

static void wait_for_lines(const struct bot *bot, const char *want)
{
	const struct timespec pause = {0, 10 * 1000000};
	bool there = false;

	for (int i = 0; !there; i++) {
		CHECK(i < 500);
		pthread_mutex_lock(&lock);
		there = strcmp(bot->lines, want) == 0;
		pthread_mutex_unlock(&lock);
		nanosleep(&pause, NULL);
	}
}

static void the_place_of_a_call_is_given_up_wherever_it_is(void)
{
	static struct bot one = {.then = 404},
			  two = {.then = 204, .resets_first = 1};
	struct peer *p = peer_of(&one), *q = peer_of(&two);

	open_two(p, q);
	CHECK_INT(-EINVAL, bots_release_call(b, "../x"));
	CHECK_INT(0, bots_release_call(b, ID));
	wait_for_lines(&one, "DELETE /reserve/" ID "|");
	wait_for_lines(&two, "DELETE /reserve/" ID "|DELETE /reserve/" ID "|");
	end();
	peer_free(&p);
	peer_free(&q);
}

static void a_check_takes_half_a_second_at_most(void)
{
	static struct bot bot = {.silent = true};
	struct peer *p = peer_of(&bot);
	uint64_t begin;

	open_urls(peer_url(p));
	begin = now_ms();
	CHECK_INT(-ETIMEDOUT, bots_check_wait(b, peer_url(p), ID));
	CHECK(now_ms() - begin < 1500);
	CHECK_INT(-EINVAL, bots_check_wait(b, peer_url(p), "../x"));
	CHECK_INT(-EINVAL, bots_check_wait(b, "nonsense", ID));
	end();
	peer_free(&p);
}

static void what_is_too_large_is_not_sent(void)
{
	static char body[200 * 1024];
	static struct bot bot;
	struct peer *p = peer_of(&bot);

	memset(body, '1', sizeof(body) - 1);
	open_urls(peer_url(p));
	call.body = body;
	CHECK_INT(-EINVAL, reserve());
	CHECK_INT(0, reserves_of(&bot));
	end();
	peer_free(&p);
}

static void only_sound_urls_are_taken(void)
{
	static const struct {
		const char *urls, *why; /* NULL: good */
	} cases[] = {
		{"http://127.0.0.1:7861", NULL},
		{"http://localhost:7861/", NULL},
		{"http://[::1]:7861,https://8.8.8.8", NULL},
		{"http://10.0.0.7:1,http://172.31.0.1,http://192.168.1.1",
	         NULL},
		{"https://bots.invalid/b3", NULL},
		{"", "no bot"},
		{" , ", "no bot"},
		{"http://8.8.8.8:7861", "public"},
		{"http://172.32.0.1", "public"},
		{"http://[2001:db8::1]:7861", "public"},
		{"http://[::ffff:8.8.8.8]", "public"},
		{"http://[::ffff:127.0.0.1]", NULL},
		{"http://127.0.0.1:", "no http"},
		{"http://[::1]:", "no http"},
		{"http://[::1]x", "no http"},
		{"ftp://127.0.0.1", "no http"},
		{"http://u:p@127.0.0.1", "no http"},
		{"http://127.0.0.1:0", "no http"},
		{"http://127.0.0.1:99999", "no http"},
		{"http://[::1", "no http"},
		{"http://127.0.0.1/a?b", "no http"},
		{"http://", "no http"},
		{"127.0.0.1:7861", "no http"},
	};
	const struct fetch_opts opts = {0};
	size_t i;

	CHECK_INT(0, fetchd_new(&d, &opts));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		int err =
			bots_new(&b, d, cases[i].urls, NULL, why, sizeof(why));

		if (err != (cases[i].why ? -EINVAL : 0) ||
		    (cases[i].why && !strstr(why, cases[i].why)))
			test_fail(__FILE__, __LINE__, "\"%s\": %d \"%s\"",
			          cases[i].urls, err, why);
		if (!err)
			bots_free(&b);
	}
	fetchd_free(&d);
}

static void on_reserved(int err, const struct bots_place *pl, const char *t,
                        void *arg)
{
	(void)t;
	CHECK(!pl);
	on_done(err, arg);
}

static void the_end_ends_what_is_under_way(void)
{
	static struct bot bot = {.silent = true};
	struct peer *p = peer_of(&bot);

	open_urls(peer_url(p));
	CHECK_INT(0, bots_reserve(b, &call, on_reserved, NULL));
	CHECK_INT(0, bots_release(b, peer_url(p), ID, on_done, NULL));
	CHECK_INT(0, bots_release(b, peer_url(p), ID, NULL, NULL));
	end();
	CHECK_INT(2, told);
	CHECK_INT(-ECANCELED, told_err);
	peer_free(&p);
}

static const struct test tests[] = {
	TEST(a_place_is_asked_for_with_everything),
	TEST(one_that_cannot_is_followed_by_the_next),
	TEST(one_that_is_not_there_is_followed_by_the_next),
	TEST(an_unknown_agent_is_not_looked_for_elsewhere),
	TEST(the_best_reason_is_given),
	TEST(waiting_has_an_end),
	TEST(bots_take_turns),
	TEST(the_state_follows_the_bots),
	TEST(every_address_of_a_name_is_a_bot),
	TEST(a_place_is_prepared_checked_and_released),
	TEST(giving_up_a_place_is_repeated),
	TEST(the_place_of_a_call_is_given_up_wherever_it_is),
	TEST(a_check_takes_half_a_second_at_most),
	TEST(what_is_too_large_is_not_sent),
	TEST(only_sound_urls_are_taken),
	TEST(the_end_ends_what_is_under_way),
};

TEST_MAIN(tests)
