#define _GNU_SOURCE
#include "tests/sim/lib/plivo_run.h"

#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_media.h"
#include "tests/sim/lib/plivo_stream.h"

enum {
	SPEAK_MS = 60,       /* a character, at a voice's usual pace */
	PLAY_MS = 1000,      /* for a file that is not fetched */
	AFTERGLOW_MS = 2000, /* a stream without keepCallAlive and nothing after
	                        it: seen to end within seconds */
};

static const char *const purposes[] = {"answer", "redirect", "transfer",
                                       "action"};
static const int unreachable[] = {7011, 7014, 7013, 7012};
static const int invalid[] = {8011, 8014, 8013, 8012};

static void proceed(struct psim_call *c);

static void on_waited(void *arg)
{
	struct psim_call *c = arg;

	c->waiting = PSIM_WAITS_NOT;
	proceed(c);
}

static void wait_for(struct psim_call *c, uint32_t ms)
{
	c->waiting = PSIM_WAITS_TIME;
	psim_timer(&c->sim->loop, &c->step, ms, on_waited, c);
}

static void on_afterglow(void *arg)
{
	psim_call_end(arg, 4010, "Plivo");
}

static void on_scheduled(void *arg)
{
	psim_call_end(arg, 4000, "Answer XML");
}

static void do_stream(struct psim_call *c, const struct psim_step *step)
{
	if (c->stream) {
		psim_violation(c->sim, c, "a second <Stream> on one call");
		return;
	}
	if (psim_stream_new(c, step)) {
		psim_call_end(c, 5010, "Plivo");
		return;
	}
	if (step->stream.keep_alive)
		c->waiting = PSIM_WAITS_STREAM;
}

static void do_hangup(struct psim_call *c, const struct psim_step *step)
{
	if (step->seconds) {
		psim_timer(&c->sim->loop, &c->scheduled, step->seconds * 1000,
		           on_scheduled, c);
		return;
	}
	if (!strcmp(step->reason, "rejected"))
		psim_call_end(c, 3020, "Answer XML");
	else if (!strcmp(step->reason, "busy"))
		psim_call_end(c, 3010, "Answer XML");
	else
		psim_call_end(c, 4000, "Answer XML");
}

static void hum(struct psim_call *c, uint32_t ms)
{
	if (c->media)
		psim_media_hum(c->media, ms);
	wait_for(c, ms);
}

/* Both talk, or nobody answers; then the action's document, if there is one. */
static void on_dialled(void *arg)
{
	struct psim_call *c = arg;
	const struct psim_step *step = &c->doc->v[c->pc - 1];

	psim_note(c->sim, c, "dialled",
	          json_pack("{s:s, s:s}", "to", step->text, "status",
	                    c->script->dial_status));
	c->waiting = PSIM_WAITS_NOT;
	if (step->action)
		psim_run_fetch(c, step->action, step->get, PSIM_FOR_ACTION);
	else
		proceed(c);
}

static void do_dial(struct psim_call *c, const struct psim_step *step)
{
	psim_note(c->sim, c, "dial",
	          json_pack("{s:s, s:s, s:i}", "to", step->text, "caller_id",
	                    step->caller_id ? step->caller_id : "", "timeout",
	                    (int)step->seconds));
	c->waiting = PSIM_WAITS_TIME;
	psim_timer(&c->sim->loop, &c->step, c->script->dial_ms, on_dialled, c);
}

static void do_step(struct psim_call *c, const struct psim_step *step)
{
	psim_note(c->sim, c, "xml",
	          json_pack("{s:s, s:s}", "element", step->name, "text",
	                    step->text));
	switch (step->verb) {
	case PSIM_STREAM:
		do_stream(c, step);
		break;
	case PSIM_HANGUP:
		do_hangup(c, step);
		break;
	case PSIM_SPEAK:
		hum(c, (uint32_t)strlen(step->text) * SPEAK_MS);
		break;
	case PSIM_PLAY:
		hum(c, PLAY_MS);
		break;
	case PSIM_WAIT:
		wait_for(c, (step->seconds ? step->seconds : 1) * 1000);
		break;
	case PSIM_REDIRECT:
		psim_run_fetch(c, step->text, step->get, PSIM_FOR_REDIRECT);
		break;
	case PSIM_DIAL:
		do_dial(c, step);
		break;
	case PSIM_OTHER:
	default:
		psim_warning(c->sim, c, "<%s> is passed over by the simulator",
		             step->name);
	}
}

/* Carry out elements until one of them takes time. */
static void proceed(struct psim_call *c)
{
	while (c->state == PSIM_IN_PROGRESS && c->waiting == PSIM_WAITS_NOT) {
		if (c->next_doc) {
			psim_xml_free(&c->doc);
			c->doc = c->next_doc;
			c->next_doc = NULL;
			c->pc = 0;
		}
		if (!c->doc)
			return;
		if (c->pc < c->doc->n) {
			do_step(c, &c->doc->v[c->pc++]);
			continue;
		}
		if (!c->stream) {
			psim_call_end(c, 4010, "Plivo");
			return;
		}
		psim_warning(c->sim, c,
		             "the document ends while its stream runs: "
		             "keepCallAlive is missing");
		c->waiting = PSIM_WAITS_TIME;
		psim_timer(&c->sim->loop, &c->step, AFTERGLOW_MS, on_afterglow,
		           c);
	}
}

void psim_run_stream_over(struct psim_call *c)
{
	if (c->waiting != PSIM_WAITS_STREAM)
		return;
	/* Never from inside the stream: it is another turn of the loop. */
	c->waiting = PSIM_WAITS_TIME;
	psim_timer(&c->sim->loop, &c->step, 0, on_waited, c);
}

static bool xml_type(const struct psim_message *m)
{
	struct str type = psim_message_header(m, "content-type");

	type = str_trim(str_cut(&type, ';'));
	return str_eq_nocase(type, "text/xml") ||
	       str_eq_nocase(type, "application/xml");
}

/* A URL for when there is no good document: only of the answer. */
static bool try_fallback(struct psim_call *c)
{
	const char *url = js_str(c->make, "fallback_url", NULL);

	if (!url || c->purpose != PSIM_FOR_ANSWER || c->fallback_tried)
		return false;
	c->fallback_tried = true;
	psim_run_fetch(
		c, url,
		!strcmp(js_str(c->make, "fallback_method", "POST"), "GET"),
		PSIM_FOR_ANSWER);
	return true;
}

static void on_document(const struct psim_message *m, void *arg)
{
	struct psim_call *c = arg;
	struct psim_xml *doc = NULL;
	char why[PSIM_XML_WHY];
	int err;

	if (!m) {
		psim_hook_close(&c->hook);
		if (!try_fallback(c))
			psim_call_end(c, unreachable[c->purpose], "Error");
		return;
	}
	if (!xml_type(m))
		psim_violation(c->sim, c, "%s: the content type is not XML",
		               purposes[c->purpose]);
	err = psim_xml_parse(&doc, buf_str(&m->body), m->body.len, why);
	psim_note(c->sim, c, "document",
	          json_pack("{s:s, s:s, s:o}", "for", purposes[c->purpose],
	                    "refused", err ? why : "", "body",
	                    json_stringn_nocheck(buf_str(&m->body),
	                                         m->body.len)));
	psim_hook_close(&c->hook);
	if (err) {
		psim_violation(c->sim, c, "%s XML: %s", purposes[c->purpose],
		               why);
		if (!try_fallback(c))
			psim_call_end(c, invalid[c->purpose], "Error");
		return;
	}
	psim_xml_free(&c->next_doc);
	c->next_doc = doc;
	if (c->waiting == PSIM_WAITS_STREAM)
		return; /* a transfer runs when the stream has ended */
	psim_timer_stop(&c->sim->loop, &c->step);
	c->waiting = PSIM_WAITS_NOT;
	proceed(c);
}

void psim_run_fetch(struct psim_call *c, const char *url, bool get,
                    enum psim_purpose purpose)
{
	struct psim_pairs *p = mem_zalloc(sizeof(*p));
	struct psim_hook_params hp = {.label = purposes[purpose],
	                              .call = c->uuid,
	                              .url = url,
	                              .get = get,
	                              .delay_ms = c->script->webhook_delay_ms,
	                              .pairs = p};
	int err;

	if (c->waiting != PSIM_WAITS_STREAM)
		c->waiting = PSIM_WAITS_FETCH;
	c->purpose = purpose;
	psim_hook_close(&c->hook);
	err = p ? psim_call_params(c,
	                           purpose == PSIM_FOR_ANSWER ? "StartApp"
	                                                      : "Redirect",
	                           "in-progress", p)
	        : -1;
	if (!err && purpose == PSIM_FOR_ACTION)
		err = psim_pairs_add(p, "DialStatus", c->script->dial_status);
	if (!err)
		err = psim_hook_open(&c->hook, c->sim, &hp, on_document, c);
	if (p)
		psim_pairs_fini(p);
	mem_free(p);
	if (err) {
		psim_violation(c->sim, c, "%s URL: %s", purposes[purpose],
		               err_str(err));
		psim_call_end(c, unreachable[purpose], "Error");
	}
}
