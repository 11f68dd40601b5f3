/* What is said leaves in time and is told of. */
#include "bot/playout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/stream/proto.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/fake/ear.h"
#include "tests/harness/test.h"

static void a_reply_leaves_at_once_and_then_in_time(void)
{
	ear_open();
	ear_say(1, 1000);
	CHECK_INT(5, ear.packets); /* in the same turn as the push */
	CHECK_INT(320, ear.packet_len);
	ear_pass(1500);
	CHECK_INT(25, ear.packets);
	for (size_t i = 5; i < 25; i++)
		CHECK_INT(1000 + (i - 4) * 40, ear.packet_at[i]);
	CHECK_INT(200, ear.max_lead);
	CHECK_INT(8000, ear.n_heard);
	ear_heard(0, 1, 0, 1000);
	CHECK_STR("S1@1001 D1@2000 ", ear.told);
	CHECK(!playout_busy(ear.po));
	ear_close();
}

static void packets_and_lead_are_as_asked(void)
{
	ear_open();
	playout_free(&ear.po);
	ear_open_with(100, 20);
	ear_say(1, 500);
	CHECK_INT(5, ear.packets);
	CHECK_INT(160, ear.packet_len);
	ear_pass(700);
	CHECK_INT(25, ear.packets);
	CHECK_INT(100, ear.max_lead);
	ear_close();
}

static void the_tail_is_filled_up_with_silence(void)
{
	ear_open();
	ear_say(1, 37);
	ear_pass(100);
	CHECK_INT(1, ear.packets);
	CHECK_INT(320, ear.packet_len);
	CHECK_INT(37 * 8, ear.n_heard);
	CHECK_STR("S1@1001 D1@1040 ", ear.told);
	CHECK_INT(37, ear.heard_ms[1]);
	ear_close();
}

static void nothing_is_sent_when_there_is_nothing_to_say(void)
{
	struct playout_stats st;

	ear_open();
	ear_pass(500);
	ear_say(1, 40);
	ear_pass(3000);
	CHECK_INT(1, ear.packets);
	playout_stats(ear.po, &st);
	CHECK_INT(0, st.underruns);
	CHECK_INT(1, st.marks);
	ear_close();
}

/* Voices arrive in pieces of any size. */
static void pieces_make_whole_packets(void)
{
	size_t at = 0;

	ear_open();
	for (size_t ms = 1; at + ms < 900; ms = ms % 17 + 3) {
		CHECK_INT(0, ear_push(1, at, ms));
		at += ms;
		ear_pass(2);
	}
	CHECK_INT(0, playout_end(ear.po, 1));
	ear_pass(1500);
	CHECK_INT(at * 8, ear.n_heard);
	ear_heard(0, 1, 0, at);
	CHECK_INT((at + 39) / 40, ear.packets);
	ear_close();
}

static void replies_follow_each_other_without_a_gap(void)
{
	struct playout_stats st;

	ear_open();
	ear_say(1, 400);
	ear_say(2, 400);
	ear_say(3, 0);
	ear_pass(1000);
	ear_heard(0, 1, 0, 400);
	ear_heard(400, 2, 0, 400);
	CHECK_STR("S1@1001 S2@1240 D1@1400 D2@1800 D3@1800 ", ear.told);
	playout_stats(ear.po, &st);
	CHECK_INT(0, st.underruns);
	ear_close();
}

static void a_reply_without_audio_is_done(void)
{
	ear_open();
	CHECK_INT(0, playout_end(ear.po, 4));
	CHECK_STR("", ear.told);
	ear_pass(1);
	CHECK_STR("D4@1001 ", ear.told);
	CHECK_INT(0, ear.packets);
	CHECK_INT(ERR_STALE, playout_end(ear.po, 4));
	CHECK_INT(ERR_STALE, ear_push(3, 0, 40));
	ear_close();
}

static void a_stalled_loop_catches_up(void)
{
	struct playout_stats st;

	ear_open();
	ear_say(1, 2000);
	ear_pass_stalled(150, 150);
	CHECK_INT(8, ear.packets); /* 160 to 200 ms ahead again */
	ear_pass(20);
	ear_pass_stalled(300, 300); /* longer than the lead */
	playout_stats(ear.po, &st);
	CHECK_INT(1, st.underruns);
	CHECK(st.dry_ms >= 100 && st.dry_ms <= 140);
	ear_pass(3000);
	CHECK_INT(16000, ear.n_heard);
	ear_heard(0, 1, 0, 2000);
	CHECK_INT(200, ear.max_lead);
	ear_close();
}

static void a_late_voice_is_an_underrun(void)
{
	struct playout_stats st;

	ear_open();
	CHECK_INT(0, ear_push(1, 0, 400));
	ear_pass(379);
	playout_stats(ear.po, &st);
	CHECK_INT(0, st.marks);
	/* The line is told where it falls silent, when that is certain. */
	ear_pass(2);
	playout_stats(ear.po, &st);
	CHECK_INT(1, st.marks);
	ear_pass(319);
	CHECK_INT(400, ear.heard_ms[1]);
	CHECK_INT(0, ear_push(1, 400, 400));
	CHECK_INT(0, playout_end(ear.po, 1));
	ear_pass(1000);
	playout_stats(ear.po, &st);
	CHECK_INT(2, st.marks);
	CHECK_INT(1, st.underruns);
	CHECK_INT(300, st.dry_ms);
	ear_heard(0, 1, 0, 800);
	CHECK_STR("S1@1001 D1@2100 ", ear.told);
	ear_close();
}

static void a_full_socket_loses_nothing(void)
{
	struct playout_stats st;

	ear_open();
	ear_say(1, 1000);
	ear_pass(100);
	ear.full = true;
	ear_pass(500);
	ear.full = false;
	ear_pass(2000);
	playout_stats(ear.po, &st);
	CHECK(st.send_failures >= 10 && st.send_failures <= 14);
	CHECK_INT(8000, ear.n_heard);
	ear_heard(0, 1, 0, 1000);
	CHECK(strstr(ear.told, "D1@"));
	ear_close();
}

static void marks_tell_what_was_heard(void)
{
	ear_open();
	ear_say(1, 2000);
	ear_pass(519);
	CHECK_INT(0, ear.heard_ms[1]);
	ear_pass(2); /* the first packet's end behind half a second */
	CHECK_INT(520, ear.heard_ms[1]);
	ear_pass(1050);
	CHECK_INT(1560, ear.heard_ms[1]);
	ear_pass(1000);
	CHECK_INT(2000, ear.heard_ms[1]);
	ear_close();
}

static void the_estimate_is_close_at_any_time(void)
{
	ear_open();
	ear.delay_ms = 250;
	ear_say(1, 3000);
	ear_pass(1000); /* a mark has measured the delay by now */
	for (int i = 0; i < 1800; i += 10) {
		ear_pass(10);
		CHECK_NEAR((double)ear.n_heard / 8 - 250,
		           playout_heard_ms(ear.po, 1), 25);
	}
	ear_close();
}

static void without_marks_the_clock_tells(void)
{
	struct playout_stats st;

	ear_open();
	ear.mute = true;
	ear_say(1, 2000);
	for (int i = 0; i < 1900; i += 100) {
		ear_pass(100);
		CHECK_NEAR((double)ear.n_heard / 8 - PLAYOUT_DELAY_MS,
		           playout_heard_ms(ear.po, 1),
		           25 + (i < 100 ? 100 : 0));
	}
	CHECK(ear.heard_ms[1] >= 900);
	ear_pass(2000);
	CHECK_STR("S1@1001 D1@3500c ", ear.told);
	playout_stats(ear.po, &st);
	CHECK_INT(4, st.late_marks);
	ear_close();
}

static void foreign_marks_are_not_believed(void)
{
	static const char *const bad[] = {
		"",        "r1",      "1.500",    "r1.",   "r1.x",
		"r1.500.", "r1.5.no", "r1.99999", "r2.0",  "r1.2000.end",
		"x1.500",  "r-1.5",   "r1.1.end", "r1.-5",
	};

	ear_open();
	CHECK_INT(0, ear_push(1, 0, 2000));
	ear_pass(100);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!playout_marked(ear.po, bad[i]));
	CHECK_INT(0, ear.heard_ms[1]);
	CHECK(playout_marked(ear.po, "r1.40"));
	CHECK_INT(40, ear.heard_ms[1]);
	CHECK(playout_marked(ear.po, "r1.20")); /* late, and no news */
	CHECK_INT(40, ear.heard_ms[1]);
	ear_close();
}

static void two_minutes_are_the_limit(void)
{
	ear_open();
	CHECK_INT(0, ear_push(1, 0, 60000));
	CHECK_INT(0, ear_push(1, 60000, 60000));
	CHECK_INT(ERR_LIMIT, ear_push(1, 120000, 1));
	CHECK_INT(120000 - 200, playout_queued_ms(ear.po));
	ear_pass(1000);
	CHECK_INT(0, ear_push(1, 120000, 500));
	playout_clear(ear.po, 1);
	for (uint32_t i = 2; i < 2 + PLAYOUT_REPLIES_MAX; i++)
		CHECK_INT(0, ear_push(i, 0, 40));
	CHECK_INT(ERR_LIMIT, ear_push(99, 0, 40));
	CHECK_INT(0, ear_push(1 + PLAYOUT_REPLIES_MAX, 40, 40));
	ear_close();
}

static void it_may_be_closed_in_each_event(void)
{
	ear_open();
	ear_say(1, 100);
	ear_say(2, 100);
	ear.close_in_event = true;
	ear_pass(500);
	CHECK(ear.po == NULL);
	CHECK_INT(strlen("S1@1001 "), strlen(ear.told));
	ear_close();
}

static void numbers_out_of_bounds_are_refused(void)
{
	struct playout_params prm = {
		.proto = &stream_plivo, .stream_id = "s", .lead_ms = 99};

	CHECK_INT(-EINVAL, playout_new(&ear.po, &prm));
	prm.lead_ms = 201;
	CHECK_INT(-EINVAL, playout_new(&ear.po, &prm));
	prm.lead_ms = 0;
	prm.packet_ms = 61;
	CHECK_INT(-EINVAL, playout_new(&ear.po, &prm));
	prm.packet_ms = 0;
	prm.stream_id = "";
	CHECK_INT(-EINVAL, playout_new(&ear.po, &prm));
	mem_fail_after(0);
	CHECK_INT(-ENOMEM, playout_new(&ear.po, &prm));
	CHECK_INT(0, mem_live());
}

/* Whatever happens, each sample of a reply that is done was heard, in order,
 * and a little twice at most where it was paused. */
static void random_conversations_keep_their_audio(void)
{
	uint32_t seed = 11;

	for (uint32_t round = 0; round < 150; round++) {
		size_t total = 0, paused = 0;

		memset(&ear, 0, sizeof ear);
		ear_open();
		while (total < 1500) {
			uint32_t n;

			seed = seed * 1664525 + 1013904223;
			n = (seed >> 8) % 200;
			ear.delay_ms = round % 3 * 40;
			CHECK_INT(0, ear_push(1, total, n));
			total += n;
			ear.full = seed >> 30 == 1;
			ear_pass_stalled(n, 1 + (seed >> 20) % 50);
			timers_update(ear.ts, ear.now_ms * 1000);
			if ((seed >> 28) % 4 == 0 && !playout_paused(ear.po)) {
				paused++;
				playout_pause(ear.po);
			} else {
				playout_resume(ear.po);
			}
		}
		ear.full = false;
		playout_resume(ear.po);
		CHECK_INT(0, playout_end(ear.po, 1));
		ear_pass(5000);
		CHECK_INT(total, ear.heard_ms[1]);
		CHECK(strstr(ear.told, "D1@"));
		CHECK(ear.n_heard >= total * 8 - paused * 8 * 60);
		CHECK(ear.n_heard <= total * 8 + paused * 8 * 260);
		CHECK(ear.max_lead <= 200);
		ear_close();
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
	TEST(foreign_marks_are_not_believed),
	TEST(two_minutes_are_the_limit),
	TEST(it_may_be_closed_in_each_event),
	TEST(numbers_out_of_bounds_are_refused),
	TEST(random_conversations_keep_their_audio),
};

TEST_MAIN(tests)
