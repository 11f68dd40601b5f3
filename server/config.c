#define _POSIX_C_SOURCE 200809L
#include "server/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"
#include "server/bots/bots.h"
#include "server/config_priv.h"
#include "server/http/message.h"
#include "server/number.h"

enum {
	SECRET_MIN = 32, /* [bytes] */
	KEY_MIN = 16,    /* [bytes] */
	URL_MAX = 280,   /* [bytes] room is left for what is appended */
};

/* Names of the bot, so that none of them is taken for a misspelt one. */
static const char *const bot_names[] = {"AGENTS_DIR",
                                        "BOT_ACCEPT",
                                        "BOT_CAPACITY",
                                        "BOT_LISTEN",
                                        "BOT_PUBLIC_URL",
                                        "CARTESIA_API_KEY",
                                        "CARTESIA_MODEL",
                                        "CARTESIA_URL",
                                        "CARTESIA_VOICE_ID",
                                        "DEEPGRAM_API_KEY",
                                        "DEEPGRAM_MODEL",
                                        "DEEPGRAM_URL",
                                        "LLM",
                                        "MODELS_DIR",
                                        "OPENAI_API_KEY",
                                        "OPENAI_BASE_URL",
                                        "OPENAI_MODEL",
                                        "PORT",
                                        "STATE_DIR",
                                        "STT",
                                        "TTS",
                                        NULL};

/* The host part of a URL with its port; empty if there is none. */
static struct str url_host(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n;

	if (!host)
		return str_n(url, 0);
	host += 3;
	n = strcspn(host, "/?#");
	return str_n(host, n);
}

bool server_config_url_loopback(const char *url)
{
	char host[256];

	return !str_copy(host, sizeof(host), url_host(url)) &&
	       http_host_loopback(host);
}

int server_config_address(const char *text, char *host, size_t cap,
                          unsigned *port)
{
	const char *colon = strrchr(text, ':');
	struct str h;
	uint64_t n;

	if (!colon || str_u64(str_of(colon + 1), 65535, &n))
		return -EINVAL;
	h = str_n(text, (size_t)(colon - text));
	/* The web server knows IPv4 alone. */
	if (str_eq_nocase(h, "localhost"))
		h = str_of("127.0.0.1");
	if (!h.len || str_eq(h, "*"))
		h = str_of("0.0.0.0");
	for (size_t i = 0; i < h.len; i++)
		if (!strchr("0123456789.", h.v[i]))
			return -EINVAL;
	*port = (unsigned)n;
	return str_copy(host, cap, h);
}

static int check_listen(const char *name, const char **value, char *local,
                        size_t cap, struct buf *faults)
{
	char host[24];
	unsigned port;

	if (server_config_address(*value, host, sizeof(host), &port))
		return buf_addf(faults,
		                "%s=%s is no IPv4 host:port: write %s="
		                "127.0.0.1:7860\n",
		                name, *value, name);
	snprintf(local, cap, "%s:%u", host, port);
	*value = local;
	return 0;
}

/* Bots post there: https, or http to a near host. */
static int check_events(const char *url, struct buf *faults)
{
	struct str host = url_host(url);
	char text[256];

	if (str_copy(text, sizeof(text), host) || !http_host_ok(text) ||
	    strlen(url) > URL_MAX || strpbrk(url, " \t?#\"<>") ||
	    url[strlen(url) - 1] == '/' ||
	    !(str_starts(str_of(url), "https://") ||
	      str_starts(str_of(url), "http://")))
		return buf_addf(faults,
		                "EVENTS_BASE_URL=%s is no address: write "
		                "EVENTS_BASE_URL=https://voice.example.com, "
		                "without a slash at the end\n",
		                url);
	if (str_starts(str_of(url), "https://") || bots_near(url) == BOTS_NEAR)
		return 0;
	return buf_addf(
		faults,
		"EVENTS_BASE_URL=%s must begin with https:// (http:// is for "
		"loopback and private addresses only): write it so\n",
		url);
}

/* @name must be a URL of @secure ("https"), or of @clear on loopback. */
static int check_url(const char *name, const char *url, const char *secure,
                     const char *clear, struct buf *faults)
{
	struct str s = str_of(url), host = url_host(url);
	struct str scheme = str_n(s.v, (size_t)(host.v - s.v));
	char text[256];

	if (str_copy(text, sizeof(text), host) || !http_host_ok(text) ||
	    s.len > URL_MAX || strpbrk(url, " \t#\"<>") ||
	    url[s.len - 1] == '/')
		return buf_addf(faults,
		                "%s=%s is no address: write %s=%s://"
		                "voice.example.com, without a slash at the "
		                "end\n",
		                name, url, name, secure);
	if (scheme.len > 3 &&
	    str_eq_nocase(str_n(scheme.v, scheme.len - 3), secure))
		return 0;
	if (scheme.len > 3 &&
	    str_eq_nocase(str_n(scheme.v, scheme.len - 3), clear) &&
	    http_host_loopback(text))
		return 0;
	return buf_addf(faults,
	                "%s=%s must begin with %s:// (%s:// is for loopback "
	                "only): write it so\n",
	                name, url, secure, clear);
}

static int need(const char *name, const char *value, const char *example,
                struct buf *faults)
{
	if (value)
		return 0;
	return buf_addf(faults, "%s is not set: add the line %s=%s\n", name,
	                name, example);
}

static int check_plivo(struct config *cfg, struct buf *faults)
{
	int err = need("PLIVO_AUTH_ID", cfg->auth_id, "MAXXXXXXXXXXXXXXXXXX",
	               faults);

	if (!err)
		err = need("PLIVO_AUTH_TOKEN", cfg->auth_token,
		           "the token from Plivo's console", faults);
	if (!err)
		err = need("PLIVO_PHONE_NUMBER", cfg->phone_number,
		           "+15551234567", faults);
	if (!err && cfg->auth_id && strpbrk(cfg->auth_id, "/?#% "))
		err = buf_adds(faults,
		               "PLIVO_AUTH_ID has characters that no account "
		               "has: copy it from Plivo's console\n");
	if (!err && cfg->phone_number &&
	    number_parse(cfg->from, str_of(cfg->phone_number)))
		err = buf_adds(faults, "PLIVO_PHONE_NUMBER is no number: add "
		                       "the line PLIVO_PHONE_NUMBER="
		                       "+15551234567\n");
	if (!err)
		err = check_url("PLIVO_API_URL", cfg->plivo_api_url, "https",
		                "http", faults);
	return err;
}

static int check_keys(const struct config *cfg, struct buf *faults)
{
	struct str rest = str_of(cfg->api_key);
	int err = 0;

	if (!cfg->api_key && cfg->production && !cfg->start_auth)
		return buf_adds(faults,
		                "API_KEY is not set: anybody could place calls "
		                "on your account. Add the line API_KEY=... "
		                "(`openssl rand -hex 32` makes one), or "
		                "START_AUTH=none if a proxy guards /start\n");
	while (cfg->api_key && rest.v && !err) {
		struct str key = str_trim(str_cut(&rest, ','));

		if (key.len < KEY_MIN)
			err = buf_addf(
				faults,
				"API_KEY must have at least %d characters "
				"each: make one by `openssl rand -hex 32`\n",
				KEY_MIN);
	}
	return err;
}

static int check_bots(const struct config *cfg, struct buf *faults)
{
	struct str rest = str_of(cfg->bot_url);
	char url[512];
	int err = 0;

	while (cfg->bot_url && rest.v && !err) {
		struct str one = str_trim(str_cut(&rest, ','));

		if (!str_copy(url, sizeof(url), one) &&
		    str_starts(one, "http://") && url_host(url).len &&
		    bots_near(url) == BOTS_FAR)
			err = buf_addf(faults,
			               "BOT_URL=%s must begin with https:// "
			               "(http:// is for loopback and private "
			               "addresses only): write it so\n",
			               url);
		else if (str_copy(url, sizeof(url), one) ||
		         !url_host(url).len ||
		         !(str_starts(one, "http://") ||
		           str_starts(one, "https://")))
			err = buf_adds(faults, "BOT_URL must be http(s):// "
			                       "addresses: write BOT_URL="
			                       "http://127.0.0.1:7861\n");
	}
	if (!err && cfg->bot_url && cfg->bot_ws_url)
		err = buf_adds(faults, "BOT_URL and BOT_WS_URL exclude each "
		                       "other: remove the line of one\n");
	if (!err && cfg->bot_ws_url)
		err = check_url("BOT_WS_URL", cfg->bot_ws_url, "wss", "ws",
		                faults);
	if (!err && cfg->bot_secret && strlen(cfg->bot_secret) < SECRET_MIN)
		err = buf_addf(faults,
		               "BOT_SECRET must have at least %d characters: "
		               "make one by `openssl rand -hex 32`\n",
		               SECRET_MIN);
	if (!err && cfg->production && cfg->bot_url && !cfg->bot_secret)
		err = buf_adds(faults,
		               "BOT_SECRET is not set: production with BOT_URL "
		               "needs it. Add the line BOT_SECRET=... here and "
		               "for the bots (`openssl rand -hex 32`)\n");
	return err;
}

static int check_cloud(const struct config *cfg, struct buf *faults)
{
	const char *hint = "the name at Pipecat Cloud; or set BOT_URL for "
			   "bots of your own";
	int err = 0;

	if (cfg->stream == STREAM_CLOUD) {
		err = need("AGENT_NAME", cfg->agent_name, hint, faults);
		if (!err)
			err = need("ORGANIZATION_NAME", cfg->organization_name,
			           hint, faults);
	}
	for (const char *c = cfg->cloud_region; *c && !err; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c)) {
			err = buf_addf(faults,
			               "PIPECAT_CLOUD_REGION=%s is no region: "
			               "write PIPECAT_CLOUD_REGION=us-west\n",
			               cfg->cloud_region);
			break;
		}
	return err;
}

static int check_rest(struct config *cfg, struct buf *faults)
{
	int err = 0;

	if (cfg->production)
		err = need("PUBLIC_URL", cfg->public_url,
		           "https://voice.example.com (where Plivo reaches "
		           "this server)",
		           faults);
	if (!err && cfg->public_url)
		err = check_url("PUBLIC_URL", cfg->public_url, "https", "http",
		                faults);
	if (!err && opt_given(cfg->set, "EVENTS_BASE_URL"))
		err = check_events(cfg->events_base_url, faults);
	if (!err)
		err = config_guards_check(cfg, faults);
	if (!err && !str_starts(str_of(cfg->database_url), "sqlite:") &&
	    !str_starts(str_of(cfg->database_url), "postgres:") &&
	    !str_starts(str_of(cfg->database_url), "postgresql:"))
		err = buf_adds(faults,
		               "DATABASE_URL must begin with sqlite: or "
		               "postgres:// : write DATABASE_URL="
		               "sqlite:dialout.db\n");
	if (!err)
		err = check_listen("LISTEN", &cfg->listen, cfg->listen_local,
		                   sizeof(cfg->listen_local), faults);
	if (!err && cfg->metrics_listen)
		err = check_listen("METRICS_LISTEN", &cfg->metrics_listen,
		                   cfg->metrics_local,
		                   sizeof(cfg->metrics_local), faults);
	return err;
}

/* What is not set and depends on what is. */
static int derive(struct config *cfg, struct buf *faults)
{
	int err = 0;

	cfg->production = str_eq_nocase(str_of(cfg->env), "production");
	if (!cfg->production && !str_eq_nocase(str_of(cfg->env), "local"))
		err = buf_addf(faults,
		               "ENV=%s is neither local nor production (the "
		               "Pipecat example took it as local): write "
		               "ENV=local or ENV=production\n",
		               cfg->env);
	if (!opt_given(cfg->set, "PLIVO_VERIFY"))
		cfg->verify = cfg->production ? VERIFY_ENFORCE : VERIFY_LOG;
	if (!cfg->listen)
		cfg->listen =
			cfg->production ? "0.0.0.0:7860" : "127.0.0.1:7860";
	cfg->stream = cfg->bot_ws_url                    ? STREAM_FIXED
	              : cfg->production && !cfg->bot_url ? STREAM_CLOUD
	                                                 : STREAM_BOTS;
	if (cfg->stream == STREAM_BOTS && !cfg->bot_url)
		cfg->bot_url = "http://127.0.0.1:7861";
	/* In local mode the bots are near, and a tunnel is a detour on which
	 * they would be strangers. */
	if (!cfg->events_base_url && cfg->production)
		cfg->events_base_url = cfg->public_url;
	return err;
}

int server_config_read(struct config *cfg, const char *dotenv,
                       struct buf *faults)
{
	memset(cfg, 0, sizeof(*cfg));
	return opt_load(&cfg->set, server_options, server_options_n, cfg,
	                dotenv, bot_names, faults);
}

int server_config_load(struct config *cfg, const char *dotenv,
                       struct buf *faults)
{
	size_t had = faults->len;
	int err = server_config_read(cfg, dotenv, faults);

	/* A faulty row has its default, and what follows is looked at all the
	 * same: whoever mends the file wants to hear everything at once. */
	if (!cfg->set)
		return err;
	err = derive(cfg, faults);
	if (!err)
		err = check_plivo(cfg, faults);
	config_guards_derive(cfg);
	if (!err)
		err = check_keys(cfg, faults);
	if (!err)
		err = check_bots(cfg, faults);
	if (!err)
		err = check_cloud(cfg, faults);
	if (!err)
		err = check_rest(cfg, faults);
	if (!err)
		err = server_config_events(cfg, faults);
	return err ? err : faults->len != had ? -EINVAL : 0;
}

int server_config_print(struct buf *out, const struct config *cfg)
{
	return opt_print(out, server_options, server_options_n, cfg);
}

void server_config_hide(const struct config *cfg)
{
	opt_hide(server_options, server_options_n, cfg);
}

void server_config_fini(struct config *cfg)
{
	opt_free(&cfg->set);
}
