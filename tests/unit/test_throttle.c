#include "server/throttle.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "server/http/http.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

static struct throttle *t;

static void wrong(const char *address, unsigned n, int64_t now_ms)
{
	for (unsigned i = 0; i < n; i++)
		throttle_wrong(t, address, now_ms);
}

static void an_address_has_some_wrong_keys_to_spare(void)
{
	CHECK_INT(0, throttle_new(&t));
	CHECK_INT(0, throttle_wait(t, "203.0.113.9", 1000));
	wrong("203.0.113.9", THROTTLE_OWN - 1, 1000);
	CHECK_INT(0, throttle_wait(t, "203.0.113.9", 1000));
	wrong("203.0.113.9", 1, 1000);
	CHECK_INT(2, throttle_wait(t, "203.0.113.9", 1000));
	CHECK_INT(1, throttle_wait(t, "203.0.113.9", 2001));
	CHECK_INT(0, throttle_wait(t, "203.0.113.8", 1000));
	/* Time makes room for one, not for two. */
	CHECK_INT(0, throttle_wait(t, "203.0.113.9", 3000));
	wrong("203.0.113.9", 1, 3000);
	CHECK_INT(2, throttle_wait(t, "203.0.113.9", 3000));
	/* And for all of them in the end. */
	wrong("203.0.113.9", THROTTLE_OWN - 1, 100000);
	CHECK_INT(0, throttle_wait(t, "203.0.113.9", 100000));
	throttle_free(&t);
	CHECK_INT(0, mem_live());
}

static void strangers_together_are_held_and_who_is_known_is_not(void)
{
	char address[32];

	CHECK_INT(0, throttle_new(&t));
	throttle_right(t, "198.51.100.1", 1000);
	for (unsigned i = 0; i < THROTTLE_ALL; i++) {
		snprintf(address, sizeof(address), "203.0.113.%u", i);
		CHECK_INT(0, throttle_wait(t, address, 1000));
		wrong(address, 1, 1000);
	}
	CHECK_INT(1, throttle_wait(t, "192.0.2.1", 1000));
	CHECK_INT(0, throttle_wait(t, "198.51.100.1", 1000));
	CHECK_INT(0, throttle_wait(t, "192.0.2.1", 1000 + THROTTLE_ALL_EVERY));
	/* Known is not for ever. */
	wrong("192.0.2.1", 1, 1000 + THROTTLE_KNOWN_MS);
	for (unsigned i = 1; i < THROTTLE_ALL; i++) {
		snprintf(address, sizeof(address), "203.0.113.%u", i);
		wrong(address, 1, 1000 + THROTTLE_KNOWN_MS);
	}
	CHECK(throttle_wait(t, "198.51.100.1", 1000 + THROTTLE_KNOWN_MS));
	throttle_free(&t);
}

static void a_flood_of_addresses_takes_no_more_memory(void)
{
	char address[32];
	size_t live;

	CHECK_INT(0, throttle_new(&t));
	throttle_right(t, "198.51.100.1", 1);
	live = mem_live();
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(address, sizeof(address), "10.%u.%u.%u", i >> 16,
		         (i >> 8) & 255, i & 255);
		throttle_wrong(t, address, 2 + i);
	}
	CHECK_INT(live, mem_live());
	/* Strangers are forgotten first. */
	CHECK_INT(0, throttle_wait(t, "198.51.100.1", 100003));
	CHECK(throttle_wait(t, "198.51.100.2", 100003) > 0);
	throttle_free(&t);
}

static const char *address_of(const char *peer, const char *forwarded)
{
	static char address[THROTTLE_ADDRESS_MAX];
	const struct http_header h[] = {
		{"X-Forwarded-For", "192.0.2.77"},
		{"x-forwarded-for", forwarded ? forwarded : ""},
	};
	struct http_req req = {
		.peer = peer, .headers = h, .n_headers = forwarded ? 2 : 0};

	return throttle_address(address, &req);
}

static void only_our_own_proxy_says_who_came(void)
{
	CHECK_STR("8.8.4.4", address_of("8.8.4.4", NULL));
	CHECK_STR("8.8.4.4", address_of("8.8.4.4", "192.0.2.1"));
	CHECK_STR("127.0.0.1", address_of("127.0.0.1", NULL));
	CHECK_STR("192.0.2.1", address_of("127.0.0.1", "192.0.2.1"));
	CHECK_STR("192.0.2.1", address_of("10.0.0.4", "9.9.9.9, 192.0.2.1"));
	CHECK_STR("2001:db8::1", address_of("10.0.0.4", "2001:db8::1"));
	CHECK_STR("127.0.0.1", address_of("127.0.0.1", "unknown"));
	CHECK_STR("127.0.0.1", address_of("127.0.0.1", "1.2.3.4, "));
	CHECK_STR("127.0.0.1",
	          address_of("127.0.0.1",
	                     "11111111111111111111111111111111111111111111111"
	                     "11111111111111"));
}

static void keys_are_guessed_in_vain(void)
{
	static struct world w;
	char header[128];
	int wait;

	world_open(&w, "API_KEY=0123456789abcdef\n");
	for (unsigned i = 0; i < THROTTLE_OWN; i++) {
		/* Without a key nothing is guessed. */
		world_do(&w, "GET", "/calls", "", NULL);
		CHECK_INT(401, w.a.status);
		snprintf(header, sizeof(header),
		         "Authorization: Bearer guess-%u\r\n", i);
		world_do(&w, "GET", "/calls", header, NULL);
		CHECK_INT(401, w.a.status);
	}
	snprintf(header, sizeof(header),
	         "Authorization: Bearer 0123456789abcdef\r\n");
	world_do(&w, "GET", "/calls", header, NULL);
	CHECK_INT(429, w.a.status);
	CHECK(strstr(w.a.body, "Too many wrong keys"));
	wait = (int)strtol(client_header(&w.a, "Retry-After"), NULL, 10);
	CHECK(wait >= 1 && wait <= 2);
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_INT(401, w.a.status);
	/* Somebody else, behind the same proxy, is not concerned. */
	strncat(header, "X-Forwarded-For: 192.0.2.1\r\n",
	        sizeof(header) - strlen(header) - 1);
	world_do(&w, "GET", "/calls", header, NULL);
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET", "/metrics", header, NULL);
	CHECK(strstr(w.a.body, "dialout_throttled_total 1\n"));
}

/* One of the bots' requests; its answer's status. */
static int post_events(struct world *w, const char *secret, const char *from)
{
	char header[256];

	snprintf(header, sizeof(header),
	         "Authorization: Bearer %s\r\nX-Forwarded-For: %s\r\n"
	         "Content-Type: application/json\r\n",
	         secret, from);
	world_do(w, "POST", "/bot-events", header, "[]");
	return w->a.status;
}

static void the_bots_secret_is_guessed_in_vain(void)
{
	static const char good[] = "0123456789abcdef0123456789abcdef";
	static const char near[] = "0123456789abcdef0123456789abcdee";
	static const char key[] = "Authorization: Bearer 0123456789abcdef\r\n"
				  "X-Forwarded-For: 192.0.2.1\r\n";
	static struct world w;
	int wait;

	world_open(&w, "API_KEY=0123456789abcdef\n"
	               "BOT_SECRET=0123456789abcdef0123456789abcdef\n");
	CHECK_INT(200, post_events(&w, good, "192.0.2.2"));
	for (unsigned i = 0; i < THROTTLE_OWN; i++)
		CHECK_INT(401, post_events(&w, near, "192.0.2.1"));
	/* From there the good one is not looked at any more. */
	CHECK_INT(429, post_events(&w, good, "192.0.2.1"));
	wait = (int)strtol(client_header(&w.a, "Retry-After"), NULL, 10);
	CHECK(wait >= 1 && wait <= THROTTLE_OWN_EVERY / 1000);
	CHECK(strstr(w.a.body, "Too many wrong keys"));
	CHECK_INT(200, post_events(&w, good, "192.0.2.2"));
	/* A bot that was set up wrongly does not shut out who has a key. */
	world_do(&w, "GET", "/calls", key, NULL);
	CHECK_INT(200, w.a.status);
	/* No secret is no guess. */
	for (unsigned i = 0; i < 2 * THROTTLE_OWN; i++) {
		world_do(&w, "POST", "/bot-events",
		         "Content-Type: application/json\r\n", "[]");
		CHECK_INT(401, w.a.status);
	}
}

static const struct test tests[] = {
	TEST(an_address_has_some_wrong_keys_to_spare),
	TEST(strangers_together_are_held_and_who_is_known_is_not),
	TEST(a_flood_of_addresses_takes_no_more_memory),
	TEST(only_our_own_proxy_says_who_came),
	TEST(keys_are_guessed_in_vain),
	TEST(the_bots_secret_is_guessed_in_vain),
};

TEST_MAIN(tests)
