/*
 * The laws of ledgers on SQLite, and what is SQLite's alone.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/conform/store_laws.h"

static char folder[] = "/tmp/test_store.XXXXXX";

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

static void make_new(char url[LAW_URL_MAX])
{
	CHECK(mkdtemp(folder) != NULL);
	atexit(remove_files);
	snprintf(url, LAW_URL_MAX, "sqlite:%s/db", folder);
}

static void the_file_is_for_us_alone_and_synchronous(void)
{
	struct stat st;
	char path[64];

	law_begin();
	snprintf(path, sizeof(path), "%s/db", folder);
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(0600, st.st_mode & 0777);
	snprintf(path, sizeof(path), "%s/db-wal", folder);
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(0600, st.st_mode & 0777);
	law_end();
}

static void what_cannot_be_opened_says_why(void)
{
	char path[64];
	sqlite3 *db;

	CHECK_INT(-EINVAL, store_open(&law_store, "mysql://h/d", law_why,
	                              sizeof(law_why)));
	CHECK(strstr(law_why, "sqlite:PATH"));
	CHECK_INT(-EINVAL,
	          store_open(&law_store, "sqlite:", law_why, sizeof(law_why)));
	CHECK_INT(-ENOENT, store_open(&law_store, "sqlite:/no/such/folder/db",
	                              law_why, sizeof(law_why)));
	CHECK(strstr(law_why, "/no/such/folder/db: No such file"));
	law_begin();
	store_close(&law_store);
	snprintf(path, sizeof(path), "%s/db", folder);
	CHECK_INT(SQLITE_OK, sqlite3_open(path, &db));
	CHECK_INT(SQLITE_OK, sqlite3_exec(db, "PRAGMA user_version = 99", NULL,
	                                  NULL, NULL));
	sqlite3_close(db);
	CHECK_INT(-EINVAL,
	          store_open(&law_store, law_url, law_why, sizeof(law_why)));
	CHECK(strstr(law_why, "newer"));
	CHECK_INT(0, mem_live());
}

static void a_file_that_is_no_ledger_is_refused(void)
{
	char path[64];
	FILE *out;

	CHECK(mkdtemp(folder) != NULL);
	atexit(remove_files);
	snprintf(law_url, sizeof(law_url), "sqlite:%s/db", folder);
	snprintf(path, sizeof(path), "%s/db", folder);
	out = fopen(path, "w");
	CHECK(out != NULL);
	fprintf(out, "%01000d", 7);
	fclose(out);
	CHECK(store_open(&law_store, law_url, law_why, sizeof(law_why)) < 0);
	CHECK_INT(0, mem_live());
}

/* clang-format off */
static const struct test tests[] = {
	STORE_LAWS(STORE_LAW_TEST)
	TEST(the_file_is_for_us_alone_and_synchronous),
	TEST(what_cannot_be_opened_says_why),
	TEST(a_file_that_is_no_ledger_is_refused),
};
/* clang-format on */

int main(int argc, char **argv)
{
	store_laws_use(make_new);
	return test_main(argc, argv, tests, ARRAY_LEN(tests));
}
