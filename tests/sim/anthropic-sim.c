/*
 * anthropic-sim - a stand-in for Anthropic's Messages API
 *
 * http(s)://host:port/v1/messages, streamed, HTTP/1.1 in the clear, 1.1 and 2
 * over TLS, as reference/providers.md 5.2 describes it. It answers by rules
 * (oa_script.h) from the messages it is given, so that a wrong conversation
 * shows.
 */
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/an_answer.h"
#include "tests/sim/lib/an_check.h"
#include "tests/sim/lib/simmem.h"

static struct an_cfg cfg = {.ttft_ms = 300, .rate = 80};
static const char *script_path;
static const char *models = "claude-haiku-4-5 claude-sonnet-4-5";
static struct oa_script *script;

static const struct simopt opts[] = {
	{"script", SIMOPT_TEXT, &script_path, "file of rules (echo)"},
	{"models", SIMOPT_TEXT, &models, "names that exist, with blanks"},
	{"ttft-ms", SIMOPT_NUMBER, &cfg.ttft_ms, "to the first token (300)"},
	{"rate", SIMOPT_NUMBER, &cfg.rate, "deltas a second (80)"},
};

/*	error:STATUS         instead of an answer
 *	retry-after:SEC      goes with it
 *	html-error:STATUS    a proxy's page
 *	no-answer            never a byte
 *	slow:MS              the first token comes so much later
 *	stall-mid:MS         a pause behind the third delta
 *	mid-error:N          an error event behind N deltas
 *	cut:N                the connection breaks behind N deltas
 *	no-stop              the body ends behind the blocks
 *	finish:REASON        max_tokens, refusal, ...
 *	thinking pings       a block before the text; one behind every delta
 *	bad-json             an event that is no JSON
 *	shred:BYTES crlf     events in pieces; other ends of line
 */
static const char *const faults[] = {
	"error",    "retry-after", "html-error", "no-answer",
	"slow",     "stall-mid",   "mid-error",  "cut",
	"no-stop",  "finish",      "thinking",   "pings",
	"bad-json", "shred",       "crlf",       NULL};

static int start(struct sim *s)
{
	char *text = NULL;
	size_t len = 0;

	(void)s;
	list_init(&cfg.answers);
	if (cfg.rate == 0 || cfg.rate > 1000) {
		fprintf(stderr, "anthropic-sim: no such rate\n");
		return 2;
	}
	if (script_path) {
		text = sim_read_file(script_path, &len);
		if (!text)
			return 2;
	}
	cfg.records = json_array();
	script = oa_script_new(text);
	mem_free(text);
	return script ? 0 : 2;
}

static void stop(struct sim *s)
{
	(void)s;
	oa_script_free(&script);
	json_decref(cfg.records);
}

/* --- refusals --- */

static struct an_error error_by_status(int status)
{
	static const struct an_error table[] = {
		{400, "invalid_request_error", "prompt is too long"},
		{401, "authentication_error", "invalid x-api-key"},
		{402, "billing_error", "Your credit balance is too low."},
		{403, "permission_error", "Not allowed."},
		{404, "not_found_error", "model: no such model"},
		{413, "request_too_large", "Request exceeds the maximum size"},
		{429, "rate_limit_error",
	         "Number of request tokens has "
	         "exceeded your rate limit."},
		{500, "api_error", "Internal server error"},
		{504, "timeout_error", "Request timed out"},
		{529, "overloaded_error", "Overloaded"},
	};
	struct an_error e = table[7];

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].status == status)
			e = table[i];
	e.status = status;
	return e;
}

static bool refused_by_fault(struct sim *s, struct simreq *r, unsigned no,
                             const char *id)
{
	static const char page[] = "<html><body><h1>502 Bad Gateway</h1>"
				   "</body></html>\n";
	const struct simfault *f = sim_fault(s, "error", no), *wait;
	struct an_error e;

	if (sim_fault(s, "no-answer", no)) {
		simreq_hold(r);
		return true;
	}
	if (f) {
		e = error_by_status((int)simfault_number(f, 500));
		wait = sim_fault(s, "retry-after", no);
		if (wait)
			simreq_add_header(r, "retry-after", wait->arg);
		an_reply_error(r, &e, id);
		return true;
	}
	f = sim_fault(s, "html-error", no);
	if (f)
		simreq_reply(r, (int)simfault_number(f, 502), "text/html", page,
		             sizeof(page) - 1);
	return f != NULL;
}

static bool model_exists(const char *model)
{
	struct str rest = str_of(models);

	while (rest.len > 0)
		if (str_eq(str_cut(&rest, ' '), model))
			return true;
	return false;
}

/* What the headers lack. */
static int check_headers(const struct sim *s, const struct simreq *r,
                         struct an_error *e)
{
	const char *key = simreq_header(r, "x-api-key");
	const char *type = simreq_header(r, "content-type");

	*e = error_by_status(401);
	if (!key || !*key || (s->key && strcmp(key, s->key) != 0))
		return -1;
	if (!simreq_header(r, "anthropic-version"))
		return an_fail(e, "anthropic-version: header is required");
	if (strcmp(simreq_header(r, "anthropic-version"), "2023-06-01") != 0)
		return an_fail(e, "anthropic-version: is not a valid version");
	if (!type || strncmp(type, "application/json", 16) != 0)
		return an_fail(e, "Content-Type is not application/json");
	return 0;
}

static int check(const struct sim *s, const struct simreq *r,
                 const json_t *body, struct an_error *e)
{
	if (check_headers(s, r, e) || an_check_request(body, e))
		return -1;
	if (!model_exists(js_str(body, "model", ""))) {
		*e = error_by_status(404);
		return -1;
	}
	if (!js_bool(body, "stream", false))
		return an_fail(e, "this stand-in answers as a stream alone");
	return 0;
}

static void messages(struct sim *s, struct simreq *r)
{
	const unsigned no = ++s->opened;
	const struct buf *b = simreq_body(r);
	struct an_error e;
	char id[40];
	json_t *body, *plain;

	sim_record(s, r, no);
	sim_uuid(s, id);
	simreq_add_header(r, "request-id", id);
	if (refused_by_fault(s, r, no, id))
		return;
	body = js_parse(buf_str(b), b->len, NULL, 0);
	if (check(s, r, body, &e)) {
		sim_violation(s, no, "%d: %s", e.status, e.message);
		an_reply_error(r, &e, id);
	} else {
		plain = an_plain(body);
		an_answer_begin(&cfg, s, r, no, oa_script_find(script, plain),
		                body, plain);
		json_decref(plain);
	}
	json_decref(body);
}

static void request(struct sim *s, struct simreq *r)
{
	struct an_error e = {404, "not_found_error", "Not Found"};

	if (strcmp(simreq_path(r), "/v1/messages") == 0 &&
	    strcmp(simreq_method(r), "POST") == 0) {
		messages(s, r);
		return;
	}
	sim_violation(s, 0, "404: %s %s", simreq_method(r), simreq_path(r));
	an_reply_error(r, &e, "req_0");
}

static void state(struct sim *s, json_t *obj)
{
	(void)s;
	json_object_set(obj, "answers", cfg.records);
}

static void reset(struct sim *s)
{
	(void)s;
	json_array_clear(cfg.records);
}

int main(int argc, char **argv)
{
	static const struct sim_app app = {
		.name = "anthropic",
		.opts = opts,
		.n_opts = ARRAY_LEN(opts),
		.faults = faults,
		.h2 = true,
		.start = start,
		.stop = stop,
		.request = request,
		.state = state,
		.reset = reset,
	};

	return sim_main(argc, argv, &app);
}
