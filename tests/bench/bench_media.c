/*
 * What the media path costs for each packet, without the socket: medians of
 * several runs. Run it pinned to one core that nothing else uses.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bot/media/audio.h"
#include "bot/media/resample.h"
#include "bot/media/vad.h"
#include "bot/playout.h"
#include "bot/stream/proto.h"
#include "common/base64.h"
#include "common/base64_part.h"
#include "common/js.h"
#include "common/timer.h"

enum { RUNS = 9, FRAMES = 64, ROUNDS = 400, PACKET = 160 };

static char frames[FRAMES][600];
static size_t frame_len[FRAMES];
static uint8_t ulaw[FRAMES][320];
static struct stream_msg msg;
static struct stream_writer writer;
static char out[STREAM_AUDIO_LEN(320)];
static int16_t pcm[1024];
static volatile size_t sink; /* keeps results from being optimised away */

static double now_ns(void)
{
	struct timespec t;

	(void)timespec_get(&t, TIME_UTC);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median time of one call of @step on one frame. */
static void measure(const char *what, void (*step)(size_t i))
{
	double t[RUNS];

	for (int run = 0; run < RUNS; run++) {
		double from = now_ns();

		for (int k = 0; k < ROUNDS; k++) {
			for (size_t i = 0; i < FRAMES; i++)
				step(i);
		}
		t[run] = (now_ns() - from) / ROUNDS / FRAMES;
	}
	qsort(t, RUNS, sizeof t[0], by_value);
	printf("%-52s %8.0f\n", what, t[RUNS / 2]);
}

static void make_frames(void)
{
	char text[BASE64_LEN(PACKET) + 1];

	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t k = 0; k < sizeof ulaw[i]; k++)
			ulaw[i][k] = (uint8_t)(k * 37 + i * 11);
		text[base64_encode(text, ulaw[i], PACKET)] = '\0';
		frame_len[i] = (size_t)snprintf(
			frames[i], sizeof frames[i],
			"{\"event\":\"media\",\"sequenceNumber\":%zu,"
			"\"streamId\":\"87654321-4321-4321-4321-cba987654321\","
			"\"media\":{\"track\":\"inbound\",\"timestamp\":"
			"\"1705312200000\",\"chunk\":%zu,\"payload\":\"%s\"},"
			"\"extra_headers\":\"{}\"}",
			i + 2, i + 1, text);
	}
}

static void decode(size_t i)
{
	sink += (size_t)stream_plivo.decode(&msg, frames[i], frame_len[i]);
}

static void decode_to_samples(size_t i)
{
	decode(i);
	sink += audio_decode(pcm, AUDIO_ULAW_8K, msg.media, msg.media_len);
}

static void decode_by_tree(size_t i)
{
	json_t *root = js_parse(frames[i], frame_len[i], NULL, 0);

	sink += (size_t)js_int(json_object_get(root, "media"), "chunk", 0);
	json_decref(root);
}

static void base64_in(size_t i)
{
	static const char head[] = "\"payload\":\"";
	const char *text = strstr(frames[i], head) + sizeof head - 1;

	sink += (size_t)base64_decode(msg.media, text, BASE64_LEN(PACKET));
}

static void base64_table_in(size_t i)
{
	static const char head[] = "\"payload\":\"";
	const char *text = strstr(frames[i], head) + sizeof head - 1;

	sink += (size_t)base64_table_decode(msg.media, text,
	                                    BASE64_LEN(PACKET));
}

static void ulaw_in(size_t i)
{
	sink += audio_decode(pcm, AUDIO_ULAW_8K, ulaw[i], PACKET);
}

static void ulaw_out(size_t i)
{
	(void)i;
	sink += audio_encode(msg.media, AUDIO_ULAW_8K, pcm, PACKET);
}

static void build_20_ms(size_t i)
{
	sink += (size_t)stream_plivo.audio(&writer, out, sizeof out, ulaw[i],
	                                   160);
}

static void build_40_ms(size_t i)
{
	sink += (size_t)stream_plivo.audio(&writer, out, sizeof out, ulaw[i],
	                                   320);
}

static struct resample *down;

static void resample_40_ms(size_t i)
{
	(void)i;
	sink += resample_run(down, pcm, (const int16_t *)(const void *)frames,
	                     960);
}

static float no_net(void *state, const void *model, const int16_t *chunk)
{
	(void)state;
	(void)model;
	return chunk[0] > 0 ? 1 : 0;
}

static void no_edge(const struct vad_edge *e, void *arg)
{
	(void)e;
	(void)arg;
}

static struct vad *vad;
static int16_t loud[256], quiet[256];

static void vad_loud(size_t i)
{
	(void)i;
	vad_feed(vad, loud, 256);
}

static void vad_quiet(size_t i)
{
	(void)i;
	vad_feed(vad, quiet, 256);
}

static struct timers *ts;
static struct playout *po;
static uint64_t clock_us;

static int swallow(const char *text, size_t len, void *arg)
{
	(void)arg;
	sink += len + (size_t)text[0];
	return 0;
}

static void no_event(const struct playout_event *ev, void *arg)
{
	(void)ev;
	(void)arg;
}

/* 40 ms of a reply's life: pushed, paced, sent; marks never come back. */
static void play_40_ms(size_t i)
{
	sink += (size_t)playout_push(po, 1, ulaw[i], 320);
	clock_us += 40 * 1000;
	timers_run(ts, clock_us);
}

static int setup(void)
{
	static const struct vad_ops ops = {.name = "none", .step = no_net};
	struct playout_params prm = {
		.proto = &stream_plivo,
		.stream_id = "87654321-4321-4321-4321-cba987654321",
		.fmt = AUDIO_ULAW_8K,
		.sendh = swallow,
		.eventh = no_event,
	};
	int err = timers_new(&ts, 0);

	prm.timers = ts;
	if (!err)
		err = playout_new(&po, &prm);
	if (!err)
		err = vad_new(&vad, &ops, NULL, NULL, no_edge, NULL);
	if (!err)
		err = resample_new(&down, 24000, 8000);
	if (!err)
		err = stream_plivo.writer_init(&writer, prm.stream_id, prm.fmt);
	for (int i = 0; i < 256; i++)
		loud[i] = (int16_t)(8000 * sin(i * 0.8));
	return err;
}

int main(void)
{
	make_frames();
	if (setup())
		return 1;
	printf("base64 by %s; ns, median of %d\n\n",
	       base64_have_avx2() ? "avx2" : "tables", RUNS);
	measure("in:  media message to u-law bytes", decode);
	measure("in:  media message to samples", decode_to_samples);
	measure("       base64 of 160 bytes", base64_in);
	measure("       base64 of 160 bytes by tables", base64_table_in);
	measure("       u-law to samples", ulaw_in);
	measure("       (the full JSON parser, without base64)",
	        decode_by_tree);
	measure("out: playAudio of 20 ms", build_20_ms);
	measure("out: playAudio of 40 ms", build_40_ms);
	measure("out: samples to u-law, 20 ms", ulaw_out);
	measure("out: 24 kHz to 8 kHz, 40 ms", resample_40_ms);
	measure("out: playout of 40 ms, pushed, paced and written", play_40_ms);
	measure("vad: loud chunk of 32 ms without the net", vad_loud);
	measure("vad: silent chunk of 32 ms", vad_quiet);
	resample_free(&down);
	vad_free(&vad);
	playout_free(&po);
	timers_free(&ts);
	return 0;
}
