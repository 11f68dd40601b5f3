/*
 * oa_answer_int.h - an answer's struct, for the files that write it
 */
#ifndef TESTS_SIM_LIB_OA_ANSWER_INT_H
#define TESTS_SIM_LIB_OA_ANSWER_INT_H

#include "common/buf.h"
#include "tests/sim/lib/oa_answer.h"

enum oa_phase {
	OA_ROLE,
	OA_TEXT,
	OA_CALLS,
	OA_FINISH,
	OA_USAGE,
	OA_DONE,
};

struct oa_answer {
	struct link link;
	struct oa_cfg *cfg;
	struct sim *sim;
	struct simreq *r;
	unsigned no;
	char id[64], model[64];
	long created;
	struct buf text; /* all of it */
	struct oa_call call[OA_CALLS_MAX];
	size_t n_calls;
	const struct oa_rule *rule;
	bool stream, include_usage, obfuscate, refusal;

	enum oa_phase phase;
	size_t at;    /* bytes of the text, or of a call's arguments, sent */
	size_t n_now; /* which call */
	bool call_begun;
	unsigned tokens, prompt_tokens;
	struct timer timer;
	uint64_t next_us;
	double began_ms;

	/* faults, looked up once */
	uint32_t shred, cut_at, mid_error_at, stall_mid_ms;
	bool crlf, comments, no_done, no_usage, no_finish, bad_json;
	bool no_end; /* the body stays open until the client hangs up */
	const char *finish;
	char finish_arg[SIM_FAULT_TEXT];
};

/* Length of the next token of a text, whole characters. */
size_t oa_token(const char *text);

/* Write one event, in the form that dialect and faults ask for. */
void oa_say_role(struct oa_answer *a);
void oa_say_text(struct oa_answer *a, const char *v, size_t len);
void oa_say_call(struct oa_answer *a, size_t i, bool begin, const char *v,
                 size_t len);
void oa_say_finish(struct oa_answer *a);
void oa_say_usage(struct oa_answer *a);
void oa_say_raw(struct oa_answer *a, const char *data);

const char *oa_finish_reason(const struct oa_answer *a);
json_t *oa_usage(const struct oa_answer *a);

/* The whole answer at once, not as a stream. */
json_t *oa_whole(const struct oa_answer *a);

#endif
