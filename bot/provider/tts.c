#include "bot/provider/tts.h"

#include "common/err.h"

int tts_open(struct tts **ttsp, const struct tts_ops *ops, struct net *net,
             const struct tts_params *prm, tts_event_h *eventh, void *arg)
{
	struct tts *tts = NULL;
	int err = ops->open(&tts, net, prm);

	if (err)
		return err;
	tts->ops = ops;
	tts->arg = arg;
	tts->eventh = eventh;
	*ttsp = tts;
	return 0;
}

int tts_speak(struct tts *tts, uint32_t reply, const char *text, size_t len)
{
	if (reply <= tts->cancelled)
		return ERR_STALE;
	if (len > TTS_TEXT_MAX)
		return ERR_LIMIT;
	return tts->ops->speak(tts, reply, text, len);
}

int tts_finish(struct tts *tts, uint32_t reply)
{
	return reply <= tts->cancelled ? ERR_STALE
	                               : tts->ops->finish(tts, reply);
}

void tts_cancel(struct tts *tts, uint32_t reply)
{
	if (reply <= tts->cancelled)
		return;
	tts->cancelled = reply;
	tts->ops->cancel(tts, reply);
}

void tts_hand_over(struct tts *tts, tts_event_h *eventh, void *arg)
{
	ASSERT(!tts->gone);
	tts->eventh = eventh;
	tts->arg = arg;
}

void tts_close(struct tts **ttsp)
{
	struct tts *tts = *ttsp;

	if (!tts)
		return;
	*ttsp = NULL;
	tts->eventh = NULL;
	if (tts->gone)
		*tts->gone = true;
	tts->ops->close(tts);
}

bool tts_emit(struct tts *tts, const struct tts_event *ev)
{
	bool of_reply = ev->type == TTS_AUDIO || ev->type == TTS_WORD ||
	                ev->type == TTS_REPLY_DONE ||
	                ev->type == TTS_REPLY_FAILED;
	bool gone = false, *outer = tts->gone;

	if (!tts->eventh || (of_reply && ev->reply <= tts->cancelled))
		return true;
	/* Taken back before the return. */
	// cppcheck-suppress autoVariables
	tts->gone = &gone;
	tts->eventh(ev, tts->arg);
	if (!gone) {
		tts->gone = outer;
		return true;
	}
	if (outer)
		*outer = true;
	return false;
}
