#define _GNU_SOURCE
#include "tests/e2e/plivo_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"

enum { ARGS_MAX = 32 };

void rig_open(struct rig *r, const char *script, const char *const *args)
{
	const char *all[ARGS_MAX] = {"--auth-id",    "MATEST00000000000000",
	                             "--auth-token", "token-of-the-test",
	                             "--main-token", "token-of-the-main",
	                             "--quiet"};
	char path[320];
	size_t n = 7;

	memset(r, 0, sizeof(*r));
	(void)snprintf(r->dir, sizeof(r->dir), "%s", proc_temp_dir());
	if (script) {
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/callee.txt", r->dir);
		f = fopen(path, "w");
		CHECK(f && fputs(script, f) >= 0 && !fclose(f));
		all[n++] = "--script";
		all[n++] = path;
	}
	for (; args && *args; args++) {
		CHECK(n < ARGS_MAX - 1);
		all[n++] = *args;
	}
	ppeer_open(&r->peer);
	rig_document(r, "", "<Hangup/>");
	proc_start(&r->sim, "plivo-sim", r->dir, all, NULL);
}

int rig_close(struct rig *r)
{
	json_decref(r->journal);
	ppeer_close(&r->peer);
	return proc_stop(&r->sim);
}

void rig_rest(struct rig *r, struct http_answer *a, const char *method,
              const char *path, const char *body)
{
	/* MATEST00000000000000:token-of-the-test */
	static const char *const headers[] = {
		"Content-Type: application/json",
		"Authorization: Basic TUFURVNUMDAwMDAwMDAwMDAwMDA6dG9rZW4tb2Yt"
		"dGhlLXRlc3Q=",
		NULL};
	char url[512];

	(void)snprintf(url, sizeof(url),
	               "%s/v1/Account/MATEST00000000000000/%s", r->sim.url,
	               path);
	http_send(a, method, url, headers, body);
}

long rig_call(struct rig *r, const char *more)
{
	char body[4096];
	struct http_answer a;
	const char *uuid;
	long status;

	(void)snprintf(body, sizeof(body),
	               "{\"from\":\"+15550001111\",\"to\":\"+15550002222\","
	               "\"answer_url\":\"http://127.0.0.1:%d/answer/K"
	               "#ct=2000&rt=5000&rc=2&rp=all\","
	               "\"ring_url\":\"http://127.0.0.1:%d/ring\","
	               "\"hangup_url\":\"http://127.0.0.1:%d/hangup\"%s}",
	               r->peer.port, r->peer.port, r->peer.port, more);
	rig_rest(r, &a, "POST", "Call/", body);
	status = a.status;
	uuid = json_string_value(json_object_get(a.json, "request_uuid"));
	(void)snprintf(r->uuid, sizeof(r->uuid), "%s", uuid ? uuid : "");
	http_done(&a);
	return status;
}

void rig_document(struct rig *r, const char *attributes, const char *after)
{
	(void)snprintf(r->peer.answer, sizeof(r->peer.answer),
	               "<Response><Stream bidirectional=\"true\" "
	               "keepCallAlive=\"true\" "
	               "contentType=\"audio/x-mulaw;rate=8000\" "
	               "statusCallbackUrl=\"http://127.0.0.1:%d/status\" %s>"
	               "ws://127.0.0.1:%d/ws/ID</Stream>%s</Response>",
	               r->peer.port, attributes, r->peer.port, after);
}

void rig_journal(struct rig *r)
{
	struct http_answer a;
	char url[256], *at, *line;

	(void)snprintf(url, sizeof(url), "%s/sim/journal", r->sim.url);
	http_get(&a, url);
	CHECK_INT(200, a.status);
	json_decref(r->journal);
	r->journal = json_array();
	at = a.body;
	while ((line = strsep(&at, "\n")) && *line) {
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		CHECK(json_is_object(o));
		json_array_append_new(r->journal, o);
	}
	http_done(&a);
}

const char *rig_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

int rig_int(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	CHECK(json_is_integer(v));
	return (int)json_integer_value(v);
}

const json_t *rig_entry(const struct rig *r, const char *event, size_t n)
{
	json_t *o;
	size_t i;

	json_array_foreach(r->journal, i, o)
	{
		if (!strcmp(rig_str(o, "event"), event) && !n--)
			return o;
	}
	return NULL;
}

size_t rig_entries(const struct rig *r, const char *event)
{
	size_t n = 0;

	while (rig_entry(r, event, n))
		n++;
	return n;
}

void rig_order(struct rig *r, const char *path, const char *body)
{
	struct http_answer a;
	char url[256];

	(void)snprintf(url, sizeof(url), "%s/sim/%s", r->sim.url, path);
	http_post(&a, url, body);
	CHECK_INT(204, a.status);
	http_done(&a);
}

void rig_check_clean(struct rig *r)
{
	const json_t *v;

	rig_journal(r);
	v = rig_entry(r, "violation", 0);
	if (v)
		test_fail(__FILE__, __LINE__, "violation: %s",
		          rig_str(v, "what"));
	CHECK_INT(rig_entries(r, "dialing"), rig_entries(r, "ended"));
}
