#include <errno.h>
#include <stdio.h>

#include "bot/signed.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/plivo_sign.h"
#include "common/timer.h"
#include "tests/harness/test.h"

static const char token[] = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4";
static const char nonce[] = "31627761595286130198";

static struct timers *ts;
static struct signed_check *check;
static char signature[PLIVO_SIGN_LEN + 1];
static unsigned matched_lines;

static void sink(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	if (strstr(line, "scheme_matched"))
		matched_lines++;
}

static void begin(const char *base)
{
	log_set_sink(sink, NULL);
	CHECK_INT(0, timers_new(&ts, 1));
	CHECK_INT(0, signed_new(&check, ts, base, token));
}

static void end(void)
{
	signed_free(&check);
	timers_free(&ts);
	CHECK_INT(0, mem_live());
}

static const char *sign(const char *url)
{
	struct plivo_sign s = {.url = url, .nonce = nonce};

	CHECK_INT(0, plivo_sign_make(signature, &s, token));
	return signature;
}

static int verify(const char *id, const char *target, const char *sig)
{
	struct signed_upgrade up = {
		.id = id, .target = target, .signature = sig, .nonce = nonce};

	return signed_verify(check, &up);
}

static void a_places_url_is_the_one_handed_out(void)
{
	struct buf url;

	begin("wss://voice.example.com/b3/");
	buf_init(&url, 200);
	CHECK_INT(0,
	          signed_place_url(&url, "wss://voice.example.com/b3/", "ID"));
	CHECK_STR("wss://voice.example.com/b3/ws/ID", buf_str(&url));
	buf_fini(&url);
	/* A proxy may have cut the path; it does not matter. */
	CHECK_INT(0, verify("ID", "/ws/ID",
	                    sign("http://voice.example.com/b3/ws/ID")));
	CHECK_INT(ERR_AUTH, verify("IE", "/ws/ID", signature));
	end();
}

static void the_inline_form_is_signed_as_it_was_sent(void)
{
	begin("wss://voice.example.com/b3");
	CHECK_INT(0, verify(NULL, "/ws?body=e30%3D",
	                    sign("https://voice.example.com/ws?body=e30%3D")));
	CHECK_INT(ERR_AUTH, verify(NULL, "/ws?body=e31%3D", signature));
	end();
}

static void any_of_four_schemes_may_have_been_signed(void)
{
	static const char *const urls[] = {
		"http://a.example/ws/ID",
		"https://a.example/ws/ID",
		"wss://a.example/ws/ID",
		"ws://a.example/ws/ID",
	};

	begin("wss://a.example");
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		CHECK_INT(0, verify("ID", "", sign(urls[i])));
		CHECK_INT(0, verify("ID", "", signature));
		CHECK_INT(i + 1, matched_lines); /* once each */
	}
	CHECK_INT(ERR_AUTH, verify("ID", "", sign("ftp://a.example/ws/ID")));
	end();
}

static void the_main_accounts_signature_counts_too(void)
{
	struct signed_upgrade up = {.id = "ID", .nonce = nonce};

	begin("wss://a.example");
	up.signature = "AAAA";
	up.signature_ma = sign("http://a.example/ws/ID");
	CHECK_INT(0, signed_verify(check, &up));
	up.nonce = NULL;
	CHECK_INT(ERR_AUTH, signed_verify(check, &up));
	up.nonce = nonce;
	up.signature_ma = up.signature = NULL;
	CHECK_INT(ERR_AUTH, signed_verify(check, &up));
	end();
}

static void a_nonce_belongs_to_one_place_and_one_call(void)
{
	begin("wss://a.example");
	CHECK_INT(0, signed_nonce(check, "n1", "ID1"));
	CHECK_INT(0, signed_nonce(check, "n1", "ID1"));
	CHECK_INT(ERR_STALE, signed_nonce(check, "n1", "ID2"));
	CHECK_INT(0, signed_nonce(check, "n2", "ID2"));
	CHECK_INT(0, signed_nonce_call(check, "n1", "u1"));
	CHECK_INT(0, signed_nonce_call(check, "n1", "u1"));
	CHECK_INT(ERR_STALE, signed_nonce_call(check, "n1", "u2"));
	end();
}

static void a_nonce_is_forgotten_after_ten_minutes(void)
{
	begin("wss://a.example");
	CHECK_INT(0, signed_nonce(check, "n1", "ID1"));
	timers_run(ts, 599 * 1000000ULL);
	CHECK_INT(ERR_STALE, signed_nonce(check, "n1", "ID2"));
	timers_run(ts, 601 * 1000000ULL);
	CHECK_INT(0, signed_nonce(check, "n1", "ID2"));
	end();
}

static const struct test tests[] = {
	TEST(a_places_url_is_the_one_handed_out),
	TEST(the_inline_form_is_signed_as_it_was_sent),
	TEST(any_of_four_schemes_may_have_been_signed),
	TEST(the_main_accounts_signature_counts_too),
	TEST(a_nonce_belongs_to_one_place_and_one_call),
	TEST(a_nonce_is_forgotten_after_ten_minutes),
};

TEST_MAIN(tests)
