#include "bot/spoken.h"

#include <ctype.h>
#include <errno.h>

#include "bot/spoken_impl.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/utf8.h"

void spoken_init(struct spoken *sp, size_t limit)
{
	*sp = (struct spoken){0};
	buf_init(&sp->text, limit);
	buf_init(&sp->voice, SPOKEN_GROWTH * limit);
}

void spoken_fini(struct spoken *sp)
{
	buf_fini(&sp->text);
	buf_fini(&sp->voice);
	mem_free(sp->spans);
	sp->spans = NULL;
}

static int grow(struct spoken *sp)
{
	const size_t cap = sp->cap_spans ? 2 * sp->cap_spans : 16;
	void *p;

	if (sp->n_spans < sp->cap_spans)
		return 0;
	p = mem_realloc(sp->spans, cap * sizeof(sp->spans[0]));
	if (!p)
		return -ENOMEM;
	sp->spans = p;
	sp->cap_spans = cap;
	return 0;
}

void spoken_cut(struct spoken_job *j, size_t at)
{
	struct spoken *sp = j->sp;

	if (!j->err)
		j->err = sp->n_spans < SPOKEN_SPANS_MAX ? grow(sp) : ERR_LIMIT;
	if (!j->err)
		sp->spans[sp->n_spans++] = (struct spoken_span){
			.text_from = j->base + j->text_from,
			.text_end = j->base + at,
			.voice_from = j->voice_from,
			.voice_end = sp->voice.len,
		};
	j->text_from = at;
	j->voice_from = sp->voice.len;
}

/* Numbers and signs begin where no letter or digit goes on. */
static bool begins(const struct spoken_job *j, size_t at)
{
	return !at || !isalnum((unsigned char)j->in.v[at - 1]);
}

size_t spoken_read(struct spoken_job *j, size_t at)
{
	static const spoken_read_h readers[] = {
		spoken_read_address, spoken_read_date,  spoken_read_phone,
		spoken_read_time,    spoken_read_money, spoken_read_number,
		spoken_read_sign,
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(readers) && !n; i++)
		n = readers[i](j, at);
	return n;
}

/* Bytes from @at on that are said as they are written. */
static size_t as_written(const struct spoken_job *j, size_t at)
{
	const size_t n = spoken_letters(j, at).len;
	const size_t c = utf8_len(j->in.v + at, j->in.len - at);

	return n ? n : c ? c : 1;
}

static void read_all(struct spoken_job *j)
{
	struct spoken *sp = j->sp;
	size_t at = 0;

	while (at < j->in.len && !j->err) {
		size_t n = 0;

		j->text_from = at;
		j->voice_from = sp->voice.len;
		/* A telephone number takes five, and there must be room. */
		if (sp->words && sp->n_spans + 8 < SPOKEN_SPANS_MAX)
			n = begins(j, at) ? spoken_read(j, at)
			                  : spoken_read_sign(j, at);
		if (n) {
			spoken_cut(j, at + n);
		} else {
			n = as_written(j, at);
			j->err = buf_add(&sp->voice, j->in.v + at, n);
		}
		at += n;
	}
}

int spoken_add(struct spoken *sp, struct str piece, struct str *voice)
{
	const char *const gap = sp->text.len ? " " : "";
	struct spoken_job j = {.sp = sp, .in = piece};
	size_t from;

	sp->last_text = sp->text.len;
	sp->last_voice = sp->voice.len;
	j.err = buf_adds(&sp->text, gap);
	if (!j.err)
		j.err = buf_adds(&sp->voice, gap);
	j.base = sp->text.len;
	from = sp->voice.len;
	if (!j.err)
		j.err = buf_add(&sp->text, piece.v, piece.len);
	if (!j.err)
		read_all(&j);
	if (j.err)
		spoken_undo(sp);
	else if (voice)
		*voice =
			str_n(buf_str(&sp->voice) + from, sp->voice.len - from);
	return j.err;
}

static int append(struct spoken *sp, const struct spoken *rest)
{
	const char *const gap = rest->text.len ? " " : "";
	int err = buf_adds(&sp->text, gap);
	size_t text, voice;

	if (!err)
		err = buf_adds(&sp->voice, gap);
	text = sp->text.len;
	voice = sp->voice.len;
	if (!err)
		err = buf_add(&sp->text, buf_str(&rest->text), rest->text.len);
	if (!err)
		err = buf_add(&sp->voice, buf_str(&rest->voice),
		              rest->voice.len);
	for (size_t i = 0; i < rest->n_spans && !err; i++) {
		struct spoken_span s = rest->spans[i];

		s.text_from += text;
		s.text_end += text;
		s.voice_from += voice;
		s.voice_end += voice;
		err = grow(sp);
		if (!err)
			sp->spans[sp->n_spans++] = s;
	}
	return err;
}

int spoken_lead(struct spoken *sp, struct str piece)
{
	struct spoken all = {.words = sp->words};
	int err;

	buf_init(&all.text, sp->text.limit);
	buf_init(&all.voice, sp->voice.limit);
	err = spoken_add(&all, piece, NULL);
	if (!err)
		err = append(&all, sp);
	if (err) {
		spoken_fini(&all);
		return err;
	}
	spoken_fini(sp);
	*sp = all;
	sp->last_text = sp->text.len;
	sp->last_voice = sp->voice.len;
	return 0;
}

static void shorten(struct buf *b, size_t len)
{
	b->len = len;
	if (b->v)
		b->v[len] = '\0';
}

void spoken_undo(struct spoken *sp)
{
	shorten(&sp->text, sp->last_text);
	shorten(&sp->voice, sp->last_voice);
	while (sp->n_spans &&
	       sp->spans[sp->n_spans - 1].text_end > sp->last_text)
		sp->n_spans--;
}

size_t spoken_heard(const struct spoken *sp, size_t len)
{
	size_t lo = 0, hi = sp->n_spans;
	const struct spoken_span *s;

	/* The last span that begins before @len. */
	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (sp->spans[mid].voice_from < len)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return len;
	s = &sp->spans[lo - 1];
	if (len >= s->voice_end)
		return s->text_end + (len - s->voice_end);
	if (2 * (len - s->voice_from) >= s->voice_end - s->voice_from)
		return s->text_end;
	return s->text_from;
}
