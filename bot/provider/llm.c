#include "bot/provider/llm.h"

int llm_open(struct llm **llmp, const struct llm_ops *ops, struct net *net,
             const struct llm_params *prm, llm_event_h *eventh, void *arg)
{
	struct llm *llm = NULL;
	int err = ops->open(&llm, net, prm);

	if (err)
		return err;
	llm->ops = ops;
	llm->arg = arg;
	llm->eventh = eventh;
	*llmp = llm;
	return 0;
}

void llm_close(struct llm **llmp)
{
	struct llm *llm = *llmp;

	if (!llm)
		return;
	*llmp = NULL;
	llm->eventh = NULL;
	if (llm->gone)
		*llm->gone = true;
	llm->ops->close(llm);
}

bool llm_emit(struct llm *llm, const struct llm_event *ev)
{
	bool gone = false, *outer = llm->gone;

	if (!llm->eventh)
		return true;
	/* Taken back before the return. */
	// cppcheck-suppress autoVariables
	llm->gone = &gone;
	llm->eventh(ev, llm->arg);
	if (!gone) {
		llm->gone = outer;
		return true;
	}
	if (outer)
		*outer = true;
	return false;
}
