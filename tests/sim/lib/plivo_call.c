#define _GNU_SOURCE
#include "tests/sim/lib/plivo_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_media.h"
#include "tests/sim/lib/plivo_run.h"
#include "tests/sim/lib/plivo_stream.h"

enum {
	RING_TIMEOUT_SEC = 120, /* Plivo's defaults */
	TIME_LIMIT_SEC = 14400,
	DAY_SEC = 86400,
	DETECTION_MS = 5000,
	HUMAN_MS = 1500, /* until detection takes somebody for a human */
};

static double wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *without_plus(const char *number)
{
	return number[0] == '+' ? number + 1 : number;
}

int psim_call_new(struct psim_call **cp, struct psim *s, json_t *make,
                  const char *to)
{
	struct psim_call *c = mem_zalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->sim = s;
	c->make = json_incref(make);
	c->to = mem_strdup(without_plus(to));
	c->from = mem_strdup(without_plus(js_str(make, "from", "")));
	if (!c->to || !c->from) {
		json_decref(c->make);
		mem_free(c->to);
		mem_free(c->from);
		mem_free(c);
		return -ENOMEM;
	}
	psim_uuid(c->uuid);
	c->begun_us = psim_now_us();
	c->begun = wall();
	c->script = psim_script_for(s, c->to);
	list_append(&s->calls, &c->link);
	s->call_count++;
	*cp = c;
	return 0;
}

struct psim_call *psim_call_of(struct link *l)
{
	return CONTAINER_OF(l, struct psim_call, link);
}

struct psim_call *psim_call_find(const struct psim *s, struct str uuid)
{
	for (struct link *l = s->calls.prev; l != &s->calls; l = l->prev)
		if (str_eq(uuid, psim_call_of(l)->uuid))
			return psim_call_of(l);
	return NULL;
}

long psim_call_ms(const struct psim_call *c)
{
	return c->answered_us ? (long)((psim_now_us() - c->answered_us) / 1000)
	                      : -1;
}

bool psim_call_live(const struct psim_call *c)
{
	return c->state == PSIM_RINGING || c->state == PSIM_IN_PROGRESS;
}

/* sip_headers="k=v,k2=v2" comes back on every webhook. */
static int add_sip_headers(const struct psim_call *c, struct psim_pairs *p)
{
	struct str rest = str_of(js_str(c->make, "sip_headers", ""));
	int err = 0;

	while (!err && rest.len) {
		struct str v = str_cut(&rest, ',');
		const struct str k = str_cut(&v, '=');
		char key[80], value[200];

		if (str_copy(value, sizeof(value), v) || k.len > 64)
			return ERR_LIMIT;
		(void)snprintf(key, sizeof(key), "X-PH-%.*s", STR_ARG(k));
		err = psim_pairs_add(p, key, value);
	}
	return err;
}

int psim_call_params(const struct psim_call *c, const char *event,
                     const char *status, struct psim_pairs *p)
{
	char started[PSIM_TIME_MAX];
	const char *const fixed[][2] = {
		{"CallUUID", c->uuid},
		{"From", c->from},
		{"To", c->to},
		{"Direction", "outbound"},
		{"CallStatus", status},
		{"Event", event},
		{"RequestUUID", c->uuid},
		{"ALegUUID", c->uuid},
		{"ALegRequestUUID", c->uuid},
		{"BillRate", "0.002"},
		{"ParentAuthID", c->sim->o->auth_id},
		{"SessionStart", psim_time(started, c->begun, true)},
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_LEN(fixed); i++)
		err = psim_pairs_add(p, fixed[i][0], fixed[i][1]);
	if (!err && c->machine)
		err = psim_pairs_add(p, "Machine", "true");
	return err ? err : add_sip_headers(c, p);
}

static int add_ending(const struct psim_call *c, struct psim_pairs *p)
{
	const int sec =
		c->answered_us ? (int)(c->ended - c->answered + 0.5) : 0;
	char t[PSIM_TIME_MAX];
	const char *raw = "NORMAL_CLEARING";
	const int minutes = (sec + 59) / 60;
	int err = 0;

	if (c->cause == 3010)
		raw = "USER_BUSY";
	else if (c->cause == 3000 || c->cause == 6010)
		raw = "NO_ANSWER";
	else if (c->cause == 3020)
		raw = "CALL_REJECTED";
	else if (c->cause == 1000)
		raw = "ORIGINATOR_CANCEL";
	else if (c->cause == 3050)
		raw = "UNALLOCATED_NUMBER";
	err = psim_pairs_add(p, "HangupCause", raw);
	if (!err)
		err = psim_pairs_add(p, "HangupCauseName",
		                     psim_cause_name(c->cause));
	if (!err)
		err = psim_pairs_addf(p, "HangupCauseCode", "%d", c->cause);
	if (!err)
		err = psim_pairs_add(p, "HangupSource", c->source);
	if (!err)
		err = psim_pairs_addf(p, "Duration", "%d", sec);
	if (!err)
		err = psim_pairs_addf(p, "BillDuration", "%d", minutes * 60);
	if (!err)
		err = psim_pairs_add(p, "StartTime",
		                     psim_time(t, c->begun, false));
	if (!err && c->answered_us)
		err = psim_pairs_add(p, "AnswerTime",
		                     psim_time(t, c->answered, false));
	if (!err)
		err = psim_pairs_add(p, "EndTime",
		                     psim_time(t, c->ended, false));
	return err ? err
	           : psim_pairs_addf(p, "TotalCost", "%.5f", minutes * 0.002);
}

/* Tell @url; @last: the call is settled when this is over. */
static void tell_url(struct psim_call *c, const char *url, bool get,
                     const char *event, const char *status)
{
	const bool last = !strcmp(event, "Hangup");
	struct psim_pairs *p = mem_zalloc(sizeof(*p));
	struct psim_hook_params hp = {.label = last ? "hangup"
	                                       : !strcmp(event, "Ring")
	                                               ? "ring"
	                                               : "machine",
	                              .call = c->uuid,
	                              .url = url,
	                              .get = get,
	                              .last = last,
	                              .delay_ms = c->script->webhook_delay_ms,
	                              .pairs = p};
	int err = p ? psim_call_params(c, event, status, p) : -ENOMEM;

	if (!err && last)
		err = add_ending(c, p);
	if (!err)
		err = psim_hook_open(NULL, c->sim, &hp, NULL, NULL);
	if (p)
		psim_pairs_fini(p);
	mem_free(p);
	if (err) {
		psim_violation(c->sim, c, "%s URL: %s", hp.label, err_str(err));
		if (last)
			psim_settled(c->sim);
	}
}

void psim_call_tell(struct psim_call *c, const char *key, const char *event,
                    const char *status)
{
	char url_key[40], method_key[40];
	const char *url;

	(void)snprintf(url_key, sizeof(url_key), "%s_url", key);
	(void)snprintf(method_key, sizeof(method_key), "%s_method", key);
	url = js_str(c->make, url_key, NULL);
	if (url)
		tell_url(c, url,
		         !strcmp(js_str(c->make, method_key, "POST"), "GET"),
		         event, status);
}

static const char *final_status(const struct psim_call *c)
{
	if (c->answered_us)
		return "completed";
	switch (c->cause) {
	case 1000:
		return "cancel";
	case 3010:
		return "busy";
	case 3000:
		return "no-answer";
	case 6010:
		return "timeout";
	default:
		return "failed";
	}
}

void psim_call_end(struct psim_call *c, int cause, const char *source)
{
	struct psim_loop *l = &c->sim->loop;

	if (c->state == PSIM_ENDED)
		return;
	c->state = PSIM_ENDED;
	c->ended_us = psim_now_us();
	c->ended = wall();
	c->cause = cause;
	c->source = source;
	psim_timer_stop(l, &c->step);
	psim_timer_stop(l, &c->limit);
	psim_timer_stop(l, &c->scheduled);
	psim_hook_close(&c->hook);
	psim_stream_close(&c->stream);
	psim_note(c->sim, c, "ended",
	          json_pack("{s:i, s:s, s:s}", "cause", cause, "name",
	                    psim_cause_name(cause), "source", source));
	psim_media_close(&c->media);
	psim_xml_free(&c->next_doc);
	c->sim->ended++;
	if (js_str(c->make, "hangup_url", NULL)) {
		psim_call_tell(c, "hangup", "Hangup", final_status(c));
		return;
	}
	/* Without one Plivo calls the answer URL once more. */
	psim_warning(c->sim, c, "no hangup_url: the answer_url is told");
	psim_call_tell(c, "answer", "Hangup", final_status(c));
}

void psim_call_free(struct psim_call **cp)
{
	struct psim_call *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	list_remove(&c->link);
	psim_timer_stop(&c->sim->loop, &c->step);
	psim_timer_stop(&c->sim->loop, &c->limit);
	psim_timer_stop(&c->sim->loop, &c->scheduled);
	psim_xml_free(&c->doc);
	psim_xml_free(&c->next_doc);
	json_decref(c->make);
	mem_free(c->to);
	mem_free(c->from);
	mem_free(c);
}

/* From here on: the way from the queue to the answer. */

static void on_time_limit(void *arg)
{
	psim_call_end(arg, 6000, "Plivo");
}

static void on_ring_timeout(void *arg)
{
	psim_call_end(arg, 6010, "Plivo");
}

static void fetch_answer(void *arg)
{
	struct psim_call *c = arg;

	psim_run_fetch(c, js_str(c->make, "answer_url", ""),
	               !strcmp(js_str(c->make, "answer_method", "POST"), "GET"),
	               PSIM_FOR_ANSWER);
}

/* Machine detection without a URL of its own: nothing runs meanwhile. */
static void on_detected(void *arg)
{
	struct psim_call *c = arg;

	if (c->machine &&
	    !strcmp(js_str(c->make, "machine_detection", ""), "hangup"))
		psim_call_end(c, 9100, "Plivo");
	else
		fetch_answer(c);
}

static void on_async_detected(void *arg)
{
	struct psim_call *c = arg;

	c->machine = true;
	psim_call_tell(c, "machine_detection", "MachineDetection",
	               "in-progress");
	if (!strcmp(js_str(c->make, "machine_detection", ""), "hangup"))
		psim_call_end(c, 9100, "Plivo");
}

static void detect(struct psim_call *c)
{
	const bool async = js_str(c->make, "machine_detection_url", NULL);
	const uint32_t ms = (uint32_t)js_int(c->make, "machine_detection_time",
	                                     DETECTION_MS);

	if (!js_str(c->make, "machine_detection", NULL)) {
		fetch_answer(c);
	} else if (async) {
		if (c->script->machine)
			psim_timer(&c->sim->loop, &c->scheduled, ms,
			           on_async_detected, c);
		fetch_answer(c);
	} else {
		c->machine = c->script->machine;
		psim_timer(&c->sim->loop, &c->step, c->machine ? ms : HUMAN_MS,
		           on_detected, c);
	}
}

static void on_pick_up(void *arg)
{
	struct psim_call *c = arg;
	int64_t limit = js_int(c->make, "time_limit", TIME_LIMIT_SEC);

	c->state = PSIM_IN_PROGRESS;
	c->answered_us = psim_now_us();
	c->answered = wall();
	psim_note(c->sim, c, "answered", NULL);
	if (limit > DAY_SEC)
		limit = DAY_SEC;
	psim_timer(&c->sim->loop, &c->limit, (uint32_t)limit * 1000,
	           on_time_limit, c);
	if (psim_media_open(&c->media, c)) {
		psim_call_end(c, 5010, "Plivo");
		return;
	}
	detect(c);
}

/* Frames of many calls must not all be due at the same moment. */
static uint64_t phase_us(void)
{
	uint16_t r;

	crypto_random(&r, sizeof(r));
	return r % (PSIM_FRAME_MS * 1000);
}

static void on_ringing(void *arg)
{
	struct psim_call *c = arg;
	const int64_t timeout =
		js_int(c->make, "ring_timeout", RING_TIMEOUT_SEC);
	const int64_t cut = js_int(c->make, "hangup_on_ring", -1);

	if (c->script->pick_up == PSIM_FAILS) {
		psim_call_end(c, c->script->fail_code, "Carrier");
		return;
	}
	c->state = PSIM_RINGING;
	psim_note(c->sim, c, "ringing", NULL);
	psim_call_tell(c, "ring", "Ring", "ringing");
	if (cut >= 0 && cut < timeout)
		psim_timer(&c->sim->loop, &c->limit, (uint32_t)cut * 1000,
		           on_ring_timeout, c);
	else
		psim_timer(&c->sim->loop, &c->limit, (uint32_t)timeout * 1000,
		           on_ring_timeout, c);
	if (c->script->pick_up == PSIM_ANSWERS)
		psim_timer_at(&c->sim->loop, &c->step,
		              psim_now_us() + phase_us() +
		                      c->script->answer_ms * UINT64_C(1000),
		              on_pick_up, c);
}

void psim_call_dial(struct psim_call *c)
{
	c->state = PSIM_DIALING;
	psim_note(c->sim, c, "dialing",
	          json_pack("{s:s, s:s}", "to", c->to, "from", c->from));
	psim_timer(&c->sim->loop, &c->step, c->sim->o->setup_ms, on_ringing, c);
}
