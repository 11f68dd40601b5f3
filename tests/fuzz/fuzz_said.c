/*
 * What a callee says to the scripted model with the shipped rules, a line an
 * utterance.
 */
#include "bot/provider/script_rules.h"
#include "common/buf.h"
#include "common/err.h"
#include "tests/fuzz/fuzz.h"

static const struct script *rules(void)
{
	static struct script *s;
	struct buf faults;

	if (s)
		return s;
	buf_init(&faults, 1 << 16);
	must(script_read(&s, "bot/agents/default.script", &faults) == 0);
	buf_fini(&faults);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct script *s = rules();
	size_t blocks = mem_live();
	char *v = fuzz_copy(data, len);
	struct str rest = str_n(v, len);
	struct script_place at = {.state = 0};
	struct buf out;

	while (rest.v) {
		const char *tool = NULL;
		int err;

		buf_init(&out, 1 << 16);
		err = script_step(s, &at, str_cut(&rest, '\n'), NULL, &out,
		                  &tool);
		must(err == 0 || err == ERR_LIMIT);
		/* It is never at a loss for words. */
		must(err || out.len > 0 || tool);
		buf_fini(&out);
	}
	free(v);
	must(mem_live() == blocks);
	return 0;
}
