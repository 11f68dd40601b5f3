#include "bot/provider/script_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bot/provider/script_impl.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

struct parser {
	struct script *s;
	size_t state; /* of the rules that follow; STATES_MAX: any */
	const char *fault;
};

static int fault(struct parser *p, const char *what)
{
	p->fault = what;
	return -EINVAL;
}

static struct str next_word(struct str *rest)
{
	struct str s = str_trim(*rest);
	size_t n = 0;

	while (n < s.len && s.v[n] != ' ' && s.v[n] != '\t')
		n++;
	*rest = str_trim(str_n(s.v + n, s.len - n));
	return str_n(s.v, n);
}

/* The state of that name, made known if it is new. */
static int find_state(struct parser *p, struct str name, size_t *index)
{
	struct script *s = p->s;

	for (*index = 0; *index < s->n_states; (*index)++)
		if (str_eq(name, s->states[*index]))
			return 0;
	if (!name.len || s->n_states == STATES_MAX ||
	    str_copy(s->states[s->n_states], SCRIPT_NAME_MAX, name))
		return fault(p, "too many states, or a name too long");
	s->n_states++;
	return 0;
}

static int add_phrase(struct parser *p, size_t intent, struct str text)
{
	struct script *s = p->s;
	struct words words, *w;
	size_t size;

	words_split(&words, text);
	if (s->n_phrases == PHRASES_MAX || !words.n)
		return fault(p, "an empty phrase, or too many");
	/* Only as many words as there are. */
	size = offsetof(struct words, v) + words.n * WORD_LEN_MAX;
	w = mem_alloc(size);
	if (!w)
		return -ENOMEM;
	memcpy(w, &words, size);
	s->phrases[s->n_phrases++] = (struct phrase){intent, w};
	return 0;
}

static int parse_intent(struct parser *p, struct str line)
{
	struct script *s = p->s;
	struct intent *in = &s->intents[s->n_intents];
	struct str name = str_cut(&line, ':');
	uint64_t weight = 1;
	int err = 0;

	if (s->n_intents == INTENTS_MAX)
		return fault(p, "too many intents");
	if (!line.v)
		return fault(p, "an intent needs ':' and phrases");
	if (str_copy(in->name, sizeof(in->name), next_word(&name)))
		return fault(p, "a name too long");
	if (name.len &&
	    (!str_eq(next_word(&name), "*") || str_u64(name, 100, &weight)))
		return fault(p, "a weight is written '* 3'");
	in->weight = (unsigned)weight;
	while (line.v && !err)
		err = add_phrase(p, s->n_intents, str_cut(&line, '|'));
	s->n_intents++;
	return err;
}

static int parse_slot(struct parser *p, struct str line)
{
	struct script *s = p->s;
	struct slot *slot = &s->slots[s->n_slots];
	struct str name = str_trim(str_cut(&line, ':'));
	struct str type;

	if (s->n_slots == SCRIPT_SLOTS_MAX || !line.v ||
	    str_copy(slot->name, sizeof(slot->name), name))
		return fault(p, "too many slots, or no ':'");
	type = next_word(&line);
	s->n_slots++;
	if (str_eq(type, "@day")) {
		slot->type = SLOT_DAY;
	} else if (str_eq(type, "@time")) {
		slot->type = SLOT_TIME;
	} else if (str_eq(type, "@text") && str_eq(next_word(&line), "in")) {
		slot->type = SLOT_TEXT;
		return find_state(p, line, &slot->state);
	} else {
		return fault(p, "a slot is @day, @time or @text in STATE");
	}
	return line.len ? fault(p, "more than a slot") : 0;
}

static int find_intent(struct parser *p, struct str name, size_t *index)
{
	for (*index = 0; *index < p->s->n_intents; (*index)++)
		if (str_eq(name, p->s->intents[*index].name))
			return 0;
	return fault(p, "no such intent");
}

static int find_slot(struct parser *p, struct str name, size_t *index)
{
	for (*index = 0; *index < p->s->n_slots; (*index)++)
		if (str_eq(name, p->s->slots[*index].name))
			return 0;
	return fault(p, "no such slot");
}

static int parse_cond(struct parser *p, struct rule *r, struct str text)
{
	static const char marks[] = "+?-";
	struct cond *c = &r->conds[r->n_conds];
	const char *mark;

	text = str_trim(text);
	if (!text.len || r->n_conds == CONDS_MAX)
		return fault(p, "an empty condition, or too many");
	r->n_conds++;
	mark = strchr(marks, text.v[0]);
	if (!mark) {
		c->type = COND_INTENT;
		return find_intent(p, text, &c->index);
	}
	c->type = (enum cond_type)(COND_GIVEN + (mark - marks));
	return find_slot(p, str_n(text.v + 1, text.len - 1), &c->index);
}

/* "STATE [tool NAME]" */
static int parse_target(struct parser *p, struct rule *r, struct str text)
{
	struct str name = next_word(&text);

	r->target = STATES_MAX;
	if (!str_eq(name, "same") && find_state(p, name, &r->target))
		return -EINVAL;
	if (!text.len)
		return 0;
	if (!str_eq(next_word(&text), "tool") || !text.len ||
	    str_copy(r->tool, sizeof(r->tool), text))
		return fault(p, "after the state: 'tool NAME' or ':'");
	return 0;
}

/* Split @line at "=>"; false without. */
static bool cut_arrow(struct str *line, struct str *head)
{
	for (size_t i = 0; i + 1 < line->len; i++)
		if (line->v[i] == '=' && line->v[i + 1] == '>') {
			*head = str_trim(str_n(line->v, i));
			*line = str_n(line->v + i + 2, line->len - i - 2);
			return true;
		}
	return false;
}

static int parse_rule(struct parser *p, enum rule_type type, struct str line)
{
	struct script *s = p->s;
	struct rule *r = &s->rules[s->n_rules];
	struct str conds;
	int err;

	if (s->n_rules == RULES_MAX)
		return fault(p, "too many rules");
	if (!cut_arrow(&line, &conds))
		return fault(p, "a rule needs '=>' and a state");
	r->type = type;
	r->state = p->state;
	s->n_rules++;
	err = parse_target(p, r, str_trim(str_cut(&line, ':')));
	while (conds.v && conds.len && !err)
		err = parse_cond(p, r, str_cut(&conds, ','));
	if (err)
		return err;
	line = str_trim(line.v ? line : str_n("", 0));
	r->say = mem_strndup(line.v, line.len);
	return r->say ? 0 : -ENOMEM;
}

static int parse_line(struct parser *p, struct str line)
{
	static const char *const rule_words[] = {"when", "enter", "else"};
	struct str word;

	line = str_trim(line);
	if (!line.len || line.v[0] == '#')
		return 0;
	word = next_word(&line);
	if (str_eq(word, "intent"))
		return parse_intent(p, line);
	if (str_eq(word, "slot"))
		return parse_slot(p, line);
	if (str_eq(word, "any")) {
		p->state = STATES_MAX;
		return 0;
	}
	if (str_eq(word, "state")) {
		int err = find_state(p, line, &p->state);

		if (!err)
			p->s->defined[p->state] = true;
		return err;
	}
	for (int i = 0; i < 3; i++)
		if (str_eq(word, rule_words[i]))
			return parse_rule(p, (enum rule_type)i, line);
	return fault(p, "a line begins with intent, slot, state, any, when, "
	                "enter or else");
}

/* Number the states in the order of their lines, before a rule or a slot names
 * one: the first line's state is where a dialogue begins. */
static int number_states(struct parser *p, struct str text)
{
	int err = 0;

	while (text.v && !err) {
		struct str line = str_trim(str_cut(&text, '\n'));
		size_t index;

		if (str_eq(next_word(&line), "state"))
			err = find_state(p, line, &index);
	}
	return err;
}

/* A target that has no "state" line is a typing mistake. */
static int check_states(const struct script *s, struct buf *faults)
{
	int err = 0;

	for (size_t i = 0; i < s->n_states && !err; i++)
		if (!s->defined[i])
			err = buf_addf(faults, "state %s is not defined\n",
			               s->states[i]);
	if (!err && !s->n_states)
		err = buf_adds(faults, "there is no state\n");
	return err;
}

int script_parse(struct script **sp, struct str text, struct buf *faults)
{
	struct parser p = {.s = mem_zalloc(sizeof(*p.s)), .state = STATES_MAX};
	size_t had = faults->len;
	unsigned n = 0;
	int err = p.s ? number_states(&p, text) : -ENOMEM;

	if (err == -EINVAL)
		err = buf_addf(faults, "%s\n", p.fault);
	while (text.v && !err) {
		int bad = parse_line(&p, str_cut(&text, '\n'));

		n++;
		if (bad == -EINVAL)
			err = buf_addf(faults, "line %u: %s\n", n, p.fault);
		else
			err = bad;
	}
	if (!err)
		err = check_states(p.s, faults);
	if (!err && faults->len != had)
		err = -EINVAL;
	if (err)
		script_free(&p.s);
	*sp = p.s;
	return err;
}

int script_read(struct script **sp, const char *path, struct buf *faults)
{
	char piece[4096];
	struct buf text;
	ssize_t n = 1;
	int fd, err = 0;

	*sp = NULL;
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		err = -errno;
		return buf_addf(faults, "%s: %s\n", path, err_str(err))
		               ? -ENOMEM
		               : err;
	}
	buf_init(&text, SCRIPT_FILE_MAX);
	while (n > 0 && !err) {
		n = read(fd, piece, sizeof(piece));
		err = n < 0 ? -errno : buf_add(&text, piece, (size_t)n);
	}
	close(fd);
	if (!err)
		err = script_parse(sp, str_n(buf_str(&text), text.len), faults);
	buf_fini(&text);
	return err;
}

const char *script_state_name(const struct script *s, size_t state)
{
	return state < s->n_states ? s->states[state] : "?";
}

const char *script_slot(const struct script *s, const struct script_place *at,
                        const char *name)
{
	for (size_t i = 0; i < s->n_slots; i++)
		if (!strcmp(s->slots[i].name, name))
			return at->slots[i];
	return "";
}

void script_free(struct script **sp)
{
	struct script *s = *sp;

	if (!s)
		return;
	for (size_t i = 0; i < s->n_phrases; i++)
		mem_free(s->phrases[i].words);
	for (size_t i = 0; i < s->n_rules; i++)
		mem_free(s->rules[i].say);
	mem_free(s);
	*sp = NULL;
}
