#define _POSIX_C_SOURCE 200809L
#include "tests/fake/relayed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/test.h"

long relayed_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void relayed_script(struct relayed *l, unsigned n)
{
	char text[256];

	snprintf(l->place, sizeof(l->place), "place-%03u-6f1d0c9ab2e84573", n);
	snprintf(l->target, sizeof(l->target), "/ws/%s", l->place);
	snprintf(text, sizeof(text),
	         "{\"id\":\"%s\",\"stream_url\":null,\"calls\":1,"
	         "\"capacity\":900}",
	         l->place);
	world_rule("POST", "/reserve", 200, text);
	world_rule("POST", "/reserve/", 202, "");
	snprintf(text, sizeof(text),
	         "{\"message\":\"call fired\",\"request_uuid\":\"uuid-%u\"}",
	         n);
	world_rule("POST", RELAYED_CALL, 201, text);
}

void relayed_dial(struct world *w, struct relayed *l, unsigned n)
{
	relayed_script(l, n);
	world_start(w, "", RELAYED_NUMBER);
	CHECK_INT(200, w->a.status);
	snprintf(l->id, sizeof(l->id), "%s", world_member(w, "call_id"));
	world_key(l->key);
}

void relayed_stream(struct world *w, struct relayed *l)
{
	l->plivo = ws_raw_connect(w->port, l->target, "", &w->a);
	CHECK_INT(101, w->a.status);
	l->bot = world_socket(&l->seen);
	CHECK_STR(l->target, l->seen.path);
}

void relayed_open(struct world *w, struct relayed *l, const char *dotenv)
{
	world_open(w, dotenv);
	world_take_sockets(true);
	relayed_dial(w, l, 1);
	relayed_stream(w, l);
}

void relayed_to_bot(const struct relayed *l, int op, const char *v, size_t len)
{
	ws_raw_send(l->plivo, op, true, true, v, len);
	ws_raw_expect(l->bot, op, true, v, len);
}

void relayed_to_plivo(const struct relayed *l, int op, const char *v,
                      size_t len)
{
	ws_raw_send(l->bot, op, true, false, v, len);
	ws_raw_expect(l->plivo, op, true, v, len);
}

void relayed_end(const struct relayed *l)
{
	close(l->plivo);
	ws_raw_expect_end(l->bot);
	close(l->bot);
}

void relayed_refused(struct world *w, const char *target, const char *headers,
                     int status)
{
	if (ws_raw_connect(w->port, target, headers, &w->a) >= 0)
		test_fail(__FILE__, __LINE__, "%s was let in", target);
	CHECK_INT(status, w->a.status);
	CHECK(strcmp(world_member(w, "detail"), "(none)") != 0);
}
