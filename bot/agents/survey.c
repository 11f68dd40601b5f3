/*
 * survey.c - three questions, asked by C and not by a model
 *
 * The example of <dialout/hooks.h>: every turn of the callee is answered by a
 * line from here, so no language model is asked. survey.json has the greeting,
 * which asks for a minute of their time. What was answered stands in the
 * ledger as the event "survey". Should the bot be lost, another one goes on with
 * the question that was asked last.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/hooks.h"

enum {
	WORDS_MAX = 40,   /* of an answer that are looked at */
	WORD_MAX = 16,    /* [bytes] with terminator */
	REASON_MAX = 400, /* [bytes] with terminator */
	TRIES_MAX = 2,    /* of one question */
};

enum step { STEP_CONSENT, STEP_SCORE, STEP_REASON, STEP_CALL_BACK, STEP_DONE };

enum said { SAID_OTHER, SAID_YES, SAID_NO };

/* All that has been found out. A value: the turn before can be taken back. */
struct survey {
	enum step step;
	unsigned tries;
	int score; /* -1: none */
	char reason[REASON_MAX];
	enum said call_back;
};

struct call {
	struct survey now, before;
};

struct words {
	char v[WORDS_MAX][WORD_MAX];
	size_t n;
};

static const struct dialout_host *host;

/* ---- what was said ----------------------------------------------------------- */

static void split(struct words *w, const char *text)
{
	size_t len = 0;

	memset(w, 0, sizeof(*w));
	for (; *text && w->n < WORDS_MAX; text++) {
		const int c = tolower((unsigned char)*text);

		if (isalnum(c) && len < WORD_MAX - 1)
			w->v[w->n][len++] = (char)c;
		else if (!isalnum(c) && *text != '\'' && len)
			len = 0, w->n++;
	}
	if (len && w->n < WORDS_MAX)
		w->n++;
}

static bool has(const struct words *w, const char *const *list)
{
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; list[k]; k++)
			if (strcmp(w->v[i], list[k]) == 0)
				return true;
	return false;
}

static enum said yes_or_no(const struct words *w)
{
	static const char *const no[] = {"no",   "not", "nope", "dont",
	                                 "busy", "bye", "stop", NULL};
	static const char *const yes[] = {"yes", "yeah", "sure",   "okay",
	                                  "ok",  "fine", "please", NULL};

	if (has(w, no))
		return SAID_NO;
	return has(w, yes) ? SAID_YES : SAID_OTHER;
}

/* The last number from zero to ten; -1: none. */
static int score_of(const struct words *w)
{
	static const char *const names[] = {"zero",  "one",  "two", "three",
	                                    "four",  "five", "six", "seven",
	                                    "eight", "nine", "ten"};
	int score = -1;

	for (size_t i = 0; i < w->n; i++) {
		char *end;
		const long n = strtol(w->v[i], &end, 10);

		if (!*end && n >= 0 && n <= 10)
			score = (int)n;
		for (int k = 0; k <= 10; k++)
			if (strcmp(w->v[i], names[k]) == 0)
				score = k;
	}
	return score;
}

/* ---- the questions ----------------------------------------------------------- */

static const char *ask(struct survey *s, enum step step)
{
	s->step = step;
	s->tries = 0;
	switch (step) {
	case STEP_SCORE:
		return "From zero to ten, how likely are you to recommend us "
		       "to a friend?";
	case STEP_REASON:
		return s->score >= 0 && s->score <= 6
		               ? "I am sorry to hear that. What should we do "
		                 "better?"
		               : "Thank you. What did you like best?";
	case STEP_CALL_BACK:
		return "May one of my colleagues call you about it?";
	case STEP_CONSENT:
	case STEP_DONE:
		break;
	}
	return NULL;
}

/* Not understood: once more, then on without an answer. */
static const char *again(struct survey *s, const char *line, enum step next)
{
	if (++s->tries < TRIES_MAX)
		return line;
	return ask(s, next);
}

/* The answer to @text; NULL: it was the last one. */
static const char *step(struct survey *s, const char *text)
{
	struct words w;

	split(&w, text);
	switch (s->step) {
	case STEP_CONSENT:
		if (yes_or_no(&w) == SAID_NO)
			return ask(s, STEP_DONE);
		if (yes_or_no(&w) == SAID_YES)
			return ask(s, STEP_SCORE);
		return again(s, "It takes a minute. Shall we?", STEP_DONE);
	case STEP_SCORE:
		s->score = score_of(&w);
		if (s->score >= 0)
			return ask(s, STEP_REASON);
		return again(s, "A number from zero to ten, please.",
		             STEP_REASON);
	case STEP_REASON:
		(void)snprintf(s->reason, sizeof(s->reason), "%s", text);
		return ask(s, STEP_CALL_BACK);
	case STEP_CALL_BACK:
		s->call_back = yes_or_no(&w);
		if (s->call_back != SAID_OTHER)
			return ask(s, STEP_DONE);
		return again(s, "May we call you again: yes or no?", STEP_DONE);
	case STEP_DONE:
		break;
	}
	return NULL;
}

/* ---- hooks ------------------------------------------------------------------- */

static int on_load(const struct dialout_host *h)
{
	host = h;
	return h->abi == DIALOUT_ABI ? 0 : -1;
}

/* "STEP TRIES SCORE CALL_BACK REASON" */
static void keep(uint64_t call, const struct survey *s)
{
	char text[REASON_MAX + 64];

	(void)snprintf(text, sizeof(text), "%d %u %d %d %s", (int)s->step,
	               s->tries, s->score, (int)s->call_back, s->reason);
	(void)host->keep(call, text);
}

/* One of 0 to @max, or what it was. */
static long number(const char **text, long max, long was)
{
	char *end;
	const long n = strtol(*text, &end, 10);

	*text = end;
	return n >= 0 && n <= max ? n : was;
}

static void recall(struct survey *s, const char *kept)
{
	s->step = (enum step)number(&kept, STEP_DONE, STEP_CONSENT);
	s->tries = (unsigned)number(&kept, TRIES_MAX, 0);
	s->score = (int)number(&kept, 10, -1);
	s->call_back = (enum said)number(&kept, SAID_NO, SAID_OTHER);
	(void)snprintf(s->reason, sizeof(s->reason), "%s",
	               kept + (*kept == ' '));
}

static void *on_started(const struct dialout_start *start)
{
	struct call *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->now.score = -1;
	if (start->kept)
		recall(&c->now, start->kept);
	c->before = c->now;
	return c;
}

static void on_heard(const struct dialout_turn *turn, void *data)
{
	struct call *c = data;
	const char *line;

	/* Their "hello" is answered by the greeting. */
	if (!c || !turn->greeted)
		return;
	if (turn->again)
		c->now = c->before;
	c->before = c->now;
	line = step(&c->now, turn->text);
	keep(turn->call, &c->now);
	if (line)
		(void)host->say(turn->call, line);
	else
		(void)host->end(turn->call,
		                c->now.score < 0 ? "That is all right. Goodbye."
		                                 : "Thank you very much for "
		                                   "your time. Goodbye.");
}

/* A text that may stand between quotes of JSON. */
static void plain(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
			*text = ' ';
}

static void on_ending(uint64_t call, const char *by, const char *cause,
                      void *data)
{
	static const char *const answers[] = {"null", "true", "false"};
	struct call *c = data;
	char json[REASON_MAX + 128];

	(void)by;
	(void)cause;
	if (!c)
		return;
	plain(c->now.reason);
	(void)snprintf(json, sizeof(json),
	               "{\"score\":%d,\"reason\":\"%s\",\"call_back\":%s,"
	               "\"complete\":%s}",
	               c->now.score, c->now.reason, answers[c->now.call_back],
	               c->now.step == STEP_DONE ? "true" : "false");
	(void)host->record(call, "survey", json);
	free(c);
}

static const struct dialout_hooks survey = {.abi = DIALOUT_ABI,
                                            .size = sizeof(survey),
                                            .name = "survey",
                                            .load = on_load,
                                            .started = on_started,
                                            .heard = on_heard,
                                            .ending = on_ending};

DIALOUT_HOOKS(survey);
