/*
 * store_laws.h - what every kind of ledger owes its callers
 *
 * A program for a kind says how an empty ledger of it is made, and has the
 * laws in its table beside what is its own alone.
 */
#ifndef TESTS_CONFORM_STORE_LAWS_H
#define TESTS_CONFORM_STORE_LAWS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/store/store.h"
#include "tests/harness/test.h"

enum { LAW_URL_MAX = 256 /* [bytes] */ };

/* clang-format off */
#define STORE_LAWS(X) \
	X(a_call_comes_back_as_it_was) \
	X(ids_and_idempotency_keys_are_taken_once) \
	X(a_state_never_goes_back) \
	X(the_way_of_a_call_is_walked_forward) \
	X(what_is_written_once_stays) \
	X(an_event_is_taken_once) \
	X(turns_are_kept_in_order_and_replaced) \
	X(lists_are_filtered_and_paged) \
	X(keys_are_found_by_their_hash_until_revoked) \
	X(numbers_not_to_be_called_are_kept) \
	X(numbers_not_to_be_called_come_by_hundreds) \
	X(a_plan_becomes_one_call_at_most) \
	X(a_row_becomes_one_call_at_most) \
	X(a_campaign_keeps_its_pace_and_its_room) \
	X(what_stands_still_calls_nobody) \
	X(what_is_urgent_is_called_first) \
	X(campaigns_are_listed_newest_first) \
	X(a_thousand_rows_are_added_in_about_a_second) \
	X(what_is_scheduled_is_in_nobodys_hands) \
	X(what_is_due_comes_in_its_order) \
	X(what_is_scheduled_begins_once_and_counts_from_then) \
	X(those_that_go_before_are_counted) \
	X(a_setting_is_kept_replaced_and_removed) \
	X(what_is_told_is_written_with_what_happened) \
	X(letters_of_a_call_are_due_one_after_the_other) \
	X(a_dead_letter_lets_the_others_go_on) \
	X(what_was_claimed_is_due_again_when_woken) \
	X(the_outbox_has_a_bound) \
	X(a_number_is_called_once_at_a_time) \
	X(what_is_unwanted_or_too_much_is_not_admitted) \
	X(calls_are_counted_to_the_unit) \
	X(seconds_are_reserved_and_settled) \
	X(many_race_for_the_last_unit_and_one_has_it) \
	X(a_provider_has_room_for_so_many_calls) \
	X(a_call_of_which_nothing_is_known_may_use_anything) \
	X(many_race_for_the_last_room_and_one_has_it) \
	X(calls_that_came_to_nothing_are_counted) \
	X(what_is_not_dialled_goes_to_the_next_server) \
	X(only_who_has_a_call_in_hand_dials_it) \
	X(a_call_whose_end_was_asked_for_is_not_dialled) \
	X(what_was_forgotten_in_hand_is_told_of) \
	X(what_was_promised_is_not_taken_back) \
	X(what_was_promised_survives_a_kill) \
	X(many_threads_use_one_store) \
	X(no_memory_is_an_error_and_leaks_nothing)

#define STORE_LAW(name) void store_law_##name(void);
STORE_LAWS(STORE_LAW)
#undef STORE_LAW

/* In a table of tests. */
#define STORE_LAW_TEST(name) TEST(store_law_##name),
/* clang-format on */

/* Makes a new, empty ledger for one test; @url gets where it is. */
typedef void store_law_new_h(char url[LAW_URL_MAX]);

void store_laws_use(store_law_new_h *make);

/* For laws: the ledger of the test that runs, and what they do with it. */
extern struct store *law_store;
extern char law_url[LAW_URL_MAX], law_why[256], law_walked[512];

void law_begin(void);
void law_reopen(void);
/* The store is closed, and nothing of it left. */
void law_end(void);

#define T(text) ((char *)(uintptr_t)(text))

struct store_call law_new_call(const char *id, const char *key);
void law_add(const char *id);
enum store_state law_state_of(const char *id);
/* Has it moved? */
bool law_set_state(const char *id, enum store_state state);

/* Calls of @n open stores of one new ledger race for a provider's room: all of
 * it is had, and never more. */
void law_race_for_room(struct store *const *servers, unsigned n);

/* Each adds what it is given to law_walked. */
int law_note_event(const struct store_event *ev, void *arg);
int law_note_id(const struct store_call *c, void *arg);

#endif
