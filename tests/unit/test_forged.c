/*
 * Streams that come to the bot and are none of Plivo's, or no more: none of
 * them opens a session, which is what has providers. FORGED_STREAMS says how
 * many are tried, FORGED_SEED which.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>

#include "common/plivo_sign.h"
#include "tests/fake/booth.h"
#include "tests/fake/session_here.h"
#include "tests/harness/test.h"

#define BASE "wss://voice.example.com/b3/ws/"

enum { ID_MAX = 64, OPENED = 101, HEADERS_MAX = 4 };

/* An upgrade as it is sent. */
struct knock {
	char path[256], signature[PLIVO_SIGN_LEN + 8], nonce[64];
	struct ws_header headers[HEADERS_MAX];
	size_t n;
};

static char waiting[ID_MAX], live[ID_MAX], ended[ID_MAX];
static struct knock captured; /* the one that the ended call came with */
static struct ws *ws;
static int status, code; /* of the last knock; of its socket's end */
static uint64_t dice;
static unsigned number; /* of nonces */

static void handler(const struct ws_event *ev, void *arg)
{
	(void)arg;
	if (ev->type == WS_OPEN)
		status = OPENED;
	else if (ev->type == WS_FAILED)
		status = ev->status;
	else if (ev->type == WS_CLOSED)
		code = ev->code;
	else
		return;
	if (ev->type != WS_OPEN)
		ws_close(&ws, 1000, NULL);
	net_stop(booth.net);
}

static void knock(const struct knock *k)
{
	char url[512];
	struct ws_params prm = {
		.url = url, .headers = k->headers, .n_headers = k->n};

	snprintf(url, sizeof(url), "%s%s", booth.ws_base, k->path);
	status = code = 0;
	CHECK_INT(0, ws_connect(&ws, booth.net, &prm, handler, NULL));
	while (!status)
		net_run(booth.net);
}

static void add(struct knock *k, const char *name, const char *value)
{
	k->headers[k->n].name = name;
	k->headers[k->n++].value = value;
}

/* To the place @id, signed for that of @for_id. */
static void sign(struct knock *k, const char *id, const char *for_id,
                 const char *token, const char *nonce)
{
	char url[256];
	struct plivo_sign s = {.url = url};

	memset(k, 0, sizeof(*k));
	s.nonce = k->nonce;
	snprintf(k->path, sizeof(k->path), "/b3/ws/%s", id);
	snprintf(url, sizeof(url), BASE "%s", for_id);
	if (nonce)
		snprintf(k->nonce, sizeof(k->nonce), "%s", nonce);
	else
		snprintf(k->nonce, sizeof(k->nonce), "n-%u", number++);
	CHECK_INT(0, plivo_sign_make(k->signature, &s, token));
	add(k, "x-plivo-signature-v3", k->signature);
	add(k, "x-plivo-signature-v3-nonce", k->nonce);
}

static void random_id(char id[ID_MAX])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				      "mnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < 22; i++)
		id[i] = letters[test_draw(&dice, sizeof(letters) - 1)];
	id[22] = '\0';
}

/* ---- forgeries; each says with what it must be refused -------------------- */

static int a_guessed_id(struct knock *k)
{
	char id[ID_MAX];

	random_id(id);
	sign(k, id, id, booth_token, NULL);
	return 404;
}

static int an_id_that_is_nearly_right(struct knock *k)
{
	char id[ID_MAX];
	size_t i;

	snprintf(id, sizeof(id), "%.60s", waiting);
	i = test_draw(&dice, (unsigned)strlen(id));
	switch (test_draw(&dice, 3)) {
	case 0:
		id[i] = id[i] == 'A' ? 'B' : 'A';
		break;
	case 1:
		id[strlen(id) - 1] = '\0';
		break;
	default:
		i = strlen(id);
		id[i] = 'A';
		id[i + 1] = '\0';
		break;
	}
	sign(k, id, id, booth_token, NULL);
	return 404;
}

static int the_id_of_a_call_that_has_ended(struct knock *k)
{
	sign(k, ended, ended, booth_token, NULL);
	return 410;
}

static int the_very_upgrade_of_a_call_that_has_ended(struct knock *k)
{
	*k = captured;
	k->headers[0].value = k->signature;
	k->headers[1].value = k->nonce;
	return 410;
}

static int no_signature(struct knock *k)
{
	sign(k, waiting, waiting, booth_token, NULL);
	k->n = 0;
	return 403;
}

static int a_signature_without_its_nonce(struct knock *k)
{
	sign(k, waiting, waiting, booth_token, NULL);
	k->n = 1;
	return 403;
}

static int a_signature_of_another_account(struct knock *k)
{
	sign(k, waiting, waiting, "other-token", NULL);
	return 403;
}

static int a_signature_with_one_letter_changed(struct knock *k)
{
	size_t i;

	sign(k, waiting, waiting, booth_token, NULL);
	/* Not the last digit, some of whose bits mean nothing. */
	i = test_draw(&dice, (unsigned)strlen(k->signature) - 2);
	k->signature[i] = k->signature[i] == 'x' ? 'y' : 'x';
	return 403;
}

static int a_signature_for_another_place(struct knock *k)
{
	sign(k, waiting, test_draw(&dice, 2) ? live : ended, booth_token, NULL);
	return 403;
}

static int a_signature_for_another_nonce(struct knock *k)
{
	sign(k, waiting, waiting, booth_token, NULL);
	snprintf(k->nonce, sizeof(k->nonce), "m-%u", number++);
	return 403;
}

static int a_nonce_that_another_call_came_with(struct knock *k)
{
	sign(k, waiting, waiting, booth_token, captured.nonce);
	return 403;
}

static int a_signature_of_the_second_version(struct knock *k)
{
	sign(k, waiting, waiting, booth_token, NULL);
	k->headers[0].name = "x-plivo-signature-v2";
	k->headers[1].name = "x-plivo-signature-v2-nonce";
	return 403;
}

static int a_secret_that_is_not_the_servers(struct knock *k)
{
	sign(k, waiting, waiting, booth_token, NULL);
	k->n = 0;
	add(k, "authorization",
	    test_draw(&dice, 2) ? "Bearer 0123456789abcdef0123456789abcdee"
	                        : "Bearer ");
	return 403;
}

static int an_inline_stream_where_none_is_taken(struct knock *k)
{
	sign(k, waiting, waiting, booth_token, NULL);
	snprintf(k->path, sizeof(k->path), "/b3/ws%s?body=e30%%3D",
	         test_draw(&dice, 2) ? "/" : "");
	return 403;
}

static int (*const forgeries[])(struct knock *k) = {
	a_guessed_id,
	an_id_that_is_nearly_right,
	the_id_of_a_call_that_has_ended,
	the_very_upgrade_of_a_call_that_has_ended,
	no_signature,
	a_signature_without_its_nonce,
	a_signature_of_another_account,
	a_signature_with_one_letter_changed,
	a_signature_for_another_place,
	a_signature_for_another_nonce,
	a_nonce_that_another_call_came_with,
	a_signature_of_the_second_version,
	a_secret_that_is_not_the_servers,
	an_inline_stream_where_none_is_taken,
};

/* ---- the calls that are real ----------------------------------------------- */

static void say_start(struct ws *to, const char *uuid)
{
	char text[512];

	snprintf(text, sizeof(text),
	         "{\"event\":\"start\",\"sequenceNumber\":1,\"start\":{"
	         "\"callId\":\"%s\",\"streamId\":\"s-%s\",\"tracks\":["
	         "\"inbound\"],\"mediaFormat\":{\"encoding\":"
	         "\"audio/x-mulaw\",\"sampleRate\":8000}}}",
	         uuid, uuid);
	CHECK_INT(0, ws_send_text(to, text, strlen(text)));
}

static void reserve(char id[ID_MAX], const char *call_id)
{
	CHECK_INT(200, booth_reserve(call_id, NULL));
	snprintf(id, ID_MAX, "%s", booth.id);
}

/* @k is let in, and its call is on. Its socket stays in ws. */
static void let_in(const struct knock *k, const char *uuid)
{
	unsigned before = fake_session()->opened;

	knock(k);
	CHECK_INT(OPENED, status);
	say_start(ws, uuid);
	while (fake_session()->opened == before)
		booth_pass(5);
}

/* A call that has ended, one that is on, one that is waited for. */
static void open_calls(void)
{
	struct knock k;

	booth.cfg.verify = VERIFY_ENFORCE;
	booth_open_public();
	reserve(ended, "call-1");
	sign(&captured, ended, ended, booth_token, "n-captured");
	let_in(&captured, "uuid-1");
	ws_close(&ws, 1000, NULL);
	while (fake_session()->open_now)
		booth_pass(5);
	reserve(live, "call-2");
	sign(&k, live, live, booth_token, "n-live");
	let_in(&k, "uuid-2");
	booth.phone.ws = ws;
	ws = NULL;
	reserve(waiting, "call-3");
}

static void no_forged_stream_has_a_provider(void)
{
	const unsigned seed = test_size("FORGED_SEED", 20261125);
	const unsigned n = test_size("FORGED_STREAMS", 700);
	unsigned strangers = 0;
	struct knock k;

	dice = seed;
	open_calls();
	for (unsigned i = 0; i < n; i++) {
		unsigned which = i % (ARRAY_LEN(forgeries) + 1);
		int want;

		if (which < ARRAY_LEN(forgeries)) {
			want = forgeries[which](&k);
			knock(&k);
			if (status != want)
				test_fail(__FILE__, __LINE__,
				          "forgery %u, try %u: %d, not %d",
				          which, i, status, want);
		} else {
			/* All is right but the call that it says it is. */
			sign(&k, live, live, booth_token,
			     test_draw(&dice, 2) ? "n-live" : NULL);
			knock(&k);
			CHECK_INT(OPENED, status);
			say_start(ws, "uuid-9");
			while (!code)
				net_run(booth.net);
			CHECK_INT(1008, code);
			strangers++;
		}
		CHECK_INT(2, fake_session()->opened);
	}
	CHECK_INT(1, fake_session()->open_now);
	CHECK(!strstr(fake_session()->log, "reline"));
	/* They have cost nobody his place, or his call. */
	sign(&k, waiting, waiting, booth_token, NULL);
	let_in(&k, "uuid-3");
	CHECK_INT(3, fake_session()->opened);
	CHECK_INT(2, fake_session()->open_now);
	printf("forged: seed %u: %u streams, %u of them let in until they "
	       "said who they were; none had a session\n",
	       seed, n, strangers);
	ws_close(&ws, 1000, NULL);
	booth_close();
}

static const struct test tests[] = {
	TEST_SLOW(no_forged_stream_has_a_provider, 60),
};

TEST_MAIN(tests)
