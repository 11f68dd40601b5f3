#include <errno.h>
#include <string.h>

#include "bot/agent.h"
#include "bot/fallback.h"
#include "bot/past.h"
#include "bot/peer.h"
#include "bot/warm.h"
#include "bot/worker_impl.h"
#include "common/err.h"
#include "common/js.h"
#include "common/jtext.h"
#include "common/log.h"
#include "common/str.h"

/* The fields of POST /reserve, decoded; the body is a span of the request. */
struct wish {
	char call_id[RESERVE_CALL_ID_MAX];
	char to[RESERVE_NUMBER_MAX], from[RESERVE_NUMBER_MAX];
	char agent[RESERVE_AGENT_MAX];
	char events_url[RESERVE_URL_MAX];
	struct str body, past;
	uint64_t ttl_sec, again;
	const char *uses[FALLBACK_STAGES]; /* as in struct reservation */
	bool detect_machine;               /* of its agent */
	bool dumb; /* ... of which no provider of a stage works */
};

bool worker_has_room(const struct worker *w)
{
	return !w->draining && !w->admit.shut && !worker_is_dumb(w);
}

bool worker_is_dumb(const struct worker *w)
{
	const struct fallback *f = w->session->fallback;
	const uint64_t now = timers_now(net_timers(w->net));

	for (size_t i = 0; f && i < FALLBACK_STAGES; i++)
		if (fallback_is_down(f, (enum stage)i, NULL, 0, now))
			return true;
	return false;
}

/* A text or null or nothing. False: something else, or too long. */
static bool text_field(struct str obj, const char *key, char *dst, size_t cap)
{
	struct str v;

	dst[0] = '\0';
	if (jtext_get(obj, key, &v) || jtext_type(v) == JTEXT_NULL)
		return true;
	return !jtext_string(dst, cap, v);
}

/* What bots before this one have left. False: it cannot be read. */
static bool read_past(struct wish *wish, struct str obj)
{
	struct str n;

	if (jtext_get(obj, "again", &wish->past))
		return true;
	wish->past = str_trim(wish->past);
	return wish->past.len <= PAST_MAX &&
	       jtext_type(wish->past) == JTEXT_OBJECT &&
	       !jtext_get(wish->past, "n", &n) &&
	       !str_u64(str_trim(n), UINT16_MAX, &wish->again);
}

static const char *read_wish(struct wish *wish, const struct ws_request *req)
{
	struct str obj = str_n(req->body, req->body_len), v;

	memset(wish, 0, sizeof(*wish));
	if (jtext_check(obj, WORKER_DEPTH_MAX, NULL) ||
	    jtext_type(obj) != JTEXT_OBJECT)
		return "the body is no JSON object";
	if (!text_field(obj, "call_id", wish->call_id, sizeof(wish->call_id)) ||
	    !wish->call_id[0])
		return "call_id is missing or no text";
	if (!text_field(obj, "to", wish->to, sizeof(wish->to)) ||
	    !text_field(obj, "from", wish->from, sizeof(wish->from)) ||
	    !text_field(obj, "agent", wish->agent, sizeof(wish->agent)) ||
	    !text_field(obj, "events_url", wish->events_url,
	                sizeof(wish->events_url)))
		return "to, from, agent or events_url is no text, or too long";
	if (wish->events_url[0] &&
	    (!peer_url_ok(wish->events_url) ||
	     !str_starts(str_of(wish->events_url), "http")))
		return "events_url must be https, or http to a private "
		       "address";
	if (jtext_get(obj, "ttl", &v) ||
	    str_u64(str_trim(v), RESERVE_TTL_MAX_SEC, &wish->ttl_sec) ||
	    !wish->ttl_sec)
		return "ttl must be a number of seconds, at most 3600";
	if (!read_past(wish, obj))
		return "again must be an object with n, or is too long";
	if (!jtext_get(obj, "body", &v))
		wish->body = str_trim(v);
	return wish->body.len > WORKER_BODY_MAX ? "body is too long" : NULL;
}

/* What the server may have to count: providers' plans allow so many calls. */
static void find_uses(const struct worker *w, struct wish *wish,
                      const struct agent *agent)
{
	const struct fallback *f = w->session->fallback;
	const uint64_t now = timers_now(net_timers(w->net));

	for (size_t i = 0; f && i < FALLBACK_STAGES; i++)
		wish->uses[i] = agent_first(agent, f, (enum stage)i, now);
}

/* Does the agent exist? Its file is read again when the call comes; a fault
 * in it shall show now, before anybody's telephone rings. */
static bool check_agent(const struct worker *w, struct wish *wish,
                        struct ws_response *res)
{
	const char *name = wish->agent[0] ? wish->agent : w->cfg->agent;
	char fault[AGENT_FAULT_MAX] = "";
	struct agent *agent = NULL;
	int err = agent_load(&agent, w->cfg->agents_dir, name, fault);

	if (!err) {
		const struct fallback *f = w->session->fallback;

		wish->detect_machine = agent->machine.carrier;
		find_uses(w, wish, agent);
		wish->dumb = f && agent_is_dumb(agent, f,
		                                timers_now(net_timers(w->net)));
	}
	agent_free(&agent);
	if (!err)
		return true;
	log_line(LOG_WARN, "worker", wish->call_id,
	         "event=no_agent agent=%s why=%s", LOG_TEXT(name),
	         LOG_TEXT(fault));
	worker_refuse(res, 404,
	              fault[0] ? fault
	                       : "no such agent: put its file into AGENTS_DIR");
	return false;
}

static void full(struct worker *w, struct ws_response *res, const char *why)
{
	w->metrics.refused_full++;
	res->retry_after_sec = WORKER_RETRY_SEC;
	worker_refuse(res, 503, why);
}

static int write_uses(const struct reservation *r, struct buf *out)
{
	static const char *const stages[] = {"stt", "llm", "tts"};
	int err = 0;
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(stages) && !err; i++) {
		if (!r->uses[i])
			continue;
		err = buf_addf(out, "%s\"%s\":\"%s\"",
		               any ? "," : ",\"uses\":{", stages[i],
		               r->uses[i]);
		any = true;
	}
	return err || !any ? err : buf_adds(out, "}");
}

static int answer(const struct worker *w, const struct reservation *r,
                  struct buf *out)
{
	int err = buf_addf(out, "{\"id\":\"%s\",\"stream_url\":", r->id);

	if (!err && !w->cfg->public_url) {
		err = buf_adds(out, "null");
	} else if (!err) {
		struct buf url;

		buf_init(&url, RESERVE_URL_MAX);
		err = signed_place_url(&url, w->cfg->public_url, r->id);
		if (!err)
			err = js_quote(out, url.v, url.len);
		buf_fini(&url);
	}
	if (!err && r->detect_machine)
		err = buf_adds(out, ",\"machine_detection\":true");
	if (!err)
		err = write_uses(r, out);
	if (!err)
		err = buf_addf(out, ",\"calls\":%u,\"capacity\":%u}\n",
		               reserve_count(w->places), w->capacity);
	return err;
}

static void add_place(struct worker *w, const struct wish *wish,
                      struct ws_response *res)
{
	struct reserve_params prm = {.call_id = wish->call_id,
	                             .to = wish->to,
	                             .from = wish->from,
	                             .agent = wish->agent,
	                             .events_url = wish->events_url,
	                             .body = wish->body.v,
	                             .body_len = wish->body.len,
	                             .past = wish->past.v,
	                             .past_len = wish->past.len,
	                             .again = (unsigned)wish->again,
	                             .ttl_sec = (uint32_t)wish->ttl_sec};
	struct reservation *r;
	char to[STR_PHONE_MAX];
	int err = reserve_add(&r, w->places, &prm, w->capacity);

	if (err == ERR_LIMIT) {
		full(w, res, "all places are taken");
	} else if (err == ERR_STALE) {
		worker_refuse(res, 409,
		              "this call has ended: start another one");
	} else if (err) {
		worker_refuse(res, 500, err_str(err));
	} else {
		r->detect_machine = wish->detect_machine;
		memcpy(r->uses, wish->uses, sizeof(r->uses));
		if (answer(w, r, &res->body))
			worker_refuse(res, 500,
			              "there was no memory for it: try again, "
			              "or lower BOT_CAPACITY");
		w->metrics.reserved++;
		watch_add(w->watch, r->events_url, true);
		log_line(LOG_INFO, "worker", r->call_id,
		         "event=reserved to=%s ttl=%u",
		         str_mask_phone(to, r->to), r->ttl_ms / 1000);
	}
}

void worker_reserve(struct worker *w, const struct ws_request *req,
                    struct ws_response *res)
{
	struct reservation *r;
	struct wish wish;
	const char *fault = read_wish(&wish, req);

	if (fault) {
		worker_refuse(res, 422, fault);
		return;
	}
	r = reserve_find_call(w->places, wish.call_id);
	if (r) {
		if (answer(w, r, &res->body))
			worker_refuse(res, 500,
			              "there was no memory for it: try again, "
			              "or lower BOT_CAPACITY");
	} else if (!check_agent(w, &wish, res)) {
		return;
	} else if (w->draining) {
		full(w, res, "draining");
	} else if (wish.dumb) {
		full(w, res, "no provider of a stage works");
	} else if (w->admit.shut) {
		full(w, res, "overloaded");
	} else {
		add_place(w, &wish, res);
	}
}

static struct reservation *find(struct worker *w, const char *id,
                                struct ws_response *res)
{
	struct reservation *r = reserve_find(w->places, id);

	if (!r)
		worker_refuse(res, 404,
		              "there is no such place, or no longer: use the "
		              "id that POST /reserve answered");
	return r;
}

static void drop_kit(void *kit)
{
	struct warm *warm = kit;

	warm_close(&warm);
}

/* The telephone is about to ring. What cannot be made ready now is made when
 * the call is answered; that is no reason to refuse. */
static void make_ready(struct worker *w, struct reservation *r)
{
	const struct warm_env env = {
		.session = w->call_env.session,
		.agents_dir = w->cfg->agents_dir,
		.default_agent = w->cfg->agent,
		.level = w->cfg->prepare,
	};
	struct warm *warm = NULL;
	int err;

	if (env.level == PREPARE_OFF || r->kit || r->state != RESERVE_WAITING)
		return;
	err = warm_open(&warm, &env, r);
	if (err)
		log_line(LOG_WARN, "worker", r->call_id,
		         "event=not_prepared why=%s", LOG_TEXT(err_str(err)));
	r->kit = warm;
	r->drop_kit = drop_kit;
}

void worker_prepare(struct worker *w, const char *id,
                    const struct ws_request *req, struct ws_response *res)
{
	struct reservation *r = find(w, id, res);
	struct str obj = str_n(req->body, req->body_len);
	char uuid[RESERVE_UUID_MAX];
	int err;

	if (!r)
		return;
	if (jtext_check(obj, WORKER_DEPTH_MAX, NULL) ||
	    jtext_type(obj) != JTEXT_OBJECT ||
	    !text_field(obj, "call_uuid", uuid, sizeof(uuid)) || !uuid[0]) {
		worker_refuse(res, 422,
		              "call_uuid is missing or no text: send "
		              "{\"call_uuid\": \"...\"}");
		return;
	}
	err = reserve_prepare(r, uuid);
	if (err == ERR_STALE) {
		worker_refuse(res, 409,
		              "another call is awaited here: reserve a place "
		              "for this one");
		return;
	}
	if (err) {
		worker_refuse(res, 422, err_str(err));
		return;
	}
	make_ready(w, r);
	res->status = 202;
	if (buf_adds(&res->body, "{\"status\":\"prepared\"}\n"))
		res->status = 500;
}

/* The call may still be on its way here. */
void worker_machine(struct worker *w, const char *id, struct ws_response *res)
{
	struct reservation *r = find(w, id, res);

	if (!r)
		return;
	log_line(LOG_INFO, "worker", r->call_id, "event=carrier_says_machine");
	r->machine = true;
	if (r->owner)
		call_machine(r->owner);
	res->status = 202;
	if (buf_adds(&res->body, "{\"status\":\"told\"}\n"))
		res->status = 500;
}

void worker_look(struct worker *w, const char *id, struct ws_response *res)
{
	struct reservation *r = reserve_find(w->places, id);

	/* It matters whether the call is over or the bot has forgotten it. */
	if (r ? r->owner && call_is_over(r->owner)
	      : reserve_has_ended(w->places, id)) {
		worker_refuse(res, 410, "this call is over: start another one");
		return;
	}
	r = find(w, id, res);
	if (r)
		reserve_renew(r);
	if (r &&
	    buf_addf(&res->body, "{\"id\":\"%s\",\"state\":\"%s\"}\n", r->id,
	             r->state == RESERVE_BOUND ? "bound" : "waiting"))
		res->status = 500;
}

void worker_release(struct worker *w, const char *id, struct ws_response *res)
{
	/* A server that was cut off in reserving knows only the call's id. */
	struct reservation *r = reserve_find_call(w->places, id);

	if (!r)
		r = find(w, id, res);
	if (!r)
		return;
	log_line(LOG_INFO, "worker", r->call_id, "event=released");
	res->status = 204;
	if (r->owner) {
		call_finish(r->owner, CALL_HANGUP);
	} else {
		reserve_end(&r);
		worker_drain_check(w);
	}
}
