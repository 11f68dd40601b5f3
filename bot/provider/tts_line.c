#include "bot/provider/tts_line.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "bot/net/net.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum { JOINED_MAX = 4 << 20 /* [bytes] of audio in one message */ };

/* A piece of text, or the end of a reply. */
struct piece {
	struct link link;
	uint32_t reply;
	bool end;
	size_t len;
	char text[];
};

static struct tts_line *line_of(struct tts *tts)
{
	return CONTAINER_OF(tts, struct tts_line, tts);
}

static struct timers *clock_of(const struct tts_line *l)
{
	return net_timers(l->net);
}

static struct piece *first(struct tts_line *l)
{
	return CONTAINER_OF(l->queue.next, struct piece, link);
}

static uint32_t to_ms(const struct tts_line *l, uint64_t bytes)
{
	return (uint32_t)(bytes / audio_bytes_per_ms(l->fmt));
}

static void drop_first(struct tts_line *l)
{
	struct piece *p = first(l);

	list_remove(&p->link);
	l->queued -= p->len;
	mem_free(p);
}

/* The piece that was begun is none any more. */
static void leave_piece(struct tts_line *l)
{
	l->making = false;
	l->has_odd = false;
	timer_stop(clock_of(l), &l->wait);
}

static void on_kick(void *arg);

static void kick(struct tts_line *l)
{
	timer_start(clock_of(l), &l->kick, 0, on_kick, l);
}

static void drop_reply(struct tts_line *l, uint32_t upto)
{
	while (!list_empty(&l->queue) && first(l)->reply <= upto)
		drop_first(l);
}

/* The first reply of the queue ends with @type. The last thing done. */
static bool end_reply(struct tts_line *l, enum tts_event_type type, int err)
{
	struct tts_event ev = {
		.type = type, .reply = first(l)->reply, .err = err};

	drop_reply(l, ev.reply);
	kick(l); /* another may wait */
	return tts_emit(&l->tts, &ev);
}

static void on_wait(void *arg)
{
	struct tts_line *l = arg;

	log_line(LOG_WARN, l->ops->name, l->call_id, "event=mute");
	leave_piece(l);
	l->ops->abort(l);
	end_reply(l, TTS_REPLY_FAILED, -ETIMEDOUT);
}

/* Whatever comes next in the queue. */
static void on_kick(void *arg)
{
	struct tts_line *l = arg;
	struct piece *p;
	int err;

	if (l->dead || l->making || list_empty(&l->queue))
		return;
	p = first(l);
	if (p->reply != l->reply) {
		l->reply = p->reply;
		l->audio_b = 0;
	}
	if (p->end) {
		end_reply(l, TTS_REPLY_DONE, 0);
		return;
	}
	err = l->ops->begin(l, p->text, p->len);
	if (err == -EAGAIN)
		return;
	if (err) {
		end_reply(l, TTS_REPLY_FAILED, err);
		return;
	}
	l->making = true;
	l->words = false;
	l->piece_b = 0;
	timer_start(clock_of(l), &l->wait, TTS_LINE_WAIT_MS, on_wait, l);
}

void tts_line_ready(struct tts_line *l)
{
	kick(l);
}

static int add(struct tts_line *l, uint32_t reply, const char *text, size_t len,
               bool end)
{
	struct piece *p;

	if (l->queued + len > TTS_LINE_TEXT_MAX)
		return -EAGAIN;
	p = mem_zalloc(sizeof(*p) + len + 1);
	if (!p)
		return -ENOMEM;
	p->reply = reply;
	p->end = end;
	p->len = len;
	memcpy(p->text, text, len);
	l->queued += len;
	list_append(&l->queue, &p->link);
	kick(l);
	return 0;
}

/* Marks alone make no sound, and voices that are asked for them fail. */
static bool can_be_heard(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.v[i] >= 0x80 ||
		    isalnum((unsigned char)text.v[i]))
			return true;
	return false;
}

int tts_line_speak(struct tts *tts, uint32_t reply, const char *text,
                   size_t len)
{
	struct str piece = str_trim(str_n(text, len));

	if (!can_be_heard(piece))
		return 0;
	return add(line_of(tts), reply, piece.v, piece.len, false);
}

int tts_line_finish(struct tts *tts, uint32_t reply)
{
	return add(line_of(tts), reply, "", 0, true);
}

void tts_line_cancel(struct tts *tts, uint32_t reply)
{
	struct tts_line *l = line_of(tts);

	if (l->making && first(l)->reply <= reply) {
		leave_piece(l);
		l->ops->abort(l);
	}
	drop_reply(l, reply);
	kick(l);
}

bool tts_line_audio(struct tts_line *l, const void *v, size_t len)
{
	struct tts_event ev = {.type = TTS_AUDIO, .reply = l->reply};
	const bool wide = audio_bytes_per_sample(l->fmt) == 2;

	if (!l->making || !len)
		return true;
	timer_start(clock_of(l), &l->wait, TTS_LINE_WAIT_MS, on_wait, l);
	ev.audio = v;
	ev.audio_len = len;
	if (wide && (l->has_odd || len % 2)) {
		buf_reset(&l->joined);
		if ((l->has_odd && buf_add(&l->joined, &l->odd, 1)) ||
		    buf_add(&l->joined, v, len))
			return tts_line_failed(l, -ENOMEM);
		ev.audio = l->joined.v;
		ev.audio_len = l->joined.len & ~(size_t)1;
		l->has_odd = l->joined.len % 2;
		if (l->has_odd)
			l->odd = (uint8_t)l->joined.v[ev.audio_len];
	}
	l->piece_b += ev.audio_len;
	l->audio_b += ev.audio_len;
	return !ev.audio_len || tts_emit(&l->tts, &ev);
}

bool tts_line_word(struct tts_line *l, const char *word, size_t len,
                   uint32_t begin_ms, uint32_t end_ms)
{
	const uint32_t base = to_ms(l, l->audio_b - l->piece_b);
	struct tts_event ev = {.type = TTS_WORD,
	                       .reply = l->reply,
	                       .word = word,
	                       .word_len = len,
	                       .begin_ms = base + begin_ms,
	                       .end_ms = base + end_ms};

	if (!l->making)
		return true;
	l->words = true;
	return tts_emit(&l->tts, &ev);
}

bool tts_line_done(struct tts_line *l)
{
	const uint32_t from = to_ms(l, l->audio_b - l->piece_b);
	struct piece *p;
	bool alive = true;

	if (!l->making)
		return true;
	p = first(l);
	leave_piece(l);
	if (!l->piece_b)
		return end_reply(l, TTS_REPLY_FAILED, ERR_PROVIDER);
	kick(l);
	if (l->words) {
		drop_first(l);
		return true;
	}
	/* Out of the queue first: the handler may cancel, or close. */
	list_remove(&p->link);
	l->queued -= p->len;
	alive = tts_spread_words(&l->tts, p->reply, str_n(p->text, p->len),
	                         from, to_ms(l, l->piece_b));
	mem_free(p);
	return alive;
}

bool tts_line_failed(struct tts_line *l, int err)
{
	if (!l->making)
		return true;
	leave_piece(l);
	return end_reply(l, TTS_REPLY_FAILED, err);
}

void tts_line_lost(struct tts_line *l)
{
	if (!l->making)
		return;
	leave_piece(l);
	if (l->piece_b)
		drop_first(l);
}

void tts_line_end(struct tts_line *l, int err)
{
	if (l->dead)
		return;
	l->dead = true;
	leave_piece(l);
	tts_emit(&l->tts, &(struct tts_event){.type = TTS_FAILED, .err = err});
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool tts_spread_words(struct tts *tts, uint32_t reply, struct str text,
                      uint32_t from_ms, uint32_t ms)
{
	size_t i = 0;

	while (i < text.len) {
		struct tts_event ev = {.type = TTS_WORD, .reply = reply};
		size_t begin;

		while (i < text.len && is_space(text.v[i]))
			i++;
		begin = i;
		while (i < text.len && !is_space(text.v[i]))
			i++;
		if (i == begin)
			break;
		ev.word = text.v + begin;
		ev.word_len = i - begin;
		ev.begin_ms = from_ms + (uint32_t)(ms * begin / text.len);
		ev.end_ms = from_ms + (uint32_t)(ms * i / text.len);
		if (!tts_emit(tts, &ev))
			return false;
	}
	return true;
}

int tts_line_init(struct tts_line *l, struct net *net,
                  const struct tts_params *prm, const struct tts_line_ops *ops)
{
	l->ops = ops;
	l->net = net;
	l->fmt = prm->fmt;
	list_init(&l->queue);
	buf_init(&l->joined, JOINED_MAX);
	return str_copy(l->call_id, sizeof(l->call_id),
	                str_of(prm->call_id ? prm->call_id : "-"));
}

void tts_line_fini(struct tts_line *l)
{
	timer_stop(clock_of(l), &l->kick);
	timer_stop(clock_of(l), &l->wait);
	while (!list_empty(&l->queue))
		drop_first(l);
	buf_fini(&l->joined);
}
