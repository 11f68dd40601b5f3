#include "bot/provider/stt.h"

int stt_open(struct stt **sttp, const struct stt_ops *ops, struct net *net,
             const struct stt_params *prm, stt_event_h *eventh, void *arg)
{
	struct stt *stt = NULL;
	int err = ops->open(&stt, net, prm);

	if (err)
		return err;
	stt->ops = ops;
	stt->arg = arg;
	stt->eventh = eventh;
	*sttp = stt;
	return 0;
}

int stt_push(struct stt *stt, const struct pcm *pcm)
{
	return stt->ops->push(stt, pcm);
}

int stt_flush(struct stt *stt)
{
	return stt->ops->flush(stt);
}

void stt_hand_over(struct stt *stt, stt_event_h *eventh, void *arg)
{
	ASSERT(!stt->gone);
	stt->eventh = eventh;
	stt->arg = arg;
}

void stt_close(struct stt **sttp)
{
	struct stt *stt = *sttp;

	if (!stt)
		return;
	*sttp = NULL;
	stt->eventh = NULL;
	if (stt->gone)
		*stt->gone = true;
	stt->ops->close(stt);
}

bool stt_emit(struct stt *stt, const struct stt_event *ev)
{
	bool gone = false, *outer = stt->gone;

	if (!stt->eventh)
		return true;
	/* Taken back before the return. */
	// cppcheck-suppress autoVariables
	stt->gone = &gone;
	stt->eventh(ev, stt->arg);
	if (!gone) {
		stt->gone = outer;
		return true;
	}
	if (outer)
		*outer = true;
	return false;
}
