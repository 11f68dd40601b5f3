#include "bot/engine/g2p.h"

#include <flite/flite.h>
#include <stdbool.h>
#include <string.h>

#include "bot/engine/flite_voice.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/err.h"

/* In the libraries, but in no header of the package. */
void usenglish_init(cst_voice *v);
cst_lexicon *cmulex_init(void);

struct pair {
	const char *from, *to;
};

/* The dictionary's phonemes. Diphthongs are a capital letter each. */
static const struct pair phonemes[] = {
	{"aa", "ɑ"}, {"ae", "æ"}, {"ah", "ʌ"},  {"ao", "ɔ"}, {"aw", "W"},
	{"ax", "ə"}, {"ay", "I"}, {"b", "b"},   {"ch", "ʧ"}, {"d", "d"},
	{"dh", "ð"}, {"eh", "ɛ"}, {"er", "ɜɹ"}, {"ey", "A"}, {"f", "f"},
	{"g", "ɡ"},  {"hh", "h"}, {"ih", "ɪ"},  {"iy", "i"}, {"jh", "ʤ"},
	{"k", "k"},  {"l", "l"},  {"m", "m"},   {"n", "n"},  {"ng", "ŋ"},
	{"ow", "O"}, {"oy", "Y"}, {"p", "p"},   {"r", "ɹ"},  {"s", "s"},
	{"sh", "ʃ"}, {"t", "t"},  {"th", "θ"},  {"uh", "ʊ"}, {"uw", "u"},
	{"v", "v"},  {"w", "w"},  {"y", "j"},   {"z", "z"},  {"zh", "ʒ"},
};

/* Without stress; "I" must have some, or the voice swallows it. */
static const struct pair words[] = {
	{"the", "ðə"}, {"a", "ə"}, {"to", "tə"}, {"i", "ˌI"}};

/* Words of one syllable that carry little stress in a sentence. */
static const char weak[] =
	" an of in on at for and or but as is are was were be been am you he "
	"she it we they my your his her its our their me him us them that this "
	"with from by can could would should will shall may do does did have "
	"has had if so not ";

static bool is_weak(const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(weak, name); p; p = strstr(p + 1, name))
		if (p[-1] == ' ' && p[n] == ' ')
			return true;
	return false;
}

/* A phoneme is letters, and a digit for stress if it is a vowel. */
static int stress_of(const char *phoneme)
{
	char last = phoneme[strlen(phoneme) - 1];

	return last >= '0' && last <= '2' ? last - '0' : -1;
}

static int add_phoneme(struct buf *out, const char *phoneme, bool reduced,
                       bool single)
{
	const int stress = stress_of(phoneme);
	const size_t n = strlen(phoneme) - (stress >= 0);
	const char *symbol = "", *mark = "";

	for (size_t i = 0; i < ARRAY_LEN(phonemes); i++)
		if (strlen(phonemes[i].from) == n &&
		    !memcmp(phonemes[i].from, phoneme, n))
			symbol = phonemes[i].to;
	if (stress == 0 && !strcmp(symbol, "ʌ"))
		symbol = "ə";
	if (stress == 0 && !strcmp(symbol, "ɜɹ"))
		symbol = "əɹ";
	if (stress == 1 && !(reduced && single))
		mark = "ˈ";
	else if (stress == 2 || (stress == 1 && reduced))
		mark = "ˌ";
	return buf_addf(out, "%s%s", mark, symbol);
}

static int add_word(struct buf *out, const cst_lexicon *lex, const char *name)
{
	const bool reduced = is_weak(name);
	cst_val *ph;
	int syllables = 0, err = 0;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i].from, name))
			return buf_adds(out, words[i].to);
	ph = lex_lookup(lex, name, NULL, NULL);
	for (const cst_val *p = ph; p; p = val_cdr(p))
		syllables += stress_of(val_string(val_car(p))) >= 0;
	for (const cst_val *p = ph; p && !err; p = val_cdr(p))
		err = add_phoneme(out, val_string(val_car(p)), reduced,
		                  syllables == 1);
	delete_val(ph);
	return err;
}

static int add_punctuation(struct buf *out, const cst_item *token)
{
	const char *p = token ? item_feat_string(token, "punc") : "";

	/* Flite says "0" for none. */
	return strcmp(p, "0") ? buf_adds(out, p) : 0;
}

static int add_all(struct buf *out, const cst_utterance *u,
                   const cst_lexicon *lex)
{
	const cst_item *before = NULL;
	const cst_item *w = relation_head(utt_relation(u, "Word"));
	int err = 0;

	for (; w && !err; w = item_next(w)) {
		const cst_item *token = item_parent(item_as(w, "Token"));

		if (before && token != before)
			err = add_punctuation(out, before);
		if (before && !err)
			err = buf_add(out, " ", 1);
		if (!err)
			err = add_word(out, lex, item_feat_string(w, "name"));
		before = token;
	}
	return err ? err : add_punctuation(out, before);
}

int g2p_symbols(struct buf *out, const char *text)
{
	static cst_voice *voice; /* of the language, it never speaks */
	static cst_lexicon *lex;
	cst_utterance *u;
	int err = ERR_PROVIDER;

	flite_enter();
	if (!voice) {
		voice = new_voice();
		lex = cmulex_init();
		usenglish_init(voice);
		feat_set(voice->features, "lexicon", lexicon_val(lex));
	}
	u = new_utterance();
	utt_set_input_text(u, text);
	utt_init(u, voice);
	if (default_tokenization(u) && default_textanalysis(u))
		err = add_all(out, u, lex);
	delete_utterance(u);
	flite_leave();
	return err;
}
