/*
 * One step of a scripted dialogue.
 *
 * Intents are ranked by how well they match. For the best of them, the rules
 * of the state and then those of "any" are tried in the order of the file;
 * rules that ask for slots alone count as the best intent's. Then the next
 * intent's turn, and in the end "else".
 */
#include <string.h>

#include "bot/provider/script_impl.h"
#include "common/buf.h"
#include "common/jtext.h"

enum {
	HOPS_MAX = 8,    /* "enter" rules in a row */
	VALUE_MAX = 200, /* [bytes] of custom data in what is said */
};

struct step {
	const struct script *s;
	struct script_place *at;
	struct words said;
	bool given[SCRIPT_SLOTS_MAX];
	unsigned scores[INTENTS_MAX];
	const char *body;
	struct buf *out;
	const char **tool;
};

static void take_slots(struct step *st)
{
	for (size_t i = 0; i < st->s->n_slots; i++) {
		const struct slot *slot = &st->s->slots[i];
		bool asked = st->said.n <= 4;
		char value[SLOT_VALUE_MAX];
		bool found = false;

		switch (slot->type) {
		case SLOT_DAY:
			found = words_day(&st->said, value);
			break;
		case SLOT_TIME:
			found = words_time(&st->said, asked, value);
			break;
		case SLOT_TEXT:
		default:
			found = st->at->state == slot->state &&
			        words_text(&st->said, value);
			break;
		}
		st->given[i] = found;
		if (found)
			memcpy(st->at->slots[i], value, sizeof(value));
	}
}

static void rank_intents(struct step *st)
{
	for (size_t i = 0; i < st->s->n_phrases; i++) {
		const struct phrase *p = &st->s->phrases[i];
		unsigned score = words_match(&st->said, p->words) *
		                 st->s->intents[p->intent].weight;

		if (score > st->scores[p->intent])
			st->scores[p->intent] = score;
	}
}

/* The best intent that is left, and take it out; INTENTS_MAX: none is. */
static size_t next_intent(struct step *st)
{
	size_t best = INTENTS_MAX;

	for (size_t i = 0; i < st->s->n_intents; i++)
		if (st->scores[i] &&
		    (best == INTENTS_MAX || st->scores[i] > st->scores[best]))
			best = i;
	if (best != INTENTS_MAX)
		st->scores[best] = 0;
	return best;
}

/* Do the conditions hold? @intent is the candidate. Rules without an intent
 * need @first. */
static bool holds(const struct step *st, const struct rule *r, size_t intent,
                  bool first)
{
	bool asks_intent = false;

	for (size_t i = 0; i < r->n_conds; i++) {
		const struct cond *c = &r->conds[i];
		bool known =
			c->type != COND_INTENT && st->at->slots[c->index][0];

		if (c->type == COND_INTENT && c->index != intent)
			return false;
		if (c->type == COND_GIVEN && !st->given[c->index])
			return false;
		if (c->type == COND_KNOWN && !known)
			return false;
		if (c->type == COND_UNKNOWN && known)
			return false;
		asks_intent |= c->type == COND_INTENT;
	}
	return asks_intent || first;
}

static const struct rule *find_when(const struct step *st, size_t intent,
                                    bool first)
{
	const struct rule *any = NULL;

	for (size_t i = 0; i < st->s->n_rules; i++) {
		const struct rule *r = &st->s->rules[i];

		if (r->type != RULE_WHEN || !holds(st, r, intent, first))
			continue;
		if (r->state == st->at->state)
			return r;
		if (r->state == STATES_MAX && !any)
			any = r;
	}
	return any;
}

static const struct rule *find_enter(const struct step *st)
{
	for (size_t i = 0; i < st->s->n_rules; i++) {
		const struct rule *r = &st->s->rules[i];

		if (r->type == RULE_ENTER && r->state == st->at->state &&
		    holds(st, r, INTENTS_MAX, true))
			return r;
	}
	return NULL;
}

/* The answer to the n-th utterance in a row that was not understood. */
static const struct rule *find_else(const struct step *st, size_t state)
{
	const struct rule *last = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < st->s->n_rules && n < st->at->lost; i++) {
		const struct rule *r = &st->s->rules[i];

		if (r->type == RULE_ELSE && r->state == state) {
			last = r;
			n++;
		}
	}
	return last;
}

static const struct rule *choose(struct step *st)
{
	size_t intent = next_intent(st);
	const struct rule *r = find_when(st, intent, true);

	while (!r && intent != INTENTS_MAX) {
		intent = next_intent(st);
		r = find_when(st, intent, false);
	}
	if (r) {
		st->at->lost = 0;
		return r;
	}
	st->at->lost++;
	r = find_else(st, st->at->state);
	return r ? r : find_else(st, STATES_MAX);
}

/* Append "{{path|default}}", @ref being what the braces hold. */
static int say_data(const struct step *st, struct str ref)
{
	struct str path = str_trim(str_cut(&ref, '|')), value;
	size_t had = st->out->len;
	int err;

	if (!st->body || jtext_path(str_of(st->body), path, &value))
		return ref.v ? buf_add(st->out, ref.v, ref.len) : 0;
	err = jtext_print(st->out, value);
	if (!err && st->out->len - had > VALUE_MAX)
		st->out->len = had + VALUE_MAX;
	return err;
}

static int say_slot(const struct step *st, struct str name)
{
	for (size_t i = 0; i < st->s->n_slots; i++)
		if (str_eq(name, st->s->slots[i].name))
			return buf_adds(st->out, st->at->slots[i]);
	return 0;
}

/* The length of a reference in braces at the beginning of @s; 0: none. */
static size_t reference(struct str s, size_t braces)
{
	const char *end = s.len ? memchr(s.v, '}', s.len) : NULL;
	size_t len = end ? (size_t)(end - s.v) + braces : 0;

	return len <= s.len && (braces == 1 || (end && end[1] == '}')) ? len
	                                                               : 0;
}

static int say(const struct step *st, struct str text)
{
	int err = 0;

	if (text.len && st->out->len)
		err = buf_adds(st->out, " ");
	while (text.len && !err) {
		size_t braces = str_starts(text, "{{") ? 2
		                : text.v[0] == '{'     ? 1
		                                       : 0;
		size_t used = braces ? reference(text, braces) : 0;
		struct str ref = str_n(text.v + braces, used - 2 * braces);

		if (!used) {
			err = buf_add(st->out, text.v, 1);
			used = 1;
		} else {
			err = braces == 2 ? say_data(st, ref)
			                  : say_slot(st, ref);
		}
		text = str_n(text.v + used, text.len - used);
	}
	return err;
}

static int apply(const struct step *st, const struct rule *r)
{
	if (r->target != STATES_MAX)
		st->at->state = r->target;
	if (r->tool[0])
		*st->tool = r->tool;
	return say(st, str_of(r->say));
}

int script_step(const struct script *s, struct script_place *at,
                struct str said, const char *body, struct buf *out,
                const char **tool)
{
	struct step st = {
		.s = s, .at = at, .body = body, .out = out, .tool = tool};
	const struct rule *r;
	int err = 0;

	*tool = NULL;
	words_split(&st.said, said);
	take_slots(&st);
	rank_intents(&st);
	r = choose(&st);
	for (int hop = 0; r && hop < HOPS_MAX && !err; hop++) {
		bool silent = !r->say[0];

		err = apply(&st, r);
		r = silent ? find_enter(&st) : NULL;
	}
	return err;
}
