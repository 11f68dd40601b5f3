#include "tests/flow/at_hand.h"

#include <stdio.h>
#include <string.h>

#include "bot/clip.h"
#include "bot/greetings.h"
#include "bot/provider/provider.h"
#include "tests/harness/test.h"

/* As agents have them unless their file says otherwise. */
static const char apology[] =
	"I'm sorry, I have trouble on my side. I will have to hang up. "
	"Goodbye.";
static const char *const texts[] = {
	"One moment, please.",
	"I'm sorry, I did not get that. Could you say it again?",
	apology,
};

/* Of the voice alone, and of two where one stands by; see flow.c. */
static const char *const models[] = {NULL, "first", "second"};

/* The next word of @text at *@at, which is moved behind it. */
static struct str next_word(const char *text, size_t *at)
{
	struct str w = str_n(text + *at, strcspn(text + *at, " "));

	*at += w.len + (w.v[w.len] == ' ');
	return w;
}

static void add_word(struct clip *c, struct str word, unsigned reply,
                     uint32_t from)
{
	CHECK_INT(0, clip_word(c, word, from, from + FLOW_WORD_MS / 2));
	for (uint32_t ms = from; ms < from + FLOW_WORD_MS; ms++) {
		const uint8_t block[8] = {(uint8_t)reply, (uint8_t)(ms & 0xff),
		                          (uint8_t)(ms >> 8), 0};

		CHECK_INT(0, clip_audio(c, block, sizeof(block)));
	}
}

static void keep(struct greetings *g, const char *model, const char *text,
                 unsigned reply)
{
	const struct provider_cfg cfg = {.model = model,
	                                 .words_for_numbers = true};
	struct clip *c = NULL;
	uint32_t from = 0;

	CHECK_INT(0, clip_new(&c, str_of(text), AUDIO_ULAW_8K));
	CHECK_INT(0, clip_say(c, str_of(text)));
	for (size_t at = 0; text[at]; from += FLOW_WORD_MS)
		add_word(c, next_word(text, &at), reply, from);
	greetings_keep(g, "fake", &cfg, c);
	clip_free(&c);
}

struct greetings *at_hand_new(void)
{
	struct greetings *g = NULL;

	CHECK_INT(0, greetings_new(&g, NULL));
	for (size_t m = 0; m < ARRAY_LEN(models); m++)
		for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
			keep(g, models[m], texts[i], AT_HAND_FILLER + i);
	return g;
}

void at_hand_words(struct flow *f)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		size_t n = 0;

		for (size_t at = 0; texts[i][at]; n++) {
			const struct str w = next_word(texts[i], &at);

			snprintf(f->made[AT_HAND_FILLER + i][n],
			         sizeof(f->made[0][0]), "%.*s", (int)w.len,
			         w.v);
		}
	}
}
