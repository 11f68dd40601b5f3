/*
 * Cartesia's messages: the members that decide what one is, and its audio.
 */
#include "bot/provider/cartesia_parts.h"
#include "common/jtext.h"
#include "tests/fuzz/fuzz.h"

static void inside(struct str part, const char *v, size_t len)
{
	must(!part.len || (part.v >= v && part.v + part.len <= v + len));
}

static void decode(struct str data, enum audio_fmt fmt)
{
	struct ca_pcm p = {.odd_of = NULL};
	long n;

	buf_init(&p.samples, 1 << 20);
	for (int i = 0; i < 2; i++) {
		n = ca_pcm_decode(&p, fmt, "context", data);
		must(n < 0 || (size_t)n <= p.samples.len);
		if (n >= 0 && fmt == AUDIO_L16_8K)
			must(n % 2 == 0);
	}
	buf_fini(&p.samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);
	struct str msg = str_n(v, len);
	struct ca_parts parts;
	json_t *times = js_parse(v, len, NULL, 0);

	if (jtext_check(msg, JTEXT_DEPTH_MAX, NULL) == 0 &&
	    jtext_type(msg) == JTEXT_OBJECT) {
		ca_parts_find(msg, &parts);
		inside(parts.type, v, len);
		inside(parts.context, v, len);
		inside(parts.data, v, len);
		decode(parts.data, AUDIO_L16_8K);
		decode(parts.data, AUDIO_ULAW_8K);
	}
	if (json_is_array(times))
		for (size_t i = 0; i < json_array_size(times); i++)
			ca_seconds(times, i);
	json_decref(times);
	free(v);
	must(mem_live() == 0);
	return 0;
}
