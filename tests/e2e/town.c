#define _GNU_SOURCE /* asprintf() */
#include "tests/e2e/town.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"

enum {
	ENV_MAX = 64,
	KEPT_MAX = 1024,
	PORT_FIRST = 10240,
	PORT_LAST = 32768, /* the first that Linux gives away */
	PORT_TRIES = 100,
};

#define ENV_AUTH_ID    "PLIVO_AUTH_ID=" TOWN_AUTH_ID
#define ENV_AUTH_TOKEN "PLIVO_AUTH_TOKEN=" TOWN_AUTH_TOKEN
#define ENV_FROM       "PLIVO_PHONE_NUMBER=" TOWN_FROM

static const char silent_callee[] = "answer after 100\nbegin stream\n"
				    "wait-hangup max 60000\n";

/* Keep @text for the length of the test, where leak checkers find it. */
static const char *keep(char *text)
{
	static char *kept[KEPT_MAX];
	size_t n = 0;

	while (n < KEPT_MAX && kept[n])
		n++;
	CHECK(n < KEPT_MAX);
	kept[n] = text;
	return text;
}

/* "NAME=" + value */
static const char *var(const char *name, const char *value)
{
	char *text;

	CHECK(asprintf(&text, "%s=%s", name, value) > 0);
	return keep(text);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f != NULL);
	fputs(text, f);
	fclose(f);
}

/* A path in the town's folder, with @text in it when there is any. */
static const char *file(struct town *t, const char *name, const char *text)
{
	char *path;

	CHECK(asprintf(&path, "%s/%s", t->dir, name) > 0);
	if (text)
		write_file(path, text);
	return keep(path);
}

/* Append a list that ends in NULL. */
static void add(const char **list, size_t *n, const char *const *more)
{
	for (; more && *more; more++) {
		CHECK(*n < ENV_MAX - 1);
		list[(*n)++] = *more;
	}
	list[*n] = NULL;
}

/* A port that was free a moment ago: a bot's public address has to be known
 * before the bot listens. Not one of those that the kernel gives to whoever
 * asks for any, or another test might have it meanwhile. */
static unsigned free_port(void)
{
	static uint64_t seed;

	if (!seed)
		seed = (uint64_t)getpid();
	for (int i = 0; i < PORT_TRIES; i++) {
		const unsigned port =
			PORT_FIRST + test_draw(&seed, PORT_LAST - PORT_FIRST);
		const struct sockaddr_in sa = {
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
			.sin_port = htons((uint16_t)port)};
		int fd = socket(AF_INET, SOCK_STREAM, 0), err;

		CHECK(fd >= 0);
		err = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
		close(fd);
		if (!err)
			return port;
	}
	test_fail(__FILE__, __LINE__, "no port is free");
}

static const char *with_scheme(const struct proc *p, const char *scheme,
                               const char *tail)
{
	char *url;

	CHECK(asprintf(&url, "%s%s%s", scheme, strchr(p->url, ':'), tail) > 0);
	return keep(url);
}

static void start_sim(struct town *t, struct proc *p, const char *program,
                      const char *const *base, const char *const *more)
{
	const char *args[ENV_MAX];
	size_t n = 0;

	add(args, &n, base);
	add(args, &n, more);
	proc_start(p, program, file(t, program, NULL), args, NULL);
}

/* Overriding variables come last, and the last one of a name wins. */
static size_t drop_overridden(const char **env, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t name = strcspn(env[i], "=") + 1;
		bool later = false;

		for (size_t j = i + 1; j < n; j++)
			later |= !strncmp(env[i], env[j], name);
		if (!later)
			env[kept++] = env[i];
	}
	env[kept] = NULL;
	return kept;
}

void town_start_server(struct town *t)
{
	const char *env[ENV_MAX] = {
		"ENV=local",
		"LISTEN=127.0.0.1:0",
		ENV_AUTH_ID,
		ENV_AUTH_TOKEN,
		ENV_FROM,
		"CALLS_PER_SECOND=50",
		var("PLIVO_API_URL", t->plivo.url),
		var("BOT_URL",
	            t->bot_urls[0] ? t->bot_urls : "http://127.0.0.1:9"),
		t->server.url[0]
			? var("LISTEN", strrchr(t->server.url, '/') + 1)
			: "LISTEN=127.0.0.1:0",
	};
	size_t n = 9;

	add(env, &n, t->opts->server_env);
	drop_overridden(env, n);
	proc_start(&t->server, "dialout-server", file(t, "server", NULL), NULL,
	           env);
}

/* Where the default agent is: the repository's, or the test's own. */
static void agents_dir(struct town *t, char *out, size_t size)
{
	char path[256];
	char *here = getcwd(NULL, 0);

	CHECK(here != NULL);
	if (t->opts->agent) {
		mkdir(file(t, "agents", NULL), 0700);
		snprintf(path, sizeof(path), "%s/agents/default.json", t->dir);
		write_file(path, t->opts->agent);
	}
	snprintf(out, size, "AGENTS_DIR=%s/%s", t->opts->agent ? t->dir : here,
	         t->opts->agent ? "agents" : "bot/agents");
	free(here);
}

void town_start_bot(struct town *t, unsigned i)
{
	char name[16], agents[512], listen[64], public[64];
	const char *env[ENV_MAX] = {
		"ENV=local",
		// Joined on purpose. NOLINTNEXTLINE(bugprone-suspicious-missing-comma)
		ENV_AUTH_ID,
		ENV_AUTH_TOKEN,
		"DEEPGRAM_API_KEY=dg-key",
		"CARTESIA_API_KEY=ca-key",
		"BOT_CAPACITY=50",
		var("PLIVO_API_URL", t->plivo.url),
		var("DEEPGRAM_URL", with_scheme(&t->deepgram, "ws", "")),
		var("CARTESIA_URL", with_scheme(&t->cartesia, "ws", "")),
		t->opts->script ? "LLM=script" : "OPENAI_API_KEY=oa-key",
		var("OPENAI_BASE_URL", with_scheme(&t->openai, "http", "/v1")),
	};
	size_t n = 11;

	if (!t->bot_ports[i])
		t->bot_ports[i] = free_port();
	snprintf(listen, sizeof(listen), "BOT_LISTEN=127.0.0.1:%u",
	         t->bot_ports[i]);
	env[n++] = listen;
	snprintf(public, sizeof(public), "BOT_PUBLIC_URL=ws://127.0.0.1:%u",
	         t->bot_ports[i]);
	if (!t->opts->relay)
		env[n++] = public;
	snprintf(name, sizeof(name), "bot%u", i);
	agents_dir(t, agents, sizeof(agents));
	env[n++] = agents;
	add(env, &n, t->opts->bot_env);
	drop_overridden(env, n);
	proc_start(&t->bots[i], "dialout-bot", file(t, name, NULL), NULL, env);
}

static void start_sims(struct town *t)
{
	const struct town_opts *o = t->opts;
	const char *callee =
		file(t, "callee.txt", o->callee ? o->callee : silent_callee);
	const char *plivo[] = {"--script",
	                       callee,
	                       "--auth-id",
	                       TOWN_AUTH_ID,
	                       "--auth-token",
	                       TOWN_AUTH_TOKEN,
	                       "--journal",
	                       file(t, "journal.jsonl", NULL),
	                       "--cps",
	                       "0",
	                       "--quiet",
	                       o->words ? "--words" : NULL,
	                       o->words ? file(t, "words.txt", o->words) : NULL,
	                       NULL};
	const char *deepgram[] = {
		"--key", "dg-key", o->sentences ? "--script" : NULL,
		o->sentences ? file(t, "sentences.txt", o->sentences) : NULL,
		NULL};
	const char *openai[] = {"--key",
	                        "oa-key",
	                        "--ttft-ms",
	                        "50",
	                        o->answers ? "--script" : NULL,
	                        o->answers ? file(t, "answers.txt", o->answers)
	                                   : NULL,
	                        NULL};
	const char *cartesia[] = {"--key", "ca-key", NULL};

	start_sim(t, &t->plivo, "plivo-sim", plivo, o->plivo_args);
	start_sim(t, &t->deepgram, "deepgram-sim", deepgram, o->deepgram_args);
	start_sim(t, &t->openai, "openai-sim", openai, o->openai_args);
	start_sim(t, &t->cartesia, "cartesia-sim", cartesia, o->cartesia_args);
}

void town_open(struct town *t, const struct town_opts *opts)
{
	static const struct town_opts plain;
	size_t len = 0;

	memset(t, 0, sizeof(*t));
	t->opts = opts ? opts : &plain;
	snprintf(t->dir, sizeof(t->dir), "%s", proc_temp_dir());
	start_sims(t);
	t->n_bots = t->opts->bots == TOWN_NO_BOT ? 0
	            : t->opts->bots              ? t->opts->bots
	                                         : 1;
	for (unsigned i = 0; i < t->n_bots; i++) {
		town_start_bot(t, i);
		len += (size_t)snprintf(t->bot_urls + len,
		                        sizeof(t->bot_urls) - len, "%s%s",
		                        i ? "," : "", t->bots[i].url);
	}
	town_start_server(t);
}

void town_post_start(struct town *t, struct http_answer *a, const char *body)
{
	char url[192];

	snprintf(url, sizeof(url), "%s/start", t->server.url);
	http_post(a, url, body);
}

const char *town_dial(struct town *t, const char *data)
{
	return town_dial_to(t, TOWN_TO, data);
}

const char *town_dial_to(struct town *t, const char *number, const char *data)
{
	static char id[64];
	struct http_answer a;
	char *body;

	CHECK(asprintf(&body, "{\"phone_number\":\"%s\"%s%s}", number,
	               data ? ",\"body\":" : "", data ? data : "") > 0);
	town_post_start(t, &a, body);
	if (a.status != 200) {
		town_print_logs(t);
		test_fail(__FILE__, __LINE__, "/start: %ld %s", a.status,
		          a.body);
	}
	snprintf(id, sizeof(id), "%s",
	         json_string_value(json_object_get(a.json, "call_id")));
	http_done(&a);
	free(body);
	return id;
}

static void check_sim(struct proc *p)
{
	struct http_answer a;
	char url[192];
	const json_t *list;

	if (!p->pid)
		return;
	snprintf(url, sizeof(url), "%s/sim/state", p->url);
	http_get(&a, url);
	list = json_object_get(a.json, "violations");
	if (a.status != 200 || !json_is_array(list) || json_array_size(list))
		test_fail(__FILE__, __LINE__, "%s: %s", p->name, a.body);
	http_done(&a);
}

void town_no_violations(struct town *t)
{
	check_sim(&t->plivo);
	check_sim(&t->deepgram);
	check_sim(&t->openai);
	check_sim(&t->cartesia);
}

static void print_log(const struct proc *p)
{
	const char *log = p->name[0] ? proc_log(p) : "";
	size_t len = strlen(log);

	if (len)
		fprintf(stderr, "---- %s\n%s\n", p->name,
		        log + (len > 6000 ? len - 6000 : 0));
}

void town_print_logs(struct town *t)
{
	print_log(&t->plivo);
	print_log(&t->deepgram);
	print_log(&t->openai);
	print_log(&t->cartesia);
	for (unsigned i = 0; i < t->n_bots; i++)
		print_log(&t->bots[i]);
	print_log(&t->server);
}

static void end(struct town *t, struct proc *p)
{
	if (!p->pid)
		return;
	if (proc_stop(p) != 0) {
		town_print_logs(t);
		test_fail(__FILE__, __LINE__, "%s did not end in order",
		          p->name);
	}
}

void town_close(struct town *t)
{
	end(t, &t->server);
	for (unsigned i = 0; i < t->n_bots; i++)
		end(t, &t->bots[i]);
	end(t, &t->plivo);
	end(t, &t->deepgram);
	end(t, &t->openai);
	end(t, &t->cartesia);
}
