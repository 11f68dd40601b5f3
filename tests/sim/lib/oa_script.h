/*
 * oa_script.h - what the simulated model answers
 *
 * A file of rules; the first one whose conditions hold is the answer.
 *
 *	when user book|reserve      the last message is the user's and has one
 *	                            of these texts (no case); "*": any
 *	and system John             some message of that role has it
 *	not tool error              none has
 *	say Of course, {user}.      text; several lines are joined by a blank
 *	call get_time {"tz":"UTC"}  a tool call; several are parallel
 *	refuse I cannot do that.    a refusal instead of text
 *	finish length               instead of stop or tool_calls
 *	ttft 900                    [ms] to the first token
 *	rate 20                     tokens a second
 *	stall 3000 5                a pause of 3 s behind the 5th token
 *
 * {user} {assistant} {tool} are the last text of that role, {system} the first
 * one, {n} the number of messages. Without a rule that holds the answer is
 * "You said: {user}", or "The tool said: {tool}".
 */
#ifndef TESTS_SIM_LIB_OA_SCRIPT_H
#define TESTS_SIM_LIB_OA_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/js.h"

enum { OA_CALLS_MAX = 8, OA_CONDITIONS_MAX = 8 };

struct oa_call {
	const char *name, *arguments;
};

struct oa_rule {
	struct oa_condition {
		const char *role, *text;
		bool last, negated;
	} condition[OA_CONDITIONS_MAX];
	size_t n_conditions;
	char *say;
	const char *refuse, *finish; /* NULL without */
	struct oa_call call[OA_CALLS_MAX];
	size_t n_calls;
	uint32_t ttft_ms, rate; /* 0: the simulator's */
	uint32_t stall_ms, stall_at;
};

struct oa_script;
struct sim;

/* @text: the file's, or NULL. NULL: a line is wrong, said on standard error. */
struct oa_script *oa_script_new(const char *text) MUST_CHECK;
void oa_script_free(struct oa_script **sp);

/* The rule that holds; never NULL. */
const struct oa_rule *oa_script_find(const struct oa_script *s,
                                     const json_t *messages);

/* Append @say with its places filled. */
void oa_script_fill(struct buf *out, const char *say, const json_t *messages);

/* The calls of @rule whose tools are offered, into @call; how many. Those that
 * are not are counted in @s. */
size_t oa_script_calls(struct oa_call call[OA_CALLS_MAX],
                       const struct oa_rule *rule, const json_t *tools,
                       struct sim *s);

/* About how many tokens the texts of @messages are. */
unsigned oa_script_tokens(const json_t *messages);

#endif
