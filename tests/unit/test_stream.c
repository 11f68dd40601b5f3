#include "bot/stream/proto.h"

#include <errno.h>
#include <stdio.h>

#include "bot/stream/scan.h"
#include "common/err.h"
#include "common/js.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static struct stream_msg msg;

static int decode(const char *text)
{
	return stream_plivo.decode(&msg, text, strlen(text));
}

static void a_start_tells_the_call_and_the_format(void)
{
	CHECK_INT(0,
	          decode("{\"event\":\"start\",\"sequenceNumber\":1,"
	                 "\"start\":{\"callId\":\"c-1\",\"streamId\":\"s-1\","
	                 "\"accountId\":\"MA\",\"tracks\":[\"inbound\"],"
	                 "\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
	                 "\"sampleRate\":8000}},"
	                 "\"extra_headers\":\"a=1;b=2\"}"));
	CHECK_INT(STREAM_START, msg.type);
	CHECK_STR("c-1", msg.call_id);
	CHECK_STR("s-1", msg.stream_id);
	CHECK_STR("", msg.from);
	CHECK_STR("", msg.to);
	CHECK_STR("a=1;b=2", msg.extra);
	CHECK_INT(AUDIO_ULAW_8K, msg.fmt);
}

static void a_start_may_have_more_and_other_spellings(void)
{
	CHECK_INT(0, decode(" { \"start\" : { \"mediaFormat\" : "
	                    "{\"sampleRate\":\"16000\",\"encoding\":"
	                    "\"audio/x-l16;rate=16000\"}, \"from\":\"+1555\","
	                    "\"to\":\"+1666\",\"callId\":\"\\u0063\","
	                    "\"customParameters\":{\"k\":[1,{\"v\":null}]}},"
	                    "\"streamId\":\"root\",\"event\":\"start\"}\n"));
	CHECK_STR("c", msg.call_id);
	CHECK_STR("root", msg.stream_id);
	CHECK_STR("+1555", msg.from);
	CHECK_STR("+1666", msg.to);
	CHECK_STR("{\"k\":[1,{\"v\":null}]}", msg.extra);
	CHECK_INT(AUDIO_L16_16K, msg.fmt);
}

static void without_a_format_it_is_ulaw(void)
{
	CHECK_INT(0, decode("{\"event\":\"start\",\"start\":{\"callId\":\"c\","
	                    "\"streamId\":\"s\"}}"));
	CHECK_INT(AUDIO_ULAW_8K, msg.fmt);
	CHECK_INT(0, decode("{\"event\":\"start\",\"start\":{\"callId\":\"c\","
	                    "\"streamId\":\"s\",\"mediaFormat\":{\"encoding\":"
	                    "\"audio/x-l16\"}}}"));
	CHECK_INT(AUDIO_L16_8K, msg.fmt);
}

static void a_start_that_is_of_no_use_is_refused(void)
{
	static const char *const bad[] = {
		"{\"event\":\"start\"}",
		"{\"event\":\"start\",\"start\":[]}",
		"{\"event\":\"start\",\"start\":{\"callId\":\"c\"}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"s\"}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"s\","
		"\"callId\":\"\"}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"a b\","
		"\"callId\":\"c\"}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"\\\"\","
		"\"callId\":\"c\"}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"s\","
		"\"callId\":\"\\u00e9\"}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"s\",\"callId\":"
		"\"c\",\"mediaFormat\":{\"encoding\":\"audio/opus\"}}}",
		"{\"event\":\"start\",\"start\":{\"streamId\":\"s\",\"callId\":"
		"\"c\",\"mediaFormat\":{\"sampleRate\":44100}}}",
		"{\"event\":\"start\",\"start\":{\"streamSid\":\"s\","
		"\"callSid\":\"c\"}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_INT(ERR_PROTO, decode(bad[i]));
		CHECK_INT(STREAM_IGNORED, msg.type);
	}
}

static void long_fields_are_a_limit_and_long_extras_are_left_out(void)
{
	static char text[8192], x[5000];

	memset(x, 'x', sizeof x - 1);
	(void)snprintf(text, sizeof text,
	               "{\"event\":\"start\",\"start\":{\"streamId\":\"%.64s\","
	               "\"callId\":\"c\"}}",
	               x);
	CHECK_INT(ERR_LIMIT, decode(text));
	(void)snprintf(text, sizeof text,
	               "{\"event\":\"start\",\"start\":{\"streamId\":\"%.63s\","
	               "\"callId\":\"c\"},\"extra_headers\":\"%s\"}",
	               x, x);
	CHECK_INT(0, decode(text));
	CHECK_INT(63, strlen(msg.stream_id));
	CHECK_STR("", msg.extra);
	(void)snprintf(text, sizeof text,
	               "{\"event\":\"start\",\"start\":{\"streamId\":\"s\","
	               "\"callId\":\"c\"},\"extra_headers\":{\"a\":\"%s\"}}",
	               x);
	CHECK_INT(0, decode(text));
	CHECK_STR("", msg.extra);
	(void)snprintf(text, sizeof text,
	               "{\"event\":\"playedStream\",\"name\":\"%.64s\"}", x);
	CHECK_INT(ERR_LIMIT, decode(text));
	(void)snprintf(text, sizeof text,
	               "{\"event\":\"error\",\"reason\":\"%.200s\"}", x);
	CHECK_INT(0, decode(text));
	CHECK_INT(63, strlen(msg.name));
}

/* The same packet as different senders write it. */
static void media_is_read_in_every_spelling(void)
{
	static const char *const same[] = {
		"{\"event\":\"media\",\"sequenceNumber\":42,\"streamId\":\"s\","
		"\"media\":{\"track\":\"inbound\",\"timestamp\":"
		"\"1705312200000\",\"chunk\":41,\"payload\":\"AP9/gA==\"},"
		"\"extra_headers\":\"a=\\\"b\\\\\"}",
		"{\"media\":{\"payload\":\"AP9/gA==\",\"chunk\":\"41\","
		"\"timestamp\":1705312200000,\"track\":\"inbound\"},"
		"\"event\":\"media\"}",
		" {\t\"event\" : \"media\" ,\r\n \"media\" : { \"chunk\" : 41 "
		", "
		"\"payload\" : \"AP9/gA==\" , \"track\" : \"inbound\" , "
		"\"timestamp\" : \"1705312200000\" } } ",
		"{\"x\":{\"media\":{\"payload\":\"zz\"},\"event\":\"stop\"},"
		"\"y\":[[{\"}\":\"]\\\\\\\"\"}],1.5e3,null,true],\"event\":"
		"\"media\",\"media\":{\"n\":{\"payload\":[\"{\"]},\"payload\":"
		"\"AP9/gA==\",\"track\":\"inbound\",\"timestamp\":"
		"1705312200000,\"chunk\":41}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AP9\\/gA==\","
		"\"track\":\"\\u0069nbound\",\"chunk\":41.0,\"timestamp\":"
		"1705312200000}}",
		"{\"ev\\u0065nt\":\"media\",\"media\":{\"p\\u0061yload\":"
		"\"AP9/gA==\",\"track\":\"inbound\",\"chunk\":41,\"timestamp\":"
		"1705312200000}}",
		"{\"event\":\"stop\",\"media\":{\"payload\":\"AAAA\"},"
		"\"event\":\"media\",\"media\":{\"track\":\"inbound\","
		"\"payload\":\"AP9/gA==\",\"chunk\":41,\"timestamp\":"
		"1705312200000}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		msg.media_len = 0;
		CHECK_INT(0, decode(same[i]));
		CHECK_INT(STREAM_MEDIA, msg.type);
		CHECK_INT(4, msg.media_len);
		CHECK(memcmp(msg.media, "\x00\xff\x7f\x80", 4) == 0);
		CHECK_INT(41, msg.chunk);
		CHECK_INT(1705312200000, msg.timestamp);
		CHECK_STR("inbound", msg.track);
	}
	CHECK_INT(0, decode("{\"event\":\"media\",\"media\":{\"payload\":"
	                    "\"\"}}"));
	CHECK_INT(STREAM_MEDIA, msg.type);
	CHECK_INT(0, msg.media_len);
	CHECK_INT(0, msg.chunk);
	CHECK_STR("", msg.track);
}

/* What Plivo sends never reaches the full parser. */
static void common_media_takes_the_fast_way(void)
{
	static const char text[] =
		"{\"event\":\"media\",\"sequenceNumber\":42,\"streamId\":\"s\","
		"\"media\":{\"track\":\"inbound\",\"timestamp\":\"17\","
		"\"chunk\":41,\"payload\":\"AAAA\"},\"extra_headers\":\"{}\"}";
	struct scan_media m;

	CHECK_INT(0, scan_media(&m, text, sizeof text - 1));
	CHECK_INT(6, m.payload.len);
	CHECK_INT(-ENOENT, scan_media(&m, text, sizeof text - 2));
}

static void hostile_media_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"\"media\"",
		"{}",
		"{\"event\":7}",
		"{\"event\":\"media\"}",
		"{\"event\":\"media\",\"media\":{}}",
		"{\"event\":\"media\",\"media\":[]}",
		"{\"event\":\"media\",\"media\":\"AAAA\"}",
		"{\"event\":\"media\",\"media\":{\"payload\":7}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"A\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAA\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AA A\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\\",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}}x",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}}{}",
		"{\"event\":\"media\" \"media\":{\"payload\":\"AAAA\"}}",
		"{\"event\":\"media\",,\"media\":{\"payload\":\"AAAA\"}}",
		"{\"event\":\"media\",\"media\":{},\"media\":[]}",
		"{\"media\":{\"payload\":\"AAAA\"},\"x\":[[[[[",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_INT(ERR_PROTO, decode(bad[i]));
}

static void a_packet_has_a_limit(void)
{
	static char text[STREAM_FRAME_MAX + 16];
	static char head[] = "{\"event\":\"media\",\"media\":{\"payload\":\"";
	static char tail[] = "\"}}";
	size_t n = sizeof head - 1, chars = STREAM_MEDIA_MAX / 3 * 4;

	memset(text, 'A', sizeof text);
	memcpy(text, head, n);
	memcpy(text + n + chars, tail, sizeof tail - 1);
	CHECK_INT(0, stream_plivo.decode(&msg, text, n + chars + 3));
	CHECK_INT(STREAM_MEDIA_MAX, msg.media_len);
	chars += 4;
	memset(text + n, 'A', chars);
	memcpy(text + n + chars, tail, sizeof tail - 1);
	CHECK_INT(ERR_LIMIT, stream_plivo.decode(&msg, text, n + chars + 3));
	CHECK_INT(ERR_LIMIT,
	          stream_plivo.decode(&msg, text, STREAM_FRAME_MAX + 1));
}

static void the_rare_events_are_known(void)
{
	CHECK_INT(0, decode("{\"event\":\"dtmf\",\"sequenceNumber\":50,"
	                    "\"dtmf\":{\"track\":\"inbound\",\"digit\":\"#\","
	                    "\"timestamp\":\"1\"}}"));
	CHECK_INT(STREAM_DTMF, msg.type);
	CHECK_INT('#', msg.digit);
	CHECK_INT(0, decode("{\"event\":\"dtmf\",\"dtmf\":{\"digit\":5}}"));
	CHECK_INT('5', msg.digit);
	CHECK_INT(0, decode("{\"event\":\"playedStream\",\"name\":\"r1.5\"}"));
	CHECK_INT(STREAM_PLAYED, msg.type);
	CHECK_STR("r1.5", msg.name);
	CHECK_INT(0, decode("{\"name\":\"a\",\"event\":\"played\"}"));
	CHECK_INT(STREAM_PLAYED, msg.type);
	CHECK_INT(0, decode("{\"event\":\"clearedAudio\",\"streamId\":\"s\"}"));
	CHECK_INT(STREAM_CLEARED, msg.type);
	CHECK_INT(0, decode("{\"event\":\"stop\"}"));
	CHECK_INT(STREAM_STOP, msg.type);
	CHECK_INT(0, decode("{\"event\":\"playFailed\",\"reason\":\"full\"}"));
	CHECK_INT(STREAM_ERROR, msg.type);
	CHECK_STR("full", msg.name);
	CHECK_INT(0, decode("{\"event\":\"error\"}"));
	CHECK_STR("error", msg.name);
	CHECK_INT(0, decode("{\"event\":\"muteStream\"}"));
	CHECK_INT(STREAM_IGNORED, msg.type);
	CHECK_INT(0, decode("{\"event\":\"\"}"));
	CHECK_INT(STREAM_IGNORED, msg.type);
	CHECK_INT(ERR_PROTO, decode("{\"event\":\"playedStream\"}"));
	CHECK_INT(ERR_PROTO, decode("{\"event\":\"dtmf\"}"));
	CHECK_INT(ERR_PROTO,
	          decode("{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"55\"}}"));
	CHECK_INT(ERR_PROTO,
	          decode("{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"E\"}}"));
	CHECK_INT(ERR_PROTO,
	          decode("{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"\"}}"));
	CHECK_INT(ERR_PROTO,
	          decode("{\"event\":\"dtmf\",\"dtmf\":{\"digit\":10}}"));
}

static int64_t count(const json_t *obj, const char *key)
{
	int64_t n = js_int(obj, key, 0);

	return n < 0 ? 0 : n;
}

/* What the fast way accepts means what the full parser says it means. */
static void agrees_with_the_full_parser(const char *text, size_t len)
{
	int err = stream_plivo.decode(&msg, text, len);
	json_t *root = js_parse(text, len, NULL, 0);
	const json_t *media = json_object_get(root, "media");

	if (root && !err && msg.type == STREAM_MEDIA) {
		CHECK_STR("media", js_str(root, "event", ""));
		CHECK_INT(count(media, "chunk"), msg.chunk);
		CHECK_INT(count(media, "timestamp"), msg.timestamp);
		CHECK_STR(js_str(media, "track", ""), msg.track);
		CHECK(js_str(media, "payload", NULL) != NULL);
	}
	json_decref(root);
}

static void every_byte_may_be_any_other(void)
{
	static const char *const seeds[] = {
		"{\"event\":\"media\",\"sequenceNumber\":4,\"streamId\":\"s\","
		"\"media\":{\"track\":\"in\",\"timestamp\":\"17\",\"chunk\":1,"
		"\"payload\":\"AP9/gA==\"},\"extra_headers\":\"{}\"}",
		"{\"event\":\"start\",\"start\":{\"callId\":\"c\",\"streamId\":"
		"\"s\",\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
		"\"sampleRate\":8000}},\"extra_headers\":{\"a\":1}}",
		"{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"5\"}}",
		"{\"event\":\"playedStream\",\"name\":\"r1.500\"}",
	};
	char text[400];

	for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
		size_t len = strlen(seeds[i]);

		for (size_t at = 0; at < len; at++) {
			memcpy(text, seeds[i], len);
			agrees_with_the_full_parser(text, at);
			for (int c = 0; c < 256; c++) {
				text[at] = (char)c;
				agrees_with_the_full_parser(text, len);
			}
		}
	}
	CHECK_INT(0, mem_live());
}

static struct stream_writer w;
static char out[STREAM_AUDIO_LEN(STREAM_MEDIA_MAX) + 1];

static const char *text_of(long n)
{
	out[n > 0 ? n : 0] = '\0';
	CHECK(n > 0);
	return out;
}

static void audio_is_written_in_the_lines_format(void)
{
	const uint8_t audio[] = {0x00, 0xff, 0x7f, 0x80};

	CHECK_INT(0, stream_plivo.writer_init(&w, "s-1", AUDIO_ULAW_8K));
	CHECK_STR("{\"event\":\"playAudio\",\"media\":{\"contentType\":"
	          "\"audio/x-mulaw\",\"sampleRate\":8000,\"payload\":"
	          "\"AP9/gA==\"},\"streamId\":\"s-1\"}",
	          text_of(stream_plivo.audio(&w, out, sizeof out, audio, 4)));
	CHECK_INT(0, stream_plivo.writer_init(&w, "s-2", AUDIO_L16_16K));
	CHECK_STR("{\"event\":\"playAudio\",\"media\":{\"contentType\":"
	          "\"audio/x-l16\",\"sampleRate\":16000,\"payload\":"
	          "\"AP9/gA==\"},\"streamId\":\"s-2\"}",
	          text_of(stream_plivo.audio(&w, out, sizeof out, audio, 4)));
	CHECK_INT(0, stream_plivo.writer_init(&w, "s-3", AUDIO_L16_8K));
	CHECK(strstr(text_of(stream_plivo.audio(&w, out, sizeof out, audio, 4)),
	             "\"audio/x-l16\",\"sampleRate\":8000,"));
}

static void messages_are_never_longer_than_told(void)
{
	static const uint8_t audio[STREAM_MEDIA_MAX];
	char id[STREAM_ID_MAX + 1];
	long n;

	memset(id, 'i', sizeof id);
	id[STREAM_ID_MAX] = '\0';
	CHECK_INT(-EINVAL, stream_plivo.writer_init(&w, id, AUDIO_L16_16K));
	id[STREAM_ID_MAX - 1] = '\0';
	CHECK_INT(0, stream_plivo.writer_init(&w, id, AUDIO_L16_16K));
	n = stream_plivo.audio(&w, out, sizeof out, audio, sizeof audio);
	CHECK(n > 0 && n <= (long)STREAM_AUDIO_LEN(sizeof audio));
	CHECK_INT(ERR_LIMIT, stream_plivo.audio(&w, out, (size_t)n - 1, audio,
	                                        sizeof audio));
	CHECK_INT(ERR_LIMIT, stream_plivo.audio(&w, out, sizeof out, audio,
	                                        sizeof audio + 1));
	n = stream_plivo.clear(&w, out, STREAM_WRAP_MAX);
	CHECK(n > 0);
	for (size_t cap = 0; cap < (size_t)n; cap++)
		CHECK_INT(ERR_LIMIT, stream_plivo.clear(&w, out, cap));
}

static void commands_are_written(void)
{
	CHECK_INT(0, stream_plivo.writer_init(&w, "s", AUDIO_ULAW_8K));
	CHECK_STR("{\"event\":\"clearAudio\",\"streamId\":\"s\"}",
	          text_of(stream_plivo.clear(&w, out, sizeof out)));
	CHECK_STR("{\"event\":\"checkpoint\",\"streamId\":\"s\",\"name\":"
	          "\"r1.500\"}",
	          text_of(stream_plivo.mark(&w, out, sizeof out, "r1.500")));
	CHECK_STR("{\"event\":\"sendDTMF\",\"dtmf\":\"12#wA\"}",
	          text_of(stream_plivo.dtmf(&w, out, sizeof out, "12#wA")));
	CHECK_INT(-EINVAL, stream_plivo.mark(&w, out, sizeof out, ""));
	CHECK_INT(-EINVAL, stream_plivo.mark(&w, out, sizeof out, "a\"b"));
	CHECK_INT(-EINVAL, stream_plivo.dtmf(&w, out, sizeof out, ""));
	CHECK_INT(-EINVAL, stream_plivo.dtmf(&w, out, sizeof out, "1e"));
	CHECK_INT(-EINVAL,
	          stream_plivo.dtmf(&w, out, sizeof out,
	                            "123456789012345678901234567890123"));
	CHECK_INT(-EINVAL, stream_plivo.writer_init(&w, "", AUDIO_ULAW_8K));
	CHECK_INT(-EINVAL, stream_plivo.writer_init(&w, "\"", AUDIO_ULAW_8K));
}

static void protocols_are_found_by_name(void)
{
	CHECK(stream_proto_find("plivo") == &stream_plivo);
	CHECK(!stream_proto_find("plivo2"));
}

static void a_start_without_memory_is_an_error(void)
{
	int err = -ENOMEM;

	for (long n = 0; err; n++) {
		mem_fail_after(n);
		err = decode(
			"{\"event\":\"start\",\"start\":{\"callId\":\"c\","
			"\"streamId\":\"s\"},\"extra_headers\":{\"a\":1}}");
		mem_fail_after(-1);
		CHECK(err == 0 || err == -ENOMEM || err == ERR_PROTO);
		CHECK_INT(0, mem_live());
		CHECK(n < 100);
	}
}

static const struct test tests[] = {
	TEST(a_start_tells_the_call_and_the_format),
	TEST(a_start_may_have_more_and_other_spellings),
	TEST(without_a_format_it_is_ulaw),
	TEST(a_start_that_is_of_no_use_is_refused),
	TEST(long_fields_are_a_limit_and_long_extras_are_left_out),
	TEST(media_is_read_in_every_spelling),
	TEST(common_media_takes_the_fast_way),
	TEST(hostile_media_is_refused),
	TEST(a_packet_has_a_limit),
	TEST(the_rare_events_are_known),
	TEST(every_byte_may_be_any_other),
	TEST(audio_is_written_in_the_lines_format),
	TEST(messages_are_never_longer_than_told),
	TEST(commands_are_written),
	TEST(protocols_are_found_by_name),
	TEST(a_start_without_memory_is_an_error),
};

TEST_MAIN(tests)
