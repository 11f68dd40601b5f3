/*
 * Whoever is refused is told what to do. The texts of all refusals are read
 * from the sources, as they stand there: a text that has no clause which tells
 * somebody to do something fails. Texts that are only handed on ("%s") stand
 * where they were made. TEXTS=1 build/unit/test_texts lists them.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "tests/harness/test.h"

enum { SOURCE_MAX = 128 * 1024, TEXT_MAX = 2048, LEAST = 180 };

static const char *const folders[] = {
	"server/*.c",       "server/http/*.c", "server/bots/*.c",
	"server/store/*.c", "bot/config*.c",   "bot/worker*.c",
	"common/opt.c",     "common/dotenv.c",
};

/* How a call that refuses begins. */
static const char *const calls[] = {
	"http_fail(",
	"http_fail_later(",
	"refuse(why",
	"dial_over(",
	"worker_refuse(",
	"buf_addf(faults",
	"buf_adds(faults",
	"snprintf(why, RUN_WHY_MAX",
	"snprintf(why, cap",
	"snprintf(why, why_cap",
	"snprintf(why, CAMPAIGN_LIST_WHY_MAX",
	"snprintf(why, REQUEST_WHY_MAX",
	"ledgercmd_say(out, LEDGERCMD_FAILED",
	"ledgercmd_say(out, LEDGERCMD_USAGE",
};

static const char *const verbs[] = {
	"add",    "ask",     "check", "choose", "copy",  "give",  "install",
	"leave",  "look",    "make",  "name",   "put",   "raise", "read",
	"remove", "reserve", "see",   "send",   "set",   "start", "stop",
	"take",   "try",     "use",   "wait",   "write",
};

static bool listed(const char *const *list, size_t n, const char *word,
                   size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == len && !strncasecmp(list[i], word, len))
			return true;
	return false;
}

/* A verb at the head of a clause. */
static bool tells_to_do(const char *text)
{
	static const char *const joins[] = {"and", "or"};
	bool head = true;

	while (*text) {
		const size_t len = strcspn(text, " \n");
		size_t word = 0;

		while (isalpha((unsigned char)text[word]))
			word++;
		if (head && listed(verbs, ARRAY_LEN(verbs), text, word))
			return true;
		head = (len && strchr(":;.,", text[len - 1])) ||
		       text[len] == '\n' ||
		       listed(joins, ARRAY_LEN(joins), text, len);
		text += len + (text[len] != '\0');
	}
	return false;
}

/* Is there a word between the conversions? */
static bool says_anything(const char *text)
{
	unsigned letters = 0;
	char before = ' ';

	for (; *text; before = *text++) {
		if (!isalpha((unsigned char)*text) || before == '%')
			letters = 0;
		else if (++letters == 3)
			return true;
	}
	return false;
}

/* The texts of a call whose arguments begin at @p, a line each; returns its
 * end. */
static const char *read_texts(char text[TEXT_MAX], const char *p)
{
	unsigned depth = 1;
	size_t n = 0;

	text[n++] = '\n';
	while (depth && *p) {
		if (*p == '"') {
			for (p++; *p != '"' && n < TEXT_MAX - 3; p++) {
				const bool escaped = *p == '\\';

				p += escaped;
				text[n++] = escaped && *p == 'n' ? ' ' : *p;
			}
		} else if (!isspace((unsigned char)*p) && text[n - 1] != '\n') {
			text[n++] = '\n';
		}
		depth += *p == '(';
		depth -= *p == ')';
		p++;
	}
	text[n] = '\0';
	return p;
}

/* White space between words is one blank, and none behind a bracket: a call is
 * found however it is broken into lines. */
static void squeeze(char *source)
{
	char *to = source, before = ' ';

	for (const char *p = source; *p; p++) {
		const char c = isspace((unsigned char)*p) ? ' ' : *p;

		if (c == ' ' && (before == ' ' || before == '('))
			continue;
		before = *to++ = c;
	}
	*to = '\0';
}

static void judge(const char *path, const char *source, const char *call,
                  unsigned *n, unsigned *bad)
{
	char text[TEXT_MAX];
	const char *at = source;

	while ((at = strstr(at, call)) != NULL) {
		const bool other =
			at > source &&
			(isalnum((unsigned char)at[-1]) || at[-1] == '_');
		const char *args = strchr(at, '(') + 1;

		at = read_texts(text, args);
		if (other || !says_anything(text + 1))
			continue;
		++*n;
		if (getenv("TEXTS"))
			printf("%s: %s", path, text + 1);
		if (tells_to_do(text + 1))
			continue;
		++*bad;
		fprintf(stderr, "%s: what is to be done? %s", path, text + 1);
	}
}

static void read_folder(const char *pattern, unsigned *n, unsigned *bad)
{
	static char source[SOURCE_MAX];
	glob_t found;

	CHECK_INT(0, glob(pattern, 0, NULL, &found));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "r");
		size_t len;

		CHECK(f != NULL);
		len = fread(source, 1, sizeof(source) - 1, f);
		CHECK(feof(f));
		fclose(f);
		source[len] = '\0';
		squeeze(source);
		for (size_t c = 0; c < ARRAY_LEN(calls); c++)
			judge(found.gl_pathv[i], source, calls[c], n, bad);
	}
	globfree(&found);
}

static void every_refusal_says_what_to_do(void)
{
	unsigned n = 0, bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		read_folder(folders[i], &n, &bad);
	printf("texts: %u refusals\n", n);
	CHECK(n >= LEAST);
	CHECK_INT(0, bad);
}

static void what_only_complains_is_found(void)
{
	CHECK(!tells_to_do("There is nothing here."));
	CHECK(!tells_to_do("The list has no rows, and the use of it is none."));
	CHECK(tells_to_do("The list has no rows: send some."));
	CHECK(tells_to_do("It is late. Try again tomorrow."));
	CHECK(tells_to_do("ENV=%s is none of ours: write ENV=local"));
	CHECK(!says_anything("%s: %d"));
}

static const struct test tests[] = {
	TEST(every_refusal_says_what_to_do),
	TEST(what_only_complains_is_found),
};

TEST_MAIN(tests)
