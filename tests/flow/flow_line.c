/*
 * The line: its messages, its silence, its end, and the sound of the bot.
 * Numbers in brackets are those of the list in README.md.
 */
#include <stdio.h>

#include "bot/stream/proto.h"
#include "common/base64.h"
#include "common/err.h"
#include "common/str.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const struct flow_opts plain = {.agent = flow_plain_agent};

/* A model's answer of @n words, spoken at about 2,000. */
static void bot_speaks(const struct flow_opts *opts, int n)
{
	static char text[1000];
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%sw%c",
		                        i ? " " : "", 'a' + i % 26);
	snprintf(text + len, sizeof(text) - len, ".");
	flow_open(&f, opts);
	flow_says(&f, 500, 1500, "Hello there.");
	flow_answer(&f, text);
}

/* [1] */
static void a_start_names_stream_and_call_and_others_are_refused(void)
{
	static const char *const wrong[] = {
		"",
		"{",
		"[]",
		"{\"event\":\"start\"}",
		"{\"event\":\"start\",\"start\":{\"streamSid\":\"MZ1\"}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"s\"}}",
	};
	static const char right[] =
		"{\"sequenceNumber\":0,\"event\":\"start\",\"start\":{"
		"\"callId\":\"c-7\",\"streamId\":\"s-7\",\"accountId\":\"1\","
		"\"tracks\":[\"inbound\"],\"mediaFormat\":{\"encoding\":"
		"\"audio/x-mulaw\",\"sampleRate\":8000}},\"extra_headers\":"
		"\"{}\"}";
	static struct stream_msg msg;

	CHECK_INT(0, stream_plivo.decode(&msg, right, strlen(right)));
	CHECK_INT(STREAM_START, msg.type);
	CHECK_STR("s-7", msg.stream_id);
	CHECK_STR("c-7", msg.call_id);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		CHECK(stream_plivo.decode(&msg, wrong[i], strlen(wrong[i])) !=
		      0);
}

/* [1] the fake line refuses a message without the stream's id */
static void the_stream_s_id_is_in_every_message(void)
{
	bot_speaks(&plain, 4);
	flow_run_to(&f, 6000);
	CHECK(f.sent_ms > 0);
	CHECK_INT(0, f.foreign_ids);
	flow_close(&f);
}

/* [1] */
static void a_line_that_closes_at_once_ends_the_session(void)
{
	flow_open(&f, &plain);
	session_line_lost(f.session);
	flow_run_to(&f, 100);
	CHECK_INT(1, f.ended);
	CHECK_INT(0, f.hangups);
	flow_close(&f);
}

/* [2] */
static void a_line_without_audio_is_given_up_after_five_seconds(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .no_media = true});
	flow_run_to(&f, 4900);
	CHECK_INT(0, f.ended);
	flow_run_to(&f, 5100);
	CHECK_INT(1, f.ended);
	CHECK(strstr(buf_str(&f.events), "\"by\":\"error\"") != NULL);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

/* [2] */
static void the_first_packet_of_audio_is_heard(void)
{
	flow_open(&f, &plain);
	flow_sound(&f, 0, 20);
	flow_run_to(&f, 200);
	CHECK_INT(10 * 160, f.stt_samples);
	CHECK_INT(160, f.stt_loud);
	flow_close(&f);
}

/* [3] */
static void custom_data_is_read_in_every_spelling_of_base64(void)
{
	/* its base64 has both '+' and '/' */
	static const char json[] = "{\"a\":\"\xc3\xbb\xc3\xbf\xc3\xbe~~>?\"}";
	static const char *const spellings[] = {
		"eyJhIjoiw7vDv8O+fn4+PyJ9", /* as it is */
		"eyJhIjoiw7vDv8O fn4 PyJ9", /* '+' became a space */
		"eyJhIjoiw7vDv8O%2Bfn4%2BPyJ9",
		"eyJhIjoiw7vDv8O-fn4-PyJ9",
	};
	char text[100], out[100];

	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		long n;

		snprintf(text, sizeof(text), "%s", spellings[i]);
		n = str_unescape(text, strlen(text), false);
		CHECK(n > 0);
		n = base64_decode_lenient(out, text, (size_t)n);
		CHECK_INT(sizeof(json) - 1, n);
		CHECK(memcmp(out, json, sizeof(json) - 1) == 0);
	}
	CHECK(base64_decode_lenient(out, "!!", 2) < 0);
}

/* [4] the recogniser keeps what it is given; the session gives all of it */
static void a_slow_recogniser_is_given_everything_from_the_start(void)
{
	flow_open(&f, &plain);
	f.opts.never_flushed = true;
	flow_sound(&f, 200, 700);
	flow_run_to(&f, 1000);
	CHECK_STR("PAUSED", flow_state(&f));
	CHECK_INT(1000 * 8, f.stt_samples);
	CHECK_INT(500 * 8, f.stt_loud);
	flow_final(&f, 1700, "Hello");
	flow_run_to(&f, 4000);
	CHECK_INT(1, f.n_requests);
	CHECK(f.requests[0].at_ms <= 1700 + 400);
	flow_close(&f);
}

/* [5] */
static void audio_leaves_in_packets_of_forty_with_a_small_lead(void)
{
	bot_speaks(&plain, 10);
	flow_run_to(&f, 8000);
	CHECK_INT(3000, f.sent_ms);
	CHECK_INT(40, f.packet_ms);
	CHECK(f.max_lead_ms <= 240);
	CHECK(f.max_lead_ms >= 100);
	CHECK_INT(0, f.heard[1].jumps + f.heard[1].again);
	CHECK_INT(3000, f.heard[1].count);
	CHECK_INT(2999, f.heard[1].last_ms - f.heard[1].first_ms);
	flow_close(&f);
}

/* [6] 300 ms are no multiple of 40 */
static void the_last_packet_is_filled_up_with_silence(void)
{
	bot_speaks(&plain, 1);
	flow_run_to(&f, 6000);
	CHECK_INT(320, f.sent_ms);
	CHECK_INT(300, f.heard[1].count);
	CHECK_STR("LISTENING", flow_state(&f));
	CHECK_STR("callee: Hello there.|bot: wa.", flow_chat(&f));
	flow_close(&f);
}

static void goodbye(bool no_echo)
{
	struct flow_answer *a;

	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .no_echo = no_echo});
	flow_says(&f, 500, 1500, "That was all.");
	a = flow_answer_with(&f, "Goodbye then.");
	a->call = "end_call";
	a->args = "{}";
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.hangups);
	CHECK_INT(1, f.ended);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[1].count);
	CHECK(f.hangup_at >= f.heard[1].last_ms);
	CHECK(strstr(buf_str(&f.events), "\"by\":\"bot\"") != NULL);
	CHECK(strstr(buf_str(&f.events), "tool {\"name\":\"end_call\"") !=
	      NULL);
	CHECK_INT(0, f.sends_after_end);
}

/* [8] */
static void the_call_ends_once_the_goodbye_was_heard(void)
{
	goodbye(false);
	CHECK(f.hangup_at <= f.heard[1].last_ms + 100);
	flow_close(&f);
}

/* [8] */
static void without_echoes_the_clock_says_when_it_was_heard(void)
{
	goodbye(true);
	CHECK(f.hangup_at <= f.heard[1].last_ms + 700);
	flow_close(&f);
}

/* [8] */
static void nothing_stops_the_goodbye(void)
{
	struct flow_answer *a;

	flow_open(&f, &plain);
	flow_says(&f, 500, 1500, "That was all.");
	a = flow_answer_with(&f, "Goodbye then, and a very good day to you.");
	a->call = "end_call";
	a->args = "{}";
	flow_run_to(&f, 2300);
	flow_says(&f, 2400, 3600, "Wait, wait.");
	flow_run_to(&f, 9000);
	CHECK_INT(0, f.clears);
	CHECK_INT(9 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

/* [9] */
static void a_hangup_in_mid_reply_ends_everything_at_once(void)
{
	for (int lost = 0; lost < 2; lost++) {
		bot_speaks(&plain, 20);
		f.answers[0].token_ms = 250;
		flow_run_to(&f, 6000);
		if (lost)
			session_line_lost(f.session);
		else
			flow_stop(&f);
		flow_run_to(&f, 6100);
		CHECK_INT(1, f.ended);
		CHECK(f.requests[0].done || f.requests[0].closed_ms);
		CHECK(strstr(buf_str(&f.events), "\"by\":\"callee\"") != NULL);
		flow_run_to(&f, 20000);
		CHECK_INT(1, f.ended);
		CHECK_INT(0, f.hangups);
		CHECK_INT(0, f.sends_after_end);
		CHECK(strstr(buf_str(&f.events),
		             "\"role\":\"bot\",\"text\":\"wa") != NULL);
		flow_close(&f);
	}
}

/* [9] the last words of somebody who hangs up are kept */
static void words_before_a_hangup_are_in_the_record(void)
{
	flow_open(&f, &plain);
	flow_sound(&f, 500, 1500);
	flow_final(&f, 1500, "Never mind.");
	flow_run_to(&f, 1550);
	flow_stop(&f);
	flow_run_to(&f, 1600);
	CHECK(strstr(buf_str(&f.events),
	             "\"role\":\"callee\",\"text\":\"Never mind.\"") != NULL);
	CHECK_INT(0, f.n_requests);
	flow_close(&f);
}

/* [10] */
static void a_line_that_falls_silent_is_given_up(void)
{
	flow_open(&f, &plain);
	f.media_gap_from = 3000;
	f.media_gap_to = 60000;
	flow_run_to(&f, 12900);
	CHECK_INT(0, f.ended);
	flow_run_to(&f, 13200);
	CHECK_INT(1, f.ended);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

/* [11] */
static void six_voiced_chunks_in_a_row_begin_speech(void)
{
	flow_open(&f, &plain);
	flow_sound(&f, 1024, 1024 + 160); /* five chunks */
	flow_run_to(&f, 1600);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_sound(&f, 2048, 2048 + 260); /* eight */
	flow_run_to(&f, 2047 + 192);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_run_to(&f, 2048 + 192 + 60);
	CHECK_STR("HEARING", flow_state(&f));
	flow_close(&f);
}

/* [12] packets are cut as 20 ms each; here as one blob and as crumbs */
static void speech_is_found_alike_however_the_audio_is_cut(void)
{
	static const size_t sizes[] = {160, 8, 8000};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
		                                  .no_media = true});
		f.opts.never_flushed = true;
		flow_run_to(&f, 1);
		flow_audio(&f, 500, false, sizes[i]);
		flow_audio(&f, 500, true, sizes[i]);
		CHECK_STR("HEARING", flow_state(&f));
		flow_audio(&f, 500, false, sizes[i]);
		CHECK_STR("PAUSED", flow_state(&f));
		CHECK_INT(1, f.flushes);
		flow_close(&f);
	}
}

static void a_wide_line_is_heard_at_its_own_rate(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .wide = true,
	                                  .no_media = true});
	f.opts.never_flushed = true;
	flow_run_to(&f, 1);
	flow_linear(&f, 500, 0);
	flow_linear(&f, 500, 8000);
	CHECK_STR("HEARING", flow_state(&f));
	CHECK_INT(16000, f.stt_samples);
	CHECK_INT(8000, f.stt_loud);
	flow_linear(&f, 500, 0);
	CHECK_STR("PAUSED", flow_state(&f));
	flow_close(&f);
}

/* [13] */
static void a_short_yes_after_digital_silence_begins_a_turn(void)
{
	flow_open(&f, &plain);
	flow_says(&f, 1000, 1300, "Yes.");
	flow_run_to(&f, 4000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: Yes.", flow_asked(&f, 0));
	flow_close(&f);
}

/* [14] */
static void speech_ends_when_audio_stays_away_for_a_second(void)
{
	flow_open(&f, &plain);
	flow_sound(&f, 500, 1500);
	f.media_gap_from = 1500;
	f.media_gap_to = 3500;
	flow_run_to(&f, 2400);
	CHECK_STR("HEARING", flow_state(&f));
	flow_run_to(&f, 2600);
	CHECK_INT(1, f.flushes);
	flow_sound(&f, 4000, 4500);
	flow_run_to(&f, 4400);
	CHECK_STR("HEARING", flow_state(&f));
	flow_close(&f);
}

/* [36] */
static void an_interruption_drops_sound_and_text_but_not_the_end(void)
{
	bot_speaks(&plain, 30);
	flow_run_to(&f, 2600);
	session_drain(f.session);
	flow_interim(&f, 2800, "wait");
	flow_run_to(&f, 2900);
	CHECK_STR("ENDING", flow_state(&f));
	flow_run_to(&f, 30000);
	CHECK_INT(30 * FLOW_WORD_MS, f.heard[1].count);
	CHECK(f.heard[2].count > 0); /* and a goodbye of its own */
	CHECK_INT(1, f.hangups);
	CHECK_INT(1, f.ended);
	flow_close(&f);
}

static void digits_are_words_and_the_first_one_interrupts(void)
{
	static const char digit[] =
		"{\"event\":\"dtmf\",\"streamId\":\"s-1\",\"dtmf\":{\"track\":"
		"\"inbound\",\"timestamp\":\"1\",\"digit\":\"%c\"}}";
	char text[200];

	bot_speaks(&plain, 30);
	flow_run_to(&f, 3500);
	for (const char *d = "123#"; *d; d++) {
		snprintf(text, sizeof(text), digit, *d);
		flow_message(&f, text);
		CHECK_INT(1, f.clears);
	}
	flow_run_to(&f, 6000);
	CHECK(strstr(flow_asked(&f, 1), "|callee: DTMF: 123") != NULL);
	flow_close(&f);
}

/* Keys are no words: they count however many words are asked for. */
static void digits_interrupt_where_three_words_are_asked_for(void)
{
	const struct flow_opts opts = {
		.agent = "{\"greeting\":null,\"min_words\":3}"};

	bot_speaks(&opts, 30);
	flow_run_to(&f, 3500);
	flow_message(&f, "{\"event\":\"dtmf\",\"streamId\":\"s-1\",\"dtmf\":{"
	                 "\"digit\":\"7\"}}");
	CHECK_INT(1, f.clears);
	flow_run_to(&f, 7000);
	CHECK(strstr(flow_asked(&f, 1), "|callee: DTMF: 7") != NULL);
	flow_close(&f);
}

static void digits_end_with_a_pause(void)
{
	flow_open(&f, &plain);
	flow_run_to(&f, 1000);
	flow_message(&f, "{\"event\":\"dtmf\",\"streamId\":\"s-1\",\"dtmf\":{"
	                 "\"digit\":\"7\"}}");
	flow_run_to(&f, 2900);
	CHECK_INT(0, f.n_requests);
	flow_run_to(&f, 3500);
	CHECK_STR("callee: DTMF: 7", flow_asked(&f, 0));
	flow_close(&f);
}

static void a_message_that_is_none_is_no_reason_to_hang_up(void)
{
	flow_open(&f, &plain);
	CHECK(session_frame(f.session, "{\"event\":\"media\"", 16) < 0);
	flow_run_to(&f, 1000);
	CHECK_INT(0, f.ended);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(a_start_names_stream_and_call_and_others_are_refused),
	TEST(the_stream_s_id_is_in_every_message),
	TEST(a_line_that_closes_at_once_ends_the_session),
	TEST(a_line_without_audio_is_given_up_after_five_seconds),
	TEST(the_first_packet_of_audio_is_heard),
	TEST(custom_data_is_read_in_every_spelling_of_base64),
	TEST(a_slow_recogniser_is_given_everything_from_the_start),
	TEST(audio_leaves_in_packets_of_forty_with_a_small_lead),
	TEST(the_last_packet_is_filled_up_with_silence),
	TEST(the_call_ends_once_the_goodbye_was_heard),
	TEST(without_echoes_the_clock_says_when_it_was_heard),
	TEST(nothing_stops_the_goodbye),
	TEST(a_hangup_in_mid_reply_ends_everything_at_once),
	TEST(words_before_a_hangup_are_in_the_record),
	TEST(a_line_that_falls_silent_is_given_up),
	TEST(six_voiced_chunks_in_a_row_begin_speech),
	TEST(speech_is_found_alike_however_the_audio_is_cut),
	TEST(a_wide_line_is_heard_at_its_own_rate),
	TEST(a_short_yes_after_digital_silence_begins_a_turn),
	TEST(speech_ends_when_audio_stays_away_for_a_second),
	TEST(an_interruption_drops_sound_and_text_but_not_the_end),
	TEST(digits_are_words_and_the_first_one_interrupts),
	TEST(digits_interrupt_where_three_words_are_asked_for),
	TEST(digits_end_with_a_pause),
	TEST(a_message_that_is_none_is_no_reason_to_hang_up),
};

TEST_MAIN(tests)
