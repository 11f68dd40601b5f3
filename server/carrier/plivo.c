#define _GNU_SOURCE /* timegm() */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/err.h"
#include "common/js.h"
#include "common/str.h"
#include "server/carrier/priv.h"

/* How Plivo fetches our URLs: connect 2 s, answer 5 s, three more attempts,
 * whatever went wrong. Without it an error of ours is final. */
#define RETRY_RULE "#ct=2000&rt=5000&rc=3&rp=all"

enum { LIST_LIMIT = 20 /* finished calls in one answer; Plivo's most */ };

static int add_path(struct carrier_req *out, const struct carrier_account *a,
                    const char *kind, const char *uuid)
{
	int err = buf_addf(&out->url, "%s/v1/Account/", a->api_url);

	if (!err)
		err = str_escape(&out->url, str_of(a->auth_id));
	if (!err)
		err = buf_addf(&out->url, "/%s/", kind);
	if (!err && uuid)
		err = str_escape(&out->url, str_of(uuid));
	if (!err && uuid)
		err = buf_adds(&out->url, "/");
	return err;
}

static int add_text(struct buf *out, const char *key, const char *value)
{
	int err = buf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);

	return err ? err : js_quote(out, value, strlen(value));
}

static int add_number(struct buf *out, const char *key, uint32_t value)
{
	return buf_addf(out, ",\"%s\":%u", key, value);
}

static int add_url(struct buf *out, const char *key, const char *url)
{
	struct buf text;
	int err;

	buf_init(&text, CARRIER_BODY_MAX);
	err = buf_addf(&text, "%s" RETRY_RULE, url);
	if (!err)
		err = add_text(out, key, buf_str(&text));
	buf_fini(&text);
	return err;
}

/* Plivo takes letters, digits and % in a value, and puts "X-PH-" before the
 * name. An id has - and _ besides (base64url). */
static int add_id(struct buf *out, const char *id)
{
	int err;

	if (!id)
		return 0;
	err = buf_adds(out, ",\"sip_headers\":\"dialoutcall=");
	for (; !err && *id; id++)
		err = isalnum((unsigned char)*id)
		              ? buf_add(out, id, 1)
		              : buf_addf(out, "%%%02X", (unsigned char)*id);
	return err ? err : buf_adds(out, "\"");
}

/* With a URL of its own the detection holds nothing up. */
static int add_detection(struct buf *out, const char *url)
{
	int err;

	if (!url)
		return 0;
	err = add_text(out, "machine_detection", "true");
	if (!err)
		err = add_url(out, "machine_detection_url", url);
	return err ? err : add_text(out, "machine_detection_method", "POST");
}

static int write_dial(struct carrier_req *out, const struct carrier_account *a,
                      const struct carrier_dial *d)
{
	struct buf *b = &out->body;
	int err = add_path(out, a, "Call", NULL);

	out->method = "POST";
	if (!err)
		err = buf_adds(b, "{");
	if (!err)
		err = add_text(b, "from", d->from);
	if (!err)
		err = add_text(b, "to", d->to);
	if (!err)
		err = add_url(b, "answer_url", d->answer_url);
	if (!err)
		err = add_text(b, "answer_method",
		               d->answer_get ? "GET" : "POST");
	if (!err)
		err = add_url(b, "ring_url", d->ring_url);
	if (!err)
		err = add_text(b, "ring_method", "POST");
	/* Without it Plivo would fetch answer_url again at the end. */
	if (!err)
		err = add_url(b, "hangup_url", d->hangup_url);
	if (!err)
		err = add_text(b, "hangup_method", "POST");
	if (!err)
		err = add_detection(b, d->machine_url);
	if (!err)
		err = add_id(b, d->id);
	if (!err)
		err = add_number(b, "time_limit", d->time_limit_sec);
	if (!err)
		err = add_number(b, "ring_timeout", d->ring_sec);
	return err ? err : buf_adds(b, "}");
}

static bool good_uuid(const char *v)
{
	size_t i;

	for (i = 0; v[i]; i++) {
		if (!isalnum((unsigned char)v[i]) && v[i] != '-')
			return false;
	}
	return i > 0 && i < CARRIER_UUID_MAX;
}

/* A text for one destination, an array of them for several. */
static const char *request_uuid(const json_t *answer)
{
	const json_t *v = json_object_get(answer, "request_uuid");
	const char *text;

	if (json_is_array(v) && json_array_size(v) == 1)
		v = json_array_get(v, 0);
	text = json_string_value(v);
	return text && good_uuid(text) ? text : NULL;
}

/* Plivo's errors are {"error": text}, but nothing promises it. */
static void error_text(const struct fetch_result *r,
                       char text[CARRIER_TEXT_MAX])
{
	json_t *answer = js_parse(r->body, r->body_len, NULL, 0);
	const char *error = js_str(answer, "error", NULL);
	size_t i;

	if (!error)
		error = js_str(answer, "message", r->body);
	snprintf(text, CARRIER_TEXT_MAX, "%s", error);
	for (i = 0; text[i]; i++) {
		if (iscntrl((unsigned char)text[i]))
			text[i] = ' ';
	}
	json_decref(answer);
}

static void read_placed(const struct fetch_result *r, struct carrier_outcome *o,
                        char uuid[CARRIER_UUID_MAX],
                        char text[CARRIER_TEXT_MAX])
{
	json_t *answer = js_parse(r->body, r->body_len, NULL, 0);
	const char *v = request_uuid(answer);

	if (v) {
		snprintf(uuid, CARRIER_UUID_MAX, "%s", v);
		o->result = CARRIER_PLACED;
	} else {
		o->result = CARRIER_UNKNOWN;
		snprintf(text, CARRIER_TEXT_MAX,
		         "the answer %d has no request_uuid", r->status);
	}
	json_decref(answer);
}

static enum carrier_result result_of(const struct fetch_result *r)
{
	if (!r->status)
		return r->sent ? CARRIER_UNKNOWN : CARRIER_UNREACHED;
	if (r->status == 401)
		return CARRIER_AUTH;
	if (r->status == 429)
		return CARRIER_BUSY;
	/* A proxy may give up on a request that Plivo has read whole. */
	if (r->status == 408)
		return CARRIER_UNKNOWN;
	return r->status / 100 == 4 ? CARRIER_REFUSED : CARRIER_UNKNOWN;
}

static void read_dialed(const struct fetch_result *r, struct carrier_outcome *o,
                        char uuid[CARRIER_UUID_MAX],
                        char text[CARRIER_TEXT_MAX])
{
	uuid[0] = text[0] = '\0';
	o->uuid = uuid;
	o->text = text;
	o->status = r->status;
	o->retry_after_sec = r->retry_after_sec;
	if (!r->err && r->status / 100 == 2) {
		read_placed(r, o, uuid, text);
		return;
	}
	o->result = result_of(r);
	if (r->err)
		snprintf(text, CARRIER_TEXT_MAX, "%s", err_str(r->err));
	else
		error_text(r, text);
}

static int write_hangup(struct carrier_req *out,
                        const struct carrier_account *a, const char *uuid)
{
	out->method = "DELETE";
	return add_path(out, a, "Call", uuid);
}

static int write_leave(struct carrier_req *out, const struct carrier_account *a,
                       const char *uuid)
{
	int err = add_path(out, a, "Call", uuid);

	out->method = "DELETE";
	return err ? err : buf_adds(&out->url, "Stream/");
}

static int write_cancel(struct carrier_req *out,
                        const struct carrier_account *a, const char *uuid)
{
	out->method = "DELETE";
	return add_path(out, a, "Request", uuid);
}

static int write_transfer(struct carrier_req *out,
                          const struct carrier_account *a, const char *uuid,
                          const char *url)
{
	struct buf *b = &out->body;
	int err = add_path(out, a, "Call", uuid);

	out->method = "POST";
	if (!err)
		err = buf_adds(b, "{");
	if (!err)
		err = add_text(b, "legs", "aleg");
	if (!err)
		err = add_url(b, "aleg_url", url);
	if (!err)
		err = add_text(b, "aleg_method", "POST");
	return err ? err : buf_adds(b, "}");
}

static int write_ask(struct carrier_req *out, const struct carrier_account *a,
                     enum carrier_list list, const char *uuid, const char *to)
{
	int err = add_path(out, a, "Call", uuid);

	out->method = "GET";
	if (err)
		return err;
	if (list != CARRIER_FINISHED)
		return buf_addf(&out->url, "?status=%s",
		                list == CARRIER_LIVE ? "live" : "queued");
	if (uuid)
		return 0;
	err = buf_addf(&out->url, "?limit=%d", (int)LIST_LIMIT);
	if (!err && to)
		err = buf_adds(&out->url, "&to_number=");
	if (!err && to)
		err = str_escape(&out->url, str_of(to));
	return err;
}

/* Two digits at @v, or -1. */
static int two(const char *v)
{
	if (!isdigit((unsigned char)v[0]) || !isdigit((unsigned char)v[1]))
		return -1;
	return (v[0] - '0') * 10 + v[1] - '0';
}

/* "2017-05-22 17:49:40+05:30", a fraction allowed, as Unix time [ms]; 0 for
 * anything else, such as a time without a zone. */
static int64_t read_time(const char *v)
{
	enum { LEN = 19 };
	struct tm tm = {.tm_isdst = 0};
	int century, hours, minutes;
	int64_t sec;

	if (strlen(v) < LEN || v[4] != '-' || v[7] != '-' || v[13] != ':' ||
	    v[16] != ':')
		return 0;
	century = two(v);
	tm.tm_year = two(v + 2);
	tm.tm_mon = two(v + 5) - 1;
	tm.tm_mday = two(v + 8);
	tm.tm_hour = two(v + 11);
	tm.tm_min = two(v + 14);
	tm.tm_sec = two(v + 17);
	if (century < 19 || tm.tm_year < 0 || tm.tm_mon < 0 || tm.tm_mday < 1 ||
	    tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
		return 0;
	tm.tm_year += century * 100 - 1900;
	sec = (int64_t)timegm(&tm);
	v += LEN;
	if (*v == '.')
		v += 1 + strspn(v + 1, "0123456789");
	if (!strcmp(v, "Z"))
		return sec * 1000;
	if ((*v != '+' && *v != '-') || strlen(v) != 6 || v[3] != ':')
		return 0;
	hours = two(v + 1);
	minutes = two(v + 4);
	if (hours < 0 || minutes < 0)
		return 0;
	sec -= (*v == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
	return sec * 1000;
}

/* Live calls say "to", finished ones "to_number". */
static void give_call(const json_t *o, carrier_info_h *h, void *arg)
{
	const struct carrier_info info = {
		.uuid = js_str(o, "call_uuid", ""),
		.to = js_str(o, "to", js_str(o, "to_number", "")),
		.from = js_str(o, "from", js_str(o, "from_number", "")),
		.cause = js_str(o, "hangup_cause_name", ""),
		.source = js_str(o, "hangup_source", ""),
		.cause_code = (int)js_int(o, "hangup_cause_code", 0),
		.answered = js_str(o, "answer_time", NULL) != NULL,
		.began_ms = read_time(js_str(o, "initiation_time", "")),
	};

	if (good_uuid(info.uuid))
		h(&info, 0, arg);
}

static void give_uuid(const json_t *v, carrier_info_h *h, void *arg)
{
	const struct carrier_info info = {.uuid = json_string_value(v),
	                                  .to = "",
	                                  .from = "",
	                                  .cause = "",
	                                  .source = ""};

	if (info.uuid && good_uuid(info.uuid))
		h(&info, 0, arg);
}

static int read_asked(const struct fetch_result *r, enum carrier_list list,
                      carrier_info_h *h, void *arg)
{
	json_t *answer = js_parse(r->body, r->body_len, NULL, 0);
	const json_t *calls, *v;
	size_t i;
	int err = 0;

	calls = json_object_get(answer,
	                        list == CARRIER_FINISHED ? "objects" : "calls");
	if (json_is_array(calls)) {
		json_array_foreach(calls, i, v)
		{
			if (json_is_object(v))
				give_call(v, h, arg);
			else
				give_uuid(v, h, arg);
		}
	} else if (json_object_get(answer, "call_uuid")) {
		give_call(answer, h, arg);
	} else {
		err = ERR_PROTO;
	}
	json_decref(answer);
	return err;
}

const struct carrier_ops carrier_plivo_ops = {
	.name = "plivo",
	.dial = write_dial,
	.dialed = read_dialed,
	.hangup = write_hangup,
	.leave = write_leave,
	.cancel = write_cancel,
	.transfer = write_transfer,
	.ask = write_ask,
	.asked = read_asked,
};
