/* What the recogniser says, as the messages it says it in. */
#include <string.h>

#include "tests/sim/lib/dg_stream_int.h"
#include "tests/sim/lib/simmem.h"

enum { TRANSCRIPT_MAX = 1 << 20 /* [bytes] of one stream's finals */ };

/* Lower case, without the marks around it. */
static void plain_word(char *dst, const char *word)
{
	size_t len = strlen(word);

	while (len > 0 && strchr(".,;:!?\"'()", *word)) {
		word++;
		len--;
	}
	while (len > 0 && strchr(".,;:!?\"'()", word[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		dst[i] = (char)(word[i] >= 'A' && word[i] <= 'Z'
		                        ? word[i] + 'a' - 'A'
		                        : word[i]);
	dst[len] = '\0';
}

static double seconds(uint32_t ms)
{
	return ms / 1000.0;
}

static json_t *words_of(struct dg_stream *st, const struct dg_result *res,
                        struct buf *text)
{
	json_t *list = json_array();

	for (size_t i = 0; i < res->n_words; i++) {
		const struct dg_word *w = &res->words[i];
		const double sure = 0.9 + sim_random(st->sim, 99) / 1000.0;
		char plain[DG_TEXT_MAX];
		json_t *word;

		plain_word(plain, w->text);
		word = json_pack("{s:s, s:f, s:f, s:f}", "word", plain, "start",
		                 seconds(w->begin_ms), "end",
		                 seconds(w->end_ms), "confidence", sure);
		if (st->params.punctuate)
			json_object_set_new(word, "punctuated_word",
			                    json_string(w->text));
		json_array_append_new(list, word);
		if (text->len > 0)
			sim_adds(text, " ");
		sim_adds(text, st->params.punctuate ? w->text : plain);
	}
	return list;
}

static void remember(struct dg_stream *st, const char *text)
{
	if (!*text || st->transcript.len > TRANSCRIPT_MAX - 8192)
		return;
	if (st->transcript.len > 0)
		sim_adds(&st->transcript, " ");
	sim_adds(&st->transcript, text);
}

static void on_result(const struct dg_result *res, void *arg)
{
	struct dg_stream *st = arg;
	uint32_t delay = st->cfg->latency_ms;
	struct buf text;
	json_t *words, *obj;

	if (st->deaf)
		return;
	if (res->from_finalize)
		delay = st->cfg->finalize_ms;
	buf_init(&text, SIM_BUF_MAX);
	words = words_of(st, res, &text);
	obj = json_pack(
		"{s:s, s:[i,i], s:f, s:f, s:b, s:b, s:b,"
		" s:{s:[{s:s, s:f, s:o}]}, s:{s:s, s:{s:s, s:s, s:s}, s:s}}",
		"type", "Results", "channel_index", 0, 1, "start",
		seconds(res->begin_ms), "duration",
		seconds(res->end_ms - res->begin_ms), "is_final",
		(int)res->is_final, "speech_final", (int)res->speech_final,
		"from_finalize", (int)res->from_finalize, "channel",
		"alternatives", "transcript", buf_str(&text), "confidence",
		res->n_words ? 0.97 : 0.0, "words", words, "metadata",
		"request_id", st->request_id, "model_info", "name",
		st->params.model, "version", "2025-01-01.0", "arch", "nova-3",
		"model_uuid", "00000000-0000-4000-8000-000000000000");
	if (res->is_final)
		remember(st, buf_str(&text));
	sim_count(st->sim, res->is_final ? "finals" : "interims", 1);
	buf_fini(&text);
	dg_stream_say(st, obj, dg_stream_jitter(st, delay));
}

static void on_speech_started(uint32_t at_ms, void *arg)
{
	struct dg_stream *st = arg;

	if (!st->params.vad_events || st->deaf ||
	    sim_fault(st->sim, "no-speech-started", st->no))
		return;
	dg_stream_say(st,
	              json_pack("{s:s, s:[i,i], s:f}", "type", "SpeechStarted",
	                        "channel", 0, 1, "timestamp", seconds(at_ms)),
	              dg_stream_jitter(st, st->cfg->latency_ms));
}

static void on_utterance_end(uint32_t last_word_end_ms, void *arg)
{
	struct dg_stream *st = arg;
	double end = seconds(last_word_end_ms);

	if (st->deaf)
		return;
	if (sim_fault(st->sim, "early-utterance-end", st->no))
		end = -1;
	dg_stream_say(st,
	              json_pack("{s:s, s:[i,i], s:f}", "type", "UtteranceEnd",
	                        "channel", 0, 1, "last_word_end", end),
	              dg_stream_jitter(st, st->cfg->latency_ms));
}

const struct dg_listen_ops dg_stream_listen_ops = {on_result, on_speech_started,
                                                   on_utterance_end};

json_t *dg_stream_metadata(struct dg_stream *st)
{
	unsigned char sha[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = 0;

	EVP_DigestFinal_ex(st->sha, sha, &len);
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = "0123456789abcdef"[sha[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[sha[i] & 15];
	}
	hex[2 * len] = '\0';
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:i}", "type",
	                 "Metadata", "transaction_key", "deprecated",
	                 "request_id", st->request_id, "sha256", hex, "created",
	                 "2026-01-01T00:00:00.000Z", "duration",
	                 seconds(st->listen.now_ms), "channels",
	                 (int)st->params.channels);
}
