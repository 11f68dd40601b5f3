#include "tests/conform/tts_laws.h"

#include <stdlib.h>

#include "bot/net/net.h"
#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/harness/test.h"

enum { WAIT_MS = 15000 };

static void keep_audio(struct tts_log *log, const struct tts_event *ev)
{
	log->reply[ev->reply].audio += ev->audio_len;
	if (log->audio_len + ev->audio_len > TTS_LOG_AUDIO)
		return;
	memcpy(log->audio + log->audio_len, ev->audio, ev->audio_len);
	log->audio_len += ev->audio_len;
}

static void count(struct tts_log *log, const struct tts_event *ev)
{
	bool of_reply = ev->reply && ev->reply < TTS_LOG_REPLIES;

	if (of_reply) {
		log->stale += log->reply[ev->reply].cancelled;
		log->reply[ev->reply].after_done +=
			log->reply[ev->reply].done > 0;
	}
	switch (ev->type) {
	case TTS_READY:
		log->ready++;
		break;
	case TTS_AUDIO:
		CHECK(of_reply);
		keep_audio(log, ev);
		break;
	case TTS_WORD:
		CHECK(of_reply);
		log->reply[ev->reply].words++;
		log->reply[ev->reply].words_fall |=
			ev->begin_ms < log->reply[ev->reply].last_word_ms;
		log->reply[ev->reply].last_word_ms = ev->begin_ms;
		break;
	case TTS_REPLY_DONE:
		CHECK(of_reply);
		log->reply[ev->reply].done++;
		break;
	case TTS_REPLY_FAILED:
		CHECK(of_reply);
		log->reply[ev->reply].failed++;
		log->err = ev->err;
		break;
	case TTS_CLOSED:
	case TTS_FAILED:
	default:
		log->last++;
		log->err = ev->err;
		break;
	}
}

static void on_event(const struct tts_event *ev, void *arg)
{
	struct tts_log *log = arg;

	log->before_open += !log->opened;
	log->after_last += log->last > 0;
	log->after_close += log->closes && !*log->closes;
	count(log, ev);
	if (log->closes && *log->closes)
		tts_close(log->closes);
}

int tts_log_open(struct tts **ttsp, struct tts_log *log,
                 const struct tts_fixture *fx, const struct provider_cfg *cfg)
{
	struct tts_params prm = {
		.cfg = cfg, .fmt = AUDIO_ULAW_8K, .call_id = "c_test"};
	int err;

	memset(log, 0, sizeof(*log));
	log->audio = malloc(TTS_LOG_AUDIO);
	CHECK(log->audio != NULL);
	err = tts_open(ttsp, fx->ops, rig_net(), &prm, on_event, log);
	log->opened = !err;
	return err;
}

void tts_log_fini(struct tts_log *log)
{
	free(log->audio);
	log->audio = NULL;
}

void tts_log_say(struct tts *tts, uint32_t n, const char *text)
{
	CHECK_INT(0, tts_speak(tts, n, text, strlen(text)));
	CHECK_INT(0, tts_finish(tts, n));
}

struct until {
	struct tts_log *log;
	uint32_t reply;
};

static bool is_done(void *arg)
{
	struct until *u = arg;

	return u->log->reply[u->reply].done || u->log->reply[u->reply].failed;
}

bool tts_log_until_done(struct tts_log *log, uint32_t n, unsigned ms)
{
	struct until u = {log, n};

	return rig_until(is_done, &u, ms);
}

static bool has_last(void *arg)
{
	return ((struct tts_log *)arg)->last > 0;
}

static bool has_closed(void *arg)
{
	return !*((struct tts_log *)arg)->closes;
}

static bool has_audio(void *arg)
{
	return ((struct tts_log *)arg)->reply[1].audio > 0;
}

void tts_law_no_event_inside_open(const struct tts_fixture *fx)
{
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, fx, &fx->good));
	rig_pace(100);
	CHECK_INT(0, log.before_open);
	tts_close(&tts);
	CHECK(!tts);
	tts_log_fini(&log);
	rig_end();
}

void tts_law_one_last_event(const struct tts_fixture *fx)
{
	struct tts_log log;
	struct tts *tts = NULL;

	if (fx->bad_fails_in_open) {
		CHECK(tts_log_open(&tts, &log, fx, &fx->bad) < 0);
		CHECK(!tts);
	} else {
		CHECK_INT(0, tts_log_open(&tts, &log, fx, &fx->bad));
		CHECK(rig_until(has_last, &log, WAIT_MS));
		rig_pace(200);
		CHECK_INT(1, log.last);
		CHECK_INT(0, log.after_last);
		CHECK(log.err < 0);
		tts_close(&tts);
	}
	tts_log_fini(&log);
	rig_end();
}

void tts_law_nothing_after_close(const struct tts_fixture *fx)
{
	struct tts_log log, before;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, fx, &fx->good));
	tts_log_say(tts, 1, "Nobody will hear all of this sentence.");
	CHECK(rig_until(has_audio, &log, WAIT_MS));
	tts_close(&tts);
	before = log;
	rig_pace(400);
	/* Zeroed whole when it was opened, so padding is equal, too. */
	// NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c)
	CHECK_INT(0, memcmp(&before, &log, sizeof(log)));
	tts_log_fini(&log);
	rig_end();
}

void tts_law_close_inside_handler(const struct tts_fixture *fx)
{
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, fx, &fx->good));
	tts_log_say(tts, 1, "Nobody will hear all of this sentence.");
	log.closes = &tts;
	CHECK(rig_until(has_closed, &log, WAIT_MS));
	rig_pace(300);
	CHECK_INT(0, log.after_close);
	tts_log_fini(&log);
	rig_end();
}

void tts_law_replies_are_done_once_and_in_order(const struct tts_fixture *fx)
{
	static const char *const pieces[] = {"Good morning.",
	                                     "This is the clinic."};
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, fx, &fx->good));
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
		CHECK_INT(0, tts_speak(tts, 1, pieces[i], strlen(pieces[i])));
	CHECK_INT(0, tts_finish(tts, 1));
	CHECK(tts_log_until_done(&log, 1, WAIT_MS));
	tts_log_say(tts, 2, "Goodbye.");
	CHECK(tts_log_until_done(&log, 2, WAIT_MS));
	rig_pace(200);
	for (size_t i = 1; i <= 2; i++) {
		CHECK_INT(1, log.reply[i].done);
		CHECK_INT(0, log.reply[i].failed);
		CHECK_INT(0, log.reply[i].after_done);
		CHECK(!log.reply[i].words_fall);
		/* A word takes more than a tenth of a second. */
		CHECK(log.reply[i].audio > 800);
	}
	CHECK(log.reply[1].audio > 2 * log.reply[2].audio);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
}

void tts_law_a_cancelled_reply_is_silent(const struct tts_fixture *fx)
{
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, fx, &fx->good));
	CHECK_INT(0, tts_speak(tts, 1, "One two three four.", 19));
	CHECK(rig_until(has_audio, &log, WAIT_MS));
	log.reply[1].cancelled = true;
	tts_cancel(tts, 1);
	CHECK_INT(ERR_STALE, tts_speak(tts, 1, "five", 4));
	CHECK_INT(ERR_STALE, tts_finish(tts, 1));
	tts_log_say(tts, 2, "Hello again.");
	CHECK(tts_log_until_done(&log, 2, WAIT_MS));
	CHECK_INT(0, log.stale);
	CHECK_INT(1, log.reply[2].done);
	CHECK(log.reply[2].audio > 800);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
}
