/*
 * The scripted model's rule file. A file that is taken answers anything.
 */
#include "bot/provider/script_rules.h"
#include "common/buf.h"
#include "common/err.h"
#include "tests/fuzz/fuzz.h"

static const char *const utterances[] = {
	"yes please",
	"tomorrow at half past three",
	"",
	"who is this, my name is Ann O'Neil",
	"\xff\xfe no \xe2\x80\x99",
};

static void talk(const struct script *s)
{
	struct script_place at = {.state = 0};
	struct buf out;

	for (size_t i = 0; i < ARRAY_LEN(utterances); i++) {
		const char *tool = NULL;
		int err;

		buf_init(&out, 1 << 16);
		err = script_step(s, &at, str_of(utterances[i]),
		                  "{\"user\":{\"firstName\":\"Ann\"}}", &out,
		                  &tool);
		must(err == 0 || err == ERR_LIMIT);
		must(script_state_name(s, at.state) != NULL);
		script_slot(s, &at, "day");
		buf_fini(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);
	struct script *s = NULL;
	struct buf faults;
	int err;

	buf_init(&faults, 1 << 20);
	err = script_parse(&s, str_n(v, len), &faults);
	must((err == 0) == (s != NULL));
	if (s)
		talk(s);
	else
		must(faults.len > 0);
	script_free(&s);
	buf_fini(&faults);
	free(v);
	must(mem_live() == 0);
	return 0;
}
