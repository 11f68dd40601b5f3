#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/admit.h"
#include "bot/config.h"
#include "bot/config_providers.h"
#include "bot/peer.h"
#include "common/buf.h"
#include "common/mem.h"
#include "tests/harness/test.h"

/* --- peer --- */

static void clear_text_is_for_near_hosts(void)
{
	static const struct {
		const char *url;
		bool ok, loopback;
	} rows[] = {
		{"http://127.0.0.1:1/x", true, true},
		{"http://localhost", true, true},
		{"http://[::1]:80/", true, true},
		{"http://10.0.0.1", true, false},
		{"http://172.16.0.1/", true, false},
		{"http://172.32.0.1/", false, false},
		{"http://192.168.7.8:9/", true, false},
		{"http://192.169.7.8:9/", false, false},
		{"http://100.64.0.1", true, false},
		{"http://[fd00::1]/", true, false},
		{"http://[2001:db8::1]/", false, false},
		{"http://[::ffff:127.0.0.1]/", true, true},
		{"http://server:7860/e", true, false},
		{"http://a.internal/", true, false},
		{"http://example.com/", false, false},
		{"http://127.0.0.1.example.com/", false, false},
		{"http://localhost@example.com/", false, false},
		{"http://1270.0.0.1/", false, false},
		{"https://example.com/", true, false},
		{"wss://example.com/", true, false},
		{"ws://example.com/", false, false},
		{"ftp://localhost/", false, true},
		{"localhost", false, false},
		{"http://", false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (peer_url_ok(rows[i].url) != rows[i].ok ||
		    peer_url_is_loopback(rows[i].url) != rows[i].loopback)
			test_fail(__FILE__, __LINE__, "%s", rows[i].url);
	}
}

/* --- admit --- */

static void a_late_loop_takes_no_more_until_it_was_good_for_long(void)
{
	struct admit a = {0};
	uint64_t t = 1000000;

	CHECK(admit_step(&a, 1000, 1000, t));
	CHECK(admit_step(&a, 20000, 1000, t));
	CHECK(!admit_step(&a, 20001, 1000, t));
	CHECK(!admit_step(&a, 15000, 1000, t += 1000000));
	CHECK(!admit_step(&a, 9000, 1000, t += 1000000));
	CHECK(!admit_step(&a, 9000, 1000, t += 29000000));
	CHECK(!admit_step(&a, 12000, 1000, t += 500000)); /* begins anew */
	CHECK(!admit_step(&a, 9000, 1000, t += 1000000));
	CHECK(!admit_step(&a, 9000, 1000, t += 29900000));
	CHECK(admit_step(&a, 9000, 1000, t += 100000));
}

static void an_idle_loop_is_not_judged(void)
{
	struct admit a = {0};

	CHECK(admit_step(&a, 90000, ADMIT_COUNT_MIN - 1, 1));
	CHECK(!admit_step(&a, 90000, ADMIT_COUNT_MIN, 1));
}

static void engines_in_process_make_room_for_fewer(void)
{
	unsigned hosted = admit_measure(false, 8);
	unsigned embedded = admit_measure(true, 1);

	CHECK(hosted >= 1 && hosted <= 1500);
	CHECK(embedded >= 1 && embedded <= hosted);
}

/* --- config --- */

static struct bot_config cfg;
static struct buf faults;

static int load(void)
{
	bot_config_fini(&cfg);
	buf_fini(&faults);
	buf_init(&faults, 64 * 1024);
	return bot_config_load(&cfg, NULL, &faults);
}

static void finish(void)
{
	bot_config_fini(&cfg);
	buf_fini(&faults);
	CHECK_INT(0, mem_live());
}

static void set(const char *name, const char *value)
{
	CHECK_INT(0, setenv(name, value, 1));
}

static void clean(void)
{
	for (size_t i = 0; i < bot_options_n; i++)
		unsetenv(bot_options[i].name);
	set("AGENTS_DIR", "/tmp");
}

static void all_keys(void)
{
	clean();
	set("DEEPGRAM_API_KEY", "d");
	set("OPENAI_API_KEY", "o");
	set("CARTESIA_API_KEY", "c");
}

static void keys_choose_the_examples_providers(void)
{
	all_keys();
	CHECK_INT(0, load());
	CHECK_STR("deepgram", cfg.stt);
	CHECK_STR("openai", cfg.llm);
	CHECK_STR("cartesia", cfg.tts);
	CHECK_STR("https://api.openai.com/v1", cfg.openai_url);
	CHECK_STR("gpt-4.1", cfg.openai_model);
	CHECK_STR("sonic-3.5", cfg.cartesia_model);
	CHECK_STR("nova-3-general", cfg.deepgram_model);
	CHECK_STR("71a7ad14-091c-4e8e-a314-022ece01c121", cfg.cartesia_voice);
	CHECK_STR("127.0.0.1:7861", cfg.addr);
	CHECK(config_on_loopback(&cfg));
	CHECK_INT(VERIFY_LOG, cfg.verify);
	CHECK_INT(ACCEPT_RESERVED, cfg.accept);
	finish();
}

/* What is missing is named, with the value that would mean it. */
static void a_missing_key_names_variable_and_way_out(void)
{
	static const struct {
		const char *unset, *name, *hint;
	} rows[] = {
		{"DEEPGRAM_API_KEY", "DEEPGRAM_API_KEY", "STT=embedded"},
		{"OPENAI_API_KEY", "OPENAI_API_KEY", "LLM=script"},
		{"CARTESIA_API_KEY", "CARTESIA_API_KEY", "TTS=embedded"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		all_keys();
		unsetenv(rows[i].unset);
		CHECK_INT(-EINVAL, load());
		CHECK(strstr(faults.v, rows[i].name));
		CHECK(strstr(faults.v, rows[i].hint));
	}
	clean();
	set("ENV", "production");
	set("BOT_ACCEPT", "any");
	CHECK_INT(-EINVAL, load());
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK(strstr(faults.v, rows[i].hint));
	finish();
}

static void a_base_url_stands_for_a_key(void)
{
	all_keys();
	unsetenv("OPENAI_API_KEY");
	set("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1");
	CHECK_INT(0, load());
	CHECK_STR("openai", cfg.llm);
	CHECK_STR("http://127.0.0.1:8080/v1", cfg.openai_url);
	finish();
}

static void a_name_wins_over_a_key(void)
{
	all_keys();
	set("LLM", "script");
	CHECK_INT(0, load());
	CHECK_STR("script", cfg.llm);
	set("LLM", "parrot");
	CHECK_INT(-EINVAL, load());
	CHECK(strstr(faults.v, "LLM=parrot"));
	finish();
}

/* Each by its name alone, with a key of its own. */
static void other_providers_need_their_own_keys(void)
{
	static const struct {
		enum stage stage;
		const char *option, *name, *key, *url;
	} rows[] = {
		{STAGE_LLM, "LLM", "anthropic", "ANTHROPIC_API_KEY",
	         "https://api.anthropic.com"},
		{STAGE_TTS, "TTS", "elevenlabs", "ELEVENLABS_API_KEY",
	         "wss://api.elevenlabs.io"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *key = NULL;
		struct provider_cfg got;

		all_keys();
		set(rows[i].option, rows[i].name);
		CHECK_INT(-EINVAL, load());
		CHECK(strstr(faults.v, rows[i].key));
		set(rows[i].key, "k");
		CHECK_INT(0, load());
		CHECK_INT(0, config_provider(&cfg, rows[i].stage, rows[i].name,
		                             &got, &key));
		CHECK_STR("k", got.key);
		CHECK_STR(rows[i].url, got.url);
		CHECK(!key);
	}
	finish();
}

static void a_list_names_who_stands_by(void)
{
	all_keys();
	set("STT", "deepgram, embedded");
	set("LLM", "openai,script");
	CHECK_INT(0, load());
	CHECK(cfg.embedded);
	CHECK(config_lists(cfg.stt, "embedded"));
	CHECK(!config_lists(cfg.stt, "flux"));
	set("LLM", "openai,anthropic");
	CHECK_INT(-EINVAL, load());
	CHECK(strstr(faults.v, "LLM=anthropic needs ANTHROPIC_API_KEY"));
	set("LLM", "openai,,script");
	CHECK_INT(-EINVAL, load());
	finish();
}

static void faults_of_access_and_urls_are_named(void)
{
	static const struct {
		const char *name, *value, *want;
	} rows[] = {
		{"BOT_SECRET", "short", "at least 32"},
		{"BOT_ACCEPT", "signed", "PLIVO_AUTH_TOKEN"},
		{"BOT_ACCEPT", "signed", "BOT_PUBLIC_URL"},
		{"BOT_ACCEPT", "all", "BOT_ACCEPT"},
		{"BOT_PUBLIC_URL", "https://a.b", "wss://"},
		{"BOT_PUBLIC_URL", "ws://a.b", "loopback"},
		{"DEEPGRAM_URL", "ws://192.168.1.1", "loopback"},
		{"OPENAI_BASE_URL", "http://a.b/v1", "loopback"},
		{"ANTHROPIC_BASE_URL", "http://a.b", "loopback"},
		{"PLIVO_API_URL", "ftp://x", "https://"},
		{"BOT_LISTEN", "7861", "host:port"},
		{"BOT_CAPACITY", "0", "BOT_CAPACITY"},
		{"ENV", "staging", "took it as local"},
		{"AGENTS_DIR", "/nonexistent", "/nonexistent"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		all_keys();
		set(rows[i].name, rows[i].value);
		CHECK_INT(-EINVAL, load());
		if (!strstr(faults.v, rows[i].want))
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i].name,
			          faults.v);
	}
	finish();
}

static void production_without_secret_needs_another_door(void)
{
	all_keys();
	set("ENV", "Production");
	CHECK_INT(-EINVAL, load());
	CHECK(strstr(faults.v, "BOT_SECRET"));
	set("BOT_ACCEPT", "any");
	CHECK_INT(0, load());
	CHECK_STR("0.0.0.0:7861", cfg.addr);
	CHECK(!config_on_loopback(&cfg));
	CHECK_INT(VERIFY_ENFORCE, cfg.verify);
	set("BOT_ACCEPT", "reserved");
	set("BOT_SECRET", "0123456789abcdef0123456789abcdef");
	CHECK_INT(0, load());
	finish();
}

static void a_containers_port_is_listened_on_everywhere(void)
{
	all_keys();
	set("PORT", "8080");
	CHECK_INT(0, load());
	CHECK_STR("0.0.0.0:8080", cfg.addr);
	CHECK(cfg.behind_platform);
	set("BOT_LISTEN", "[::1]:9");
	CHECK_INT(0, load());
	CHECK_STR("[::1]:9", cfg.addr);
	CHECK(!cfg.behind_platform);
	CHECK(config_on_loopback(&cfg));
	finish();
}

static void events_are_kept_where_the_supervisor_says(void)
{
	clearenv();
	(void)load();
	CHECK(!cfg.state_dir);
	set("STATE_DIRECTORY", "/var/lib/a:/var/lib/b");
	(void)load();
	CHECK_STR("/var/lib/a", cfg.state_dir);
	set("STATE_DIR", "/srv/mine");
	(void)load();
	CHECK_STR("/srv/mine", cfg.state_dir);
	finish();
}

static const struct test tests[] = {
	TEST(clear_text_is_for_near_hosts),
	TEST(a_late_loop_takes_no_more_until_it_was_good_for_long),
	TEST(an_idle_loop_is_not_judged),
	TEST(engines_in_process_make_room_for_fewer),
	TEST(keys_choose_the_examples_providers),
	TEST(a_missing_key_names_variable_and_way_out),
	TEST(a_base_url_stands_for_a_key),
	TEST(a_name_wins_over_a_key),
	TEST(other_providers_need_their_own_keys),
	TEST(a_list_names_who_stands_by),
	TEST(faults_of_access_and_urls_are_named),
	TEST(production_without_secret_needs_another_door),
	TEST(a_containers_port_is_listened_on_everywhere),
	TEST(events_are_kept_where_the_supervisor_says),
};

TEST_MAIN(tests)
