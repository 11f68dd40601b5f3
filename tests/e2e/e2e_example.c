/*
 * Coming from the Pipecat example: its env.example filled in, its two curls,
 * and what it sends to Plivo and answers, as tests/data/example.txt has it.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/http.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"
#include "tests/sim/lib/plivo_sign.h"

#define TABLE    "tests/data/example.txt"
#define HOST     "your-ngrok-url.ngrok.io"
#define PUBLIC   "calls.example.com"
#define AUTH_ID  "MAXXXXXXXXXXXXXXXXXX"
#define TOKEN    "simulated-auth-token"
#define KEY      "0123456789abcdef0123456789abcdef"
#define UUID_LEN 36

enum { NAMES = 8, TEXT_MAX = 16 * 1024 };

/* The example's file, in its order, with its names alone. */
static const char env_file[] = "OPENAI_API_KEY=sk-example\n"
			       "DEEPGRAM_API_KEY=dg-example\n"
			       "CARTESIA_API_KEY=ca-example\n"
			       "PLIVO_AUTH_ID=" AUTH_ID "\n"
			       "PLIVO_AUTH_TOKEN=" TOKEN "\n"
			       "\n"
			       "# The number that calls\n"
			       "PLIVO_PHONE_NUMBER=+15557654321\n"
			       "\n"
			       "# Where it runs\n"
			       "ENV=%s\n"
			       "AGENT_NAME=plivo-chatbot-dial-out\n"
			       "ORGANIZATION_NAME=acme\n";

/* What the README's curls send, byte for byte. */
static const char first_curl[] = "{\n"
				 "    \"phone_number\": \"+1234567890\"\n"
				 "  }";
static const char second_curl[] = "{\n"
				  "    \"phone_number\": \"+1234567890\",\n"
				  "    \"body\": {\n"
				  "      \"user\": {\n"
				  "        \"id\": \"user123\",\n"
				  "        \"firstName\": \"John\",\n"
				  "        \"lastName\": \"Doe\",\n"
				  "        \"accountType\": \"premium\"\n"
				  "      }\n"
				  "    }\n"
				  "  }";

static struct proc plivo, bot, server;
static char dir[256];

/* Names that differ from run to run, and what they were this time. */
static struct {
	const char *name;
	char value[512];
} names[NAMES];
static size_t n_names;

static void name(const char *what, const char *value, size_t len)
{
	CHECK(n_names < NAMES);
	CHECK(len > 0);
	CHECK(len < sizeof(names[0].value));
	names[n_names].name = what;
	snprintf(names[n_names++].value, sizeof(names[0].value), "%.*s",
	         (int)len, value);
}

static const char *value_of(const char *what)
{
	for (size_t i = 0; i < n_names; i++)
		if (!strcmp(names[i].name, what))
			return names[i].value;
	test_fail(__FILE__, __LINE__, "%s is not known", what);
	return "";
}

/* ---- the table ------------------------------------------------------------ */

static void add_line(char *out, const char *line, size_t len)
{
	size_t n = strlen(out);

	while (len) {
		size_t i;

		CHECK(n + 600 < TEXT_MAX);
		for (i = 0; i < n_names; i++)
			if (!strncmp(line, names[i].name,
			             strlen(names[i].name)))
				break;
		if (i < n_names) {
			n += (size_t)snprintf(out + n, TEXT_MAX - n, "%s",
			                      names[i].value);
			line += strlen(names[i].name);
			len -= strlen(names[i].name);
		} else {
			out[n++] = *line++;
			len--;
		}
	}
	out[n++] = '\n';
	out[n] = '\0';
}

/* One case of the table as we are to be: what both have and what is ours. A
 * line that only one of them has follows a line that says why. */
static void ours(char *out, const char *title)
{
	const char *text = proc_file(TABLE), *line, *end;
	bool here = false, said_why = false, found = false;

	out[0] = '\0';
	for (line = text; *line; line = end + 1) {
		size_t len;

		end = strchr(line, '\n');
		CHECK(end != NULL);
		len = (size_t)(end - line);
		if (*line == '[') {
			here = len == strlen(title) + 2 &&
			       !strncmp(line + 1, title, len - 2);
			found |= here;
			continue;
		}
		if (!here || !len || *line == '#')
			continue;
		CHECK(strchr(" +-!", *line));
		if (*line == '!')
			said_why = true;
		else if (*line == ' ')
			said_why = false;
		else if (!said_why)
			test_fail(__FILE__, __LINE__,
			          "a difference without a reason: %.*s",
			          (int)len, line);
		if (*line == ' ' || *line == '+')
			add_line(out, line + 1, len - 1);
	}
	CHECK(found);
}

/* ---- the programs --------------------------------------------------------- */

static void start(const char *mode, const char *const *more)
{
	const char *sim_args[] = {
		"--auth-id", AUTH_ID,     "--auth-token", TOKEN,     "--setup",
		"60000",     "--journal", "journal",      "--quiet", NULL};
	char api[160], bot_url[160], sim_dir[300], path[300];
	const char *bot_env[] = {"BOT_LISTEN=127.0.0.1:0", api, NULL};
	const char *server_env[8] = {"LISTEN=127.0.0.1:0", api, bot_url};
	FILE *f;

	n_names = 0;
	snprintf(dir, sizeof(dir), "%s/example", proc_temp_dir());
	snprintf(sim_dir, sizeof(sim_dir), "%s/sim", proc_temp_dir());
	CHECK(!mkdir(dir, 0700));
	snprintf(path, sizeof(path), "%s/.env", dir);
	f = fopen(path, "w");
	CHECK(f != NULL);
	fprintf(f, env_file, mode);
	for (; more && *more; more++)
		fprintf(f, "%s\n", *more);
	fclose(f);
	proc_start(&plivo, "plivo-sim", sim_dir, sim_args, NULL);
	snprintf(api, sizeof(api), "PLIVO_API_URL=%s", plivo.url);
	if (!strcmp(mode, "local")) {
		proc_start(&bot, "dialout-bot", dir, NULL, bot_env);
		snprintf(bot_url, sizeof(bot_url), "BOT_URL=%s", bot.url);
	} else {
		server_env[2] = NULL;
	}
	proc_start(&server, "dialout-server", dir, NULL, server_env);
}

/* A bot lets the calls that it expects come; this one never will. */
static void hang_up(const char *call_id)
{
	struct http_answer a;
	char url[300];

	snprintf(url, sizeof(url), "%s/calls/%s", server.url, call_id);
	http_send(&a, "DELETE", url, NULL, NULL);
	CHECK_INT(204, a.status);
	http_done(&a);
}

static void stop(void)
{
	if (bot.name[0])
		hang_up(value_of("{call_id}"));
	CHECK_INT(0, proc_stop(&server));
	CHECK_INT(0, proc_stop(&plivo));
	if (bot.name[0])
		CHECK_INT(0, proc_stop(&bot));
}

/* ---- what they did -------------------------------------------------------- */

static void put(char *out, const char *text)
{
	const size_t n = strlen(out);

	CHECK(snprintf(out + n, TEXT_MAX - n, "%s", text) <
	      (int)(TEXT_MAX - n));
}

static const char *media_type(const struct http_answer *a)
{
	static char type[128];
	const char *p = strcasestr(a->headers, "\nContent-Type: ");

	CHECK(p != NULL);
	p += strlen("\nContent-Type: ");
	snprintf(type, sizeof(type), "%.*s", (int)strcspn(p, "\r\n"), p);
	return type;
}

static void put_answer(char *out, const struct http_answer *a)
{
	char head[200];

	snprintf(head, sizeof(head), "%ld %s\n", a->status, media_type(a));
	put(out, head);
	put(out, a->body);
	put(out, "\n");
}

/* Every request that Plivo got, a field a line. */
static void put_requests(char *out)
{
	char path[300], line[2600];
	char *text, *save, *at;

	snprintf(path, sizeof(path), "%s/sim/journal", proc_temp_dir());
	text = strdup(proc_file(path));
	CHECK(text != NULL);
	for (at = strtok_r(text, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		json_t *one = json_loads(at, 0, NULL), *body;
		const char *event, *method, *target;
		char *dump;

		CHECK(!json_unpack(one, "{s:s}", "event", &event));
		CHECK(strcmp(event, "violation") != 0);
		if (!strcmp(event, "rest")) {
			CHECK(!json_unpack(one, "{s:s, s:s, s:o}", "method",
			                   &method, "path", &target, "body",
			                   &body));
			dump = json_dumps(body,
			                  JSON_INDENT(2) | JSON_SORT_KEYS);
			snprintf(line, sizeof(line), "%s %s\n%s\n", method,
			         target, dump);
			put(out, line);
			free(dump);
		}
		json_decref(one);
	}
	free(text);
}

static const char *field_of_request(const char *field)
{
	static char value[600];
	char out[TEXT_MAX] = "", pattern[64];
	const char *p;

	put_requests(out);
	snprintf(pattern, sizeof(pattern), "  \"%s\": \"", field);
	p = strstr(out, pattern);
	CHECK(p != NULL);
	p += strlen(pattern);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\""), p);
	return value;
}

/* Fetch the answer as Plivo would, by the address it was given. */
static void fetch_answer(struct http_answer *a, const char *host)
{
	char url[700], at[700], nonce[PSIM_NONCE_LEN], sig[PSIM_SIGNATURE_LEN];
	char head[4][200];
	const char *const headers[] = {head[0], head[1], head[2], NULL};
	const char *path;

	snprintf(url, sizeof(url), "%s", field_of_request("answer_url"));
	path = strchr(url + strlen("https://"), '/');
	CHECK(path != NULL);
	url[strcspn(url, "#")] = '\0';
	snprintf(at, sizeof(at), "%s%s", server.url, path);
	psim_nonce(nonce);
	CHECK(!psim_sign(sig, url, NULL, nonce, TOKEN));
	snprintf(head[0], sizeof(head[0]), "Host: %s", host);
	snprintf(head[1], sizeof(head[1]), "X-Plivo-Signature-V3: %s", sig);
	snprintf(head[2], sizeof(head[2]), "X-Plivo-Signature-V3-Nonce: %s",
	         nonce);
	http_send(a, "GET", at, headers, NULL);
}

/* What is only known now: ids. */
static void learn(const struct http_answer *started,
                  const struct http_answer *answer)
{
	const char *url = field_of_request("answer_url");
	const char *key = strstr(url, "/answer/"), *v, *ws;

	CHECK(key != NULL);
	key += strlen("/answer/");
	CHECK_INT(22, strcspn(key, "#"));
	name("{key}", key, strcspn(key, "#"));
	v = json_string_value(json_object_get(started->json, "call_uuid"));
	CHECK_INT(UUID_LEN, v ? strlen(v) : 0);
	name("{call_uuid}", v, UUID_LEN);
	v = json_string_value(json_object_get(started->json, "call_id"));
	CHECK_INT(22, v ? strlen(v) : 0);
	name("{call_id}", v, 22);
	v = field_of_request("sip_headers");
	v += strcspn(v, "=");
	CHECK(*v == '=');
	name("{sip}", v + 1, strlen(v + 1));
	ws = strstr(answer->body, "/ws/");
	if (ws && strncmp(ws, "/ws/plivo", 9) != 0)
		name("{stream}", ws + 4, strcspn(ws + 4, "<"));
}

static void compare(const char *title, const char *have)
{
	char want[TEXT_MAX];
	const char *w, *h = have;
	unsigned line = 1;

	ours(want, title);
	for (w = want; *w || *h; line++) {
		size_t wn = strcspn(w, "\n"), hn = strcspn(h, "\n");

		if (wn != hn || strncmp(w, h, wn) != 0)
			test_fail(__FILE__, __LINE__,
			          "[%s] line %u: the table has\n%.*s\nand "
			          "here is\n%.*s",
			          title, line, (int)wn, w, (int)hn, h);
		w += wn + (w[wn] == '\n');
		h += hn + (h[hn] == '\n');
	}
}

/* One curl to /start, the answer fetched, and all of it compared. */
static void run(const char *title, const char *host, const char *key,
                const char *body)
{
	char url[200], out[TEXT_MAX] = "", head[2][200];
	const char *const headers[] = {"Content-Type: application/json",
	                               head[0], key ? head[1] : NULL, NULL};
	struct http_answer started, answer;

	snprintf(url, sizeof(url), "%s/start", server.url);
	snprintf(head[0], sizeof(head[0]), "Host: %s", host);
	if (key)
		snprintf(head[1], sizeof(head[1]), "Authorization: Bearer %s",
		         key);
	http_send(&started, "POST", url, headers, body);
	put_requests(out);
	put_answer(out, &started);
	if (started.status == 200) {
		fetch_answer(&answer, host);
		put_answer(out, &answer);
		learn(&started, &answer);
		http_done(&answer);
	}
	compare(title, out);
	http_done(&started);
}

static const char *const production[] = {"API_KEY=" KEY,
                                         "PUBLIC_URL=https://" PUBLIC, NULL};

static void the_first_curl_in_local_mode(void)
{
	start("local", NULL);
	run("local, a number alone", HOST, NULL, first_curl);
	stop();
}

static void the_second_curl_in_local_mode(void)
{
	start("local", NULL);
	run("local, with custom data", HOST, NULL, second_curl);
	stop();
}

static void the_first_curl_in_production(void)
{
	start("production", production);
	run("production, without the key", PUBLIC, NULL, first_curl);
	run("production, a number alone", PUBLIC, KEY, first_curl);
	stop();
}

static void the_second_curl_in_production(void)
{
	start("production", production);
	run("production, without the key", PUBLIC, NULL, second_curl);
	run("production, with custom data", PUBLIC, KEY, second_curl);
	stop();
}

static const struct test tests[] = {
	TEST_SLOW(the_first_curl_in_local_mode, 40),
	TEST_SLOW(the_second_curl_in_local_mode, 40),
	TEST_SLOW(the_first_curl_in_production, 40),
	TEST_SLOW(the_second_curl_in_production, 40),
};

TEST_MAIN(tests)
