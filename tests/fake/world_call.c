#include <stdio.h>
#include <string.h>

#include "common/jtext.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

void world_place(struct world *w, const char *dotenv, const char *json)
{
	world_open(w, dotenv);
	world_start(w, "", json);
	CHECK_INT(200, w->a.status);
	snprintf(w->id, sizeof(w->id), "%s", world_member(w, "call_id"));
	world_key(w->key);
}

void world_hook(struct world *w, const char *what, const char *form)
{
	char target[256];

	snprintf(target, sizeof(target), "/%s/%s", what, w->key);
	world_do(w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n", form);
}

const char *world_look(struct world *w, const char *member)
{
	char target[128];

	snprintf(target, sizeof(target), "/calls/%s", w->id);
	world_do(w, "GET", target, "", NULL);
	CHECK_INT(200, w->a.status);
	return world_member(w, member);
}

void world_bot_event(struct world *w, const char *event_id, const char *type,
                     const char *members)
{
	char json[2048];

	snprintf(json, sizeof(json),
	         "[{\"event_id\":\"%s\",\"call_id\":\"%s\",\"seq\":1,"
	         "\"at_ms\":1700000000000,\"type\":\"%s\"%s%s}]",
	         event_id, w->id, type, *members ? "," : "", members);
	world_do(w, "POST", "/bot-events", "", json);
}

void world_refused(const struct world *w, int status)
{
	struct str json = str_n(w->a.body, w->a.body_len);

	CHECK_INT(status, w->a.status);
	CHECK_STR("application/json", client_header(&w->a, "Content-Type"));
	CHECK(!jtext_check(json, JTEXT_DEPTH_MAX, NULL));
	CHECK(!strncmp(w->a.body, "{\"detail\":\"", 11));
	CHECK(strlen(world_member(w, "detail")) > 10);
	if (status == 503)
		CHECK(*client_header(&w->a, "Retry-After"));
}
