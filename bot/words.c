#include "bot/words.h"

#include <ctype.h>

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '\'' || (c & 0x80);
}

struct str words_cut(struct str *text)
{
	struct str word;
	size_t i = 0, from;

	if (!text->len) /* its v may be NULL, to which nothing is added */
		return *text;
	while (i < text->len && !in_word(text->v[i]))
		i++;
	from = i;
	while (i < text->len && in_word(text->v[i]))
		i++;
	word = str_n(text->v + from, i - from);
	*text = str_n(text->v + i, text->len - i);
	return word;
}

struct str words_last(struct str text)
{
	size_t end = text.len, from;

	if (!end)
		return text;
	while (end && !in_word(text.v[end - 1]))
		end--;
	from = end;
	while (from && in_word(text.v[from - 1]))
		from--;
	return str_n(text.v + from, end - from);
}

unsigned words_count(struct str text)
{
	unsigned n = 0;

	while (words_cut(&text).len)
		n++;
	return n;
}

bool words_listed(struct str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(word, list[i]))
			return true;
	return false;
}
