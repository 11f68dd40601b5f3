/*
 * A voice that takes FLOW_WORD_MS a word and makes numbered audio: of each
 * millisecond's eight bytes the first is the reply, the next three are the
 * millisecond, lowest part first.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/flow/flow_impl.h"

enum { QUEUE = 4096 };

struct word {
	uint32_t reply;
	char text[64];
	size_t len;
	bool end; /* of the reply */
};

struct fake_tts {
	struct tts base;
	struct flow *f;
	struct timer next;
	struct word *words;
	size_t head, tail;
	bool second; /* never fails a reply */
	unsigned nr; /* of the voices so far */
	size_t words_given;
	uint32_t reply, at_ms; /* audio made of the reply */
};

/* Every word takes the same time, so that its place in the reply's sound is
 * known by its number. */
static void note_word(struct flow *f, const struct word *w)
{
	const uint32_t n = f->made_ms[w->reply] / FLOW_WORD_MS;

	if (n < FLOW_WORDS)
		snprintf(f->made[w->reply][n], sizeof(f->made[0][0]), "%s",
		         w->text);
}

static bool give_word(struct fake_tts *p, const struct word *w)
{
	uint8_t audio[FLOW_WORD_MS * 8];
	struct tts_event ev = {.type = TTS_WORD, .reply = w->reply};

	if (p->reply != w->reply) {
		p->reply = w->reply;
		p->at_ms = 0;
	}
	note_word(p->f, w);
	for (uint32_t ms = 0; ms < FLOW_WORD_MS; ms++) {
		const uint32_t at = p->f->made_ms[w->reply]++;
		const uint8_t block[8] = {
			(uint8_t)w->reply, (uint8_t)(at & 0xff),
			(uint8_t)(at >> 8), (uint8_t)(at >> 16)};

		memcpy(audio + 8 * ms, block, 8);
	}
	ev.word = w->text;
	ev.word_len = w->len;
	ev.begin_ms = p->at_ms;
	ev.end_ms = p->at_ms + FLOW_WORD_MS / 2;
	p->at_ms += FLOW_WORD_MS;
	if (!tts_emit(&p->base, &ev))
		return false;
	ev = (struct tts_event){
		.type = TTS_AUDIO,
		.reply = w->reply,
		.audio = audio,
		.audio_len = sizeof(audio),
	};
	return tts_emit(&p->base, &ev);
}

static void on_next(void *arg)
{
	struct fake_tts *p = arg;
	const bool fails = p->f->tts_reply_fails && !p->second;
	const uint32_t now = flow_now(p->f);

	if (now >= p->f->tts_mute_from && now < p->f->tts_mute_to &&
	    !p->second) {
		timer_start_at(p->f->ts, &p->next, flow_us(p->f->tts_mute_to),
		               on_next, p);
		return;
	}
	while (p->head < p->tail) {
		if (p->nr <= p->f->tts_stalls &&
		    p->words_given++ == p->f->tts_stall_after)
			return;
		const struct word w = p->words[p->head++];
		const struct tts_event done = {
			.type = fails ? TTS_REPLY_FAILED : TTS_REPLY_DONE,
			.err = fails ? ERR_PROVIDER : 0,
			.reply = w.reply,
		};

		if (w.end ? !tts_emit(&p->base, &done)
		          : !fails && !give_word(p, &w))
			return;
	}
	p->head = p->tail = 0;
}

static void put(struct fake_tts *p, uint32_t reply, const char *text,
                size_t len, bool end)
{
	struct word *w;

	ASSERT(p->tail < QUEUE);
	w = &p->words[p->tail++];
	*w = (struct word){.reply = reply, .end = end, .len = len};
	ASSERT(len < sizeof(w->text));
	if (len)
		memcpy(w->text, text, len);
	if (!timer_running(&p->next))
		timer_start(p->f->ts, &p->next, p->f->opts.voice_ms, on_next,
		            p);
}

static void on_fail(void *arg)
{
	struct fake_tts *p = arg;
	const struct tts_event ev = {
		.type = TTS_FAILED,
		.err = p->f->tts_fail_err,
	};

	tts_emit(&p->base, &ev);
}

static int fake_speak(struct tts *tts, uint32_t reply, const char *text,
                      size_t len)
{
	struct fake_tts *p = CONTAINER_OF(tts, struct fake_tts, base);
	struct flow *f = p->f;
	struct buf b;

	ASSERT(reply < FLOW_REPLIES);
	if (!f->pieces[reply]++)
		f->piece_at[reply] = flow_now(f);
	buf_init(&b, 1 << 20);
	ASSERT(!buf_addf(&b, "%s%s%.*s",
	                 f->spoken[reply] ? f->spoken[reply] : "",
	                 f->spoken[reply] ? "|" : "", (int)len, text));
	mem_free(f->spoken[reply]);
	f->spoken[reply] = mem_strdup(buf_str(&b));
	buf_fini(&b);

	if (f->tts_dead || (f->tts_fail_after && --f->tts_fail_after == 0)) {
		timer_stop(f->ts, &p->next);
		timer_start(f->ts, &p->next, 0, on_fail, p);
		return 0;
	}
	for (size_t i = 0, n; i < len; i += n) {
		n = 0;
		while (i < len && isspace((unsigned char)text[i]))
			i++;
		while (i + n < len && !isspace((unsigned char)text[i + n]))
			n++;
		if (n)
			put(p, reply, text + i, n, false);
	}
	return 0;
}

static int fake_finish(struct tts *tts, uint32_t reply)
{
	struct fake_tts *p = CONTAINER_OF(tts, struct fake_tts, base);

	p->f->finished[reply] = true;
	put(p, reply, NULL, 0, true);
	return 0;
}

static void fake_cancel(struct tts *tts, uint32_t reply)
{
	struct fake_tts *p = CONTAINER_OF(tts, struct fake_tts, base);
	size_t k = 0;

	p->f->cancels++;
	for (size_t i = p->head; i < p->tail; i++)
		if (p->words[i].reply > reply)
			p->words[k++] = p->words[i];
	p->head = 0;
	p->tail = k;
	if (!k)
		timer_stop(p->f->ts, &p->next);
}

static int fake_open(struct tts **ttsp, struct net *net,
                     const struct tts_params *prm)
{
	struct fake_tts *p = mem_zalloc(sizeof(*p));
	struct flow *f = flow_of(prm->cfg);

	(void)net;
	if (!p)
		return -ENOMEM;
	p->words = mem_alloc(QUEUE * sizeof(p->words[0]));
	if (!p->words) {
		mem_free(p);
		return -ENOMEM;
	}
	p->f = f;
	f->tts_opens++;
	p->second = flow_is_second(prm->cfg);
	f->second[2] += p->second;
	p->nr = f->tts_opens;
	*ttsp = &p->base;
	return 0;
}

static void fake_close(struct tts *tts)
{
	struct fake_tts *p = CONTAINER_OF(tts, struct fake_tts, base);

	timer_stop(p->f->ts, &p->next);
	mem_free(p->words);
	mem_free(p);
}

const struct tts_ops fake_tts_ops = {
	.name = "fake",
	.open = fake_open,
	.speak = fake_speak,
	.finish = fake_finish,
	.cancel = fake_cancel,
	.close = fake_close,
};
