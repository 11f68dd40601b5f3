#include "bot/session_hooks.h"
#include "bot/session_impl.h"
#include "common/log.h"

#define VOICE 0.5F /* confidence of a chunk within speech */

enum {
	/* The net often loses a soft beginning, such as "please", for a while
	 * after its first chunks. [ms] */
	VOICE_GAP_MS = 320,  /* without voice, and it is one utterance yet */
	VOICE_HEAD_MS = 500, /* at most, before the VAD was sure */
	/* The net goes on hearing a voice for a few chunks after its end. */
	VOICE_LATE_MS = 96,

	/* Of a turn that is due while the line is late [ms]. */
	LATE_LOOK_MS = 20,
	LATE_MAX_MS = 400, /* it may have stalled for good */
};

static bool bot_has_floor(const struct session *s)
{
	switch (s->turn.state) {
	case TURN_DOUBTING:
	case TURN_SPEAKING:
	case TURN_OVERLAP:
	case TURN_HELD:
	case TURN_HELD_QUIET:
		return true;
	case TURN_LISTENING:
	case TURN_HEARING:
	case TURN_PAUSED:
	case TURN_THINKING:
	case TURN_STANDBY:
	case TURN_ENDING:
	case TURN_ENDED:
		break;
	}
	return false;
}

static struct str text_of(const struct buf *b)
{
	return str_n(buf_str(b), b->len);
}

/* ---- the end of a turn ----------------------------------------------------- */

/* What the callee has been saying meanwhile may be on its way: packets come
 * late, and then many at once. */
static void on_endpoint(void *arg)
{
	struct session *s = arg;

	if (session_line_late(s) &&
	    session_ms(s) < s->callee.due_ms + LATE_MAX_MS)
		timer_start(s->env.timers, &s->endpoint, LATE_LOOK_MS,
		            on_endpoint, s);
	else
		session_feed(s, TURN_EV_ENDPOINT);
}

static void on_watchdog(void *arg)
{
	struct session *s = arg;

	session_feed(s, s->callee.text.len ? TURN_EV_ENDPOINT : TURN_EV_EMPTY);
}

static void on_max_turn(void *arg)
{
	struct session *s = arg;

	if (s->callee.text.len)
		session_feed(s, TURN_EV_ENDPOINT);
}

/* Everything that was said has been decided, and it was nothing. */
static bool is_empty(const struct callee *c)
{
	return c->all_text && !c->undecided && !c->text.len;
}

static struct endpoint_in turn_so_far(const struct callee *c)
{
	return (struct endpoint_in){
		.speaking = c->speaking,
		.heard = c->heard,
		.ever_heard = c->ever_heard,
		.all_text = c->all_text,
		.undecided = c->undecided,
		.interim_at_ms = c->interim_ms,
		.end_at_ms = c->end_ms,
		.text_at_ms = c->text_ms,
		.text = text_of(&c->text),
		.verdict = c->verdict,
	};
}

/* The answer may begin before the turn is certain to be over. */
static void check_likely(struct session *s)
{
	const struct endpoint_in in = turn_so_far(&s->callee);
	const uint64_t quiet = vad_now_ms(s->vad) - s->callee.voice_at;

	if (s->agent->preemptive && !s->reply &&
	    endpoint_likely(&in, (uint32_t)quiet))
		session_feed(s, TURN_EV_LIKELY);
}

/* All that was said is text: the recogniser has heard the end of it, and no
 * voice is behind that. Its answer to the flush can add nothing. */
static bool all_decided(const struct callee *c)
{
	return c->decided && !c->undecided && c->text.len &&
	       c->decided_at + VOICE_LATE_MS >= c->voice_at;
}

void session_decided(struct session *s, uint32_t upto_ms)
{
	struct callee *c = &s->callee;

	c->decided = true;
	c->decided_at = s->stt_from_ms + upto_ms;
	if (s->turn.state == TURN_HEARING) {
		check_likely(s);
	} else if (s->turn.state == TURN_PAUSED && all_decided(c)) {
		c->all_text = true;
		session_arm_endpoint(s);
	}
}

void session_arm_endpoint(struct session *s)
{
	struct callee *c = &s->callee;
	const struct endpoint_in in = turn_so_far(c);
	struct endpoint_rules rules = s->agent->endpoint;
	uint64_t at;
	uint32_t patience = s->agent->endpoint.watchdog_ms;

	if (rules.stt_ms < s->env.stt->settle_ms)
		rules.stt_ms = s->env.stt->settle_ms;
	at = endpoint_at(&rules, &in);
	timer_stop(s->env.timers, &s->endpoint);
	if (at != ENDPOINT_WAIT) {
		c->due_ms = at > session_ms(s) ? at : session_ms(s);
		timer_start_at(s->env.timers, &s->endpoint,
		               s->t0_us + at * 1000, on_endpoint, s);
	}
	/* A sound without words must not keep the greeting for long. */
	if (s->greeting && patience > s->agent->greet_after_ms)
		patience = s->agent->greet_after_ms;
	if (is_empty(c))
		patience = session_verdict_left_ms(s);
	timer_start(s->env.timers, &s->watchdog, patience, on_watchdog, s);
	if (at > session_ms(s))
		check_likely(s);
}

void session_stop_endpoint(struct session *s)
{
	timer_stop(s->env.timers, &s->endpoint);
	timer_stop(s->env.timers, &s->watchdog);
}

/* ---- the turn's text ------------------------------------------------------- */

void session_open_turn(struct session *s)
{
	struct callee *c = &s->callee;

	c->heard = c->speaking || c->overlap;
	c->overlap = false;
	if (!c->heard)
		c->begin_ms = session_ms(s);
	timer_start(s->env.timers, &s->max_turn, s->agent->max_turn_ms,
	            on_max_turn, s);
}

static void forget(struct session *s)
{
	struct callee *c = &s->callee;

	buf_reset(&c->text);
	c->heard = false;
	c->overlap = false;
	c->undecided = false;
	c->eager = false;
	timer_stop(s->env.timers, &s->max_turn);
}

void session_drop_turn(struct session *s)
{
	forget(s);
	if (session_results_wait(s))
		session_feed(s, TURN_EV_QUIET);
	else
		session_hooks_quiet(s);
}

void session_add_text(struct callee *c, struct str text)
{
	text = str_trim(text);
	if (!text.len)
		return;
	/* Beyond the limit nothing is added: a turn of hours is no turn. */
	if (c->text.len && buf_add(&c->text, " ", 1) != 0)
		return;
	if (buf_add(&c->text, text.v, text.len) != 0)
		return;
}

/* The turn is over: what was said goes into the history. Its event waits as
 * long as late words may still be added. */
void session_take_turn(struct session *s)
{
	struct callee *c = &s->callee;

	if (!c->text.len) {
		forget(s);
		return;
	}
	s->prompted = 0;
	s->rounds = 0;
	s->unheard = 0;
	session_eager_taken(c);
	session_machine_turn(s);
	session_publish_turn(s);
	buf_reset(&c->asked);
	if (buf_add(&c->asked, c->text.v, c->text.len) != 0 ||
	    chat_callee(s->chat, text_of(&c->text)) != 0)
		log_line(LOG_ERROR, "session", s->call_id, "event=no_memory");
	c->asked_open = c->asked.len > 0;
	c->asked_told = false;
	session_hooks_heard(s, text_of(&c->text));
	c->asked_ms = c->begin_ms;
	timeline_reset(&s->timeline);
	timeline_note(&s->timeline, TIMELINE_SPEECH_END,
	              c->heard ? c->end_ms : c->text_ms);
	timeline_note(&s->timeline, TIMELINE_FINAL, c->text_ms);
	forget(s);
}

void session_publish_turn(struct session *s)
{
	struct callee *c = &s->callee;

	session_tell_turn(s);
	c->asked_open = false;
}

void session_tell_turn(struct session *s)
{
	struct callee *c = &s->callee;

	if (!c->asked_open || c->asked_told)
		return;
	c->asked_told = true;
	session_event_turn(s, "callee", text_of(&c->asked), 0, false,
	                   c->asked_ms);
}

/* What a machine says is in the record, and nobody answers it. */
void session_set_aside(struct session *s)
{
	struct callee *c = &s->callee;

	if (c->text.len) {
		session_event_turn(s, "callee", text_of(&c->text), 0, false,
		                   c->begin_ms);
		if (chat_callee(s->chat, text_of(&c->text)) != 0)
			log_line(LOG_ERROR, "session", s->call_id,
			         "event=no_memory");
	}
	forget(s);
}

/* Late words belong to the turn that is being answered, of which nothing was
 * heard yet: it is open again, with all it had. */
void session_reopen_turn(struct session *s)
{
	struct callee *c = &s->callee;
	const uint64_t end = s->timeline.at_ms[TIMELINE_SPEECH_END];

	session_open_turn(s);
	if (!c->asked_open || c->asked_told || !chat_take_back(s->chat))
		return;
	c->asked_open = false;
	session_hooks_reopened(s);
	buf_reset(&c->text);
	session_add_text(c, text_of(&c->asked));
	c->begin_ms = c->asked_ms;
	c->heard = c->ever_heard && end == c->end_ms;
}

/* ---- what counts ----------------------------------------------------------- */

/* How long the voice has lasted, not counting the silence after which the VAD
 * gives it up, nor the part of a chunk that may have come before it. */
static uint32_t speech_ms(const struct callee *c)
{
	const uint64_t from = c->speech_from + VAD_CHUNK_MS;

	return c->speaking && c->voice_at > from
	               ? (uint32_t)(c->voice_at - from)
	               : 0;
}

static enum interrupt_verdict judge(const struct session *s, struct str text)
{
	const struct reply *r = s->reply;
	struct interrupt_in in = {
		.audible = s->turn.state != TURN_DOUBTING,
		.text = text,
		.keys = s->keys,
	};

	in.speech_ms = speech_ms(&s->callee);
	if (r) {
		const uint32_t total = reply_audio_ms(r);

		in.protected = session_protected(s);
		in.said_ms = playout_heard_ms(s->playout, r->n);
		in.left_ms = r->voice_done ? total - in.said_ms : UINT32_MAX;
		if (in.said_ms > total)
			in.left_ms = 0;
	}
	return interrupt_judge(&s->agent->interrupt, &in);
}

void session_check_sound(struct session *s)
{
	struct callee *c = &s->callee;
	const uint64_t now = vad_now_ms(s->vad);
	struct vad_level level;

	vad_level(s->vad, &level);
	if (level.confidence >= VOICE) {
		if (now - c->voice_at > VOICE_GAP_MS)
			c->voice_from = now - VAD_CHUNK_MS;
		c->voice_at = now;
	}
	if (s->turn.state == TURN_HEARING && all_decided(c))
		check_likely(s);
	if (s->turn.state == TURN_OVERLAP && c->speaking &&
	    judge(s, str_n("", 0)) == INTERRUPT_LONG)
		session_feed(s, TURN_EV_LONG);
}

/* Words while the bot has the floor: they take it, or are let go by. What is
 * said over a protected one is kept, and answered after it. */
static void words_over_reply(struct session *s, struct str text, bool final)
{
	const enum interrupt_verdict v = judge(s, text);

	if (v == INTERRUPT_WORDS)
		session_feed(s, TURN_EV_WORDS);
	else if (!session_protected(s))
		return;
	if (final)
		session_add_text(&s->callee, text);
}

/* Words that come while the voice goes on make a guess void. */
static bool open_guess(const struct session *s)
{
	return s->turn.state == TURN_HEARING && s->reply;
}

void session_text(struct session *s, struct str text, bool final)
{
	struct callee *c = &s->callee;
	const bool kept = session_protected(s);

	text = str_trim(text);
	if (!text.len || s->ended || s->turn.state == TURN_ENDING)
		return;
	session_machine_text(s, text);
	if (s->ended)
		return;
	c->undecided = !final;
	if (final) {
		c->text_ms = session_ms(s);
	} else {
		c->interim_ms = session_ms(s);
		c->all_text = false;
	}

	if (bot_has_floor(s)) {
		words_over_reply(s, text, final);
	} else {
		if (s->turn.state == TURN_THINKING && !kept)
			session_feed(s, TURN_EV_LATE);
		if (s->turn.state == TURN_LISTENING || open_guess(s))
			session_feed(s, TURN_EV_WORDS);
		if (final)
			session_add_text(c, text);
	}
	if (s->turn.state == TURN_PAUSED)
		session_feed(s, TURN_EV_WORDS);
	else if (s->turn.state == TURN_HEARING && final)
		check_likely(s);
}

/* ---- voice activity -------------------------------------------------------- */

/* Where the utterance began, of which the VAD has become sure. */
static uint64_t utterance_from(const struct callee *c,
                               const struct vad_edge *edge)
{
	const uint64_t since = edge->since_ms;

	if (c->voice_from >= since)
		return since;
	return since - c->voice_from < VOICE_HEAD_MS ? c->voice_from
	                                             : since - VOICE_HEAD_MS;
}

static void on_speech(struct session *s, const struct vad_edge *edge)
{
	struct callee *c = &s->callee;
	const bool open =
		s->turn.state == TURN_HEARING || s->turn.state == TURN_PAUSED;

	c->speaking = true;
	c->all_text = false;
	c->decided = false;
	c->speech_from = utterance_from(c, edge);
	session_verdict_off(s, edge, open);
	if (open)
		c->heard = true;
	else
		c->begin_ms = session_ms(s) - (edge->at_ms - edge->since_ms);
	session_feed(s, TURN_EV_SPEECH);
}

static void on_silence(struct session *s, const struct vad_edge *edge)
{
	struct callee *c = &s->callee;

	c->speaking = false;
	c->ever_heard = true;
	c->end_ms = session_ms(s) - (edge->at_ms - edge->since_ms);
	c->silence_from = edge->since_ms;
	c->overlap = bot_has_floor(s);
	c->all_text = all_decided(c);
	if (s->stt && stt_flush(s->stt) == 0)
		c->flushes++;
	session_verdict_ask(s);
	session_feed(s, TURN_EV_SILENCE);
	session_hear_watch(s);
}

static void on_edge(const struct vad_edge *edge, void *arg)
{
	struct session *s = arg;

	if (s->ended)
		return;
	if (edge->type == VAD_SPEECH)
		on_speech(s, edge);
	else
		on_silence(s, edge);
	session_machine_edge(s);
}

/* ---- beginning and end -------------------------------------------------- */

int session_callee_open(struct session *s)
{
	int err;

	buf_init(&s->callee.text, SESSION_TEXT_MAX);
	buf_init(&s->callee.asked, SESSION_TEXT_MAX);
	buf_init(&s->callee.taken, SESSION_TEXT_MAX);
	err = session_vad_open(s, on_edge);
	if (!err)
		err = session_stt_open(s);
	return err ? err : session_verdict_open(s);
}

void session_callee_close(struct session *s)
{
	buf_fini(&s->callee.text);
	buf_fini(&s->callee.asked);
	buf_fini(&s->callee.taken);
}
