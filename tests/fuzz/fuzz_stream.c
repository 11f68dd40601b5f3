/*
 * The carrier's messages. What is accepted as audio must be what the full
 * parser sees in it, where that parser accepts it at all.
 */
#include <stdlib.h>
#include <string.h>

#include "bot/stream/proto.h"
#include "common/base64.h"
#include "common/js.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct stream_msg msg;
static uint8_t audio[STREAM_FRAME_MAX];

static void must(int cond)
{
	if (!cond)
		abort();
}

static void compare(const json_t *root)
{
	const json_t *media = json_object_get(root, "media");
	const char *text = js_str(media, "payload", NULL);
	long n;

	must(strcmp(js_str(root, "event", ""), "media") == 0);
	must(text != NULL);
	n = base64_decode(audio, text, strlen(text));
	must(n == (long)msg.media_len);
	must(memcmp(audio, msg.media, msg.media_len) == 0);
	must(strcmp(js_str(media, "track", ""), msg.track) == 0);
}

static void write_back(void)
{
	static char out[STREAM_AUDIO_LEN(STREAM_MEDIA_MAX)];
	struct stream_writer w;

	must(!stream_plivo.writer_init(&w, msg.stream_id, msg.fmt));
	must(stream_plivo.clear(&w, out, sizeof out) > 0);
	must(stream_plivo.audio(&w, out, sizeof out, msg.media, 160) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* A block of its own, so that a byte too many read is seen. */
	char *text = malloc(len ? len : 1);
	json_t *root = NULL;

	if (!text)
		return 0;
	memcpy(text, data, len);
	if (stream_plivo.decode(&msg, text, len) == 0) {
		if (msg.type == STREAM_MEDIA)
			root = js_parse(text, len, NULL, 0);
		if (root)
			compare(root);
		if (msg.type == STREAM_START)
			write_back();
	}
	json_decref(root);
	free(text);
	return 0;
}
