/*
 * What a call has used of its providers: what their bills are about.
 */
#include "bot/session_usage.h"

#include "bot/session_impl.h"
#include "common/buf.h"
#include "common/utf8.h"

void session_usage_spoken(struct session *s, struct str text)
{
	while (text.len) {
		const size_t n = utf8_len(text.v, text.len);

		s->usage.characters++;
		text = str_n(text.v + (n ? n : 1), text.len - (n ? n : 1));
	}
}

void session_usage_answer(struct session *s, const struct llm_event *ev)
{
	s->usage.prompt += ev->prompt_tokens;
	s->usage.cached += ev->cached_tokens;
	s->usage.answer += ev->answer_tokens;
}

int session_usage_json(const struct session *s, struct buf *out)
{
	const struct session_usage *u = &s->usage;

	return buf_addf(out,
	                "\"usage\":{\"call_ms\":%llu,\"stt\":{\"provider\":"
	                "\"%s\",\"audio_ms\":%llu},\"llm\":{\"provider\":"
	                "\"%s\",\"requests\":%u,\"prompt_tokens\":%llu,"
	                "\"cached_tokens\":%llu,\"answer_tokens\":%llu},"
	                "\"tts\":{\"provider\":\"%s\",\"characters\":%llu}}",
	                (unsigned long long)session_ms(s), s->env.stt->name,
	                (unsigned long long)session_ms(s), s->env.llm->name,
	                u->requests, (unsigned long long)u->prompt,
	                (unsigned long long)u->cached,
	                (unsigned long long)u->answer, s->env.tts->name,
	                (unsigned long long)u->characters);
}
