#include <stdio.h>
#include <string.h>

#include "bot/session_impl.h"
#include "bot/session_usage.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"

/*
 * The carrier takes for a machine what has been talked to like a person. The
 * model reads what was heard and says a word. Meanwhile, and if it does not
 * know either, the callee is a person.
 */

enum { HEARD_MAX = 4096 /* [bytes] of the callee's words */ };

static const char question[] =
	"Somebody or something has answered a telephone call of ours. Who or "
	"what it was is to be read from its words. Answer with one word and "
	"nothing else: person (somebody who can be talked to), voicemail, "
	"screener (an assistant that asks who calls), menu (press one for), or "
	"announcement (of the network).";

void session_who_drop(struct session *s)
{
	llm_close(&s->who);
}

static void on_answer(struct session *s)
{
	const enum amd_kind kind = amd_by_name(str_of(s->who_said));

	llm_close(&s->who);
	log_line(LOG_INFO, "session", s->call_id,
	         "event=model_says who=%s was=%s", amd_name(kind),
	         amd_name(s->amd.kind));
	session_machine_is(s, kind);
}

static void on_event(const struct llm_event *ev, void *arg)
{
	struct session *s = arg;
	const size_t n = strlen(s->who_said);

	switch (ev->type) {
	case LLM_TEXT:
		(void)snprintf(s->who_said + n, sizeof(s->who_said) - n, "%.*s",
		               (int)ev->text_len, ev->text);
		break;
	case LLM_TOOL_CALL:
		break;
	case LLM_DONE:
		session_usage_answer(s, ev);
		on_answer(s);
		break;
	case LLM_FAILED:
		log_line(LOG_WARN, "session", s->call_id,
		         "event=nobody_says_who why=%s",
		         LOG_TEXT(err_str(ev->err)));
		llm_close(&s->who);
		break;
	}
}

/* All that the callee has said; what does not fit is not needed. */
static int heard(const struct session *s, struct buf *out)
{
	int err = 0;

	for (size_t i = 0; i < chat_len(s->chat) && !err; i++)
		if (chat_at(s->chat, i)->role == LLM_USER)
			err = buf_addf(out, "%s\n", chat_at(s->chat, i)->text);
	if (!err)
		err = buf_adds(out, buf_str(&s->callee.text));
	return err == ERR_LIMIT ? 0 : err;
}

void session_ask_who(struct session *s)
{
	struct buf words;
	struct llm_msg msgs[] = {{.role = LLM_SYSTEM, .text = question},
	                         {.role = LLM_USER}};
	const struct llm_params prm = {
		.cfg = &s->llm_cfg,
		.msgs = msgs,
		.n_msgs = ARRAY_LEN(msgs),
		.call_id = s->call_id,
		.first_token_ms = FAILURE_TOKEN_MAX_MS,
		.stall_ms = FAILURE_STALL_MAX_MS,
	};
	int err;

	buf_init(&words, HEARD_MAX);
	err = heard(s, &words);
	msgs[1].text = buf_str(&words);
	if (!err)
		err = llm_open(&s->who, s->env.llm, s->env.net, &prm, on_event,
		               s);
	buf_fini(&words);
	if (err) {
		log_line(LOG_WARN, "session", s->call_id,
		         "event=nobody_says_who why=%s",
		         LOG_TEXT(err_str(err)));
		return;
	}
	s->usage.requests++;
	s->who_said[0] = '\0';
}
