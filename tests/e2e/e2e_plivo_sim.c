/* plivo-sim, seen by a server and a bot that are written by hand. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "tests/e2e/plivo_rig.h"
#include "tests/harness/test.h"
#include "tests/sim/lib/plivo_sign.h"
#include "tests/sim/lib/wordtone.h"

static const char patient[] = "answer after 60\nwait-hangup";

/* Is the request signed by @token over its URL and form? */
static bool signed_by(const struct rig *r, const struct ppeer_request *q,
                      const char *scheme, const char *header, const char *token)
{
	struct psim_pairs *form = mem_zalloc(sizeof(*form));
	char url[4200], nonce[64], sig[PSIM_SIGNATURE_LEN];

	(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", scheme,
	               r->peer.port, q->target);
	(void)snprintf(nonce, sizeof(nonce), "%s",
	               ppeer_header(q, "X-Plivo-Signature-V3-Nonce"));
	CHECK(!psim_pairs_parse(form, str_of(q->body)));
	CHECK(!psim_sign(sig, url, form, nonce, token));
	psim_pairs_fini(form);
	mem_free(form);
	return !strcmp(sig, ppeer_header(q, header));
}

static void a_whole_call(void)
{
	struct rig r;
	struct http_answer a;
	const struct ppeer_request *q;
	char path[128];
	double pace;

	rig_open(&r, patient, NULL);
	CHECK_INT(201, rig_call(&r, ""));
	CHECK_INT(36, strlen(r.uuid));
	ppeer_wait_requests(&r.peer, "/ring", 1, 3000);
	q = ppeer_request(&r.peer, "/ring", 0);
	CHECK_STR("Ring", ppeer_param(q, "Event"));
	CHECK_STR("ringing", ppeer_param(q, "CallStatus"));
	CHECK_STR(r.uuid, ppeer_param(q, "CallUUID"));
	CHECK_STR("15550001111", ppeer_param(q, "From"));
	CHECK_STR("15550002222", ppeer_param(q, "To"));

	ppeer_wait_events(&r.peer, "start", 1, 3000);
	q = ppeer_request(&r.peer, "/answer", 0);
	CHECK_STR("/answer/K", q->target);
	CHECK_STR("POST", q->method);
	CHECK_STR("StartApp", ppeer_param(q, "Event"));
	CHECK_STR(r.uuid, ppeer_param(q, "RequestUUID"));
	CHECK(signed_by(&r, q, "http", "X-Plivo-Signature-V3",
	                "token-of-the-test"));
	CHECK(signed_by(&r, q, "http", "X-Plivo-Signature-Ma-V3",
	                "token-of-the-main"));
	q = ppeer_request(&r.peer, "/ws/ID", 0);
	CHECK(signed_by(&r, q, "http", "X-Plivo-Signature-V3",
	                "token-of-the-test"));
	CHECK_STR("", ppeer_header(q, "Sec-WebSocket-Extensions"));
	CHECK_STR(r.uuid, r.peer.call_id);

	ppeer_wait_media(&r.peer, 51, 3000);
	pace = r.peer.last_media - r.peer.first_media;
	CHECK_NEAR(1.0, pace, 0.3);
	ppeer_wait_requests(&r.peer, "/status", 1, 1000);
	CHECK_STR("StartStream",
	          ppeer_param(ppeer_request(&r.peer, "/status", 0), "Event"));

	(void)snprintf(path, sizeof(path), "Call/%s/?status=live", r.uuid);
	rig_rest(&r, &a, "GET", path, NULL);
	CHECK_INT(200, a.status);
	CHECK_STR("in-progress", rig_str(a.json, "call_status"));
	http_done(&a);
	(void)snprintf(path, sizeof(path), "Call/%s/", r.uuid);
	rig_rest(&r, &a, "DELETE", path, NULL);
	CHECK_INT(204, a.status);
	http_done(&a);
	rig_rest(&r, &a, "DELETE", path, NULL);
	CHECK_INT(404, a.status);
	http_done(&a);

	ppeer_wait_closed(&r.peer, 2000);
	CHECK_INT(1000, r.peer.close_code);
	ppeer_wait_requests(&r.peer, "/hangup", 1, 2000);
	q = ppeer_request(&r.peer, "/hangup", 0);
	CHECK_STR("Hangup", ppeer_param(q, "Event"));
	CHECK_STR("4000", ppeer_param(q, "HangupCauseCode"));
	CHECK_STR("API Request", ppeer_param(q, "HangupSource"));
	CHECK_STR("completed", ppeer_param(q, "CallStatus"));
	ppeer_wait_requests(&r.peer, "/status", 2, 1000);
	CHECK_STR("StopStream",
	          ppeer_param(ppeer_request(&r.peer, "/status", 1), "Event"));
	rig_rest(&r, &a, "GET", path, NULL);
	CHECK_INT(200, a.status);
	CHECK_INT(4000, rig_int(a.json, "hangup_cause_code"));
	http_done(&a);
	rig_check_clean(&r);
	CHECK_INT(0, rig_close(&r));
}

static void playout_and_checkpoints_keep_time(void)
{
	struct rig r;
	double began;

	rig_open(&r, patient, NULL);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "start", 1, 3000);
	began = ppeer_now();
	ppeer_play(&r.peer, 600, true);
	ppeer_checkpoint(&r.peer, "one");
	ppeer_wait_events(&r.peer, "playedStream", 1, 2000);
	/* Never early; how late depends on what else the machine does. */
	CHECK(ppeer_now() - began > 0.58);
	CHECK(ppeer_now() - began < 1.1);

	/* What is cleared is not heard, and its checkpoint never comes. */
	ppeer_play(&r.peer, 3000, true);
	ppeer_checkpoint(&r.peer, "two");
	ppeer_serve(&r.peer, 300);
	ppeer_clear(&r.peer);
	ppeer_wait_events(&r.peer, "clearedAudio", 1, 1000);
	ppeer_checkpoint(&r.peer, "three");
	ppeer_wait_events(&r.peer, "playedStream", 2, 1000);
	ppeer_serve(&r.peer, 400);
	CHECK_STR("three",
	          rig_str(json_array_get(r.peer.events,
	                                 json_array_size(r.peer.events) - 1),
	                  "name"));
	rig_close(&r);
}

static void the_journal_tells_what_was_heard(void)
{
	struct rig r;
	const json_t *e;
	char order[128];

	rig_open(&r, patient, NULL);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "start", 1, 3000);
	ppeer_play(&r.peer, 400, true);
	ppeer_checkpoint(&r.peer, "a");
	ppeer_wait_events(&r.peer, "playedStream", 1, 2000);
	/* A hole of some 200 ms, in the midst of a reply this time. */
	ppeer_play(&r.peer, 100, true);
	ppeer_serve(&r.peer, 300);
	ppeer_play(&r.peer, 2000, true);
	ppeer_serve(&r.peer, 200);
	ppeer_clear(&r.peer);
	ppeer_wait_events(&r.peer, "clearedAudio", 1, 1000);
	ppeer_serve(&r.peer, 500);
	(void)snprintf(order, sizeof(order), "hangup/%s", r.uuid);
	rig_order(&r, order, "");
	ppeer_wait_requests(&r.peer, "/hangup", 1, 2000);
	CHECK_STR("Callee", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                                "HangupSource"));
	rig_check_clean(&r);
	/* Both begin in one frame or the next: the first hole is short. */
	e = rig_entry(&r, "underrun", rig_entries(&r, "underrun") - 1);
	CHECK(e);
	CHECK_NEAR(250, rig_int(e, "ms"), 130);
	CHECK(json_is_false(json_object_get(e, "after_checkpoint")));
	e = rig_entry(&r, "cleared", 0);
	CHECK_NEAR(1700, rig_int(e, "dropped_ms"), 200);
	e = rig_entry(&r, "heard", 0);
	CHECK(rig_int(e, "to_ms") > rig_int(e, "from_ms") + 600);
	CHECK_INT(1, rig_entries(&r, "heard"));
	rig_close(&r);
}

static void the_callee_acts_and_is_recorded(void)
{
	const char *args[] = {"--record", "rec", "--tones", NULL};
	struct rig r;
	const json_t *e;
	const char *wav;
	struct stat st;

	rig_open(&r,
	         "answer after 60\nsilence 100\ntone 1000 300 -10\n"
	         "dtmf 5#\nbarge-in after 300\ntone 700 200 -10\nhangup",
	         args);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "dtmf", 2, 4000);
	CHECK(r.peer.loudest > 0x50);
	ppeer_play(&r.peer, 2000, true);
	ppeer_wait_requests(&r.peer, "/hangup", 1, 5000);
	CHECK_STR("Callee", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                                "HangupSource"));
	rig_check_clean(&r);
	e = rig_entry(&r, "spoke", 0);
	CHECK_INT(300, rig_int(e, "to_ms") - rig_int(e, "from_ms"));
	e = rig_entry(&r, "barge-in", 0);
	CHECK_NEAR(300, rig_int(e, "bot_speech_ms"), 20);
	CHECK_NEAR(500,
	           json_number_value(json_array_get(
			   json_array_get(
				   json_object_get(rig_entry(&r, "heard", 0),
	                                           "tones"),
				   0),
			   0)),
	           10);
	wav = rig_str(rig_entry(&r, "recording", 0), "file");
	{
		char path[600];

		(void)snprintf(path, sizeof(path), "%s/%s", r.dir, wav);
		CHECK(!stat(path, &st));
	}
	CHECK_INT(44 + 640 * rig_int(rig_entry(&r, "media-end", 0), "frames"),
	          st.st_size);
	rig_close(&r);
}

static void words_are_read_back_from_tones(void)
{
	static const char text[] = "good morning to the whole house";
	static int16_t pcm[80000];
	char path[320];
	const char *args[] = {"--words", path, NULL}, *at = text, *raw;
	char word[WORDTONE_WORD_MAX];
	size_t n = 0, len, i = 0;
	struct rig r;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/words.txt", proc_temp_dir());
	f = fopen(path, "w");
	CHECK(f && fputs("house the of whole good to evening morning", f) >= 0);
	CHECK(!fclose(f));
	rig_open(&r, patient, args);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "start", 1, 3000);
	while ((at = wordtone_next(at, &raw, &len, word)) != NULL)
		n += wordtone_encode(word, 8000, 1, pcm + n,
		                     ARRAY_LEN(pcm) - n);
	ppeer_say(&r.peer, pcm, n);
	ppeer_checkpoint(&r.peer, "end");
	ppeer_wait_events(&r.peer, "playedStream", 1, 6000);
	ppeer_serve(&r.peer, 600);
	rig_journal(&r);
	at = text;
	while ((at = wordtone_next(at, &raw, &len, word)) != NULL)
		CHECK_STR(word, rig_str(rig_entry(&r, "word", i++), "word"));
	CHECK_INT(i, rig_entries(&r, "word"));
	rig_close(&r);
}

static void l16_at_16_khz_goes_both_ways(void)
{
	struct rig r;
	char payload[896], text[1024];
	const json_t *format;

	rig_open(&r, patient, NULL);
	r.peer.payload = 856; /* 640 bytes */
	(void)snprintf(r.peer.answer, sizeof(r.peer.answer),
	               "<Response><Stream bidirectional=\"true\" "
	               "keepCallAlive=\"true\" "
	               "contentType=\"audio/x-l16;rate=16000\">"
	               "ws://127.0.0.1:%d/ws/ID</Stream></Response>",
	               r.peer.port);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_media(&r.peer, 5, 3000);
	format = json_object_get(
		json_object_get(json_array_get(r.peer.events, 0), "start"),
		"mediaFormat");
	CHECK_STR("audio/x-l16", rig_str(format, "encoding"));
	CHECK_INT(16000, rig_int(format, "sampleRate"));
	/* 640 bytes: 20 ms, of samples 0x3030 all over; five of them. */
	memset(payload, 0, sizeof(payload));
	for (int i = 0; i < 852; i++)
		payload[i] = "MDAw"[i % 4];
	memcpy(payload + 852, "MA==", 5);
	(void)snprintf(text, sizeof(text),
	               "{\"event\":\"playAudio\",\"media\":{\"contentType\":"
	               "\"audio/x-l16\",\"sampleRate\":16000,"
	               "\"payload\":\"%s\"}}",
	               payload);
	for (int i = 0; i < 5; i++)
		ppeer_text(&r.peer, text);
	ppeer_checkpoint(&r.peer, "end");
	ppeer_wait_events(&r.peer, "playedStream", 1, 2000);
	ppeer_serve(&r.peer, 500);
	rig_journal(&r);
	CHECK_INT(0, rig_entries(&r, "violation"));
	CHECK_INT(100, rig_int(rig_entry(&r, "heard", 0), "to_ms") -
	                       rig_int(rig_entry(&r, "heard", 0), "from_ms"));
	rig_close(&r);
}

static void other_forms_of_messages_can_be_had(void)
{
	const char *args[] = {"--stream-form",
	                      "bare",
	                      "--stream-events",
	                      "guide",
	                      "--stream-scheme",
	                      "wss",
	                      NULL};
	struct rig r;
	const json_t *start;

	rig_open(&r, patient, args);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_media(&r.peer, 5, 3000);
	CHECK(signed_by(&r, ppeer_request(&r.peer, "/ws/ID", 0), "wss",
	                "X-Plivo-Signature-V3", "token-of-the-test"));
	start = json_array_get(r.peer.events, 0);
	CHECK(!json_object_get(start, "sequenceNumber"));
	CHECK(!json_object_get(start, "extra_headers"));
	ppeer_wait_requests(&r.peer, "/status", 1, 1000);
	CHECK_STR("started",
	          ppeer_param(ppeer_request(&r.peer, "/status", 0), "Event"));
	rig_close(&r);
}

static void bad_messages_are_violations_and_not_obeyed(void)
{
	static const char *const bad[] = {
		"nonsense",
		"[]",
		"{}",
		"{\"event\":\"say\"}",
		"{\"event\":\"clearAudio\"}",
		"{\"event\":\"clearAudio\",\"streamId\":\"other\"}",
		"{\"event\":\"checkpoint\",\"name\":\"x\"}",
		"{\"event\":\"sendDTMF\",\"dtmf\":\"12x\"}",
		"{\"event\":\"playAudio\"}",
		"{\"event\":\"playAudio\",\"media\":{\"contentType\":"
		"\"audio/x-l16\",\"sampleRate\":8000,\"payload\":\"////\"}}",
		"{\"event\":\"playAudio\",\"media\":{\"contentType\":"
		"\"audio/x-mulaw;rate=8000\",\"sampleRate\":8000,"
		"\"payload\":\"////\"}}",
		"{\"event\":\"playAudio\",\"media\":{\"contentType\":"
		"\"audio/x-mulaw\",\"sampleRate\":16000,\"payload\":\"////\"}}",
		"{\"event\":\"playAudio\",\"media\":{\"contentType\":"
		"\"audio/x-mulaw\",\"sampleRate\":8000,\"payload\":\"/_//\"}}",
		"{\"event\":\"playAudio\",\"media\":{\"contentType\":"
		"\"audio/x-mulaw\",\"sampleRate\":8000,\"payload\":\"\"}}",
		"{\"event\":\"playAudio\",\"media\":{\"contentType\":"
		"\"audio/x-mulaw\",\"sampleRate\":8000,\"payload\":"
		"\"UklGRiQAAABXQVZFZm10IBAAAAABAAEA\"}}",
	};
	struct rig r;

	rig_open(&r, patient, NULL);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "start", 1, 3000);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ppeer_text(&r.peer, bad[i]);
	ppeer_checkpoint(&r.peer, "end");
	ppeer_wait_events(&r.peer, "playedStream", 1, 2000);
	CHECK_INT(0, ppeer_events(&r.peer, "clearedAudio"));
	rig_journal(&r);
	CHECK_INT(ARRAY_LEN(bad), rig_entries(&r, "violation"));
	CHECK_INT(0, rig_entries(&r, "hears"));
	{
		struct http_answer a;
		char url[256];

		(void)snprintf(url, sizeof(url), "%s/sim/state", r.sim.url);
		http_get(&a, url);
		CHECK_INT(ARRAY_LEN(bad), json_array_size(json_object_get(
						  a.json, "violations")));
		http_done(&a);
	}
	/* Binary ends it: Plivo has text messages only. */
	ppeer_frame(&r.peer, 0x82, "abc", 3);
	ppeer_wait_closed(&r.peer, 2000);
	rig_journal(&r);
	CHECK_INT(ARRAY_LEN(bad) + 1, rig_entries(&r, "violation"));
	rig_close(&r);
}

static void what_follows_the_stream_runs_when_it_ends(void)
{
	struct rig r;
	char next[128];

	rig_open(&r, patient, NULL);
	(void)snprintf(next, sizeof(next),
	               "<Redirect>http://127.0.0.1:%d/next</Redirect>",
	               r.peer.port);
	rig_document(&r, "", next);
	(void)snprintf(r.peer.next, sizeof(r.peer.next),
	               "<Response><Wait/><Hangup/></Response>");
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_media(&r.peer, 10, 3000);
	CHECK_INT(0, ppeer_requests(&r.peer, "/next"));
	ppeer_hang_up(&r.peer, 1000);
	ppeer_wait_requests(&r.peer, "/next", 1, 2000);
	CHECK_STR("Redirect",
	          ppeer_param(ppeer_request(&r.peer, "/next", 0), "Event"));
	ppeer_wait_requests(&r.peer, "/hangup", 1, 3000);
	CHECK_STR("Answer XML",
	          ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                      "HangupSource"));
	rig_check_clean(&r);
	rig_close(&r);
}

static void a_stream_without_keep_call_alive_ends_the_call(void)
{
	struct rig r;

	rig_open(&r, patient, NULL);
	(void)snprintf(r.peer.answer, sizeof(r.peer.answer),
	               "<Response><Stream bidirectional=\"true\" "
	               "contentType=\"audio/x-mulaw;rate=8000\">"
	               "ws://127.0.0.1:%d/ws/ID</Stream></Response>",
	               r.peer.port);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_requests(&r.peer, "/hangup", 1, 6000);
	CHECK_STR("4010", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                              "HangupCauseCode"));
	CHECK(r.peer.starts == 1);
	rig_close(&r);
}

static void refused_streams_are_tried_three_times(void)
{
	const char *args[] = {"--stream-retry", "50", NULL};
	struct rig r;

	rig_open(&r, patient, args);
	rig_document(&r, "", "");
	r.peer.upgrade = 403;
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_requests(&r.peer, "/hangup", 1, 5000);
	CHECK_INT(3, ppeer_requests(&r.peer, "/ws/ID"));
	ppeer_wait_requests(&r.peer, "/status", 1, 1000);
	CHECK_STR("DroppedStream",
	          ppeer_param(ppeer_request(&r.peer, "/status", 0), "Event"));
	CHECK_STR("4010", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                              "HangupCauseCode"));
	rig_close(&r);
}

static const struct test tests[] = {
	TEST(a_whole_call),
	TEST(playout_and_checkpoints_keep_time),
	TEST(the_journal_tells_what_was_heard),
	TEST(the_callee_acts_and_is_recorded),
	TEST(words_are_read_back_from_tones),
	TEST(l16_at_16_khz_goes_both_ways),
	TEST(other_forms_of_messages_can_be_had),
	TEST(bad_messages_are_violations_and_not_obeyed),
	TEST(what_follows_the_stream_runs_when_it_ends),
	TEST(a_stream_without_keep_call_alive_ends_the_call),
	TEST(refused_streams_are_tried_three_times),
};

TEST_MAIN(tests)
