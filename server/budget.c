#include "server/budget.h"

#include <errno.h>
#include <string.h>

#include "common/str.h"

static const struct {
	const char *name, *text;
	int64_t ms;
} spans[BUDGET_SPANS] = {
	[BUDGET_MINUTE] = {"minute", "a minute", INT64_C(60000)},
	[BUDGET_HOUR] = {"hour", "an hour", INT64_C(3600000)},
	[BUDGET_DAY] = {"day", "a day", INT64_C(86400000)},
};

static int read_one(struct budget *b, struct str one, enum budget_span bare)
{
	struct str rest = one, amount = str_trim(str_cut(&rest, '/'));
	unsigned at = bare;
	uint64_t n;

	if (rest.v) {
		for (at = 0; at < BUDGET_SPANS; at++)
			if (str_eq(str_trim(rest), spans[at].name))
				break;
		if (at == BUDGET_SPANS)
			return -EINVAL;
	}
	if (b->per[at] || str_u64(amount, BUDGET_MAX, &n) || !n)
		return -EINVAL;
	b->per[at] = (int64_t)n;
	return 0;
}

int budget_parse(struct budget *b, const char *text, enum budget_span bare)
{
	struct str rest = str_of(text);
	int err = 0;

	memset(b, 0, sizeof(*b));
	while (rest.v && !err)
		err = read_one(b, str_trim(str_cut(&rest, ',')), bare);
	return err;
}

int64_t budget_least(const struct budget *b)
{
	int64_t least = 0;

	for (unsigned i = 0; i < BUDGET_SPANS; i++)
		if (b->per[i] && (!least || b->per[i] < least))
			least = b->per[i];
	return least;
}

void budget_join(struct budget *b, const struct budget *with)
{
	for (unsigned i = 0; i < BUDGET_SPANS; i++)
		if (with->per[i] && (!b->per[i] || with->per[i] < b->per[i]))
			b->per[i] = with->per[i];
}

const char *budget_span_text(enum budget_span span)
{
	return spans[span].text;
}

int64_t budget_span_ms(enum budget_span span)
{
	return spans[span].ms;
}
