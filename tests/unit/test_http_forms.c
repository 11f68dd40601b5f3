/* What a request says: its form and its host. */
#include "server/http/http.h"
#include "server/http/message.h"
#include "tests/harness/test.h"

static void forms_are_decoded(void)
{
	char v[16];
	const char *form = "a=1&To=%2B1555&n=J%C3%B3n+x&e=&flag&bad=%zz";

	CHECK_INT(0, http_form_get(v, sizeof(v), str_of(form), "To"));
	CHECK_STR("+1555", v);
	CHECK_INT(0, http_form_get(v, sizeof(v), str_of(form), "n"));
	CHECK_STR("J\xc3\xb3n x", v);
	CHECK_INT(0, http_form_get(v, sizeof(v), str_of(form), "e"));
	CHECK_STR("", v);
	CHECK_INT(0, http_form_get(v, sizeof(v), str_of(form), "flag"));
	CHECK(http_form_get(v, sizeof(v), str_of(form), "bad") < 0);
	CHECK(http_form_get(v, sizeof(v), str_of(form), "to") < 0);
	CHECK(http_form_get(v, 4, str_of(form), "To") < 0);
	CHECK(http_form_get(v, sizeof(v), str_of(""), "a") < 0);
}

static void hosts_are_looked_at_before_they_are_used(void)
{
	CHECK(http_host_loopback("localhost"));
	CHECK(http_host_loopback("LocalHost:7860"));
	CHECK(http_host_loopback("127.0.0.1:1"));
	CHECK(http_host_loopback("[::1]:7860"));
	CHECK(!http_host_loopback("localhost.example.com"));
	CHECK(!http_host_loopback("[::1]:\b"));
	CHECK(!http_host_loopback("localhost:1@example.com"));
	CHECK(!http_host_loopback("127.0.0.1.example.com"));
	CHECK(!http_host_loopback("x.example.com:7860"));
	CHECK(http_host_ok("a-b.example.com:8443"));
	CHECK(http_host_ok("[::1]:80"));
	CHECK(!http_host_ok(""));
	CHECK(!http_host_ok("a/b"));
	CHECK(!http_host_ok("a@b"));
	CHECK(!http_host_ok("a b"));
	CHECK(!http_host_ok("a?b"));
	CHECK(!http_host_ok("a\"b"));
	CHECK(!http_host_ok(":80"));
	CHECK(http_peer_loopback("127.0.0.1"));
	CHECK(!http_peer_loopback("10.0.0.1"));
}

static const struct test tests[] = {
	TEST(forms_are_decoded),
	TEST(hosts_are_looked_at_before_they_are_used),
};

TEST_MAIN(tests)
