/*
 * The server's option table. It is also the source of env.example: a row's
 * help says what the option means to somebody who has never seen it.
 */
#include "server/config.h"

#define AT(member) offsetof(struct config, member)

#define TEXT(name, flags, member, def, group, help)                        \
	{                                                                  \
		name, OPT_TEXT, flags, AT(member), def, 0, 0, NULL, group, \
			help                                               \
	}
#define NUMBER(name, member, def, min, max, group, help)                     \
	{                                                                    \
		name, OPT_NUMBER, 0, AT(member), def, min, max, NULL, group, \
			help                                                 \
	}
#define CHOICE(name, member, def, choices, group, help)                       \
	{                                                                     \
		name, OPT_CHOICE, OPT_NOCASE, AT(member), def, 0, 0, choices, \
			group, help                                           \
	}

static const char PLIVO[] = "Plivo";
static const char MODE[] = "Where it runs";
static const char ACCESS[] = "Who may call the server";
static const char BOTS[] = "Where the stream goes";
static const char EVENTS[] = "Who is told of calls";
static const char LIMITS[] = "Calls";
static const char GUARDS[] = "Which calls may be made";
static const char STORAGE[] = "Storage and logs";

/* clang-format off */
const struct opt server_options[] = {
	TEXT("PLIVO_AUTH_ID", OPT_EXAMPLE, auth_id, NULL, PLIVO,
	     "The account, from the overview page of Plivo's console."),
	TEXT("PLIVO_AUTH_TOKEN", OPT_EXAMPLE | OPT_SECRET, auth_token, NULL,
	     PLIVO, "Its token, from the same page."),
	TEXT("PLIVO_PHONE_NUMBER", OPT_EXAMPLE, phone_number, NULL, PLIVO,
	     "The number that calls, rented from Plivo, as +15551234567."),
	TEXT("PLIVO_API_URL", 0, plivo_api_url, "https://api.plivo.com", PLIVO,
	     "Where Plivo's REST interface is. Clear text only on loopback."),
	CHOICE("PLIVO_VERIFY", verify, NULL, "enforce|log|off", PLIVO,
	     "What becomes of a webhook or stream whose Plivo signature is "
	     "missing or bad: refused (default in production), logged (default "
	     "in local mode), or not looked at."),

	TEXT("ENV", OPT_EXAMPLE, env, "local", MODE,
	     "local or production. Production wants PUBLIC_URL and API_KEY, "
	     "refuses unsigned webhooks and listens on all addresses."),
	TEXT("PUBLIC_URL", 0, public_url, NULL, MODE,
	     "The https address under which Plivo reaches this server, such as "
	     "https://voice.example.com. Required in production; in local mode "
	     "the host of each request decides."),
	TEXT("LISTEN", 0, listen, NULL, MODE,
	     "host:port to listen on. Default 127.0.0.1:7860 in local mode, "
	     "0.0.0.0:7860 in production. Port 0 takes a free one."),
	TEXT("METRICS_LISTEN", 0, metrics_listen, NULL, MODE,
	     "host:port of a listener of its own for /metrics. Whoever can "
	     "reach it can read it."),
	TEXT("TLS_CA_FILE", 0, tls_ca_file, NULL, MODE,
	     "A file of certificates that replaces the system's."),

	TEXT("API_KEY", OPT_SECRET, api_key, NULL, ACCESS,
	     "Bearer key for /start and /calls; several are separated by "
	     "commas. Production does not start without one."),
	CHOICE("START_AUTH", start_auth, "key", "key|none", ACCESS,
	     "none lets production start without API_KEY: anybody who reaches "
	     "/start can then spend your money, unless a proxy asks for more."),
	TEXT("CORS_ORIGINS", 0, cors_origins, NULL, ACCESS,
	     "Origins whose pages may call from a browser, separated by commas, "
	     "such as https://app.example.com."),

	TEXT("BOT_URL", 0, bot_url, NULL, BOTS,
	     "Our own bots, http://host:port, separated by commas. Default in "
	     "local mode: http://127.0.0.1:7861. The server reserves a place "
	     "on one of them before it dials."),
	TEXT("BOT_WS_URL", 0, bot_ws_url, NULL, BOTS,
	     "Instead of BOT_URL: the wss:// address of any bot that takes the "
	     "custom data inline, as Pipecat's do."),
	NUMBER("BOT_HUNG_AFTER", bot_hung_after, "5", 4, 3600, BOTS,
	       "Seconds for which a bot takes connections and answers none, "
	       "until its calls are taken from it and go on at another."),
	TEXT("BOT_SECRET", OPT_SECRET, bot_secret, NULL, BOTS,
	     "Secret shared by server and bots, at least 32 characters. "
	     "`openssl rand -hex 32` makes one."),
	TEXT("EVENTS_BASE_URL", 0, events_base_url, NULL, BOTS,
	     "Where bots post their events. Default: PUBLIC_URL, in local mode "
	     "this server's own address."),
	NUMBER("RELAY_MAX", relay_max, "20", 0, 500, BOTS,
	     "Local mode: streams that the server relays to bots at once."),
	TEXT("AGENT_NAME", OPT_EXAMPLE, agent_name, NULL, BOTS,
	     "Pipecat Cloud: the agent's name. Used in production when neither "
	     "BOT_URL nor BOT_WS_URL is set."),
	TEXT("ORGANIZATION_NAME", OPT_EXAMPLE, organization_name, NULL, BOTS,
	     "Pipecat Cloud: the organization's name."),
	TEXT("PIPECAT_CLOUD_REGION", 0, cloud_region, "us-west", BOTS,
	     "Pipecat Cloud: the region, which becomes part of the host name."),

	TEXT("EVENTS_URL", 0, events_url, NULL, EVENTS,
	     "An address of yours that is told what happens in calls, by POST; "
	     "events_url of /start names another one for its call."),
	TEXT("EVENTS_SECRET", OPT_SECRET, events_secret, NULL, EVENTS,
	     "Signs what is posted there, at least 32 characters; production "
	     "needs it. `openssl rand -hex 32` makes one."),
	CHOICE("EVENTS_PRIVATE", events_private, NULL, "refuse|allow", EVENTS,
	     "May these addresses be private, or without TLS? Default: refuse "
	     "in production, allow in local mode."),

	NUMBER("CALLS_PER_SECOND", calls_per_second, "2", 1, 1000, LIMITS,
	     "Calls that are placed a second. Plivo's own limit is 2 unless the "
	     "account has more; beyond it calls wait unseen in Plivo's queue."),
	NUMBER("MAX_CALLS", max_calls, "50", 1, 100000, LIMITS,
	     "Calls at once, from dialling to the end."),
	TEXT("STT_LIMIT", 0, stt_limit, NULL, LIMITS,
	     "Calls whose recogniser may be at work at once, over all servers of "
	     "a ledger, as the plans at the providers allow: "
	     "deepgram=100,flux=50, or 100 for all of them together. A call that "
	     "has no room waits in the queue. Default: any number."),
	TEXT("TTS_LIMIT", 0, tts_limit, NULL, LIMITS,
	     "The same for voices: cartesia=15."),
	NUMBER("RING_TIMEOUT", ring_timeout, "45", 5, 600, LIMITS,
	     "Seconds after which a call that nobody answers is given up."),
	NUMBER("CALL_TIME_LIMIT", call_time_limit, "900", 10, 86400, LIMITS,
	     "Seconds after which Plivo ends any call."),
	NUMBER("START_WAIT", start_wait, "10", 1, 60, LIMITS,
	     "Seconds that /start waits for Plivo before it answers 202."),

	TEXT("ALLOWED_PREFIXES", 0, allowed_prefixes, NULL, GUARDS,
	     "Country prefixes that may be dialled, separated by commas, such "
	     "as 1,49; * for any. Default: * in local mode, the country of "
	     "PLIVO_PHONE_NUMBER in production."),
	TEXT("DENY_PREFIXES", 0, deny_prefixes, NULL, GUARDS,
	     "Prefixes that may not be dialled, whatever ALLOWED_PREFIXES says, "
	     "such as 1900,1976."),
	TEXT("CALLING_HOURS", 0, calling_hours, NULL, GUARDS,
	     "When telephones may ring, by the clocks of the people called: "
	     "09:00-20:00, or Mon-Fri 09:00-20:00, Sat 10:00-14:00. Where a "
	     "number may ring in several time zones, all must allow it. "
	     "Default: at any time."),
	TEXT("RETRY_BUSY", 0, retry_busy, NULL, GUARDS,
	     "Call again whoever was busy: 2/10m is twice at most, each time ten "
	     "minutes after the last call's end (s, m, h, d). Default: never."),
	TEXT("RETRY_NO_ANSWER", 0, retry_no_answer, NULL, GUARDS,
	     "The same for whoever did not answer, such as 2/1h."),
	TEXT("RETRY_VOICEMAIL", 0, retry_voicemail, NULL, GUARDS,
	     "The same where a voice mailbox has answered, such as 1/4h."),
	CHOICE("ONE_CALL_PER_NUMBER", one_per_number, "no", "no|yes", GUARDS,
	     "yes: no call to a number begins before the last one to it has "
	     "ended; /start answers 409."),
	TEXT("BUDGET_CALLS", 0, budget_calls_text, NULL, GUARDS,
	     "Calls that all keys together may start, such as 10/minute,"
	     "100/hour,500/day, or some of these; beyond, /start answers 429. "
	     "One that is not dialled does not count."),
	TEXT("BUDGET_SECONDS", 0, budget_seconds_text, NULL, GUARDS,
	     "Seconds that the calls of all keys may talk, in the same form. "
	     "Each reserves CALL_TIME_LIMIT, or less where a budget is less, "
	     "until it has ended."),

	NUMBER("SHORT_CALLS_MAX", short_calls_max, NULL, 1, 100, GUARDS,
	     "Percent of calls that are short, answered and over within six "
	     "seconds, at which Plivo charges for them: 10 by its terms. From "
	     "three quarters of that on calls are placed more slowly, down to a "
	     "tenth of CALLS_PER_SECOND. Default: not looked at."),
	NUMBER("ABANDONED_CALLS_MAX", abandoned_calls_max, NULL, 1, 100, GUARDS,
	     "The same for calls that are abandoned, without a second of talk: "
	     "20 by its terms."),

	TEXT("DATABASE_URL", OPT_LOGIN, database_url, "sqlite:dialout.db",
	     STORAGE,
	     "The ledger of calls: sqlite: and a path, or "
	     "postgres://USER@HOST/NAME, which several servers may share."),
	CHOICE("LOG_LEVEL", log_level, "info", "debug|info|warn|error", STORAGE,
	     "What is written to standard error."),
};
/* clang-format on */

const size_t server_options_n = ARRAY_LEN(server_options);
