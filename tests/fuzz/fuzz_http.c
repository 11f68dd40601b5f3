/*
 * What a stranger writes into a request of the server: forms, hosts, origins,
 * times.
 */
#include "common/err.h"
#include "server/bots/bots.h"
#include "server/http/message.h"
#include "server/ledger_json.h"
#include "tests/fuzz/fuzz.h"

static void form(struct str text)
{
	char v[64];
	int err = http_form_get(v, sizeof(v), text, "CallUUID");

	must(strlen(v) < sizeof(v));
	if (err)
		must(v[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len), *text = fuzz_string(data, len);
	struct http_req req = {.method = HTTP_POST,
	                       .path = "/events/x",
	                       .query = text,
	                       .body = v,
	                       .body_len = len,
	                       .peer = "127.0.0.1",
	                       .tail = ""};
	char got[32];
	int64_t ms;

	form(str_n(v, len));
	must(strlen(http_param(got, sizeof(got), &req, "Event")) < sizeof(got));
	if (http_host_ok(text))
		must(!strpbrk(text, "/?#@\\ \t\r\n\"<>"));
	else
		must(!http_host_loopback(text));
	http_origin_allowed(text, "https://a.example, https://b.example");
	http_origin_allowed("https://a.example", text);
	http_peer_loopback(text);
	bots_near(text);
	(void)!ledger_json_time(text, &ms);
	free(v);
	free(text);
	return 0;
}
