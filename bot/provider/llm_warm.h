/*
 * llm_warm.h - the connection to a model, made before it is needed
 *
 * A GET of its list of models while the telephone rings: it costs nothing, and
 * opens the connection that the first request of the call will use. What is
 * answered does not matter; whoever cannot be reached now is asked by the
 * conversation all the same.
 */
#ifndef BOT_PROVIDER_LLM_WARM_H
#define BOT_PROVIDER_LLM_WARM_H

#include "bot/provider/llm.h"
#include "common/attr.h"

struct llm_dialect;
struct llm_warm;

/* *@wp becomes NULL where there is nothing to connect. -EINVAL: the URL.
 * -ENOMEM. */
int llm_warm_open(struct llm_warm **wp, const struct llm_ops *ops,
                  struct net *net, const struct provider_cfg *cfg) MUST_CHECK;

/* The connection stays, if it is there by now. NULLs the caller's pointer; NULL
 * is fine. */
void llm_warm_close(struct llm_warm **wp);

/* For implementations. */
int llm_warm_http(struct llm_warm **wp, struct net *net,
                  const struct provider_cfg *cfg,
                  const struct llm_dialect *dialect) MUST_CHECK;

#endif
