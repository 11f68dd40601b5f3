#include "bot/playout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/stream/proto.h"
#include "common/base64.h"
#include "common/err.h"
#include "common/js.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/test.h"

/*
 * A carrier in virtual time: it plays a byte each 125 us as the callee hears
 * it, answers checkpoints when it gets to them, and drops on clearAudio. Time
 * goes in steps of a millisecond.
 */
enum { HEARD_MAX = 8 * 200000, QUEUE_MAX = 8 * 2000, CHECKS_MAX = 64 };

static struct {
	uint8_t heard[HEARD_MAX]; /* what the callee heard, silence left out */
	size_t n_heard;
	uint8_t queue[QUEUE_MAX];
	size_t head, tail; /* positions; of the queue modulo its size */
	struct {
		char name[64];
		size_t at;
		uint64_t back_ms; /* set when reached */
	} check[CHECKS_MAX];
	size_t n_check;
	bool mute; /* checkpoints are never answered */
	bool full; /* the socket takes nothing */
	uint32_t delay_ms;
	uint32_t packets, clears, max_lead;
	uint64_t packet_at[4096];
	size_t packet_len;
} line;

static struct timers *ts;
static struct playout *po;
static uint64_t now_ms;
static char told[8192];
static uint32_t heard_ms[64];
static bool close_in_event;

static void on_audio(const json_t *root)
{
	const json_t *media = json_object_get(root, "media");
	const char *text = js_str(media, "payload", "");
	static uint8_t audio[4096];
	long n = base64_decode(audio, text, strlen(text));

	CHECK(n > 0);
	CHECK_STR("audio/x-mulaw", js_str(media, "contentType", ""));
	CHECK(line.tail - line.head + (size_t)n <= QUEUE_MAX);
	for (long i = 0; i < n; i++)
		line.queue[line.tail++ % QUEUE_MAX] = audio[i];
	line.packet_len = (size_t)n;
	line.packet_at[line.packets++] = now_ms;
	if (line.tail - line.head > line.max_lead * 8)
		line.max_lead = (uint32_t)((line.tail - line.head + 7) / 8);
}

static int carrier(const char *text, size_t len, void *arg)
{
	json_t *root = js_parse(text, len, NULL, 0);
	const char *event = js_str(root, "event", "");

	(void)arg;
	CHECK(root != NULL);
	if (line.full) {
		json_decref(root);
		return -EAGAIN;
	}
	if (strcmp(event, "playAudio") == 0) {
		on_audio(root);
	} else if (strcmp(event, "clearAudio") == 0) {
		line.clears++;
		line.head = line.tail;
		/* Those not reached are never answered. */
		while (line.n_check && !line.check[line.n_check - 1].back_ms)
			line.n_check--;
	} else {
		CHECK_STR("checkpoint", event);
		CHECK(line.n_check < CHECKS_MAX);
		(void)snprintf(line.check[line.n_check].name, 64, "%s",
		               js_str(root, "name", ""));
		line.check[line.n_check].back_ms = 0;
		line.check[line.n_check++].at = line.tail;
	}
	json_decref(root);
	return 0;
}

static void on_event(const struct playout_event *ev, void *arg)
{
	static const char letter[] = {'S', 'H', 'D'};
	(void)arg;
	CHECK(ev->heard_ms >= heard_ms[ev->reply]);
	heard_ms[ev->reply] = ev->heard_ms;
	if (ev->type != PLAYOUT_HEARD) {
		char one[32];

		(void)snprintf(one, sizeof one, "%c%u@%u%s ", letter[ev->type],
		               ev->reply, (unsigned)now_ms,
		               ev->by_clock ? "c" : "");
		strncat(told, one, sizeof told - strlen(told) - 1);
	}
	if (close_in_event)
		playout_free(&po);
}

static void checkpoints(void)
{
	char name[64];

	for (size_t i = 0; i < line.n_check; i++) {
		if (line.check[i].at <= line.head && !line.check[i].back_ms)
			line.check[i].back_ms = now_ms + line.delay_ms + 1;
	}
	while (line.n_check && line.check[0].back_ms &&
	       line.check[0].back_ms <= now_ms + 1) {
		memcpy(name, line.check[0].name, sizeof name);
		memmove(&line.check[0], &line.check[1],
		        --line.n_check * sizeof line.check[0]);
		if (!line.mute && po)
			CHECK(playout_marked(po, name));
	}
}

/* Let time pass; the loop runs its timers every @stall milliseconds. */
static void pass_stalled(uint32_t ms, uint32_t stall)
{
	for (uint32_t i = 0; i < ms; i++) {
		now_ms++;
		for (int k = 0; k < 8 && line.head < line.tail; k++) {
			uint8_t v = line.queue[line.head++ % QUEUE_MAX];

			if (v != 0xff)
				line.heard[line.n_heard++] = v;
		}
		if (i % stall == stall - 1) {
			timers_run(ts, now_ms * 1000);
			checkpoints();
		}
	}
}

static void pass(uint32_t ms)
{
	pass_stalled(ms, 1);
}

static void open_with(uint32_t lead_ms, uint32_t packet_ms)
{
	const struct playout_params prm = {
		.timers = ts,
		.proto = &stream_plivo,
		.stream_id = "s",
		.fmt = AUDIO_ULAW_8K,
		.lead_ms = lead_ms,
		.packet_ms = packet_ms,
		.sendh = carrier,
		.eventh = on_event,
	};

	CHECK_INT(0, playout_new(&po, &prm));
}

static void setup(void)
{
	now_ms = 1000;
	CHECK_INT(0, timers_new(&ts, now_ms * 1000));
	open_with(0, 0);
}

static void teardown(void)
{
	uint64_t due;

	playout_free(&po);
	CHECK(!timers_next(ts, &due));
	timers_free(&ts);
	CHECK_INT(0, mem_live());
}

static uint8_t wave[8 * 130000];

/* Every reply has bytes of its own, none of them silence. */
static uint8_t byte_of(uint32_t reply, size_t i)
{
	return (uint8_t)((i * 7 + i / 200 + reply * 31) % 255);
}

static int push_from(uint32_t reply, size_t from, size_t ms)
{
	for (size_t i = 0; i < ms * 8; i++)
		wave[i] = byte_of(reply, from * 8 + i);
	return playout_push(po, reply, wave, ms * 8);
}

static void say(uint32_t reply, size_t ms)
{
	CHECK_INT(0, push_from(reply, 0, ms));
	CHECK_INT(0, playout_end(po, reply));
}

static void check_heard(size_t at, uint32_t reply, size_t from_ms, size_t ms)
{
	for (size_t i = 0; i < ms * 8; i++)
		CHECK_INT(byte_of(reply, from_ms * 8 + i),
		          line.heard[at * 8 + i]);
}

static void a_reply_leaves_at_once_and_then_in_time(void)
{
	setup();
	say(1, 1000);
	CHECK_INT(5, line.packets); /* in the same turn as the push */
	CHECK_INT(320, line.packet_len);
	pass(1500);
	CHECK_INT(25, line.packets);
	for (size_t i = 5; i < 25; i++)
		CHECK_INT(1000 + (i - 4) * 40, line.packet_at[i]);
	CHECK_INT(200, line.max_lead);
	CHECK_INT(8000, line.n_heard);
	check_heard(0, 1, 0, 1000);
	CHECK_STR("S1@1001 D1@2000 ", told);
	CHECK(!playout_busy(po));
	teardown();
}

static void packets_and_lead_are_as_asked(void)
{
	setup();
	playout_free(&po);
	open_with(100, 20);
	say(1, 500);
	CHECK_INT(5, line.packets);
	CHECK_INT(160, line.packet_len);
	pass(700);
	CHECK_INT(25, line.packets);
	CHECK_INT(100, line.max_lead);
	teardown();
}

static void the_tail_is_filled_up_with_silence(void)
{
	setup();
	say(1, 37);
	pass(100);
	CHECK_INT(1, line.packets);
	CHECK_INT(320, line.packet_len);
	CHECK_INT(37 * 8, line.n_heard);
	CHECK_STR("S1@1001 D1@1040 ", told);
	CHECK_INT(37, heard_ms[1]);
	teardown();
}

static void nothing_is_sent_when_there_is_nothing_to_say(void)
{
	struct playout_stats st;

	setup();
	pass(500);
	say(1, 40);
	pass(3000);
	CHECK_INT(1, line.packets);
	playout_stats(po, &st);
	CHECK_INT(0, st.underruns);
	CHECK_INT(1, st.marks);
	teardown();
}

/* Voices arrive in pieces of any size. */
static void pieces_make_whole_packets(void)
{
	size_t at = 0;

	setup();
	for (size_t ms = 1; at + ms < 900; ms = ms % 17 + 3) {
		CHECK_INT(0, push_from(1, at, ms));
		at += ms;
		pass(2);
	}
	CHECK_INT(0, playout_end(po, 1));
	pass(1500);
	CHECK_INT(at * 8, line.n_heard);
	check_heard(0, 1, 0, at);
	CHECK_INT((at + 39) / 40, line.packets);
	teardown();
}

static void replies_follow_each_other_without_a_gap(void)
{
	struct playout_stats st;

	setup();
	say(1, 400);
	say(2, 400);
	say(3, 0);
	pass(1000);
	check_heard(0, 1, 0, 400);
	check_heard(400, 2, 0, 400);
	CHECK_STR("S1@1001 S2@1240 D1@1400 D2@1800 D3@1800 ", told);
	playout_stats(po, &st);
	CHECK_INT(0, st.underruns);
	teardown();
}

static void a_reply_without_audio_is_done(void)
{
	setup();
	CHECK_INT(0, playout_end(po, 4));
	CHECK_STR("", told);
	pass(1);
	CHECK_STR("D4@1001 ", told);
	CHECK_INT(0, line.packets);
	CHECK_INT(ERR_STALE, playout_end(po, 4));
	CHECK_INT(ERR_STALE, push_from(3, 0, 40));
	teardown();
}

static void a_stalled_loop_catches_up(void)
{
	struct playout_stats st;

	setup();
	say(1, 2000);
	pass_stalled(150, 150);
	CHECK_INT(8, line.packets); /* 160 to 200 ms ahead again */
	pass(20);
	pass_stalled(300, 300); /* longer than the lead */
	playout_stats(po, &st);
	CHECK_INT(1, st.underruns);
	CHECK(st.dry_ms >= 100 && st.dry_ms <= 140);
	pass(3000);
	CHECK_INT(16000, line.n_heard);
	check_heard(0, 1, 0, 2000);
	CHECK_INT(200, line.max_lead);
	teardown();
}

static void a_late_voice_is_an_underrun(void)
{
	struct playout_stats st;

	setup();
	CHECK_INT(0, push_from(1, 0, 400));
	pass(379);
	playout_stats(po, &st);
	CHECK_INT(0, st.marks);
	/* The line is told where it falls silent, when that is certain. */
	pass(2);
	playout_stats(po, &st);
	CHECK_INT(1, st.marks);
	pass(319);
	CHECK_INT(400, heard_ms[1]);
	CHECK_INT(0, push_from(1, 400, 400));
	CHECK_INT(0, playout_end(po, 1));
	pass(1000);
	playout_stats(po, &st);
	CHECK_INT(2, st.marks);
	CHECK_INT(1, st.underruns);
	CHECK_INT(300, st.dry_ms);
	check_heard(0, 1, 0, 800);
	CHECK_STR("S1@1001 D1@2100 ", told);
	teardown();
}

static void a_full_socket_loses_nothing(void)
{
	struct playout_stats st;

	setup();
	say(1, 1000);
	pass(100);
	line.full = true;
	pass(500);
	line.full = false;
	pass(2000);
	playout_stats(po, &st);
	CHECK(st.send_failures >= 10 && st.send_failures <= 14);
	CHECK_INT(8000, line.n_heard);
	check_heard(0, 1, 0, 1000);
	CHECK(strstr(told, "D1@"));
	teardown();
}

static void marks_tell_what_was_heard(void)
{
	setup();
	say(1, 2000);
	pass(519);
	CHECK_INT(0, heard_ms[1]);
	pass(2); /* the first packet's end behind half a second */
	CHECK_INT(520, heard_ms[1]);
	pass(1050);
	CHECK_INT(1560, heard_ms[1]);
	pass(1000);
	CHECK_INT(2000, heard_ms[1]);
	teardown();
}

static void the_estimate_is_close_at_any_time(void)
{
	setup();
	line.delay_ms = 250;
	say(1, 3000);
	pass(1000); /* a mark has measured the delay by now */
	for (int i = 0; i < 1800; i += 10) {
		pass(10);
		CHECK_NEAR((double)line.n_heard / 8 - 250,
		           playout_heard_ms(po, 1), 25);
	}
	teardown();
}

static void without_marks_the_clock_tells(void)
{
	struct playout_stats st;

	setup();
	line.mute = true;
	say(1, 2000);
	for (int i = 0; i < 1900; i += 100) {
		pass(100);
		CHECK_NEAR((double)line.n_heard / 8 - PLAYOUT_DELAY_MS,
		           playout_heard_ms(po, 1), 25 + (i < 100 ? 100 : 0));
	}
	CHECK(heard_ms[1] >= 900);
	pass(2000);
	CHECK_STR("S1@1001 D1@3500c ", told);
	playout_stats(po, &st);
	CHECK_INT(4, st.late_marks);
	teardown();
}

static void clearing_stops_the_line_and_leaves_nothing_behind(void)
{
	uint32_t heard;

	setup();
	CHECK_INT(0, push_from(1, 0, 2010));
	pass(600);
	heard = playout_heard_ms(po, 1);
	CHECK_NEAR(600, heard, 110);
	playout_clear(po, 1);
	CHECK_INT(1, line.clears);
	CHECK_INT(0, playout_heard_ms(po, 1));
	CHECK_INT(ERR_STALE, push_from(1, 2010, 40));
	CHECK_INT(ERR_STALE, playout_end(po, 1));
	pass(100);
	CHECK_INT(600 * 8, line.n_heard);
	say(2, 100);
	CHECK_INT(1700, line.packet_at[line.packets - 1]);
	pass(300);
	check_heard(600, 2, 0, 100);
	CHECK_INT(700 * 8, line.n_heard);
	CHECK_STR("S1@1001 S2@1701 D2@1820 ", told);
	teardown();
}

static void a_silent_line_is_not_cleared(void)
{
	setup();
	playout_clear(po, 1);
	CHECK_INT(ERR_STALE, push_from(1, 0, 40));
	say(2, 200);
	pass(1000);
	playout_clear(po, 2);
	CHECK_INT(0, line.clears);
	CHECK_INT(0, push_from(3, 0, 10)); /* not enough for a packet */
	playout_clear(po, 3);
	CHECK_INT(0, line.clears);
	pass(100);
	CHECK_INT(200 * 8, line.n_heard);
	teardown();
}

static void clearing_spares_later_replies(void)
{
	setup();
	say(1, 200);
	say(2, 400);
	pass(100); /* some of the second is on the line already */
	playout_clear(po, 1);
	pass(1000);
	CHECK_INT(1, line.clears);
	check_heard(0, 1, 0, 100);
	check_heard(100, 2, 0, 400);
	CHECK_INT(500 * 8, line.n_heard);
	CHECK(strstr(told, "D2@"));
	CHECK(!strstr(told, "D1@"));
	teardown();
}

static void a_pause_goes_on_from_the_sample_that_was_heard_last(void)
{
	size_t at;

	setup();
	say(1, 2000);
	pass(913);
	playout_pause(po);
	CHECK(playout_paused(po));
	CHECK_INT(1, line.clears);
	at = playout_heard_ms(po, 1);
	CHECK_NEAR(913, (double)at, 2); /* marks have measured no delay */
	pass(1000);
	CHECK_INT(913 * 8, line.n_heard);
	CHECK_INT(at, playout_heard_ms(po, 1));
	playout_resume(po);
	pass(3000);
	check_heard(0, 1, 0, 913);
	check_heard(913, 1, at, 2000 - at);
	CHECK_INT((913 + 2000 - at) * 8, line.n_heard);
	CHECK_STR("S1@1001 D1@4033 ", told);
	CHECK_INT(2000, heard_ms[1]);
	teardown();
}

static void audio_may_arrive_in_a_pause(void)
{
	struct playout_stats st;

	setup();
	CHECK_INT(0, push_from(1, 0, 400));
	pass(300);
	playout_pause(po);
	CHECK_INT(0, push_from(1, 400, 400));
	CHECK_INT(0, playout_end(po, 1));
	pass(500);
	CHECK_INT(300 * 8, line.n_heard);
	playout_resume(po);
	pass(2000);
	check_heard(300, 1, 200, 600);
	playout_stats(po, &st);
	CHECK_INT(0, st.underruns);
	CHECK(strstr(told, "D1@"));
	teardown();
}

static void a_pause_after_the_last_sample_still_ends_the_reply(void)
{
	setup();
	line.mute = true; /* the end's mark is lost in the pause */
	say(1, 200);
	pass(310);
	playout_pause(po);
	pass(100);
	line.mute = false;
	playout_resume(po);
	pass(1000);
	CHECK(strstr(told, "D1@"));
	CHECK_INT(200, heard_ms[1]);
	teardown();
}

static void clearing_ends_a_pause(void)
{
	setup();
	say(1, 1000);
	pass(300);
	playout_pause(po);
	playout_clear(po, 1);
	CHECK(!playout_paused(po));
	say(2, 100);
	pass(200);
	check_heard(300, 2, 0, 100);
	teardown();
}

static void a_new_line_gets_what_the_old_one_did_not_play(void)
{
	setup();
	say(1, 1000);
	pass(700);
	line.head = line.tail; /* it is gone with its buffer and its marks */
	line.n_check = 0;
	CHECK_INT(-EINVAL, playout_reline(po, "", AUDIO_ULAW_8K));
	CHECK_INT(0, playout_reline(po, "s2", AUDIO_ULAW_8K));
	pass(1000);
	CHECK_INT(1000 * 8, line.n_heard);
	check_heard(0, 1, 0, 1000);
	CHECK(strstr(told, "D1@"));
	say(2, 100);
	CHECK_INT(0, playout_reline(po, "s3", AUDIO_L16_8K));
	CHECK(!playout_busy(po));
	CHECK_INT(ERR_STALE, playout_end(po, 2));
	teardown();
}

static void foreign_marks_are_not_believed(void)
{
	static const char *const bad[] = {
		"",        "r1",      "1.500",    "r1.",   "r1.x",
		"r1.500.", "r1.5.no", "r1.99999", "r2.0",  "r1.2000.end",
		"x1.500",  "r-1.5",   "r1.1.end", "r1.-5",
	};

	setup();
	CHECK_INT(0, push_from(1, 0, 2000));
	pass(100);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!playout_marked(po, bad[i]));
	CHECK_INT(0, heard_ms[1]);
	CHECK(playout_marked(po, "r1.40"));
	CHECK_INT(40, heard_ms[1]);
	CHECK(playout_marked(po, "r1.20")); /* late, and no news */
	CHECK_INT(40, heard_ms[1]);
	teardown();
}

static void two_minutes_are_the_limit(void)
{
	setup();
	CHECK_INT(0, push_from(1, 0, 60000));
	CHECK_INT(0, push_from(1, 60000, 60000));
	CHECK_INT(ERR_LIMIT, push_from(1, 120000, 1));
	CHECK_INT(120000 - 200, playout_queued_ms(po));
	pass(1000);
	CHECK_INT(0, push_from(1, 120000, 500));
	playout_clear(po, 1);
	for (uint32_t i = 2; i < 2 + PLAYOUT_REPLIES_MAX; i++)
		CHECK_INT(0, push_from(i, 0, 40));
	CHECK_INT(ERR_LIMIT, push_from(99, 0, 40));
	CHECK_INT(0, push_from(1 + PLAYOUT_REPLIES_MAX, 40, 40));
	teardown();
}

static void it_may_be_closed_in_each_event(void)
{
	setup();
	say(1, 100);
	say(2, 100);
	close_in_event = true;
	pass(500);
	CHECK(po == NULL);
	CHECK_INT(strlen("S1@1001 "), strlen(told));
	teardown();
}

static void numbers_out_of_bounds_are_refused(void)
{
	struct playout_params prm = {
		.proto = &stream_plivo, .stream_id = "s", .lead_ms = 99};

	CHECK_INT(-EINVAL, playout_new(&po, &prm));
	prm.lead_ms = 201;
	CHECK_INT(-EINVAL, playout_new(&po, &prm));
	prm.lead_ms = 0;
	prm.packet_ms = 61;
	CHECK_INT(-EINVAL, playout_new(&po, &prm));
	prm.packet_ms = 0;
	prm.stream_id = "";
	CHECK_INT(-EINVAL, playout_new(&po, &prm));
	mem_fail_after(0);
	CHECK_INT(-ENOMEM, playout_new(&po, &prm));
	CHECK_INT(0, mem_live());
}

/* Whatever happens, each sample of a reply that is done was heard, in order,
 * and a little twice at most where it was paused. */
static void random_conversations_keep_their_audio(void)
{
	uint32_t seed = 11;

	for (uint32_t round = 0; round < 150; round++) {
		size_t total = 0, paused = 0;

		memset(&line, 0, sizeof line);
		memset(heard_ms, 0, sizeof heard_ms);
		told[0] = '\0';
		setup();
		while (total < 1500) {
			uint32_t n;

			seed = seed * 1664525 + 1013904223;
			n = (seed >> 8) % 200;
			line.delay_ms = round % 3 * 40;
			CHECK_INT(0, push_from(1, total, n));
			total += n;
			line.full = seed >> 30 == 1;
			pass_stalled(n, 1 + (seed >> 20) % 50);
			timers_update(ts, now_ms * 1000);
			if ((seed >> 28) % 4 == 0 && !playout_paused(po)) {
				paused++;
				playout_pause(po);
			} else {
				playout_resume(po);
			}
		}
		line.full = false;
		playout_resume(po);
		CHECK_INT(0, playout_end(po, 1));
		pass(5000);
		CHECK_INT(total, heard_ms[1]);
		CHECK(strstr(told, "D1@"));
		CHECK(line.n_heard >= total * 8 - paused * 8 * 60);
		CHECK(line.n_heard <= total * 8 + paused * 8 * 260);
		CHECK(line.max_lead <= 200);
		teardown();
	}
}

static const struct test tests[] = {
	TEST(a_reply_leaves_at_once_and_then_in_time),
	TEST(packets_and_lead_are_as_asked),
	TEST(the_tail_is_filled_up_with_silence),
	TEST(nothing_is_sent_when_there_is_nothing_to_say),
	TEST(pieces_make_whole_packets),
	TEST(replies_follow_each_other_without_a_gap),
	TEST(a_reply_without_audio_is_done),
	TEST(a_stalled_loop_catches_up),
	TEST(a_late_voice_is_an_underrun),
	TEST(a_full_socket_loses_nothing),
	TEST(marks_tell_what_was_heard),
	TEST(the_estimate_is_close_at_any_time),
	TEST(without_marks_the_clock_tells),
	TEST(clearing_stops_the_line_and_leaves_nothing_behind),
	TEST(a_silent_line_is_not_cleared),
	TEST(clearing_spares_later_replies),
	TEST(a_pause_goes_on_from_the_sample_that_was_heard_last),
	TEST(audio_may_arrive_in_a_pause),
	TEST(a_pause_after_the_last_sample_still_ends_the_reply),
	TEST(clearing_ends_a_pause),
	TEST(a_new_line_gets_what_the_old_one_did_not_play),
	TEST(foreign_marks_are_not_believed),
	TEST(two_minutes_are_the_limit),
	TEST(it_may_be_closed_in_each_event),
	TEST(numbers_out_of_bounds_are_refused),
	TEST(random_conversations_keep_their_audio),
};

TEST_MAIN(tests)
