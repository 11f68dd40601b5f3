#define _GNU_SOURCE
#include "tests/sim/lib/plivo_make.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "tests/sim/lib/plivo_url.h"

enum {
	DAY_SEC = 86400,
	CALLER_NAME_MAX = 50, /* characters */
	DESTINATIONS_MAX = 1000,
};

enum kind { NUMBER, DESTINATIONS, URL, METHOD, TEXT, INT, BOOL, DETECTION };

struct field {
	const char *name;
	enum kind kind;
	int64_t least, most; /* of INT, or the length of TEXT */
};

static const struct field fields[] = {
	{"from", NUMBER, 0, 0},
	{"to", DESTINATIONS, 0, 0},
	{"answer_url", URL, 0, 0},
	{"answer_method", METHOD, 0, 0},
	{"ring_url", URL, 0, 0},
	{"ring_method", METHOD, 0, 0},
	{"hangup_url", URL, 0, 0},
	{"hangup_method", METHOD, 0, 0},
	{"fallback_url", URL, 0, 0},
	{"fallback_method", METHOD, 0, 0},
	{"machine_detection_url", URL, 0, 0},
	{"machine_detection_method", METHOD, 0, 0},
	{"caller_name", TEXT, 0, CALLER_NAME_MAX},
	{"send_digits", TEXT, 1, 200},
	{"send_on_preanswer", BOOL, 0, 0},
	{"time_limit", INT, 1, INT32_MAX},
	{"hangup_on_ring", INT, 0, DAY_SEC},
	{"ring_timeout", INT, 0, DAY_SEC},
	{"machine_detection", DETECTION, 0, 0},
	{"machine_detection_time", INT, 2000, 10000},
	{"machine_detection_maximum_speech_length", INT, 1000, 6000},
	{"machine_detection_initial_silence", INT, 2000, 10000},
	{"machine_detection_maximum_words", INT, 2, 10},
	{"machine_detection_initial_greeting", INT, 1000, 5000},
	{"sip_headers", TEXT, 1, 4000},
	{"parent_call_uuid", TEXT, 36, 36},
	{"error_if_parent_not_found", BOOL, 0, 0},
	{"log", BOOL, 0, 0},
};

static bool number_ok(const char *text)
{
	const char *digits = *text == '+' ? text + 1 : text;
	const size_t n = strspn(digits, "0123456789");

	return n >= 3 && n <= 15 && !digits[n] && digits[0] != '0';
}

static bool destination_ok(struct str one)
{
	char text[256];

	if (str_copy(text, sizeof(text), one))
		return false;
	if (!strncmp(text, "sip:", 4))
		return strchr(text, '@') && !strpbrk(text, " \t\r\n<>");
	return number_ok(text);
}

static bool destinations_ok(const char *text)
{
	struct str rest = str_of(text);
	unsigned n = 0;

	do {
		if (!destination_ok(str_cut(&rest, '<')) ||
		    ++n > DESTINATIONS_MAX)
			return false;
	} while (rest.v);
	return true;
}

static bool url_ok(const char *text)
{
	struct psim_url *u = mem_alloc(sizeof(*u));
	struct psim_rule rule;
	char why[32];
	const bool ok = u && !psim_url_parse(u, text) &&
	                !strncmp(u->scheme, "http", 4) &&
	                !psim_rule_parse(&rule, u->fragment, why);

	mem_free(u);
	return ok;
}

static bool value_ok(const struct field *f, const json_t *v)
{
	const char *text = json_string_value(v);

	switch (f->kind) {
	case NUMBER:
		return text && number_ok(text);
	case DESTINATIONS:
		return text && destinations_ok(text);
	case URL:
		return text && url_ok(text);
	case METHOD:
		return text && (!strcmp(text, "GET") || !strcmp(text, "POST"));
	case TEXT:
		return text && (int64_t)strlen(text) >= f->least &&
		       (int64_t)strlen(text) <= f->most;
	case INT:
		return json_is_integer(v) &&
		       json_integer_value(v) >= f->least &&
		       json_integer_value(v) <= f->most;
	case BOOL:
		return json_is_boolean(v);
	case DETECTION:
		return text &&
		       (!strcmp(text, "true") || !strcmp(text, "hangup"));
	default:
		return false;
	}
}

static const struct field *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!strcmp(name, fields[i].name))
			return &fields[i];
	return NULL;
}

static bool in_list(const char *from, const char *to)
{
	struct str rest = str_of(to);

	from += *from == '+';
	while (rest.len) {
		struct str one = str_cut(&rest, '<');

		if (str_starts(one, "+"))
			one = str_n(one.v + 1, one.len - 1);
		if (str_eq(one, from))
			return true;
	}
	return false;
}

static bool rented(const struct psim_options *o, const char *from)
{
	if (!o->number_count)
		return true;
	for (size_t i = 0; i < o->number_count; i++) {
		const char *have = o->numbers[i];

		if (!strcmp(have + (*have == '+'), from + (*from == '+')))
			return true;
	}
	return false;
}

/* Rules that need more than one field, or the account. */
static int check_whole(const struct psim *s, const json_t *body, char *why)
{
	const char *from = js_str(body, "from", ""),
		   *to = js_str(body, "to", "");
	const char *barred = s->o->barred;

	if (in_list(from, to)) {
		(void)snprintf(why, PSIM_WHY_MAX,
		               "to parameter contains the from number");
		return 400;
	}
	if (!rented(s->o, from)) {
		(void)snprintf(why, PSIM_WHY_MAX,
		               "from parameter is invalid. %s is not "
		               "associated with your account. Use a phone "
		               "number rented on your account.",
		               from);
		return 400;
	}
	if (barred && str_starts(str_of(to + (*to == '+')), barred)) {
		(void)snprintf(why, PSIM_WHY_MAX,
		               "Calls to this destination region are barred");
		return 403;
	}
	return 0;
}

int psim_make_check(struct psim *s, json_t *body, char why[PSIM_WHY_MAX])
{
	static const char *const must[] = {"from", "to", "answer_url"};
	const char *key;
	json_t *value;

	for (size_t i = 0; i < ARRAY_LEN(must); i++)
		if (!json_object_get(body, must[i])) {
			(void)snprintf(why, PSIM_WHY_MAX,
			               "%s parameter not present", must[i]);
			return 400;
		}
	json_object_foreach(body, key, value)
	{
		const struct field *f = find(key);

		if (!f) {
			psim_warning(
				s, NULL,
				"Make Call with an unknown field \"%.60s\"",
				key);
		} else if (!value_ok(f, value)) {
			(void)snprintf(why, PSIM_WHY_MAX,
			               "%s parameter is invalid", key);
			return 400;
		}
	}
	if (!json_object_get(body, "hangup_url"))
		psim_warning(s, NULL, "Make Call without hangup_url");
	return check_whole(s, body, why);
}
