#include "bot/endpoint.h"

#include <ctype.h>

#include "bot/words.h"
#include "common/attr.h"

/* A final text that comes sooner after the last voiced chunk cuts an utterance
 * that goes on. [ms], two chunks of the VAD */
enum { QUIET_MS = 64 };

const struct endpoint_rules endpoint_defaults = {
	.stt_ms = 350,
	.vad_stop_ms = 200,
	.short_ms = 350,
	.long_ms = 1000,
	.incomplete_ms = 3200,
	.watchdog_ms = 5000,
};

/* Words after which a sentence goes on, and sounds of somebody thinking. */
static const char *const dangling[] = {
	"a",   "about", "an",   "and",  "are",  "as",    "at",    "because",
	"but", "by",    "er",   "for",  "from", "her",   "his",   "i",
	"i'd", "i'll",  "i'm",  "if",   "in",   "into",  "is",    "like",
	"my",  "of",    "on",   "or",   "our",  "so",    "than",  "that",
	"the", "their", "then", "to",   "uh",   "um",    "until", "was",
	"we",  "well",  "were", "when", "with", "would", "your",
};

/*
 * Measured on transcripts of whole sentences and of cuts of them: a full stop
 * says little, because recognisers put one after almost everything; a
 * function word at the end says much.
 */
double endpoint_score(struct str text)
{
	double score = -1;
	struct str last;
	char c;

	text = str_trim(text);
	if (!text.len)
		return score - 3;
	c = text.v[text.len - 1];
	if (c == '.' || c == '?' || c == '!')
		score += 1;
	else if (c == ',' || c == '-')
		score -= 1;

	last = words_last(text);
	if (c != '?' && words_listed(last, dangling, ARRAY_LEN(dangling)))
		score -= 3;
	return score;
}

bool endpoint_likely(const struct endpoint_in *in, uint32_t quiet_ms)
{
	if (!in->text.len || in->undecided ||
	    in->verdict == ENDPOINT_INCOMPLETE)
		return false;
	if (in->speaking ? quiet_ms < QUIET_MS : !in->all_text)
		return false;
	return endpoint_score(in->text) > ENDPOINT_FINISHED;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Text without any voice activity: too short or too faint for the VAD. */
static uint64_t without_vad(const struct endpoint_rules *rules,
                            const struct endpoint_in *in)
{
	uint32_t wait = rules->stt_ms;

	if (in->ever_heard)
		wait -= wait < rules->vad_stop_ms ? wait : rules->vad_stop_ms;
	return in->text_at_ms + wait;
}

uint64_t endpoint_at(const struct endpoint_rules *rules,
                     const struct endpoint_in *in)
{
	const uint64_t deadline = in->end_at_ms + rules->stt_ms;
	uint64_t text_in, pause;
	bool finished;

	if (in->speaking || !in->text.len)
		return ENDPOINT_WAIT;
	if (!in->heard)
		return without_vad(rules, in);

	text_in = in->all_text ? 0 : deadline;
	if (in->undecided)
		text_in = later(deadline, in->interim_at_ms + rules->stt_ms);
	if (in->verdict == ENDPOINT_COMPLETE)
		return text_in;
	finished = endpoint_score(in->text) > ENDPOINT_FINISHED;
	if (in->verdict == ENDPOINT_INCOMPLETE)
		/* It hears no words: against these its "no" counts for less. */
		pause = finished ? rules->long_ms : rules->incomplete_ms;
	else
		pause = finished ? rules->short_ms : rules->long_ms;
	pause += in->end_at_ms;
	if (in->verdict == ENDPOINT_PENDING)
		return later(deadline, pause);
	return later(text_in, pause);
}
