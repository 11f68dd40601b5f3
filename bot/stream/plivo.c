/*
 * Plivo's audio streaming, both directions. Its numbers come as numbers or as
 * texts, its keys in any order, and what it does not document ("played",
 * "playFailed", "stop") is taken where others have seen it.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "bot/stream/proto.h"
#include "bot/stream/scan.h"
#include "common/base64.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/str.h"
#include "common/utf8.h"

/* ---- received --------------------------------------------------------- */

/* A number or a text of digits, 0 if it is absent. False for other spellings,
 * which the full parser may know. */
static bool number(struct str value, uint64_t *n)
{
	*n = 0;
	if (!value.v)
		return true;
	if (value.v[0] == '"')
		value = scan_text(value);
	return value.v && !str_u64(value, INT64_MAX, n);
}

static int payload(struct stream_msg *msg, struct str text)
{
	long n;

	if (text.len / 4 * 3 > STREAM_MEDIA_MAX)
		return ERR_LIMIT;
	n = base64_decode(msg->media, text.v, text.len);
	if (n < 0)
		return (int)n;
	msg->type = STREAM_MEDIA;
	msg->media_len = (size_t)n;
	return 0;
}

/* -ENOENT: the full parser has to look at it. */
static int decode_fast(struct stream_msg *msg, const char *text, size_t len)
{
	struct scan_media m;
	struct str audio, track = {0};

	if (scan_media(&m, text, len))
		return -ENOENT;
	audio = m.payload.v ? scan_text(m.payload) : str_n(NULL, 0);
	if (m.track.v)
		track = scan_text(m.track);
	if (!audio.v || (m.track.v && !track.v) ||
	    !number(m.chunk, &msg->chunk) ||
	    !number(m.timestamp, &msg->timestamp))
		return -ENOENT;
	msg->track[0] = '\0';
	if (track.v && str_copy(msg->track, sizeof msg->track, track))
		return ERR_LIMIT;
	return payload(msg, audio);
}

/* Copy a text that may not be there; it is "" then. */
static int copy(char *dst, size_t cap, const json_t *obj, const char *key)
{
	return str_copy(dst, cap, str_of(js_str(obj, key, "")));
}

static int decode_media(struct stream_msg *msg, const json_t *root)
{
	const json_t *media = json_object_get(root, "media");
	const char *audio = js_str(media, "payload", NULL);
	int64_t chunk = js_int(media, "chunk", 0);
	int64_t timestamp = js_int(media, "timestamp", 0);

	if (!audio)
		return ERR_PROTO;
	if (copy(msg->track, sizeof msg->track, media, "track"))
		return ERR_LIMIT;
	msg->chunk = chunk < 0 ? 0 : (uint64_t)chunk;
	msg->timestamp = timestamp < 0 ? 0 : (uint64_t)timestamp;
	return payload(msg, str_of(audio));
}

/* An id goes into logs, addresses and our own messages: printable ASCII. */
static bool good_id(const char *id)
{
	if (!*id)
		return false;
	for (; *id; id++) {
		if (*id <= ' ' || *id > '~' || *id == '"' || *id == '\\')
			return false;
	}
	return true;
}

static int ids(struct stream_msg *msg, const json_t *root, const json_t *start)
{
	const char *stream = js_str(start, "streamId", NULL);

	if (!stream)
		stream = js_str(root, "streamId", "");
	if (str_copy(msg->stream_id, sizeof msg->stream_id, str_of(stream)) ||
	    copy(msg->call_id, sizeof msg->call_id, start, "callId") ||
	    copy(msg->from, sizeof msg->from, start, "from") ||
	    copy(msg->to, sizeof msg->to, start, "to"))
		return ERR_LIMIT;
	return good_id(msg->stream_id) && good_id(msg->call_id) ? 0 : ERR_PROTO;
}

static int format(enum audio_fmt *fmt, const json_t *start)
{
	const json_t *f = json_object_get(start, "mediaFormat");
	struct str rest = str_of(js_str(f, "encoding", "audio/x-mulaw"));
	struct str name = str_trim(str_cut(&rest, ';'));
	int64_t hz = js_int(f, "sampleRate", 8000);

	if (str_eq_nocase(name, "audio/x-mulaw") && hz == 8000)
		*fmt = AUDIO_ULAW_8K;
	else if (str_eq_nocase(name, "audio/x-l16") && hz == 8000)
		*fmt = AUDIO_L16_8K;
	else if (str_eq_nocase(name, "audio/x-l16") && hz == 16000)
		*fmt = AUDIO_L16_16K;
	else
		return ERR_PROTO;
	return 0;
}

/* Nothing depends on the extra fields, so too long ones are no reason to
 * refuse a call. -ENOMEM. */
static int extra(struct stream_msg *msg, const json_t *value)
{
	struct buf b;
	int err = 0;

	msg->extra[0] = '\0';
	if (json_is_string(value)) {
		err = str_copy(msg->extra, sizeof msg->extra,
		               str_of(json_string_value(value)));
	} else if (json_is_object(value)) {
		buf_init(&b, sizeof msg->extra - 1);
		err = js_dump(&b, value);
		if (!err)
			err = str_copy(msg->extra, sizeof msg->extra,
			               str_n(b.v, b.len));
		buf_fini(&b);
	}
	return err == -ENOMEM ? err : 0;
}

static int decode_start(struct stream_msg *msg, const json_t *root)
{
	static const char *const keys[] = {"extra_headers", "extraHeaders",
	                                   "customParameters",
	                                   "custom_parameters"};
	const json_t *start = json_object_get(root, "start"), *more = NULL;
	int err = ids(msg, root, start);

	if (!err)
		err = format(&msg->fmt, start);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_LEN(keys) && !more; i++) {
		more = json_object_get(root, keys[i]);
		if (!more)
			more = json_object_get(start, keys[i]);
	}
	msg->type = STREAM_START;
	return extra(msg, more);
}

static bool good_digit(char c, const char *also)
{
	return c && (strchr("0123456789*#ABCD", c) || strchr(also, c));
}

static int decode_dtmf(struct stream_msg *msg, const json_t *root)
{
	const json_t *dtmf = json_object_get(root, "dtmf");
	const char *text = js_str(dtmf, "digit", NULL);
	int64_t n = js_int(dtmf, "digit", -1);

	if (!text && n >= 0 && n <= 9)
		msg->digit = (char)('0' + n);
	else if (text && good_digit(text[0], "") && !text[1])
		msg->digit = text[0];
	else
		return ERR_PROTO;
	msg->type = STREAM_DTMF;
	return 0;
}

static int decode_played(struct stream_msg *msg, const json_t *root)
{
	if (copy(msg->name, sizeof msg->name, root, "name"))
		return ERR_LIMIT;
	if (!msg->name[0])
		return ERR_PROTO;
	msg->type = STREAM_PLAYED;
	return 0;
}

static int decode_cleared(struct stream_msg *msg, const json_t *root)
{
	(void)root;
	msg->type = STREAM_CLEARED;
	return 0;
}

static int decode_stop(struct stream_msg *msg, const json_t *root)
{
	(void)root;
	msg->type = STREAM_STOP;
	return 0;
}

/* A reason is for the log: cut rather than refused. */
static int decode_error(struct stream_msg *msg, const json_t *root)
{
	const char *why = js_str(root, "reason", NULL);
	size_t n;

	if (!why)
		why = js_str(root, "message", js_str(root, "event", ""));
	n = utf8_cut(why, strlen(why), sizeof msg->name - 1);
	msg->type = STREAM_ERROR;
	return str_copy(msg->name, sizeof msg->name, str_n(why, n));
}

static int decode_full(struct stream_msg *msg, const char *text, size_t len)
{
	static const struct {
		const char *event;
		int (*decode)(struct stream_msg *msg, const json_t *root);
	} t[] = {{"start", decode_start},     {"media", decode_media},
	         {"dtmf", decode_dtmf},       {"playedStream", decode_played},
	         {"played", decode_played},   {"clearedAudio", decode_cleared},
	         {"stop", decode_stop},       {"error", decode_error},
	         {"playFailed", decode_error}};
	json_t *root = js_parse(text, len, NULL, 0);
	const char *event = js_str(root, "event", NULL);
	int err = event ? 0 : ERR_PROTO;

	for (size_t i = 0; event && i < ARRAY_LEN(t); i++) {
		if (strcmp(event, t[i].event) == 0)
			err = t[i].decode(msg, root);
	}
	json_decref(root);
	return err;
}

static int plivo_decode(struct stream_msg *msg, const char *text, size_t len)
{
	int err;

	msg->type = STREAM_IGNORED;
	if (len > STREAM_FRAME_MAX)
		return ERR_LIMIT;
	err = decode_fast(msg, text, len);
	return err == -ENOENT ? decode_full(msg, text, len) : err;
}

/* ---- sent ------------------------------------------------------------- */

/* Append to a text of fixed room; false if it does not fit. */
static bool put(char *dst, size_t cap, size_t *len, const char *text, size_t n)
{
	if (n > cap - *len)
		return false;
	memcpy(dst + *len, text, n);
	*len += n;
	return true;
}

static bool puts_to(char *dst, size_t cap, size_t *len, const char *text)
{
	return put(dst, cap, len, text, strlen(text));
}

static int plivo_writer_init(struct stream_writer *w, const char *stream_id,
                             enum audio_fmt fmt)
{
	static const char *const head[] = {
		[AUDIO_ULAW_8K] = "\"audio/x-mulaw\",\"sampleRate\":8000",
		[AUDIO_L16_8K] = "\"audio/x-l16\",\"sampleRate\":8000",
		[AUDIO_L16_16K] = "\"audio/x-l16\",\"sampleRate\":16000",
	};
	bool ok;

	*w = (struct stream_writer){.fmt = fmt};
	if (!good_id(stream_id) || strlen(stream_id) >= STREAM_ID_MAX)
		return -EINVAL;
	ok = puts_to(w->head, sizeof w->head, &w->head_len,
	             "{\"event\":\"playAudio\",\"media\":{\"contentType\":") &&
	     puts_to(w->head, sizeof w->head, &w->head_len, head[fmt]) &&
	     puts_to(w->head, sizeof w->head, &w->head_len,
	             ",\"payload\":\"") &&
	     puts_to(w->tail, sizeof w->tail, &w->tail_len,
	             "\"},\"streamId\":\"") &&
	     puts_to(w->tail, sizeof w->tail, &w->tail_len, stream_id) &&
	     puts_to(w->tail, sizeof w->tail, &w->tail_len, "\"}") &&
	     puts_to(w->id, sizeof w->id, &w->id_len, stream_id);
	ASSERT(ok); /* the bounds above are made for it */
	return 0;
}

static long plivo_audio(const struct stream_writer *w, char *dst, size_t cap,
                        const uint8_t *audio, size_t len)
{
	char *d = dst;

	if (len > STREAM_MEDIA_MAX ||
	    w->head_len + BASE64_LEN(len) + w->tail_len > cap)
		return ERR_LIMIT;
	memcpy(d, w->head, w->head_len);
	d += w->head_len;
	d += base64_encode(d, audio, len);
	memcpy(d, w->tail, w->tail_len);
	d += w->tail_len;
	return d - dst;
}

/* {"event":EVENT,"streamId":ID and then @more. */
static long simple(const struct stream_writer *w, char *dst, size_t cap,
                   const char *event, const char *more, const char *value)
{
	size_t n = 0;
	bool ok = puts_to(dst, cap, &n, "{\"event\":\"") &&
	          puts_to(dst, cap, &n, event) &&
	          puts_to(dst, cap, &n, "\",\"streamId\":\"") &&
	          put(dst, cap, &n, w->id, w->id_len) &&
	          puts_to(dst, cap, &n, more) && puts_to(dst, cap, &n, value) &&
	          puts_to(dst, cap, &n, "\"}");

	return ok ? (long)n : ERR_LIMIT;
}

static long plivo_mark(const struct stream_writer *w, char *dst, size_t cap,
                       const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789._-";
	size_t n = strlen(name);

	if (!n || n >= STREAM_NAME_MAX || strspn(name, plain) != n)
		return -EINVAL;
	return simple(w, dst, cap, "checkpoint", "\",\"name\":\"", name);
}

static long plivo_clear(const struct stream_writer *w, char *dst, size_t cap)
{
	return simple(w, dst, cap, "clearAudio", "", "");
}

static long plivo_dtmf(const struct stream_writer *w, char *dst, size_t cap,
                       const char *digits)
{
	size_t n = 0, len = strlen(digits);
	bool ok;

	(void)w; /* this one message carries no id */
	if (!len || len > STREAM_DIGITS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!good_digit(digits[i], "wW"))
			return -EINVAL;
	}
	ok = puts_to(dst, cap, &n, "{\"event\":\"sendDTMF\",\"dtmf\":\"") &&
	     put(dst, cap, &n, digits, len) && puts_to(dst, cap, &n, "\"}");
	return ok ? (long)n : ERR_LIMIT;
}

const struct stream_proto stream_plivo = {
	.name = "plivo",
	.decode = plivo_decode,
	.writer_init = plivo_writer_init,
	.audio = plivo_audio,
	.mark = plivo_mark,
	.clear = plivo_clear,
	.dtmf = plivo_dtmf,
};
