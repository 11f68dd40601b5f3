#define _POSIX_C_SOURCE 200809L
#include "server/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/mem.h"
#include "tests/harness/test.h"

#define PLIVO                                  \
	"PLIVO_AUTH_ID=MAXXXXXXXXXXXXXXXXXX\n" \
	"PLIVO_AUTH_TOKEN=token\n"             \
	"PLIVO_PHONE_NUMBER=+15550001111\n"
#define PRODUCTION                                     \
	PLIVO "ENV=production\n"                       \
	      "PUBLIC_URL=https://voice.example.com\n" \
	      "API_KEY=0123456789abcdef\n"
#define SECRET "BOT_SECRET=0123456789abcdef0123456789abcdef\n"

static struct config cfg;
static char said[CONFIG_TEXT_MAX];

/* Load @dotenv alone; `said` has the faults. */
static int load(const char *dotenv)
{
	char path[] = "/tmp/test_config.XXXXXX";
	struct buf faults;
	int fd = mkstemp(path), err;
	FILE *f;

	CHECK(fd >= 0);
	f = fdopen(fd, "w");
	CHECK(f != NULL);
	fputs(dotenv, f);
	fclose(f);
	for (size_t i = 0; i < server_options_n; i++)
		unsetenv(server_options[i].name);
	server_config_fini(&cfg);
	buf_init(&faults, CONFIG_TEXT_MAX);
	err = server_config_load(&cfg, path, &faults);
	snprintf(said, sizeof(said), "%s", buf_str(&faults));
	buf_fini(&faults);
	unlink(path);
	return err;
}

static void fails_with(const char *dotenv, const char *words)
{
	CHECK(load(dotenv) < 0);
	if (!strstr(said, words))
		test_fail(__FILE__, __LINE__, "\"%s\" is not in: %s", words,
		          said);
}

static void the_examples_env_is_enough_for_local_mode(void)
{
	CHECK_INT(0, load(PLIVO "OPENAI_API_KEY=a\nDEEPGRAM_API_KEY=b\n"
	                        "CARTESIA_API_KEY=c\nENV=local\n"
	                        "AGENT_NAME=x\nORGANIZATION_NAME=y\n"));
	CHECK(!cfg.production);
	CHECK_INT(STREAM_BOTS, cfg.stream);
	CHECK_STR("http://127.0.0.1:7861", cfg.bot_url);
	CHECK_STR("127.0.0.1:7860", cfg.listen);
	CHECK_STR("+15550001111", cfg.from);
	CHECK_STR("*", cfg.allowed_prefixes);
	CHECK_INT(VERIFY_LOG, cfg.verify);
	CHECK_INT(2, cfg.calls_per_second);
	CHECK_INT(50, cfg.max_calls);
	CHECK_INT(45, cfg.ring_timeout);
	CHECK_INT(900, cfg.call_time_limit);
	CHECK_INT(10, cfg.start_wait);
	CHECK_INT(20, cfg.relay_max);
	CHECK_STR("sqlite:dialout.db", cfg.database_url);
	CHECK_STR("https://api.plivo.com", cfg.plivo_api_url);
	server_config_fini(&cfg);
	CHECK_INT(0, mem_live());
}

static void production_has_defaults_of_its_own(void)
{
	CHECK_INT(0, load(PRODUCTION "AGENT_NAME=x\nORGANIZATION_NAME=y\n"));
	CHECK(cfg.production);
	CHECK_INT(STREAM_CLOUD, cfg.stream);
	CHECK_STR("0.0.0.0:7860", cfg.listen);
	CHECK_STR("1", cfg.allowed_prefixes);
	CHECK_INT(VERIFY_ENFORCE, cfg.verify);
	CHECK_STR("https://voice.example.com", cfg.events_base_url);
}

static void env_is_read_in_any_case_and_nothing_else_is_taken(void)
{
	CHECK_INT(0, load(PLIVO "ENV=Local\n"));
	fails_with(PLIVO "ENV=staging\n", "took it as local");
	fails_with(PLIVO "ENV=prod\n", "ENV=production");
}

static void plivos_three_values_are_needed(void)
{
	CHECK(load("") < 0);
	CHECK(strstr(said, "PLIVO_AUTH_ID is not set: add the line"));
	CHECK(strstr(said, "PLIVO_AUTH_TOKEN is not set: add the line"));
	CHECK(strstr(said, "PLIVO_PHONE_NUMBER is not set: add the line"));
	fails_with("PLIVO_AUTH_ID=a\nPLIVO_AUTH_TOKEN=b\n"
	           "PLIVO_PHONE_NUMBER=office\n",
	           "PLIVO_PHONE_NUMBER is no number");
}

static void production_needs_a_key_or_a_word_that_it_does_not(void)
{
	const char *names = PLIVO "ENV=production\nAGENT_NAME=x\n"
				  "ORGANIZATION_NAME=y\n"
				  "PUBLIC_URL=https://v.example.com\n";
	char text[1024];

	fails_with(names, "API_KEY is not set");
	CHECK(strstr(said, "START_AUTH=none"));
	snprintf(text, sizeof(text), "%sSTART_AUTH=none\n", names);
	CHECK_INT(0, load(text));
	snprintf(text, sizeof(text), "%sAPI_KEY=short\n", names);
	fails_with(text, "API_KEY must have at least");
	snprintf(text, sizeof(text), "%sAPI_KEY=0123456789abcdef,\n", names);
	fails_with(text, "API_KEY must have at least");
}

static void production_needs_a_public_url(void)
{
	fails_with(PLIVO "ENV=production\nAPI_KEY=0123456789abcdef\n"
	                 "AGENT_NAME=x\nORGANIZATION_NAME=y\n",
	           "PUBLIC_URL is not set: add the line PUBLIC_URL=https://");
	fails_with(PLIVO "PUBLIC_URL=http://voice.example.com\n",
	           "PUBLIC_URL=http://voice.example.com must begin with https");
	fails_with(PLIVO "PUBLIC_URL=https://voice.example.com/\n",
	           "without a slash");
	fails_with(PLIVO "PUBLIC_URL=voice.example.com\n", "PUBLIC_URL=");
	CHECK_INT(0, load(PLIVO "PUBLIC_URL=http://localhost:7860\n"));
}

static void pipecat_cloud_needs_its_names(void)
{
	fails_with(PRODUCTION, "AGENT_NAME is not set: add the line");
	CHECK(strstr(said, "ORGANIZATION_NAME is not set: add the line"));
	fails_with(PRODUCTION "AGENT_NAME=x\nORGANIZATION_NAME=y\n"
	                      "PIPECAT_CLOUD_REGION=eu/evil\n",
	           "PIPECAT_CLOUD_REGION");
}

static void the_two_ways_to_a_bot_exclude_each_other(void)
{
	fails_with(PLIVO "BOT_URL=http://127.0.0.1:7861\n"
	                 "BOT_WS_URL=wss://b.example.com/ws\n",
	           "BOT_URL and BOT_WS_URL exclude each other");
	CHECK_INT(0, load(PLIVO "BOT_WS_URL=wss://b.example.com/ws\n"));
	CHECK_INT(STREAM_FIXED, cfg.stream);
	CHECK_INT(0, load(PLIVO "BOT_WS_URL=ws://127.0.0.1:9/ws\n"));
	fails_with(PLIVO "BOT_WS_URL=ws://b.example.com/ws\n", "wss://");
	fails_with(PLIVO "BOT_WS_URL=https://b.example.com/ws\n", "wss://");
	fails_with(PLIVO "BOT_URL=localhost:7861\n", "BOT_URL must be");
}

static void production_with_bots_needs_their_secret(void)
{
	fails_with(PRODUCTION "BOT_URL=https://b.example.com\n",
	           "BOT_SECRET is not set");
	CHECK_INT(0, load(PRODUCTION SECRET "BOT_URL=https://b.example.com\n"));
	CHECK_INT(STREAM_BOTS, cfg.stream);
	fails_with(PLIVO "BOT_SECRET=tooshort\n", "BOT_SECRET must have");
}

static void numbers_out_of_bounds_name_their_variable(void)
{
	fails_with(PLIVO "CALLS_PER_SECOND=0\n", "CALLS_PER_SECOND");
	fails_with(PLIVO "MAX_CALLS=many\n", "MAX_CALLS");
	fails_with(PLIVO "START_WAIT=3600\n", "START_WAIT");
	fails_with(PLIVO "RING_TIMEOUT=1\n", "RING_TIMEOUT");
	fails_with(PLIVO "PLIVO_VERIFY=maybe\n", "PLIVO_VERIFY");
	fails_with(PLIVO "ALLOWED_PREFIXES=US\n", "ALLOWED_PREFIXES=US");
	fails_with(PLIVO "DATABASE_URL=mysql://x\n", "DATABASE_URL");
}

static void addresses_are_split_and_checked(void)
{
	char host[24];
	unsigned port;

	CHECK_INT(0, server_config_address("localhost:0", host, sizeof(host),
	                                   &port));
	CHECK_STR("127.0.0.1", host);
	CHECK_INT(0, port);
	CHECK_INT(0, server_config_address(":7860", host, sizeof(host), &port));
	CHECK_STR("0.0.0.0", host);
	CHECK(server_config_address("7860", host, sizeof(host), &port) < 0);
	CHECK(server_config_address("a.example.com:1", host, sizeof(host),
	                            &port) < 0);
	CHECK(server_config_address("127.0.0.1:70000", host, sizeof(host),
	                            &port) < 0);
	fails_with(PLIVO "LISTEN=7860\n", "LISTEN=7860 is no IPv4 host:port");
	CHECK_INT(0, load(PLIVO "LISTEN=localhost:0\n"));
	CHECK_STR("127.0.0.1:0", cfg.listen);
}

static void events_go_in_clear_text_to_near_hosts_only(void)
{
	static const char *const near[] = {
		"http://127.0.0.1:9", "http://localhost",  "http://[::1]:9",
		"http://10.1.2.3:80", "http://100.64.1.2", "http://server:7860",
		"http://a.internal",  "https://a.example"};
	static const char *const far[] = {
		"http://8.8.8.8",        "http://voice.example.com",
		"ftp://127.0.0.1",       "https://",
		"https://a.example/",    "https://a.example/?x=1",
		"http://10.1.2.3.a.com", "http://[2001:db8::1]:9"};
	char text[512];

	for (size_t i = 0; i < ARRAY_LEN(near); i++) {
		snprintf(text, sizeof(text), PLIVO "EVENTS_BASE_URL=%s\n",
		         near[i]);
		if (load(text))
			test_fail(__FILE__, __LINE__, "%s: %s", near[i], said);
	}
	for (size_t i = 0; i < ARRAY_LEN(far); i++) {
		snprintf(text, sizeof(text), PLIVO "EVENTS_BASE_URL=%s\n",
		         far[i]);
		fails_with(text, "EVENTS_BASE_URL=");
	}
}

static void bots_are_asked_in_clear_text_only_when_near(void)
{
	fails_with(PLIVO "BOT_URL=http://8.8.8.8:7861\n",
	           "BOT_URL=http://8.8.8.8:7861 must begin with https://");
	CHECK_INT(0, load(PLIVO "BOT_URL=http://192.168.1.7:7861\n"));
	/* Where a name leads is looked at when it is resolved. */
	CHECK_INT(0, load(PLIVO "BOT_URL=http://bots.example.com:7861\n"));
}

static void faults_of_one_option_do_not_hide_those_of_others(void)
{
	fails_with(
		"PLIVO_AUTH_ID=a\nPLIVO_AUTH_TOKEN=b\nMAX_CALLS=many\n"
		"BOT_URL=http://127.0.0.1:1\nBOT_WS_URL=wss://b.example.com\n",
		"MAX_CALLS must be");
	CHECK(strstr(said, "PLIVO_PHONE_NUMBER is not set"));
	CHECK(strstr(said, "exclude each other"));
	CHECK_INT(50, cfg.max_calls);
}

static void what_is_printed_has_no_secret(void)
{
	struct buf out;

	CHECK_INT(0, load(PRODUCTION SECRET "BOT_URL=https://b.example.com\n"));
	buf_init(&out, CONFIG_TEXT_MAX);
	CHECK_INT(0, server_config_print(&out, &cfg));
	CHECK(strstr(buf_str(&out), "PLIVO_AUTH_ID=MAXX"));
	CHECK(strstr(buf_str(&out), "\nPLIVO_AUTH_TOKEN=***\n"));
	CHECK(strstr(buf_str(&out), "\nAPI_KEY=***\n"));
	CHECK(strstr(buf_str(&out), "\nBOT_SECRET=***\n"));
	CHECK(strstr(buf_str(&out), "\nPLIVO_VERIFY=enforce\n"));
	CHECK(!strstr(buf_str(&out), "0123456789abcdef"));
	buf_fini(&out);
}

#define SIGNS "EVENTS_SECRET=0123456789abcdef0123456789abcdef\n"

static void who_is_told_of_calls_is_looked_at(void)
{
	CHECK_INT(0, load(PLIVO "EVENTS_URL=http://10.1.2.3:8080/calls?a=1\n"));
	CHECK(cfg.events_anywhere);
	fails_with(PLIVO "EVENTS_PRIVATE=refuse\n"
	                 "EVENTS_URL=http://crm.example/calls\n",
	           "must begin with https://");
	fails_with(PLIVO "EVENTS_PRIVATE=refuse\n"
	                 "EVENTS_URL=https://192.168.1.7/calls\n",
	           "is not on the internet");
	fails_with(PLIVO "EVENTS_URL=crm.example\n",
	           "EVENTS_URL=crm.example must begin with https://");
	fails_with(PLIVO "EVENTS_SECRET=short\n",
	           "EVENTS_SECRET must have at least 32");
}

static void production_signs_what_it_tells_in_public(void)
{
	static const char url[] = "EVENTS_URL=https://crm.example/calls\n";
	char text[1024];

	snprintf(text, sizeof(text),
	         PRODUCTION SECRET "BOT_URL=https://b.example\n%s", url);
	fails_with(text, "EVENTS_SECRET is not set");
	snprintf(text, sizeof(text),
	         PRODUCTION SECRET SIGNS "BOT_URL=https://b.example\n%s", url);
	CHECK_INT(0, load(text));
	CHECK(!cfg.events_anywhere);
	fails_with(PRODUCTION SECRET SIGNS "BOT_URL=https://b.example\n"
	                                   "EVENTS_URL=http://10.0.0.1/\n",
	           "must begin with https://");
	CHECK_INT(0, load(PRODUCTION SECRET SIGNS
	                  "BOT_URL=https://b.example\nEVENTS_PRIVATE=allow\n"
	                  "EVENTS_URL=http://10.0.0.1/\n"));
}

static const struct test tests[] = {
	TEST(the_examples_env_is_enough_for_local_mode),
	TEST(production_has_defaults_of_its_own),
	TEST(env_is_read_in_any_case_and_nothing_else_is_taken),
	TEST(plivos_three_values_are_needed),
	TEST(production_needs_a_key_or_a_word_that_it_does_not),
	TEST(production_needs_a_public_url),
	TEST(pipecat_cloud_needs_its_names),
	TEST(the_two_ways_to_a_bot_exclude_each_other),
	TEST(production_with_bots_needs_their_secret),
	TEST(numbers_out_of_bounds_name_their_variable),
	TEST(addresses_are_split_and_checked),
	TEST(events_go_in_clear_text_to_near_hosts_only),
	TEST(bots_are_asked_in_clear_text_only_when_near),
	TEST(faults_of_one_option_do_not_hide_those_of_others),
	TEST(what_is_printed_has_no_secret),
	TEST(who_is_told_of_calls_is_looked_at),
	TEST(production_signs_what_it_tells_in_public),
};

TEST_MAIN(tests)
