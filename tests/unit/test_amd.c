#include "bot/amd.h"

#include "tests/harness/test.h"

static void words_tell_machines(void)
{
	static const struct {
		const char *text;
		enum amd_kind kind;
	} rows[] = {
		{"Hello?", AMD_UNKNOWN},
		{"Yes, speaking. Who is this?", AMD_UNKNOWN},
		{"Anna's not here, can I take a message?", AMD_UNKNOWN},
		{"Hi, you've reached Anna. Please leave a message after the "
	         "tone.",
	         AMD_VOICEMAIL},
		{"I can't come to the phone right now", AMD_VOICEMAIL},
		{"The MAILBOX is full.", AMD_VOICEMAIL},
		{"Your call has been forwarded to an automated voice messaging "
	         "system.",
	         AMD_VOICEMAIL},
		{"Please leave your message or press 1 for more options",
	         AMD_VOICEMAIL},
		{"Thank you for calling. For opening hours, press one.",
	         AMD_MENU},
		{"Please listen to the following options", AMD_MENU},
		{"Hi, if you record your name and reason for calling, I'll see "
	         "if this person is available.",
	         AMD_SCREENER},
		{"Please state your name after the tone.", AMD_SCREENER},
		{"The number you have dialed is not in service.",
	         AMD_ANNOUNCEMENT},
		{"pressing one's luck", AMD_UNKNOWN},
		{"leave", AMD_UNKNOWN},
		{"", AMD_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const enum amd_kind kind = amd_judge_text(str_of(rows[i].text));

		if (kind != rows[i].kind)
			test_fail(__FILE__, __LINE__, "\"%s\" is %s",
			          rows[i].text, amd_name(kind));
	}
}

static void a_short_hello_is_no_machine_and_a_speech_is_one(void)
{
	struct amd a = {0};

	for (uint32_t ms = 0; ms < AMD_LONG_MS; ms += 20)
		CHECK(!amd_speech(&a, ms, 500 + ms));
	CHECK_INT(AMD_UNKNOWN, a.kind);
	CHECK(amd_speech(&a, AMD_LONG_MS, 6500));
	CHECK_INT(AMD_VOICEMAIL, a.kind);
	a = (struct amd){0};
	CHECK(!amd_turn(&a)); /* who has been answered may talk on */
	CHECK(!amd_speech(&a, 20000, 25000));
}

static void two_turns_are_a_person_s_who_may_say_anything_then(void)
{
	struct amd a = {0};

	CHECK(!amd_text(&a, str_of("Hello"), 800));
	CHECK(!amd_turn(&a));
	CHECK(amd_turn(&a));
	CHECK_INT(AMD_PERSON, a.kind);
	CHECK(!amd_text(&a, str_of("Can I leave a message?"), 9000));
	CHECK(!amd_tone(&a, TONE_BEEP, 9000));
	CHECK_INT(AMD_PERSON, a.kind);
}

static void a_beep_counts_after_words_alone(void)
{
	struct amd a = {0};

	CHECK(!amd_tone(&a, TONE_BEEP, 500));
	CHECK(!amd_text(&a, str_of("This is Anna."), 1500));
	CHECK(amd_tone(&a, TONE_BEEP, 3500));
	CHECK_INT(AMD_VOICEMAIL, a.kind);
}

static void a_beep_stands_by_itself(void)
{
	CHECK(amd_is_beep(5000, UINT32_MAX)); /* nobody speaks */
	CHECK(!amd_is_beep(5000, 3000));      /* a vowel in mid-sentence */
	/* The voice detector took the beep itself for a voice. */
	CHECK(amd_is_beep(5000, 5192));
}

static void an_assistant_may_hand_over_to_a_mailbox(void)
{
	struct amd a = {0};

	CHECK(amd_text(&a, str_of("Please state your name"), 900));
	CHECK_INT(AMD_SCREENER, a.kind);
	CHECK(!amd_text(&a, str_of("State your name, please."), 2000));
	CHECK(amd_text(&a, str_of("please leave a message"), 9000));
	CHECK_INT(AMD_VOICEMAIL, a.kind);
}

static void tones_of_the_network_and_of_a_fax_are_final(void)
{
	struct amd a = {0};

	CHECK(amd_tone(&a, TONE_SIT, 900));
	CHECK_INT(AMD_ANNOUNCEMENT, a.kind);
	CHECK(!amd_tone(&a, TONE_FAX, 900));
	a = (struct amd){0};
	CHECK(amd_tone(&a, TONE_FAX, 900));
	CHECK_INT(AMD_FAX, a.kind);
	a = (struct amd){0};
	CHECK(!amd_tone(&a, TONE_FAX, AMD_WATCH_MS + 1));
	CHECK(!amd_text(&a, str_of("leave a message"), AMD_WATCH_MS + 1));
}

static void the_carrier_s_word_counts_with_more_than_a_hello(void)
{
	struct amd a = {0};

	CHECK(!amd_carrier(&a, 900)); /* by itself it is nothing */
	CHECK_INT(AMD_UNKNOWN, a.kind);
	CHECK(!amd_speech(&a, AMD_HELLO_MS - 1, 3000));
	CHECK(amd_speech(&a, AMD_HELLO_MS, 3001));
	CHECK_INT(AMD_VOICEMAIL, a.kind);
	a = (struct amd){0};
	CHECK(!amd_speech(&a, AMD_HELLO_MS, 3001));
	CHECK(amd_carrier(&a, 4000));
	a = (struct amd){0};
	CHECK(!amd_speech(&a, AMD_HELLO_MS, 3001));
	CHECK(!amd_carrier(&a, AMD_WATCH_MS + 1));
}

static void the_model_is_asked_when_they_disagree_and_once(void)
{
	struct amd a = {0};

	CHECK(!amd_speech(&a, 800, 1200));
	CHECK(!amd_doubts(&a));
	CHECK(!amd_turn(&a));
	CHECK(!amd_doubts(&a)); /* the carrier has said nothing */
	CHECK(!amd_carrier(&a, 4000));
	CHECK(amd_doubts(&a));
	CHECK(!amd_doubts(&a));
	CHECK(!amd_told(&a, AMD_UNKNOWN));
	CHECK(amd_told(&a, AMD_VOICEMAIL));
	CHECK_INT(AMD_VOICEMAIL, a.kind);
	/* Words and carrier agree: there is nothing to ask. */
	a = (struct amd){0};
	CHECK(amd_text(&a, str_of("Please leave a message"), 2000));
	CHECK(!amd_carrier(&a, 4000));
	CHECK(!amd_doubts(&a));
	CHECK_INT(AMD_SCREENER, amd_by_name(str_of("Screener.")));
	CHECK_INT(AMD_PERSON, amd_by_name(str_of("person")));
	CHECK_INT(AMD_UNKNOWN, amd_by_name(str_of("I cannot tell")));
}

static const struct test tests[] = {
	TEST(words_tell_machines),
	TEST(a_short_hello_is_no_machine_and_a_speech_is_one),
	TEST(two_turns_are_a_person_s_who_may_say_anything_then),
	TEST(a_beep_counts_after_words_alone),
	TEST(a_beep_stands_by_itself),
	TEST(an_assistant_may_hand_over_to_a_mailbox),
	TEST(tones_of_the_network_and_of_a_fax_are_final),
	TEST(the_carrier_s_word_counts_with_more_than_a_hello),
	TEST(the_model_is_asked_when_they_disagree_and_once),
};

TEST_MAIN(tests)
