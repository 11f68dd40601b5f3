#include "tests/bench/phone.h"

#include <stdio.h>
#include <string.h>

#include "common/base64.h"
#include "common/js.h"
#include "tests/harness/test.h"

enum { PACKET = 160, PACKET_MS = 20, TEXT_MAX = 1024 };

static void send_text(struct phone *p, const char *text)
{
	if (p->ws && ws_send_text(p->ws, text, strlen(text)))
		test_fail(__FILE__, __LINE__, "%s: the socket is full", p->id);
}

static void name_marks(struct phone *p, uint64_t now_us)
{
	char text[TEXT_MAX];
	size_t n = 0;

	for (; n < p->n_marks && p->marks[n].due_us <= now_us; n++) {
		snprintf(text, sizeof(text),
		         "{\"event\":\"playedStream\",\"streamId\":\"%s\","
		         "\"name\":\"%s\"}",
		         p->id, p->marks[n].name);
		send_text(p, text);
	}
	p->n_marks -= n;
	memmove(p->marks, p->marks + n, p->n_marks * sizeof(p->marks[0]));
}

static void send_packet(struct phone *p)
{
	uint8_t audio[PACKET];
	char payload[PACKET * 2], text[TEXT_MAX];
	size_t left = p->say_n - p->said;
	size_t n = left < PACKET ? left : PACKET;

	memset(audio, 0xff, sizeof(audio));
	if (n)
		memcpy(audio, p->say + p->said, n);
	p->said += n;
	payload[base64_encode(payload, audio, sizeof(audio))] = '\0';
	p->packets++;
	snprintf(text, sizeof(text),
	         "{\"event\":\"media\",\"sequenceNumber\":%u,\"streamId\":"
	         "\"%s\",\"media\":{\"track\":\"inbound\",\"timestamp\":"
	         "\"%u\",\"chunk\":%u,\"payload\":\"%s\"}}",
	         p->packets + 1, p->id, p->packets * PACKET_MS, p->packets,
	         payload);
	send_text(p, text);
}

static void tick(void *arg)
{
	struct phone *p = arg;

	name_marks(p, timers_now(net_timers(p->net)));
	send_packet(p);
	p->due_us += (uint64_t)PACKET_MS * 1000;
	timer_start_at(net_timers(p->net), &p->tick, p->due_us, tick, p);
}

static void play(struct phone *p, const json_t *doc)
{
	const char *payload =
		js_str(json_object_get(doc, "media"), "payload", "");
	const uint64_t now = timers_now(net_timers(p->net));

	if (p->line_us < now)
		p->line_us = now;
	p->line_us += strlen(payload) / 4 * 3 * 1000 / 8;
}

static void on_message(struct phone *p, const char *text, size_t len)
{
	json_t *doc = js_parse(text, len, NULL, 0);
	const char *event = js_str(doc, "event", "");

	if (!strcmp(event, "playAudio")) {
		play(p, doc);
	} else if (!strcmp(event, "clearAudio")) {
		p->line_us = 0;
		p->n_marks = 0;
	} else if (!strcmp(event, "checkpoint")) {
		CHECK(p->n_marks < PHONE_MARKS_MAX);
		snprintf(p->marks[p->n_marks].name, PHONE_NAME_MAX, "%s",
		         js_str(doc, "name", ""));
		p->marks[p->n_marks++].due_us = p->line_us;
	}
	json_decref(doc);
}

static void on_open(struct phone *p)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text),
	         "{\"event\":\"start\",\"sequenceNumber\":1,\"start\":{"
	         "\"callId\":\"%s\",\"streamId\":\"%s\",\"tracks\":["
	         "\"inbound\"],\"mediaFormat\":{\"encoding\":"
	         "\"audio/x-mulaw\",\"sampleRate\":8000}}}",
	         p->id, p->id);
	send_text(p, text);
	p->due_us = timers_now(net_timers(p->net));
	tick(p);
}

static void handler(const struct ws_event *ev, void *arg)
{
	struct phone *p = arg;

	switch (ev->type) {
	case WS_OPEN:
		on_open(p);
		break;
	case WS_TEXT:
		on_message(p, ev->data, ev->len);
		break;
	case WS_BINARY:
	case WS_CLOSED:
	case WS_FAILED:
	default:
		p->gone = true;
		phone_hang_up(p);
		break;
	}
}

void phone_dial(struct phone *p, struct net *net, const char *url,
                const char *id)
{
	const struct ws_params prm = {.url = url};

	*p = (struct phone){.net = net};
	snprintf(p->id, sizeof(p->id), "%s", id);
	CHECK_INT(0, ws_connect(&p->ws, net, &prm, handler, p));
}

void phone_hang_up(struct phone *p)
{
	timer_stop(net_timers(p->net), &p->tick);
	ws_close(&p->ws, 1000, NULL);
}

void phone_say(struct phone *p, const uint8_t *ulaw, size_t n)
{
	p->say = ulaw;
	p->say_n = n;
	p->said = 0;
}

int64_t phone_time_ms(const struct phone *p)
{
	return (int64_t)p->packets * PACKET_MS;
}

bool phone_says(const struct phone *p)
{
	return p->said < p->say_n;
}
