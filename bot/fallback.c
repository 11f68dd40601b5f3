#include "bot/fallback.h"

#include <errno.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/str.h"

int fallback_add(struct fallback *f, enum stage stage,
                 const struct fallback_entry *e)
{
	if (f->n[stage] == FALLBACK_MAX)
		return ERR_LIMIT;
	f->entry[stage][f->n[stage]++] = *e;
	return 0;
}

static void take(struct fallback *f, enum stage stage, struct str name,
                 struct fallback_pick *pick)
{
	for (size_t i = 0; i < f->n[stage]; i++) {
		struct fallback_entry *e = &f->entry[stage][i];

		if (!str_eq(name, e->name) || pick->n == FALLBACK_PICK)
			continue;
		pick->entry[pick->n++] = e;
		return;
	}
	log_line(LOG_WARN, "fallback", NULL,
	         "event=provider_left_out name=%.*s hint=\"it is unknown, or "
	         "its key is not set\"",
	         (int)name.len, name.v);
}

static bool works(const struct fallback_entry *e, uint64_t now_us)
{
	return !e->left_out_us || e->left_out_us <= now_us;
}

/* This call tries whether it works again; others wait for what comes of it. */
static void try_again(struct fallback_entry *e, uint64_t now_us)
{
	if (e->left_out_us)
		e->left_out_us = now_us + FALLBACK_OPEN_MS * 1000ULL;
}

void fallback_choose(struct fallback *f, enum stage stage,
                     const char *const *names, size_t n, uint64_t now_us,
                     struct fallback_pick *pick)
{
	struct str rest = str_of(f->order[stage] ? f->order[stage] : "");

	*pick = (struct fallback_pick){.n = 0};
	for (size_t i = 0; i < n; i++)
		take(f, stage, str_of(names[i]), pick);
	while (!pick->n && rest.len) {
		while (rest.len)
			take(f, stage, str_trim(str_cut(&rest, ',')), pick);
	}
	while (pick->at < pick->n && !works(pick->entry[pick->at], now_us))
		pick->at++;
	/* Nobody works: then the first must try. */
	if (pick->at == pick->n)
		pick->at = 0;
	if (pick->n)
		try_again(pick->entry[pick->at], now_us);
}

struct fallback_entry *fallback_now(const struct fallback_pick *pick)
{
	return pick->n ? pick->entry[pick->at] : NULL;
}

static size_t next_of(const struct fallback_pick *pick, uint64_t now_us)
{
	size_t i = pick->at + 1;

	while (i < pick->n && !works(pick->entry[i], now_us))
		i++;
	return i;
}

bool fallback_has_next(const struct fallback_pick *pick, uint64_t now_us)
{
	return pick->n && next_of(pick, now_us) < pick->n;
}

bool fallback_failed(struct fallback_pick *pick, int err, uint64_t now_us)
{
	struct fallback_entry *e = fallback_now(pick);

	if (!e)
		return false;
	e->failures++;
	if (e->failures >= FALLBACK_FAILURES || err == ERR_AUTH ||
	    err == -EDQUOT)
		e->left_out_us = now_us + FALLBACK_OPEN_MS * 1000ULL;
	if (!fallback_has_next(pick, now_us))
		return false;
	pick->at = next_of(pick, now_us);
	try_again(pick->entry[pick->at], now_us);
	return true;
}

void fallback_good(const struct fallback_pick *pick)
{
	struct fallback_entry *e = fallback_now(pick);

	if (!e)
		return;
	e->failures = 0;
	e->left_out_us = 0;
}

void fallback_request(const struct fallback_pick *pick, uint64_t now_us)
{
	struct fallback_entry *e = fallback_now(pick);

	if (e)
		budget_request(&e->budget, now_us);
}

bool fallback_retry(const struct fallback_pick *pick, uint64_t now_us)
{
	struct fallback_entry *e = fallback_now(pick);

	return !e || budget_try(&e->budget, now_us);
}

static const struct fallback_entry *find(const struct fallback *f,
                                         enum stage stage, struct str name)
{
	for (size_t i = 0; i < f->n[stage]; i++)
		if (str_eq(name, f->entry[stage][i].name))
			return &f->entry[stage][i];
	return NULL;
}

/* @any is found, unless NULL; the first of those that work is returned. */
static const char *look(const struct fallback *f, enum stage stage,
                        struct str name, uint64_t now_us, const char **any)
{
	const struct fallback_entry *e = find(f, stage, name);

	if (e && !*any)
		*any = e->name;
	return e && works(e, now_us) ? e->name : NULL;
}

const char *fallback_first(const struct fallback *f, enum stage stage,
                           const char *const *names, size_t n, uint64_t now_us)
{
	struct str rest = str_of(f->order[stage] ? f->order[stage] : "");
	const char *any = NULL, *first = NULL;

	for (size_t i = 0; i < n && !first; i++)
		first = look(f, stage, str_of(names[i]), now_us, &any);
	if (any)
		rest.len = 0;
	while (!first && rest.len)
		first = look(f, stage, str_trim(str_cut(&rest, ',')), now_us,
		             &any);
	return first ? first : any;
}

bool fallback_is_down(const struct fallback *f, enum stage stage,
                      const char *const *names, size_t n, uint64_t now_us)
{
	/* One that works comes first. */
	const char *name = fallback_first(f, stage, names, n, now_us);
	const struct fallback_entry *e =
		name ? find(f, stage, str_of(name)) : NULL;

	return e && !works(e, now_us);
}
