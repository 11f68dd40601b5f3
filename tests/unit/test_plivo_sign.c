/*
 * The simulator's signatures against what the official SDKs accept.
 *
 * tests/data/plivo_signature_vectors.json: four vectors of Plivo's own SDK
 * tests (plivo-go, plivo-ruby, plivo-java) and further ones made for this
 * project, each checked by running plivo-node 4.79.0 and plivo-python.
 */
#include <jansson.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/harness/test.h"
#include "tests/sim/lib/plivo_sign.h"

static json_t *load(void)
{
	json_t *list = json_load_file("tests/data/plivo_signature_vectors.json",
	                              0, NULL);

	CHECK(json_is_array(list));
	return list;
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	CHECK(s);
	return s;
}

static void add_params(struct psim_pairs *p, json_t *params)
{
	const char *key;
	json_t *value, *one;
	size_t i;

	json_object_foreach(params, key, value)
	{
		if (json_is_string(value))
			CHECK(!psim_pairs_add(p, key,
			                      json_string_value(value)));
		json_array_foreach(value, i, one)
			CHECK(!psim_pairs_add(p, key, json_string_value(one)));
	}
}

/* The URL that is dialled for a GET: parameters join the query. */
static void extend(struct buf *url, const struct psim_pairs *p,
                   const char *given)
{
	const size_t plain = strcspn(given, "#");

	CHECK(!buf_add(url, given, plain));
	if (!p->n)
		return;
	CHECK(!buf_adds(url, memchr(given, '?', plain) ? "&" : "?"));
	CHECK(!psim_pairs_encode(p, url));
}

/* Returns whether the vector is of a form that Plivo dials. */
static void one_vector(const json_t *v)
{
	const bool post = !strcmp(text(v, "method"), "POST");
	struct psim_pairs *p = mem_zalloc(sizeof(*p));
	struct buf url, signed_text;
	char sig[PSIM_SIGNATURE_LEN];

	buf_init(&url, 65536);
	buf_init(&signed_text, 65536);
	add_params(p, json_object_get(v, "params"));
	if (post)
		CHECK(!buf_adds(&url, text(v, "url")));
	else
		extend(&url, p, text(v, "url"));
	CHECK(!psim_sign_text(&signed_text, url.v, post ? p : NULL,
	                      text(v, "nonce")));
	CHECK_STR(text(v, "signed_string"), signed_text.v);
	CHECK(!psim_sign(sig, url.v, post ? p : NULL, text(v, "nonce"),
	                 text(v, "auth_token")));
	CHECK_STR(text(v, "signature"), sig);
	psim_pairs_fini(p);
	mem_free(p);
	buf_fini(&url);
	buf_fini(&signed_text);
}

static void every_v3_vector_is_signed_alike(void)
{
	json_t *list = load(), *v;
	size_t i, n = 0;

	json_array_foreach(list, i, v)
	{
		const char *id = text(v, "id");

		/* No SDK takes userinfo, and it is never dialled. */
		if (strcmp(text(v, "version"), "V3") != 0 || !strcmp(id, "C28"))
			continue;
		one_vector(v);
		n++;
	}
	CHECK_INT(38, n);
	json_decref(list);
}

static void nonces_are_digits_and_differ(void)
{
	char a[PSIM_NONCE_LEN], b[PSIM_NONCE_LEN];

	psim_nonce(a);
	psim_nonce(b);
	CHECK_INT(20, strspn(a, "0123456789"));
	CHECK(strcmp(a, b) != 0);
}

static void a_retry_rule_is_read_from_the_fragment(void)
{
	struct psim_rule r;
	char why[32];

	CHECK_INT(0, psim_rule_parse(&r, "", why));
	CHECK_INT(2000, r.ct_ms);
	CHECK_INT(40000, r.rt_ms);
	CHECK_INT(1, r.retries);
	CHECK(r.on_connect && r.on_read && !r.on_4xx && !r.on_5xx);
	CHECK_INT(0, psim_rule_parse(&r, "ct=2000&rt=5000&rc=3&rp=all", why));
	CHECK_INT(5000, r.rt_ms);
	CHECK_INT(3, r.retries);
	CHECK(r.on_connect && r.on_read && r.on_4xx && r.on_5xx);
	CHECK(psim_rule_parse(&r, "rc=6", why));
	CHECK_STR("rc", why);
	CHECK(psim_rule_parse(&r, "ct=99", why));
	CHECK(psim_rule_parse(&r, "rp=some", why));
	CHECK(psim_rule_parse(&r, "retries=2", why));
	CHECK_STR("retries", why);
}

static void urls_are_taken_apart(void)
{
	static const char *const bad[] = {
		"ftp://a/",    "http:///x",   "http://a:0/", "http://a:99999/",
		"http://u@h/", "http://a b/", "bare",        "http://[::1/"};
	struct psim_url *u = mem_alloc(sizeof(*u));

	CHECK(!psim_url_parse(u, "https://h.example:8443/a/b?c=d#rt=100"));
	CHECK_STR("h.example", u->host);
	CHECK_STR("8443", u->port);
	CHECK_STR("/a/b?c=d", u->target);
	CHECK_STR("rt=100", u->fragment);
	CHECK_STR("https://h.example:8443/a/b?c=d", u->text);
	CHECK(u->tls);
	CHECK(!psim_url_parse(u, "ws://[::1]:80"));
	CHECK_STR("::1", u->host);
	CHECK_STR("", u->target);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(psim_url_parse(u, bad[i]));
	mem_free(u);
}

static const struct test tests[] = {
	TEST(every_v3_vector_is_signed_alike),
	TEST(nonces_are_digits_and_differ),
	TEST(a_retry_rule_is_read_from_the_fragment),
	TEST(urls_are_taken_apart),
};

TEST_MAIN(tests)
