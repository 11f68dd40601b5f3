#define _GNU_SOURCE
#include "tests/sim/lib/plivo_journal.h"

#include <errno.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/plivo_loop.h"

enum {
	LINES_MAX = 48 * 1024 * 1024, /* [bytes] for /sim/journal */
	LINE_MAX_LEN = 1024 * 1024,   /* [bytes] of one entry */
	LISTED_MAX = 200,             /* violations in /sim/state */
	SHOWN_MAX = 100,              /* [bytes] of a value on the screen */
};

int psim_journal_open(struct psim_journal *j, const char *path, bool quiet)
{
	*j = (struct psim_journal){.quiet = quiet, .began_us = psim_now_us()};
	buf_init(&j->lines, LINES_MAX);
	j->violation_list = json_array();
	if (!path)
		return 0;
	j->file = fopen(path, "w");
	if (!j->file)
		return -errno;
	setvbuf(j->file, NULL, _IOLBF, BUFSIZ);
	return 0;
}

void psim_journal_close(struct psim_journal *j)
{
	if (j->file)
		fclose(j->file);
	j->file = NULL;
	json_decref(j->violation_list);
	j->violation_list = NULL;
	buf_fini(&j->lines);
}

static bool hidden(const char *key)
{
	static const char *const keys[] = {"n",    "t_ms", "event",
	                                   "call", "body", "params"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static void show_value(const char *key, const json_t *v)
{
	if (json_is_string(v) && (!strcmp(key, "to") || !strcmp(key, "from"))) {
		char mask[STR_PHONE_MAX];

		printf(" %s=%s", key,
		       str_mask_phone(mask, json_string_value(v)));
	} else if (json_is_string(v))
		printf(" %s=\"%.*s\"", key, SHOWN_MAX, json_string_value(v));
	else if (json_is_integer(v))
		printf(" %s=%lld", key, (long long)json_integer_value(v));
	else if (json_is_real(v))
		printf(" %s=%.1f", key, json_real_value(v));
	else if (json_is_boolean(v))
		printf(" %s=%s", key, json_is_true(v) ? "yes" : "no");
}

static void show(json_t *entry, const char *event, const char *call)
{
	const char *key;
	json_t *value;

	printf("%9.3f  %.8s  %s",
	       (double)json_integer_value(json_object_get(entry, "t_ms")) /
	               1000,
	       call ? call : "-       ", event);
	json_object_foreach(entry, key, value)
	{
		if (!hidden(key))
			show_value(key, value);
	}
	printf("\n");
	fflush(stdout);
}

void psim_journal_put(struct psim_journal *j, const char *event,
                      const char *call, long at_ms, json_t *extra)
{
	json_t *entry =
		json_pack("{s:i, s:I, s:s}", "n", (int)++j->entries, "t_ms",
	                  (json_int_t)((psim_now_us() - j->began_us) / 1000),
	                  "event", event);
	struct buf line;

	if (!strcmp(event, "violation")) {
		j->violations++;
		if (json_array_size(j->violation_list) < LISTED_MAX)
			json_array_append(j->violation_list,
			                  json_object_get(extra, "what"));
	}
	if (!strcmp(event, "warning"))
		j->warnings++;
	if (call)
		json_object_set_new(entry, "call", json_string(call));
	if (at_ms >= 0)
		json_object_set_new(entry, "at_ms", json_integer(at_ms));
	if (extra)
		json_object_update(entry, extra);
	json_decref(extra);

	buf_init(&line, LINE_MAX_LEN);
	if (!js_dump(&line, entry) && !buf_add(&line, "\n", 1)) {
		if (j->file)
			fwrite(line.v, 1, line.len, j->file);
		if (buf_add(&j->lines, line.v, line.len))
			j->full = true;
	} else {
		j->full = true;
	}
	if (!j->quiet)
		show(entry, event, call);
	buf_fini(&line);
	json_decref(entry);
}
