/*
 * Calls that a menu answers: the agent's keys are pressed, and whoever comes
 * after that is met as if the call had just been answered.
 */
#include <string.h>

#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char agent[] =
	"{\"greeting\":\"Hello, this is the clinic.\",\"machine\":{\"message\":"
	"\"Please call back.\",\"menu\":{\"reception\":\"1\",\"sales\":"
	"\"2w#\",\"*\":\"0\"}}}";

static void open_with(const char *text)
{
	flow_open(&f, &(struct flow_opts){.agent = text});
}

/* "Welcome. For reception, press one. For help," and it has heard the keys. */
static void reception_menu(uint32_t from)
{
	flow_sound(&f, from, from + 3000);
	flow_interim(&f, from + 500, "Welcome");
	flow_final(&f, from + 2000, "Welcome. For reception, press one.");
	flow_final(&f, from + 3290, "For help,");
	flow_flushed(&f, from + 3290);
	flow_run_to(&f, from + 5000);
}

static bool said(const char *what)
{
	return strstr(buf_str(&f.events), what) != NULL;
}

static void the_keys_of_the_words_are_pressed_and_the_person_is_greeted(void)
{
	open_with(agent);
	reception_menu(400);
	flow_run_to(&f, 11900);
	flow_says(&f, 12000, 13000, "Reception, hello.");
	CHECK(said("digits 1\n"));
	CHECK(said("\"name\":\"send_dtmf\",\"result\":\"{\\\"ok\\\":true,"
	           "\\\"digits\\\":\\\"1\\\"}\""));
	/* The silence while it connects is nobody's. */
	CHECK_INT(0, f.sent_ms);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_run_to(&f, 20000);
	CHECK_STR("Hello, this is the clinic.", f.spoken[1]);
	CHECK_STR("callee: Welcome. For reception, press one. For "
	          "help,|callee: Reception, hello.|bot: Hello, this is the "
	          "clinic.",
	          flow_chat(&f));
	CHECK_INT(0, f.n_requests);
	CHECK_INT(0, f.hangups);
	flow_close(&f);
}

static void keys_are_pressed_as_soon_as_the_words_are_known(void)
{
	open_with(agent);
	flow_sound(&f, 400, 4000);
	flow_final(&f, 2400, "For reception, press one.");
	flow_run_to(&f, 2390);
	CHECK(!said("digits"));
	flow_run_to(&f, 2410);
	CHECK(said("digits 1\n"));
	flow_close(&f);
}

static void other_keys_count_once_the_menu_is_over(void)
{
	open_with(agent);
	flow_says(&f, 400, 4400, "For billing, press three.");
	flow_run_to(&f, 8200);
	CHECK(!said("digits"));
	flow_run_to(&f, 8800);
	CHECK(said("digits 0\n"));
	flow_close(&f);
}

static void one_menu_leads_to_the_next(void)
{
	open_with(agent);
	reception_menu(400);
	flow_says(&f, 9000, 11000, "For sales, press two.");
	flow_run_to(&f, 14000);
	flow_says(&f, 16000, 17000, "Hello?");
	flow_run_to(&f, 22000);
	CHECK(said("digits 1\n"));
	CHECK(said("digits 2w#\n"));
	CHECK_STR("Hello, this is the clinic.", f.spoken[1]);
	flow_close(&f);
}

static void a_mailbox_behind_it_gets_its_message(void)
{
	open_with(agent);
	reception_menu(400);
	flow_says(&f, 9000, 12000, "Please leave a message after the tone.");
	flow_beep(&f, 13000, 13400);
	flow_run_to(&f, 30000);
	CHECK_STR("Please call back.", f.spoken[1]);
	CHECK(f.heard[1].first_ms > 13400);
	CHECK_INT(1, f.hangups);
	CHECK(said("\"answered_by\":\"voicemail\""));
	flow_close(&f);
}

static void a_menu_that_leads_nowhere_is_left(void)
{
	open_with(agent);
	for (uint32_t i = 0; i < 8; i++)
		reception_menu(400 + i * 8000);
	flow_run_to(&f, 70000);
	CHECK_INT(1, f.hangups);
	CHECK_INT(0, f.sent_ms);
	CHECK(said("\"cause\":\"menu\",\"answered_by\":\"menu\""));
	flow_close(&f);
}

static void a_menu_without_keys_for_it_is_left_when_it_is_over(void)
{
	open_with("{\"greeting\":\"Hello.\",\"machine\":{\"menu\":{\"sales\":"
	          "\"2\"}}}");
	reception_menu(400);
	flow_run_to(&f, 20000);
	CHECK(!said("digits"));
	CHECK_INT(1, f.hangups);
	CHECK_NEAR(3400 + 4000 + 200, f.hangup_at, 250);
	flow_close(&f);
}

static void who_speaks_at_once_after_the_keys_is_heard(void)
{
	open_with(agent);
	flow_sound(&f, 400, 2400);
	flow_final(&f, 2300, "For reception, press one.");
	/* Before the wait for the keys' effect is over. */
	flow_sound(&f, 3000, 4500);
	flow_final(&f, 4590, "Reception, how can I help?");
	flow_flushed(&f, 4590);
	flow_run_to(&f, 12000);
	CHECK_STR("Hello, this is the clinic.", f.spoken[1]);
	CHECK_STR("callee: For reception, press one.|callee: Reception, how "
	          "can I help?|bot: Hello, this is the clinic.",
	          flow_chat(&f));
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(the_keys_of_the_words_are_pressed_and_the_person_is_greeted),
	TEST(keys_are_pressed_as_soon_as_the_words_are_known),
	TEST(other_keys_count_once_the_menu_is_over),
	TEST(one_menu_leads_to_the_next),
	TEST(a_mailbox_behind_it_gets_its_message),
	TEST(a_menu_that_leads_nowhere_is_left),
	TEST(a_menu_without_keys_for_it_is_left_when_it_is_over),
	TEST(who_speaks_at_once_after_the_keys_is_heard),
};

TEST_MAIN(tests)
