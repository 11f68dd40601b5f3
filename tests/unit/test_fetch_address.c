/* Who is connected to, and who is not. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>

#include "common/mem.h"
#include "tests/fake/fetched.h"
#include "tests/harness/test.h"

static void only_web_addresses_are_taken(void)
{
	static const char *const bad[] = {"",        "host",     "ftp://h/",
	                                  "http://", "file:///", "http://a b/"};
	struct fetched s;
	size_t i;

	fetched_open();
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct fetch_params prm = fetched_get(&s, bad[i]);

		CHECK_INT(-EINVAL, fetch_start(fetched_pool, &s.req, &prm));
	}
	fetch_free(&fetched_pool);
	CHECK_INT(0, mem_live());
}

static void an_address_takes_the_place_of_a_name(void)
{
	static char text[PEER_TEXT_MAX];
	struct peer *p = peer_new(fetched_keep, text);
	struct fetched s;
	char url[64] = "", host[64];
	struct fetch_params prm = fetched_get(&s, url);

	snprintf(url, sizeof(url), "http://bot.invalid:%u/", peer_port(p));
	snprintf(host, sizeof(host), "Host: bot.invalid:%u\r\n", peer_port(p));
	prm.address = "127.0.0.1";
	fetched_once(&s, &prm);
	CHECK_INT(0, s.r.err);
	CHECK(strstr(text, host));
	peer_free(&p);
}

static void an_address_that_is_not_public_is_not_even_connected_to(void)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "0x7f.1",
	                                    "[::ffff:127.0.0.1]"};
	static char text[PEER_TEXT_MAX];
	struct peer *p = peer_new(fetched_keep, text);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct fetched s;
		char url[64];
		struct fetch_params prm = fetched_get(&s, url);

		snprintf(url, sizeof(url), "http://%s:%u/", names[i],
		         peer_port(p));
		prm.public_only = true;
		fetched_once(&s, &prm);
		CHECK_INT(-EACCES, s.r.err);
		CHECK(!s.r.sent);
	}
	CHECK_INT(0, peer_conns(p));
	peer_free(&p);
}

static void nor_is_it_reached_over_another_s_connection(void)
{
	struct peer *p = peer_new(fetched_hello, NULL);
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	fetched_open();
	CHECK_INT(0, fetch_start(fetched_pool, &s.req, &prm));
	fetched_run(&s);
	CHECK_STR("hello", s.body);
	prm = fetched_get(&s, peer_url(p));
	prm.public_only = true;
	CHECK_INT(0, fetch_start(fetched_pool, &s.req, &prm));
	fetched_run(&s);
	CHECK_INT(-EACCES, s.r.err);
	CHECK_INT(1, peer_requests(p));
	fetch_free(&fetched_pool);
	peer_free(&p);
}

static const struct test tests[] = {
	TEST(only_web_addresses_are_taken),
	TEST(an_address_takes_the_place_of_a_name),
	TEST(an_address_that_is_not_public_is_not_even_connected_to),
	TEST(nor_is_it_reached_over_another_s_connection),
};

TEST_MAIN(tests)
