#define _GNU_SOURCE /* memmem() */
#include "server/dnccmd.h"
#include "server/keycmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/mem.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define NUMBER "{\"phone_number\":\"+15551234567\"}"

static struct world w;
static char said[8192];

/* Which of the ledger's commands is meant. */
static int (*command)(struct buf *out, int argc, char **argv,
                      const char *dotenv) = keycmd_run;

/* "key" with up to six words on the world's ledger; `said` has the output. */
static int key(const char *a, const char *b, const char *c, const char *d,
               const char *e, const char *f)
{
	const char *words[] = {a, b, c, d, e, f};
	char text[6][64], *argv[6], path[] = "/tmp/keys.env.XXXXXX";
	struct buf out;
	int argc = 0, code, fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK(dprintf(fd, "DATABASE_URL=sqlite:%s\n", w.ledger) > 0);
	close(fd);
	for (; argc < 6 && words[argc]; argc++) {
		snprintf(text[argc], sizeof(text[argc]), "%s", words[argc]);
		argv[argc] = text[argc];
	}
	buf_init(&out, sizeof(said) - 1);
	code = command(&out, argc, argv, path);
	snprintf(said, sizeof(said), "%s", buf_str(&out));
	buf_fini(&out);
	unlink(path);
	return code;
}

/* Make a key; @header gets the header line that shows it. */
static void add(char header[160], const char *name, const char *option,
                const char *value)
{
	CHECK_INT(0, key("add", name, option, value, NULL, NULL));
	said[strcspn(said, "\n")] = '\0';
	snprintf(header, 160, "Authorization: Bearer %.100s\r\n", said);
}

static void a_key_is_shown_once_and_only_its_digest_is_kept(void)
{
	char text[64], all[65536];
	FILE *f;
	size_t n;

	world_open(&w, "");
	CHECK_INT(0, key("add", "crm", NULL, NULL, NULL, NULL));
	CHECK_INT(0, strncmp(said, "dk_", 3));
	CHECK_INT(48, strlen(said));
	snprintf(text, sizeof(text), "%.47s", said);
	world_close(&w);
	f = fopen(w.ledger, "r");
	CHECK(f);
	n = fread(all, 1, sizeof(all), f);
	fclose(f);
	CHECK(n > 1000);
	CHECK(!memmem(all, n, text, 47));
	CHECK(memmem(all, n, "crm", 3));
	CHECK_INT(0, key("list", NULL, NULL, NULL, NULL, NULL));
	CHECK(strstr(said, "crm"));
	CHECK(!strstr(said, text));
}

static void every_key_is_another(void)
{
	char first[160], second[160];

	world_open(&w, "");
	add(first, "a", NULL, NULL);
	add(second, "b", NULL, NULL);
	CHECK(strcmp(first, second) != 0);
}

static void a_key_opens_what_its_scope_says(void)
{
	char start[160], reader[160], both[160];

	world_open(&w, "");
	add(start, "starter", "--scope", "start");
	add(reader, "reader", "--scope", "read");
	add(both, "both", NULL, NULL);
	world_start(&w, start, NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, reader, NUMBER);
	CHECK_INT(403, w.a.status);
	CHECK(strstr(
		w.a.body,
		"The key reader has not the scope start: use one that has"));
	world_start(&w, both, NUMBER);
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET", "/calls", start, NULL);
	CHECK_INT(403, w.a.status);
	world_do(&w, "GET", "/calls", reader, NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("+15551234567", world_member(&w, "calls.0.phone_number"));
	world_do(&w, "GET", "/metrics", both, NULL);
	CHECK_INT(200, w.a.status);
}

static void once_there_is_a_key_nothing_goes_without(void)
{
	char header[160];

	world_open(&w, "");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	add(header, "crm", NULL, NULL);
	world_start(&w, "", NUMBER);
	CHECK_INT(401, w.a.status);
	CHECK_STR("Bearer", client_header(&w.a, "WWW-Authenticate"));
	world_start(&w, "Authorization: Bearer dk_wrong\r\n", NUMBER);
	CHECK_INT(401, w.a.status);
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_INT(401, w.a.status);
}

static void keys_of_both_kinds_stand_side_by_side(void)
{
	char header[160];

	world_open(&w, "API_KEY=0123456789abcdef\n");
	add(header, "crm", NULL, NULL);
	world_start(&w, header, NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "Authorization: Bearer 0123456789abcdef\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
}

static void a_revoked_key_opens_nothing_and_its_name_is_gone(void)
{
	char header[160];

	world_open(&w, "API_KEY=0123456789abcdef\n");
	add(header, "crm", NULL, NULL);
	CHECK_INT(0, key("revoke", "crm", NULL, NULL, NULL, NULL));
	world_start(&w, header, NUMBER);
	CHECK_INT(401, w.a.status);
	CHECK_INT(1, key("revoke", "crm", NULL, NULL, NULL, NULL));
	CHECK(strstr(said, "there is no key crm"));
	CHECK_INT(1, key("add", "crm", NULL, NULL, NULL, NULL));
	CHECK(strstr(said, "choose another name"));
}

static void revoking_the_last_key_opens_no_door(void)
{
	char header[160];

	world_open(&w, "");
	add(header, "crm", NULL, NULL);
	CHECK_INT(0, key("revoke", "crm", NULL, NULL, NULL, NULL));
	world_start(&w, header, NUMBER);
	CHECK_INT(401, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(401, w.a.status);
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_INT(401, w.a.status);
}

static void the_rate_is_of_a_key_and_says_when_to_come_again(void)
{
	char slow[160], other[160];
	int wait;

	world_open(&w, "");
	add(slow, "slow", "--rate", "2");
	add(other, "other", "--rate", "2");
	world_start(&w, slow, NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, slow, NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, slow, NUMBER);
	CHECK_INT(429, w.a.status);
	CHECK(!strncmp("The key slow has used its 2 calls a minute: try again "
	               "at 20",
	               world_member(&w, "detail"), 59));
	wait = (int)strtol(client_header(&w.a, "Retry-After"), NULL, 10);
	CHECK(wait > 30 && wait <= 60);
	CHECK_INT(2, world_seen("POST", "/v1/Account/MATEST/Call/", NULL));
	world_start(&w, other, NUMBER);
	CHECK_INT(200, w.a.status);
}

static void a_repeated_request_costs_nothing(void)
{
	char header[256], slow[160];

	world_open(&w, "");
	add(slow, "slow", "--rate", "1");
	snprintf(header, sizeof(header), "%sIdempotency-Key: k1\r\n", slow);
	world_start(&w, header, NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, header, NUMBER);
	CHECK_INT(200, w.a.status);
	CHECK_STR("true", client_header(&w.a, "Idempotent-Replayed"));
}

static void the_budget_reserves_what_a_call_may_talk(void)
{
	struct world_seen seen;
	char header[160], id[64];
	struct store_change talked = {0};
	const int64_t now = app_now_ms();
	int wait;

	world_open(&w, "");
	add(header, "thrifty", "--budget", "60");
	world_start(&w, header, NUMBER);
	CHECK_INT(200, w.a.status);
	/* No call of it may take longer than all there is. */
	CHECK_INT(1, world_seen("POST", "/v1/Account/MATEST/Call/", &seen));
	CHECK(strstr(seen.body, "\"time_limit\":60") ||
	      strstr(seen.body, "\"time_limit\":\"60\""));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	/* What the first one may still take is not given to another. */
	world_start(&w, header, NUMBER);
	CHECK_INT(429, w.a.status);
	CHECK(strstr(w.a.body, "has used its 60 seconds of calls a day, or "
	                       "calls that are up may: try again at 20"));
	wait = (int)strtol(client_header(&w.a, "Retry-After"), NULL, 10);
	CHECK(wait > 86300 && wait <= 86400);
	talked.ended_ms = now;
	talked.has_state = true;
	talked.state = STORE_NO_ANSWER;
	CHECK_INT(0, store_call_change(w.app->store, id, &talked, NULL, NULL,
	                               NULL));
	world_start(&w, header, NUMBER);
	CHECK_INT(200, w.a.status);
}

static void wrong_words_are_explained(void)
{
	world_open(&w, "");
	CHECK_INT(2, key(NULL, NULL, NULL, NULL, NULL, NULL));
	CHECK(strstr(said, "usage: dialout-server key add NAME"));
	CHECK_INT(0, key("--help", NULL, NULL, NULL, NULL, NULL));
	CHECK_INT(2, key("add", NULL, NULL, NULL, NULL, NULL));
	CHECK_INT(2, key("add", "env", NULL, NULL, NULL, NULL));
	CHECK_INT(2, key("add", "two words", NULL, NULL, NULL, NULL));
	CHECK_INT(2, key("add", "a", "--scope", "write", NULL, NULL));
	CHECK(strstr(said, "--scope is start, read"));
	CHECK_INT(2, key("add", "a", "--rate", "0", NULL, NULL));
	CHECK_INT(2, key("add", "a", "--budget", "-1", NULL, NULL));
	CHECK_INT(2, key("add", "a", "--budget", NULL, NULL, NULL));
	CHECK(strstr(said, "it needs a value"));
	CHECK_INT(2, key("add", "a", "--colour", "red", NULL, NULL));
	CHECK_INT(2, key("list", "all", NULL, NULL, NULL, NULL));
	CHECK_INT(2, key("revoke", NULL, NULL, NULL, NULL, NULL));
	/* None of them made one. */
	CHECK_INT(0, key("list", NULL, NULL, NULL, NULL, NULL));
	CHECK_STR("", strchr(said, '\n') + 1);
}

static void limits_are_listed(void)
{
	world_open(&w, "");
	CHECK_INT(0, key("add", "a", "--rate", "7", "--budget", "3600"));
	CHECK_INT(0, key("add", "b", "--rate", "7/hour,9/day", NULL, NULL));
	CHECK_INT(0, key("list", NULL, NULL, NULL, NULL, NULL));
	CHECK(strstr(said, "start,read         7       3600"));
	CHECK(strstr(said, "start,read  7/hour,9/day          -"));
}

static void a_number_is_put_on_the_do_not_call_list_and_taken_off(void)
{
	world_open(&w, "");
	command = dnccmd_run;
	CHECK_INT(0, key("look", "+15551234567", NULL, NULL, NULL, NULL));
	CHECK_STR("+15551234567 is not on the list\n", said);
	CHECK_INT(0, key("add", "+1 (555) 123-4567", NULL, NULL, NULL, NULL));
	CHECK_STR("+15551234567 is on the list\n", said);
	world_start(&w, "", NUMBER);
	CHECK_INT(403, w.a.status);
	CHECK_INT(0, key("remove", "+15551234567", NULL, NULL, NULL, NULL));
	CHECK_INT(0, key("remove", "+15551234567", NULL, NULL, NULL, NULL));
	CHECK_STR("+15551234567 is not on the list\n", said);
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	CHECK_INT(2, key("add", "nobody", NULL, NULL, NULL, NULL));
	CHECK_INT(2, key("add", NULL, NULL, NULL, NULL, NULL));
	CHECK_INT(2, key("sing", "+15551234567", NULL, NULL, NULL, NULL));
	CHECK_INT(0, key("help", NULL, NULL, NULL, NULL, NULL));
}

static const struct test tests[] = {
	TEST(a_key_is_shown_once_and_only_its_digest_is_kept),
	TEST(every_key_is_another),
	TEST(a_key_opens_what_its_scope_says),
	TEST(once_there_is_a_key_nothing_goes_without),
	TEST(keys_of_both_kinds_stand_side_by_side),
	TEST(a_revoked_key_opens_nothing_and_its_name_is_gone),
	TEST(revoking_the_last_key_opens_no_door),
	TEST(the_rate_is_of_a_key_and_says_when_to_come_again),
	TEST(a_repeated_request_costs_nothing),
	TEST(the_budget_reserves_what_a_call_may_talk),
	TEST(wrong_words_are_explained),
	TEST(limits_are_listed),
	TEST(a_number_is_put_on_the_do_not_call_list_and_taken_off),
};

TEST_MAIN(tests)
