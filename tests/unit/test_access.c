#include "server/access.h"

#include "server/app.h"
#include "server/config.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "tests/harness/test.h"

static struct config cfg;
static struct app app = {.cfg = &cfg};
static struct http_res res;
static char base[ACCESS_BASE_MAX];

#define KEY "0123456789abcdef"

static struct http_req request(const char *peer,
                               const struct http_header *headers, size_t n)
{
	struct http_req req = {.method = HTTP_GET,
	                       .path = "/calls",
	                       .query = "",
	                       .body = "",
	                       .tail = "",
	                       .peer = peer,
	                       .headers = headers,
	                       .n_headers = n};

	http_res_fini(&res);
	http_res_init(&res);
	return req;
}

/* The status of asking for @scope with @auth, from loopback; 0: allowed. */
static int asked(enum access_scope scope, const char *auth, bool *keyed)
{
	struct access who;
	bool ok;

	struct http_header h[] = {{"Host", "localhost:7860"},
	                          {"Authorization", auth ? auth : ""}};
	struct http_req req = request("127.0.0.1", h, auth ? 2 : 1);

	ok = access_check(&app, &req, &res, scope, &who);
	if (keyed)
		*keyed = who.keyed;
	return ok ? 0 : res.status;
}

static void with_a_key_set_nothing_goes_without(void)
{
	bool keyed;

	cfg = (struct config){.api_key = KEY ", another-key-of-16"};
	CHECK_INT(401, asked(ACCESS_START, NULL, &keyed));
	CHECK(!keyed);
	CHECK(strstr(buf_str(&res.headers), "WWW-Authenticate: Bearer"));
	CHECK_INT(401, asked(ACCESS_READ, NULL, &keyed));
	CHECK_INT(401, asked(ACCESS_START, "Bearer " KEY "x", &keyed));
	CHECK_INT(401, asked(ACCESS_START, "Bearer 0123456789abcde", &keyed));
	CHECK_INT(401, asked(ACCESS_START, "Bearer ", &keyed));
	CHECK_INT(401, asked(ACCESS_START, "Basic " KEY, &keyed));
	CHECK_INT(401, asked(ACCESS_START, "Bearer " KEY ", another-key-of-16",
	                     NULL));
	CHECK_INT(0, asked(ACCESS_START, "Bearer " KEY, &keyed));
	CHECK(keyed);
	CHECK_INT(0, asked(ACCESS_READ, "bearer  another-key-of-16", &keyed));
	CHECK(keyed);
}

static void without_a_key_only_this_machine_reads(void)
{
	const struct http_header local = {"Host", "localhost:7860"};
	const struct http_header named = {"Host", "x.ngrok.app"};
	const struct http_header tunnel[] = {
		{"Host", "localhost:7860"}, {"X-Forwarded-For", "203.0.113.9"}};
	const struct http_header proxy[] = {{"Host", "localhost:7860"},
	                                    {"forwarded", "for=x"}};
	struct http_req req;

	cfg = (struct config){.api_key = NULL};
	CHECK_INT(0, asked(ACCESS_START, NULL, NULL));
	CHECK_INT(0, asked(ACCESS_READ, NULL, NULL));
	req = request("127.0.0.1", &named, 1);
	CHECK(!access_check(&app, &req, &res, ACCESS_READ, NULL));
	CHECK_INT(403, res.status);
	CHECK(strstr(buf_str(&res.body), "set API_KEY"));
	req = request("10.0.0.7", &local, 1);
	CHECK(!access_check(&app, &req, &res, ACCESS_READ, NULL));
	req = request("127.0.0.1", tunnel, 2);
	CHECK(!access_check(&app, &req, &res, ACCESS_READ, NULL));
	req = request("127.0.0.1", proxy, 2);
	CHECK(!access_check(&app, &req, &res, ACCESS_READ, NULL));
	req = request("127.0.0.1", NULL, 0);
	CHECK(!access_check(&app, &req, &res, ACCESS_READ, NULL));
}

static bool based_on(const char *host)
{
	struct http_header h = {"Host", host};
	struct http_req req = request("127.0.0.1", &h, host ? 1 : 0);

	return access_public_base(&cfg, &req, &res, base);
}

static void the_host_decides_as_in_the_example(void)
{
	cfg = (struct config){.plivo_api_url = "https://api.plivo.com"};
	CHECK(based_on("x.ngrok.app"));
	CHECK_STR("https://x.ngrok.app", base);
	CHECK(!based_on(NULL));
	CHECK_INT(400, res.status);
	CHECK(!based_on("evil.example.com/x?"));
	CHECK_INT(400, res.status);
}

static void plivo_cannot_fetch_localhost(void)
{
	cfg = (struct config){.plivo_api_url = "https://api.plivo.com"};
	CHECK(!based_on("localhost:7860"));
	CHECK_INT(400, res.status);
	CHECK_STR("{\"detail\":\"Plivo cannot fetch http://localhost:7860: "
	          "call through your tunnel or set PUBLIC_URL.\"}",
	          buf_str(&res.body));
	cfg.plivo_api_url = "http://127.0.0.1:9";
	CHECK(based_on("localhost:7860"));
	CHECK_STR("http://localhost:7860", base);
}

static void a_public_url_cannot_be_overruled_by_a_host(void)
{
	cfg = (struct config){.plivo_api_url = "https://api.plivo.com",
	                      .public_url = "https://voice.example.com"};
	CHECK(based_on("evil.example.com"));
	CHECK_STR("https://voice.example.com", base);
	CHECK(based_on(NULL));
}

static const struct test tests[] = {
	TEST(with_a_key_set_nothing_goes_without),
	TEST(without_a_key_only_this_machine_reads),
	TEST(the_host_decides_as_in_the_example),
	TEST(plivo_cannot_fetch_localhost),
	TEST(a_public_url_cannot_be_overruled_by_a_host),
};

TEST_MAIN(tests)
