/* The laws of hands: who may dial a call, and who takes it over. */
#include "server/store/hands.h"

#include <errno.h>
#include <stdio.h>

#include "common/err.h"
#include "tests/conform/store_laws.h"

/* "ID " for each, "ID! " for one of ours. */
static int note(const char *id, bool ours, void *arg)
{
	size_t n = strlen(law_walked);

	(void)arg;
	snprintf(law_walked + n, sizeof(law_walked) - n, "%s%s ", id,
	         ours ? "!" : "");
	return 0;
}

static const char *claimed(int64_t now_ms)
{
	law_walked[0] = '\0';
	CHECK_INT(0, store_claim(law_store, now_ms, note, NULL));
	return law_walked;
}

/* What the law's store tries. */
static int try_held(const char *id, enum store_state state)
{
	const struct store_change ch = {
		.has_state = true, .state = state, .held = true};

	return store_call_change(law_store, id, &ch, NULL, NULL, NULL);
}

void store_law_what_is_not_dialled_goes_to_the_next_server(void)
{
	law_begin();
	law_add("c1");
	law_add("c2");
	law_add("c3");
	law_add("c4");
	law_set_state("c2", STORE_DIALING);
	law_set_state("c3", STORE_UNKNOWN);
	law_set_state("c4", STORE_FAILED);
	CHECK_STR("", claimed(2000));
	law_reopen();
	CHECK_STR("c1 c2 ", claimed(2000));
	CHECK_STR("", claimed(2000));
	law_end();
}

void store_law_only_who_has_a_call_in_hand_dials_it(void)
{
	law_begin();
	law_add("c1");
	CHECK_INT(0, try_held("c1", STORE_QUEUED));
	law_reopen();
	CHECK_INT(ERR_STALE, try_held("c1", STORE_DIALING));
	CHECK_INT(ERR_STALE, try_held("c1", STORE_FAILED));
	CHECK_INT(STORE_QUEUED, law_state_of("c1"));
	/* What is known of it may be written by anybody. */
	CHECK(law_set_state("c1", STORE_DIALING));
	claimed(2000);
	CHECK_INT(0, try_held("c1", STORE_FAILED));
	CHECK_INT(STORE_FAILED, law_state_of("c1"));
	CHECK_INT(-ENOENT, try_held("nobody", STORE_FAILED));
	law_end();
}

void store_law_a_call_whose_end_was_asked_for_is_not_dialled(void)
{
	const struct store_change end = {.end_by = "api"};

	law_begin();
	law_add("c1");
	CHECK_INT(0,
	          store_call_change(law_store, "c1", &end, NULL, NULL, NULL));
	CHECK_INT(-ECANCELED, try_held("c1", STORE_DIALING));
	CHECK_INT(STORE_QUEUED, law_state_of("c1"));
	/* One that was on its way nevertheless may be anywhere. */
	CHECK_INT(0, try_held("c1", STORE_UNKNOWN));
	CHECK_INT(0, try_held("c1", STORE_CANCELLED));
	law_end();
}

void store_law_what_was_forgotten_in_hand_is_told_of(void)
{
	const struct store_change out = {
		.has_state = true, .state = STORE_DIALING, .dialed_ms = 50000};

	law_begin();
	law_add("c1"); /* at 1000 */
	CHECK_STR("", claimed(1000 + STORE_FORGOTTEN_MS));
	CHECK_STR("c1! ", claimed(1001 + STORE_FORGOTTEN_MS));
	CHECK_INT(0,
	          store_call_change(law_store, "c1", &out, NULL, NULL, NULL));
	CHECK_STR("", claimed(1001 + STORE_FORGOTTEN_MS));
	CHECK_STR("c1! ", claimed(50001 + STORE_FORGOTTEN_MS));
	law_end();
}

void store_law_what_was_promised_is_not_taken_back(void)
{
	const struct store_change end = {.has_state = true,
	                                 .state = STORE_CANCELLED,
	                                 .held = true,
	                                 .unpromised = true};
	struct store_change answer = {.answer = "later", .answer_status = 202};

	law_begin();
	law_add("c1");
	law_add("c2");
	law_add("c3");
	CHECK_INT(0, store_call_change(law_store, "c1", &answer, NULL, NULL,
	                               NULL));
	answer.answer_status = 503;
	CHECK_INT(0, store_call_change(law_store, "c2", &answer, NULL, NULL,
	                               NULL));
	CHECK_INT(ERR_STALE,
	          store_call_change(law_store, "c1", &end, NULL, NULL, NULL));
	CHECK_INT(STORE_QUEUED, law_state_of("c1"));
	CHECK_INT(0,
	          store_call_change(law_store, "c2", &end, NULL, NULL, NULL));
	CHECK_INT(0,
	          store_call_change(law_store, "c3", &end, NULL, NULL, NULL));
	CHECK_INT(STORE_CANCELLED, law_state_of("c3"));
	law_end();
}
