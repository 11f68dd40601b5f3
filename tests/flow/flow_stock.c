/*
 * What is spoken before anything has failed.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bot/greetings.h"
#include "bot/session_impl.h"
#include "bot/stock.h"
#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char agent[] =
	"{\"instructions\":\"Be kind.\",\"greeting\":null,"
	"\"goodbye\":\"Goodbye, {{name|you}}.\",\"fillers\":null}";
static const char plain[] =
	"{\"instructions\":\"Be kind.\",\"greeting\":null,"
	"\"apology\":\"Say that again?\",\"filler\":{\"text\":\"Wait.\"}}";

static char dir[] = "/tmp/stock_XXXXXX";
static struct greetings *store;
static struct stock *stock;

static void put(const char *name, const char *json)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	CHECK(file && fputs(json, file) >= 0 && fclose(file) == 0);
}

static void drop(const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK_INT(0, unlink(path));
}

static void open_stock(bool varies)
{
	CHECK(mkdtemp(dir) != NULL);
	put("one.json", plain);
	put("broken.json", agent); /* a key that is not known */
	put("notes.txt", "nothing of ours");
	CHECK_INT(0, greetings_new(&store, NULL));
	flow_open(&f, &(struct flow_opts){.agent = plain,
	                                  .greetings = store,
	                                  .tts_varies = varies});
	CHECK_INT(0, stock_open(&stock, &f.session->env, dir));
}

static void close_stock(void)
{
	stock_close(&stock);
	flow_close(&f);
	greetings_free(&store);
	drop("one.json");
	drop("broken.json");
	drop("notes.txt");
	CHECK_INT(0, rmdir(dir));
}

static const struct clip *known(const char *text)
{
	const struct provider_cfg cfg = {.words_for_numbers = true};

	return greetings_find(store, "fake", &cfg, str_of(text), AUDIO_ULAW_8K);
}

static void what_is_said_of_a_failure_is_spoken_at_the_start(void)
{
	open_stock(false);
	flow_run_to(&f, 3000);
	CHECK(known("Say that again?") != NULL);
	CHECK(known("Wait.") != NULL);
	CHECK(known("I have to go now. Goodbye.") != NULL);
	CHECK(known("Sorry, we got cut off for a moment. Could you say that "
	            "again?") != NULL);
	CHECK(known("I'm sorry, I have trouble on my side. I will have to hang "
	            "up. Goodbye.") != NULL);
	/* The call's own voice, and one for each of them. */
	CHECK_INT(1 + 5, f.tts_opens);
	/* No voice is needed now. */
	f.tts_dead = true;
	f.tts_fail_err = ERR_EOF;
	flow_says(&f, 3500, 4500, "Hello there.");
	flow_answer_with(&f, NULL)->err = ERR_PROVIDER;
	flow_answer_with(&f, NULL)->err = ERR_PROVIDER;
	flow_run_to(&f, 9000);
	CHECK(strstr(flow_chat(&f), "bot: Say that again?") != NULL);
	close_stock();
}

static void a_voice_that_fails_is_tried_again_later(void)
{
	open_stock(false);
	f.tts_reply_fails = true;
	flow_run_to(&f, 5000);
	CHECK(known("Wait.") == NULL);
	f.tts_reply_fails = false;
	flow_run_to(&f, STOCK_AGAIN_MS + 5000);
	CHECK(known("Wait.") != NULL);
	close_stock();
}

static void a_voice_that_varies_is_not_kept(void)
{
	open_stock(true);
	flow_run_to(&f, 5000);
	CHECK_INT(1, f.tts_opens);
	CHECK(known("Wait.") == NULL);
	close_stock();
}

static const struct test tests[] = {
	TEST(what_is_said_of_a_failure_is_spoken_at_the_start),
	TEST(a_voice_that_fails_is_tried_again_later),
	TEST(a_voice_that_varies_is_not_kept),
};

TEST_MAIN(tests)
