/* A place that was had: prepared, looked at and given up. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "tests/fake/fleet.h"
#include "tests/harness/test.h"

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned told;
static int told_err;

static void on_done(int err, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&fleet.lock);
	told++;
	told_err = err;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&fleet.lock);
}

static int wait_told(int err)
{
	CHECK_INT(0, err);
	pthread_mutex_lock(&fleet.lock);
	while (!told)
		pthread_cond_wait(&changed, &fleet.lock);
	CHECK_INT(1, told);
	told = 0;
	err = told_err;
	pthread_mutex_unlock(&fleet.lock);
	return err;
}

static void a_place_is_prepared_checked_and_released(void)
{
	static struct fleet_bot bot = {.then = 202};
	struct peer *p = fleet_bot(&bot);
	const char *url = peer_url(p);

	fleet_open(url);
	CHECK_INT(0, wait_told(bots_prepare(fleet.b, url, FLEET_ID, "u-1",
	                                    on_done, NULL)));
	CHECK_STR("{\"call_uuid\":\"u-1\"}", strstr(bot.last, "\r\n\r\n") + 4);
	bot.then = 200;
	CHECK_INT(0, bots_check_wait(fleet.b, url, FLEET_ID));
	bot.then = 204;
	CHECK_INT(0, wait_told(bots_release(fleet.b, url, FLEET_ID, on_done,
	                                    NULL)));
	CHECK(strstr(bot.last, "Authorization: Bearer " FLEET_SECRET "\r\n"));
	bot.then = 404;
	CHECK_INT(0, wait_told(bots_release(fleet.b, url, FLEET_ID, on_done,
	                                    NULL)));
	CHECK_INT(-ENOENT, bots_check_wait(fleet.b, url, FLEET_ID));
	CHECK_INT(-ENOENT, wait_told(bots_prepare(fleet.b, url, FLEET_ID, "u-1",
	                                          on_done, NULL)));
	CHECK_STR(
		"POST /reserve/" FLEET_ID "/prepare|GET /reserve/" FLEET_ID "|"
		"DELETE /reserve/" FLEET_ID "|DELETE /reserve/" FLEET_ID "|"
		"GET /reserve/" FLEET_ID "|POST /reserve/" FLEET_ID "/prepare|",
		bot.lines);
	fleet_close();
	peer_free(&p);
}

static void giving_up_a_place_is_repeated(void)
{
	static struct fleet_bot bot = {.then = 204, .resets_first = 2};
	struct peer *p = fleet_bot(&bot);
	const char *url = peer_url(p);
	char gone[64];

	fleet_open(url);
	CHECK_INT(0, wait_told(bots_release(fleet.b, url, FLEET_ID, on_done,
	                                    NULL)));
	CHECK_STR("DELETE /reserve/" FLEET_ID "|DELETE /reserve/" FLEET_ID
	          "|DELETE /reserve/" FLEET_ID "|",
	          bot.lines);
	pthread_mutex_lock(&fleet.lock);
	/* The library repeats what was lost with a used connection. */
	bot.resets_first = 9;
	bot.lines[0] = '\0';
	pthread_mutex_unlock(&fleet.lock);
	CHECK_INT(-ECONNRESET, wait_told(bots_prepare(fleet.b, url, FLEET_ID,
	                                              "u", on_done, NULL)));
	snprintf(gone, sizeof(gone), "http://127.0.0.1:%u", peer_dead_port());
	CHECK_INT(-ECONNREFUSED, wait_told(bots_release(fleet.b, gone, FLEET_ID,
	                                                on_done, NULL)));
	fleet_close();
	peer_free(&p);
}

static void wait_for_lines(const struct fleet_bot *bot, const char *want)
{
	const struct timespec pause = {0, 10 * 1000000};
	bool there = false;

	for (int i = 0; !there; i++) {
		CHECK(i < 500);
		pthread_mutex_lock(&fleet.lock);
		there = strcmp(bot->lines, want) == 0;
		pthread_mutex_unlock(&fleet.lock);
		nanosleep(&pause, NULL);
	}
}

static void the_place_of_a_call_is_given_up_wherever_it_is(void)
{
	static struct fleet_bot one = {.then = 404},
				two = {.then = 204, .resets_first = 1};
	struct peer *p = fleet_bot(&one), *q = fleet_bot(&two);

	fleet_open_two(p, q);
	CHECK_INT(-EINVAL, bots_release_call(fleet.b, "../x"));
	CHECK_INT(0, bots_release_call(fleet.b, FLEET_ID));
	wait_for_lines(&one, "DELETE /reserve/" FLEET_ID "|");
	wait_for_lines(&two, "DELETE /reserve/" FLEET_ID
	                     "|DELETE /reserve/" FLEET_ID "|");
	fleet_close();
	peer_free(&p);
	peer_free(&q);
}

static void a_check_takes_half_a_second_at_most(void)
{
	static struct fleet_bot bot = {.silent = true};
	struct peer *p = fleet_bot(&bot);
	uint64_t begin;

	fleet_open(peer_url(p));
	begin = fleet_now_ms();
	CHECK_INT(-ETIMEDOUT, bots_check_wait(fleet.b, peer_url(p), FLEET_ID));
	CHECK(fleet_now_ms() - begin < 1500);
	CHECK_INT(-EINVAL, bots_check_wait(fleet.b, peer_url(p), "../x"));
	CHECK_INT(-EINVAL, bots_check_wait(fleet.b, "nonsense", FLEET_ID));
	fleet_close();
	peer_free(&p);
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
	static struct fleet_bot bot = {.silent = true};
	struct peer *p = fleet_bot(&bot);

	fleet_open(peer_url(p));
	CHECK_INT(0, bots_reserve(fleet.b, &fleet.call, on_reserved, NULL));
	CHECK_INT(0,
	          bots_release(fleet.b, peer_url(p), FLEET_ID, on_done, NULL));
	CHECK_INT(0, bots_release(fleet.b, peer_url(p), FLEET_ID, NULL, NULL));
	fleet_close();
	CHECK_INT(2, told);
	CHECK_INT(-ECANCELED, told_err);
	peer_free(&p);
}

static const struct test tests[] = {
	TEST(a_place_is_prepared_checked_and_released),
	TEST(giving_up_a_place_is_repeated),
	TEST(the_place_of_a_call_is_given_up_wherever_it_is),
	TEST(a_check_takes_half_a_second_at_most),
	TEST(the_end_ends_what_is_under_way),
};

TEST_MAIN(tests)
