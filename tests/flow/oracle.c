#include "tests/flow/oracle.h"

#include <stdio.h>
#include <string.h>

#include "bot/playout.h"
#include "common/attr.h"
#include "common/str.h"
#include "tests/flow/at_hand.h"
#include "tests/harness/test.h"

enum {
	HALF_MS = FLOW_WORD_MS / 4, /* a word is the first half of its time */
	GREETING_MS = 1500,         /* of silence, then it is due */
	UNFINISHED_MS = 3000,       /* somebody who breaks off is waited for */
	STEP_MS = 10
};

/* ---- what was heard --------------------------------------------------------- */

/* How late sound reaches the callee is measured by the bot; where it cannot, it
 * takes the delay of an ordinary line. */
static uint32_t slack_ms(const struct flow *f)
{
	const uint32_t line = f->opts.line_ms;

	return ORACLE_SLACK_MS + (line > PLAYOUT_DELAY_MS
	                                  ? line - PLAYOUT_DELAY_MS
	                                  : PLAYOUT_DELAY_MS - line);
}

static bool must_be_there(const struct flow *f, const struct flow_word *w)
{
	return w->heard >= HALF_MS + slack_ms(f);
}

static bool may_be_there(const struct flow *f, const struct flow_word *w)
{
	return w->heard && w->heard + slack_ms(f) >= HALF_MS;
}

static const char *text_of(const struct flow *f, const struct flow_word *w)
{
	return f->made[w->reply][w->n];
}

/* The bot's next message in the rest of @text; empty: no more. */
static struct str next_message(const char **text)
{
	static const char dash[] = " \xe2\x80\x94";
	struct str m = {0};

	while (!m.len && *text && **text) {
		const size_t len = strcspn(*text, "|");
		struct str msg = str_n(*text, len);

		*text += len + ((*text)[len] == '|');
		if (len < 5 || strncmp(msg.v, "bot", 3) != 0)
			continue;
		m = str_n(msg.v + 5, len - 5);
		if (m.len > 4 && memcmp(m.v + m.len - 4, dash, 4) == 0)
			m.len -= 4;
	}
	return m;
}

static struct str next_word(struct str *message)
{
	struct str w;

	*message = str_trim(*message);
	w.v = message->v;
	w.len = 0;
	while (w.len < message->len && w.v[w.len] != ' ')
		w.len++;
	message->v += w.len;
	message->len -= w.len;
	return w;
}

/* Replies of which something may be missing from a context that is made while
 * they are heard. */
static bool is_over(const struct flow *f, const struct flow_word *w)
{
	return !f->playing || f->bouts[f->n_bouts - 1].reply != w->reply;
}

static size_t bot_words(const char *text, struct str words[FLOW_HEARD])
{
	size_t n = 0;

	for (struct str m = next_message(&text); m.len;
	     m = next_message(&text)) {
		struct str w = next_word(&m);

		for (; w.len && n < FLOW_HEARD; w = next_word(&m))
			words[n++] = w;
	}
	return n;
}

/* can[k]: the first k words of the context may be what was heard so far. With
 * @w heard as well, which @must be there; false: none of them may. */
static bool take(const struct flow *f, const struct flow_word *w, bool must,
                 const struct str *words, size_t n, bool *can)
{
	bool any = false;

	for (size_t k = n + 1; k-- > 0;) {
		const bool is = k && can[k - 1] && may_be_there(f, w) &&
		                str_eq(words[k - 1], text_of(f, w));

		can[k] = is || (can[k] && !must);
		any |= can[k];
	}
	return any;
}

enum wanted { NONE, OF_WHAT_IS_OVER, EVERYTHING };

/* Which beginnings of the context's @n words are what was heard. False: none,
 * for a word that is wanted is missing. */
static bool match(const struct flow *f, enum wanted wanted,
                  const struct str *words, size_t n, bool *can,
                  char fault[ORACLE_FAULT_MAX])
{
	for (size_t i = 0; i < f->n_words; i++) {
		const struct flow_word *w = &f->words[i];
		const bool must = wanted != NONE && must_be_there(f, w) &&
		                  (wanted == EVERYTHING || is_over(f, w));

		if (take(f, w, must, words, n, can))
			continue;
		snprintf(fault, ORACLE_FAULT_MAX,
		         "\"%s\" of reply %u was heard at %u ms (%u ms of "
		         "it) and is not in the context",
		         text_of(f, w), w->reply, w->first_ms, w->heard);
		return false;
	}
	return true;
}

static bool not_heard(const struct str *words, size_t n, const bool *can,
                      char fault[ORACLE_FAULT_MAX])
{
	while (n && !can[n])
		n--;
	snprintf(fault, ORACLE_FAULT_MAX,
	         "\"%.*s\" is in the context and was not heard",
	         (int)words[n].len, words[n].v);
	return false;
}

bool oracle_context(const struct flow *f, const char *text, bool all,
                    char fault[ORACLE_FAULT_MAX])
{
	static struct str words[FLOW_HEARD];
	bool can[FLOW_HEARD + 1] = {true};
	const size_t n = bot_words(text, words);

	return match(f, all ? OF_WHAT_IS_OVER : NONE, words, n, can, fault) &&
	       (can[n] || not_heard(words, n, can, fault));
}

static bool same(struct str a, struct str b)
{
	return a.len == b.len && !memcmp(a.v, b.v, a.len);
}

/* The words of the answer @reply that the voice was given. */
static size_t given_words(const struct flow *f, uint32_t reply,
                          struct str words[FLOW_WORDS])
{
	struct str pieces = str_of(f->spoken[reply] ? f->spoken[reply] : "");
	size_t n = 0;

	while (pieces.len) {
		struct str piece = str_cut(&pieces, '|');
		struct str w = next_word(&piece);

		for (; w.len && n < FLOW_WORDS; w = next_word(&piece))
			words[n++] = w;
	}
	return n;
}

bool oracle_rest(const struct flow *f, const char *text, uint32_t reply,
                 char fault[ORACLE_FAULT_MAX])
{
	static struct str words[FLOW_HEARD];
	struct str given[FLOW_WORDS];
	bool can[FLOW_HEARD + 1] = {true};
	const size_t n = bot_words(text, words);
	size_t left = given_words(f, reply, given), k = n;

	if (!match(f, EVERYTHING, words, n, can, fault))
		return false;
	if (left && (!n || !same(words[n - 1], given[left - 1]))) {
		snprintf(fault, ORACLE_FAULT_MAX,
		         "\"%.*s\" was given to the voice, and the model is "
		         "not shown it",
		         (int)given[left - 1].len, given[left - 1].v);
		return false;
	}
	/* Backwards over what nobody has heard yet: the voice was given it,
	 * some of it twice where a voice was lost. */
	for (; k && !can[k]; k--) {
		while (left && !same(words[k - 1], given[left - 1]))
			left--;
		if (!left)
			return not_heard(words, k, can, fault);
		left--;
	}
	return true;
}

/* ---- silence ---------------------------------------------------------------- */

static size_t count_words(const char *text)
{
	struct str rest = str_of(text);
	size_t n = 0;

	while (next_word(&rest).len)
		n++;
	return n;
}

/* Has @reply been broken off @now? What it should have said is in the script:
 * the answer that begins with its first word. */
static bool broken_off(const struct flow *f, uint32_t reply, uint32_t now)
{
	size_t heard = 0;

	if (reply == AT_HAND_FILLER)
		return true; /* it was not what is owed */
	for (size_t i = 0; i < f->n_words; i++)
		heard += f->words[i].reply == reply &&
		         f->words[i].first_ms < now;
	for (size_t i = 0; i < f->n_answers; i++) {
		struct str rest = str_of(f->answers[i].text);

		if (rest.v && str_eq(next_word(&rest), f->made[reply][0]))
			return heard < count_words(f->answers[i].text);
	}
	return false;
}

struct debt {
	bool owed;
	uint32_t since_ms;
};

static uint32_t told_ms(const struct flow *f, const struct oracle_sound *s)
{
	const uint32_t told = f->news[s->news].told_ms;

	return told > s->to_ms ? told : s->to_ms;
}

static void owe(struct debt *d, uint32_t since_ms)
{
	d->owed = true;
	d->since_ms = since_ms;
}

static void callee(const struct flow *f, const struct oracle_sound *sounds,
                   size_t n, uint32_t now, struct debt *d)
{
	for (size_t i = 0; i < n; i++) {
		const struct oracle_sound *s = &sounds[i];
		const uint32_t told = s->words ? told_ms(f, s) : 0;

		if (s->from_ms <= now && now < s->to_ms && d->since_ms < now)
			d->since_ms = now;
		if (s->words && told <= now && now < told + STEP_MS)
			owe(d, now + (s->unfinished ? UNFINISHED_MS : 0));
	}
}

uint32_t oracle_silence(const struct flow *f, const struct oracle_sound *sounds,
                        size_t n, uint32_t end_ms, uint32_t *at_ms)
{
	struct debt d = {0};
	uint32_t longest = 0;
	size_t bout = 0;

	*at_ms = 0;
	if (f->agent->greeting)
		owe(&d, GREETING_MS);
	for (uint32_t now = 0; now < end_ms; now += STEP_MS) {
		callee(f, sounds, n, now, &d);
		if (bout < f->n_bouts && now >= f->bouts[bout].from_ms)
			d.owed = false;
		if (bout < f->n_bouts && now >= f->bouts[bout].to_ms) {
			if (broken_off(f, f->bouts[bout].reply, now))
				owe(&d, now);
			bout++;
		}
		if (d.owed && now > d.since_ms && now - d.since_ms > longest) {
			longest = now - d.since_ms;
			*at_ms = now;
		}
	}
	return longest;
}
