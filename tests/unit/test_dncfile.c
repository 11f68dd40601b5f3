#define _POSIX_C_SOURCE 200809L
#include "server/dncfile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/mem.h"
#include "server/dnccmd.h"
#include "server/store/dnc.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

static char folder[] = "/tmp/test_dncfile.XXXXXX";
static char path[64], url[80], why[128], said[16384];
static struct store *s;
static struct dncfile_sums sums;

static void clean_up(void)
{
	static const char *const names[] = {"db", "db-wal", "db-shm", "list",
	                                    "env"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void open_ledger(void)
{
	CHECK(mkdtemp(folder));
	atexit(clean_up);
	snprintf(url, sizeof(url), "sqlite:%s/db", folder);
	CHECK_INT(0, store_open(&s, url, why, sizeof(why)));
}

static void import(const char *text, size_t len)
{
	struct buf out;
	FILE *in = fmemopen((char *)(uintptr_t)text, len, "r");

	CHECK(in);
	buf_init(&out, sizeof(said) - 1);
	CHECK_INT(0, dncfile_import(s, in, &out, &sums));
	snprintf(said, sizeof(said), "%s", buf_str(&out));
	buf_fini(&out);
	fclose(in);
}

static bool listed(const char *number)
{
	int err = store_dnc_find(s, number);

	CHECK(!err || err == -ENOENT);
	return !err;
}

#define TEXT(text) text, sizeof(text) - 1

static void plain_text_is_read_and_bad_lines_harm_no_other(void)
{
	open_ledger();
	import(TEXT("\xef\xbb\xbf+1 (555) 000-0001\r\n"
	            "\r\n"
	            "# a comment, 15550000009\n"
	            "nobody\n"
	            "  15550000002  \n"
	            "+15550000001<+15550000003\n"
	            "15550000001\n"
	            "+15550000004"));
	CHECK_INT(4, sums.taken);
	CHECK_INT(3, sums.fresh);
	CHECK_INT(2, sums.bad);
	CHECK_STR("line 4: \"nobody\" is no telephone number\n"
	          "line 6: \"+15550000001<+15550000003\" is no telephone "
	          "number\n",
	          said);
	CHECK(listed("+15550000001"));
	CHECK(listed("+15550000002"));
	CHECK(!listed("+15550000003"));
	CHECK(listed("+15550000004"));
	CHECK(!listed("+15550000009"));
	store_close(&s);
	CHECK_INT(0, mem_live());
}

static void the_column_of_numbers_is_found_by_its_name(void)
{
	open_ledger();
	import(TEXT("name;Phone_Number;why\n"
	            "\"Doe; John\";\"+1 555 000 0001\";asked\n"
	            "Roe;;\n"
	            "Poe\n"
	            "Moe;+15550000002;\"\"\n"));
	CHECK_INT(2, sums.taken);
	CHECK_INT(2, sums.bad);
	CHECK_STR("line 3: \"\" is no telephone number\n"
	          "line 4: \"\" is no telephone number\n",
	          said);
	CHECK(listed("+15550000001"));
	CHECK(listed("+15550000002"));
	/* Without a name it is the first one. */
	import(TEXT("+15550000005,+15550000006\n"));
	CHECK(listed("+15550000005"));
	CHECK(!listed("+15550000006"));
	store_close(&s);
}

static void lines_without_end_are_bad_lines(void)
{
	enum { LONG = 3 * DNCFILE_LINE_MAX };
	char *text = malloc(LONG + 64);
	int n;

	CHECK(text);
	open_ledger();
	memset(text, '5', LONG);
	n = snprintf(text + LONG, 64, "\n+15550000001\n");
	import(text, LONG + (size_t)n);
	CHECK_INT(1, sums.bad);
	CHECK_INT(1, sums.taken);
	CHECK(listed("+15550000001"));
	/* Of very many only the first are told, and the sum is right. */
	n = 0;
	for (int i = 0; i < 1000; i++)
		n += snprintf(text + n, (size_t)(LONG - n), "x%d\n", i);
	import(text, (size_t)n);
	CHECK_INT(1000, sums.bad);
	CHECK(strstr(said, "line 100: \"x99\""));
	CHECK(!strstr(said, "line 101:"));
	free(text);
	store_close(&s);
}

static int write_line(const char *line, void *arg)
{
	return fputs(line, arg) < 0 ? -EIO : 0;
}

static int count_one(const struct store_dnc *d, void *arg)
{
	(void)d;
	++*(unsigned *)arg;
	return 0;
}

static void what_is_exported_is_imported_again(void)
{
	enum { N = 3 * STORE_DNC_BATCH + 7 };
	char *text = malloc(N * 20), *back;
	unsigned long n;
	unsigned some = 0;
	size_t len = 0, back_len;
	FILE *out;

	CHECK(text);
	open_ledger();
	for (int i = 0; i < N; i++)
		len += (size_t)snprintf(text + len, N * 20 - len, "+1555%07d\n",
		                        i);
	import(text, len);
	CHECK_INT(N, sums.fresh);
	CHECK_INT(0, store_dnc_add(s, "+4930123456", "call-1", 1767225600000));
	out = open_memstream(&back, &back_len);
	CHECK(out);
	CHECK_INT(0, dncfile_export(s, write_line, out, &n));
	fclose(out);
	CHECK_INT(N + 1, n);
	CHECK(!strncmp(back, "phone_number,since,call_id\n+15550000000,20",
	               42));
	CHECK(strstr(back, "\n+4930123456,2026-01-01T00:00:00Z,call-1\n"));
	for (int i = 0; i < N; i += 100) {
		snprintf(text, 20, "+1555%07d", i);
		CHECK_INT(0, store_dnc_remove(s, text));
	}
	import(back, back_len);
	CHECK_INT(N + 1, sums.taken);
	CHECK_INT((N + 99) / 100, sums.fresh);
	CHECK_INT(0, sums.bad);
	CHECK_INT(0, store_dnc_list(s, "+4", count_one, &some));
	CHECK_INT(1, some);
	free(text);
	free(back);
	store_close(&s);
}

static int command(const char *word, const char *file)
{
	char env[64], *argv[2];
	struct buf out;
	FILE *f;
	int code;

	snprintf(env, sizeof(env), "%s/env", folder);
	f = fopen(env, "w");
	CHECK(f && fprintf(f, "DATABASE_URL=%s\n", url) > 0);
	fclose(f);
	argv[0] = (char *)(uintptr_t)word;
	argv[1] = (char *)(uintptr_t)file;
	buf_init(&out, sizeof(said) - 1);
	code = dnccmd_run(&out, 2, argv, env);
	snprintf(said, sizeof(said), "%s", buf_str(&out));
	buf_fini(&out);
	return code;
}

static void the_commands_say_what_they_did(void)
{
	FILE *f;

	open_ledger();
	snprintf(path, sizeof(path), "%s/list", folder);
	CHECK_INT(1, command("import", path));
	CHECK(strstr(said, "list: No such file"));
	f = fopen(path, "w");
	CHECK(f && fputs("+15550000001\nx\n+15550000002\n", f) >= 0);
	fclose(f);
	CHECK_INT(1, command("import", path));
	CHECK_STR("line 2: \"x\" is no telephone number\n"
	          "2 numbers read, 2 of them new; 1 bad lines\n",
	          said);
	CHECK_INT(0, command("export", path));
	CHECK_STR("2 numbers written\n", said);
	CHECK_INT(0, command("import", path));
	CHECK_STR("2 numbers read, 0 of them new; 0 bad lines\n", said);
	CHECK_INT(1, command("export", "/nonexistent/list"));
	store_close(&s);
}

static void the_list_goes_over_http_too(void)
{
	static struct world w;
	const char *key = "Authorization: Bearer 0123456789abcdef\r\n";

	world_open(&w, "API_KEY=0123456789abcdef\n");
	world_do(&w, "GET", "/dnc", "", NULL);
	CHECK_INT(401, w.a.status);
	world_do(&w, "POST", "/dnc", "", "+15550000001\n");
	CHECK_INT(401, w.a.status);
	world_do(&w, "POST", "/dnc", key, "");
	CHECK_INT(400, w.a.status);
	world_do(&w, "POST", "/dnc", key,
	         "+15550000001\nno \"body\"\n+15550000002\n+15550000001\n");
	CHECK_INT(200, w.a.status);
	CHECK_STR("{\"taken\":3,\"new\":2,\"bad\":1,\"lines\":[\"line 2: "
	          "\\\"no body\\\" is no telephone number\"]}",
	          w.a.body);
	world_start(&w, key, "{\"phone_number\":\"+15550000002\"}");
	CHECK_INT(403, w.a.status);
	world_do(&w, "GET", "/dnc", key, NULL);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(client_header(&w.a, "Content-Type"), "text/csv"));
	CHECK(!strncmp(w.a.body, "phone_number,since,call_id\n+15550000001,20",
	               42));
	CHECK(strstr(w.a.body, "\n+15550000002,20"));
}

static const struct test tests[] = {
	TEST(plain_text_is_read_and_bad_lines_harm_no_other),
	TEST(the_column_of_numbers_is_found_by_its_name),
	TEST(lines_without_end_are_bad_lines),
	TEST(what_is_exported_is_imported_again),
	TEST(the_commands_say_what_they_did),
	TEST(the_list_goes_over_http_too),
};

TEST_MAIN(tests)
