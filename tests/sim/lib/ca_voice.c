#define _POSIX_C_SOURCE 200809L
#include "tests/sim/lib/ca_voice.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/simmem.h"
#include "tests/sim/lib/wordtone.h"

enum {
	PAUSE_MS = 120,       /* behind a sentence */
	BREAK_MAX_MS = 10000, /* of one tag */
	WORD_SAMPLES_MAX = 48000,
};

struct ca_voice {
	struct ca_format format;
	double scale;
	ca_word_h *wordh;
	void *arg;
	size_t at;      /* in the text */
	uint64_t made;  /* samples made */
	uint64_t given; /* samples given out */
	struct buf pcm; /* made and not given, in the format */
	int16_t word[WORD_SAMPLES_MAX];
};

struct ca_voice *ca_voice_new(const struct ca_format *f, double scale,
                              ca_word_h *wordh, void *arg)
{
	struct ca_voice *v = sim_zalloc(sizeof(*v));

	v->format = *f;
	v->scale = scale;
	v->wordh = wordh;
	v->arg = arg;
	buf_init(&v->pcm, SIM_BUF_MAX);
	return v;
}

void ca_voice_free(struct ca_voice **vp)
{
	struct ca_voice *v = *vp;

	*vp = NULL;
	if (!v)
		return;
	buf_fini(&v->pcm);
	mem_free(v);
}

static void silence(struct ca_voice *v, double ms)
{
	size_t n = (size_t)(ms * v->format.hz / 1000);

	memset(v->word, 0, sizeof(v->word));
	v->made += n;
	while (n > 0) {
		const size_t part = n < WORD_SAMPLES_MAX ? n : WORD_SAMPLES_MAX;

		ca_audio_add(&v->pcm, &v->format, v->word, part);
		n -= part;
	}
}

static void word(struct ca_voice *v, const char *raw, size_t len)
{
	const double hz = v->format.hz;
	char text[WORDTONE_WORD_MAX * 2], normal[WORDTONE_WORD_MAX];
	const char *begin;
	size_t n, size;

	size = len < sizeof(text) ? len : sizeof(text) - 1;
	memcpy(text, raw, size);
	text[size] = '\0';
	if (!wordtone_next(text, &begin, &n, normal))
		return;
	n = wordtone_encode(normal, v->format.hz, v->scale, v->word,
	                    WORD_SAMPLES_MAX);
	v->wordh(raw, len, (double)v->made / hz,
	         (double)v->made / hz + wordtone_ms(normal) * v->scale / 1000,
	         v->arg);
	ca_audio_add(&v->pcm, &v->format, v->word, n);
	v->made += n;
	if (strchr(".?!", raw[len - 1]))
		silence(v, PAUSE_MS * v->scale);
}

/* <break time="500ms"/> */
static void tag(struct ca_voice *v, const char *text, size_t len)
{
	const char *time = strstr(text, "time=\"");
	double amount;
	char *unit;

	if (strncmp(text, "<break", 6) != 0 || !time || time > text + len)
		return;
	amount = strtod(time + 6, &unit);
	if (*unit == 's')
		amount *= 1000;
	if (amount > 0 && amount < BREAK_MAX_MS)
		silence(v, amount);
}

/* The next word or tag; false at the end. */
static bool step(struct ca_voice *v, const char *text)
{
	const char *p = text + v->at, *end;

	p += strspn(p, " \t\r\n");
	if (!*p) {
		v->at = (size_t)(p - text);
		return false;
	}
	end = strchr(p, '>');
	if (*p == '<' && end) {
		tag(v, p, (size_t)(end - p));
		end++;
	} else {
		end = p + 1 + strcspn(p + 1, " \t\r\n<");
		word(v, p, (size_t)(end - p));
	}
	v->at = (size_t)(end - text);
	return true;
}

bool ca_voice_speak(struct ca_voice *v, const char *text, uint32_t ms,
                    struct buf *audio, uint32_t *spoken_ms)
{
	const size_t bytes = ca_sample_bytes(&v->format);
	const size_t want = (size_t)ms * v->format.hz / 1000 * bytes;
	size_t n;

	while (v->pcm.len < want && step(v, text))
		;
	n = v->pcm.len < want ? v->pcm.len : want;
	if (n > 0) {
		sim_add(audio, v->pcm.v, n);
		buf_drop(&v->pcm, n);
	}
	v->given += n / bytes;
	*spoken_ms = (uint32_t)(n / bytes * 1000 / v->format.hz);
	return v->pcm.len > 0 || text[v->at + strspn(text + v->at, " \t\r\n")];
}

void ca_voice_rewind(struct ca_voice *v)
{
	v->at = 0;
}

double ca_voice_seconds(const struct ca_voice *v)
{
	return (double)v->given / v->format.hz;
}
