#include "tests/sim/lib/dg_script.h"

#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/simmem.h"

enum {
	LETTER_MS = 62, /* of speech that is not declared */
	SCRIPTS_MAX = 512,
	SENTENCES_MAX = 512, /* of one script */
};

static const char default_text[] = "Hello, who is this?\n"
				   "Yes, I have a moment.\n"
				   "Tell me more about it, please.\n"
				   "That sounds good to me.\n"
				   "Thank you, goodbye.\n";

struct script {
	char name[64];
	struct dg_sentence *sentence;
	size_t n;
};

struct dg_scripts {
	struct script script[SCRIPTS_MAX];
	size_t n;
};

static const char *split_words(struct dg_sentence *e)
{
	char *text = e->parts;
	size_t letters = 0, seen = 0;

	for (char *p = text; *p;) {
		while (*p == ' ')
			*p++ = '\0';
		if (!*p)
			break;
		if (e->n_words == DG_WORDS_MAX)
			return "too many words";
		e->word[e->n_words] = p;
		while (*p && *p != ' ')
			p++;
		letters += (size_t)(p - e->word[e->n_words]) + 1;
		e->end_ms[e->n_words++] = (uint32_t)letters;
	}
	seen = letters ? letters : 1;
	for (size_t i = 0; i < e->n_words; i++)
		e->end_ms[i] = (uint32_t)(e->end_ms[i] *
		                          (e->voiced_ms ? e->voiced_ms
		                                        : seen * LETTER_MS) /
		                          seen);
	return e->n_words ? NULL : "a line without words";
}

static const char *add_sentence(struct script *s, struct str line)
{
	struct dg_sentence *e;
	uint64_t ms = 0;

	if (s->n == SENTENCES_MAX)
		return "too many sentences";
	if (line.v[0] == '[') {
		struct str number = str_cut(&line, ']');

		if (str_u64(str_n(number.v + 1, number.len - 1), 600000, &ms) ||
		    ms == 0)
			return "a line begins with [milliseconds] or a word";
		line = str_trim(line);
	}
	e = mem_realloc(s->sentence, (s->n + 1) * sizeof(*e));
	ASSERT(e);
	s->sentence = e;
	e = &s->sentence[s->n];
	*e = (struct dg_sentence){.voiced_ms = (uint32_t)ms};
	e->text = mem_strndup(line.v, line.len);
	e->parts = mem_strndup(line.v, line.len);
	ASSERT(e->text && e->parts);
	s->n++;
	return split_words(e);
}

static const char *add_line(struct dg_scripts *s, struct str line)
{
	if (str_starts(line, "==")) {
		struct str name = str_trim(str_n(line.v + 2, line.len - 2));

		if (s->n == SCRIPTS_MAX)
			return "too many scripts";
		if (str_copy(s->script[s->n++].name, 64, name))
			return "name too long";
		return NULL;
	}
	if (s->n == 0)
		s->n = 1;
	return add_sentence(&s->script[s->n - 1], line);
}

struct dg_scripts *dg_scripts_new(const char *text)
{
	struct dg_scripts *s = sim_zalloc(sizeof(*s));
	struct str rest = str_of(text ? text : default_text);
	unsigned number = 0;

	while (rest.len > 0) {
		struct str line = str_trim(str_cut(&rest, '\n'));
		const char *why;

		number++;
		if (line.len == 0 || line.v[0] == '#')
			continue;
		why = add_line(s, line);
		if (!why)
			continue;
		fprintf(stderr, "script line %u: %s\n", number, why);
		dg_scripts_free(&s);
		return NULL;
	}
	return s;
}

void dg_scripts_free(struct dg_scripts **sp)
{
	struct dg_scripts *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		for (size_t j = 0; j < s->script[i].n; j++) {
			mem_free(s->script[i].sentence[j].text);
			mem_free(s->script[i].sentence[j].parts);
		}
		mem_free(s->script[i].sentence);
	}
	mem_free(s);
}

int dg_scripts_choose(const struct dg_scripts *s, const char *name,
                      unsigned stream)
{
	if (!*name)
		return s->n ? (int)((stream - 1) % s->n) : -1;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->script[i].name, name) == 0)
			return (int)i;
	return -1;
}

const char *dg_scripts_name(const struct dg_scripts *s, int script)
{
	return script < 0 ? "" : s->script[script].name;
}

const struct dg_sentence *dg_scripts_get(const struct dg_scripts *s, int script,
                                         size_t n, bool loop)
{
	const struct script *sc;

	if (script < 0)
		return NULL;
	sc = &s->script[script];
	if (sc->n == 0 || (n >= sc->n && !loop))
		return NULL;
	return &sc->sentence[n % sc->n];
}
