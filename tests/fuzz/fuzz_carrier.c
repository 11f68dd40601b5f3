/*
 * Plivo's answers over REST. The first byte is the status.
 */
#include "server/carrier/priv.h"
#include "tests/fuzz/fuzz.h"

static void on_info(const struct carrier_info *info, int err, void *arg)
{
	(void)err;
	(void)arg;
	must(info && info->uuid && info->uuid[0]);
	must(info->to && info->from && info->cause && info->source);
}

static void dialed(const struct fetch_result *r)
{
	char uuid[CARRIER_UUID_MAX], text[CARRIER_TEXT_MAX];
	struct carrier_outcome o = {.status = 0};

	carrier_plivo_ops.dialed(r, &o, uuid, text);
	must(o.uuid && o.text && strlen(text) < sizeof(text));
	must((o.result == CARRIER_PLACED) == (uuid[0] != '\0'));
	must(strspn(uuid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
	                  "Z0123456789-") == strlen(uuid));
	/* A client may repeat only what surely was not placed. */
	if (o.result == CARRIER_PLACED)
		must(r->status / 100 == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fetch_result r = {.sent = true, .retry_after_sec = -1};
	char *body;

	if (!len)
		return 0;
	r.status = data[0] < 128 ? 201 : 200 + data[0];
	body = fuzz_string(data + 1, len - 1);
	r.body = body;
	r.body_len = strlen(body);
	dialed(&r);
	r.status = 200;
	(void)carrier_plivo_ops.asked(&r, CARRIER_LIVE, on_info, NULL);
	(void)carrier_plivo_ops.asked(&r, CARRIER_FINISHED, on_info, NULL);
	free(body);
	return 0;
}
