/* Which bot takes a call, and which of them can. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/err.h"
#include "tests/fake/fleet.h"
#include "tests/harness/test.h"

static void a_place_is_asked_for_with_everything(void)
{
	static struct fleet_bot bot = {
		.body = "{\"id\":\"" FLEET_ID "\",\"calls\":3,\"capacity\":7,"
			"\"stream_url\":\"wss://v.example/b3/ws/" FLEET_ID
			"\"}"};
	struct peer *p = fleet_bot(&bot);

	fleet.call.agent = "clinic";
	fleet.call.body = "{\"n\": 42.80, \"n\":1e400}";
	fleet.call.events_url = "https://x.example/bot-events";
	fleet_open(peer_url(p));
	CHECK_INT(0, fleet_reserve());
	CHECK_STR(FLEET_ID, fleet.place.id);
	CHECK_STR(peer_url(p), fleet.place.bot);
	CHECK_STR("wss://v.example/b3/ws/" FLEET_ID, fleet.place.stream_url);
	CHECK_INT(3, fleet.place.calls);
	CHECK_INT(7, fleet.place.capacity);
	fleet_close();
	peer_free(&p);
	CHECK(strstr(bot.last, "Authorization: Bearer " FLEET_SECRET "\r\n"));
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
		{200, "{\"id\":\"" FLEET_ID "\",\"stream_url\":\"http://x\"}",
	         false},
		{200, FLEET_PLACE, true},
	};
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		struct fleet_bot bad = {.reserve = faults[i].reserve,
		                        .body = faults[i].body,
		                        .resets = faults[i].resets};
		struct fleet_bot good = {0};
		struct peer *p = fleet_bot(&bad), *q = fleet_bot(&good);

		fleet_open_two(p, q);
		/* Until it is the bad one's turn to be first. */
		for (n = 0; n < 100 && !fleet_reserves(&bad); n++) {
			CHECK_INT(0, fleet_reserve());
			CHECK_STR(peer_url(q), fleet.place.bot);
		}
		CHECK_INT(n, fleet_reserves(&good));
		CHECK(fleet_reserves(&bad) >= 1);
		fleet_close();
		peer_free(&p);
		peer_free(&q);
	}
}

static void one_that_is_not_there_is_followed_by_the_next(void)
{
	static struct fleet_bot good;
	struct peer *q = fleet_bot(&good);
	char urls[128];

	snprintf(urls, sizeof(urls), "http://127.0.0.1:%u,%s", peer_dead_port(),
	         peer_url(q));
	fleet_open(urls);
	CHECK_INT(0, fleet_reserve());
	CHECK_STR(peer_url(q), fleet.place.bot);
	CHECK_STR("", fleet.place.stream_url);
	fleet_close();
	peer_free(&q);
}

static void an_unknown_agent_is_not_looked_for_elsewhere(void)
{
	static struct fleet_bot one = {.reserve = 404,
	                               .body = "{\"detail\":\"no agent x\"}"};
	static struct fleet_bot two = {.reserve = 404,
	                               .body = "{\"detail\":\"no agent x\"}"};
	struct peer *p = fleet_bot(&one), *q = fleet_bot(&two);

	fleet_open_two(p, q);
	CHECK_INT(-ENOENT, fleet_reserve());
	CHECK_STR("no agent x", fleet.text);
	CHECK_INT(1, fleet_reserves(&one) + fleet_reserves(&two));
	fleet_close();
	peer_free(&p);
	peer_free(&q);
}

static void the_best_reason_is_given(void)
{
	static struct fleet_bot full = {.reserve = 503,
	                                .body = "{\"detail\":\"10 of 10\"}"};
	static struct fleet_bot shut = {.reserve = 401, .body = "{}"};
	struct peer *p = fleet_bot(&full), *q = fleet_bot(&shut);
	char urls[64];

	fleet_open_two(p, q);
	CHECK_INT(ERR_LIMIT, fleet_reserve());
	CHECK_STR("10 of 10", fleet.text);
	fleet_close();
	fleet_open(peer_url(q));
	CHECK_INT(ERR_AUTH, fleet_reserve());
	fleet_close();
	snprintf(urls, sizeof(urls), "http://127.0.0.1:%u", peer_dead_port());
	fleet_open(urls);
	CHECK_INT(-EHOSTUNREACH, fleet_reserve());
	CHECK_STR(urls, bots_urls(fleet.b));
	fleet_close();
	peer_free(&p);
	peer_free(&q);
}

static void waiting_has_an_end(void)
{
	static struct fleet_bot one = {.silent = true}, two = {.silent = true};
	struct peer *p = fleet_bot(&one), *q = fleet_bot(&two);
	uint64_t begin;

	fleet_open_two(p, q);
	fleet.call.wait_ms = 200;
	begin = fleet_now_ms();
	CHECK_INT(-ETIMEDOUT, fleet_reserve());
	CHECK(fleet_now_ms() - begin >= 190);
	CHECK(fleet_now_ms() - begin < 1500);
	pthread_mutex_lock(&fleet.lock);
	two.silent = false;
	pthread_mutex_unlock(&fleet.lock);
	/* One that hangs costs two seconds, not the call. */
	fleet.call.wait_ms = 6000;
	CHECK_INT(0, fleet_reserve());
	CHECK_INT(0, fleet_reserve());
	CHECK_STR(peer_url(q), fleet.place.bot);
	CHECK(fleet_now_ms() - begin < 6000);
	fleet_close();
	peer_free(&p);
	peer_free(&q);
}

static void bots_take_turns(void)
{
	static struct fleet_bot one, two;
	struct peer *p = fleet_bot(&one), *q = fleet_bot(&two);
	int i;

	fleet_open_two(p, q);
	for (i = 0; i < 1000 && bots_state(fleet.b) != BOTS_READY; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	for (i = 0; i < 6; i++)
		CHECK_INT(0, fleet_reserve());
	/* The first may have been asked before the other had answered. */
	CHECK(fleet_reserves(&one) >= 2);
	CHECK(fleet_reserves(&two) >= 2);
	CHECK_INT(6, fleet_reserves(&one) + fleet_reserves(&two));
	fleet_close();
	peer_free(&p);
	peer_free(&q);
}

static void wait_for_state(enum bots_state state)
{
	int i;

	for (i = 0; i < 800 && bots_state(fleet.b) != state; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	CHECK_INT(state, bots_state(fleet.b));
}

static void the_state_follows_the_bots(void)
{
	static struct fleet_bot bot;
	struct peer *p = fleet_bot(&bot);
	uint64_t begin;

	fleet_open(peer_url(p));
	wait_for_state(BOTS_READY);
	pthread_mutex_lock(&fleet.lock);
	bot.ready = 503;
	pthread_mutex_unlock(&fleet.lock);
	wait_for_state(BOTS_FULL);
	begin = fleet_now_ms();
	peer_free(&p);
	wait_for_state(BOTS_NONE);
	CHECK(fleet_now_ms() - begin < 2000);
	fleet_close();
}

static void every_address_of_a_name_is_a_bot(void)
{
	static struct fleet_bot bot;
	struct peer *p = fleet_bot(&bot);
	char urls[64], name[96], host[64];
	unsigned port;
	bool tls;

	/* A name that is resolved without a name server. */
	snprintf(urls, sizeof(urls), "http://127.1:%u", peer_port(p));
	snprintf(name, sizeof(name), "%s#127.0.0.1", urls);
	fleet_open(urls);
	CHECK_INT(0, fleet_reserve());
	CHECK_STR(name, fleet.place.bot);
	bot.then = 200;
	CHECK_INT(0, bots_check_wait(fleet.b, fleet.place.bot, fleet.place.id));
	CHECK_INT(0, bots_target(fleet.place.bot, host, sizeof(host), &port,
	                         &tls));
	CHECK_STR("127.0.0.1", host);
	CHECK_INT(peer_port(p), port);
	CHECK(!tls);
	bots_free(&fleet.b);
	fetchd_free(&fleet.d);
	peer_free(&p);
}

static void what_is_too_large_is_not_sent(void)
{
	static char body[200 * 1024];
	static struct fleet_bot bot;
	struct peer *p = fleet_bot(&bot);

	memset(body, '1', sizeof(body) - 1);
	fleet_open(peer_url(p));
	fleet.call.body = body;
	CHECK_INT(-EINVAL, fleet_reserve());
	CHECK_INT(0, fleet_reserves(&bot));
	fleet_close();
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

	CHECK_INT(0, fetchd_new(&fleet.d, &opts));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		int err = bots_new(&fleet.b, fleet.d, cases[i].urls, NULL,
		                   fleet.why, sizeof(fleet.why));

		if (err != (cases[i].why ? -EINVAL : 0) ||
		    (cases[i].why && !strstr(fleet.why, cases[i].why)))
			test_fail(__FILE__, __LINE__, "\"%s\": %d \"%s\"",
			          cases[i].urls, err, fleet.why);
		if (!err)
			bots_free(&fleet.b);
	}
	fetchd_free(&fleet.d);
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
	TEST(what_is_too_large_is_not_sent),
	TEST(only_sound_urls_are_taken),
};

TEST_MAIN(tests)
