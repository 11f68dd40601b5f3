/*
 * Texts that try to become more than data: in numbers, custom data, names,
 * headers and callbacks. All but some numbers have the same word in them, and
 * it reaches no URL, no document and no request to Plivo. Custom data in the
 * two inline forms are the exception: "body=" of the stream's URL is them,
 * byte for byte. INJECTIONS says how many are tried with each form.
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/js.h"
#include "common/str.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "+15551234567"
#define BASE   "https://voice.example.com"
#define W      "zQxj" /* the word */

static const char *const payloads[] = {
	W,
	"\"" W,
	"'" W,
	"<" W ">",
	"</Stream><" W "/>",
	"\"/><Dial><Number>" W,
	"' x='" W "' y='",
	"&" W ";",
	"&lt;" W "&gt;",
	"&#60;" W "&#x3e;",
	"]]>" W,
	"<![CDATA[" W "]]>",
	"<!--" W "-->",
	"<?" W "?>",
	"<!DOCTYPE " W " [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>&e;",
	"?" W "=1",
	"&" W "=1",
	"&body=" W,
	"?body=" W "&serviceHost=" W,
	"#" W,
	"/../../" W,
	"..\\" W,
	"//" W ".example.com/",
	"@" W ".example.com",
	":1@" W,
	"http://" W ".example.com/",
	"wss://" W ".example.com/ws",
	"file:///" W,
	"\r\nX-Evil: " W,
	"\n" W,
	"\r\n\r\n" W,
	"%0d%0aX-Evil:" W,
	"%00" W,
	"%" W,
	"%2e%2e%2f" W,
	"\",\"answer_url\":\"http://" W,
	"\"},{\"" W "\":\"",
	"\\" W,
	"\\\"" W,
	"${" W "}",
	"{{" W "}}",
	"$(" W ")",
	"`" W "`",
	"; " W,
	"| " W,
	"';DROP TABLE call;--" W,
	"<15557654321<" W,
	"<sip:" W "@example.com",
	"sip:" W "@example.com",
	"\t" W " ",
	"\x01\x1b[2J" W,
	"\x7f" W,
	"\xd9\xa3" W,                 /* an Arabic digit */
	"\xef\xbc\x8b\xef\xbc\x91" W, /* wide + and 1 */
	"\xe2\x80\xae" W,             /* from right to left */
	"\xef\xbb\xbf" W,
	"\xc0\xbc" W, /* < in too many bytes */
	"\xff\xfe" W,
	"=" W "==",
	"+" W "+",
};

/* Numbers of several, or of none. */
static const char *const numbers[] = {
	NUMBER "<+15557654321",
	NUMBER "<15557654321<15557654322",
	NUMBER ",+15557654321",
	NUMBER ";+15557654321",
	NUMBER ";ext=1",
	NUMBER "x22",
	NUMBER "p22",
	NUMBER "\n+15557654321",
	NUMBER "&to=1555765432",
	"sip:15551234567@example.com",
	"tel:" NUMBER,
	"<" NUMBER ">",
	"+1555123456\xd9\xa7",
	"+1555123456\xef\xbc\x97",
	"++15551234567",
	"+1555123456712345678",
};

enum {
	AT_NUMBER,
	AFTER_NUMBER,
	BEFORE_NUMBER,
	IN_BODY,
	AS_NAME,
	AS_BODY,
	AT_AGENT,
	AT_STRANGER,
	IN_HOST,
	IN_HEADERS,
	IN_CALLBACK,
	PLACES
};

static struct world w;
static char placed[8192], key[64], body[640]; /* of the last start */
static unsigned n_placed, n_documents, n_refused, n_bodies;

/* Plivo, and a bot. What they get of a request is seen to here. */
static void peer(const struct fake_request *req, struct fake_answer *answer,
                 void *arg)
{
	(void)arg;
	CHECK(!strstr(req->path, W) && !strstr(req->head, W));
	if (!strcmp(req->method, "POST") && !strcmp(req->path, CALL)) {
		snprintf(placed, sizeof(placed), "%.8191s", req->body);
		answer->status = 201;
		snprintf(answer->body, sizeof(answer->body),
		         "{\"request_uuid\":\"uuid-%u\"}", ++n_placed);
	} else if (!strcmp(req->path, "/reserve")) {
		/* The bot is told all that was said, and as data. */
		snprintf(answer->body, sizeof(answer->body),
		         "{\"id\":\"place-1-6f1d0c9ab2e84573\",\"stream_url\":"
		         "\"wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573"
		         "\",\"calls\":1,\"capacity\":10}");
	} else {
		snprintf(answer->body, sizeof(answer->body), "{}");
	}
}

/* @v as JSON, its bytes as they are where JSON lets them be. */
static void quote(char *out, size_t cap, const char *v)
{
	size_t n = 0;

	out[n++] = '"';
	for (; *v; v++) {
		CHECK(n + 8 < cap);
		if ((unsigned char)*v < 0x20)
			n += (size_t)snprintf(out + n, cap - n, "\\u%04x",
			                      (unsigned)*v);
		else if (*v == '"' || *v == '\\')
			n += (size_t)snprintf(out + n, cap - n, "\\%c", *v);
		else
			out[n++] = *v;
	}
	out[n++] = '"';
	out[n] = '\0';
}

/* ---- what Plivo was asked -------------------------------------------------- */

/* @url is ours, for the call whose key it ends with. */
static void check_url(const json_t *doc, const char *name, const char *path)
{
	const char *url = js_str(doc, name, "");
	size_t n = strlen(BASE) + strlen(path);

	CHECK(!strncmp(url, BASE, strlen(BASE)));
	CHECK(!strncmp(url + strlen(BASE), path, strlen(path)));
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(url + n, "#"), url + n);
	CHECK_INT(22, strlen(key));
	CHECK_STR("#ct=2000&rt=5000&rc=3&rp=all", url + n + 22);
}

static void check_placed(void)
{
	static const char *const fields[] = {
		"from",         "to",          "answer_url",  "answer_method",
		"ring_url",     "ring_method", "hangup_url",  "hangup_method",
		"ring_timeout", "time_limit",  "sip_headers",
	};
	json_t *doc = js_parse(placed, strlen(placed), NULL, 0);

	CHECK(doc);
	CHECK(!strstr(placed, W));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		CHECK(json_object_get(doc, fields[i]));
	CHECK_INT(ARRAY_LEN(fields), json_object_size(doc));
	CHECK_STR(NUMBER, js_str(doc, "to", ""));
	CHECK_STR("+15550001111", js_str(doc, "from", ""));
	check_url(doc, "ring_url", "/events/");
	check_url(doc, "hangup_url", "/events/");
	check_url(doc, "answer_url", "/answer/");
	json_decref(doc);
}

/* ---- what Plivo was answered ------------------------------------------------ */

struct document {
	char url[8192]; /* what the stream's element says */
	unsigned streams, depth;
	bool in_stream;
};

static void XMLCALL element(void *arg, const char *name, const char **attrs)
{
	struct document *d = arg;
	static const char *const known[] = {"Response", "Stream", "Hangup",
	                                    "Redirect"};
	size_t i = 0;

	while (i < ARRAY_LEN(known) && strcmp(known[i], name) != 0)
		i++;
	CHECK(i < ARRAY_LEN(known));
	CHECK_INT(d->depth++ > 0, i > 0);
	d->in_stream = i == 1;
	d->streams += d->in_stream;
	for (; *attrs; attrs++)
		CHECK(!strstr(*attrs, W));
}

static void XMLCALL element_end(void *arg, const char *name)
{
	struct document *d = arg;

	(void)name;
	d->depth--;
	d->in_stream = false;
}

static void XMLCALL chars(void *arg, const char *v, int len)
{
	struct document *d = arg;
	size_t n = strlen(d->url);
	char text[4096];

	snprintf(text, sizeof(text), "%.*s", len, v);
	if (d->in_stream)
		snprintf(d->url + n, sizeof(d->url) - n, "%s", text);
	else
		CHECK(!strstr(text, W));
}

/* "body=" of @url is the custom data; the rest of it is before that. */
static void check_body(char *url)
{
	char *at = strstr(url, "body="), json[4096];
	long n;

	if (!at)
		return;
	n = str_unescape(at + 5, strlen(at + 5), false);
	CHECK(n > 0 && (size_t)n < sizeof(json));
	n = base64_decode_lenient(json, at + 5, (size_t)n);
	CHECK(n > 0);
	json[n] = '\0';
	CHECK_STR(body, json);
	*at = '\0';
	n_bodies++;
}

static void check_document(const char *want, bool inline_form)
{
	const bool with_body = inline_form && *body;
	const size_t without = inline_form && !*body;
	static struct document d;
	XML_Parser p = XML_ParserCreate(NULL);
	unsigned before = n_bodies;
	char *url = d.url;

	CHECK(p);
	CHECK_INT(200, w.a.status);
	memset(&d, 0, sizeof(d));
	XML_SetUserData(p, &d);
	XML_SetElementHandler(p, element, element_end);
	XML_SetCharacterDataHandler(p, chars);
	if (!XML_Parse(p, w.a.body, (int)w.a.body_len, 1))
		test_fail(__FILE__, __LINE__, "no XML: %s", w.a.body);
	XML_ParserFree(p);
	CHECK_INT(1, d.streams);
	url += strspn(url, " \n");
	url[strcspn(url, " \n")] = '\0';
	check_body(url);
	CHECK_INT(with_body, n_bodies > before);
	CHECK(!strncmp(want, url, strlen(url)));
	/* The last letter of @want is where the data begin. */
	CHECK_INT(strlen(want) - without, strlen(url));
	n_documents++;
}

/* ---- one payload, at one place ---------------------------------------------- */

/* A header's value cannot have an end of line; what remains is tried. */
static void add_header(char *out, size_t cap, const char *name,
                       const char *value)
{
	size_t n = strlen(out);

	n += (size_t)snprintf(out + n, cap - n, "%s: ", name);
	for (; *value; value++)
		if (*value != '\r' && *value != '\n' && n + 3 < cap)
			out[n++] = *value;
	snprintf(out + n, cap - n, "\r\n");
}

static void write_headers(char *out, size_t cap, int place, const char *payload)
{
	static const char *const names[] = {
		"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For",
		"X-Real-IP",        "Forwarded",         "Origin",
		"Referer",          "User-Agent",        "X-Original-URL",
	};

	*out = '\0';
	if (place == IN_HEADERS)
		add_header(out, cap, "Host", "localhost");
	if (place == IN_HOST)
		add_header(out, cap, "Host", payload);
	for (size_t i = 0; place == IN_HEADERS && i < ARRAY_LEN(names); i++)
		add_header(out, cap, names[i], payload);
}

static void write_start(char *out, size_t cap, int place, const char *payload)
{
	char number[256], text[512], quoted[600];

	quote(text, sizeof(text), payload);
	snprintf(quoted, sizeof(quoted), "%s%s%s",
	         place == AFTER_NUMBER ? NUMBER : "",
	         place <= BEFORE_NUMBER ? payload : NUMBER,
	         place == BEFORE_NUMBER ? NUMBER : "");
	quote(number, sizeof(number), quoted);
	body[0] = '\0';
	if (place == IN_BODY)
		snprintf(body, sizeof(body), "{\"x\":[%s]}", text);
	else if (place == AS_NAME)
		snprintf(body, sizeof(body), "{%s : 1}", text);
	else if (place == AS_BODY)
		snprintf(body, sizeof(body), "%s", text);
	snprintf(out, cap, "{\"phone_number\":%s%s%s%s%s%s%s:1}", number,
	         *body ? ",\"body\":" : "", body,
	         place == AT_AGENT ? ",\"agent\":" : "",
	         place == AT_AGENT ? text : "", ",",
	         place == AT_STRANGER ? text : "\"other\"");
}

static void write_callback(char *out, size_t cap, int place,
                           const char *payload)
{
	static const char *const names[] = {"From", "To", "CallerName",
	                                    "HangupCause", "body_data"};
	size_t n = (size_t)snprintf(out, cap, "Event=StartApp&CallUUID=uuid-%u",
	                            n_placed);

	for (size_t i = 0; place == IN_CALLBACK && i < ARRAY_LEN(names); i++) {
		n += (size_t)snprintf(out + n, cap - n, "&%s=", names[i]);
		for (const char *v = payload; *v; v++)
			n += (size_t)snprintf(out + n, cap - n, "%%%02X",
			                      (unsigned char)*v);
	}
}

static void attempt(int place, const char *payload, const char *want,
                    bool inline_form)
{
	char start[2048], headers[4096], target[128], form[4096];
	unsigned before = n_placed;

	write_start(start, sizeof(start), place, payload);
	write_headers(headers, sizeof(headers), place, payload);
	world_do(&w, "POST", "/start", headers, start);
	if (w.a.status / 100 == 4) {
		CHECK_INT(before, n_placed);
		n_refused++;
		return;
	}
	CHECK_INT(200, w.a.status);
	CHECK_INT(before + 1, n_placed);
	check_placed();
	write_callback(form, sizeof(form), place, payload);
	snprintf(target, sizeof(target), "/answer/%s", key);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n", form);
	check_document(want, inline_form);
}

static void try_all(const char *dotenv, const char *want, bool inline_form)
{
	const size_t all = PLACES * ARRAY_LEN(payloads);
	const unsigned port = fake_http_open(peer, NULL);
	size_t n = test_size("INJECTIONS", 1000), at = 0;
	char env[1024];

	if (n > all)
		n = all;
	snprintf(env, sizeof(env),
	         "PLIVO_API_URL=http://127.0.0.1:%u\nPUBLIC_URL=" BASE "\n"
	         "CALLS_PER_SECOND=1000\nMAX_CALLS=100000\n%s",
	         port, dotenv);
	if (!inline_form)
		snprintf(env + strlen(env), sizeof(env) - strlen(env),
		         "BOT_URL=http://127.0.0.1:%u\n", port);
	world_open(&w, env);
	for (size_t i = 0; i < n; i++, at += all / n)
		attempt((int)(at % PLACES), payloads[at / PLACES], want,
		        inline_form);
	CHECK(n_documents > n / 4 && n_refused > n / 5);
	CHECK_INT(inline_form, n_bodies > n / 8);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		attempt(AT_NUMBER, numbers[i], want, inline_form);
	printf("injection: %zu texts, %u refused, %u documents, %u with data\n",
	       n + ARRAY_LEN(numbers), n_refused, n_documents, n_bodies);
	world_close(&w);
}

static void a_fixed_stream_has_data_in_its_body_alone(void)
{
	try_all("BOT_WS_URL=wss://p.example.com/ws\n",
	        "wss://p.example.com/ws?", true);
}

static void a_stream_of_the_cloud_has_data_in_its_body_alone(void)
{
	try_all("ENV=production\nAPI_KEY=0123456789abcdef\nSTART_AUTH=none\n"
	        "AGENT_NAME=bot\nORGANIZATION_NAME=acme\n",
	        "wss://api.pipecat.daily.co/ws/plivo?serviceHost=bot.acme&",
	        true);
}

static void a_stream_to_our_bots_has_no_data(void)
{
	try_all("", "wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573", false);
}

static const struct test tests[] = {
	TEST_SLOW(a_fixed_stream_has_data_in_its_body_alone, 60),
	TEST_SLOW(a_stream_of_the_cloud_has_data_in_its_body_alone, 60),
	TEST_SLOW(a_stream_to_our_bots_has_no_data, 60),
};

TEST_MAIN(tests)
