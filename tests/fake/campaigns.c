#include "tests/fake/campaigns.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/test.h"

#define CSV "Content-Type: text/csv\r\n"

void campaign_add(struct world *w, char id[CAMPAIGN_ID_LEN], const char *query,
                  const char *list)
{
	char target[128];

	snprintf(target, sizeof(target), "/campaigns%s", query);
	world_do(w, "POST", target, CSV, list);
	CHECK_INT(202, w->a.status);
	snprintf(id, CAMPAIGN_ID_LEN, "%s", world_member(w, "campaign_id"));
}

void campaign_ask(struct world *w, const char *id, const char *method,
                  const char *what)
{
	char target[128];

	snprintf(target, sizeof(target), "/campaigns/%s%s", id, what);
	world_do(w, method, target, "", method[0] == 'P' ? "" : NULL);
}

const char *campaign_look(struct world *w, const char *id, const char *member)
{
	campaign_ask(w, id, "GET", "");
	CHECK_INT(200, w->a.status);
	return world_member(w, member);
}

/* Looks of 20 ms within ten seconds, more where everything is slower. */
static unsigned looks(void)
{
	return test_ms(10000) / 20;
}

void campaign_await(struct world *w, const char *id, const char *member,
                    const char *value)
{
	const unsigned most = looks();

	for (unsigned i = 0; i < most; i++) {
		if (!strcmp(campaign_look(w, id, member), value))
			return;
		test_pause(20);
	}
	test_fail(__FILE__, __LINE__, "%s is not %s: %s", member, value,
	          w->a.body);
}

void campaign_results_say(struct world *w, const char *id, const char *text)
{
	campaign_ask(w, id, "GET", "/results");
	CHECK_INT(200, w->a.status);
	if (!strstr(w->a.body, text))
		test_fail(__FILE__, __LINE__, "no \"%s\": %s", text, w->a.body);
}

void campaign_await_results(struct world *w, const char *id, const char *text)
{
	const unsigned most = looks();

	for (unsigned i = 0; i < most; i++) {
		campaign_ask(w, id, "GET", "/results");
		if (strstr(w->a.body, text))
			break;
		test_pause(20);
	}
	campaign_results_say(w, id, text);
}
