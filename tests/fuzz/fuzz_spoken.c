/*
 * A text and what a voice is given for it. The text stays what it was, and who
 * hears more of the voice has never heard less of the text.
 */
#include "bot/spoken.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const size_t half = len / 2;
	char *v = fuzz_copy(data, len);
	struct spoken sp;
	struct str voice;
	size_t last = 0;

	spoken_init(&sp, len + 1);
	sp.words = true;
	if (spoken_add(&sp, str_n(v, half), NULL) == 0 &&
	    spoken_add(&sp, str_n(v + half, len - half), &voice) == 0) {
		must(voice.len <= sp.voice.len);
		must(!memcmp(buf_str(&sp.text), v, half));
		must(!memcmp(buf_str(&sp.text) + sp.text.len - (len - half),
		             v + half, len - half));
		for (size_t n = 0; n <= sp.voice.len; n++) {
			const size_t now = spoken_heard(&sp, n);

			must(now >= last && now <= sp.text.len);
			last = now;
		}
		must(last == sp.text.len);
		spoken_undo(&sp);
		must(spoken_heard(&sp, sp.voice.len) == sp.text.len);
	}
	spoken_fini(&sp);
	free(v);
	must(mem_live() == 0);
	return 0;
}
