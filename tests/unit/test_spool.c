#define _GNU_SOURCE
#include "bot/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static char dir[256];
static struct spool_file *file;

static void begin(void)
{
	snprintf(dir, sizeof(dir), "%s/state", proc_temp_dir());
	CHECK_INT(0, spool_file_open(&file, dir));
}

/* The path of the one file that is there; "" if there is none. */
static const char *only_file(void)
{
	static char path[600];
	const struct dirent *e;
	DIR *d = opendir(dir);

	CHECK(d);
	path[0] = '\0';
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			CHECK_STR("", path);
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		}
	closedir(d);
	return path;
}

static void line(struct buf *out, const char *id, const char *call)
{
	char json[128];
	struct spool_event *e;

	snprintf(json, sizeof(json), "{\"event_id\":\"%s\",\"call_id\":\"%s\"}",
	         id, call);
	e = spool_event_new(str_of(json), str_n(json + 13, strlen(id)));
	CHECK(e);
	CHECK_INT(0, spool_line_event(out, e, call, "http://127.0.0.1:1/e"));
	mem_free(e);
}

static void append(struct buf *lines)
{
	CHECK_INT(0, spool_file_append(file, lines->v, lines->len));
	buf_reset(lines);
}

static void add_call(const struct spool_feed *f, struct buf *out)
{
	CHECK_STR("http://127.0.0.1:1/e", f->url);
	CHECK_INT(0, buf_addf(out, "%s:", f->call_id));
	for (const struct spool_event *e = f->head; e; e = e->next)
		CHECK_INT(0, buf_addf(out, " %.*s", (int)e->id_len, e->id));
	CHECK_INT(0, buf_adds(out, "; "));
}

/* What another bot of the same folder inherits, "CALL: ID ID; ". */
static const char *inherited(size_t *bad)
{
	static char text[4096];
	struct spool_file *other;
	struct spool_heir *h = NULL;
	struct spool_feed *list = NULL;
	struct buf out;
	size_t n_bad = 0;
	int err;

	buf_init(&out, sizeof(text) - 1);
	CHECK_INT(0, spool_file_open(&other, dir));
	err = spool_heir_open(&h, other);
	if (!err)
		CHECK_INT(0, spool_heir_read(h, &list, &n_bad));
	else
		CHECK_INT(-ENOENT, err);
	for (const struct spool_feed *f = list; f; f = f->next)
		add_call(f, &out);
	spool_feed_free(list);
	spool_heir_close(&h);
	spool_file_close(&other);
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	buf_fini(&out);
	if (bad)
		*bad = n_bad;
	return text;
}

static void what_is_done_is_left_out(void)
{
	struct buf b;

	begin();
	buf_init(&b, 1 << 20);
	line(&b, "e1", "c1");
	line(&b, "e2", "c1");
	append(&b);
	CHECK_INT(0, spool_line_done(&b, str_of("e1")));
	line(&b, "e3", "c1");
	append(&b);
	spool_file_close(&file);
	CHECK_STR("c1: e2 e3; ", inherited(NULL));
	buf_fini(&b);
	CHECK_INT(0, mem_live());
}

static void each_call_has_its_own_in_their_order(void)
{
	struct buf b;

	begin();
	buf_init(&b, 1 << 20);
	line(&b, "e1", "c1");
	line(&b, "e2", "c2");
	line(&b, "e3", "c1");
	line(&b, "e4", "c2");
	append(&b);
	spool_file_close(&file);
	/* And of calls, whose came first. */
	CHECK_STR("c1: e1 e3; c2: e2 e4; ", inherited(NULL));
	buf_fini(&b);
}

/* At whatever byte the power went. */
static void a_torn_end_costs_the_last_line_alone(void)
{
	static const char *const want[] = {"", "c1: e1; ", "c1: e1 e2; "};
	size_t ends[3] = {0};
	struct buf b;

	begin();
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 2; i++) {
		line(&b, i ? "e2" : "e1", "c1");
		append(&b);
		ends[i + 1] = spool_file_size(file);
	}
	spool_file_close(&file);
	for (size_t at = ends[2]; at-- > 0;) {
		/* A line's end is no part of it. */
		size_t whole = at + 1 < ends[1] ? 0 : at + 1 < ends[2] ? 1 : 2;
		size_t bad;

		CHECK_INT(0, truncate(only_file(), (off_t)at));
		CHECK_STR(want[whole], inherited(&bad));
		CHECK_INT(at != 0 && at != ends[1] && at + 1 != ends[1] &&
		                  at + 1 != ends[2],
		          bad);
	}
	buf_fini(&b);
}

static void a_spoilt_line_costs_itself_alone(void)
{
	struct buf b;
	size_t bad, from;
	int fd;

	begin();
	buf_init(&b, 1 << 20);
	line(&b, "e1", "c1");
	append(&b);
	from = spool_file_size(file);
	line(&b, "e2", "c1");
	line(&b, "e3", "c1");
	append(&b);
	spool_file_close(&file);
	fd = open(only_file(), O_WRONLY);
	CHECK_INT(1, pwrite(fd, "#", 1, (off_t)from + 40));
	close(fd);
	CHECK_STR("c1: e1 e3; ", inherited(&bad));
	CHECK_INT(1, bad);
	buf_fini(&b);
}

static void nobody_else_may_read_it(void)
{
	struct stat st;

	umask(0);
	begin();
	CHECK_INT(0, stat(dir, &st));
	CHECK_INT(0700, st.st_mode & 07777);
	CHECK_INT(0, stat(only_file(), &st));
	CHECK_INT(0600, st.st_mode & 07777);
	spool_file_close(&file);
}

static void a_file_with_nothing_in_it_goes(void)
{
	struct buf b;

	begin();
	buf_init(&b, 1 << 20);
	line(&b, "e1", "c1");
	append(&b);
	CHECK_INT(0, spool_file_clear(file));
	spool_file_close(&file);
	CHECK_STR("", only_file());
	buf_fini(&b);
}

static void the_file_of_a_living_bot_is_let_be(void)
{
	struct buf b;

	begin();
	buf_init(&b, 1 << 20);
	line(&b, "e1", "c1");
	append(&b);
	CHECK_STR("", inherited(NULL));
	spool_file_close(&file);
	CHECK_STR("c1: e1; ", inherited(NULL));
	buf_fini(&b);
}

static void what_is_inherited_can_be_removed(void)
{
	struct spool_heir *h;
	struct buf b;

	begin();
	buf_init(&b, 1 << 20);
	line(&b, "e1", "c1");
	append(&b);
	spool_file_close(&file);
	CHECK_INT(0, spool_file_open(&file, dir));
	CHECK_INT(0, spool_heir_open(&h, file));
	spool_heir_remove(&h);
	CHECK_INT(-ENOENT, spool_heir_open(&h, file));
	spool_file_close(&file);
	CHECK_STR("", only_file());
	buf_fini(&b);
}

static void it_is_made_smaller_without_a_loss(void)
{
	char id[16], call[16];
	size_t before;
	struct buf b;

	begin();
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "e%d", i);
		snprintf(call, sizeof(call), "c%d", i % 7);
		line(&b, id, call);
		if (i % 250 != 249)
			CHECK_INT(0, spool_line_done(&b, str_of(id)));
	}
	append(&b);
	before = spool_file_size(file);
	CHECK_INT(0, spool_file_compact(file));
	CHECK(spool_file_size(file) < before / 100);
	/* Still ours, and still a log. */
	CHECK_STR("", inherited(NULL));
	line(&b, "last", "c4");
	append(&b);
	spool_file_close(&file);
	CHECK(strstr(inherited(NULL), "c4: e249 last; "));
	CHECK(strstr(inherited(NULL), "c2: e499; "));
	CHECK(strstr(inherited(NULL), "c5: e999; "));
	buf_fini(&b);
}

static void what_would_break_a_line_is_refused(void)
{
	static const char json[] = "{\"event_id\":\"a\"}";
	struct spool_event *e =
		spool_event_new(str_of(json), str_n(json + 13, 1));
	struct buf b;

	buf_init(&b, 1 << 20);
	CHECK_INT(-EINVAL, spool_line_event(&b, e, "c 1", "http://h/"));
	CHECK_INT(-EINVAL, spool_line_event(&b, e, "c1", "http://h/\n"));
	CHECK_INT(-EINVAL, spool_line_event(&b, e, "c1", ""));
	CHECK_INT(0, b.len);
	CHECK_INT(-EINVAL, spool_line_done(&b, str_of("")));
	mem_free(e);
	buf_fini(&b);
}

static void a_full_file_takes_no_more_and_no_part(void)
{
	static char much[1 << 20];
	size_t size;

	begin();
	while (spool_file_size(file) + sizeof(much) <= SPOOL_FILE_MAX)
		CHECK_INT(0, spool_file_append(file, much, sizeof(much)));
	size = spool_file_size(file);
	CHECK_INT(ERR_LIMIT, spool_file_append(file, much, sizeof(much)));
	CHECK_INT(size, spool_file_size(file));
	CHECK_INT(0, spool_file_clear(file));
	CHECK_INT(0, spool_file_append(file, much, 10));
	CHECK_INT(0, spool_file_clear(file));
	spool_file_close(&file);
}

static const struct test tests[] = {
	TEST(what_is_done_is_left_out),
	TEST(each_call_has_its_own_in_their_order),
	TEST(a_torn_end_costs_the_last_line_alone),
	TEST(a_spoilt_line_costs_itself_alone),
	TEST(nobody_else_may_read_it),
	TEST(a_file_with_nothing_in_it_goes),
	TEST(the_file_of_a_living_bot_is_let_be),
	TEST(what_is_inherited_can_be_removed),
	TEST(it_is_made_smaller_without_a_loss),
	TEST(what_would_break_a_line_is_refused),
	TEST(a_full_file_takes_no_more_and_no_part),
};

TEST_MAIN(tests)
