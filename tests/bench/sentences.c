#include "tests/bench/sentences.h"

#include "common/str.h"
#include "tests/harness/test.h"

enum { WORDS_MIN = 5, HZ = 8000 };

const char *const sentences_to_say[SENTENCES_TO_SAY] = {
	"Thank you for calling us, how may I help you this morning?",
	"Yes, that would be fine, let me write it down for you.",
	"I can see your booking, it is for Friday at seven.",
	"Your parcel left on Monday, so it should be with you today.",
	"We close at six tonight, but tomorrow we are open until nine.",
	"Let me look that up, it will only take a moment.",
	"There are two rooms left, one of them looks over the garden.",
	"That is no trouble whatsoever, I have changed the date.",
	"The next train is late, it will leave in twenty minutes.",
	"I am sorry about that, we will send you another one.",
	"You have paid in full, there is nothing more to do.",
	"Please hold on a second, I am asking my colleague.",
	"Your doctor is away today, would Thursday suit you as well?",
	"It costs about fifty dollars, and delivery is free of charge.",
	"May I have your name, and the number of your house?",
	"The table is by itself, near the window on the left.",
	"We do not sell those, but the shop next door does.",
	"Everything is ready for you, just come to the front desk.",
	"The weather looks rather good, with a little wind from the sea.",
	"Turn right at the church, then follow the road to the river.",
	"Nobody was at home yesterday, so the driver came back.",
	"Could we say half past, or is that too early for you?",
	"Your old card has expired, a new one is in the mail.",
	"I have sent the message, you should see it very soon.",
	"It was good to talk, have a pleasant evening.",
};

static size_t count_words(struct str text)
{
	size_t n = 0;

	while (text.v)
		n += str_trim(str_cut(&text, ' ')).len > 0;
	return n;
}

/* A line "name: text." of a sentence, without notes in brackets. */
static bool parse(char *line, struct str *name, struct str *text)
{
	struct str rest = str_of(line);

	*name = str_cut(&rest, ':');
	*text = str_trim(rest);
	return line[0] != ';' && text->len && !strpbrk(text->v, "[(<") &&
	       count_words(*text) >= WORDS_MIN;
}

int sentences_next(struct sentence_heard *s, FILE *list)
{
	char line[SENTENCE_TEXT_MAX], prompt[128];
	struct str name, text;

	while (fgets(line, sizeof(line), list)) {
		if (!parse(line, &name, &text) ||
		    str_copy(prompt, sizeof(prompt), name) ||
		    !speech_exists(prompt))
			continue;
		speech_prompt(&s->sound, prompt);
		CHECK_INT(0, str_copy(s->text, sizeof(s->text), text));
		if (s->sound.n <= (size_t)SENTENCE_SEC_MAX * HZ)
			return 1;
		speech_fini(&s->sound);
	}
	return 0;
}
