#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "server/store/dnc.h"
#include "server/store/keys.h"
#include "server/store/store.h"
#include "tests/harness/test.h"

static char folder[] = "/tmp/test_store.XXXXXX";
static char url[128], why[256];
static struct store *s;

static void remove_files(void)
{
	static const char *const names[] = {"", "-wal", "-shm"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s/db%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void reopen(void)
{
	store_close(&s);
	CHECK_INT(0, store_open(&s, url, why, sizeof(why)));
}

static void open_new(void)
{
	CHECK(mkdtemp(folder) != NULL);
	atexit(remove_files);
	snprintf(url, sizeof(url), "sqlite:%s/db", folder);
	reopen();
}

static void end(void)
{
	store_close(&s);
	CHECK(s == NULL);
	CHECK_INT(0, mem_live());
}

#define T(text) ((char *)(uintptr_t)(text))

static struct store_call new_call(const char *id, const char *key)
{
	return (struct store_call){
		.id = T(id),
		.key = T(key),
		.to = T("+15551234567"),
		.from = T("+15557654321"),
		.state = STORE_QUEUED,
		.created_ms = 1000,
	};
}

static void add(const char *id)
{
	char key[64];
	struct store_call c;

	snprintf(key, sizeof(key), "key-%s", id);
	c = new_call(id, key);
	CHECK_INT(0, store_call_add(s, &c));
}

static enum store_state state_of(const char *id)
{
	struct store_call c;
	enum store_state state;

	CHECK_INT(0, store_call_get(s, STORE_ID, id, &c));
	state = c.state;
	store_call_fini(&c);
	return state;
}

static bool set_state(const char *id, enum store_state state)
{
	const struct store_change ch = {.has_state = true, .state = state};
	bool moved;

	CHECK_INT(0, store_call_change(s, id, &ch, NULL, NULL, &moved));
	return moved;
}

static void a_call_comes_back_as_it_was(void)
{
	static const char body[] = "{\"n\": 12345678901234567890.10, \"n\":1}";
	struct store_call c = new_call("c1", "k1"), d;

	open_new();
	c.phone_number = T("15551234567");
	c.agent = T("clinic");
	c.body = T(body);
	c.base_url = T("https://x.example");
	c.owner = T("crm");
	c.idem_key = T("i1");
	c.idem_hash = T("abc");
	CHECK_INT(0, store_call_add(s, &c));
	reopen();
	CHECK_INT(0, store_call_get(s, STORE_KEY, "k1", &d));
	CHECK_STR("c1", d.id);
	CHECK_STR("+15551234567", d.to);
	CHECK_STR("15551234567", d.phone_number);
	CHECK_STR(body, d.body);
	CHECK_STR("https://x.example", d.base_url);
	CHECK_INT(STORE_QUEUED, d.state);
	CHECK_INT(1000, d.created_ms);
	CHECK(!d.call_uuid && !d.error && !d.answer);
	store_call_fini(&d);
	CHECK_INT(0, store_call_idem(s, "crm", "i1", &d));
	CHECK_STR("abc", d.idem_hash);
	store_call_fini(&d);
	CHECK_INT(-ENOENT, store_call_idem(s, "other", "i1", &d));
	CHECK_INT(-ENOENT, store_call_get(s, STORE_ID, "k1", &d));
	end();
}

static void ids_and_idempotency_keys_are_taken_once(void)
{
	struct store_call c = new_call("c1", "k1");

	open_new();
	c.idem_key = T("i1");
	CHECK_INT(0, store_call_add(s, &c));
	c = new_call("c2", "k2");
	c.idem_key = T("i1");
	CHECK_INT(-EEXIST, store_call_add(s, &c));
	c.owner = T("crm");
	CHECK_INT(0, store_call_add(s, &c));
	c = new_call("c3", "k1");
	CHECK_INT(-EEXIST, store_call_add(s, &c));
	c = new_call("c1", "k3");
	CHECK_INT(-EEXIST, store_call_add(s, &c));
	end();
}

static void a_state_never_goes_back(void)
{
	int from, to;

	open_new();
	for (from = 0; from < STORE_STATES; from++) {
		for (to = 0; to < STORE_STATES; to++) {
			char id[32];
			unsigned a = store_state_rank((enum store_state)from);
			unsigned b = store_state_rank((enum store_state)to);

			snprintf(id, sizeof(id), "c%d-%d", from, to);
			add(id);
			set_state(id, (enum store_state)from);
			/* It was queued before. */
			if (a < store_state_rank(STORE_QUEUED))
				a = store_state_rank(STORE_QUEUED);
			CHECK_INT(b > a, set_state(id, (enum store_state)to));
		}
	}
	end();
}

static void the_way_of_a_call_is_walked_forward(void)
{
	open_new();
	add("c1");
	CHECK(!set_state("c1", STORE_RESERVING));
	CHECK(set_state("c1", STORE_DIALING));
	CHECK(set_state("c1", STORE_UNKNOWN));
	CHECK(set_state("c1", STORE_RINGING));
	CHECK(!set_state("c1", STORE_INITIATED));
	CHECK_INT(STORE_RINGING, state_of("c1"));
	CHECK(set_state("c1", STORE_ENDED));
	CHECK(!set_state("c1", STORE_STREAMING));
	CHECK(!set_state("c1", STORE_FAILED));
	CHECK_INT(STORE_ENDED, state_of("c1"));
	CHECK(store_state_final(STORE_NO_ANSWER));
	CHECK(!store_state_final(STORE_STREAMING));
	end();
}

static void what_is_written_once_stays(void)
{
	const struct store_change one = {.call_uuid = "u1",
	                                 .reservation = "r1",
	                                 .bot = "http://a",
	                                 .end_by = "bot",
	                                 .answered_ms = 5,
	                                 .answer = "{}",
	                                 .answer_status = 200};
	const struct store_change two = {.call_uuid = "u2",
	                                 .reservation = "r2",
	                                 .end_by = "callee",
	                                 .end_cause = "Normal Hangup",
	                                 .end_code = 4000,
	                                 .answered_ms = 6,
	                                 .answer = "[]",
	                                 .answer_status = 202};
	const struct store_change three = {.end_cause = "Other", .end_code = 1};
	struct store_call c;

	open_new();
	add("c1");
	CHECK_INT(0, store_call_change(s, "c1", &one, NULL, NULL, NULL));
	CHECK_INT(0, store_call_change(s, "c1", &two, NULL, NULL, NULL));
	CHECK_INT(0, store_call_change(s, "c1", &three, NULL, NULL, NULL));
	CHECK_INT(-ENOENT, store_call_get(s, STORE_UUID, "u2", &c));
	CHECK_INT(0, store_call_get(s, STORE_UUID, "u1", &c));
	CHECK_STR("r2", c.reservation);
	CHECK_STR("http://a", c.bot);
	CHECK_STR("bot", c.end_by);
	CHECK_STR("Normal Hangup", c.end_cause);
	CHECK_INT(4000, c.end_code);
	CHECK_INT(5, c.answered_ms);
	CHECK_STR("{}", c.answer);
	CHECK_INT(200, c.answer_status);
	store_call_fini(&c);
	CHECK_INT(0, store_call_get(s, STORE_RESERVATION, "r2", &c));
	store_call_fini(&c);
	CHECK_INT(-ENOENT, store_call_get(s, STORE_RESERVATION, "r1", &c));
	CHECK_INT(-ENOENT,
	          store_call_change(s, "nobody", &one, NULL, NULL, NULL));
	end();
}

static char walked[512];

static int note_event(const struct store_event *ev, void *arg)
{
	size_t n = strlen(walked);

	(void)arg;
	snprintf(walked + n, sizeof(walked) - n, "%s/%s/%s@%d ", ev->source,
	         ev->type, ev->data ? ev->data : "-", (int)ev->at_ms);
	return 0;
}

static void an_event_is_taken_once(void)
{
	const struct store_event ring = {"u1-Ring", "carrier", "ring", "{}", 7};
	const struct store_event hangup = {"u1-Hangup", "carrier", "hangup",
	                                   NULL, 9};
	const struct store_change ringing = {.has_state = true,
	                                     .state = STORE_RINGING};
	const struct store_change ended = {.has_state = true,
	                                   .state = STORE_ENDED};
	bool moved;

	open_new();
	add("c1");
	add("c2");
	CHECK_INT(0, store_call_change(s, "c1", &ended, &hangup, NULL, &moved));
	CHECK(moved);
	CHECK_INT(0, store_call_change(s, "c1", &ringing, &ring, NULL, &moved));
	CHECK(!moved);
	CHECK_INT(-EEXIST,
	          store_call_change(s, "c1", &ringing, &ring, NULL, &moved));
	/* Another call may have one of the same name. */
	CHECK_INT(0, store_call_change(s, "c2", &ringing, &ring, NULL, &moved));
	CHECK(moved);
	CHECK_INT(STORE_ENDED, state_of("c1"));
	CHECK_INT(0, store_events(s, "c1", note_event, NULL));
	CHECK_STR("carrier/hangup/-@9 carrier/ring/{}@7 ", walked);
	end();
}

static int note_turn(const struct store_turn *t, void *arg)
{
	size_t n = strlen(walked);

	(void)arg;
	snprintf(walked + n, sizeof(walked) - n, "%u %s \"%s\" %d %d %d|", t->n,
	         t->role, t->text, (int)t->heard_ms, t->interrupted, t->heard);
	return 0;
}

static void turns_are_kept_in_order_and_replaced(void)
{
	struct store_turn t = {.n = 2,
	                       .role = "bot",
	                       .text = "Hel",
	                       .heard_ms = -1,
	                       .heard = -1};

	open_new();
	add("c1");
	CHECK_INT(0, store_call_change(s, "c1", NULL, NULL, &t, NULL));
	t.text = "Hello";
	t.heard_ms = 400;
	t.interrupted = true;
	t.heard = 812;
	CHECK_INT(0, store_call_change(s, "c1", NULL, NULL, &t, NULL));
	t = (struct store_turn){.n = 1, .role = "callee", .text = "Hi?"};
	CHECK_INT(0, store_call_change(s, "c1", NULL, NULL, &t, NULL));
	CHECK_INT(0, store_turns(s, "c1", note_turn, NULL));
	CHECK_STR("1 callee \"Hi?\" 0 0 0|2 bot \"Hello\" 400 1 812|", walked);
	end();
}

static int note_id(const struct store_call *c, void *arg)
{
	size_t n = strlen(walked);

	(void)arg;
	snprintf(walked + n, sizeof(walked) - n, "%s ", c->id);
	return 0;
}

static const char *list(const struct store_filter *f)
{
	walked[0] = '\0';
	CHECK_INT(0, store_calls(s, f, note_id, NULL));
	return walked;
}

static void lists_are_filtered_and_paged(void)
{
	struct store_filter f = {0};
	struct store_call c;
	unsigned n;
	int i;

	open_new();
	for (i = 1; i <= 6; i++) {
		char id[16], key[16];

		snprintf(id, sizeof(id), "c%d", i);
		snprintf(key, sizeof(key), "k%d", i);
		c = new_call(id, key);
		c.created_ms = 100 * i;
		c.owner = i % 2 ? T("odd") : NULL;
		CHECK_INT(0, store_call_add(s, &c));
	}
	set_state("c2", STORE_RINGING);
	set_state("c3", STORE_FAILED);
	set_state("c4", STORE_RINGING);
	CHECK_STR("c6 c5 c4 c3 c2 c1 ", list(&f));
	f.limit = 2;
	CHECK_STR("c6 c5 ", list(&f));
	f.after = "c5";
	CHECK_STR("c4 c3 ", list(&f));
	f.after = "nobody";
	CHECK_INT(-ENOENT, store_calls(s, &f, note_id, NULL));
	f = (struct store_filter){.has_state = true, .state = STORE_RINGING};
	CHECK_STR("c4 c2 ", list(&f));
	f = (struct store_filter){.live = true, .since_ms = 200};
	CHECK_STR("c6 c5 c4 c2 ", list(&f));
	f = (struct store_filter){.owner = "odd"};
	CHECK_STR("c5 c3 c1 ", list(&f));
	CHECK_INT(0, store_count_live(s, &n));
	CHECK_INT(5, n);
	end();
}

static int note_key(const struct store_key *k, void *arg)
{
	size_t n = strlen(walked);

	(void)arg;
	snprintf(walked + n, sizeof(walked) - n, "%s:%s:%u:%d:%d ", k->name,
	         k->scopes, k->rate, (int)k->budget, (int)k->revoked_ms);
	return 0;
}

static void keys_are_found_by_their_hash_until_revoked(void)
{
	const struct store_key crm = {"crm", "aa", "start,read", 60, 3600,
	                              1,     0};
	const struct store_key ops = {"ops", "bb", "read", 0, 0, 2, 0};
	const struct store_key again = {"crm", "cc", "read", 0, 0, 2, 0};

	open_new();
	CHECK_INT(0, store_key_add(s, &crm));
	CHECK_INT(0, store_key_add(s, &ops));
	CHECK_INT(-EEXIST, store_key_add(s, &again));
	CHECK_INT(0, store_key_find(s, "aa", note_key, NULL));
	CHECK_STR("crm:start,read:60:3600:0 ", walked);
	CHECK_INT(-ENOENT, store_key_find(s, "cc", note_key, NULL));
	CHECK_INT(0, store_key_revoke(s, "crm", 9));
	CHECK_INT(-ENOENT, store_key_revoke(s, "crm", 9));
	CHECK_INT(-ENOENT, store_key_find(s, "aa", note_key, NULL));
	walked[0] = '\0';
	CHECK_INT(0, store_keys(s, note_key, NULL));
	CHECK_STR("crm:start,read:60:3600:9 ops:read:0:0:0 ", walked);
	end();
}

static void numbers_not_to_be_called_are_kept(void)
{
	open_new();
	CHECK_INT(-ENOENT, store_dnc_find(s, "+15551234567"));
	CHECK_INT(0, store_dnc_add(s, "+15551234567", "c-1", 5));
	CHECK_INT(0, store_dnc_add(s, "+15551234567", "c-2", 6));
	reopen();
	CHECK_INT(0, store_dnc_find(s, "+15551234567"));
	CHECK_INT(-ENOENT, store_dnc_find(s, "+1555123456"));
	CHECK_INT(0, store_dnc_remove(s, "+15551234567"));
	CHECK_INT(-ENOENT, store_dnc_remove(s, "+15551234567"));
	CHECK_INT(-ENOENT, store_dnc_find(s, "+15551234567"));
	end();
}

/* Writes calls and says on @out which are safe, until it is killed. */
static void write_until_killed(int out)
{
	int i;

	reopen();
	for (i = 0;; i++) {
		char id[32];
		const struct store_event ev = {"e", "server", "made", NULL, 1};

		snprintf(id, sizeof(id), "%d-%d", (int)getpid(), i);
		add(id);
		CHECK_INT(0, store_call_change(s, id, NULL, &ev, NULL, NULL));
		snprintf(id, sizeof(id), "%d-%d\n", (int)getpid(), i);
		if (write(out, id, strlen(id)) < 0)
			exit(1);
	}
}

/* All that the child has said must be there, and each with its event. */
static void check_promises(FILE *in, unsigned *said)
{
	char line[64];

	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		CHECK_INT(STORE_QUEUED, state_of(line));
		walked[0] = '\0';
		CHECK_INT(0, store_events(s, line, note_event, NULL));
		CHECK_STR("server/made/-@1 ", walked);
		++*said;
	}
}

static void what_was_promised_survives_a_kill(void)
{
	unsigned round, said = 0;

	open_new();
	store_close(&s);
	for (round = 0; round < 8; round++) {
		int pipefd[2];
		char first[64];
		pid_t pid;
		FILE *in;

		CHECK_INT(0, pipe(pipefd));
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			close(pipefd[0]);
			write_until_killed(pipefd[1]);
		}
		close(pipefd[1]);
		in = fdopen(pipefd[0], "r");
		CHECK(in && fgets(first, sizeof(first), in));
		/* A different moment each time; none is waited for. */
		nanosleep(&(struct timespec){.tv_nsec = round * 3777000L},
		          NULL);
		CHECK_INT(0, kill(pid, SIGKILL));
		waitpid(pid, NULL, 0);
		reopen();
		check_promises(in, &said);
		fclose(in);
		store_close(&s);
	}
	CHECK(said > 8);
}

enum { THREADS = 6, EACH = 40 };

static void *write_some(void *arg)
{
	int nr = *(int *)arg, i;

	for (i = 0; i < EACH; i++) {
		char id[32];
		struct store_call c;
		const struct store_event ev = {"one", "server", "x", NULL, 1};

		snprintf(id, sizeof(id), "t%d-%d", nr, i);
		add(id);
		ASSERT(!store_call_get(s, STORE_ID, id, &c));
		store_call_fini(&c);
		/* Every thread tells the same call the same news. */
		(void)!store_call_change(s, "shared", NULL, &ev, NULL, NULL);
		set_state("shared", (enum store_state)(i % STORE_STATES));
	}
	return NULL;
}

static void many_threads_use_one_store(void)
{
	pthread_t threads[THREADS];
	int nr[THREADS], i;
	unsigned n;

	open_new();
	add("shared");
	for (i = 0; i < THREADS; i++) {
		nr[i] = i;
		CHECK_INT(0, pthread_create(&threads[i], NULL, write_some,
		                            &nr[i]));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(0, store_count_live(s, &n));
	CHECK_INT(THREADS * EACH, n);
	CHECK_INT(0, store_events(s, "shared", note_event, NULL));
	CHECK_STR("server/x/-@1 ", walked);
	end();
}

static void the_file_is_for_us_alone_and_synchronous(void)
{
	struct stat st;
	char path[64];

	open_new();
	snprintf(path, sizeof(path), "%s/db", folder);
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(0600, st.st_mode & 0777);
	snprintf(path, sizeof(path), "%s/db-wal", folder);
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(0600, st.st_mode & 0777);
	end();
}

static void what_cannot_be_opened_says_why(void)
{
	char path[64];
	sqlite3 *db;

	CHECK_INT(-EINVAL, store_open(&s, "postgres://h/d", why, sizeof(why)));
	CHECK(strstr(why, "sqlite:PATH"));
	CHECK_INT(-EINVAL, store_open(&s, "sqlite:", why, sizeof(why)));
	CHECK_INT(-ENOENT, store_open(&s, "sqlite:/no/such/folder/db", why,
	                              sizeof(why)));
	CHECK(strstr(why, "/no/such/folder/db: No such file"));
	open_new();
	store_close(&s);
	snprintf(path, sizeof(path), "%s/db", folder);
	CHECK_INT(SQLITE_OK, sqlite3_open(path, &db));
	CHECK_INT(SQLITE_OK, sqlite3_exec(db, "PRAGMA user_version = 99", NULL,
	                                  NULL, NULL));
	sqlite3_close(db);
	CHECK_INT(-EINVAL, store_open(&s, url, why, sizeof(why)));
	CHECK(strstr(why, "newer"));
	CHECK_INT(0, mem_live());
}

static void a_file_that_is_no_ledger_is_refused(void)
{
	char path[64];
	FILE *out;

	CHECK(mkdtemp(folder) != NULL);
	atexit(remove_files);
	snprintf(url, sizeof(url), "sqlite:%s/db", folder);
	snprintf(path, sizeof(path), "%s/db", folder);
	out = fopen(path, "w");
	CHECK(out != NULL);
	fprintf(out, "%01000d", 7);
	fclose(out);
	CHECK(store_open(&s, url, why, sizeof(why)) < 0);
	CHECK_INT(0, mem_live());
}

static void no_memory_is_an_error_and_leaks_nothing(void)
{
	const struct store_filter f = {0};
	struct store_call c;
	long n;
	int err;

	open_new();
	add("c1");
	for (n = 0;; n++) {
		mem_fail_after(n);
		err = store_call_get(s, STORE_ID, "c1", &c);
		mem_fail_after(-1);
		if (!err)
			break;
		CHECK_INT(-ENOMEM, err);
		mem_fail_after(n);
		CHECK_INT(-ENOMEM, store_calls(s, &f, note_id, NULL));
		mem_fail_after(-1);
	}
	CHECK(n >= 4);
	store_call_fini(&c);
	end();
}

static const struct test tests[] = {
	TEST(a_call_comes_back_as_it_was),
	TEST(ids_and_idempotency_keys_are_taken_once),
	TEST(a_state_never_goes_back),
	TEST(the_way_of_a_call_is_walked_forward),
	TEST(what_is_written_once_stays),
	TEST(an_event_is_taken_once),
	TEST(turns_are_kept_in_order_and_replaced),
	TEST(lists_are_filtered_and_paged),
	TEST(keys_are_found_by_their_hash_until_revoked),
	TEST(numbers_not_to_be_called_are_kept),
	TEST(what_was_promised_survives_a_kill),
	TEST(many_threads_use_one_store),
	TEST(the_file_is_for_us_alone_and_synchronous),
	TEST(what_cannot_be_opened_says_why),
	TEST(a_file_that_is_no_ledger_is_refused),
	TEST(no_memory_is_an_error_and_leaks_nothing),
};

TEST_MAIN(tests)
