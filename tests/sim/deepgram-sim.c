/*
 * deepgram-sim - a stand-in for Deepgram's streaming speech to text
 *
 * wss://host:port/v1/listen, as reference/providers.md describes it. What it
 * understands is written in a script (dg_script.h), but only as much of it as
 * the audio that really arrives, in the encoding that was declared, has speech
 * for. With --ear tones it hears the words of wordtone.h instead.
 * wss://host:port/v1/speak is its voice (dg_speak.h), and /v2/listen the
 * recogniser that decides turns (dg_flux.h).
 */
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/dg_flux.h"
#include "tests/sim/lib/dg_speak.h"
#include "tests/sim/lib/dg_stream.h"
#include "tests/sim/lib/simmem.h"

static struct dg_cfg cfg = {
	.listen = {.burst_gap_ms = 600, .interim_ms = 1000, .segment_ms = 4000},
	.latency_ms = 150,
	.finalize_ms = 150,
	.idle_ms = 10000,
	.slack_ms = 15000,
	.intake = 1.25,
	.threshold = 350,
};
static struct dg_flux_cfg flux = {
	.latency_ms = 150, .eager_ms = 250, .end_ms = 500, .threshold = 350};
static struct dg_speak_cfg speak = {.latency_ms = 140, .pace = 4};
static const char *script_path, *ear = "script";
static struct dg_scripts *scripts;
static char *script_text;

static const struct simopt opts[] = {
	{"script", SIMOPT_TEXT, &script_path, "file of sentences"},
	{"loop", SIMOPT_FLAG, &cfg.listen.loop, "begin the script again"},
	{"whole", SIMOPT_FLAG, &cfg.listen.whole,
         "no word before the speech pauses"},
	{"ear", SIMOPT_TEXT, &ear,
         "script: by bursts; tones: the words of wordtone.h (script)"},
	{"burst-gap-ms", SIMOPT_NUMBER, &cfg.listen.burst_gap_ms,
         "silence between two sentences (600)"},
	{"interim-ms", SIMOPT_NUMBER, &cfg.listen.interim_ms,
         "audio between interims (1000)"},
	{"segment-ms", SIMOPT_NUMBER, &cfg.listen.segment_ms,
         "longest segment without a final (4000)"},
	{"latency-ms", SIMOPT_NUMBER, &cfg.latency_ms,
         "from audio to its result (150)"},
	{"finalize-ms", SIMOPT_NUMBER, &cfg.finalize_ms,
         "from Finalize to its answer (150)"},
	{"jitter-ms", SIMOPT_NUMBER, &cfg.jitter_ms, "added, at most (0)"},
	{"idle-ms", SIMOPT_NUMBER, &cfg.idle_ms,
         "without traffic before NET-0001 (10000)"},
	{"threshold", SIMOPT_REAL, &cfg.threshold, "RMS of speech (350)"},
	{"intake", SIMOPT_REAL, &cfg.intake, "of real time (1.25)"},
	{"intake-slack-ms", SIMOPT_NUMBER, &cfg.slack_ms,
         "of audio taken faster than that (15000)"},
	{"flux-ms", SIMOPT_NUMBER, &flux.latency_ms,
         "from audio to an event of /v2/listen (150)"},
	{"eager-ms", SIMOPT_NUMBER, &flux.eager_ms,
         "silence that seems to end a turn there (250)"},
	{"end-ms", SIMOPT_NUMBER, &flux.end_ms, "silence that ends it (500)"},
	{"speak-ms", SIMOPT_NUMBER, &speak.latency_ms,
         "from Flush to the voice's first audio (140)"},
	{"speak-pace", SIMOPT_REAL, &speak.pace,
         "of that audio, times real time (4)"},
};

/*	refuse:STATUS[/CODE]  the upgrade is answered with STATUS
 *	no-answer             the upgrade is never answered
 *	deaf                  no results at all
 *	finalize-silent       Finalize is not answered
 *	slow:MS               results come so much later
 *	no-speech-started     SpeechStarted is left out
 *	early-utterance-end   last_word_end is -1
 *	speak-mute no-cleared the voice says nothing; does not answer Clear
 *	speak-stall:MS        it pauses behind each of its messages
 */
static const char *const faults[] = {"refuse",
                                     "no-answer",
                                     "deaf",
                                     "finalize-silent",
                                     "slow",
                                     "no-speech-started",
                                     "early-utterance-end",
                                     "speak-mute",
                                     "speak-stall",
                                     "no-cleared",
                                     SIM_WS_FAULTS,
                                     NULL};

static int start(struct sim *s)
{
	size_t len = 0;

	(void)s;
	list_init(&cfg.streams);
	list_init(&speak.sockets);
	speak.records = json_array();
	list_init(&flux.streams);
	flux.records = json_array();
	if (speak.pace <= 0)
		return 2;
	if (script_path) {
		script_text = sim_read_file(script_path, &len);
		if (!script_text)
			return 2;
	}
	cfg.listen.tones = strcmp(ear, "tones") == 0;
	cfg.vocabulary = script_text ? script_text : "";
	scripts = dg_scripts_new(script_text);
	cfg.scripts = flux.scripts = scripts;
	return scripts ? 0 : 2;
}

static void stop(struct sim *s)
{
	(void)s;
	if (scripts)
		dg_streams_reset(&cfg);
	dg_scripts_free(&scripts);
	mem_free(script_text);
	json_decref(speak.records);
	json_decref(flux.records);
}

static void refuse(struct simreq *r, int status, const char *code,
                   const char *text, const char *request_id)
{
	simreq_add_header(r, "dg-error", text);
	sim_reply_json(r, status,
	               json_pack("{s:s, s:s, s:s}", "err_code", code, "err_msg",
	                         text, "request_id", request_id));
}

static const char *code_of(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "INVALID_AUTH";
	case 402:
		return "ASR_PAYMENT_REQUIRED";
	case 403:
		return "INSUFFICIENT_PERMISSIONS";
	case 422:
		return "ASR_UNPROCESSABLE_ENTITY";
	case 429:
		return "TOO_MANY_REQUESTS";
	default:
		return "SERVICE_UNAVAILABLE";
	}
}

static bool refused_by_fault(struct sim *s, struct simreq *r, unsigned no,
                             const char *request_id)
{
	const struct simfault *f = sim_fault(s, "refuse", no);
	const char *slash;
	struct str head;
	uint64_t status;

	if (sim_fault(s, "no-answer", no)) {
		simreq_hold(r);
		return true;
	}
	if (!f)
		return false;
	head = str_of(f->arg);
	head = str_cut(&head, '/');
	slash = strchr(f->arg, '/');
	if (str_u64(head, 599, &status))
		status = 503;
	refuse(r, (int)status, slash ? slash + 1 : code_of((int)status),
	       "Refused by a fault of the simulator.", request_id);
	return true;
}

static void request_flux(struct sim *s, struct simreq *r, unsigned no,
                         const char *request_id)
{
	const char *code = NULL, *text = NULL;
	struct dg_flux_params p;
	const int status = dg_flux_check(s, r, &p, &code, &text);

	if (!status) {
		dg_flux_open(&flux, s, r, no, &p, request_id);
		return;
	}
	sim_violation(s, no, "upgrade refused: %d %s", status, text);
	refuse(r, status, code, text, request_id);
}

static void request_speak(struct sim *s, struct simreq *r, unsigned no,
                          const char *request_id)
{
	const char *code = NULL, *text = NULL;
	const int status = dg_speak_check(s, r, no, &code, &text);

	if (!status) {
		dg_speak_open(&speak, s, r, no, request_id);
		return;
	}
	sim_violation(s, no, "upgrade refused: %d %s", status, text);
	refuse(r, status, code, text, request_id);
}

static void request(struct sim *s, struct simreq *r)
{
	const unsigned no = ++s->opened;
	const char *code = NULL, *text = NULL;
	struct dg_params params;
	char request_id[37];
	int status, script;

	sim_uuid(s, request_id);
	sim_record(s, r, no);
	simreq_add_header(r, "dg-request-id", request_id);
	if (refused_by_fault(s, r, no, request_id))
		return;
	if (strcmp(simreq_path(r), "/v2/listen") == 0) {
		request_flux(s, r, no, request_id);
		return;
	}
	if (strcmp(simreq_path(r), "/v1/speak") == 0) {
		request_speak(s, r, no, request_id);
		return;
	}
	status = dg_query_check(s, r, no, &params, &code, &text);
	script = status ? -1 : dg_scripts_choose(scripts, params.script, no);
	if (!status && script < 0)
		sim_violation(s, no, "no script for this stream");
	if (status) {
		sim_violation(s, no, "upgrade refused: %d %s", status, text);
		refuse(r, status, code, text, request_id);
		return;
	}
	s->open++;
	sim_count(s, "accepted", 1);
	dg_stream_open(&cfg, s, r, no, &params, script, request_id);
}

static void state(struct sim *s, json_t *obj)
{
	(void)s;
	dg_streams_state(&cfg, obj);
	json_object_set(obj, "speaks", speak.records);
	json_object_set(obj, "flux", flux.records);
}

static void reset(struct sim *s)
{
	(void)s;
	dg_streams_reset(&cfg);
}

int main(int argc, char **argv)
{
	static const struct sim_app app = {
		.name = "deepgram",
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
