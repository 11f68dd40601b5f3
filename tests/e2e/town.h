/*
 * town.h - a whole town for end-to-end tests: Plivo with the persons called,
 * the providers, bots and a server, each a real program on loopback
 */
#ifndef TESTS_E2E_TOWN_H
#define TESTS_E2E_TOWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/harness/http.h"
#include "tests/harness/proc.h"

enum { TOWN_BOTS_MAX = 4 };

#define TOWN_AUTH_ID    "MAXXXXXXXXXXXXXXXXXX"
#define TOWN_AUTH_TOKEN "simulated-auth-token"
#define TOWN_FROM       "+15557654321"
#define TOWN_TO         "+15551234567"

struct town_opts {
	const char *callee;    /* text of the callee's script; NULL: answers
	                        * and stays silent until the bot hangs up */
	const char *sentences; /* what Deepgram hears, a line each; NULL: its
	                        * default */
	const char *answers;   /* rules of the language model; NULL: echo */
	const char *agent;     /* the default agent's file; NULL: ours */
	const char *words;     /* plivo-sim tells which of these it heard */
	bool script;           /* LLM=script in place of OpenAI */
	bool relay;            /* streams go through the server, else Plivo
	                        * reaches each bot at its own address */
	unsigned bots;         /* 0: one; TOWN_NO_BOT: none */
	const char *const *plivo_args, *const *deepgram_args;
	const char *const *openai_args, *const *cartesia_args;
	const char *const *server_env, *const *bot_env; /* override ours */
};

enum { TOWN_NO_BOT = 1000 };

struct town {
	char dir[128];
	struct proc plivo, deepgram, openai, cartesia, server;
	struct proc bots[TOWN_BOTS_MAX];
	unsigned n_bots;
	unsigned bot_ports[TOWN_BOTS_MAX];
	char bot_urls[512]; /* as BOT_URL */
	const struct town_opts *opts;
};

/* Start it all. Fails the test. @opts may be NULL; borrowed until close. */
void town_open(struct town *t, const struct town_opts *opts);

/* (Re)start one program with the environment of town_open(). A bot keeps its
 * port when it had one. */
void town_start_server(struct town *t);
void town_start_bot(struct town *t, unsigned i);

/* POST @body to /start; the answer is the caller's to http_done(). */
void town_post_start(struct town *t, struct http_answer *a, const char *body);

/* Start a call to TOWN_TO with custom data @data (JSON, or NULL); returns its
 * call_id in static storage. Fails the test unless the answer is 200. */
const char *town_dial(struct town *t, const char *data);

/* The same to another number. */
const char *town_dial_to(struct town *t, const char *number, const char *data);

/* The call as the ledger has it; json_decref() it. Fails the test. */
json_t *town_call(struct town *t, const char *call_id);

/* Wait until the call's state is @state; its record. Fails the test after @ms,
 * or when the call came to another end, with the logs. */
json_t *town_wait(struct town *t, const char *call_id, const char *state,
                  unsigned ms);

/* The same until the ledger also has the bot's last event, its last turns
 * therefore, too. */
json_t *town_wait_told(struct town *t, const char *call_id, unsigned ms);

/* Members of a JSON object, on the way PATH "a.b.c" or "a.0.b"; NULL: it is
 * not there. town_str(): "" when it is no text; town_int(): -1. */
const json_t *town_at(const json_t *o, const char *path);
const char *town_str(const json_t *o, const char *path);
long town_int(const json_t *o, const char *path);

/* plivo-sim's journal as an array of its lines; json_decref() it. */
json_t *town_journal(struct town *t);

/* The nth line of the journal, from 0, with this "event" and, where @call is
 * not NULL, of the call with this UUID; borrowed; NULL: there is none. */
const json_t *town_find(const json_t *journal, const char *event,
                        const char *call, unsigned nth);
unsigned town_count(const json_t *journal, const char *event, const char *call);

/* Wait until the journal has one more than @n lines of @event. Fails the test
 * after @ms. */
void town_wait_journal(struct town *t, const char *event, unsigned n,
                       unsigned ms);

/* No simulator saw its protocol broken. Fails the test. */
void town_no_violations(struct town *t);

/* End all programs; each that still runs must end with 0. */
void town_close(struct town *t);

/* Print the end of every program's log: for a test that is about to fail. */
void town_print_logs(struct town *t);

#endif
