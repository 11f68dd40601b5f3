/*
 * Server-sent events. The same events come out however the bytes are cut.
 */
#include "bot/net/sse.h"
#include "tests/fuzz/fuzz.h"

static int collect(const char *data, size_t len, void *arg)
{
	must(data[len] == '\0');
	must(buf_add(arg, data, len) == 0);
	return buf_add(arg, "\n--\n", 4);
}

/* Feed pieces of @step bytes; 0: all at once. */
static int feed(struct buf *out, const char *v, size_t len, size_t step)
{
	struct sse s;
	int err = 0;

	buf_init(out, 1 << 24);
	sse_init(&s);
	if (!step)
		err = sse_feed(&s, v, len, collect, out);
	for (size_t i = 0; step && i < len && !err; i += step)
		err = sse_feed(&s, v + i, len - i < step ? len - i : step,
		               collect, out);
	sse_fini(&s);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);
	struct buf whole, pieces;

	for (size_t step = 1; step < 4; step++) {
		must(feed(&whole, v, len, 0) == feed(&pieces, v, len, step));
		must(whole.len == pieces.len);
		must(!memcmp(buf_str(&whole), buf_str(&pieces), whole.len));
		buf_fini(&whole);
		buf_fini(&pieces);
	}
	free(v);
	must(mem_live() == 0);
	return 0;
}
