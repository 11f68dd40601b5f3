/* What is relayed: messages, and ends. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fake/relayed.h"
#include "tests/harness/test.h"

enum { KIB = 1024 };

static struct world w;
static struct relayed a, b;

/* ---- messages ------------------------------------------------------------ */

static void every_kind_of_message_passes_both_ways(void)
{
	static const int ops[] = {WS_RAW_TEXT, WS_RAW_BINARY, WS_RAW_PING,
	                          WS_RAW_PONG};
	static const char v[] = "{\"event\":\"media\"}\0\xff\x80";

	relayed_open(&w, &a, "");
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		relayed_to_bot(&a, ops[i], v, sizeof(v));
		relayed_to_plivo(&a, ops[i], v, sizeof(v));
		relayed_to_bot(&a, ops[i], "", 0);
		relayed_to_plivo(&a, ops[i], "", 0);
		relayed_to_bot(&a, ops[i], "", 0);
	}
	relayed_end(&a);
	world_close(&w);
}

static void sizes_of_all_encodings_pass_both_ways(void)
{
	static const size_t sizes[] = {
		1, 125, 126, 127, 1400, 16384, 65535, 64 * KIB, 64 * KIB + 1};
	char *v = malloc(64 * KIB + 1);

	CHECK(v != NULL);
	for (size_t i = 0; i <= 64 * KIB; i++)
		v[i] = (char)(i * 2654435761U >> 13);
	relayed_open(&w, &a, "");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		relayed_to_bot(&a, WS_RAW_TEXT, v, sizes[i]);
		relayed_to_plivo(&a, WS_RAW_BINARY, v, sizes[i]);
	}
	relayed_end(&a);
	free(v);
}

static void pieces_arrive_as_one_message(void)
{
	relayed_open(&w, &a, "");
	ws_raw_send(a.plivo, WS_RAW_TEXT, false, true, "one, ", 5);
	ws_raw_send(a.plivo, WS_RAW_MORE, false, true, "two, ", 5);
	/* Control frames may come in between, and do not wait. */
	ws_raw_send(a.plivo, WS_RAW_PING, true, true, "now", 3);
	ws_raw_expect(a.bot, WS_RAW_PING, true, "now", 3);
	ws_raw_send(a.plivo, WS_RAW_MORE, true, true, "three", 5);
	ws_raw_expect(a.bot, WS_RAW_TEXT, true, "one, two, three", 15);

	ws_raw_send(a.bot, WS_RAW_BINARY, false, false, "one, ", 5);
	ws_raw_send(a.bot, WS_RAW_MORE, false, false, "", 0);
	ws_raw_send(a.bot, WS_RAW_PONG, true, false, "now", 3);
	ws_raw_expect(a.plivo, WS_RAW_PONG, true, "now", 3);
	ws_raw_send(a.bot, WS_RAW_MORE, true, false, "two", 3);
	ws_raw_expect(a.plivo, WS_RAW_BINARY, true, "one, two", 8);
	/* And what follows is not part of it. */
	relayed_to_bot(&a, WS_RAW_TEXT, "x", 1);
	relayed_to_plivo(&a, WS_RAW_TEXT, "y", 1);
	relayed_end(&a);
}

static void frames_in_one_segment_are_told_apart(void)
{
	static const char plivo[] = "\x81\x81\0\0\0\0a\x89\x80\0\0\0\0"
				    "\x82\x82\0\0\0\0bc";
	static const char bot[] = "\x81\x01"
				  "a\x89\x00\x82\x02"
				  "bc";

	relayed_open(&w, &a, "");
	client_send(a.plivo, plivo, sizeof(plivo) - 1);
	ws_raw_expect(a.bot, WS_RAW_TEXT, true, "a", 1);
	ws_raw_expect(a.bot, WS_RAW_PING, true, "", 0);
	ws_raw_expect(a.bot, WS_RAW_BINARY, true, "bc", 2);
	for (size_t i = 0; i < sizeof(bot) - 1; i++)
		client_send(a.bot, bot + i, 1);
	ws_raw_expect(a.plivo, WS_RAW_TEXT, true, "a", 1);
	ws_raw_expect(a.plivo, WS_RAW_PING, true, "", 0);
	ws_raw_expect(a.plivo, WS_RAW_BINARY, true, "bc", 2);
	relayed_end(&a);
}

/* ---- ends ---------------------------------------------------------------- */

static void a_close_passes_with_its_reason_and_so_does_its_answer(void)
{
	static const char bye[] = "\x03\xe8the call is over";
	static const char yes[] = "\x0f\xa0so it is";

	relayed_open(&w, &a, "");
	relayed_to_bot(&a, WS_RAW_CLOSE, bye, sizeof(bye) - 1);
	relayed_to_plivo(&a, WS_RAW_CLOSE, yes, sizeof(yes) - 1);
	close(a.bot); /* as servers do */
	ws_raw_expect_end(a.plivo);
	close(a.plivo);

	relayed_stream(&w, &a);
	relayed_to_plivo(&a, WS_RAW_CLOSE, bye, sizeof(bye) - 1);
	relayed_to_bot(&a, WS_RAW_CLOSE, yes, sizeof(yes) - 1);
	close(a.bot);
	ws_raw_expect_end(a.plivo);
	close(a.plivo);

	/* Without a code, too. */
	relayed_stream(&w, &a);
	relayed_to_bot(&a, WS_RAW_CLOSE, "", 0);
	relayed_to_plivo(&a, WS_RAW_CLOSE, "", 0);
	close(a.bot);
	ws_raw_expect_end(a.plivo);
	close(a.plivo);
	world_close(&w);
}

static void a_close_that_nobody_answers_has_its_time(void)
{
	long since;

	relayed_open(&w, &a, "");
	since = relayed_now_ms();
	relayed_to_bot(&a, WS_RAW_CLOSE, "\x03\xe8", 2);
	ws_raw_expect_end(a.plivo);
	ws_raw_expect_end(a.bot);
	CHECK(relayed_now_ms() - since < 5000);
	close(a.plivo);
	close(a.bot);

	relayed_stream(&w, &a);
	since = relayed_now_ms();
	relayed_to_plivo(&a, WS_RAW_CLOSE, "\x03\xe8", 2);
	ws_raw_expect_end(a.plivo);
	ws_raw_expect_end(a.bot);
	CHECK(relayed_now_ms() - since < 5000);
	close(a.plivo);
	close(a.bot);
	world_close(&w);
}

static void a_bot_that_is_lost_ends_the_stream(void)
{
	relayed_open(&w, &a, "");
	relayed_to_plivo(&a, WS_RAW_TEXT, "x", 1);
	close(a.bot);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
	ws_raw_expect_end(a.plivo);
	close(a.plivo);
}

/* The bot's end is met by both threads at once, the one that reads what it
 * says and the one that writes what Plivo says; the code passes all the same. */
static void a_bot_that_dies_in_mid_talk_is_told_by_its_code(void)
{
	const struct linger reset = {.l_onoff = 1};

	world_open(&w, "");
	world_take_sockets(true);
	for (unsigned i = 1; i <= 20; i++) {
		relayed_dial(&w, &a, i);
		relayed_stream(&w, &a);
		relayed_to_plivo(&a, WS_RAW_TEXT, "x", 1);
		setsockopt(a.bot, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		for (int n = 0; n < 40; n++) {
			if (n == 20)
				close(a.bot);
			ws_raw_send(a.plivo, WS_RAW_TEXT, true, true, "m", 1);
		}
		ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
		close(a.plivo);
	}
}

/* It is not told of an end in order: the call may come again. */
static void a_caller_that_is_lost_ends_the_stream(void)
{
	relayed_open(&w, &a, "");
	relayed_to_bot(&a, WS_RAW_TEXT, "x", 1);
	close(a.plivo);
	ws_raw_expect_end(a.bot);
	close(a.bot);
	relayed_stream(&w, &a);
	relayed_to_bot(&a, WS_RAW_TEXT, "again", 5);
	relayed_end(&a);
}

static void broken_frames_end_the_stream(void)
{
	static const struct {
		bool plivo; /* sends it */
		int op;
		bool fin;
		size_t len, head;
		const char *code; /* of the close that Plivo gets */
	} rows[] = {
		{true, WS_RAW_MORE, true, 3, 0, "\x03\xea"},
		{true, 3, true, 3, 0, "\x03\xea"},
		{true, 11, true, 3, 0, "\x03\xea"},
		{true, WS_RAW_PING, false, 3, 0, "\x03\xea"},
		{true, WS_RAW_PING, true, 126, 0, "\x03\xea"},
		{true, WS_RAW_TEXT, true, 66 * KIB, 0, "\x03\xf1"},
		{false, WS_RAW_MORE, true, 3, 0, "\x03\xf3"},
		{false, 3, true, 3, 0, "\x03\xf3"},
		{false, 11, true, 3, 0, "\x03\xf3"},
		{false, WS_RAW_PING, false, 3, 0, "\x03\xf3"},
		{false, WS_RAW_PING, true, 126, 0, "\x03\xf3"},
		{false, WS_RAW_TEXT, true, 0, 66 * KIB, "\x03\xf3"},
	};
	char *v = calloc(1, 66 * KIB);

	CHECK(v != NULL);
	world_open(&w, "");
	world_take_sockets(true);
	relayed_dial(&w, &a, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd;

		relayed_stream(&w, &a);
		fd = rows[i].plivo ? a.plivo : a.bot;
		if (rows[i].head)
			ws_raw_send_head(fd, rows[i].op, rows[i].fin,
			                 rows[i].plivo, rows[i].head);
		else
			ws_raw_send(fd, rows[i].op, rows[i].fin, rows[i].plivo,
			            v, rows[i].len);
		ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, rows[i].code, 2);
		ws_raw_expect_end(a.plivo);
		ws_raw_expect_end(a.bot);
		close(a.plivo);
		close(a.bot);
	}
	free(v);
}

static void pieces_are_limited_as_messages_are(void)
{
	char *v = calloc(1, 16 * KIB);

	CHECK(v != NULL);
	relayed_open(&w, &a, "");
	ws_raw_send(a.plivo, WS_RAW_TEXT, false, true, v, 16 * KIB);
	for (int i = 0; i < 4; i++)
		ws_raw_send(a.plivo, WS_RAW_MORE, false, true, v, 16 * KIB);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf1", 2);
	ws_raw_expect_end(a.bot);
	close(a.plivo);
	close(a.bot);
	relayed_stream(&w, &a);
	/* A message may not begin within another. */
	ws_raw_send(a.bot, WS_RAW_TEXT, false, false, v, 3);
	ws_raw_send(a.bot, WS_RAW_TEXT, true, false, v, 3);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
	close(a.plivo);
	close(a.bot);
	relayed_stream(&w, &a);
	ws_raw_send(a.plivo, WS_RAW_TEXT, false, true, v, 3);
	ws_raw_send(a.plivo, WS_RAW_TEXT, true, true, v, 3);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xea", 2);
	close(a.plivo);
	close(a.bot);
	free(v);
}

static void a_stop_tells_both_sides_and_is_prompt(void)
{
	long since;

	relayed_open(&w, &a, "");
	relayed_dial(&w, &b, 2);
	relayed_stream(&w, &b);
	since = relayed_now_ms();
	world_close(&w);
	CHECK(relayed_now_ms() - since < 6000);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xe9", 2);
	ws_raw_expect_end(a.plivo);
	ws_raw_expect(a.bot, WS_RAW_CLOSE, true, "\x03\xe9", 2);
	ws_raw_expect_end(a.bot);
	ws_raw_expect(b.plivo, WS_RAW_CLOSE, true, "\x03\xe9", 2);
	ws_raw_expect(b.bot, WS_RAW_CLOSE, true, "\x03\xe9", 2);
}

static const struct test tests[] = {
	TEST(every_kind_of_message_passes_both_ways),
	TEST(sizes_of_all_encodings_pass_both_ways),
	TEST(pieces_arrive_as_one_message),
	TEST(frames_in_one_segment_are_told_apart),
	TEST(a_close_passes_with_its_reason_and_so_does_its_answer),
	TEST(a_close_that_nobody_answers_has_its_time),
	TEST(a_bot_that_is_lost_ends_the_stream),
	TEST(a_bot_that_dies_in_mid_talk_is_told_by_its_code),
	TEST(a_caller_that_is_lost_ends_the_stream),
	TEST(broken_frames_end_the_stream),
	TEST(pieces_are_limited_as_messages_are),
	TEST(a_stop_tells_both_sides_and_is_prompt),
};

TEST_MAIN(tests)
