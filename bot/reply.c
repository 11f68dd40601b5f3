#include "bot/reply.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "bot/words.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	LOOK_AHEAD = 80,  /* [bytes] in which a voice's next word is sought */
	MS_PER_BYTE = 60, /* of text: slow speech, where no word times are */
};

int reply_new(struct reply **rp, uint32_t n, enum reply_kind kind,
              size_t bytes_per_ms)
{
	struct reply *r = mem_zalloc(sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->n = n;
	r->kind = kind;
	r->bytes_per_ms = bytes_per_ms;
	sentence_init(&r->sentence, REPLY_TEXT_MAX);
	buf_init(&r->unsent, REPLY_TEXT_MAX);
	spoken_init(&r->said, REPLY_TEXT_MAX);
	*rp = r;
	return 0;
}

void reply_free(struct reply **rp)
{
	struct reply *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	ASSERT(!r->llm);
	reply_drop_calls(r);
	sentence_fini(&r->sentence);
	buf_fini(&r->unsent);
	spoken_fini(&r->said);
	mem_free(r->words);
	mem_free(r);
}

int reply_say(struct reply *r, struct str piece, struct str *voice)
{
	return spoken_add(&r->said, piece, voice);
}

void reply_unsay(struct reply *r)
{
	spoken_undo(&r->said);
}

static struct str voice_text(const struct reply *r)
{
	return str_n(buf_str(&r->said.voice), r->said.voice.len);
}

static size_t words_end(const struct reply *r)
{
	return r->n_words ? r->words[r->n_words - 1].voice_end : 0;
}

/* Up to and with the marks that belong to the word before @at. */
static size_t with_marks(struct str text, size_t at)
{
	while (at < text.len && !isspace((unsigned char)text.v[at]))
		at++;
	return at;
}

/* Would a word of @len bytes at @at be a part of another: "nine" of "ninety"? */
static bool within_word(struct str text, size_t at, size_t len)
{
	const unsigned char *v = (const unsigned char *)text.v + at;
	const bool begun = at && isalnum(v[0]) && isalnum(v[-1]);

	return begun ||
	       (at + len < text.len && isalnum(v[len - 1]) && isalnum(v[len]));
}

/* Where @word ends in the voice's text; 0: not found near the last one. */
static size_t find_word(const struct reply *r, struct str word)
{
	const struct str text = voice_text(r);
	size_t from = words_end(r), to;

	if (from < r->voice_from)
		from = r->voice_from;
	to = from + LOOK_AHEAD < text.len ? from + LOOK_AHEAD : text.len;
	for (size_t i = from; i + word.len <= to; i++)
		if (memcmp(text.v + i, word.v, word.len) == 0 &&
		    !within_word(text, i, word.len))
			return with_marks(text, i + word.len);
	return 0;
}

int reply_word(struct reply *r, struct str word, uint32_t begin_ms,
               uint32_t end_ms)
{
	size_t end;

	word = str_trim(word);
	end = word.len ? find_word(r, word) : 0;
	if (!end)
		return 0;
	if (r->n_words == REPLY_WORDS_MAX)
		return ERR_LIMIT;
	if (r->n_words == r->cap_words) {
		const size_t cap = r->cap_words ? 2 * r->cap_words : 64;
		void *p = mem_realloc(r->words, cap * sizeof(r->words[0]));

		if (!p)
			return -ENOMEM;
		r->words = p;
		r->cap_words = cap;
	}
	r->words[r->n_words++] = (struct reply_word){
		.begin_ms = r->base_ms + begin_ms,
		.end_ms = r->base_ms + end_ms,
		.voice_end = end,
	};
	return 0;
}

uint32_t reply_audio_ms(const struct reply *r)
{
	return (uint32_t)(r->audio_len / r->bytes_per_ms);
}

static size_t lead_end(const struct reply *r)
{
	return r->lead_words ? r->words[r->lead_words - 1].voice_end : 0;
}

static uint32_t lead_ms(const struct reply *r)
{
	return (uint32_t)(r->lead_audio / r->bytes_per_ms);
}

/* Without word times of what follows the lead: as much of the voice's text as
 * of the audio, up to a space. */
static size_t share_heard(const struct reply *r, uint32_t heard_ms)
{
	const size_t from = lead_end(r);
	struct str text = voice_text(r);
	uint64_t total;
	size_t n;

	text.v += from;
	text.len -= from;
	total = (uint64_t)text.len * MS_PER_BYTE;
	if (r->voice_done && reply_audio_ms(r) > lead_ms(r))
		total = reply_audio_ms(r) - lead_ms(r);
	if (!total || heard_ms <= lead_ms(r))
		return from;
	n = (size_t)((uint64_t)text.len * (heard_ms - lead_ms(r)) / total);
	if (n >= text.len)
		return from + text.len;
	while (n && text.v[n] != ' ')
		n--;
	return from + n;
}

static bool has_words(const struct reply *r)
{
	return r->n_words > r->lead_words;
}

int reply_lead(struct reply *r, struct str piece)
{
	const size_t rest = r->said.text.len;
	int err;

	if (r->n_words || r->audio_len)
		return -EBUSY;
	err = spoken_lead(&r->said, piece);
	if (!err)
		r->lead = r->said.text.len - rest;
	return err;
}

void reply_led(struct reply *r, size_t audio_len)
{
	r->lead_words = r->n_words;
	r->lead_audio = audio_len;
	r->audio_len = audio_len;
	r->base_ms = reply_audio_ms(r);
	r->voice_from = words_end(r);
}

bool reply_owes(const struct reply *r)
{
	if (r->audio_len <= r->lead_audio)
		return r->said.text.len > r->lead;
	/* Words that were not found in the text must not make it say more. */
	return r->finished;
}

bool reply_has_sound(const struct reply *r)
{
	return r->audio_len > r->lead_audio && r->said.text.len > r->lead;
}

struct str reply_unspoken(struct reply *r)
{
	const struct str text = voice_text(r);
	size_t from = words_end(r);

	/* Audio without word times: what has come was some of the text. */
	if (!has_words(r) && r->audio_len)
		from = share_heard(r, reply_audio_ms(r));
	if (from < r->voice_from)
		from = r->voice_from;
	while (from < text.len && text.v[from] == ' ')
		from++;
	r->voice_from = from;
	r->base_ms = reply_audio_ms(r);
	return str_n(text.v + from, text.len - from);
}

int reply_call(struct reply *r, const char *id, const char *name,
               const char *arguments)
{
	struct reply_call *c = &r->calls[r->n_calls];

	if (r->n_calls == REPLY_CALLS_MAX)
		return ERR_LIMIT;
	c->id = mem_strdup(id);
	c->name = mem_strdup(name);
	c->arguments = mem_strdup(arguments);
	r->n_calls++;
	return c->id && c->name && c->arguments ? 0 : -ENOMEM;
}

void reply_drop_calls(struct reply *r)
{
	for (size_t i = 0; i < r->n_calls; i++) {
		mem_free(r->calls[i].id);
		mem_free(r->calls[i].name);
		mem_free(r->calls[i].arguments);
		r->calls[i] = (struct reply_call){0};
	}
	r->n_calls = 0;
}

static struct str heard_part(const struct reply *r, size_t voice_len)
{
	const size_t n = spoken_heard(&r->said, voice_len);

	return str_trim(str_n(buf_str(&r->said.text), n));
}

struct str reply_heard(const struct reply *r, uint32_t heard_ms, bool whole)
{
	size_t n = 0;

	if (whole)
		n = r->said.voice.len;
	else if (!has_words(r) && heard_ms > lead_ms(r))
		return heard_part(r, share_heard(r, heard_ms));
	for (size_t i = 0; i < r->n_words && !whole; i++) {
		const struct reply_word *w = &r->words[i];

		if (w->begin_ms + (w->end_ms - w->begin_ms) / 2 > heard_ms)
			break;
		n = w->voice_end;
	}
	return heard_part(r, n);
}
