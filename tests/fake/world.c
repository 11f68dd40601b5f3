#define _GNU_SOURCE /* strcasestr() */
#include "tests/fake/world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/jtext.h"
#include "server/run.h"
#include "tests/fake/ws_raw.h"
#include "tests/harness/test.h"

enum { RULES_MAX = 32, WAIT_SEC = 10, SOCKETS_MAX = 256 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct world_rule rules[RULES_MAX];
static size_t n_rules;
static struct world_seen seen_all[WORLD_SEEN_MAX];
static size_t n_seen;
static unsigned held;
static struct {
	int fd;
	size_t seen; /* its request in seen_all */
} sockets[SOCKETS_MAX];
static size_t n_sockets, sockets_taken;
static bool take_sockets;

static bool matches(const char *method, const char *path, const char *m,
                    const char *p)
{
	return !strcmp(method, m) && !strncmp(path, p, strlen(path));
}

static struct world_rule *find(const char *method, const char *path)
{
	/* The newest rule wins. */
	for (size_t i = n_rules; i > 0; i--)
		if (matches(rules[i - 1].method, rules[i - 1].path, method,
		            path))
			return &rules[i - 1];
	return NULL;
}

static void note(const struct fake_request *req)
{
	struct world_seen *s;

	CHECK(n_seen < WORLD_SEEN_MAX);
	s = &seen_all[n_seen++];
	snprintf(s->method, sizeof(s->method), "%s", req->method);
	snprintf(s->path, sizeof(s->path), "%s", req->path);
	snprintf(s->head, sizeof(s->head), "%.2047s", req->head);
	snprintf(s->body, sizeof(s->body), "%.8191s", req->body);
	pthread_cond_broadcast(&changed);
}

static void peer(const struct fake_request *req, struct fake_answer *answer,
                 void *arg)
{
	const struct world_rule *r;

	(void)arg;
	pthread_mutex_lock(&lock);
	/* Probes come every second and prove nothing. */
	if (!strstr(req->path, "readyz") && !strstr(req->path, "livez"))
		note(req);
	if (take_sockets && strcasestr(req->head, "\r\nUpgrade: websocket")) {
		CHECK(n_sockets < SOCKETS_MAX);
		ws_raw_accept(req->fd, req->head);
		sockets[n_sockets].fd = req->fd;
		sockets[n_sockets++].seen = n_seen - 1;
		answer->status = 101;
		pthread_mutex_unlock(&lock);
		return;
	}
	r = find(req->method, req->path);
	if (r && r->hold) {
		unsigned mine = held;

		while (mine == held)
			pthread_cond_wait(&changed, &lock);
		r = find(req->method, req->path);
	}
	if (r)
		*answer = r->answer;
	else
		answer->status = 404;
	pthread_mutex_unlock(&lock);
}

static struct world_rule *edit(const char *method, const char *path)
{
	struct world_rule *r = find(method, path);

	if (!r || strcmp(r->path, path) != 0) {
		CHECK(n_rules < RULES_MAX);
		r = &rules[n_rules++];
		memset(r, 0, sizeof(*r));
		snprintf(r->method, sizeof(r->method), "%s", method);
		snprintf(r->path, sizeof(r->path), "%s", path);
	}
	return r;
}

void world_rule(const char *method, const char *path, int status,
                const char *body)
{
	struct world_rule *r;

	pthread_mutex_lock(&lock);
	r = edit(method, path);
	r->answer.status = status;
	snprintf(r->answer.body, sizeof(r->answer.body), "%s", body);
	pthread_mutex_unlock(&lock);
}

void world_rule_header(const char *method, const char *path, const char *lines)
{
	pthread_mutex_lock(&lock);
	snprintf(edit(method, path)->answer.headers,
	         sizeof(rules[0].answer.headers), "%s", lines);
	pthread_mutex_unlock(&lock);
}

void world_hold(const char *method, const char *path)
{
	pthread_mutex_lock(&lock);
	edit(method, path)->hold = true;
	pthread_mutex_unlock(&lock);
}

void world_let_go(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_rules; i++)
		rules[i].hold = false;
	held++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static unsigned count(const char *method, const char *path,
                      struct world_seen *seen)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_seen; i++)
		if (matches(method, path, seen_all[i].method,
		            seen_all[i].path)) {
			if (seen)
				*seen = seen_all[i];
			n++;
		}
	return n;
}

unsigned world_seen(const char *method, const char *path,
                    struct world_seen *seen)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = count(method, path, seen);
	pthread_mutex_unlock(&lock);
	return n;
}

void world_await(const char *method, const char *path, unsigned n,
                 struct world_seen *seen)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += test_ms(WAIT_SEC);
	pthread_mutex_lock(&lock);
	while (count(method, path, seen) < n && !err)
		err = pthread_cond_timedwait(&changed, &lock, &until);
	pthread_mutex_unlock(&lock);
	if (err)
		test_fail(__FILE__, __LINE__, "%s %s did not come %u times",
		          method, path, n);
}

void world_take_sockets(bool take)
{
	pthread_mutex_lock(&lock);
	take_sockets = take;
	pthread_mutex_unlock(&lock);
}

int world_socket(struct world_seen *seen)
{
	struct timespec until;
	int err = 0, fd = -1;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += test_ms(WAIT_SEC);
	pthread_mutex_lock(&lock);
	while (sockets_taken == n_sockets && !err)
		err = pthread_cond_timedwait(&changed, &lock, &until);
	if (!err) {
		fd = sockets[sockets_taken].fd;
		if (seen)
			*seen = seen_all[sockets[sockets_taken].seen];
		sockets_taken++;
	}
	pthread_mutex_unlock(&lock);
	if (err)
		test_fail(__FILE__, __LINE__, "no WebSocket came");
	return fd;
}

static void load(struct world *w, const char *dotenv)
{
	char path[] = "/tmp/world.env.XXXXXX", said[4096];
	struct buf faults;
	int fd = mkstemp(path);
	FILE *f;

	CHECK(fd >= 0);
	f = fdopen(fd, "w");
	CHECK(f);
	fprintf(f,
	        "PLIVO_AUTH_ID=MATEST\nPLIVO_AUTH_TOKEN=token\n"
	        "PLIVO_PHONE_NUMBER=+15550001111\nLISTEN=127.0.0.1:0\n"
	        "PLIVO_API_URL=http://127.0.0.1:%u\n"
	        "CALLS_PER_SECOND=50\nPLIVO_VERIFY=off\n"
	        "DATABASE_URL=sqlite:%s\n",
	        w->plivo_port, w->ledger);
	if (!strstr(dotenv, "BOT_URL") && !strstr(dotenv, "BOT_WS_URL") &&
	    !strstr(dotenv, "production"))
		fprintf(f, "BOT_URL=http://127.0.0.1:%u\n", w->bot_port);
	fprintf(f, "%s\n", dotenv);
	fclose(f);
	for (size_t i = 0; i < server_options_n; i++)
		unsetenv(server_options[i].name);
	buf_init(&faults, CONFIG_TEXT_MAX);
	if (server_config_load(&w->cfg, path, &faults)) {
		snprintf(said, sizeof(said), "%s", buf_str(&faults));
		test_fail(__FILE__, __LINE__, "%s", said);
	}
	buf_fini(&faults);
	unlink(path);
}

void world_reopen(struct world *w)
{
	char why[RUN_WHY_MAX];

	if (run_open(&w->app, &w->cfg, why))
		test_fail(__FILE__, __LINE__, "%s", why);
	w->port = run_port(w->app);
}

void world_close(struct world *w)
{
	run_close(&w->app);
}

void world_open(struct world *w, const char *dotenv)
{
	static const char placed[] =
		"{\"api_id\":\"a\",\"message\":\"call fired\","
		"\"request_uuid\":\"uuid-1\"}";
	int fd;

	memset(w, 0, sizeof(*w));
	snprintf(w->ledger, sizeof(w->ledger), "/tmp/world.db.XXXXXX");
	fd = mkstemp(w->ledger);
	CHECK(fd >= 0);
	close(fd);
	w->plivo_port = fake_http_open(peer, NULL);
	w->bot_port = fake_http_open(peer, NULL);
	world_rule("POST", "/v1/Account/MATEST/Call/", 201, placed);
	world_rule("DELETE", "/v1/Account/MATEST/", 204, "");
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-1-6f1d0c9ab2e84573\",\"stream_url\":"
	           "\"wss://bot.example.com/ws/"
	           "place-1-6f1d0c9ab2e84573\",\"calls\":1,"
	           "\"capacity\":10}");
	world_rule("POST", "/reserve/", 202, "");
	world_rule("GET", "/reserve/", 200, "{}");
	world_rule("DELETE", "/reserve/", 204, "");
	world_rule("GET", "/readyz", 200, "{}");
	world_rule("GET", "/livez", 200, "{}");
	load(w, dotenv);
	world_reopen(w);
}

void world_do(struct world *w, const char *method, const char *target,
              const char *headers, const char *body)
{
	client_do(w->port, &w->a, method, target, headers, body);
}

void world_start(struct world *w, const char *headers, const char *body)
{
	world_do(w, "POST", "/start", headers, body);
}

const char *world_member(const struct world *w, const char *path)
{
	static char text[8192];
	struct str json = str_n(w->a.body, w->a.body_len), v;

	if (jtext_check(json, JTEXT_DEPTH_MAX, NULL) ||
	    jtext_path(json, str_of(path), &v))
		return "(none)";
	snprintf(text, sizeof(text), "%.*s", STR_ARG(v));
	if (text[0] == '"' && jtext_string(text, sizeof(text), v))
		return "(none)";
	return text;
}

void world_key(char key[64])
{
	struct world_seen s;
	const char *at;

	world_await("POST", "/v1/Account/MATEST/Call/", 1, &s);
	at = strstr(s.body, "/answer/");
	CHECK(at);
	snprintf(key, 64, "%.*s", (int)strcspn(at + 8, "#\""), at + 8);
}

void world_await_state(struct world *w, const char *id, const char *state)
{
	char target[128];

	snprintf(target, sizeof(target), "/calls/%s", id);
	for (int i = 0; i < 50 * (int)test_ms(WAIT_SEC); i++) {
		world_do(w, "GET", target, "", NULL);
		if (!strcmp(world_member(w, "state"), state))
			return;
		test_pause(20);
	}
	test_fail(__FILE__, __LINE__, "state is %s, not %s",
	          world_member(w, "state"), state);
}
