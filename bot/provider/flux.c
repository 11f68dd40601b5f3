/*
 * Deepgram Flux, /v2/listen (providers.md 1.7).
 *
 * Flux says what it thinks of the turn: it began, it seems over, it goes on, it
 * is over. Its text changes until the turn is over, so all audio of the open
 * turn is kept, and heard again by the next socket when this one is lost; turns
 * are counted anew there. Between EagerEndOfTurn and what follows it nothing is
 * told, because the text stays what it is.
 *
 * There is no Finalize. A flush is answered when Flux has heard all that was
 * said before it and no turn is open: then that was no speech; or else with the
 * turn's end.
 */
#include "bot/provider/flux.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/provider/reconnect.h"
#include "bot/provider/stt_ring.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/timer.h"

enum {
	MESSAGE_MAX = 256 * 1024, /* [bytes] */
	URL_MAX = 1024,           /* [bytes] */
	PING_SEC = 20,            /* there is no KeepAlive on /v2 */
	TIMEOUT_MS = 3200,        /* of silence that ends any turn */
	DEAF_MS = 3000,           /* it says something every 250 ms */
	STARVED_MS = 500,         /* without audio in a turn: it would hang */
	STARVED_MAX = 8,          /* times that silence is sent instead */
	CONNECTED_MS = 5000,      /* from the upgrade to Connected */
};

struct flux {
	struct stt stt;
	struct net *net;
	struct ws *ws;
	bool open;  /* the upgrade has succeeded */
	bool ready; /* ... and Connected has come */
	bool turn;  /* one is open */
	bool eager; /* ... and seems over */
	bool told;  /* STT_READY was said */
	uint32_t hz;
	char call_id[PROVIDER_CALL_ID_MAX];
	char *url, *auth;
	struct reconnect again;
	struct timer wait, starved, deaf;
	unsigned silences; /* sent since audio last came */
	struct stt_ring ring;
	unsigned flushes; /* not answered */
	uint64_t flush_b; /* position of the last one */
};

static struct timers *clock_of(const struct flux *fx)
{
	return net_timers(fx->net);
}

static void send_audio(struct flux *fx)
{
	const uint64_t now = timers_now(clock_of(fx));
	const void *v;
	size_t len;

	while (fx->ready && (len = stt_ring_next(&fx->ring, now, &v)) > 0) {
		if (ws_send_binary(fx->ws, v, len))
			return; /* the socket is full; with the next push */
		stt_ring_sent(&fx->ring, len);
	}
}

/* Flux counts time by audio: without any, no turn would ever end. */
static void on_starved(void *arg)
{
	static const int16_t silence[160];
	struct flux *fx = arg;
	const struct pcm pcm = {silence, ARRAY_LEN(silence), fx->hz};
	const size_t n = (size_t)STARVED_MS * fx->hz / 1000;

	if (!fx->turn && !fx->flushes)
		return;
	for (size_t i = 0; i < n; i += pcm.n)
		if (stt_ring_push(&fx->ring, &pcm) != 0)
			return;
	send_audio(fx);
	if (++fx->silences < STARVED_MAX)
		timer_start(clock_of(fx), &fx->starved, STARVED_MS, on_starved,
		            fx);
}

static void watch_audio(struct flux *fx)
{
	fx->silences = 0;
	timer_start(clock_of(fx), &fx->starved, STARVED_MS, on_starved, fx);
}

/* ---- what Flux says -------------------------------------------------------- */

/* False, as below: the handler has closed us. */
static bool flushed(struct flux *fx)
{
	const struct stt_event ev = {.type = STT_FLUSHED};

	while (fx->flushes) {
		fx->flushes--;
		if (!stt_emit(&fx->stt, &ev))
			return false;
	}
	return true;
}

static bool tell(struct flux *fx, enum stt_event_type type,
                 const struct stt_event *what)
{
	struct stt_event ev = *what;

	ev.type = type;
	return stt_emit(&fx->stt, &ev);
}

static void on_start(struct flux *fx, const struct stt_event *what)
{
	fx->turn = true;
	fx->eager = false;
	if (tell(fx, STT_SPEECH, what) && what->text_len)
		tell(fx, STT_INTERIM, what);
}

static void on_update(struct flux *fx, const struct stt_event *what)
{
	if (fx->turn && !fx->eager && what->text_len)
		tell(fx, STT_INTERIM, what);
}

static void on_eager(struct flux *fx, const struct stt_event *what)
{
	if (!what->text_len)
		return;
	fx->turn = fx->eager = true;
	tell(fx, STT_EAGER, what);
}

static void on_resumed(struct flux *fx, const struct stt_event *what)
{
	if (!fx->eager)
		return;
	fx->eager = false;
	if (tell(fx, STT_RESUMED, what) && what->text_len)
		tell(fx, STT_INTERIM, what);
}

static void on_end(struct flux *fx, const struct stt_event *what)
{
	fx->turn = fx->eager = false;
	stt_ring_forget(&fx->ring, what->end_ms);
	if (what->text_len &&
	    (!tell(fx, STT_FINAL, what) || !tell(fx, STT_TURN_OVER, what)))
		return;
	flushed(fx);
}

static uint32_t to_ms(double seconds)
{
	return seconds > 0 && seconds < 1e6 ? (uint32_t)(seconds * 1000) : 0;
}

static void on_turn(struct flux *fx, const json_t *msg)
{
	static const struct {
		const char *name;
		void (*handler)(struct flux *fx, const struct stt_event *what);
	} events[] = {
		{"StartOfTurn", on_start},    {"Update", on_update},
		{"EagerEndOfTurn", on_eager}, {"TurnResumed", on_resumed},
		{"EndOfTurn", on_end},
	};
	const char *name = js_str(msg, "event", "");
	const char *text = js_str(msg, "transcript", "");
	const uint32_t base = stt_ring_ms(&fx->ring, fx->ring.socket_b);
	const struct stt_event what = {
		.text = text,
		.text_len = strlen(text),
		.begin_ms = base + to_ms(js_real(msg, "audio_window_start", 0)),
		.end_ms = base + to_ms(js_real(msg, "audio_window_end", 0)),
		.confidence = js_real(msg, "end_of_turn_confidence", 0),
	};

	reconnect_good(&fx->again);
	/* Whatever it says of later audio, of this it says nothing more. */
	if (fx->flushes && !fx->turn && strcmp(name, "StartOfTurn") != 0 &&
	    what.end_ms >= stt_ring_ms(&fx->ring, fx->flush_b) && !flushed(fx))
		return;
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (!strcmp(name, events[i].name)) {
			events[i].handler(fx, &what);
			return;
		}
}

static void lost(struct flux *fx, int err, int status);
static void watch(struct flux *fx);

static void on_deaf(void *arg)
{
	struct flux *fx = arg;

	if (!stt_ring_is_deaf(&fx->ring, DEAF_MS)) {
		watch(fx);
		return;
	}
	log_line(LOG_WARN, "flux", fx->call_id, "event=deaf");
	ws_close(&fx->ws, 1000, NULL);
	lost(fx, -ETIMEDOUT, 0);
}

static void watch(struct flux *fx)
{
	stt_ring_mark(&fx->ring);
	timer_start(clock_of(fx), &fx->deaf, DEAF_MS, on_deaf, fx);
}

static void on_connected(struct flux *fx)
{
	timer_stop(clock_of(fx), &fx->wait);
	fx->ready = true;
	stt_ring_open(&fx->ring, timers_now(clock_of(fx)));
	watch(fx);
	send_audio(fx);
	if (fx->told)
		return;
	fx->told = true;
	stt_emit(&fx->stt, &(struct stt_event){.type = STT_READY});
}

static void on_message(struct flux *fx, const char *text, size_t len)
{
	json_t *msg = js_parse(text, len, NULL, 0);
	const char *type = js_str(msg, "type", "");

	if (fx->ready)
		watch(fx);
	if (!strcmp(type, "TurnInfo"))
		on_turn(fx, msg);
	else if (!strcmp(type, "Connected"))
		on_connected(fx);
	else if (!strcmp(type, "Error") || !strcmp(type, "ConfigureFailure"))
		log_line(LOG_WARN, "flux", fx->call_id,
		         "event=error code=%s text=%s",
		         LOG_TEXT(js_str(msg, "code", "")),
		         LOG_TEXT(js_str(msg, "description", "")));
	json_decref(msg);
}

/* ---- the socket ------------------------------------------------------------ */

static void on_event(const struct ws_event *ev, void *arg);

static int connect_socket(struct flux *fx)
{
	struct ws_header auth = {"authorization", fx->auth};
	struct ws_params prm = {.url = fx->url,
	                        .headers = &auth,
	                        .n_headers = 1,
	                        .ping_sec = PING_SEC,
	                        .max_message = MESSAGE_MAX};

	return ws_connect(&fx->ws, fx->net, &prm, on_event, fx);
}

static void fail(struct flux *fx, int err)
{
	stt_emit(&fx->stt, &(struct stt_event){.type = STT_FAILED, .err = err});
}

static void connect_later(void *arg)
{
	struct flux *fx = arg;
	const int err = connect_socket(fx);

	if (err)
		fail(fx, err);
}

/* The socket is gone. What it had called likely is not any more. */
static void lost(struct flux *fx, int err, int status)
{
	const bool eager = fx->eager;

	fx->open = fx->ready = fx->turn = fx->eager = false;
	timer_stop(clock_of(fx), &fx->wait);
	timer_stop(clock_of(fx), &fx->deaf);
	err = reconnect_later(&fx->again, err, status, connect_later, fx);
	if (err) {
		fail(fx, err);
		return;
	}
	fx->told = false;
	if (eager &&
	    !stt_emit(&fx->stt, &(struct stt_event){.type = STT_RESUMED}))
		return;
	stt_emit(&fx->stt, &(struct stt_event){.type = STT_AWAY});
}

static void not_connected(void *arg)
{
	struct flux *fx = arg;

	ws_close(&fx->ws, 1000, NULL);
	lost(fx, -ETIMEDOUT, 0);
}

static void on_event(const struct ws_event *ev, void *arg)
{
	struct flux *fx = arg;

	switch (ev->type) {
	case WS_OPEN:
		fx->open = true;
		timer_start(clock_of(fx), &fx->wait, CONNECTED_MS,
		            not_connected, fx);
		break;
	case WS_TEXT:
		on_message(fx, ev->data, ev->len);
		break;
	case WS_BINARY:
		break;
	case WS_CLOSED:
		ws_close(&fx->ws, 1000, NULL);
		log_line(LOG_INFO, "flux", fx->call_id, "event=closed code=%d",
		         ev->code);
		lost(fx, -ECONNRESET, 0);
		break;
	case WS_FAILED:
	default:
		ws_close(&fx->ws, 1000, NULL);
		lost(fx, ev->err, ev->status);
		break;
	}
}

static int make_url(struct flux *fx, const struct provider_cfg *cfg)
{
	const char *model = cfg->model ? cfg->model : "flux-general-en";
	const char *language = cfg->language ? cfg->language : "";
	struct buf url;
	int err;

	buf_init(&url, URL_MAX);
	err = buf_addf(&url,
	               "%s/v2/listen?encoding=%s&sample_rate=%u"
	               "&eot_threshold=0.7&eager_eot_threshold=0.5"
	               "&eot_timeout_ms=%d&model=",
	               cfg->url ? cfg->url : "wss://api.deepgram.com",
	               fx->ring.ulaw ? "mulaw" : "linear16", fx->hz,
	               TIMEOUT_MS);
	if (!err)
		err = str_escape(&url, str_of(model));
	if (!err && *language && strstr(model, "-multi"))
		err = buf_addf(&url, "&language_hint=%.*s",
		               (int)strcspn(language, "-_"), language);
	fx->url = err ? NULL : buf_take(&url, NULL);
	buf_fini(&url);
	return err;
}

static int make_auth(struct flux *fx, const char *key)
{
	struct buf auth;
	int err;

	buf_init(&auth, 512);
	err = buf_addf(&auth, "Token %s", key ? key : "");
	fx->auth = err ? NULL : buf_take(&auth, NULL);
	buf_fini(&auth);
	return err;
}

static void fx_close(struct stt *stt)
{
	static const char text[] = "{\"type\":\"CloseStream\"}";
	struct flux *fx = CONTAINER_OF(stt, struct flux, stt);

	timer_stop(clock_of(fx), &fx->wait);
	timer_stop(clock_of(fx), &fx->starved);
	timer_stop(clock_of(fx), &fx->deaf);
	reconnect_stop(&fx->again);
	if (fx->open && ws_send_text(fx->ws, text, sizeof(text) - 1) != 0)
		log_line(LOG_WARN, "flux", fx->call_id, "event=close_failed");
	ws_close(&fx->ws, 1000, NULL);
	stt_ring_fini(&fx->ring);
	mem_free(fx->url);
	mem_free(fx->auth);
	mem_free(fx);
}

static int fx_open(struct stt **sttp, struct net *net,
                   const struct stt_params *prm)
{
	struct flux *fx;
	int err;

	if (prm->hz != 8000 && prm->hz != 16000)
		return -EINVAL;
	fx = mem_zalloc(sizeof(*fx));
	if (!fx)
		return -ENOMEM;
	fx->net = net;
	fx->hz = prm->hz;
	stt_ring_init(&fx->ring, prm->hz, prm->ulaw && prm->hz == 8000);
	reconnect_init(&fx->again, net_timers(net), "flux", fx->call_id);
	fx->again.limit = prm->cfg->tries;
	err = str_copy(fx->call_id, sizeof(fx->call_id),
	               str_of(prm->call_id ? prm->call_id : "-"));
	if (!err)
		err = make_auth(fx, prm->cfg->key);
	if (!err)
		err = make_url(fx, prm->cfg);
	if (!err)
		err = connect_socket(fx);
	if (err) {
		fx_close(&fx->stt);
		return err;
	}
	*sttp = &fx->stt;
	return 0;
}

static int fx_push(struct stt *stt, const struct pcm *pcm)
{
	struct flux *fx = CONTAINER_OF(stt, struct flux, stt);
	const int err = stt_ring_push(&fx->ring, pcm);

	watch_audio(fx);
	if (!err)
		send_audio(fx);
	return err;
}

static int fx_flush(struct stt *stt)
{
	struct flux *fx = CONTAINER_OF(stt, struct flux, stt);

	fx->flushes++;
	fx->flush_b = fx->ring.pushed_b;
	watch_audio(fx);
	return 0;
}

const struct stt_ops stt_flux_ops = {
	.name = "flux",
	.decides_turns = true,
	.open = fx_open,
	.push = fx_push,
	.flush = fx_flush,
	.close = fx_close,
};
