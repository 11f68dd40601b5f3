/*
 * bench_script - the scripted model on the dialogues of tests/data
 *
 * Prints every dialogue that did not reach its end with the right slots and
 * tool, and fails below 90 % or when one falls into a loop.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/provider/script_rules.h"
#include "common/buf.h"
#include "common/str.h"

enum { LINE_LEN = 512, REPEATS_MAX = 3 };

struct talk {
	char name[64];
	struct script_place at;
	char tool[64];
	char said[LINE_LEN]; /* the bot's last words */
	unsigned repeats;    /* of them, in a row */
	bool open, failed, looped;
	struct buf log;
};

static unsigned total, good, loops;

static void finish(struct talk *t)
{
	if (!t->open)
		return;
	total++;
	loops += t->looped;
	if (t->failed || t->looped)
		printf("FAILED %s\n%s", t->name, buf_str(&t->log));
	else
		good++;
	buf_fini(&t->log);
	t->open = false;
}

static void note(struct talk *t, const char *who, const char *text)
{
	if (buf_addf(&t->log, "    %s %s\n", who, text))
		exit(2);
}

static void utter(const struct script *s, struct talk *t, const char *text)
{
	const char *tool;
	struct buf out;

	buf_init(&out, 4096);
	if (script_step(s, &t->at, str_of(text), NULL, &out, &tool))
		exit(2);
	note(t, ">", text);
	note(t, "<", buf_str(&out));
	if (tool) {
		note(t, "!", tool);
		snprintf(t->tool, sizeof(t->tool), "%s", tool);
	}
	t->repeats = strcmp(t->said, buf_str(&out)) ? 0 : t->repeats + 1;
	t->looped |= t->repeats + 1 >= REPEATS_MAX;
	snprintf(t->said, sizeof(t->said), "%s", buf_str(&out));
	buf_fini(&out);
}

static void expect(struct talk *t, const char *what, const char *want,
                   const char *have)
{
	char line[LINE_LEN];

	if (!strcmp(want, have))
		return;
	t->failed = true;
	snprintf(line, sizeof(line), "%s: want \"%s\", have \"%s\"", what, want,
	         have);
	note(t, "-", line);
}

static void expect_slot(const struct script *s, struct talk *t, char *name)
{
	char *value = strchr(name, ' ');

	if (!value)
		exit(2);
	*value++ = '\0';
	/* The line is in lower case, as words are matched. */
	expect(t, name, value,
	       strcasecmp(value, script_slot(s, &t->at, name))
	               ? script_slot(s, &t->at, name)
	               : value);
}

static void read_line(const struct script *s, struct talk *t, char *line)
{
	char *word = line, *rest = strchr(line, ' ');

	if (!*line || *line == '#')
		return;
	if (!rest)
		exit(2);
	*rest++ = '\0';
	if (!strcmp(word, "=")) {
		finish(t);
		*t = (struct talk){.open = true};
		snprintf(t->name, sizeof(t->name), "%s", rest);
		buf_init(&t->log, 65536);
	} else if (!strcmp(word, ">")) {
		utter(s, t, rest);
	} else if (!strcmp(word, "end")) {
		expect(t, "end", rest, script_state_name(s, t->at.state));
	} else if (!strcmp(word, "tool")) {
		expect(t, "tool", rest, t->tool);
	} else if (!strcmp(word, "slot")) {
		expect_slot(s, t, rest);
	}
}

int main(int argc, char **argv)
{
	const char *rules = argc > 1 ? argv[1] : "bot/agents/default.script";
	const char *path = argc > 2 ? argv[2] : "tests/data/dialogues.txt";
	struct talk talk = {.open = false};
	struct script *s;
	struct buf faults;
	char line[LINE_LEN];
	FILE *f = fopen(path, "r");

	buf_init(&faults, 65536);
	if (!f || script_read(&s, rules, &faults)) {
		fprintf(stderr, "%s%s: cannot be read\n", buf_str(&faults),
		        f ? rules : path);
		return 2;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		read_line(s, &talk, line);
	}
	finish(&talk);
	fclose(f);
	script_free(&s);
	buf_fini(&faults);
	printf("%u of %u dialogues reached their end (%.1f %%), %u loops\n",
	       good, total, total ? 100.0 * good / total : 0, loops);
	return total && good * 10 >= total * 9 && !loops ? 0 : 1;
}
