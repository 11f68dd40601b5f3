/*
 * openai-sim - a stand-in for OpenAI's chat completions, and for its likes
 *
 * http(s)://host:port/v1/chat/completions, HTTP/1.1 in the clear, 1.1 and 2
 * over TLS, as reference/providers.md describes it. It answers by rules
 * (oa_script.h) from the messages it is given, so that a wrong conversation
 * shows.
 */
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/oa_answer.h"
#include "tests/sim/lib/oa_check.h"
#include "tests/sim/lib/oa_speech.h"
#include "tests/sim/lib/oa_transcribe.h"
#include "tests/sim/lib/simmem.h"

static struct oa_cfg cfg = {.ttft_ms = 300, .rate = 80};
static struct oa_speech_cfg speech = {.latency_ms = 120, .pace = 4};
static struct oa_ear_cfg hearing = {.latency_ms = 300};
static struct dg_scripts *sentences;
static const char *sentences_path;
static const char *script_path, *dialect = "openai";
static const char *models = "gpt-4.1 gpt-4.1-mini gpt-4o gpt-4o-mini";
static struct oa_script *script;

static const struct simopt opts[] = {
	{"script", SIMOPT_TEXT, &script_path, "file of rules (echo)"},
	{"dialect", SIMOPT_TEXT, &dialect,
         "openai llama.cpp ollama vllm groq azure (openai)"},
	{"models", SIMOPT_TEXT, &models, "names that exist, with blanks"},
	{"ttft-ms", SIMOPT_NUMBER, &cfg.ttft_ms, "to the first token (300)"},
	{"rate", SIMOPT_NUMBER, &cfg.rate, "tokens a second (80)"},
	{"jitter-ms", SIMOPT_NUMBER, &cfg.jitter_ms,
         "added to the first, at most (0)"},
	{"sentences", SIMOPT_TEXT, &sentences_path,
         "file of what recordings say (a few of our own)"},
	{"transcribe-ms", SIMOPT_NUMBER, &hearing.latency_ms,
         "from a recording to its text (300)"},
	{"speech-ms", SIMOPT_NUMBER, &speech.latency_ms,
         "to the voice's first audio (120)"},
	{"speech-pace", SIMOPT_REAL, &speech.pace,
         "of that audio, times real time (4)"},
};

/*	error:STATUS[/CODE]  instead of an answer
 *	retry-after:MS       both headers go with it
 *	html-error:STATUS    a proxy's page
 *	no-answer            never a byte
 *	slow:MS              the first token comes so much later
 *	stall-mid:MS         a pause behind the fifth token
 *	mid-error:N          an error event behind N tokens
 *	cut:N                the connection breaks behind N tokens
 *	no-finish            the body ends behind the text
 *	no-done no-usage     are left out
 *	no-end               the body stays open behind its last event
 *	finish:REASON        length, content_filter
 *	refusal              the text comes as a refusal
 *	json-body            200, and not a stream
 *	bad-json             an event that is no JSON
 *	shred:BYTES          events in pieces
 *	crlf comments        other ends of line; comments between events
 *	speech-mute          the voice says nothing
 *	speech-cut           its answer breaks behind 300 ms of audio
 *	speech-stall:MS      it pauses behind each of its pieces
 */
static const char *const faults[] = {
	"error",      "retry-after",  "html-error", "no-answer", "slow",
	"stall-mid",  "mid-error",    "cut",        "no-finish", "no-done",
	"no-usage",   "no-end",       "finish",     "refusal",   "json-body",
	"bad-json",   "shred",        "crlf",       "comments",  "speech-mute",
	"speech-cut", "speech-stall", NULL};

static int start(struct sim *s)
{
	char *text = NULL;
	size_t len = 0;

	(void)s;
	list_init(&cfg.answers);
	cfg.dialect = oa_dialect_find(dialect);
	if (!cfg.dialect || cfg.rate == 0) {
		fprintf(stderr, "openai-sim: no such dialect, or no rate\n");
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
	text = NULL;
	if (sentences_path) {
		text = sim_read_file(sentences_path, &len);
		if (!text)
			return 2;
	}
	sentences = dg_scripts_new(text);
	mem_free(text);
	hearing.scripts = sentences;
	return script && sentences ? 0 : 2;
}

static void stop(struct sim *s)
{
	(void)s;
	oa_script_free(&script);
	dg_scripts_free(&sentences);
	json_decref(cfg.records);
}

/* --- refusals --- */

static void deny(struct sim *s, struct simreq *r, unsigned no,
                 const struct oa_error *e)
{
	sim_violation(s, no, "%d: %s", e->status, e->message);
	oa_reply_error(r, e);
}

static struct oa_error error_by_status(int status, const char *code)
{
	static const struct oa_error table[] = {
		{400, "invalid_request_error", "context_length_exceeded",
	         "messages", "This model's maximum context length is 8192."},
		{401, "invalid_request_error", "invalid_api_key", NULL,
	         "Incorrect API key provided."},
		{403, "permission_error", NULL, NULL, "Not allowed."},
		{404, "invalid_request_error", "model_not_found", NULL,
	         "The model does not exist or you do not have access."},
		{429, "requests", "rate_limit_exceeded", NULL,
	         "Rate limit reached for requests."},
		{500, "server_error", NULL, NULL,
	         "The server had an error while processing your request."},
		{503, "server_error", "server_is_overloaded", NULL,
	         "The engine is currently overloaded."},
	};
	struct oa_error e = table[5];

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].status == status)
			e = table[i];
	e.status = status;
	if (code)
		e.code = code;
	if (code && strcmp(code, "insufficient_quota") == 0)
		e.type = code;
	return e;
}

static bool refused_by_fault(struct sim *s, struct simreq *r, unsigned no)
{
	static const char page[] = "<html><body><h1>502 Bad Gateway</h1>"
				   "</body></html>\n";
	const struct simfault *f = sim_fault(s, "error", no), *wait;
	const char *slash;
	struct oa_error e;
	struct str head;
	uint64_t n;

	if (sim_fault(s, "no-answer", no)) {
		simreq_hold(r);
		return true;
	}
	if (f) {
		slash = strchr(f->arg, '/');
		head = str_of(f->arg);
		head = str_cut(&head, '/');
		e = error_by_status(str_u64(head, 599, &n) ? 500 : (int)n,
		                    slash ? slash + 1 : NULL);
		wait = sim_fault(s, "retry-after", no);
		if (wait) {
			char text[16];
			const uint32_t ms = simfault_number(wait, 1000);

			simreq_add_header(r, "retry-after-ms", wait->arg);
			snprintf(text, sizeof(text), "%u", (ms + 999) / 1000);
			simreq_add_header(r, "retry-after", text);
		}
		oa_reply_error(r, &e);
		return true;
	}
	f = sim_fault(s, "html-error", no);
	if (f)
		simreq_reply(r, (int)simfault_number(f, 502), "text/html", page,
		             sizeof(page) - 1);
	return f != NULL;
}

static bool authorised(const struct sim *s, const struct simreq *r)
{
	const char *auth = simreq_header(r, "authorization");
	const char *key = simreq_header(r, "api-key");

	if (!cfg.dialect->strict && !s->key)
		return true; /* servers at home ask for none */
	if (strcmp(cfg.dialect->name, "azure") != 0 || !key)
		key = auth && strncmp(auth, "Bearer ", 7) == 0 ? auth + 7
		                                               : NULL;
	return key && *key && (!s->key || strcmp(key, s->key) == 0);
}

static bool model_exists(const char *model)
{
	struct str rest = str_of(models);

	if (!cfg.dialect->strict)
		return true;
	while (rest.len > 0)
		if (str_eq(str_cut(&rest, ' '), model))
			return true;
	return false;
}

/* --- requests --- */

static void complete(struct sim *s, struct simreq *r, unsigned no, json_t *body)
{
	const json_t *messages = json_object_get(body, "messages");
	struct oa_error e;

	if (oa_check_request(body, !cfg.dialect->strict, &e)) {
		deny(s, r, no, &e);
		return;
	}
	if (!model_exists(js_str(body, "model", ""))) {
		e = error_by_status(404, NULL);
		deny(s, r, no, &e);
		return;
	}
	if (sim_fault(s, "json-body", no))
		json_object_set_new(body, "stream", json_false());
	oa_answer_begin(&cfg, s, r, no, oa_script_find(script, messages), body);
}

static void chat(struct sim *s, struct simreq *r)
{
	const unsigned no = ++s->opened;
	const struct buf *b = simreq_body(r);
	const char *type = simreq_header(r, "content-type");
	struct oa_error e;
	char id[40] = "req_";
	json_t *body;

	sim_record(s, r, no);
	sim_uuid(s, id);
	simreq_add_header(r, "x-request-id", id);
	simreq_add_header(r, "openai-processing-ms", "12");
	sim_count(s, simreq_is_h2(r) ? "http2" : "http1", 1);
	if (refused_by_fault(s, r, no))
		return;
	if (!authorised(s, r)) {
		e = error_by_status(401, NULL);
		deny(s, r, no, &e);
		return;
	}
	if (!type || strncmp(type, "application/json", 16) != 0)
		sim_violation(s, no, "Content-Type is not application/json");
	body = js_parse(buf_str(b), b->len, NULL, 0);
	complete(s, r, no, body);
	json_decref(body);
}

static void transcribe(struct sim *s, struct simreq *r)
{
	const unsigned no = ++s->opened;
	struct oa_error e = error_by_status(401, NULL);
	struct oa_form form;

	sim_record(s, r, no);
	if (refused_by_fault(s, r, no))
		return;
	if (!authorised(s, r) ||
	    oa_form_parse(&form, simreq_header(r, "content-type"),
	                  simreq_body(r), &e) ||
	    oa_wav_speech_ms(&form, &e) < 0)
		deny(s, r, no, &e);
	else
		oa_transcribe(&hearing, s, r, no, &form);
}

static void speak(struct sim *s, struct simreq *r)
{
	const unsigned no = ++s->opened;
	const struct buf *b = simreq_body(r);
	struct oa_error e = error_by_status(401, NULL);
	json_t *body;

	sim_record(s, r, no);
	if (refused_by_fault(s, r, no))
		return;
	if (!authorised(s, r)) {
		deny(s, r, no, &e);
		return;
	}
	body = js_parse(buf_str(b), b->len, NULL, 0);
	if (oa_check_speech(body, &e))
		deny(s, r, no, &e);
	else
		oa_speech_begin(&speech, s, r, no, body);
	json_decref(body);
}

static void list_models(struct sim *s, struct simreq *r)
{
	json_t *list = json_array();
	struct str rest = str_of(models);
	struct oa_error e = error_by_status(401, NULL);

	if (!authorised(s, r)) {
		json_decref(list);
		deny(s, r, 0, &e);
		return;
	}
	while (rest.len > 0) {
		const struct str name = str_cut(&rest, ' ');

		json_array_append_new(
			list, json_pack("{s:s%, s:s, s:i, s:s}", "id", name.v,
		                        name.len, "object", "model", "created",
		                        1, "owned_by", "openai"));
	}
	sim_reply_json(r, 200,
	               json_pack("{s:s, s:o}", "object", "list", "data", list));
}

static void request(struct sim *s, struct simreq *r)
{
	const char *path = simreq_path(r), *method = simreq_method(r);
	struct oa_error e = {.status = 404, .type = "invalid_request_error"};

	if (strncmp(path, "/openai/", 8) == 0)
		path += 7;
	if (strcmp(path, "/v1/chat/completions") == 0 &&
	    strcmp(method, "POST") == 0) {
		chat(s, r);
		return;
	}
	if (strcmp(path, "/v1/audio/speech") == 0 &&
	    strcmp(method, "POST") == 0) {
		speak(s, r);
		return;
	}
	if (strcmp(path, "/v1/audio/transcriptions") == 0 &&
	    strcmp(method, "POST") == 0) {
		transcribe(s, r);
		return;
	}
	if (strcmp(path, "/v1/models") == 0 && strcmp(method, "GET") == 0) {
		list_models(s, r);
		return;
	}
	snprintf(e.message, sizeof(e.message), "Invalid URL (%s %.100s)",
	         method, path);
	deny(s, r, 0, &e);
}

static void state(struct sim *s, json_t *obj)
{
	json_t *list = json_copy(cfg.records);

	(void)s;
	oa_answers_state(&cfg, list);
	json_object_set_new(obj, "answers", list);
}

static void reset(struct sim *s)
{
	(void)s;
	json_array_clear(cfg.records);
}

int main(int argc, char **argv)
{
	static const struct sim_app app = {
		.name = "openai",
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
