/* What a test can see of the town: the ledger and plivo-sim's journal. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

json_t *town_call(struct town *t, const char *call_id)
{
	struct http_answer a;
	char url[256];
	json_t *call;

	snprintf(url, sizeof(url), "%s/calls/%s", t->server.url, call_id);
	http_get(&a, url);
	if (a.status != 200)
		test_fail(__FILE__, __LINE__, "%s: %ld %s", url, a.status,
		          a.body);
	call = json_incref(a.json);
	http_done(&a);
	return call;
}

static NORETURN void waited_in_vain(struct town *t, const json_t *call,
                                    const char *what)
{
	town_print_logs(t);
	test_fail(__FILE__, __LINE__, "not %s: %s", what,
	          json_dumps(call, JSON_INDENT(1)));
}

/* There is nothing to wait on: the ledger is asked, as a user would. */
json_t *town_wait(struct town *t, const char *call_id, const char *state,
                  unsigned ms)
{
	for (unsigned waited = 0;; waited += 20) {
		json_t *call = town_call(t, call_id);

		if (!strcmp(town_str(call, "state"), state))
			return call;
		if (waited >= ms || *town_str(call, "ended_at"))
			waited_in_vain(t, call, state);
		json_decref(call);
		test_pause(20);
	}
}

static bool bot_has_told(const json_t *call)
{
	const json_t *events = json_object_get(call, "events"), *one;
	size_t i;

	json_array_foreach(events, i, one)
	{
		if (!strcmp(town_str(one, "source"), "bot") &&
		    !strcmp(town_str(one, "type"), "ended"))
			return true;
	}
	return false;
}

json_t *town_wait_told(struct town *t, const char *call_id, unsigned ms)
{
	for (unsigned waited = 0;; waited += 20) {
		json_t *call = town_call(t, call_id);

		if (*town_str(call, "ended_at") && bot_has_told(call))
			return call;
		if (waited >= test_ms(ms))
			waited_in_vain(t, call, "ended and told by the bot");
		json_decref(call);
		test_pause(20);
	}
}

const json_t *town_at(const json_t *o, const char *path)
{
	char name[64];

	while (o && *path) {
		size_t n = strcspn(path, ".");

		CHECK(n < sizeof(name));
		memcpy(name, path, n);
		name[n] = '\0';
		o = json_is_array(o)
		            ? json_array_get(o, strtoul(name, NULL, 10))
		            : json_object_get(o, name);
		path += n + (path[n] == '.');
	}
	return o;
}

const char *town_str(const json_t *o, const char *path)
{
	const char *v = json_string_value(town_at(o, path));

	return v ? v : "";
}

long town_int(const json_t *o, const char *path)
{
	const json_t *v = town_at(o, path);

	return json_is_number(v) ? (long)json_number_value(v) : -1;
}

json_t *town_journal(struct town *t)
{
	char path[192], *text;
	json_t *all = json_array();
	char *save, *line;

	snprintf(path, sizeof(path), "%s/journal.jsonl", t->dir);
	text = strdup(proc_file(path));
	CHECK(text != NULL);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		json_t *one = json_loads(line, 0, NULL);

		if (one)
			json_array_append_new(all, one);
	}
	free(text);
	return all;
}

static bool is_one(const json_t *line, const char *event, const char *call)
{
	return !strcmp(town_str(line, "event"), event) &&
	       (!call || !strcmp(town_str(line, "call"), call));
}

const json_t *town_find(const json_t *journal, const char *event,
                        const char *call, unsigned nth)
{
	size_t i;
	const json_t *one;

	json_array_foreach(journal, i, one)
	{
		if (is_one(one, event, call) && !nth--)
			return one;
	}
	return NULL;
}

unsigned town_count(const json_t *journal, const char *event, const char *call)
{
	unsigned n = 0;

	while (town_find(journal, event, call, n))
		n++;
	return n;
}

void town_wait_journal(struct town *t, const char *event, unsigned n,
                       unsigned ms)
{
	for (unsigned waited = 0;; waited += 20) {
		json_t *journal = town_journal(t);
		bool found = town_find(journal, event, NULL, n) != NULL;

		json_decref(journal);
		if (found)
			return;
		if (waited >= test_ms(ms)) {
			town_print_logs(t);
			test_fail(__FILE__, __LINE__, "no %s after %u ms",
			          event, ms);
		}
		test_pause(20);
	}
}
