#include "tests/fake/ear.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/stream/proto.h"
#include "common/base64.h"
#include "common/js.h"
#include "common/mem.h"
#include "tests/harness/test.h"

struct ear ear;

static void on_audio(const json_t *root)
{
	const json_t *media = json_object_get(root, "media");
	const char *text = js_str(media, "payload", "");
	static uint8_t audio[4096];
	long n = base64_decode(audio, text, strlen(text));

	CHECK(n > 0);
	CHECK_STR("audio/x-mulaw", js_str(media, "contentType", ""));
	CHECK(ear.tail - ear.head + (size_t)n <= EAR_QUEUE_MAX);
	for (long i = 0; i < n; i++)
		ear.queue[ear.tail++ % EAR_QUEUE_MAX] = audio[i];
	ear.packet_len = (size_t)n;
	ear.packet_at[ear.packets++] = ear.now_ms;
	if (ear.tail - ear.head > ear.max_lead * 8)
		ear.max_lead = (uint32_t)((ear.tail - ear.head + 7) / 8);
}

int ear_send(const char *text, size_t len, void *arg)
{
	json_t *root = js_parse(text, len, NULL, 0);
	const char *event = js_str(root, "event", "");

	(void)arg;
	CHECK(root != NULL);
	if (ear.full) {
		json_decref(root);
		return -EAGAIN;
	}
	if (strcmp(event, "playAudio") == 0) {
		on_audio(root);
	} else if (strcmp(event, "clearAudio") == 0) {
		ear.clears++;
		ear.head = ear.tail;
		/* Those not reached are never answered. */
		while (ear.n_check && !ear.check[ear.n_check - 1].back_ms)
			ear.n_check--;
	} else {
		CHECK_STR("checkpoint", event);
		CHECK(ear.n_check < EAR_CHECKS_MAX);
		(void)snprintf(ear.check[ear.n_check].name, 64, "%s",
		               js_str(root, "name", ""));
		ear.check[ear.n_check].back_ms = 0;
		ear.check[ear.n_check++].at = ear.tail;
	}
	json_decref(root);
	return 0;
}

void ear_event(const struct playout_event *ev, void *arg)
{
	static const char letter[] = {'S', 'H', 'D'};
	(void)arg;
	CHECK(ev->heard_ms >= ear.heard_ms[ev->reply]);
	ear.heard_ms[ev->reply] = ev->heard_ms;
	if (ev->type != PLAYOUT_HEARD) {
		char one[32];

		(void)snprintf(one, sizeof one, "%c%u@%u%s ", letter[ev->type],
		               ev->reply, (unsigned)ear.now_ms,
		               ev->by_clock ? "c" : "");
		strncat(ear.told, one, sizeof ear.told - strlen(ear.told) - 1);
	}
	if (ear.close_in_event)
		playout_free(&ear.po);
}

static void checkpoints(void)
{
	char name[64];

	for (size_t i = 0; i < ear.n_check; i++) {
		if (ear.check[i].at <= ear.head && !ear.check[i].back_ms)
			ear.check[i].back_ms = ear.now_ms + ear.delay_ms + 1;
	}
	while (ear.n_check && ear.check[0].back_ms &&
	       ear.check[0].back_ms <= ear.now_ms + 1) {
		memcpy(name, ear.check[0].name, sizeof name);
		memmove(&ear.check[0], &ear.check[1],
		        --ear.n_check * sizeof ear.check[0]);
		if (!ear.mute && ear.po)
			CHECK(playout_marked(ear.po, name));
	}
}

void ear_pass_stalled(uint32_t ms, uint32_t stall)
{
	for (uint32_t i = 0; i < ms; i++) {
		ear.now_ms++;
		for (int k = 0; k < 8 && ear.head < ear.tail; k++) {
			uint8_t v = ear.queue[ear.head++ % EAR_QUEUE_MAX];

			if (v != 0xff)
				ear.heard[ear.n_heard++] = v;
		}
		if (i % stall == stall - 1) {
			timers_run(ear.ts, ear.now_ms * 1000);
			checkpoints();
		}
	}
}

void ear_pass(uint32_t ms)
{
	ear_pass_stalled(ms, 1);
}

void ear_open_with(uint32_t lead_ms, uint32_t packet_ms)
{
	const struct playout_params prm = {
		.timers = ear.ts,
		.proto = &stream_plivo,
		.stream_id = "s",
		.fmt = AUDIO_ULAW_8K,
		.lead_ms = lead_ms,
		.packet_ms = packet_ms,
		.sendh = ear_send,
		.eventh = ear_event,
	};

	CHECK_INT(0, playout_new(&ear.po, &prm));
}

void ear_open(void)
{
	ear.now_ms = 1000;
	CHECK_INT(0, timers_new(&ear.ts, ear.now_ms * 1000));
	ear_open_with(0, 0);
}

void ear_close(void)
{
	uint64_t due;

	playout_free(&ear.po);
	CHECK(!timers_next(ear.ts, &due));
	timers_free(&ear.ts);
	CHECK_INT(0, mem_live());
}

static uint8_t wave[8 * 130000];

/* Every reply has bytes of its own, none of them silence. */
static uint8_t byte_of(uint32_t reply, size_t i)
{
	return (uint8_t)((i * 7 + i / 200 + reply * 31) % 255);
}

int ear_push(uint32_t reply, size_t from, size_t ms)
{
	for (size_t i = 0; i < ms * 8; i++)
		wave[i] = byte_of(reply, from * 8 + i);
	return playout_push(ear.po, reply, wave, ms * 8);
}

void ear_say(uint32_t reply, size_t ms)
{
	CHECK_INT(0, ear_push(reply, 0, ms));
	CHECK_INT(0, playout_end(ear.po, reply));
}

void ear_heard(size_t at, uint32_t reply, size_t from_ms, size_t ms)
{
	for (size_t i = 0; i < ms * 8; i++)
		CHECK_INT(byte_of(reply, from_ms * 8 + i),
		          ear.heard[at * 8 + i]);
}
