#include "server/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/jtext.h"
#include "common/log.h"

enum {
	PHONE_TEXT_MAX = 64,           /* [bytes] a number with decoration */
	IGNORED_MAX = 16 * 1024,       /* [bytes] */
	DEPTH_ALL = REQUEST_DEPTH + 1, /* the data lie in an object */
};

static const char *const names[] = {"phone_number", "body", "agent",
                                    "events_url"};

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
		              "Missing 'phone_number' in the request body");
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
	              "its country code, such as \"+15551234567\"");
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
	              "agent must be a name of at most %d of "
	              "[A-Za-z0-9_-]",
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
	              "events_url must be an address of at most %d characters",
	              REQUEST_URL_MAX - 1);
}

static int read_body(struct request *r, struct str json,
                     char why[REQUEST_WHY_MAX])
{
	struct str v;

	if (jtext_get(json, "body", &v) || jtext_falsy(v))
		return 0;
	if (v.len > REQUEST_BODY_MAX)
		return refuse(why, 413, "body has %zu bytes, the limit is %d",
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

int request_read(struct request *r, struct str json, char why[REQUEST_WHY_MAX])
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
		return refuse(why, 400, "The JSON is nested deeper than %d",
		              REQUEST_DEPTH);
	if (err)
		return refuse(why, 400, "The body is not JSON: %s at byte %zu",
		              fault.what, fault.at);
	if (jtext_type(json) != JTEXT_OBJECT)
		return refuse(why, 400, "The body must be a JSON object");
	status = read_phone(r, json, why);
	if (!status)
		status = read_agent(r, json, why);
	if (!status)
		status = read_events_url(r, json, why);
	if (!status)
		status = read_body(r, json, why);
	if (!status && read_names(r, json))
		status = refuse(why, 500, "no memory");
	return status;
}

void request_fini(struct request *r)
{
	buf_fini(&r->ignored);
}
