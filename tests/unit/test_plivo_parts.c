/* The parts of plivo-sim that need no network: answer XML, scripts, the
 * play-out buffer, the ear, the callee, samples. */
#include <errno.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/test.h"
#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_callee.h"
#include "tests/sim/lib/plivo_playout.h"
#include "tests/sim/lib/plivo_script.h"
#include "tests/sim/lib/plivo_xml.h"

static int parse_xml(struct psim_xml **x, const char *text)
{
	char why[PSIM_XML_WHY];

	return psim_xml_parse(x, text, strlen(text), why);
}

static void the_recommended_document_is_read(void)
{
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<Response>\n"
		"  <Stream bidirectional=\"true\" keepCallAlive=\"true\"\n"
		"    contentType=\"audio/x-l16;rate=16000\"\n"
		"    statusCallbackUrl=\"https://a/s\" "
		"extraHeaders=\"a=1,b=2\">\n"
		"    wss://b/ws?body=a&amp;b=%3D \n  </Stream>\n"
		"  <Redirect method=\"GET\">https://a/r</Redirect>\n"
		"</Response>\n";
	struct psim_xml *x;

	CHECK_INT(0, parse_xml(&x, text));
	CHECK_INT(2, x->n);
	CHECK_INT(PSIM_STREAM, x->v[0].verb);
	CHECK_STR("wss://b/ws?body=a&b=%3D", x->v[0].text);
	CHECK(x->v[0].stream.bidirectional && x->v[0].stream.keep_alive);
	CHECK_INT(PSIM_L16_16K, x->v[0].stream.codec);
	CHECK_STR("a=1,b=2", x->v[0].stream.extra_headers);
	CHECK_INT(PSIM_REDIRECT, x->v[1].verb);
	CHECK(x->v[1].get);
	psim_xml_free(&x);
}

static void what_plivo_refuses_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"<Response>",
		"<response/>",
		"<Response x=\"1\"/>",
		"<Response><Reject/></Response>",
		"<Response><Say>hi</Say></Response>",
		"<Response>text</Response>",
		"<Response><Stream>wss://a/?b=1&c=2</Stream></Response>",
		"<Response><Stream>https://a/</Stream></Response>",
		"<Response><Stream></Stream></Response>",
		"<Response><Stream>wss://a/#f</Stream></Response>",
		"<Response><Stream keepCallAlive=\"yes\">wss://a/</Stream>"
		"</Response>",
		"<Response><Stream bidirectional=\"true\" audioTrack=\"both\">"
		"wss://a/</Stream></Response>",
		"<Response><Stream contentType=\"audio/x-mulaw\">wss://a/"
		"</Stream></Response>",
		"<Response><Stream streamTimeout=\"0\">wss://a/</Stream>"
		"</Response>",
		"<Response><Stream statusCallbackMethod=\"PUT\">wss://a/"
		"</Stream></Response>",
		"<Response><Stream statusCallbackUrl=\"wss://a\">wss://a/"
		"</Stream></Response>",
		"<Response><Stream extraHeaders=\"a\">wss://a/</Stream>"
		"</Response>",
		"<Response><Stream color=\"red\">wss://a/</Stream></Response>",
		"<Response><Stream><Parameter/>wss://a/</Stream></Response>",
		"<Response><Hangup reason=\"tired\"/></Response>",
		"<Response><Speak></Speak></Response>",
		"<!DOCTYPE x [<!ENTITY a \"b\">]><Response/>",
	};
	struct psim_xml *x = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse_xml(&x, bad[i]) == -EINVAL)
			continue;
		test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
	CHECK(!x);
}

static void long_stream_urls_and_documents_are_refused(void)
{
	struct buf b;
	struct psim_xml *x = NULL;

	for (int extra = 0; extra < 2; extra++) {
		buf_init(&b, 200000);
		CHECK(!buf_adds(&b, "<Response><Stream>wss://a/"));
		for (int i = 0; i < 2048 - 8 + extra; i++)
			CHECK(!buf_add(&b, "x", 1));
		CHECK(!buf_adds(&b, "</Stream></Response>"));
		CHECK_INT(extra ? -EINVAL : 0, parse_xml(&x, b.v));
		psim_xml_free(&x);
		buf_fini(&b);
	}
	buf_init(&b, 200000);
	CHECK(!buf_adds(&b, "<Response>"));
	for (int i = 0; i < 100 * 1024; i++)
		CHECK(!buf_add(&b, " ", 1));
	CHECK(!buf_adds(&b, "</Response>"));
	CHECK_INT(-EINVAL, parse_xml(&x, b.v));
	buf_fini(&b);
}

static void mu_law_and_base64_are_their_own_inverse(void)
{
	uint8_t raw[256], back[256];
	char text[400];

	for (int i = 0; i < 256; i++) {
		const int16_t pcm = psim_ulaw_pcm((uint8_t)i);

		raw[i] = (uint8_t)i;
		/* Plus and minus zero sound alike. */
		if (i != 0x7f)
			CHECK_INT(i, psim_ulaw(pcm));
	}
	CHECK_INT(-32124, psim_ulaw_pcm(0x00));
	CHECK_INT(32124, psim_ulaw_pcm(0x80));
	CHECK_INT(0, psim_ulaw_pcm(0xff));
	for (size_t len = 0; len <= sizeof(raw); len++) {
		const size_t n = psim_base64(text, raw, len);

		CHECK_INT((len + 2) / 3 * 4, n);
		CHECK_INT(len, psim_base64_decode(back, text, n));
		CHECK(!memcmp(raw, back, len));
	}
	CHECK(psim_base64_decode(back, "QQ=", 3) < 0);
	CHECK(psim_base64_decode(back, "QR==", 4) < 0);
	CHECK(psim_base64_decode(back, "QQ==QQ==", 8) < 0);
	CHECK(psim_base64_decode(back, "Q-_=", 4) < 0);
}

static void a_tone_is_found_again(void)
{
	int16_t v[PSIM_FRAME];
	double phase = 0, share;

	for (int hz = 320; hz <= 3400; hz += 35) {
		psim_tone(v, PSIM_FRAME, hz, psim_amplitude(-12), &phase);
		CHECK_NEAR(hz, psim_pitch(v, PSIM_FRAME, &share), 6);
		CHECK(share > 0.8);
	}
	memset(v, 0, sizeof(v));
	CHECK_NEAR(0, psim_pitch(v, PSIM_FRAME, &share), 0);
}

struct seen {
	char names[256];
	struct psim_underrun hole[8];
	size_t holes;
};

static void on_reached(const char *name, void *arg)
{
	struct seen *s = arg;
	const size_t n = strlen(s->names);

	(void)snprintf(s->names + n, sizeof(s->names) - n, "%s ", name);
}

static void on_hole(const struct psim_underrun *u, void *arg)
{
	struct seen *s = arg;

	if (s->holes < ARRAY_LEN(s->hole))
		s->hole[s->holes++] = *u;
}

static const struct psim_playout_h playout_handlers = {.reached = on_reached,
                                                       .underrun = on_hole};

static void audio_is_played_at_the_lines_pace(void)
{
	int16_t in[PSIM_FRAME * 3], out[PSIM_FRAME];
	struct seen seen = {0};
	struct psim_playout p;

	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		in[i] = (int16_t)(i + 1);
	psim_playout_init(&p, 1000, &playout_handlers, &seen);
	CHECK(!psim_playout_checkpoint(&p, "early"));
	CHECK(!psim_playout_add(&p, in, PSIM_FRAME * 2 + 80));
	CHECK(!psim_playout_checkpoint(&p, "a"));
	CHECK_INT(50, psim_playout_waiting_ms(&p));
	CHECK_INT(160, psim_playout_pull(&p, out, 0));
	CHECK_STR("early ", seen.names);
	CHECK_INT(160, psim_playout_pull(&p, out, 20));
	CHECK_INT(161, out[0]);
	CHECK_STR("early ", seen.names);
	CHECK_INT(80, psim_playout_pull(&p, out, 40));
	CHECK_STR("early a ", seen.names);
	CHECK_INT(400, out[79]);
	CHECK_INT(0, out[80]);
	CHECK_INT(0, psim_playout_pull(&p, out, 60));
	CHECK_INT(0, seen.holes);
	psim_playout_fini(&p);
}

static void holes_are_told_apart_from_pauses(void)
{
	int16_t in[PSIM_FRAME] = {1}, out[PSIM_FRAME];
	struct seen seen = {0};
	struct psim_playout p;
	uint32_t now = 0;

	psim_playout_init(&p, 1000, &playout_handlers, &seen);
	for (; now < 200; now += 20)
		psim_playout_pull(&p, out, now);
	/* Before the first word there is no hole. */
	CHECK(!psim_playout_add(&p, in, PSIM_FRAME));
	psim_playout_pull(&p, out, now);
	CHECK_INT(0, seen.holes);
	now += 20; /* dry from here on: 60 ms */
	for (; now < 280; now += 20)
		psim_playout_pull(&p, out, now);
	CHECK(!psim_playout_add(&p, in, PSIM_FRAME));
	psim_playout_pull(&p, out, now);
	CHECK_INT(1, seen.holes);
	CHECK_INT(60, seen.hole[0].to_ms - seen.hole[0].from_ms);
	CHECK(!seen.hole[0].at_checkpoint);
	/* A checkpoint closes a reply: the test may leave that hole out. */
	CHECK(!psim_playout_checkpoint(&p, "end"));
	for (now += 20; now < 500; now += 20)
		psim_playout_pull(&p, out, now);
	CHECK(!psim_playout_add(&p, in, PSIM_FRAME));
	psim_playout_pull(&p, out, now);
	CHECK_INT(2, seen.holes);
	CHECK(seen.hole[1].at_checkpoint);
	/* After a clear silence is wanted; after a second it is a pause. */
	CHECK(!psim_playout_add(&p, in, PSIM_FRAME));
	CHECK_INT(20, psim_playout_clear(&p));
	for (now += 20; now < 700; now += 20)
		psim_playout_pull(&p, out, now);
	CHECK(!psim_playout_add(&p, in, PSIM_FRAME));
	for (; now < 1800; now += 20)
		psim_playout_pull(&p, out, now);
	CHECK(!psim_playout_add(&p, in, PSIM_FRAME));
	psim_playout_pull(&p, out, now);
	CHECK_INT(2, seen.holes);
	psim_playout_fini(&p);
}

static void cleared_audio_takes_its_checkpoints_along(void)
{
	static int16_t in[PSIM_HZ];
	int16_t out[PSIM_FRAME];
	struct seen seen = {0};
	struct psim_playout p;
	int added = 0;

	psim_playout_init(&p, 1000, &playout_handlers, &seen);
	while (!psim_playout_add(&p, in, PSIM_HZ))
		added++;
	CHECK_INT(60, added);
	CHECK_INT(ERR_LIMIT, psim_playout_add(&p, in, 1));
	CHECK(!psim_playout_checkpoint(&p, "never"));
	psim_playout_pull(&p, out, 0);
	CHECK_INT(59980, psim_playout_clear(&p));
	CHECK(!psim_playout_checkpoint(&p, "later"));
	psim_playout_pull(&p, out, 20);
	CHECK_STR("later ", seen.names);
	psim_playout_fini(&p);
}

struct told {
	unsigned begun, said, digits, barged, vain;
	struct psim_said last;
	bool hung_up;
	uint32_t barge_ms;
};

static void on_begin(const struct psim_said *s, void *arg)
{
	((struct told *)arg)->begun++;
	(void)s;
}

static void on_said(const struct psim_said *s, void *arg)
{
	((struct told *)arg)->said++;
	((struct told *)arg)->last = *s;
}

static void on_dtmf(char digit, void *arg)
{
	(void)digit;
	((struct told *)arg)->digits++;
}

static void on_wait_over(const char *what, uint32_t ms, void *arg)
{
	(void)what;
	(void)ms;
	((struct told *)arg)->vain++;
}

static void on_barge(uint32_t ms, void *arg)
{
	((struct told *)arg)->barged++;
	((struct told *)arg)->barge_ms = ms;
}

static void on_hangup(const char *why, void *arg)
{
	(void)why;
	((struct told *)arg)->hung_up = true;
}

static const struct psim_callee_h callee_handlers = {.begin = on_begin,
                                                     .said = on_said,
                                                     .dtmf = on_dtmf,
                                                     .wait_over = on_wait_over,
                                                     .barge_in = on_barge,
                                                     .hangup = on_hangup};

/* Let the callee of @text live for @ms; the bot speaks from..to. */
static struct told live(const char *text, uint32_t ms, uint32_t from,
                        uint32_t to)
{
	struct psim_script *s;
	struct psim_callee c;
	struct psim_ear ear = {0};
	struct told told = {0};
	char why[200];
	double phase = 0;

	CHECK_INT(0, psim_script_parse(&s, text, NULL, NULL, why));
	psim_callee_init(&c, s, &callee_handlers, &told);
	for (uint32_t now = 0; now < ms && !told.hung_up; now += 20) {
		int16_t bot[PSIM_FRAME] = {0}, said[PSIM_FRAME];

		if (now >= from && now < to)
			psim_tone(bot, PSIM_FRAME, 440, 5000, &phase);
		(void)psim_ear_hear(&ear, bot, now);
		psim_callee_step(&c, &ear, true, now, said);
	}
	psim_script_free(&s);
	return told;
}

static void a_script_is_carried_out_in_order(void)
{
	struct told t = live("silence 100\ntone 300 250 -10\ndtmf 12#\nhangup",
	                     5000, 0, 0);

	CHECK_INT(1, t.said);
	CHECK_INT(100, t.last.from_ms);
	CHECK_INT(350, t.last.to_ms);
	CHECK(t.last.voiced);
	CHECK_INT(3, t.digits);
	CHECK(t.hung_up);
}

static void the_callee_waits_for_the_bot(void)
{
	struct told t = live("wait-bot-speech\nwait-bot-silence 500\n"
	                     "tone 300 100 -10\nhangup",
	                     9000, 1000, 2000);

	CHECK_INT(1, t.said);
	CHECK_NEAR(2500, t.last.from_ms, 40);
	t = live("barge-in after 700\ntone 300 100 -10\nhangup", 9000, 1000,
	         3000);
	CHECK_INT(1, t.barged);
	CHECK_NEAR(700, t.barge_ms, 20);
	CHECK_NEAR(1700, t.last.from_ms, 40);
}

static void waits_end(void)
{
	struct told t =
		live("wait-bot-speech max 500\ntone 300 100 -10\nhangup", 9000,
	             0, 0);

	CHECK_INT(1, t.vain);
	CHECK_INT(500, t.last.from_ms);
	t = live("wait-bot-speech\ntone 300 100 -10", 100000, 0, 0);
	CHECK(t.hung_up);
	CHECK_INT(0, t.said);
}

static void loops_are_counted(void)
{
	struct told t = live("repeat 3\nrepeat 2\ntone 300 40 -10\nend\n"
	                     "silence 20\nend\nhangup",
	                     9000, 0, 0);

	CHECK_INT(6, t.said);
	t = live("repeat 1000\nrepeat 1000\nend\nend\nhangup", 200, 0, 0);
	CHECK(!t.hung_up);
}

static void bad_scripts_name_their_line(void)
{
	static const struct {
		const char *text, *line;
	} bad[] = {
		{"\n\nsing", "line 3: "},        {"silence", "line 1: "},
		{"silence x", "line 1: "},       {"tone 9 9 9", "line 1: "},
		{"repeat 0\nend", "line 1: "},   {"end", "line 1: "},
		{"repeat 2", "line 1: "},        {"dtmf 12x", "line 1: "},
		{"answer before 5", "line 1: "}, {"rest status", "line 1: "},
		{"rest status 99", "line 1: "},  {"drop-socket 5", "line 1: "},
		{"play nowhere.wav", "line 1: "}};
	struct psim_script *s = NULL;
	char why[200];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_INT(-EINVAL,
		          psim_script_parse(&s, bad[i].text, NULL, NULL, why));
		CHECK(!strncmp(why, bad[i].line, strlen(bad[i].line)));
		CHECK(!s);
	}
}

static void settings_are_read(void)
{
	struct psim_script *s;
	char why[200];

	CHECK_INT(0, psim_script_parse(
			     &s,
			     "answer after 70 # quickly\nbegin answer\nbusy\n"
			     "machine\ndrop-socket at 900 reconnect\n"
			     "webhook delay 30\nrest status 503 times 2\n"
			     "noise -50\n",
			     NULL, NULL, why));
	CHECK_INT(70, s->answer_ms);
	CHECK(s->begin_at_answer && s->machine && s->reconnect);
	CHECK_INT(PSIM_FAILS, s->pick_up);
	CHECK_INT(3010, s->fail_code);
	CHECK_INT(900, s->drop_ms);
	CHECK_INT(30, s->webhook_delay_ms);
	CHECK_INT(PSIM_REST_STATUS, s->rest.kind);
	CHECK_INT(503, s->rest.value);
	CHECK_INT(2, s->rest.times);
	CHECK_INT(0, s->n);
	psim_script_free(&s);
}

static const struct test tests[] = {
	TEST(the_recommended_document_is_read),
	TEST(what_plivo_refuses_is_refused),
	TEST(long_stream_urls_and_documents_are_refused),
	TEST(mu_law_and_base64_are_their_own_inverse),
	TEST(a_tone_is_found_again),
	TEST(audio_is_played_at_the_lines_pace),
	TEST(holes_are_told_apart_from_pauses),
	TEST(cleared_audio_takes_its_checkpoints_along),
	TEST(a_script_is_carried_out_in_order),
	TEST(the_callee_waits_for_the_bot),
	TEST(waits_end),
	TEST(loops_are_counted),
	TEST(bad_scripts_name_their_line),
	TEST(settings_are_read),
};

TEST_MAIN(tests)
