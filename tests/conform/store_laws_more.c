#define _XOPEN_SOURCE 700
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "server/store/dnc.h"
#include "server/store/keys.h"
#include "tests/conform/store_laws.h"

static int note_key(const struct store_key *k, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s:%s:%u:%d:%d%s%s ",
	         k->name, k->scopes, k->rate, (int)k->budget,
	         (int)k->revoked_ms, k->rates ? k->rates : "",
	         k->budgets ? k->budgets : "");
	return 0;
}

void store_law_keys_are_found_by_their_hash_until_revoked(void)
{
	const struct store_key crm = {"crm", "aa", "start,read", 60,  3600,
	                              1,     0,    ":100/hour",  NULL};
	const struct store_key ops = {"ops", "bb", "read", 0,   0,
	                              2,     0,    NULL,   NULL};
	const struct store_key again = {"crm", "cc", "read", 0,   0,
	                                2,     0,    NULL,   NULL};

	law_begin();
	CHECK_INT(0, store_key_add(law_store, &crm));
	CHECK_INT(0, store_key_add(law_store, &ops));
	CHECK_INT(-EEXIST, store_key_add(law_store, &again));
	CHECK_INT(0, store_key_find(law_store, "aa", note_key, NULL));
	CHECK_STR("crm:start,read:60:3600:0:100/hour ", law_walked);
	CHECK_INT(-ENOENT, store_key_find(law_store, "cc", note_key, NULL));
	CHECK_INT(0, store_key_revoke(law_store, "crm", 9));
	CHECK_INT(-ENOENT, store_key_revoke(law_store, "crm", 9));
	CHECK_INT(-ENOENT, store_key_find(law_store, "aa", note_key, NULL));
	law_walked[0] = '\0';
	CHECK_INT(0, store_keys(law_store, note_key, NULL));
	CHECK_STR("crm:start,read:60:3600:9:100/hour ops:read:0:0:0 ",
	          law_walked);
	law_end();
}

void store_law_numbers_not_to_be_called_are_kept(void)
{
	law_begin();
	CHECK_INT(-ENOENT, store_dnc_find(law_store, "+15551234567"));
	CHECK_INT(0, store_dnc_add(law_store, "+15551234567", "c-1", 5));
	CHECK_INT(0, store_dnc_add(law_store, "+15551234567", "c-2", 6));
	law_reopen();
	CHECK_INT(0, store_dnc_find(law_store, "+15551234567"));
	CHECK_INT(-ENOENT, store_dnc_find(law_store, "+1555123456"));
	CHECK_INT(0, store_dnc_remove(law_store, "+15551234567"));
	CHECK_INT(-ENOENT, store_dnc_remove(law_store, "+15551234567"));
	CHECK_INT(-ENOENT, store_dnc_find(law_store, "+15551234567"));
	law_end();
}

enum { KILLS = 8 };

/* Writes calls and says on @out which are safe, until it is killed. */
static void write_until_killed(int out)
{
	int i;

	law_reopen();
	for (i = 0;; i++) {
		char id[32];
		const struct store_event ev = {"e",  "server", "made",
		                               NULL, 1,        false};

		snprintf(id, sizeof(id), "%d-%d", (int)getpid(), i);
		law_add(id);
		CHECK_INT(0, store_call_change(law_store, id, NULL, &ev, NULL,
		                               NULL));
		snprintf(id, sizeof(id), "%d-%d\n", (int)getpid(), i);
		if (write(out, id, strlen(id)) < 0)
			exit(1);
	}
}

/* What the child has said must be there, with its event. */
static void check_promise(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	CHECK_INT(STORE_QUEUED, law_state_of(line));
	law_walked[0] = '\0';
	CHECK_INT(0, store_events(law_store, line, law_note_event, NULL));
	CHECK_STR("server/made/-@1 ", law_walked);
}

void store_law_what_was_promised_survives_a_kill(void)
{
	unsigned round;

	law_begin();
	store_close(&law_store);
	for (round = 0; round < KILLS; round++) {
		int pipefd[2];
		char first[KILLS][64], line[64];
		unsigned i;
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
		for (i = 0; i <= round; i++)
			CHECK(in && fgets(first[i], sizeof(first[i]), in));
		/* A different moment each time; none is waited for. */
		nanosleep(&(struct timespec){.tv_nsec = round * 777000L}, NULL);
		CHECK_INT(0, kill(pid, SIGKILL));
		waitpid(pid, NULL, 0);
		law_reopen();
		for (i = 0; i <= round; i++)
			check_promise(first[i]);
		while (fgets(line, sizeof(line), in))
			check_promise(line);
		fclose(in);
		store_close(&law_store);
	}
}

enum { THREADS = 6, EACH = 40 };

static void *write_some(void *arg)
{
	int nr = *(int *)arg, i;

	for (i = 0; i < EACH; i++) {
		char id[32];
		struct store_call c;
		const struct store_event ev = {"one", "server", "x",
		                               NULL,  1,        false};

		snprintf(id, sizeof(id), "t%d-%d", nr, i);
		law_add(id);
		ASSERT(!store_call_get(law_store, STORE_ID, id, &c));
		store_call_fini(&c);
		/* Every thread tells the same call the same news. */
		(void)!store_call_change(law_store, "shared", NULL, &ev, NULL,
		                         NULL);
		law_set_state("shared", (enum store_state)(i % STORE_STATES));
	}
	return NULL;
}

void store_law_many_threads_use_one_store(void)
{
	pthread_t threads[THREADS];
	int nr[THREADS], i;
	unsigned n;

	law_begin();
	law_add("shared");
	for (i = 0; i < THREADS; i++) {
		nr[i] = i;
		CHECK_INT(0, pthread_create(&threads[i], NULL, write_some,
		                            &nr[i]));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(0, store_count_live(law_store, &n));
	CHECK_INT(THREADS * EACH, n);
	CHECK_INT(0, store_events(law_store, "shared", law_note_event, NULL));
	CHECK_STR("server/x/-@1 ", law_walked);
	law_end();
}

void store_law_no_memory_is_an_error_and_leaks_nothing(void)
{
	const struct store_filter f = {0};
	struct store_call c;
	long n;
	int err;

	law_begin();
	law_add("c1");
	for (n = 0;; n++) {
		mem_fail_after(n);
		err = store_call_get(law_store, STORE_ID, "c1", &c);
		mem_fail_after(-1);
		if (!err)
			break;
		CHECK_INT(-ENOMEM, err);
		mem_fail_after(n);
		CHECK_INT(-ENOMEM,
		          store_calls(law_store, &f, law_note_id, NULL));
		mem_fail_after(-1);
	}
	CHECK(n >= 4);
	store_call_fini(&c);
	law_end();
}
