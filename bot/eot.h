/*
 * eot.h - does it sound as if the callee has finished?
 *
 * What the session asks of a model that listens for the end of a turn. There
 * may be none: then the text decides (endpoint.h). The model hears all audio
 * of the call, is told what is speech and where a turn begins, and is asked
 * whenever speech stops; its answer comes later, or never, and a late one is
 * nobody's business.
 *
 * The five laws of callbacks hold (see provider/stt.h).
 */
#ifndef BOT_EOT_H
#define BOT_EOT_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/endpoint.h"
#include "bot/media/pcm.h"
#include "common/attr.h"

struct eot;

/* @ask: the question it answers. @verdict: complete, incomplete, or that there
 * is none because the model cannot tell. */
typedef void eot_answer_h(uint32_t ask, enum endpoint_verdict verdict,
                          void *arg);

struct eot_ops {
	const char *name;
	int (*open)(struct eot **ep, void *env);
	void (*push)(struct eot *e, const struct pcm *pcm, bool speech);
	/* A turn begins: somebody has been speaking for @ago_ms. Without it,
	 * speech after an answer belongs to the turn that was asked about. */
	void (*begin)(struct eot *e, uint32_t ago_ms);
	/* Has the turn ended? Never answered inside, once at most, and not
	 * after the next question. An answer that comes after @within_ms is
	 * of no use. */
	void (*ask)(struct eot *e, uint32_t ask, uint32_t within_ms);
	void (*close)(struct eot *e);
};

/* Base of every model: first member of its private struct. */
struct eot {
	const struct eot_ops *ops;
	eot_answer_h *answerh; /* NULL until open has returned, after close */
	void *arg;
};

/* -ENOMEM; what the model's open returns. @env is the implementation's. */
int eot_open(struct eot **ep, const struct eot_ops *ops, void *env,
             eot_answer_h *answerh, void *arg) MUST_CHECK;
void eot_close(struct eot **ep);

#endif
