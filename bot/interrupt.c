#include "bot/interrupt.h"

#include "bot/words.h"
#include "common/attr.h"

const struct interrupt_rules interrupt_defaults = {
	.min_ms = 500,
	.min_words = 1,
	.boundary_ms = 1000,
};

static const char *const nods[] = {
	"aha",  "ah",    "hm", "hmm",  "huh",  "mhm",   "mm",
	"mmhm", "mmm",   "oh", "ok",   "okay", "right", "sure",
	"uh",   "uhhuh", "um", "yeah", "yep",  "yes",   "yup",
};

bool interrupt_backchannel(struct str text)
{
	unsigned n = 0;

	for (;;) {
		const struct str word = words_cut(&text);

		if (!word.len)
			return n > 0;
		if (!words_listed(word, nods, ARRAY_LEN(nods)))
			return false;
		n++;
	}
}

enum interrupt_verdict interrupt_judge(const struct interrupt_rules *rules,
                                       const struct interrupt_in *in)
{
	const unsigned words = words_count(in->text);
	const unsigned enough =
		in->audible && rules->min_words > 1 ? rules->min_words : 1;

	if (in->protected)
		return INTERRUPT_NO;
	if (in->keys)
		return INTERRUPT_WORDS;
	if (in->audible && in->said_ms > rules->boundary_ms &&
	    in->left_ms > rules->boundary_ms && interrupt_backchannel(in->text))
		return INTERRUPT_BACKCHANNEL;
	if (words >= enough)
		return INTERRUPT_WORDS;
	if (enough == 1 && in->audible && rules->min_ms &&
	    in->speech_ms >= rules->min_ms)
		return INTERRUPT_LONG;
	return INTERRUPT_NO;
}
