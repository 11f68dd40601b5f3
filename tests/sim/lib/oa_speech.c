#include "tests/sim/lib/oa_speech.h"

#include <string.h>

#include "common/timer.h"
#include "tests/sim/lib/ca_voice.h"
#include "tests/sim/lib/oa_messages.h"
#include "tests/sim/lib/simmem.h"

enum {
	INPUT_MAX = 4096, /* [characters]; bytes are taken for them */
	CHUNK_MS = 100,
	SPEECH_HZ = 24000,
	ODD = 333, /* [bytes] a chunk's first part: cuts a sample */
};

struct speech {
	const struct oa_speech_cfg *cfg;
	struct sim *sim;
	struct simreq *r;
	unsigned no, chunks;
	char *text;
	struct ca_voice *voice;
	struct timer timer;
};

static bool is_one_of(const char *v, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(v, *names) == 0)
			return true;
	return false;
}

int oa_check_speech(const json_t *body, struct oa_error *e)
{
	static const char *const fields[] = {
		"model", "input",        "voice",         "response_format",
		"speed", "instructions", "stream_format", NULL};
	static const char *const models[] = {"gpt-4o-mini-tts", "tts-1",
	                                     "tts-1-hd", NULL};
	static const char *const voices[] = {
		"alloy", "ash",  "ballad", "coral",   "echo",  "fable",
		"nova",  "onyx", "sage",   "shimmer", "verse", NULL};
	const char *name, *input = js_str(body, "input", "");
	json_t *v;

	if (!json_is_object(body))
		return oa_fail(e, NULL, "We could not parse the JSON body.");
	json_object_foreach((json_t *)(uintptr_t)body, name, v)
	{
		if (!is_one_of(name, fields))
			return oa_fail(e, NULL, "Unknown parameter: '%.64s'.",
			               name);
	}
	if (!is_one_of(js_str(body, "model", ""), models))
		return oa_fail(e, "model", "invalid model ID");
	if (!is_one_of(js_str(body, "voice", ""), voices))
		return oa_fail(e, "voice", "Invalid value for 'voice'.");
	if (!*input || strlen(input) > INPUT_MAX)
		return oa_fail(e, "input", "Invalid 'input': length.");
	if (strcmp(js_str(body, "response_format", "mp3"), "pcm") != 0)
		return oa_fail(e, "response_format",
		               "this stand-in speaks pcm alone");
	return 0;
}

static void on_word(const char *raw, size_t len, double begin, double end,
                    void *arg)
{
	struct speech *sp = arg;

	(void)raw;
	(void)len;
	(void)begin;
	(void)end;
	sim_count(sp->sim, "words_spoken", 1);
}

static void end(struct speech *sp)
{
	timer_stop(sp->sim->timers, &sp->timer);
	ca_voice_free(&sp->voice);
	mem_free(sp->text);
	sim_stream_end(sp->sim);
	mem_free(sp);
}

static void on_gone(struct simreq *r, void *arg)
{
	struct speech *sp = arg;

	(void)r;
	sim_count(sp->sim, "speech_hung_up", 1);
	end(sp);
}

static void on_timer(void *arg)
{
	struct speech *sp = arg;
	const struct simfault *stall =
		sim_fault(sp->sim, "speech-stall", sp->no);
	struct simreq *r = sp->r;
	struct buf audio;
	uint32_t ms = 0;
	size_t n;
	bool more;

	if (sim_fault(sp->sim, "speech-mute", sp->no))
		return;
	if (sp->chunks == 3 && sim_fault(sp->sim, "speech-cut", sp->no)) {
		end(sp);
		simreq_abort(r);
		return;
	}
	buf_init(&audio, SIM_BUF_MAX);
	more = ca_voice_speak(sp->voice, sp->text, CHUNK_MS, &audio, &ms);
	for (size_t at = 0; at < audio.len; at += n) {
		n = audio.len - at < ODD ? audio.len - at : ODD;
		simreq_send(r, audio.v + at, n);
	}
	buf_fini(&audio);
	sp->chunks++;
	if (!more) {
		end(sp);
		simreq_end(r);
		return;
	}
	ms = (uint32_t)(ms / sp->cfg->pace);
	if (stall)
		ms += simfault_number(stall, 5000);
	timer_start(sp->sim->timers, &sp->timer, ms, on_timer, sp);
}

void oa_speech_begin(const struct oa_speech_cfg *cfg, struct sim *s,
                     struct simreq *r, unsigned no, const json_t *body)
{
	const struct ca_format format = {CA_S16LE, SPEECH_HZ};
	struct speech *sp = sim_zalloc(sizeof(*sp));

	sp->cfg = cfg;
	sp->sim = s;
	sp->r = r;
	sp->no = no;
	sp->text = sim_strdup(js_str(body, "input", ""));
	sp->voice = ca_voice_new(&format, 1, on_word, sp);
	s->open++;
	simreq_on_gone(r, on_gone, sp);
	simreq_begin(r, 200, "audio/pcm");
	timer_start(s->timers, &sp->timer, cfg->latency_ms, on_timer, sp);
}
