/*
 * Agent files. A file that is refused says why.
 */
#include "bot/agent.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len), fault[AGENT_FAULT_MAX] = "";
	struct agent *a = NULL;
	int err = agent_parse(&a, "x", v, len, fault);

	must((err == 0) == (a != NULL));
	if (err) {
		must(fault[0] != '\0');
	} else {
		must(a->instructions && a->n_tools <= AGENT_TOOLS_MAX);
		must(a->n_voices <= AGENT_VOICES_MAX);
		agent_voice(a, "cartesia");
	}
	agent_free(&a);
	free(v);
	must(mem_live() == 0);
	return 0;
}
