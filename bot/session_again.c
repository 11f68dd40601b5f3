#include <errno.h>
#include <string.h>

#include "bot/session_impl.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

/*
 * The model is asked, and asked again when it stays silent, refuses, or breaks
 * off. What the callee was given of a broken answer stands: the model is shown
 * it and asked for the rest, once, and what it then repeats is left out.
 */

enum {
	TRIES_MAX = 2,       /* of one request */
	RETRY_MS_MAX = 1000, /* what a peer may ask for before a retry */
	JITTER_MS = 128,     /* many calls must not come back together */
};

static const char go_on_note[] =
	"(The line to you broke after these words, and I hear them to their "
	"end. Say only what comes after them; repeat none of it.)";

/* The history, and of a broken answer what was said of it. */
static int copy_messages(struct session *s, struct llm_msg **out, size_t *n)
{
	const struct reply *r = s->reply;
	const struct llm_msg *msgs;
	const int err = chat_build(s->chat, &msgs, n);

	if (err)
		return err;
	*out = mem_alloc((*n + 2) * sizeof(**out));
	if (!*out)
		return -ENOMEM;
	memcpy(*out, msgs, *n * sizeof(**out));
	if (!r->resumed)
		return 0;
	(*out)[(*n)++] = (struct llm_msg){.role = LLM_ASSISTANT,
	                                  .text = buf_str(&r->said.text)};
	(*out)[(*n)++] = (struct llm_msg){.role = LLM_USER, .text = go_on_note};
	return 0;
}

/* The last try may take as long as any; before it there is no time to lose. */
static uint32_t token_ms(const struct session *s)
{
	const bool last = s->reply->tries + 1 >= TRIES_MAX &&
	                  !session_backup_waits(s, STAGE_LLM);

	if (!last)
		return s->agent->failure.token_ms;
	return s->reply->resumed ? FAILURE_STALL_MAX_MS : FAILURE_TOKEN_MAX_MS;
}

int session_ask(struct session *s, llm_event_h *eventh)
{
	struct reply *r = s->reply;
	struct llm_tool tools[AGENT_TOOLS_MAX];
	struct llm_msg *msgs = NULL;
	struct llm_params prm = {
		.cfg = &s->llm_cfg,
		.tools = tools,
		.n_tools = session_list_tools(s, tools),
		.has_temperature = s->agent->temperature >= 0,
		.temperature = s->agent->temperature,
		.body = s->body,
		.call_id = s->call_id,
		.first_token_ms = token_ms(s),
		.stall_ms = s->agent->failure.stall_ms,
		.fresh = r->tries > 0,
	};
	int err = copy_messages(s, &msgs, &prm.n_msgs);

	if (err)
		return err;
	prm.msgs = msgs;
	if (!r->tries++)
		session_requests(s, STAGE_LLM);
	r->told = s->results;
	if (!r->guess)
		session_results_told(s, r);
	for (size_t i = 0; i < prm.n_msgs; i++)
		r->asked += strlen(msgs[i].text);
	s->usage.requests++;
	err = llm_open(&r->llm, s->env.llm, s->env.net, &prm, eventh, s);
	mem_free(msgs);
	return err;
}

static void on_retry(void *arg)
{
	struct session *s = arg;
	const int err = session_ask_model(s);

	if (err)
		session_reply_failed(s, err, "llm");
}

static bool try_again(struct session *s, const struct llm_event *ev)
{
	struct reply *r = s->reply;
	const bool lasting =
		ev->err == ERR_AUTH || ev->err == -EDQUOT || ev->err == -EINVAL;
	uint32_t wait = ev->retry_ms;
	uint8_t dice;

	if (session_backup(s, STAGE_LLM, ev->err)) {
		session_event_error(s, "llm", ev->err);
		r->tries = 0;
		timer_start(s->env.timers, &s->retry, 0, on_retry, s);
		return true;
	}
	if (lasting || r->tries >= TRIES_MAX || wait > RETRY_MS_MAX ||
	    !session_may_retry(s, STAGE_LLM))
		return false;
	crypto_random(&dice, 1);
	if (!wait && ev->err != -ETIMEDOUT)
		wait = dice % JITTER_MS;
	timer_start(s->env.timers, &s->retry, wait, on_retry, s);
	return true;
}

/* Only whole sentences of it were given out; the rest has tries of its own. */
static void break_off(struct reply *r)
{
	sentence_cut(&r->sentence);
	reply_drop_calls(r);
	r->broken = false;
	r->resumed_at = r->said.text.len;
	if (!r->resumed)
		r->tries = TRIES_MAX - 1;
	r->resumed = true;
}

void session_answer_broke(struct session *s)
{
	struct reply *r = s->reply;
	const struct llm_event why = {.err = r->broken_by};

	break_off(r);
	if (try_again(s, &why)) {
		log_line(LOG_INFO, "session", s->call_id,
		         "event=asked_for_the_rest said=%zu", r->said.text.len);
		return;
	}
	/* What is complete is said to its end, and then apologised for. */
	session_event_error(s, "llm", why.err);
	r->failed = true;
	r->text_done = true;
	session_speak(s, SENTENCE_MORE);
}

void session_answer_failed(struct session *s, const struct llm_event *ev)
{
	struct reply *r = s->reply;

	llm_close(&r->llm);
	if (r->guess) {
		session_withdraw_guess(s);
		return;
	}
	if (r->said.text.len > r->lead || r->unsent.len) {
		/* Once all that is whole was given to the voice. */
		r->broken = true;
		r->broken_by = ev->err;
		session_speak(s, SENTENCE_MORE);
		return;
	}
	sentence_cut(&r->sentence);
	reply_drop_calls(r);
	if (try_again(s, ev))
		return;
	if (!r->said.text.len) {
		session_reply_failed(s, ev->err, "llm");
		return;
	}
	session_event_error(s, "llm", ev->err);
	r->failed = true;
	r->text_done = true;
	session_speak(s, SENTENCE_MORE);
}

bool session_repeats(const struct reply *r)
{
	const char *said = buf_str(&r->said.text);

	for (size_t i = 0; i + r->unsent.len <= r->resumed_at; i++)
		if (memcmp(said + i, r->unsent.v, r->unsent.len) == 0)
			return true;
	return false;
}
