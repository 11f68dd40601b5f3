#include "bot/eot.h"

#include <stddef.h>

int eot_open(struct eot **ep, const struct eot_ops *ops, void *env,
             eot_answer_h *answerh, void *arg)
{
	struct eot *e = NULL;
	int err = ops->open(&e, env);

	if (err)
		return err;
	e->ops = ops;
	e->answerh = answerh;
	e->arg = arg;
	*ep = e;
	return 0;
}

void eot_close(struct eot **ep)
{
	struct eot *e = *ep;

	*ep = NULL;
	if (!e)
		return;
	e->answerh = NULL;
	e->ops->close(e);
}
