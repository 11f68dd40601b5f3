#include "bot/clip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"

/*
 * A file has a line of numbers (format, lengths in bytes, words), the text
 * asked for, the text spoken, a line of numbers for each word, the words and
 * the audio.
 */
#define MAGIC "dialout-clip-1"

enum {
	AUDIO_MAX = CLIP_MS_MAX * 32, /* [bytes] of the widest format */
	FILE_MAX = AUDIO_MAX + 4 * CLIP_TEXT_MAX + CLIP_WORDS_MAX * 64,
	PATH_SIZE = 4096,
};

int clip_new(struct clip **cp, struct str text, enum audio_fmt fmt)
{
	struct clip *c = mem_zalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->fmt = fmt;
	buf_init(&c->spoken, CLIP_TEXT_MAX);
	buf_init(&c->audio, CLIP_MS_MAX * audio_bytes_per_ms(fmt));
	buf_init(&c->words, CLIP_TEXT_MAX);
	c->asked = mem_strndup(text.v, text.len);
	if (!c->asked) {
		mem_free(c);
		return -ENOMEM;
	}
	*cp = c;
	return 0;
}

void clip_free(struct clip **cp)
{
	struct clip *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	buf_fini(&c->spoken);
	buf_fini(&c->audio);
	buf_fini(&c->words);
	mem_free(c->asked);
	mem_free(c);
}

int clip_copy(struct clip **cp, const struct clip *from)
{
	struct clip *c;
	int err = clip_new(&c, str_of(from->asked), from->fmt);

	if (err)
		return err;
	if (buf_add(&c->spoken, buf_str(&from->spoken), from->spoken.len) ||
	    buf_add(&c->audio, buf_str(&from->audio), from->audio.len) ||
	    buf_add(&c->words, buf_str(&from->words), from->words.len)) {
		clip_free(&c);
		return -ENOMEM;
	}
	memcpy(c->word, from->word, sizeof(c->word));
	c->n_words = from->n_words;
	*cp = c;
	return 0;
}

int clip_say(struct clip *c, struct str piece)
{
	const size_t before = c->spoken.len;
	int err = before ? buf_add(&c->spoken, "\n", 1) : 0;

	if (!err)
		err = buf_add(&c->spoken, piece.v, piece.len);
	if (err)
		c->spoken.len = before;
	return err;
}

int clip_audio(struct clip *c, const void *v, size_t len)
{
	return buf_add(&c->audio, v, len);
}

int clip_word(struct clip *c, struct str word, uint32_t begin_ms,
              uint32_t end_ms)
{
	const size_t at = c->words.len;
	int err;

	if (c->n_words == CLIP_WORDS_MAX)
		return ERR_LIMIT;
	err = buf_add(&c->words, word.v, word.len);
	if (err)
		return err;
	c->word[c->n_words++] =
		(struct clip_word){begin_ms, end_ms, at, word.len};
	return 0;
}

struct str clip_word_text(const struct clip *c, size_t i)
{
	return str_n(buf_str(&c->words) + c->word[i].at, c->word[i].len);
}

/* ---- files ------------------------------------------------------------ */

static int format(struct buf *out, const struct clip *c)
{
	int err = buf_addf(out, MAGIC " %d %zu %zu %zu %zu %zu\n", (int)c->fmt,
	                   strlen(c->asked), c->spoken.len, c->n_words,
	                   c->words.len, c->audio.len);

	if (!err)
		err = buf_adds(out, c->asked);
	if (!err)
		err = buf_adds(out, buf_str(&c->spoken));
	for (size_t i = 0; i < c->n_words && !err; i++)
		err = buf_addf(out, "%u %u %zu\n", c->word[i].begin_ms,
		               c->word[i].end_ms, c->word[i].len);
	if (!err)
		err = buf_add(out, buf_str(&c->words), c->words.len);
	if (!err)
		err = buf_add(out, buf_str(&c->audio), c->audio.len);
	return err;
}

static int write_whole(const char *path, const struct buf *text)
{
	FILE *f = fopen(path, "wxe");
	int err;

	if (!f)
		return -errno;
	err = fchmod(fileno(f), S_IRUSR | S_IWUSR) ? -errno : 0;
	if (!err && fwrite(text->v, 1, text->len, f) != text->len)
		err = -EIO;
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

int clip_save(const struct clip *c, const char *path)
{
	char part[PATH_SIZE];
	const int n = snprintf(part, sizeof(part), "%s.%ld.part", path,
	                       (long)getpid());
	struct buf text;
	int err;

	if (n < 0 || (size_t)n >= sizeof(part))
		return -ENAMETOOLONG;
	buf_init(&text, FILE_MAX);
	err = format(&text, c);
	if (!err)
		err = write_whole(part, &text);
	if (!err && rename(part, path))
		err = -errno;
	if (err && err != -EEXIST)
		(void)unlink(part);
	buf_fini(&text);
	return err;
}

/* What is left of a file that is being read. */
struct rest {
	const char *at, *end;
};

static bool take(struct rest *r, size_t len, struct str *out)
{
	if (len > (size_t)(r->end - r->at))
		return false;
	*out = str_n(r->at, len);
	r->at += len;
	return true;
}

/* Numbers of a line, @n of them; false: it has others. */
static bool take_numbers(struct rest *r, size_t *v, size_t n)
{
	const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));

	for (size_t i = 0; i < n && end; i++) {
		char *stop;

		errno = 0;
		v[i] = strtoul(r->at, &stop, 10);
		if (errno || stop == r->at || stop > end)
			return false;
		r->at = stop;
	}
	if (!end || r->at != end)
		return false;
	r->at = end + 1;
	return true;
}

enum { N_FMT, N_ASKED, N_SPOKEN, N_WORDS, N_TEXTS, N_AUDIO, N_NUMBERS };

static bool take_word(struct rest *r, struct clip *c, size_t *at)
{
	size_t v[3];

	if (!take_numbers(r, v, 3) || v[0] > CLIP_MS_MAX ||
	    v[1] > CLIP_MS_MAX || v[2] > CLIP_TEXT_MAX)
		return false;
	c->word[c->n_words++] =
		(struct clip_word){(uint32_t)v[0], (uint32_t)v[1], *at, v[2]};
	*at += v[2];
	return true;
}

static int parse(struct clip *c, struct str file)
{
	struct rest r = {file.v, file.v + file.len};
	struct str magic, asked, spoken, texts, audio;
	size_t n[N_NUMBERS], at = 0;

	if (!take(&r, strlen(MAGIC), &magic) ||
	    memcmp(magic.v, MAGIC, magic.len) != 0 ||
	    !take_numbers(&r, n, N_NUMBERS) || n[N_FMT] != (size_t)c->fmt ||
	    n[N_WORDS] > CLIP_WORDS_MAX || !take(&r, n[N_ASKED], &asked) ||
	    asked.len != strlen(c->asked) ||
	    memcmp(asked.v, c->asked, asked.len) != 0 ||
	    !take(&r, n[N_SPOKEN], &spoken))
		return -EINVAL;
	for (size_t i = 0; i < n[N_WORDS]; i++)
		if (!take_word(&r, c, &at))
			return -EINVAL;
	if (!take(&r, n[N_TEXTS], &texts) || !take(&r, n[N_AUDIO], &audio) ||
	    r.at != r.end || at != texts.len || !audio.len ||
	    audio.len % audio_bytes_per_sample(c->fmt))
		return -EINVAL;
	if (buf_add(&c->spoken, spoken.v, spoken.len) ||
	    buf_add(&c->words, texts.v, texts.len) ||
	    buf_add(&c->audio, audio.v, audio.len))
		return -EINVAL;
	return 0;
}

static int read_whole(const char *path, struct buf *out)
{
	char block[16 * 1024];
	FILE *f = fopen(path, "re");
	size_t n;
	int err = 0;

	if (!f)
		return -errno;
	while (!err && (n = fread(block, 1, sizeof(block), f)) > 0)
		err = buf_add(out, block, n);
	if (!err && ferror(f))
		err = -EIO;
	(void)fclose(f);
	return err;
}

int clip_load(struct clip **cp, const char *path, struct str text,
              enum audio_fmt fmt)
{
	struct clip *c = NULL;
	struct buf file;
	int err;

	buf_init(&file, FILE_MAX);
	err = read_whole(path, &file);
	if (!err)
		err = clip_new(&c, text, fmt);
	if (!err)
		err = parse(c, str_n(buf_str(&file), file.len));
	buf_fini(&file);
	if (err)
		clip_free(&c);
	else
		*cp = c;
	return err;
}
