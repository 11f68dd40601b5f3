#include "tests/harness/wer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "common/str.h"

enum { WORDS_MAX = 512, WORD_MAX = 32, JOINED_MAX = WORDS_MAX * WORD_MAX };

struct words {
	char v[WORDS_MAX][WORD_MAX];
	size_t n;
};

static const char *const ones[] = {
	"zero",    "one",     "two",       "three",    "four",
	"five",    "six",     "seven",     "eight",    "nine",
	"ten",     "eleven",  "twelve",    "thirteen", "fourteen",
	"fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
};
static const char *const tens[] = {
	"",      "",      "twenty",  "thirty", "forty",
	"fifty", "sixty", "seventy", "eighty", "ninety",
};

/* The same said in another way, and slips of the prompts' list. */
static const char *const same[][2] = {
	{"ok", "okay"},
	{"pm", "p m"},
	{"am", "a m"},
	{"mr", "mister"},
	{"mrs", "missus"},
	{"touchtone", "touch tone"},
	{"voicemail", "voice mail"},
	{"callback", "call back"},
	{"logon", "log on"},
	{"today", "to day"},
	{"keypad", "key pad"},
	{"cancelled", "canceled"},
	{"hashtag", "pound"},
	{"i'm", "i am"},
	{"you're", "you are"},
	{"that's", "that is"},
	{"it's", "it is"},
	{"you'd", "you would"},
	{"don't", "do not"},
	{"cannot", "can not"},
	{"can't", "can not"},
	{"cant", "can not"},
	{"there's", "there is"},
	{"we're", "we are"},
	{"i'll", "i will"},
	{"you'll", "you will"},
	{"i've", "i have"},
	{"what's", "what is"},
	{"let's", "let us"},
	{"thru", "through"},
	{"represenatives", "representatives"},
	{"witheld", "withheld"},
	{"unindentified", "unidentified"},
	{"indentified", "identified"},
	{"exclaimation", "exclamation"},
	{"umute", "unmute"},
	{"1st", "first"},
	{"2nd", "second"},
	{"3rd", "third"},
	{"#", "pound"},
	{"%", "percent"},
	{"&", "and"},
	{"$", "dollar"},
};

static void add(struct words *w, const char *word)
{
	if (w->n < WORDS_MAX)
		(void)snprintf(w->v[w->n++], WORD_MAX, "%s", word);
}

static void add_number(struct words *w, unsigned n)
{
	if (n >= 1000) {
		add_number(w, n / 1000);
		add(w, "thousand");
		n %= 1000;
		if (!n)
			return;
	}
	if (n >= 100) {
		add(w, ones[n / 100]);
		add(w, "hundred");
		n %= 100;
		if (!n)
			return;
	}
	if (n >= 20) {
		add(w, tens[n / 10]);
		n %= 10;
		if (!n)
			return;
	}
	add(w, ones[n]);
}

static void add_digits(struct words *w, const char *digits)
{
	if (strlen(digits) < 5) {
		add_number(w, (unsigned)strtoul(digits, NULL, 10));
		return;
	}
	for (; *digits; digits++)
		add(w, ones[*digits - '0']);
}

static void add_plain(struct words *w, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct str rest = str_of(same[i][1]);

		if (strcmp(word, same[i][0]) != 0)
			continue;
		while (rest.v) {
			struct str part = str_cut(&rest, ' ');
			char one[WORD_MAX];

			(void)snprintf(one, sizeof(one), "%.*s", STR_ARG(part));
			add(w, one);
		}
		return;
	}
	add(w, word);
}

/* Where does the word at @s end? Letters with apostrophes, digits (with the
 * letters of "1st"), or one of the signs that are read out. */
static size_t word_len(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s)) {
		n = strspn(s, "0123456789");
		if (strncasecmp(s + n, "st", 2) == 0 ||
		    strncasecmp(s + n, "nd", 2) == 0 ||
		    strncasecmp(s + n, "rd", 2) == 0)
			n += 2;
		return n;
	}
	while (isalpha((unsigned char)s[n]) || (n && s[n] == '\''))
		n++;
	return n ? n : strchr("#%&$", *s) != NULL;
}

static void split(struct words *w, const char *s)
{
	w->n = 0;
	while (*s) {
		char word[WORD_MAX];
		size_t n = word_len(s);

		if (!n) {
			s++;
			continue;
		}
		(void)snprintf(word, sizeof(word), "%.*s", (int)n, s);
		for (char *p = word; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		for (size_t l = strlen(word); l && word[l - 1] == '\''; l--)
			word[l - 1] = '\0';
		if (strspn(word, "0123456789") == strlen(word))
			add_digits(w, word);
		else
			add_plain(w, word);
		s += n;
		/* "1,200" is one number. */
		if (*s == ',' && isdigit((unsigned char)s[1]) && s[-1] != ' ' &&
		    isdigit((unsigned char)s[-1]))
			s++;
	}
}

static bool equal_joined(const struct words *a, const struct words *b)
{
	static char text[2][JOINED_MAX];
	const struct words *w[2] = {a, b};

	for (int i = 0; i < 2; i++) {
		size_t len = 0;

		text[i][0] = '\0';
		for (size_t k = 0; k < w[i]->n; k++) {
			size_t n = strlen(w[i]->v[k]);

			memcpy(text[i] + len, w[i]->v[k], n + 1);
			len += n;
		}
	}
	return strcmp(text[0], text[1]) == 0;
}

/* Levenshtein's distance in words. */
static size_t distance(const struct words *a, const struct words *b)
{
	static size_t row[WORDS_MAX + 1];

	for (size_t j = 0; j <= b->n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a->n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b->n; j++) {
			size_t best = diagonal +
			              (strcmp(a->v[i - 1], b->v[j - 1]) != 0);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b->n];
}

size_t wer_add(struct wer *sum, const char *spoken, const char *heard)
{
	static struct words a, b;
	size_t errors;

	split(&a, spoken);
	split(&b, heard);
	errors = equal_joined(&a, &b) ? 0 : distance(&a, &b);
	sum->words += a.n;
	sum->errors += errors;
	return errors;
}

double wer_percent(const struct wer *sum)
{
	return sum->words ? 100.0 * (double)sum->errors / (double)sum->words
	                  : 0;
}
