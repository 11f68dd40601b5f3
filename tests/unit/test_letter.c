/* What is posted to the user's webhook, without posting it. */
#include "server/letter.h"

#include "common/buf.h"
#include "tests/harness/test.h"

/* As any other program computes it. */
static void the_signature_is_an_hmac_of_time_and_body(void)
{
	char line[LETTER_SIGNED_MAX];
	struct buf b;

	buf_init(&b, 100);
	CHECK_INT(0, buf_adds(&b, "{\"a\":1}"));
	CHECK_INT(0, letter_sign(line, "secret", 1700000000, &b));
	CHECK_STR("Dialout-Signature: t=1700000000,v1="
	          "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae41"
	          "1686",
	          line);
	buf_fini(&b);
}

static void the_waits_grow_up_to_an_hour(void)
{
	CHECK_INT(500, letter_wait_ms(1, -1, 0));
	CHECK_INT(1000, letter_wait_ms(1, -1, UINT32_MAX));
	CHECK_INT(2000, letter_wait_ms(2, -1, UINT32_MAX));
	CHECK_INT(2048000, letter_wait_ms(12, -1, UINT32_MAX));
	CHECK_INT(3600000, letter_wait_ms(13, -1, UINT32_MAX));
	CHECK_INT(3600000, letter_wait_ms(1000, -1, UINT32_MAX));
	CHECK_INT(1800000, letter_wait_ms(1000, -1, 0));
	CHECK_INT(7000, letter_wait_ms(1, 7, 0));
	CHECK_INT(3600000, letter_wait_ms(1, 1000000, 0));
	CHECK_INT(500, letter_wait_ms(1, 0, 0));
}

static void addresses_are_looked_at(void)
{
	static const struct {
		const char *url;
		bool guarded, anywhere; /* is it taken? */
	} rows[] = {
		{"https://crm.example/hook?x=1&y=%20", true, true},
		{"https://crm.example:8443", true, true},
		{"https://8.8.8.8/", true, true},
		{"http://crm.example/", false, true},
		{"https://127.0.0.1/", false, true},
		{"https://192.168.1.1:443/", false, true},
		{"https://[fd00::1]/", false, true},
		{"https://[2001:4860:4860::8888]/", true, true},
		{"https://0x7f000001/", true,
	         true}, /* a name: resolved later */
		{"https://", false, false},
		{"https://user@crm.example/", false, false},
		{"https://crm.example/a b", false, false},
		{"https://crm.example/#part", false, false},
		{"file:///etc/passwd", false, false},
		{"", false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].guarded != !letter_check_url(rows[i].url, false) ||
		    rows[i].anywhere != !letter_check_url(rows[i].url, true))
			test_fail(__FILE__, __LINE__, "%s", rows[i].url);
	}
}

static const struct test tests[] = {
	TEST(the_signature_is_an_hmac_of_time_and_body),
	TEST(the_waits_grow_up_to_an_hour),
	TEST(addresses_are_looked_at),
};

TEST_MAIN(tests)
