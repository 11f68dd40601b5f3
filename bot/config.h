/*
 * config.h - what the bot is configured with
 *
 * One table says what there is (contract.md has the meaning), one function
 * reads it and judges it as a whole: a bot that starts has everything it
 * needs, and one that does not names every fault at once.
 */
#ifndef BOT_CONFIG_H
#define BOT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/opt.h"

struct buf;

enum { CONFIG_LOCAL, CONFIG_PRODUCTION };            /* ENV */
enum { ACCEPT_RESERVED, ACCEPT_SIGNED, ACCEPT_ANY }; /* BOT_ACCEPT */
enum { VERIFY_ENFORCE, VERIFY_LOG, VERIFY_OFF };     /* PLIVO_VERIFY */

enum {
	CONFIG_PATH_MAX = 1024, /* [bytes] with terminator */
	CONFIG_ADDR_MAX = 96,   /* [bytes] with terminator */
};

struct bot_config {
	int accept, verify, log_level;
	const char *env_text;
	const char *listen, *public_url, *secret;
	uint32_t port, capacity, drain_sec;
	const char *plivo_url, *plivo_id, *plivo_token;
	int prepare;
	const char *greetings_dir;
	const char *state_dir; /* NULL: what waits is in memory alone */
	const char *agent, *agents_dir, *models_dir, *script;
	const char *turn_model; /* NULL: if there is one; "none" */
	const char *stt, *llm, *tts;
	const char *deepgram_key, *deepgram_url, *deepgram_model;
	const char *openai_key, *openai_url, *openai_model;
	const char *openai_given; /* OPENAI_BASE_URL, if it was set */
	const char *openai_tts_url, *openai_tts_model, *openai_voice;
	const char *openai_tts_given; /* what stands for a key */
	const char *openai_stt_url, *openai_stt_model, *openai_stt_given;
	const char *deepgram_voice, *flux_model;
	const char *elevenlabs_key, *elevenlabs_url, *elevenlabs_model;
	const char *elevenlabs_voice;
	const char *anthropic_key, *anthropic_url, *anthropic_model;
	const char *cartesia_key, *cartesia_url, *cartesia_model;
	const char *cartesia_voice;
	const char *ca_file;

	/* found out */
	struct opt_set *opts;
	int env;
	char addr[CONFIG_ADDR_MAX];        /* to listen on */
	bool behind_platform;              /* by PORT: a container's */
	bool embedded;                     /* an engine computes in process */
	char agents_path[CONFIG_PATH_MAX]; /* default of agents_dir */
	char script_path[CONFIG_PATH_MAX]; /* default of script */
	char greetings_path[CONFIG_PATH_MAX]; /* default of greetings_dir */
	char state_path[CONFIG_PATH_MAX];     /* default of state_dir */
};

extern const struct opt bot_options[];
extern const size_t bot_options_n;

/* Read the environment and the file @dotenv (NULL: none), choose providers,
 * and check it all. @faults gets a line for each fault. -EINVAL: there were
 * some; the struct is filled as far as possible. -ENOMEM. */
int bot_config_load(struct bot_config *cfg, const char *dotenv,
                    struct buf *faults) MUST_CHECK;

void bot_config_fini(struct bot_config *cfg);

/* Does the bot listen on loopback only? */
bool config_on_loopback(const struct bot_config *cfg);

#endif
