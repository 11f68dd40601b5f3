/*
 * The body of POST /start. What is taken has one number, and spans that are
 * JSON and lie in the text.
 */
#include "common/jtext.h"
#include "server/request.h"
#include "tests/fuzz/fuzz.h"

static void inside(struct str part, const char *v, size_t len)
{
	must(part.v >= v && part.v + part.len <= v + len);
	must(jtext_check(part, JTEXT_DEPTH_MAX, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len), why[REQUEST_WHY_MAX];
	struct request r;
	int status = request_read(&r, str_n(v, len), 1000000, why);

	if (status) {
		must(status == 400 || status == 413 || status == 422);
		must(why[0] != '\0');
	} else {
		must(r.to[0] == '+');
		inside(r.as_sent, v, len);
		if (r.body.len)
			inside(r.body, v, len);
		if (r.ignored.len)
			must(jtext_check(
				     str_n(buf_str(&r.ignored), r.ignored.len),
				     JTEXT_DEPTH_MAX, NULL) == 0);
	}
	request_fini(&r);
	free(v);
	must(mem_live() == 0);
	return 0;
}
