#define _GNU_SOURCE
#include "bot/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/config_providers.h"
#include "bot/peer.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/str.h"

enum {
	SECRET_MIN = 32, /* [characters] */
	PORT_DEFAULT = 7861,
};

/* The server's own, so that a shared .env raises no question. */
static const char *const server_names[] = {
	"PUBLIC_URL",
	"API_KEY",
	"START_AUTH",
	"CORS_ORIGINS",
	"BOT_URL",
	"BOT_WS_URL",
	"RELAY_MAX",
	"DATABASE_URL",
	"EVENTS_BASE_URL",
	"EVENTS_PRIVATE",
	"EVENTS_SECRET",
	"EVENTS_URL",
	"CALLS_PER_SECOND",
	"MAX_CALLS",
	"RING_TIMEOUT",
	"CALL_TIME_LIMIT",
	"START_WAIT",
	"ALLOWED_PREFIXES",
	"DENY_PREFIXES",
	"CALLING_HOURS",
	"RETRY_BUSY",
	"RETRY_NO_ANSWER",
	"RETRY_VOICEMAIL",
	"ONE_CALL_PER_NUMBER",
	"BUDGET_CALLS",
	"BUDGET_SECONDS",
	"METRICS_LISTEN",
	"LISTEN",
	"PIPECAT_CLOUD_REGION",
	"PLIVO_PHONE_NUMBER",
	"AGENT_NAME",
	"ORGANIZATION_NAME",
	NULL,
};

static const char installed_agents[] = "/etc/dialout/agents";

static int check_urls(const struct bot_config *c, struct buf *faults)
{
	int err = config_check_url(faults, "PLIVO_API_URL", c->plivo_url,
	                           "https://", "http://");

	if (!err)
		err = config_check_providers(c, faults);
	if (!err)
		err = config_check_url(faults, "BOT_PUBLIC_URL", c->public_url,
		                       "wss://", "ws://");
	return err;
}

static int check_access(const struct bot_config *c, struct buf *faults)
{
	int err = 0;

	if (c->secret && strlen(c->secret) < SECRET_MIN)
		err = buf_addf(faults,
		               "BOT_SECRET must have at least %d characters: "
		               "make one by `openssl rand -hex 32`\n",
		               SECRET_MIN);
	if (!err && c->accept == ACCEPT_SIGNED && !c->plivo_token)
		err = buf_adds(faults,
		               "BOT_ACCEPT=signed needs PLIVO_AUTH_TOKEN: add "
		               "the line PLIVO_AUTH_TOKEN=..., as Plivo's "
		               "console has it\n");
	if (!err && c->accept == ACCEPT_SIGNED && !c->public_url)
		err = buf_adds(
			faults,
			"BOT_ACCEPT=signed needs BOT_PUBLIC_URL: add the line "
			"BOT_PUBLIC_URL=wss://voice.example.com, as Plivo "
			"reaches this bot\n");
	if (!err && c->env == CONFIG_PRODUCTION && !c->secret &&
	    c->accept == ACCEPT_RESERVED)
		err = buf_adds(
			faults,
			"BOT_SECRET is not set: add the line BOT_SECRET=..., "
			"the server's, or BOT_ACCEPT=signed for a bot that "
			"takes only /ws?body=\n");
	if (!err && c->public_url && c->verify == VERIFY_ENFORCE &&
	    !c->plivo_token)
		err = buf_adds(faults,
		               "PLIVO_AUTH_TOKEN is not set: add the line "
		               "PLIVO_AUTH_TOKEN=..., as Plivo's console has "
		               "it; PLIVO_VERIFY=enforce needs it\n");
	return err;
}

static int set_addr(struct bot_config *c, struct buf *faults)
{
	struct buf b;
	int err;

	c->behind_platform = !c->listen && opt_given(c->opts, "PORT");
	buf_init(&b, sizeof(c->addr) - 1);
	if (c->listen)
		err = buf_adds(&b, c->listen);
	else if (c->behind_platform)
		err = buf_addf(&b, "0.0.0.0:%u", c->port);
	else
		err = buf_addf(&b, "%s:%d",
		               c->env == CONFIG_PRODUCTION ? "0.0.0.0"
		                                           : "127.0.0.1",
		               PORT_DEFAULT);
	if (!err)
		err = str_copy(c->addr, sizeof(c->addr), str_of(buf_str(&b)));
	buf_fini(&b);
	c->listen = c->addr; /* as --check shows it */
	if (err)
		return buf_adds(faults, "BOT_LISTEN is too long: write "
		                        "BOT_LISTEN=127.0.0.1:7861\n");
	if (!strchr(c->addr, ':'))
		return buf_adds(faults, "BOT_LISTEN must be host:port: write "
		                        "BOT_LISTEN=127.0.0.1:7861\n");
	return 0;
}

/* "DIR/../bot/agents" of a program in the build folder, else the installed. */
static void default_agents(char dst[CONFIG_PATH_MAX])
{
	char exe[CONFIG_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct buf b;

	buf_init(&b, CONFIG_PATH_MAX - 1);
	exe[n > 0 ? n : 0] = '\0';
	/* Sanitizers' programs are one folder deeper. */
	for (int up = 0; up < 3; up++) {
		char *slash = strrchr(exe, '/');

		if (!slash)
			break;
		*slash = '\0';
		buf_reset(&b);
		if (!buf_addf(&b, "%s/bot/agents", exe) &&
		    access(buf_str(&b), R_OK | X_OK) == 0)
			break;
	}
	if (!b.len || access(buf_str(&b), R_OK | X_OK) != 0 ||
	    str_copy(dst, CONFIG_PATH_MAX, str_of(buf_str(&b))))
		memcpy(dst, installed_agents, sizeof(installed_agents));
	buf_fini(&b);
}

/* In the user's cache, where models are as well; a service names its own. */
static void default_greetings(struct bot_config *c)
{
	/* Read before any thread is. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *cache = getenv("XDG_CACHE_HOME");
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *home = getenv("HOME");
	struct buf b;
	int err = -ENOENT;

	buf_init(&b, CONFIG_PATH_MAX - 1);
	if (cache && cache[0] == '/')
		err = buf_addf(&b, "%s/dialout/greetings", cache);
	else if (home && home[0] == '/')
		err = buf_addf(&b, "%s/.cache/dialout/greetings", home);
	if (!err &&
	    !str_copy(c->greetings_path, CONFIG_PATH_MAX, str_of(buf_str(&b))))
		c->greetings_dir = c->greetings_path;
	buf_fini(&b);
}

/* A supervisor's folder for this service; the first, where it has several. */
static void default_state(struct bot_config *c)
{
	/* Read before any thread is. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	struct str dirs = str_of(getenv("STATE_DIRECTORY"));

	if (dirs.len &&
	    !str_copy(c->state_path, CONFIG_PATH_MAX, str_cut(&dirs, ':')))
		c->state_dir = c->state_path;
}

static int set_paths(struct bot_config *c, struct buf *faults)
{
	struct buf b;
	int err = 0;

	default_agents(c->agents_path);
	/* Installed: not from anybody's cache. */
	if (!c->models_dir && !strcmp(c->agents_path, installed_agents))
		c->models_dir = "/usr/share/dialout/models";
	if (!c->greetings_dir && strcmp(c->agents_path, installed_agents) != 0)
		default_greetings(c);
	if (!c->state_dir)
		default_state(c);
	if (!c->agents_dir)
		c->agents_dir = c->agents_path;
	if (!c->script) {
		buf_init(&b, CONFIG_PATH_MAX - 1);
		err = buf_addf(&b, "%s/default.script", c->agents_dir);
		if (!err)
			err = str_copy(c->script_path, CONFIG_PATH_MAX,
			               str_of(buf_str(&b)));
		buf_fini(&b);
		c->script = c->script_path;
	}
	if (err)
		return buf_adds(faults,
		                "AGENTS_DIR is too long: set a shorter path\n");
	if (access(c->agents_dir, R_OK | X_OK) != 0)
		return buf_addf(
			faults,
			"AGENTS_DIR %s: %s: set another, or `make install`, "
			"which puts one to /etc/dialout/agents\n",
			c->agents_dir, err_str(-errno));
	return 0;
}

static int set_env(struct bot_config *c, struct buf *faults)
{
	struct str env = str_of(c->env_text);

	c->env = str_eq_nocase(env, "production") ? CONFIG_PRODUCTION
	                                          : CONFIG_LOCAL;
	if (c->env == CONFIG_PRODUCTION || str_eq_nocase(env, "local"))
		return 0;
	return buf_addf(faults,
	                "ENV=%s is neither local nor production (the Pipecat "
	                "example took it as local): write ENV=local or "
	                "ENV=production\n",
	                c->env_text);
}

int bot_config_load(struct bot_config *c, const char *dotenv,
                    struct buf *faults)
{
	int err;

	memset(c, 0, sizeof(*c));
	err = opt_load(&c->opts, bot_options, bot_options_n, c, dotenv,
	               server_names, faults);
	if (err && err != -EINVAL)
		return err;
	if (!c->opts)
		return err;
	err = set_env(c, faults);
	if (!opt_given(c->opts, "PLIVO_VERIFY"))
		c->verify = c->env == CONFIG_PRODUCTION ? VERIFY_ENFORCE
		                                        : VERIFY_LOG;
	if (!err)
		err = set_addr(c, faults);
	if (!err)
		err = set_paths(c, faults);
	if (!err)
		err = config_choose_providers(c, faults);
	c->embedded = config_lists(c->stt, "embedded") ||
	              config_lists(c->tts, "embedded");
	if (!err)
		err = check_urls(c, faults);
	if (!err)
		err = check_access(c, faults);
	if (err)
		return err;
	return faults->len ? -EINVAL : 0;
}

void bot_config_fini(struct bot_config *c)
{
	opt_free(&c->opts);
}

bool config_on_loopback(const struct bot_config *c)
{
	char host[CONFIG_ADDR_MAX];
	const char *colon = strrchr(c->addr, ':');
	struct str h = str_n(c->addr, (size_t)(colon - c->addr));

	if (h.len > 2 && h.v[0] == '[')
		h = str_n(h.v + 1, h.len - 2);
	return !str_copy(host, sizeof(host), h) && peer_is_loopback(host);
}
