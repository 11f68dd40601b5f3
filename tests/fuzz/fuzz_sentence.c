/*
 * A model's text in pieces. The same pieces come out however the text was
 * fragmented, and no letter or digit is lost.
 */
#include <ctype.h>

#include "bot/sentence.h"
#include "tests/fuzz/fuzz.h"

static void take(struct sentence *s, enum sentence_when when, struct buf *out)
{
	struct str piece;

	while (sentence_next(s, when, &piece)) {
		must(piece.len > 0);
		must(buf_add(out, piece.v, piece.len) == 0);
		must(buf_add(out, "\n", 1) == 0);
	}
}

/* Push pieces of @step bytes; 0: all at once. */
static void split(struct buf *out, const char *v, size_t len, size_t step)
{
	struct sentence s;

	buf_init(out, 1 << 20);
	sentence_init(&s, 1 << 20);
	if (!step)
		step = len ? len : 1;
	for (size_t i = 0; i < len; i += step) {
		must(sentence_push(&s, v + i,
		                   len - i < step ? len - i : step) == 0);
		take(&s, SENTENCE_MORE, out);
	}
	take(&s, SENTENCE_END, out);
	sentence_fini(&s);
}

static size_t count(const char *v, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += isalnum((unsigned char)v[i]) != 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);
	struct buf whole, pieces;

	split(&whole, v, len, 0);
	must(count(v, len) == count(buf_str(&whole), whole.len));
	for (size_t step = 1; step < 8; step += 3) {
		split(&pieces, v, len, step);
		must(whole.len == pieces.len);
		must(!memcmp(buf_str(&whole), buf_str(&pieces), whole.len));
		buf_fini(&pieces);
	}
	buf_fini(&whole);
	free(v);
	must(mem_live() == 0);
	return 0;
}
