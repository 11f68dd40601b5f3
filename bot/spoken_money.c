#include <string.h>

#include "bot/spoken_impl.h"

struct money {
	const char *sign; /* before the amount, or behind it */
	const char *one, *many, *cent, *cents;
};

static const struct money monies[] = {
	{"US$", "dollar", "dollars", "cent", "cents"},
	{"CA$", "Canadian dollar", "Canadian dollars", "cent", "cents"},
	{"C$", "Canadian dollar", "Canadian dollars", "cent", "cents"},
	{"A$", "Australian dollar", "Australian dollars", "cent", "cents"},
	{"$", "dollar", "dollars", "cent", "cents"},
	{"€", "euro", "euros", "cent", "cents"},
	{"£", "pound", "pounds", "penny", "pence"},
	{"¥", "yen", "yen", NULL, NULL},
	{"₹", "rupee", "rupees", "paisa", "paise"},
	{"USD", "dollar", "dollars", "cent", "cents"},
	{"EUR", "euro", "euros", "cent", "cents"},
	{"GBP", "pound", "pounds", "penny", "pence"},
};

static const struct money *money_at(const struct spoken_job *j, size_t at,
                                    size_t *len)
{
	for (size_t i = 0; i < ARRAY_LEN(monies); i++)
		if (spoken_starts(j, at, monies[i].sign)) {
			*len = strlen(monies[i].sign);
			return &monies[i];
		}
	return NULL;
}

/* Hundredths of the part, 100 if it has other digits. */
static unsigned hundredths(const struct spoken_num *n)
{
	const char *v = n->part.v;

	if (n->part.len == 1)
		return 10 * (unsigned)(v[0] - '0');
	if (n->part.len == 2)
		return 10 * (unsigned)(v[0] - '0') + (unsigned)(v[1] - '0');
	return n->part.len ? 100 : 0;
}

static void say(struct spoken_job *j, const struct money *m,
                const struct spoken_num *n, const char *scale)
{
	const unsigned cents = hundredths(n);
	const bool one = n->value == 1 && (!n->part.len || cents < 100);

	if (scale || cents == 100 || (cents && !m->cent)) {
		spoken_number(j, n);
		if (scale)
			spoken_words(j, scale);
		spoken_words(j, m->many);
		return;
	}
	if (n->value || !cents) {
		if (n->value == UINT64_MAX)
			spoken_spell(j, n->whole);
		else
			spoken_cardinal(j, n->value);
		spoken_words(j, one ? m->one : m->many);
		if (cents)
			spoken_words(j, "and");
	}
	if (cents) {
		spoken_cardinal(j, cents);
		spoken_words(j, cents == 1 ? m->cent : m->cents);
	}
}

/* "-10", " - $10": where the other end of a span of prices begins, 0: none. */
static size_t other_end(const struct spoken_job *j, size_t at,
                        const struct money *m)
{
	size_t i = at + spoken_spaces(j, at), len;
	const size_t dash = spoken_dash(j, i);

	if (!dash)
		return 0;
	i += dash;
	i += spoken_spaces(j, i);
	if (money_at(j, i, &len) == m)
		i += len;
	return spoken_digit(j, i) ? i : 0;
}

/* An amount at @at, and another if a range follows. Returns its end. */
static size_t amount(struct spoken_job *j, const struct money *m, size_t at)
{
	struct spoken_num n, to;
	const char *scale = NULL;
	size_t end, len, next;

	if (!spoken_num(j, at, &n))
		return 0;
	end = at + n.len;
	len = spoken_scale(j, end, &scale);
	next = len ? 0 : other_end(j, end, m);
	if (!next || !spoken_num(j, next, &to)) {
		say(j, m, &n, scale);
		return end + len;
	}
	if (n.part.len)
		say(j, m, &n, NULL);
	else
		spoken_number(j, &n);
	spoken_words(j, "to");
	end = next + to.len;
	len = spoken_scale(j, end, &scale);
	say(j, m, &to, scale);
	return end + len;
}

/* "20 EUR", "5€" */
static size_t behind(struct spoken_job *j, size_t at)
{
	const struct money *m;
	const char *scale = NULL;
	struct spoken_num n;
	size_t end, len;

	if (!spoken_digit(j, at) || !spoken_num(j, at, &n))
		return 0;
	end = at + n.len;
	end += spoken_scale(j, end, &scale);
	end += spoken_spaces(j, end);
	m = money_at(j, end, &len);
	/* "5 $10 notes" are not five dollars. */
	if (!m || !spoken_edge(j, end + len) || spoken_digit(j, end + len))
		return 0;
	say(j, m, &n, scale);
	return end + len - at;
}

size_t spoken_read_money(struct spoken_job *j, size_t at)
{
	size_t len, end;
	const struct money *m = money_at(j, at, &len);

	if (m) {
		end = at + len;
		end += spoken_spaces(j, end) == 1;
		if (!spoken_digit(j, end) &&
		    (spoken_char(j, end) != '.' || !spoken_digit(j, end + 1)))
			return 0;
		end = amount(j, m, end);
	} else {
		len = behind(j, at);
		end = len ? at + len : 0;
	}
	if (!end)
		return 0;
	return end + spoken_per(j, end) - at;
}
