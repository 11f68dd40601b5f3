/*
 * The demonstration's variants, with the voice that costs little: a barge-in, a
 * cough, a mailbox.
 */
#include <stddef.h>

#include "tests/e2e/demo_rig.h"
#include "tests/harness/test.h"

static void who_cuts_in_is_listened_to(void)
{
	static const char *const checked[] = {
		"ok     the callee cut in while the bot spoke",
		"ok     the bot was heard on for",
		"ok     the answer is marked as interrupted",
		"ok     what the callee said was answered",
		NULL,
	};

	demo_run("barge-in", checked);
}

static void a_cough_does_not_stop_the_bot(void)
{
	static const char *const checked[] = {
		"ok     it came while the bot spoke",
		"ok     the bot spoke on behind it for",
		"ok     its longest pause from then on",
		"ok     the answer was heard whole",
		NULL,
	};

	demo_run("cough", checked);
}

static void a_mailbox_gets_its_message_after_the_beep(void)
{
	static const char *const checked[] = {
		"ok     sounds of the bot before that",
		"ok     the message began behind it after",
		"ok     taken for a mailbox",
		"ok     word errors, read back by another net",
		NULL,
	};

	demo_run("voicemail", checked);
}

static const struct test tests[] = {
	TEST_SLOW(who_cuts_in_is_listened_to, DEMO_LIMIT_SEC),
	TEST_SLOW(a_cough_does_not_stop_the_bot, DEMO_LIMIT_SEC),
	TEST_SLOW(a_mailbox_gets_its_message_after_the_beep, DEMO_LIMIT_SEC),
};

TEST_MAIN(tests)
