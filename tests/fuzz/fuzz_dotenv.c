/*
 * .env files. Every name that comes out is a name, and has a value.
 */
#include "common/buf.h"
#include "common/dotenv.h"
#include "tests/fuzz/fuzz.h"

static void look(const struct dotenv *d)
{
	const char *name;

	for (size_t i = 0; (name = dotenv_name(d, i)) != NULL; i++) {
		const char *v = dotenv_get(d, name);

		must(*name && (*name < '0' || *name > '9'));
		must(v != NULL && strlen(v) <= DOTENV_VALUE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);
	struct dotenv *d = NULL;
	struct buf faults;
	int err;

	buf_init(&faults, 1 << 20);
	err = dotenv_parse(&d, str_n(v, len), ".env", &faults);
	must((err == 0) == (d != NULL));
	if (d)
		look(d);
	else
		must(faults.len > 0);
	dotenv_free(&d);
	buf_fini(&faults);
	free(v);
	must(mem_live() == 0);
	return 0;
}
