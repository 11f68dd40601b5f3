#define _GNU_SOURCE
#include "tests/sim/lib/oa_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/oa_check.h"
#include "tests/sim/lib/sim.h"
#include "tests/sim/lib/simmem.h"

enum { RULES_MAX = 256, PER_TOKEN = 4 /* [bytes] of a prompt */ };

struct oa_script {
	char *text; /* cut into lines; rules point into it */
	struct oa_rule rule[RULES_MAX];
	size_t n;
	struct oa_rule echo, tool;
};

/* --- reading --- */

static char *cut_word(char **rest)
{
	char *word = *rest, *end = word + strcspn(word, " \t");

	*rest = end + strspn(end, " \t");
	*end = '\0';
	return word;
}

static const char *add_condition(struct oa_rule *r, bool last, bool negated,
                                 char *rest)
{
	struct oa_condition *c = &r->condition[r->n_conditions];

	if (r->n_conditions == OA_CONDITIONS_MAX)
		return "too many conditions";
	c->role = cut_word(&rest);
	c->text = rest;
	c->last = last;
	c->negated = negated;
	r->n_conditions++;
	return *c->role && *rest ? NULL : "a condition is ROLE TEXT";
}

static void add_say(struct oa_rule *r, const char *text)
{
	struct buf b;
	size_t len;

	buf_init(&b, SIM_BUF_MAX);
	if (r->say)
		sim_addf(&b, "%s ", r->say);
	sim_adds(&b, text);
	mem_free(r->say);
	r->say = buf_take(&b, &len);
}

static const char *add_call(struct oa_rule *r, char *rest)
{
	struct oa_call *c = &r->call[r->n_calls];

	if (r->n_calls == OA_CALLS_MAX)
		return "too many calls";
	c->name = cut_word(&rest);
	c->arguments = *rest ? rest : "{}";
	r->n_calls++;
	return *c->name ? NULL : "call NAME JSON";
}

static uint32_t number(char **rest)
{
	return (uint32_t)strtoul(cut_word(rest), NULL, 10);
}

static const char *add_answer(struct oa_rule *r, const char *word, char *rest)
{
	if (strcmp(word, "say") == 0)
		add_say(r, rest);
	else if (strcmp(word, "call") == 0)
		return add_call(r, rest);
	else if (strcmp(word, "refuse") == 0)
		r->refuse = rest;
	else if (strcmp(word, "finish") == 0)
		r->finish = rest;
	else if (strcmp(word, "ttft") == 0)
		r->ttft_ms = number(&rest);
	else if (strcmp(word, "rate") == 0)
		r->rate = number(&rest);
	else if (strcmp(word, "stall") == 0) {
		r->stall_ms = number(&rest);
		r->stall_at = number(&rest);
	} else
		return "unknown word";
	return NULL;
}

static const char *add_line(struct oa_script *s, char *line)
{
	const char *word = cut_word(&line);
	struct oa_rule *r;

	if (strcmp(word, "when") == 0) {
		if (s->n == RULES_MAX)
			return "too many rules";
		return add_condition(&s->rule[s->n++], true, false, line);
	}
	if (s->n == 0)
		return "a rule begins with when";
	r = &s->rule[s->n - 1];
	if (strcmp(word, "and") == 0 || strcmp(word, "not") == 0)
		return add_condition(r, false, *word == 'n', line);
	return add_answer(r, word, line);
}

struct oa_script *oa_script_new(const char *text)
{
	struct oa_script *s = sim_zalloc(sizeof(*s));
	unsigned n = 0;
	char *next;

	add_say(&s->echo, "You said: {user}");
	add_say(&s->tool, "The tool said: {tool}");
	s->text = sim_strdup(text ? text : "");
	for (char *line = s->text; line; line = next) {
		const char *why = NULL;
		size_t len;

		n++;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		line += strspn(line, " \t");
		len = strlen(line);
		while (len > 0 && strchr(" \t\r", line[len - 1]))
			line[--len] = '\0';
		if (len > 0 && *line != '#')
			why = add_line(s, line);
		if (why) {
			fprintf(stderr, "script line %u: %s\n", n, why);
			oa_script_free(&s);
			return NULL;
		}
	}
	return s;
}

void oa_script_free(struct oa_script **sp)
{
	struct oa_script *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		mem_free(s->rule[i].say);
	mem_free(s->echo.say);
	mem_free(s->tool.say);
	mem_free(s->text);
	mem_free(s);
}

/* --- choosing --- */

static bool has_one_of(const char *text, const char *patterns)
{
	struct str rest = str_of(patterns);

	if (strcmp(patterns, "*") == 0)
		return true;
	while (rest.len > 0) {
		const struct str p = str_cut(&rest, '|');
		char *pattern = mem_strndup(p.v, p.len);
		bool found;

		ASSERT(pattern);
		found = strcasestr(text, pattern) != NULL;
		mem_free(pattern);
		if (found)
			return true;
	}
	return false;
}

static bool message_fits(const json_t *m, const struct oa_condition *c)
{
	char *text;
	bool fits;

	if (strcmp(js_str(m, "role", ""), c->role) != 0)
		return false;
	text = oa_text_of(m);
	fits = has_one_of(text, c->text);
	mem_free(text);
	return fits;
}

static bool holds(const struct oa_condition *c, const json_t *messages)
{
	const size_t n = json_array_size(messages);
	bool any = false;

	for (size_t i = c->last ? n - 1 : 0; i < n && !any; i++)
		any = message_fits(json_array_get(messages, i), c);
	return any != c->negated;
}

const struct oa_rule *oa_script_find(const struct oa_script *s,
                                     const json_t *messages)
{
	const size_t n = json_array_size(messages);
	const json_t *last = json_array_get(messages, n - 1);

	for (size_t i = 0; i < s->n; i++) {
		const struct oa_rule *r = &s->rule[i];
		bool all = true;

		for (size_t k = 0; k < r->n_conditions && all; k++)
			all = holds(&r->condition[k], messages);
		if (all)
			return r;
	}
	return strcmp(js_str(last, "role", ""), "tool") == 0 ? &s->tool
	                                                     : &s->echo;
}

static void add_text(struct buf *out, const json_t *messages, const char *role,
                     bool first)
{
	const size_t n = json_array_size(messages);

	for (size_t i = 0; i < n; i++) {
		const json_t *m =
			json_array_get(messages, first ? i : n - 1 - i);
		char *text;

		if (strcmp(js_str(m, "role", ""), role) != 0)
			continue;
		text = oa_text_of(m);
		sim_adds(out, text);
		mem_free(text);
		return;
	}
}

void oa_script_fill(struct buf *out, const char *say, const json_t *messages)
{
	static const char *const roles[] = {"user", "assistant", "tool",
	                                    "system"};

	while (*say) {
		const char *end = *say == '{' ? strchr(say, '}') : NULL;
		const char *role = NULL;

		for (size_t i = 0; end && i < ARRAY_LEN(roles); i++)
			if (strlen(roles[i]) == (size_t)(end - say - 1) &&
			    strncmp(say + 1, roles[i], strlen(roles[i])) == 0)
				role = roles[i];
		if (role)
			add_text(out, messages, role, *role == 's');
		else if (end == say + 2 && say[1] == 'n')
			sim_addf(out, "%zu", json_array_size(messages));
		else {
			sim_add(out, say++, 1);
			continue;
		}
		say = end + 1;
	}
}

/* Tools have their name in a "function" with one of the two services. */
static bool offered(const json_t *tools, const char *name)
{
	for (size_t i = 0; i < json_array_size(tools); i++) {
		const json_t *tool = json_array_get(tools, i);
		const json_t *f = json_object_get(tool, "function");

		if (strcmp(js_str(f ? f : tool, "name", ""), name) == 0)
			return true;
	}
	return false;
}

size_t oa_script_calls(struct oa_call call[OA_CALLS_MAX],
                       const struct oa_rule *rule, const json_t *tools,
                       struct sim *s)
{
	size_t n = 0;

	for (size_t i = 0; i < rule->n_calls; i++) {
		if (offered(tools, rule->call[i].name))
			call[n++] = rule->call[i];
		else
			sim_count(s, "calls_of_tools_not_offered", 1);
	}
	return n;
}

unsigned oa_script_tokens(const json_t *messages)
{
	unsigned n = 0;

	for (size_t i = 0; i < json_array_size(messages); i++) {
		char *text = oa_text_of(json_array_get(messages, i));

		n += (unsigned)strlen(text) / PER_TOKEN + 4;
		mem_free(text);
	}
	return n;
}
