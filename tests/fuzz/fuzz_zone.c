/*
 * Files of time zones, and the rules at their end. Whatever is in them, no
 * clock is further from UTC than a rule can say.
 */
#include "server/zone.h"
#include "server/zone_rule.h"
#include "tests/fuzz/fuzz.h"

static void look(const struct zone *z)
{
	for (int64_t sec = -10000000000; sec < 40000000000; sec += 1234567890)
		zone_offset(z, sec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_copy(data, len);
	struct zone_rule r;
	struct zone *z;

	if (zone_read(&z, (const uint8_t *)text, len) == 0)
		look(z);
	else
		must(!z);
	zone_close(&z);
	if (zone_rule_parse(&r, str_n(text, len)) == 0)
		for (int64_t sec = 0; sec < 4000000000; sec += 12345678) {
			int32_t offset = zone_rule_offset(&r, sec);

			must(offset == r.std || offset == r.dst);
			must(offset > -700000 && offset < 700000);
		}
	free(text);
	return 0;
}
