#include "bot/timeline.h"

#include <inttypes.h>

#include "common/buf.h"

static const char *const names[TIMELINE_POINTS] = {
	"speech_end", "final", "first_token", "first_audio", "heard",
};

void timeline_reset(struct timeline *tl)
{
	*tl = (struct timeline){0};
}

void timeline_note(struct timeline *tl, enum timeline_point p, uint64_t at_ms)
{
	if (tl->known[p] && p > TIMELINE_FINAL)
		return;
	tl->known[p] = true;
	tl->at_ms[p] = at_ms;
}

int timeline_json(const struct timeline *tl, struct buf *out)
{
	const uint64_t zero = tl->at_ms[TIMELINE_SPEECH_END];
	int err = buf_adds(out, "\"latency\":{");

	for (unsigned p = 0; p < TIMELINE_POINTS && !err; p++) {
		int64_t ms = (int64_t)tl->at_ms[p];

		if (p != TIMELINE_SPEECH_END)
			ms -= (int64_t)zero;
		err = buf_addf(out, "%s\"%s\":", p ? "," : "", names[p]);
		if (!err)
			err = tl->known[p] ? buf_addf(out, "%" PRId64, ms)
			                   : buf_adds(out, "null");
	}
	return err ? err : buf_adds(out, "}");
}
