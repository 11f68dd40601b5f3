#define _POSIX_C_SOURCE 200809L
#include "tests/fake/exchange.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "tests/fake/http_server.h"
#include "tests/harness/test.h"

#define CALL "/v1/Account/MATEST/Call/"

static struct exchange_call *calls;
static unsigned n_calls;
static exchange_taken_h *on_taken;

void exchange_number(char number[EXCHANGE_NUMBER_LEN], unsigned call)
{
	snprintf(number, EXCHANGE_NUMBER_LEN, "+1212%07u", call % 10000000);
}

void exchange_uuid(char uuid[EXCHANGE_UUID_LEN], unsigned call)
{
	snprintf(uuid, EXCHANGE_UUID_LEN, "uuid-%u", call);
}

/* The call that stands behind @before, which ends with how all begin. */
static unsigned named(const char *text, const char *before)
{
	const char *at = strstr(text, before);
	unsigned long i;

	if (!at)
		return n_calls;
	i = strtoul(at + strlen(before), NULL, 10);
	return i < n_calls ? (unsigned)i : n_calls;
}

static bool is_over(enum exchange_place place)
{
	return place == EXCHANGE_ANSWERED || place == EXCHANGE_UNANSWERED;
}

/* A record of Plivo's, of a call that is over. */
static void write_record(struct buf *out, unsigned i)
{
	bool answered = calls[i].place == EXCHANGE_ANSWERED;
	time_t began = time(NULL);
	char when[40], answer[48], uuid[EXCHANGE_UUID_LEN];
	char number[EXCHANGE_NUMBER_LEN];
	struct tm tm;

	CHECK(gmtime_r(&began, &tm));
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S+00:00", &tm);
	snprintf(answer, sizeof(answer), "\"%s\"", when);
	exchange_uuid(uuid, i);
	exchange_number(number, i);
	CHECK_INT(0, buf_addf(out,
	                      "{\"call_uuid\":\"%s\",\"to_number\":\"%s\","
	                      "\"from_number\":\"+15550001111\","
	                      "\"initiation_time\":\"%s\",\"answer_time\":%s,"
	                      "\"hangup_cause_code\":%d,"
	                      "\"hangup_cause_name\":\"%s\","
	                      "\"hangup_source\":\"%s\"}",
	                      uuid, number, when, answered ? answer : "null",
	                      answered ? 4000 : 3000,
	                      answered ? "Normal Hangup" : "No Answer",
	                      answered ? "Callee" : "Carrier"));
}

static void write_names(struct buf *out, enum exchange_place place)
{
	unsigned n = 0;

	CHECK_INT(0, buf_adds(out, "{\"calls\":["));
	for (unsigned i = 0; i < n_calls; i++)
		if (calls[i].posts && calls[i].place == place)
			CHECK_INT(0, buf_addf(out, "%s\"uuid-%u\"",
			                      n++ ? "," : "", i));
	CHECK_INT(0, buf_adds(out, "]}"));
}

/* One call by its name: of a list, or, over, for itself. */
static int write_one(struct buf *out, unsigned i, const char *list)
{
	enum exchange_place place = calls[i].place;
	char number[EXCHANGE_NUMBER_LEN];

	exchange_number(number, i);
	if (!calls[i].posts)
		return 404;
	if (!*list && is_over(place)) {
		write_record(out, i);
		return 200;
	}
	if (!(place == EXCHANGE_LIVE && strstr(list, "live")) &&
	    !(place == EXCHANGE_QUEUED && strstr(list, "queued")))
		return 404;
	CHECK_INT(0, buf_addf(out,
	                      "{\"call_uuid\":\"uuid-%u\",\"to\":\"%s\","
	                      "\"from\":\"15550001111\","
	                      "\"direction\":\"outbound\"}",
	                      i, number + 1));
	return 200;
}

static int list(struct buf *out, const char *path)
{
	unsigned i = named(path, CALL "uuid-");

	if (i < n_calls)
		return write_one(out, i, path + strcspn(path, "?"));
	if (strstr(path, "status=live")) {
		write_names(out, EXCHANGE_LIVE);
	} else if (strstr(path, "status=queued")) {
		write_names(out, EXCHANGE_QUEUED);
	} else {
		i = named(path, "to_number=%2B1212");
		CHECK(i < n_calls);
		CHECK_INT(0, buf_adds(out, "{\"meta\":{},\"objects\":["));
		if (calls[i].posts && is_over(calls[i].place))
			write_record(out, i);
		CHECK_INT(0, buf_adds(out, "]}"));
	}
	return 200;
}

/* What the caller gets of an answer, and then no more. */
static void cut_off(int fd, const char *body, size_t whole, size_t sent)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
	                 "HTTP/1.1 201 Created\r\nContent-Type: "
	                 "application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
	                 whole, (int)sent, body);

	CHECK(send(fd, text, (size_t)n, MSG_NOSIGNAL) == n);
	close(fd);
}

static void answer_post(const struct fake_request *req,
                        struct fake_answer *answer, unsigned i)
{
	const struct linger at_once = {1, 0};
	const int errors[] = {500, 502, 503, 504};
	ssize_t got;
	char gone;

	snprintf(answer->body, sizeof(answer->body),
	         "{\"api_id\":\"a\",\"message\":\"call fired\","
	         "\"request_uuid\":\"uuid-%u\"}",
	         i);
	answer->status = 101;
	switch (calls[i].fault) {
	case EXCHANGE_CLOSED:
		answer->status = 0;
		break;
	case EXCHANGE_RESET:
		CHECK_INT(0, setsockopt(req->fd, SOL_SOCKET, SO_LINGER,
		                        &at_once, sizeof(at_once)));
		close(req->fd);
		break;
	case EXCHANGE_ERROR:
		answer->status = errors[i % ARRAY_LEN(errors)];
		snprintf(answer->body, sizeof(answer->body),
		         "{\"error\":\"try again\"}");
		break;
	case EXCHANGE_HALF:
		cut_off(req->fd, answer->body, strlen(answer->body),
		        i % strlen(answer->body));
		break;
	case EXCHANGE_STALL:
		do
			got = recv(req->fd, &gone, 1, 0);
		while (got > 0);
		close(req->fd);
		break;
	case EXCHANGE_FAULTS:
	case EXCHANGE_CLEAR:
	default:
		answer->status = 201;
		break;
	}
}

static void take(const struct fake_request *req, struct fake_answer *answer)
{
	unsigned i = named(req->body, "\"to\":\"+1212");
	const char *key = strstr(req->body, "/answer/");

	CHECK(i < n_calls && key);
	key += strlen("/answer/");
	snprintf(calls[i].key, sizeof(calls[i].key), "%.*s",
	         (int)strcspn(key, "#\""), key);
	calls[i].posts++;
	if (on_taken)
		on_taken(i);
	answer_post(req, answer, i);
}

static void handler(const struct fake_request *req, struct fake_answer *answer,
                    void *arg)
{
	struct buf text;
	unsigned i;

	(void)arg;
	if (!strcmp(req->method, "POST")) {
		take(req, answer);
		return;
	}
	if (!strcmp(req->method, "DELETE")) {
		i = named(req->path, "uuid-");
		if (i < n_calls)
			calls[i].deletes++;
		answer->status = 204;
		return;
	}
	buf_init(&text, FAKE_ANSWER_MAX);
	answer->status = list(&text, req->path);
	snprintf(answer->body, sizeof(answer->body), "%s",
	         text.len ? buf_str(&text) : "{}");
	buf_fini(&text);
}

unsigned exchange_open(struct exchange_call *all, unsigned n,
                       exchange_taken_h *taken)
{
	calls = all;
	n_calls = n;
	on_taken = taken;
	return fake_http_open(handler, NULL);
}
