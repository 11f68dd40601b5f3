/*
 * elevenlabs-sim - a stand-in for ElevenLabs' text to speech over a WebSocket
 *
 * wss://host:port/v1/text-to-speech/VOICE/multi-stream-input, as
 * reference/providers.md 4.1 describes it: contexts in one socket, replies in
 * camelCase, times by character that begin anew with each message. Each word
 * is a tone of its own (wordtone.h).
 */
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/el_context.h"
#include "tests/sim/lib/simmem.h"

static struct el_cfg cfg = {.latency_ms = 100, .pace = 4};
static const char *models = "eleven_flash_v2_5 eleven_turbo_v2_5 "
			    "eleven_multilingual_v2";

static const struct simopt opts[] = {
	{"latency-ms", SIMOPT_NUMBER, &cfg.latency_ms,
         "from text to first audio (100)"},
	{"pace", SIMOPT_REAL, &cfg.pace, "of audio, times real time (4)"},
	{"models", SIMOPT_TEXT, &models, "names that exist, with blanks"},
};

/*	refuse:STATUS       the upgrade is answered with STATUS
 *	no-answer           the upgrade is never answered
 *	mute                no audio for any context
 *	no-alignment        no times of characters
 *	error               an error instead of audio
 */
static const char *const faults[] = {"refuse", "no-answer",    "mute",
                                     "error",  "no-alignment", SIM_WS_FAULTS,
                                     NULL};

static int start(struct sim *s)
{
	(void)s;
	list_init(&cfg.conns);
	cfg.records = json_array();
	return cfg.pace > 0 ? 0 : 2;
}

static void stop(struct sim *s)
{
	(void)s;
	json_decref(cfg.records);
}

static void refuse(struct simreq *r, int status, const char *code,
                   const char *text)
{
	sim_reply_json(r, status,
	               json_pack("{s:{s:s, s:s}}", "detail", "status", code,
	                         "message", text));
}

static bool has_word(const char *words, const char *name)
{
	struct str rest = str_of(words);

	while (rest.len > 0)
		if (str_eq(str_cut(&rest, ' '), name))
			return true;
	return false;
}

/* "/v1/text-to-speech/VOICE/multi-stream-input" */
static bool is_path(const char *path)
{
	static const char head[] = "/v1/text-to-speech/";
	const size_t n = sizeof(head) - 1;
	const char *slash;

	if (strncmp(path, head, n) != 0)
		return false;
	slash = strchr(path + n, '/');
	return slash && slash > path + n &&
	       strcmp(slash, "/multi-stream-input") == 0;
}

static const char *check_query(struct simreq *r, struct ca_format *f)
{
	static const char known[] =
		"model_id output_format auto_mode language_code "
		"enable_ssml_parsing enable_logging inactivity_timeout "
		"apply_text_normalization sync_alignment";
	static const struct {
		const char *name;
		struct ca_format format;
	} formats[] = {
		{"ulaw_8000", {CA_MULAW, 8000}},
		{"alaw_8000", {CA_ALAW, 8000}},
		{"pcm_8000", {CA_S16LE, 8000}},
		{"pcm_16000", {CA_S16LE, 16000}},
		{"pcm_24000", {CA_S16LE, 24000}},
	};
	const char *name, *value;

	for (size_t i = 0; simreq_arg_at(r, i, &name, &value); i++)
		if (!has_word(known, name))
			return "unknown parameter";
	value = simreq_arg(r, "model_id", 0);
	if (!value || !has_word(models, value))
		return "unknown model_id";
	if (simreq_arg(r, "language_code", 0) && !strstr(value, "_v2_5"))
		return "this model does not support language_code";
	value = simreq_arg(r, "output_format", 0);
	for (size_t i = 0; value && i < ARRAY_LEN(formats); i++)
		if (strcmp(value, formats[i].name) == 0) {
			*f = formats[i].format;
			return NULL;
		}
	return "unknown output_format";
}

static int check(const struct sim *s, struct simreq *r, struct ca_format *f,
                 const char **code, const char **text)
{
	const char *key = simreq_header(r, "xi-api-key");

	*code = "not_found";
	*text = "Not Found";
	if (!is_path(simreq_path(r)))
		return 404;
	*code = "invalid_api_key";
	*text = "Invalid API key";
	if (!key || !*key || (s->key && strcmp(key, s->key) != 0))
		return 401;
	*code = "invalid_request";
	*text = simws_check(r);
	if (!*text)
		*text = check_query(r, f);
	return *text ? 400 : 0;
}

static void request(struct sim *s, struct simreq *r)
{
	const unsigned no = ++s->opened;
	const struct simfault *f = sim_fault(s, "refuse", no);
	const char *code, *text;
	struct ca_format format;
	int status;

	sim_record(s, r, no);
	if (sim_fault(s, "no-answer", no)) {
		simreq_hold(r);
		return;
	}
	if (f) {
		refuse(r, (int)simfault_number(f, 503), "fault",
		       "Refused by a fault of the simulator.");
		return;
	}
	status = check(s, r, &format, &code, &text);
	if (status) {
		sim_violation(s, no, "upgrade refused: %d %s", status, text);
		refuse(r, status, code, text);
		return;
	}
	el_conn_open(&cfg, s, r, no, &format);
}

static void state(struct sim *s, json_t *obj)
{
	(void)s;
	json_object_set(obj, "contexts", cfg.records);
}

static void reset(struct sim *s)
{
	(void)s;
	json_array_clear(cfg.records);
}

int main(int argc, char **argv)
{
	static const struct sim_app app = {
		.name = "elevenlabs",
		.opts = opts,
		.n_opts = ARRAY_LEN(opts),
		.faults = faults,
		.start = start,
		.stop = stop,
		.request = request,
		.state = state,
		.reset = reset,
	};

	return sim_main(argc, argv, &app);
}
