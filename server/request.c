#include "server/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/jtext.h"
#include "common/log.h"

enum {
	PHONE_TEXT_MAX = 64,           /* [bytes] a number with decoration */
	WHEN_TEXT_MAX = 64,            /* [bytes] a time */
	IGNORED_MAX = 16 * 1024,       /* [bytes] */
	DEPTH_ALL = REQUEST_DEPTH + 1, /* the data lie in an object */
};

static const char *const names[] = {"phone_number", "body",       "agent",
                                    "events_url",   "not_before", "expires_at",
                                    "priority"};

PRINTF_LIKE(3, 4)
static int refuse(char why[REQUEST_WHY_MAX], int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, REQUEST_WHY_MAX, fmt, ap);
	va_end(ap);
	return status;
}

/* A whole number as JSON writes one: digits alone. */
static bool is_whole(struct str v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.v[i] < '0' || v.v[i] > '9')
			return false;
	return v.len > 0;
}

static int read_phone(struct request *r, struct str json,
                      char why[REQUEST_WHY_MAX])
{
	char text[PHONE_TEXT_MAX];
	struct str v;

	if (jtext_get(json, "phone_number", &v) || jtext_falsy(v))
		return refuse(why, 400,
		              "Missing 'phone_number' in the request body: "
		              "send {\"phone_number\": \"+15551234567\"}");
	r->as_sent = v;
	if (jtext_type(v) == JTEXT_NUMBER && is_whole(v) &&
	    !number_parse(r->to, v))
		return 0;
	if (jtext_type(v) == JTEXT_STRING &&
	    !jtext_string(text, sizeof(text), v) &&
	    !number_parse(r->to, str_of(text)))
		return 0;
	return refuse(why, 422,
	              "phone_number must be one number of 7 to 15 digits with "
	              "its country code: send it as \"+15551234567\"");
}

bool request_agent_ok(const char *name)
{
	size_t n = strlen(name);

	return n < REQUEST_AGENT_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
	                    "WXYZ0123456789_-") == n;
}

static int read_agent(struct request *r, struct str json,
                      char why[REQUEST_WHY_MAX])
{
	struct str v;

	if (jtext_get(json, "agent", &v) || jtext_falsy(v))
		return 0;
	if (jtext_type(v) == JTEXT_STRING &&
	    !jtext_string(r->agent, sizeof(r->agent), v) &&
	    request_agent_ok(r->agent))
		return 0;
	r->agent[0] = '\0';
	return refuse(why, 422,
	              "agent must be a name of at most %d of [A-Za-z0-9_-]: "
	              "use the name of a file in AGENTS_DIR without .json",
	              REQUEST_AGENT_MAX - 1);
}

static int read_events_url(struct request *r, struct str json,
                           char why[REQUEST_WHY_MAX])
{
	struct str v;

	if (jtext_get(json, "events_url", &v) || jtext_falsy(v))
		return 0;
	if (jtext_type(v) == JTEXT_STRING &&
	    !jtext_string(r->events_url, sizeof(r->events_url), v))
		return 0;
	r->events_url[0] = '\0';
	return refuse(why, 422,
	              "events_url must be an address of at most %d characters: "
	              "send such a one, or leave it out",
	              REQUEST_URL_MAX - 1);
}

static int read_moment(int64_t *ms, const char *name, struct str text,
                       int64_t now_ms, char why[REQUEST_WHY_MAX])
{
	int err = when_parse(text, now_ms, ms);

	/* 0 is no moment; long past is long past. */
	if (!err && *ms <= 0)
		*ms = 1;
	if (err == -ERANGE)
		refuse(why, 0,
		       "%s is more than %d days ahead: send it as seconds from "
		       "now, or as 2026-01-31T09:00:00+01:00",
		       name, WHEN_AHEAD_SEC / 86400);
	else if (err)
		refuse(why, 0,
		       "%s is no time: send it with its zone, as "
		       "2026-01-31T09:00:00+01:00, or as a whole number of "
		       "seconds from now",
		       name);
	return err ? -EINVAL : 0;
}

int request_when_read(struct request_when *w, struct str name, struct str text,
                      int64_t now_ms, char why[REQUEST_WHY_MAX])
{
	if (str_eq(name, "not_before"))
		return str_trim(text).len
		               ? read_moment(&w->not_before_ms, "not_before",
		                             text, now_ms, why)
		               : 0;
	if (str_eq(name, "expires_at"))
		return str_trim(text).len
		               ? read_moment(&w->expires_ms, "expires_at", text,
		                             now_ms, why)
		               : 0;
	if (!str_eq(name, "priority"))
		return -ENOENT;
	if (!str_trim(text).len)
		return 0;
	w->has_priority = !when_priority(text, &w->priority);
	if (w->has_priority)
		return 0;
	return refuse(why, -EINVAL,
	              "priority must be a whole number from -%d to %d, of "
	              "which the higher goes first: send one, or leave it out",
	              WHEN_PRIORITY_MAX, WHEN_PRIORITY_MAX);
}

void request_when_or(struct request_when *w, const struct request_when *other)
{
	if (!w->not_before_ms)
		w->not_before_ms = other->not_before_ms;
	if (!w->expires_ms)
		w->expires_ms = other->expires_ms;
	if (!w->has_priority)
		w->priority = other->priority;
}

int request_when_check(const struct request_when *w, int64_t now_ms,
                       char why[REQUEST_WHY_MAX])
{
	if (w->expires_ms && w->expires_ms <= now_ms)
		return refuse(why, -EINVAL,
		              "expires_at has passed: name a later time, or "
		              "leave it out");
	if (w->expires_ms && w->expires_ms <= w->not_before_ms)
		return refuse(why, -EINVAL,
		              "expires_at must be later than not_before: send "
		              "a later one");
	return 0;
}

/* Texts and numbers, as they are written. */
static int read_when(struct request *r, struct str json, int64_t now_ms,
                     char why[REQUEST_WHY_MAX])
{
	static const char *const members[] = {"not_before", "expires_at",
	                                      "priority"};
	char text[WHEN_TEXT_MAX];
	struct str v;

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		if (jtext_get(json, members[i], &v) ||
		    jtext_type(v) == JTEXT_NULL)
			continue;
		/* What is neither is refused as what it is not. */
		if (jtext_type(v) == JTEXT_STRING)
			v = jtext_string(text, sizeof(text), v) ? str_of("?")
			                                        : str_of(text);
		if (request_when_read(&r->when, str_of(members[i]), v, now_ms,
		                      why))
			return 422;
	}
	return request_when_check(&r->when, now_ms, why) ? 422 : 0;
}

static int read_body(struct request *r, struct str json,
                     char why[REQUEST_WHY_MAX])
{
	struct str v;

	if (jtext_get(json, "body", &v) || jtext_falsy(v))
		return 0;
	if (v.len > REQUEST_BODY_MAX)
		return refuse(why, 413,
		              "body has %zu bytes, the limit is %d: send less",
		              v.len, REQUEST_BODY_MAX);
	r->body = v;
	return 0;
}

/* Which of ours is this raw key? -1: none. */
static int which(struct str key)
{
	/* The quotes stand on both sides of the raw key. */
	struct str quoted = str_n(key.v - 1, key.len + 2);
	char text[32];

	if (jtext_string(text, sizeof(text), quoted))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(text, names[i]))
			return (int)i;
	return -1;
}

static int read_names(struct request *r, struct str json)
{
	unsigned seen[ARRAY_LEN(names)] = {0};
	struct str key, value;
	size_t pos = 0;
	int err = 0;

	while (!err && jtext_next(json, &pos, &key, &value)) {
		int i = which(key);

		if (i >= 0 && seen[i]++ == 1)
			log_line(LOG_INFO, "start", NULL,
			         "event=repeated_key name=%s taken=last",
			         names[i]);
		if (i < 0)
			err = buf_addf(&r->ignored, "%s\"%.*s\"",
			               r->ignored.len ? "," : "[",
			               STR_ARG(key));
	}
	/* A request of nothing but foreign names is not worth a list. */
	if (err == ERR_LIMIT) {
		buf_reset(&r->ignored);
		err = buf_adds(&r->ignored, "[\"...\"");
	}
	if (!err && r->ignored.len)
		err = buf_adds(&r->ignored, "]");
	return err;
}

int request_read(struct request *r, struct str json, int64_t now_ms,
                 char why[REQUEST_WHY_MAX])
{
	struct jtext_fault fault = {0, ""};
	int status, err;

	memset(r, 0, sizeof(*r));
	/* One byte is kept for the bracket that closes the list. */
	buf_init(&r->ignored, IGNORED_MAX);
	why[0] = '\0';
	if (!str_trim(json).len)
		return refuse(why, 400,
		              "The request has no body: send JSON "
		              "with 'phone_number'");
	err = jtext_check(json, DEPTH_ALL, &fault);
	if (err == ERR_LIMIT)
		return refuse(
			why, 400,
			"The JSON is nested deeper than %d: send it flatter",
			REQUEST_DEPTH);
	if (err)
		return refuse(why, 400,
		              "The body is not JSON: look at byte %zu: %s",
		              fault.at, fault.what);
	if (jtext_type(json) != JTEXT_OBJECT)
		return refuse(why, 400,
		              "The body must be a JSON object: send "
		              "{\"phone_number\": \"+15551234567\"}");
	status = read_phone(r, json, why);
	if (!status)
		status = read_agent(r, json, why);
	if (!status)
		status = read_events_url(r, json, why);
	if (!status)
		status = read_when(r, json, now_ms, why);
	if (!status)
		status = read_body(r, json, why);
	if (!status && read_names(r, json))
		status = refuse(
			why, 500,
			"There was no memory for the request: try again");
	return status;
}

void request_fini(struct request *r)
{
	buf_fini(&r->ignored);
}
