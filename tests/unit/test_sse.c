#include "bot/net/sse.h"

#include <stdio.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static char got[512];

static int note(const char *data, size_t len, void *arg)
{
	size_t n = strlen(got);

	CHECK_INT(strlen(data), len);
	snprintf(got + n, sizeof(got) - n, "[%s]", data);
	return arg && !strcmp(data, arg) ? -1 : 0;
}

/* Feed @text in pieces of @step bytes; what came out is in got. */
static int feed(const char *text, size_t step, const char *stop)
{
	struct sse s;
	size_t len = strlen(text);
	int err = 0;

	got[0] = '\0';
	sse_init(&s);
	for (size_t at = 0; at < len && !err; at += step)
		err = sse_feed(&s, text + at, step < len - at ? step : len - at,
		               note, (void *)(uintptr_t)stop);
	sse_fini(&s);
	CHECK_INT(0, mem_live());
	return err;
}

static void events_come_out_whole_however_they_were_cut(void)
{
	static const char text[] = ": comment\n\ndata: a\n\ndata:b\r\n\r\n"
				   "data: c\r\rid: 7\nevent: x\ndata: d\n"
				   "data:  e\n\ndata\n\n\n\ndata: [DONE]\n\n"
				   "data: unfinished\n";

	for (size_t step = 1; step <= sizeof(text); step++) {
		CHECK_INT(0, feed(text, step, NULL));
		CHECK_STR("[a][b][c][d\n e][][[DONE]]", got);
	}
}

static void a_handler_can_end_it(void)
{
	CHECK_INT(-1, feed("data: a\n\ndata: b\n\ndata: c\n\n", 100, "b"));
	CHECK_STR("[a][b]", got);
}

static void an_endless_line_is_refused(void)
{
	static char piece[4096];
	struct sse s;
	int err = 0;

	memset(piece, 'x', sizeof(piece));
	sse_init(&s);
	for (int i = 0; i < 100 && !err; i++)
		err = sse_feed(&s, piece, sizeof(piece), note, NULL);
	CHECK_INT(ERR_LIMIT, err);
	sse_fini(&s);
}

static const struct test tests[] = {
	TEST(events_come_out_whole_however_they_were_cut),
	TEST(a_handler_can_end_it),
	TEST(an_endless_line_is_refused),
};

TEST_MAIN(tests)
