/* What is said is cleared, paused, or goes on on another line. */
#include "bot/playout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/stream/proto.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/fake/ear.h"
#include "tests/harness/test.h"

static void clearing_stops_the_line_and_leaves_nothing_behind(void)
{
	uint32_t heard;

	ear_open();
	CHECK_INT(0, ear_push(1, 0, 2010));
	ear_pass(600);
	heard = playout_heard_ms(ear.po, 1);
	CHECK_NEAR(600, heard, 110);
	playout_clear(ear.po, 1);
	CHECK_INT(1, ear.clears);
	CHECK_INT(0, playout_heard_ms(ear.po, 1));
	CHECK_INT(ERR_STALE, ear_push(1, 2010, 40));
	CHECK_INT(ERR_STALE, playout_end(ear.po, 1));
	ear_pass(100);
	CHECK_INT(600 * 8, ear.n_heard);
	ear_say(2, 100);
	CHECK_INT(1700, ear.packet_at[ear.packets - 1]);
	ear_pass(300);
	ear_heard(600, 2, 0, 100);
	CHECK_INT(700 * 8, ear.n_heard);
	CHECK_STR("S1@1001 S2@1701 D2@1820 ", ear.told);
	ear_close();
}

static void a_silent_line_is_not_cleared(void)
{
	ear_open();
	playout_clear(ear.po, 1);
	CHECK_INT(ERR_STALE, ear_push(1, 0, 40));
	ear_say(2, 200);
	ear_pass(1000);
	playout_clear(ear.po, 2);
	CHECK_INT(0, ear.clears);
	CHECK_INT(0, ear_push(3, 0, 10)); /* not enough for a packet */
	playout_clear(ear.po, 3);
	CHECK_INT(0, ear.clears);
	ear_pass(100);
	CHECK_INT(200 * 8, ear.n_heard);
	ear_close();
}

static void clearing_spares_later_replies(void)
{
	ear_open();
	ear_say(1, 200);
	ear_say(2, 400);
	ear_pass(100); /* some of the second is on the line already */
	playout_clear(ear.po, 1);
	ear_pass(1000);
	CHECK_INT(1, ear.clears);
	ear_heard(0, 1, 0, 100);
	ear_heard(100, 2, 0, 400);
	CHECK_INT(500 * 8, ear.n_heard);
	CHECK(strstr(ear.told, "D2@"));
	CHECK(!strstr(ear.told, "D1@"));
	ear_close();
}

static void a_pause_goes_on_from_the_sample_that_was_heard_last(void)
{
	size_t at;

	ear_open();
	ear_say(1, 2000);
	ear_pass(913);
	playout_pause(ear.po);
	CHECK(playout_paused(ear.po));
	CHECK_INT(1, ear.clears);
	at = playout_heard_ms(ear.po, 1);
	CHECK_NEAR(913, (double)at, 2); /* marks have measured no delay */
	ear_pass(1000);
	CHECK_INT(913 * 8, ear.n_heard);
	CHECK_INT(at, playout_heard_ms(ear.po, 1));
	playout_resume(ear.po);
	ear_pass(3000);
	ear_heard(0, 1, 0, 913);
	ear_heard(913, 1, at, 2000 - at);
	CHECK_INT((913 + 2000 - at) * 8, ear.n_heard);
	CHECK_STR("S1@1001 D1@4033 ", ear.told);
	CHECK_INT(2000, ear.heard_ms[1]);
	ear_close();
}

static void audio_may_arrive_in_a_pause(void)
{
	struct playout_stats st;

	ear_open();
	CHECK_INT(0, ear_push(1, 0, 400));
	ear_pass(300);
	playout_pause(ear.po);
	CHECK_INT(0, ear_push(1, 400, 400));
	CHECK_INT(0, playout_end(ear.po, 1));
	ear_pass(500);
	CHECK_INT(300 * 8, ear.n_heard);
	playout_resume(ear.po);
	ear_pass(2000);
	ear_heard(300, 1, 200, 600);
	playout_stats(ear.po, &st);
	CHECK_INT(0, st.underruns);
	CHECK(strstr(ear.told, "D1@"));
	ear_close();
}

static void a_pause_after_the_last_sample_still_ends_the_reply(void)
{
	ear_open();
	ear.mute = true; /* the end's mark is lost in the pause */
	ear_say(1, 200);
	ear_pass(310);
	playout_pause(ear.po);
	ear_pass(100);
	ear.mute = false;
	playout_resume(ear.po);
	ear_pass(1000);
	CHECK(strstr(ear.told, "D1@"));
	CHECK_INT(200, ear.heard_ms[1]);
	ear_close();
}

static void clearing_ends_a_pause(void)
{
	ear_open();
	ear_say(1, 1000);
	ear_pass(300);
	playout_pause(ear.po);
	playout_clear(ear.po, 1);
	CHECK(!playout_paused(ear.po));
	ear_say(2, 100);
	ear_pass(200);
	ear_heard(300, 2, 0, 100);
	ear_close();
}

static void a_new_line_gets_what_the_old_one_did_not_play(void)
{
	ear_open();
	ear_say(1, 1000);
	ear_pass(700);
	ear.head = ear.tail; /* it is gone with its buffer and its marks */
	ear.n_check = 0;
	CHECK_INT(-EINVAL, playout_reline(ear.po, "", AUDIO_ULAW_8K));
	CHECK_INT(0, playout_reline(ear.po, "s2", AUDIO_ULAW_8K));
	ear_pass(1000);
	CHECK_INT(1000 * 8, ear.n_heard);
	ear_heard(0, 1, 0, 1000);
	CHECK(strstr(ear.told, "D1@"));
	ear_say(2, 100);
	CHECK_INT(0, playout_reline(ear.po, "s3", AUDIO_L16_8K));
	CHECK(!playout_busy(ear.po));
	CHECK_INT(ERR_STALE, playout_end(ear.po, 2));
	ear_close();
}

static const struct test tests[] = {
	TEST(clearing_stops_the_line_and_leaves_nothing_behind),
	TEST(a_silent_line_is_not_cleared),
	TEST(clearing_spares_later_replies),
	TEST(a_pause_goes_on_from_the_sample_that_was_heard_last),
	TEST(audio_may_arrive_in_a_pause),
	TEST(a_pause_after_the_last_sample_still_ends_the_reply),
	TEST(clearing_ends_a_pause),
	TEST(a_new_line_gets_what_the_old_one_did_not_play),
};

TEST_MAIN(tests)
