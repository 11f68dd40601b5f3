/*
 * A list of people, as CSV and as NDJSON. Each row stands for itself: one that
 * is to be called has all it needs, and any other says why not.
 */
#include "common/jtext.h"
#include "server/campaign_list.h"
#include "tests/fuzz/fuzz.h"

enum { NOW_MS = 1000000000 };

static void check_good(const struct store_row *r,
                       const struct campaign_list_opts *o)
{
	must(r->to[0] == '+' && !r->why);
	must(!jtext_check(str_of(r->phone_number), JTEXT_DEPTH_MAX, NULL));
	must(!r->body || !jtext_check(str_of(r->body), JTEXT_DEPTH_MAX, NULL));
	must(!r->events_url || strlen(r->events_url) < REQUEST_URL_MAX);
	must(!r->expires_ms ||
	     (r->expires_ms > o->now_ms && r->expires_ms > r->due_ms));
	must(r->priority >= -WHEN_PRIORITY_MAX &&
	     r->priority <= WHEN_PRIORITY_MAX);
}

static void check_list(const struct campaign_list *l,
                       const struct campaign_list_opts *o)
{
	size_t good = 0;

	must(l->n <= STORE_CAMPAIGN_ROWS);
	for (size_t i = 0; i < l->n; i++) {
		const struct store_row *r = &l->rows[i];

		must(!i || l->rows[i - 1].line < r->line);
		if (strcmp(r->state, "waiting") != 0) {
			must(r->why && r->why[0]);
			continue;
		}
		check_good(r, o);
		good++;
	}
	must(good == l->good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len), why[CAMPAIGN_LIST_WHY_MAX];
	struct campaign_list_opts opts = {
		.now_ms = NOW_MS, .when = {.expires_ms = NOW_MS + 60000}};

	for (int ndjson = 0; ndjson < 2; ndjson++) {
		struct campaign_list l;
		int status;

		opts.ndjson = ndjson;
		why[0] = '\0';
		status = campaign_list_read(&l, str_n(v, len), &opts, why);
		if (!status)
			check_list(&l, &opts);
		else
			must((status == 413 || status == 422) && why[0]);
		campaign_list_fini(&l);
	}
	free(v);
	must(mem_live() == 0);
	return 0;
}
