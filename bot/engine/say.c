#include "bot/engine/say.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/utf8.h"

enum {
	CLAUSE_MAX = 160, /* [bytes] some ten seconds of speech */
	CLAUSE_MIN = 12,  /* less would be over before the next is made */
};

struct reading {
	uint32_t code;
	const char *as;
};

static const struct reading readings[] = {
	{'#', " number "}, {'&', " and "},      {'@', " at "},
	{'+', " plus "},   {'=', " equals "},   {'*', " "},
	{'_', " "},        {'~', " "},          {'^', " "},
	{'`', " "},        {'|', " "},          {'<', " "},
	{'>', " "},        {'[', " "},          {']', " "},
	{'{', " "},        {'}', " "},          {'\\', " "},
	{'"', " "},        {'(', ", "},         {')', ", "},
	{'\n', " "},       {'\t', " "},         {'\r', " "},
	{0xa0, " "},       {0xa3, " pounds "},  {0xb0, " degrees "},
	{0x2018, "'"},     {0x2019, "'"},       {0x201c, " "},
	{0x201d, " "},     {0x2013, ", "},      {0x2014, ", "},
	{0x2026, "... "},  {0x20ac, " euros "}, {0xdf, "ss"},
	{0xe6, "ae"},      {0xf8, "o"},         {0x131, "i"},
	{0x142, "l"},      {0x153, "oe"},
};

/* From U+00C0 on, the letters without their accents; a space for none. */
static const char latin[] = "AAAAAAACEEEEIIIIDNOOOOO OUUUUY saaaaaaaceeeeiiii"
			    "dnooooo ouuuuy y";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int add_code(struct buf *out, uint32_t code)
{
	char c = (char)code;

	for (size_t i = 0; i < ARRAY_LEN(readings); i++)
		if (readings[i].code == code)
			return buf_adds(out, readings[i].as);
	if (code >= 0xc0 && code < 0xc0 + sizeof(latin) - 1)
		return buf_add(out, &latin[code - 0xc0], 1);
	/* Pictures and other scripts cannot be read out. */
	return code < ' ' || code > '~' ? 0 : buf_add(out, &c, 1);
}

int say_clean(struct buf *out, const char *text, size_t len)
{
	size_t i = 0;
	int err = 0;

	while (i < len && !err) {
		size_t n = utf8_len(text + i, len - i);

		if (!n) {
			i++;
			continue;
		}
		/* "9-5" in print is "nine to five". */
		if (n == 3 && !memcmp(text + i, "\xe2\x80\x93", 3) && i &&
		    is_digit(text[i - 1]))
			err = buf_adds(out, " to ");
		/* "12/05" is two numbers, "and/or" two words. */
		else if (text[i] == '/')
			err = buf_add(out, " ", 1);
		else
			err = add_code(out, utf8_code(text + i, n));
		i += n;
	}
	return err;
}

/* Does a clause end with the character at @i? Not inside "3:30" or "1,200",
 * nor after "Dr". */
static bool ends_clause(const char *text, size_t len, size_t i)
{
	static const char *const titles[] = {"Mr", "Mrs", "Ms", "Dr", "St"};
	bool last = i + 1 >= len;

	if (!strchr(",;:.!?", text[i]))
		return false;
	if (!last && text[i + 1] != ' ')
		return false;
	if (text[i] != '.' || last)
		return true;
	for (size_t t = 0; t < ARRAY_LEN(titles); t++) {
		size_t n = strlen(titles[t]);

		if (i >= n && !memcmp(text + i - n, titles[t], n) &&
		    (i == n || text[i - n - 1] == ' '))
			return false;
	}
	/* "p.m. " and the like go on. */
	return !(i >= 2 && text[i - 2] == '.' && !is_digit(text[i - 1]));
}

size_t say_clause(const char *text, size_t len)
{
	size_t space = 0, i;

	for (i = 0; i < len && i < CLAUSE_MAX; i++) {
		if (text[i] == ' ')
			space = i + 1;
		if (i + 1 >= CLAUSE_MIN && text[i] &&
		    ends_clause(text, len, i)) {
			i++;
			while (i < len && text[i] == ' ')
				i++;
			return i;
		}
	}
	if (i == len)
		return len;
	return space ? space : i;
}
