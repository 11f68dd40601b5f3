#include "tests/sim/lib/oa_transcribe.h"

#include <string.h>

#include "common/timer.h"
#include "tests/sim/lib/simmem.h"

enum { LEAST_MS = 100 /* of speech that has words */ };

struct answer {
	struct sim *sim;
	struct simreq *r;
	struct timer timer;
	struct buf text;
	long speech_ms;
};

static void end(struct answer *a)
{
	timer_stop(a->sim->timers, &a->timer);
	buf_fini(&a->text);
	sim_stream_end(a->sim);
	mem_free(a);
}

static void on_gone(struct simreq *r, void *arg)
{
	struct answer *a = arg;

	(void)r;
	sim_count(a->sim, "transcription_hung_up", 1);
	end(a);
}

static void on_timer(void *arg)
{
	struct answer *a = arg;
	struct simreq *r = a->r;
	json_t *obj = json_pack("{s:s, s:{s:s, s:i}}", "text",
	                        buf_str(&a->text), "usage", "type", "duration",
	                        "seconds", (int)(a->speech_ms / 1000) + 1);

	end(a);
	sim_reply_json(r, 200, obj);
}

/* The words whose time has come. */
static void understand(struct oa_ear_cfg *cfg, struct answer *a)
{
	const struct dg_sentence *s;

	if (a->speech_ms < LEAST_MS)
		return;
	s = dg_scripts_get(cfg->scripts, 0, cfg->heard++, true);
	for (size_t i = 0; s && i < s->n_words; i++) {
		if (s->voiced_ms && (long)s->end_ms[i] > a->speech_ms)
			break;
		sim_addf(&a->text, "%s%s", i ? " " : "", s->word[i]);
	}
}

void oa_transcribe(struct oa_ear_cfg *cfg, struct sim *s, struct simreq *r,
                   unsigned no, const struct oa_form *form)
{
	const struct simfault *slow = sim_fault(s, "slow", no);
	struct answer *a = sim_zalloc(sizeof(*a));
	struct oa_error e;

	a->sim = s;
	a->r = r;
	a->speech_ms = oa_wav_speech_ms(form, &e);
	buf_init(&a->text, SIM_BUF_MAX);
	understand(cfg, a);
	s->open++;
	sim_count(s, "transcriptions", 1);
	simreq_on_gone(r, on_gone, a);
	timer_start(s->timers, &a->timer,
	            cfg->latency_ms + (slow ? simfault_number(slow, 5000) : 0),
	            on_timer, a);
}
