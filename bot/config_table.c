/*
 * The bot's options. Groups and help are what env.example shows.
 */
#include "bot/config.h"

/* clang-format off */
#define AT(member) offsetof(struct bot_config, member)
#define TEXT(nm, flags, member, def, group, help) \
	{nm, OPT_TEXT, flags, AT(member), def, 0, 0, NULL, group, help}
#define NUMBER(nm, flags, member, def, min, max, group, help) \
	{nm, OPT_NUMBER, flags, AT(member), def, min, max, NULL, group, help}
#define CHOICE(nm, flags, member, def, choices, group, help) \
	{nm, OPT_CHOICE, flags, AT(member), def, 0, 0, choices, group, help}

static const char plivo[] = "Plivo";
static const char providers[] = "Providers of speech and language";
static const char where[] = "Where the programs are";
static const char bot[] = "The bot";

const struct opt bot_options[] = {
	TEXT("ENV", OPT_EXAMPLE, env_text, "local", where,
	     "local: loopback, lenient; production: strict."),
	TEXT("PLIVO_AUTH_ID", OPT_EXAMPLE, plivo_id, NULL, plivo,
	     "The account that places the calls."),
	TEXT("PLIVO_AUTH_TOKEN", OPT_SECRET | OPT_EXAMPLE, plivo_token, NULL,
	     plivo, "Its token; also verifies Plivo's signatures."),
	TEXT("PLIVO_API_URL", 0, plivo_url, "https://api.plivo.com", plivo,
	     "Base URL of Plivo's REST API."),
	CHOICE("PLIVO_VERIFY", 0, verify, NULL, "enforce|log|off", plivo,
	       "Refuse bad signatures (production's default), log them "
	       "(local's), or do not look."),
	TEXT("OPENAI_API_KEY", OPT_SECRET | OPT_EXAMPLE, openai_key, NULL,
	     providers, "Answers by OpenAI."),
	TEXT("DEEPGRAM_API_KEY", OPT_SECRET | OPT_EXAMPLE, deepgram_key, NULL,
	     providers, "Recognition by Deepgram."),
	TEXT("CARTESIA_API_KEY", OPT_SECRET | OPT_EXAMPLE, cartesia_key, NULL,
	     providers, "Voice by Cartesia."),
	TEXT("STT", 0, stt, NULL, providers,
	     "deepgram, flux, openai or embedded, or a list of who stands "
	     "by; by default deepgram where it has a key."),
	TEXT("LLM", 0, llm, NULL, providers,
	     "openai, anthropic or script; by default what has a key."),
	TEXT("TTS", 0, tts, NULL, providers,
	     "cartesia, deepgram, elevenlabs, openai or embedded; by default "
	     "cartesia where it has a key."),
	TEXT("DEEPGRAM_URL", 0, deepgram_url, "wss://api.deepgram.com",
	     providers, "Base URL."),
	TEXT("DEEPGRAM_MODEL", 0, deepgram_model, "nova-3-general", providers,
	     "Model of the recogniser."),
	TEXT("FLUX_MODEL", 0, flux_model, "flux-general-en", providers,
	     "Model of STT=flux, Deepgram's recogniser that decides turns."),
	TEXT("OPENAI_BASE_URL", 0, openai_url, NULL, providers,
	     "Any OpenAI-compatible server; default "
	     "https://api.openai.com/v1."),
	TEXT("OPENAI_MODEL", 0, openai_model, "gpt-4.1", providers,
	     "Model that answers."),
	TEXT("ANTHROPIC_API_KEY", OPT_SECRET, anthropic_key, NULL, providers,
	     "Answers by Anthropic, with LLM=anthropic."),
	TEXT("ANTHROPIC_BASE_URL", 0, anthropic_url,
	     "https://api.anthropic.com", providers, "Base URL."),
	TEXT("ANTHROPIC_MODEL", 0, anthropic_model, "claude-haiku-4-5",
	     providers, "Model that answers."),
	TEXT("CARTESIA_URL", 0, cartesia_url, "wss://api.cartesia.ai",
	     providers, "Base URL."),
	TEXT("CARTESIA_MODEL", 0, cartesia_model, "sonic-3.5", providers,
	     "Model of the voice."),
	TEXT("CARTESIA_VOICE_ID", 0, cartesia_voice,
	     "71a7ad14-091c-4e8e-a314-022ece01c121", providers,
	     "The voice, where the agent names none."),
	TEXT("DEEPGRAM_VOICE", 0, deepgram_voice, "aura-2-helena-en",
	     providers, "The voice of TTS=deepgram, where the agent names "
	     "none."),
	TEXT("ELEVENLABS_API_KEY", OPT_SECRET, elevenlabs_key, NULL, providers,
	     "Voice by ElevenLabs, with TTS=elevenlabs."),
	TEXT("ELEVENLABS_URL", 0, elevenlabs_url, "wss://api.elevenlabs.io",
	     providers, "Base URL."),
	TEXT("ELEVENLABS_MODEL", 0, elevenlabs_model, "eleven_flash_v2_5",
	     providers, "Model of the voice."),
	TEXT("ELEVENLABS_VOICE_ID", 0, elevenlabs_voice,
	     "bIHbv24MWmeRgasZH58o", providers,
	     "The voice, where the agent names none."),
	TEXT("OPENAI_STT_BASE_URL", 0, openai_stt_url, NULL, providers,
	     "The server of STT=openai; default OPENAI_BASE_URL."),
	TEXT("OPENAI_STT_MODEL", 0, openai_stt_model, "gpt-4o-transcribe",
	     providers, "Model of the recogniser of STT=openai."),
	TEXT("OPENAI_TTS_BASE_URL", 0, openai_tts_url, NULL, providers,
	     "The server of TTS=openai; default OPENAI_BASE_URL."),
	TEXT("OPENAI_TTS_MODEL", 0, openai_tts_model, "gpt-4o-mini-tts",
	     providers, "Model of the voice of TTS=openai."),
	TEXT("OPENAI_VOICE", 0, openai_voice, "alloy", providers,
	     "That voice, where the agent names none."),
	TEXT("TLS_CA_FILE", 0, ca_file, NULL, where,
	     "Trust these certificates instead of the system's."),
	TEXT("BOT_SECRET", OPT_SECRET, secret, NULL, where,
	     "Shared by server and bots, at least 32 characters."),
	TEXT("BOT_LISTEN", 0, listen, NULL, bot,
	     "host:port; default 127.0.0.1:7861, 0.0.0.0:7861 in "
	     "production."),
	NUMBER("PORT", OPT_ENV_ONLY, port, NULL, 0, 65535, bot,
	       "As containers have it: listen on 0.0.0.0:PORT."),
	TEXT("BOT_PUBLIC_URL", 0, public_url, NULL, bot,
	     "wss://... under which Plivo reaches this bot; unset in local "
	     "mode, the server relays."),
	CHOICE("BOT_ACCEPT", 0, accept, "reserved", "reserved|signed|any", bot,
	       "Which streams besides reserved ones: none, those with a good "
	       "Plivo signature, any."),
	NUMBER("BOT_CAPACITY", 0, capacity, NULL, 1, 10000, bot,
	       "Calls at once; default measured at start."),
	NUMBER("BOT_DRAIN", 0, drain_sec, "3600", 0, 86400, bot,
	       "Seconds that SIGTERM lets calls go on."),
	TEXT("BOT_AGENT", 0, agent, "default", bot,
	     "Agent of calls that name none."),
	TEXT("AGENTS_DIR", 0, agents_dir, NULL, bot,
	     "Folder of agent files; default bot/agents beside the build "
	     "folder, else /etc/dialout/agents."),
	CHOICE("PREPARE", 0, prepare, "all", "off|greeting|all", bot,
	       "While the telephone rings: nothing, the greeting is spoken "
	       "ahead, or connections are made as well."),
	TEXT("GREETINGS_DIR", 0, greetings_dir, NULL, bot,
	     "Folder for greetings that are the same for everybody; default "
	     "the user's cache."),
	TEXT("STATE_DIR", 0, state_dir, NULL, bot,
	     "Folder for events that wait for the server, so that they "
	     "outlive a restart; several bots may share it. Default: the "
	     "STATE_DIRECTORY of systemd, else memory alone."),
	TEXT("MODELS_DIR", 0, models_dir, NULL, bot,
	     "Folder of models; default the cache that make deps fills, else "
	     "/usr/share/dialout/models."),
	TEXT("TURN_MODEL", 0, turn_model, NULL, bot,
	     "Path of a Smart Turn net that hears whether a turn is over, or "
	     "none; default smart-turn-v3.onnx of MODELS_DIR, if it is there "
	     "with its runtime (deploy/models.sh turn)."),
	TEXT("SCRIPT_FILE", 0, script, NULL, bot,
	     "Rules of LLM=script; default AGENTS_DIR/default.script."),
	CHOICE("LOG_LEVEL", OPT_NOCASE, log_level, "info",
	       "debug|info|warn|error", where,
	       "debug shows what people say."),
};
/* clang-format on */

const size_t bot_options_n = ARRAY_LEN(bot_options);
