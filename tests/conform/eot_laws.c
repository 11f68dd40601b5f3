#include "tests/conform/eot_laws.h"

#include "tests/harness/test.h"

enum {
	PIECE = 160,
	STEP_MS = 20,
	WAIT_MS = 15000,
	SETTLE_MS = 400, /* more than an answer takes */
};

static void on_answer(uint32_t ask, enum endpoint_verdict verdict, void *arg)
{
	struct eot_log *log = arg;

	log->before_open += !log->opened;
	log->inside_ask += log->asking;
	log->after_close += log->closed;
	log->answers++;
	log->ask = ask;
	log->verdict = verdict;
	if (log->closes) {
		eot_close(log->closes);
		log->closes = NULL;
		log->closed = true;
	}
}

int eot_log_open(struct eot **ep, struct eot_log *log,
                 const struct eot_fixture *fx)
{
	int err;

	*log = (struct eot_log){0};
	err = eot_open(ep, fx->ops, fx->env, on_answer, log);
	log->opened = !err;
	return err;
}

void eot_log_ask(struct eot *e, struct eot_log *log,
                 const struct eot_fixture *fx, uint32_t ask, uint32_t within_ms)
{
	log->asking = true;
	e->ops->begin(e, 0);
	for (size_t i = 0; i + PIECE <= fx->n; i += PIECE)
		e->ops->push(e, &(struct pcm){fx->speech + i, PIECE, 8000},
		             true);
	e->ops->ask(e, ask, within_ms);
	log->asking = false;
}

void eot_log_until(const struct eot_log *log, const struct eot_fixture *fx,
                   unsigned n)
{
	for (unsigned ms = 0; ms < WAIT_MS && log->answers < n; ms += STEP_MS)
		fx->run(STEP_MS);
	CHECK_INT(n, log->answers);
}

void eot_law_error_means_silence(const struct eot_fixture *fx)
{
	struct eot_log log = {0};
	struct eot *e = NULL;

	CHECK(eot_open(&e, fx->ops, fx->bad_env, on_answer, &log) < 0);
	CHECK(!e);
	fx->run(SETTLE_MS);
	CHECK_INT(0, log.answers);
}

void eot_law_no_answer_before_its_question(const struct eot_fixture *fx)
{
	struct eot_log log;
	struct eot *e;

	CHECK_INT(0, eot_log_open(&e, &log, fx));
	fx->run(SETTLE_MS);
	CHECK_INT(0, log.answers);
	eot_log_ask(e, &log, fx, 1, EOT_WITHIN_MS);
	eot_log_until(&log, fx, 1);
	CHECK_INT(0, log.before_open + log.inside_ask);
	eot_close(&e);
	CHECK(!e);
}

void eot_law_a_question_is_answered_once(const struct eot_fixture *fx)
{
	struct eot_log log;
	struct eot *e;

	CHECK_INT(0, eot_log_open(&e, &log, fx));
	for (unsigned i = 1; i <= 3; i++) {
		eot_log_ask(e, &log, fx, 100 * i, EOT_WITHIN_MS);
		eot_log_until(&log, fx, i);
		fx->run(SETTLE_MS);
		CHECK_INT(i, log.answers);
		CHECK_INT(100 * i, log.ask);
		CHECK_INT(ENDPOINT_COMPLETE, log.verdict);
	}
	CHECK_INT(0, log.inside_ask);
	eot_close(&e);
}

void eot_law_only_the_last_question_is_answered(const struct eot_fixture *fx)
{
	struct eot_log log;
	struct eot *e;

	CHECK_INT(0, eot_log_open(&e, &log, fx));
	eot_log_ask(e, &log, fx, 7, EOT_WITHIN_MS);
	eot_log_ask(e, &log, fx, 8, EOT_WITHIN_MS);
	eot_log_until(&log, fx, 1);
	fx->run(SETTLE_MS);
	CHECK_INT(1, log.answers);
	CHECK_INT(8, log.ask);
	eot_close(&e);
}

void eot_law_nothing_after_close(const struct eot_fixture *fx)
{
	struct eot_log log;
	struct eot *e;

	CHECK_INT(0, eot_log_open(&e, &log, fx));
	eot_log_ask(e, &log, fx, 1, EOT_WITHIN_MS);
	log.closed = true;
	eot_close(&e);
	fx->run(SETTLE_MS);
	CHECK_INT(0, log.answers);
}

void eot_law_close_inside_handler(const struct eot_fixture *fx)
{
	struct eot_log log;
	struct eot *e;

	CHECK_INT(0, eot_log_open(&e, &log, fx));
	log.closes = &e;
	eot_log_ask(e, &log, fx, 1, EOT_WITHIN_MS);
	eot_log_until(&log, fx, 1);
	CHECK(!e);
	fx->run(SETTLE_MS);
	CHECK_INT(0, log.after_close);
}

void eot_law_a_question_before_any_sound_is_harmless(
	const struct eot_fixture *fx)
{
	struct eot_fixture mute = *fx;
	struct eot_log log;
	struct eot *e;

	mute.n = 0;
	CHECK_INT(0, eot_log_open(&e, &log, fx));
	eot_log_ask(e, &log, &mute, 1, EOT_WITHIN_MS);
	CHECK_INT(0, log.answers);
	fx->run(SETTLE_MS);
	CHECK(log.answers <= 1);
	eot_close(&e);
}
