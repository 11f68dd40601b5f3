#include "tests/conform/stt_laws.h"

#include <errno.h>
#include <stdio.h>

#include "bot/net/net.h"
#include "tests/conform/rig.h"
#include "tests/harness/test.h"

enum { WAIT_MS = 15000, PIECE = 160 };

static void count(struct stt_log *log, const struct stt_event *ev)
{
	size_t n = strlen(log->text);

	switch (ev->type) {
	case STT_READY:
		log->ready++;
		break;
	case STT_INTERIM:
		log->interims++;
		break;
	case STT_FINAL:
		log->finals++;
		snprintf(log->text + n, sizeof(log->text) - n, "%s%.*s",
		         n ? " " : "", (int)ev->text_len, ev->text);
		break;
	case STT_FLUSHED:
		log->flushed++;
		break;
	case STT_CLOSED:
	case STT_FAILED:
		log->last++;
		log->err = ev->err;
		break;
	case STT_EAGER:
		log->eagers++;
		break;
	case STT_RESUMED:
		log->resumed++;
		break;
	case STT_TURN_OVER:
		log->turns++;
		break;
	case STT_AWAY:
	case STT_SPEECH:
	case STT_SILENCE:
	default:
		break;
	}
}

static void on_event(const struct stt_event *ev, void *arg)
{
	struct stt_log *log = arg;

	log->before_open += !log->opened;
	log->after_last += log->last > 0;
	log->after_close += log->closes && !*log->closes;
	count(log, ev);
	if (log->closes && *log->closes)
		stt_close(log->closes);
}

int stt_log_open(struct stt **sttp, struct stt_log *log,
                 const struct stt_fixture *fx, const struct provider_cfg *cfg)
{
	struct stt_params prm = {
		.cfg = cfg, .hz = 8000, .ulaw = true, .call_id = "c_test"};
	int err;

	memset(log, 0, sizeof(*log));
	err = stt_open(sttp, fx->ops, rig_net(), &prm, on_event, log);
	log->opened = !err;
	return err;
}

void stt_log_push(struct stt *stt, const struct stt_fixture *fx, unsigned ms)
{
	static const int16_t silence[PIECE];
	size_t n = fx->n / PIECE, all = n + ms / 20;

	for (size_t i = 0; i < all; i++) {
		struct pcm pcm = {i < n ? fx->speech + i * PIECE : silence,
		                  PIECE, 8000};

		CHECK_INT(0, stt_push(stt, &pcm));
		rig_pace(18);
	}
}

static bool has_last(void *arg)
{
	return ((struct stt_log *)arg)->last > 0;
}

static bool has_closed(void *arg)
{
	struct stt_log *log = arg;

	return !*log->closes;
}

void stt_law_error_means_silence(const struct stt_fixture *fx)
{
	struct stt_params prm = {.cfg = &fx->good, .hz = 11025};
	struct stt_log log = {0};
	struct stt *stt = NULL;

	CHECK_INT(-EINVAL,
	          stt_open(&stt, fx->ops, rig_net(), &prm, on_event, &log));
	CHECK(!stt);
	rig_pace(100);
	CHECK_INT(0, log.before_open);
	rig_end();
}

void stt_law_no_event_inside_open(const struct stt_fixture *fx)
{
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, fx, &fx->good));
	CHECK_INT(0, log.before_open);
	rig_pace(100);
	CHECK_INT(0, log.before_open);
	stt_close(&stt);
	CHECK(!stt);
	rig_end();
}

void stt_law_one_last_event(const struct stt_fixture *fx)
{
	struct stt_log log;
	struct stt *stt = NULL;

	if (fx->bad_fails_in_open) {
		CHECK(stt_log_open(&stt, &log, fx, &fx->bad) < 0);
		CHECK(!stt);
	} else {
		CHECK_INT(0, stt_log_open(&stt, &log, fx, &fx->bad));
		CHECK(rig_until(has_last, &log, WAIT_MS));
		rig_pace(200);
		CHECK_INT(1, log.last);
		CHECK_INT(0, log.after_last);
		CHECK(log.err < 0);
		stt_close(&stt);
	}
	rig_end();
}

void stt_law_nothing_after_close(const struct stt_fixture *fx)
{
	struct stt_log log, before;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, fx, &fx->good));
	stt_log_push(stt, fx, 0);
	CHECK_INT(0, stt_flush(stt));
	stt_close(&stt);
	before = log;
	rig_pace(600);
	/* Zeroed whole when it was opened, so padding is equal, too. */
	// NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c)
	CHECK_INT(0, memcmp(&before, &log, sizeof(log)));
	rig_end();
}

void stt_law_close_inside_handler(const struct stt_fixture *fx)
{
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, fx, &fx->good));
	stt_log_push(stt, fx, 0);
	log.closes = &stt;
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(has_closed, &log, WAIT_MS));
	rig_pace(300);
	CHECK_INT(0, log.after_close);
	rig_end();
}

bool stt_log_flushed(void *arg)
{
	return ((struct stt_log *)arg)->flushed > 0;
}
