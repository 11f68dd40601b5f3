/*
 * flow_impl.h - what the files of the flow harness share
 */
#ifndef TESTS_FLOW_FLOW_IMPL_H
#define TESTS_FLOW_FLOW_IMPL_H

#include "bot/eot.h"
#include "bot/media/vad.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "tests/flow/flow.h"

struct fake_line;
struct tool_fetch;

extern const struct stt_ops fake_stt_ops;
extern const struct stt_ops fake_flux_ops; /* ... that decides turns */
extern const struct llm_ops fake_llm_ops;
extern const struct tts_ops fake_tts_ops;
extern const struct eot_ops fake_eot_ops;
extern const struct vad_ops fake_vad_ops;

/* The flow that a provider's configuration belongs to. */
struct flow *flow_of(const struct provider_cfg *cfg);
bool flow_is_second(const struct provider_cfg *cfg);
uint32_t flow_now(const struct flow *f);
uint64_t flow_us(uint32_t ms);

int fake_line_new(struct fake_line **lp, struct flow *f);
void fake_line_free(struct fake_line **lp);
int fake_line_send(const char *text, size_t len, void *arg);
void fake_line_hangup(void *arg);
/* Account for everything that was heard up to now. */
void fake_line_listen(struct fake_line *l);

/* Hosts of tools, as @f has them in its script. */
void fake_fetch_init(struct tool_fetch *fetch, struct flow *f);

/* The script has grown: look at it again. */
void fake_stt_look(struct stt *stt);

#endif
