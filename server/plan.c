#include "server/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/plan_table.h"

enum {
	CODE_MAX = 3,      /* digits of a country code */
	NATIONAL_MAX = 14, /* digits without the code */
	PREFIX_MAX = 8,    /* digits of the table's longest prefix */
};

static int by_code(const void *key, const void *row)
{
	return strcmp(key, ((const struct plan_code *)row)->code);
}

static int by_prefix(const void *key, const void *row)
{
	return strcmp(key, ((const struct plan_prefix *)row)->prefix);
}

/* @n digits of @e164, without the plus. False: it has not so many. */
static bool cut(char dst[PREFIX_MAX + 1], const char *e164, size_t n)
{
	if (strlen(e164 + 1) < n)
		return false;
	snprintf(dst, PREFIX_MAX + 1, "%.*s", (int)n, e164 + 1);
	return true;
}

/* No code begins with another one. */
static const struct plan_code *find_code(const char *e164)
{
	char digits[PREFIX_MAX + 1];
	const struct plan_code *c = NULL;

	for (size_t n = 1; n <= CODE_MAX && !c && cut(digits, e164, n); n++)
		c = bsearch(digits, plan_codes, plan_codes_n,
		            sizeof(*plan_codes), by_code);
	return c;
}

const char *const *plan_zones(const char *e164)
{
	const struct plan_code *c = find_code(e164);
	char digits[PREFIX_MAX + 1];

	if (!c)
		return NULL;
	for (size_t n = PREFIX_MAX; n > strlen(c->code); n--) {
		const struct plan_prefix *p =
			cut(digits, e164, n)
				? bsearch(digits, plan_prefixes,
		                          plan_prefixes_n,
		                          sizeof(*plan_prefixes), by_prefix)
				: NULL;

		if (p)
			return plan_sets[p->set];
	}
	return c->set < 0 ? NULL : plan_sets[c->set];
}

bool plan_possible(const char *e164)
{
	const struct plan_code *c = find_code(e164);

	size_t n = c ? strlen(e164 + 1) - strlen(c->code) : 0;

	return c && n <= NATIONAL_MAX && c->lengths >> n & 1;
}

const char *const *plan_set(unsigned i)
{
	return i < plan_sets_n ? plan_sets[i] : NULL;
}
