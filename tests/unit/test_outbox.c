/* What the user's webhook is told of calls, whatever it answers. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/js.h"
#include "server/eventscmd.h"
#include "server/letter.h"
#include "server/store/outbox.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define SECRET "0123456789abcdef0123456789abcdef"

static struct world w;
static char id[64], key[64];

/* ---- the receiver -------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned port, posts, answer = 200;
static bool hangs;
static char told[8192]; /* "STATE TYPE ", of what was taken */
static char head[8192], body[65536], path[512];

static const char *member(json_t *obj, const char *name)
{
	const char *v = json_string_value(json_object_get(obj, name));

	return v ? v : "?";
}

/* A state's name, or the type of anything else. */
static void note(const char *text)
{
	json_t *obj = json_loads(text, 0, NULL);
	const char *type = member(obj, "type");
	size_t n = strlen(told);

	if (!strcmp(type, "state"))
		type = member(json_object_get(obj, "data"), "state");
	snprintf(told + n, sizeof(told) - n, "%s ", type);
	json_decref(obj);
}

static void receive(const struct fake_request *req, struct fake_answer *a,
                    void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	posts++;
	snprintf(head, sizeof(head), "%s", req->head);
	snprintf(body, sizeof(body), "%s", req->body);
	snprintf(path, sizeof(path), "%s", req->path);
	pthread_cond_broadcast(&changed);
	while (hangs)
		pthread_cond_wait(&changed, &lock);
	a->status = (int)answer;
	if (answer == 302)
		snprintf(a->headers, sizeof(a->headers),
		         "Location: http://127.0.0.1:%u/elsewhere\r\n", port);
	if (answer == 200)
		note(req->body);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void set(unsigned status, bool hang)
{
	pthread_mutex_lock(&lock);
	answer = status;
	hangs = hang;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void await(bool (*there)(const void *arg), const void *arg)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)test_ms(15000) / 1000;
	pthread_mutex_lock(&lock);
	while (!there(arg) && !err)
		err = pthread_cond_timedwait(&changed, &lock, &until);
	pthread_mutex_unlock(&lock);
	if (err)
		test_fail(__FILE__, __LINE__, "told \"%s\", %u posts", told,
		          posts);
}

static bool has_told(const void *text)
{
	return strstr(told, text) != NULL;
}

static bool has_posted(const void *n)
{
	return posts >= *(const unsigned *)n;
}

static void await_told(const char *text)
{
	await(has_told, text);
}

static void await_posts(unsigned n)
{
	await(has_posted, &n);
}

/* ---- the server ---------------------------------------------------------- */

static void begin(const char *more)
{
	char dotenv[512];

	port = fake_http_open(receive, NULL);
	snprintf(dotenv, sizeof(dotenv),
	         "EVENTS_URL=http://127.0.0.1:%u/hook\n"
	         "EVENTS_SECRET=" SECRET "\n%s",
	         port, more);
	world_open(&w, dotenv);
}

static void place(const char *json)
{
	world_start(&w, "", json);
	CHECK_INT(200, w.a.status);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_key(key);
}

static void bot_event(const char *event_id, const char *type)
{
	char json[512];

	snprintf(json, sizeof(json),
	         "[{\"event_id\":\"%s\",\"call_id\":\"%s\",\"seq\":1,"
	         "\"at_ms\":1700000000000,\"type\":\"%s\",\"n\":1,"
	         "\"role\":\"callee\",\"text\":\"Hello?\",\"by\":\"callee\"}]",
	         event_id, id, type);
	world_do(&w, "POST", "/bot-events", "", json);
	CHECK_INT(200, w.a.status);
}

static void hangup(void)
{
	char target[256];

	snprintf(target, sizeof(target), "/events/%s", key);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n",
	         "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	         "HangupCauseCode=4000&HangupSource=Callee");
	CHECK_INT(200, w.a.status);
}

static unsigned n_listed(bool dead)
{
	unsigned waiting, n_dead;

	CHECK_INT(0, store_outbox_count(w.app->store, &waiting, &n_dead));
	return dead ? n_dead : waiting;
}

static void await_empty(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int i = 0; n_listed(false); i++) {
		CHECK(i < 2000);
		nanosleep(&pause, NULL);
	}
}

/* ---- what is told -------------------------------------------------------- */

static void all_of_a_call_is_told_in_its_order(void)
{
	begin("");
	place(NUMBER);
	bot_event("e1", "started");
	bot_event("e2", "turn");
	bot_event("e2", "turn");
	bot_event("e3", "ended");
	hangup();
	await_told(" ended ended ");
	CHECK_STR("queued dialing initiated streaming started turn ended "
	          "ended ",
	          told);
	await_empty();
}

static void a_letter_says_what_and_is_signed(void)
{
	char want[LETTER_SIGNED_MAX], have[LETTER_SIGNED_MAX];
	const char *sign;
	struct buf b;
	json_t *obj, *data;

	begin("");
	place(NUMBER);
	hangup();
	await_told(" ended ");
	obj = json_loads(body, 0, NULL);
	CHECK_STR("state", member(obj, "type"));
	CHECK_STR(id, member(obj, "call_id"));
	CHECK(strstr(member(obj, "event_id"), "-ended"));
	CHECK(json_integer_value(json_object_get(obj, "at_ms")) >
	      1700000000000);
	data = json_object_get(obj, "data");
	CHECK_STR("ended", member(data, "state"));
	data = json_object_get(data, "call");
	CHECK_STR("+15551234567", member(data, "phone_number"));
	CHECK_STR("callee", member(json_object_get(data, "end"), "by"));
	json_decref(obj);
	CHECK_STR("/hook", path);
	sign = strcasestr(head, "Dialout-Signature: ");
	CHECK(sign);
	snprintf(have, sizeof(have), "%.*s", (int)strcspn(sign, "\r\n"), sign);
	buf_init(&b, sizeof(body));
	CHECK_INT(0, buf_adds(&b, body));
	CHECK_INT(0, letter_sign(want, SECRET,
	                         strtoll(strchr(sign, '=') + 1, NULL, 10), &b));
	CHECK_STR(want, have);
	buf_fini(&b);
}

static void nobody_is_told_unless_asked_for(void)
{
	port = fake_http_open(receive, NULL);
	world_open(&w, "");
	place(NUMBER);
	hangup();
	CHECK_INT(0, n_listed(false));
	CHECK_INT(0, posts);
}

static void a_call_may_have_an_address_of_its_own(void)
{
	char json[256];

	begin("");
	snprintf(json, sizeof(json),
	         "{\"phone_number\":\"+15551234567\",\"events_url\":"
	         "\"http://127.0.0.1:%u/own?x=1\"}",
	         port);
	place(json);
	CHECK_STR("(none)", world_member(&w, "ignored"));
	await_told("initiated ");
	CHECK_STR("/own?x=1", path);
}

/* ---- receivers that do not do what they should --------------------------- */

static void what_fails_is_sent_again_before_what_follows(void)
{
	begin("");
	set(500, false);
	place(NUMBER);
	bot_event("e1", "started");
	await_posts(2);
	CHECK_STR("", told);
	set(200, false);
	await_told(" started ");
	CHECK_STR("queued dialing initiated streaming started ", told);
	await_empty();
}

static void a_receiver_that_hangs_delays_no_call(void)
{
	struct timespec from, to;

	begin("");
	set(200, true);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 20; i++) {
		place(NUMBER);
		bot_event("e1", "turn");
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK(to.tv_sec - from.tv_sec < 5);
	await_posts(1);
	CHECK_STR("", told);
	set(200, false);
	await_told("turn ");
}

static void hang(const struct fake_request *req, struct fake_answer *a,
                 void *arg)
{
	(void)req;
	(void)a;
	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&changed, &lock);
}

/* More letters than may be in hand for one wait for the one that hangs. */
static void one_that_hangs_does_not_hold_up_another(void)
{
	char json[256];

	begin("");
	snprintf(json, sizeof(json),
	         "{\"phone_number\":\"+15551234567\",\"events_url\":"
	         "\"http://127.0.0.1:%u/\"}",
	         fake_http_open(hang, NULL));
	for (int i = 0; i < 40; i++)
		place(json);
	place(NUMBER);
	await_told("initiated ");
	CHECK(n_listed(false) >= 40);
}

static void what_was_not_taken_outlives_the_server(void)
{
	begin("");
	set(503, false);
	place(NUMBER);
	bot_event("e1", "turn");
	await_posts(1);
	world_close(&w);
	set(200, false);
	world_reopen(&w);
	await_told(" turn ");
	CHECK_STR("queued dialing initiated turn ", told);
	await_empty();
}

static void what_is_gone_is_dead_and_the_rest_goes_on(void)
{
	begin("");
	set(410, false);
	place(NUMBER);
	await_posts(3);
	await_empty();
	CHECK_INT(3, n_listed(true));
	set(200, false);
	bot_event("e1", "turn");
	await_told("turn ");
	CHECK_STR("turn ", told);
}

/* "dialout-server events WORD": what it prints, in static storage. */
static const char *command(const char *word)
{
	static char text[4096];
	char copy[16], url[128];
	char *argv[] = {copy, NULL};
	struct buf out;

	snprintf(copy, sizeof(copy), "%s", word);
	snprintf(url, sizeof(url), "sqlite:%s", w.ledger);
	setenv("DATABASE_URL", url, 1);
	buf_init(&out, sizeof(text) - 1);
	CHECK_INT(0, eventscmd_run(&out, 1, argv, "/nonexistent"));
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	buf_fini(&out);
	return text;
}

static void dead_ones_are_listed_and_may_be_tried_again(void)
{
	const char *text;

	begin("");
	set(410, false);
	place(NUMBER);
	await_posts(3);
	await_empty();
	text = command("dead");
	CHECK(strstr(text, "-initiated call="));
	CHECK(strstr(text, "url=EVENTS_URL error=it answered 410\n"));
	CHECK(strstr(text, "3 given up\n"));
	CHECK_STR("0 waiting\n", command("list"));
	set(200, false);
	CHECK_STR("", command("retry"));
	await_told("initiated ");
	await_empty();
	CHECK_STR("0 given up\n", command("dead"));
}

static void a_redirect_is_not_followed(void)
{
	begin("");
	set(302, false);
	place(NUMBER);
	await_posts(2);
	CHECK_STR("/hook", path);
	set(200, false);
	await_told("initiated ");
	CHECK_STR("/hook", path);
}

static void private_addresses_are_refused_where_told_so(void)
{
	static const char *const bad[] = {
		"http://crm.example/hook",
		"https://127.0.0.1/hook",
		"https://[::1]/hook",
		"https://10.0.0.1:8443/",
		"https://169.254.169.254/",
		"https://a b/",
		"https://",
		"ftp://x/",
	};
	char json[256], dotenv[128];

	snprintf(dotenv, sizeof(dotenv),
	         "EVENTS_PRIVATE=refuse\nEVENTS_SECRET=" SECRET "\n");
	world_open(&w, dotenv);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(json, sizeof(json),
		         "{\"phone_number\":\"+15551234567\",\"events_url\":"
		         "\"%s\"}",
		         bad[i]);
		world_start(&w, "", json);
		CHECK_INT(422, w.a.status);
		CHECK(strstr(world_member(&w, "detail"), "events_url"));
	}
	CHECK_INT(0, world_seen("POST", "/v1/Account", NULL));
}

static int first_error(const struct store_letter *l, void *arg)
{
	snprintf(arg, 128, "%s", l->error ? l->error : "");
	return -1;
}

/* A name is only known to be private when it is resolved. */
static void a_name_that_leads_to_a_private_address_is_not_told(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	char json[256], error[128] = "";

	port = fake_http_open(receive, NULL);
	world_open(&w, "EVENTS_PRIVATE=refuse\n");
	snprintf(json, sizeof(json),
	         "{\"phone_number\":\"+15551234567\",\"events_url\":"
	         "\"https://localhost:%u/hook\"}",
	         port);
	place(json);
	for (int i = 0; !error[0]; i++) {
		CHECK(i < 2000);
		nanosleep(&pause, NULL);
		if (store_outbox_list(w.app->store, false, first_error,
		                      error) >= 0)
			error[0] = '\0';
	}
	CHECK_STR("its address is not public", error);
	CHECK_INT(0, posts);
}

static const struct test tests[] = {
	TEST(all_of_a_call_is_told_in_its_order),
	TEST(a_letter_says_what_and_is_signed),
	TEST(nobody_is_told_unless_asked_for),
	TEST(a_call_may_have_an_address_of_its_own),
	TEST(what_fails_is_sent_again_before_what_follows),
	TEST(a_receiver_that_hangs_delays_no_call),
	TEST_SLOW(one_that_hangs_does_not_hold_up_another, 60),
	TEST(what_was_not_taken_outlives_the_server),
	TEST(what_is_gone_is_dead_and_the_rest_goes_on),
	TEST(dead_ones_are_listed_and_may_be_tried_again),
	TEST(a_redirect_is_not_followed),
	TEST(private_addresses_are_refused_where_told_so),
	TEST(a_name_that_leads_to_a_private_address_is_not_told),
};

TEST_MAIN(tests)
