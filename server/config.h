/*
 * config.h - the server's options, checked as a whole
 *
 * The table says what there is; server_config_load() reads it, fills in what depends
 * on other options, and names every fault together with the line that mends
 * it. All of it is read once and never changes while the server runs.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/opt.h"
#include "server/budget.h"
#include "server/hours.h"
#include "server/retry.h"
#include "server/rooms.h"

struct buf;

enum { CONFIG_TEXT_MAX = 64 * 1024 /* [bytes] of faults or of a print */ };

enum config_verify { VERIFY_ENFORCE, VERIFY_LOG, VERIFY_OFF };

/* Where Plivo's stream goes (contract.md, "Where the stream goes"). */
enum config_stream { STREAM_CLOUD, STREAM_FIXED, STREAM_BOTS };

struct config {
	/* as read */
	const char *auth_id, *auth_token, *phone_number;
	const char *env, *agent_name, *organization_name;
	const char *public_url, *listen, *metrics_listen;
	const char *api_key, *cors_origins;
	const char *plivo_api_url;
	const char *bot_url, *bot_ws_url, *bot_secret, *events_base_url;
	const char *events_url, *events_secret;
	int events_private; /* 0 refuse, 1 allow */
	const char *cloud_region;
	const char *database_url, *allowed_prefixes, *tls_ca_file;
	const char *deny_prefixes, *budget_calls_text, *budget_seconds_text;
	const char *calling_hours;
	const char *retry_busy, *retry_no_answer, *retry_voicemail;
	const char *stt_limit, *tts_limit;
	int one_per_number;      /* 0 no, 1 yes */
	int start_auth;          /* 0 key, 1 none */
	int verify;              /* enum config_verify */
	int log_level;           /* enum log_level */
	uint32_t bot_hung_after; /* [s] */
	uint32_t relay_max, calls_per_second, max_calls;
	uint32_t short_calls_max, abandoned_calls_max;      /* [%] 0: any */
	uint32_t ring_timeout, call_time_limit, start_wait; /* [s] */

	/* derived */
	bool production;
	bool events_anywhere; /* also to private addresses, without TLS */
	enum config_stream stream;
	char from[20];         /* the caller's number, E.164 */
	char prefixes[8];      /* behind allowed_prefixes by default */
	char listen_local[40]; /* behind listen, with "localhost" resolved */
	char metrics_local[40];
	struct budget budget_calls, budget_seconds;
	struct retry_rule retries[RETRY_CAUSES];
	struct rooms rooms;  /* of stt_limit and tts_limit */
	struct hours hours;  /* of calling_hours, if that is set */
	struct opt_set *set; /* owns the texts */
};

extern const struct opt server_options[];
extern const size_t server_options_n;

/* Read the environment and the file @dotenv into @cfg (any content) and check
 * it. Faults are appended to @faults, a line each. -EINVAL: there were some;
 * -ENOMEM. @cfg needs server_config_fini() in any case. */
int server_config_load(struct config *cfg, const char *dotenv,
                       struct buf *faults) MUST_CHECK;

/* Read them and no more: nothing that depends on another option is looked at
 * or filled in. For commands that need one or two of them. Likewise. */
int server_config_read(struct config *cfg, const char *dotenv,
                       struct buf *faults) MUST_CHECK;

/* Have no log line show what is secret in it. Before there are threads. */
void server_config_hide(const struct config *cfg);

/* Append what is in effect, "NAME=value" a line, secrets masked. */
int server_config_print(struct buf *out, const struct config *cfg) MUST_CHECK;

void server_config_fini(struct config *cfg);

/* Split "host:port"; @host gets an IPv4 address or "0.0.0.0". -EINVAL. */
int server_config_address(const char *text, char *host, size_t cap,
                          unsigned *port) MUST_CHECK;

/* What is wrong with the user's webhook, for server_config_load(). */
int server_config_events(struct config *cfg, struct buf *faults) MUST_CHECK;

/* Is the host of this URL the loopback? */
bool server_config_url_loopback(const char *url);

#endif
