#include "server/letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/crypto.h"
#include "common/js.h"
#include "common/netaddr.h"
#include "common/str.h"
#include "server/http/message.h"
#include "server/ledger_json.h"
#include "server/store/call.h"
#include "server/store/outbox.h"

enum {
	WAIT_FIRST_MS = 1000,
	WAIT_MAX_MS = 3600000,
	DOUBLINGS_MAX = 12,
	HOST_MAX = 256, /* [bytes] with terminator */
};

static int add_text(struct buf *out, const char *name, const char *v)
{
	int err = buf_addf(out, "\"%s\":", name);

	if (!err)
		err = js_quote(out, v, strlen(v));
	return err ? err : buf_adds(out, ",");
}

/* What a state's letter has: its name, and the call as it stands now. */
static int add_state(struct buf *out, const char *state,
                     const struct store_call *call)
{
	int err = buf_addf(out, "{\"state\":%s,\"call\":", state);

	if (!err)
		err = ledger_json_call(out, call, true);
	return err ? err : buf_adds(out, "}}");
}

int letter_body(struct buf *out, const struct store_letter *l,
                const struct store_call *call)
{
	const char *data = l->data && l->data[0] ? l->data : "null";
	int err = buf_adds(out, "{");

	if (!err)
		err = add_text(out, "event_id", l->event_id);
	if (!err)
		err = add_text(out, "call_id", l->call_id);
	if (!err)
		err = buf_addf(out, "\"seq\":%" PRId64 ",", l->seq);
	if (!err)
		err = add_text(out, "type", l->type);
	if (!err)
		err = buf_addf(out,
		               "\"at_ms\":%" PRId64 ",\"data\":", l->at_ms);
	if (!err && !strcmp(l->type, "state"))
		err = add_state(out, data, call);
	else if (!err)
		err = buf_adds(out, data);
	return err ? err : buf_adds(out, "}");
}

int letter_sign(char line[LETTER_SIGNED_MAX], const char *secret,
                int64_t now_sec, const struct buf *body)
{
	uint8_t sum[CRYPTO_SHA256_LEN];
	char hex[2 * CRYPTO_SHA256_LEN + 1];
	struct buf all;
	int err;

	buf_init(&all, LETTER_BODY_MAX + 64);
	err = buf_addf(&all, "%" PRId64 ".", now_sec);
	if (!err)
		err = buf_add(&all, buf_str(body), body->len);
	if (!err)
		crypto_hmac_sha256(sum, secret, strlen(secret), all.v, all.len);
	buf_fini(&all);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	snprintf(line, LETTER_SIGNED_MAX,
	         "Dialout-Signature: t=%" PRId64 ",v1=%s", now_sec, hex);
	return 0;
}

uint32_t letter_wait_ms(unsigned tries, long asked_sec, uint32_t chance)
{
	const unsigned n = tries ? tries - 1 : 0;
	uint32_t ms = WAIT_MAX_MS;

	if (n < DOUBLINGS_MAX && (WAIT_FIRST_MS << n) < WAIT_MAX_MS)
		ms = (uint32_t)WAIT_FIRST_MS << n;
	/* Between half of it and all of it: those that failed together do not
	 * come together again. */
	ms = ms / 2 + (uint32_t)((uint64_t)chance * (ms / 2) / UINT32_MAX);
	if (asked_sec > WAIT_MAX_MS / 1000)
		asked_sec = WAIT_MAX_MS / 1000;
	if (asked_sec > 0 && (uint32_t)asked_sec * 1000 > ms)
		ms = (uint32_t)asked_sec * 1000;
	return ms;
}

/* The host without its port and brackets. */
static struct str bare_host(struct str host)
{
	if (host.len && host.v[0] == '[') {
		host = str_n(host.v + 1, host.len - 1);
		return str_cut(&host, ']');
	}
	return str_cut(&host, ':');
}

static bool is_number(const char *host)
{
	return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':');
}

const char *letter_check_url(const char *url, bool anywhere)
{
	const bool tls = str_starts(str_of(url), "https://");
	char host[HOST_MAX];
	size_t n;

	if (strlen(url) >= LETTER_URL_MAX)
		return "is longer than 1023 characters";
	if (!tls && !str_starts(str_of(url), "http://"))
		return "must begin with https://";
	if (!tls && !anywhere)
		return "must begin with https:// (http:// takes "
		       "EVENTS_PRIVATE=allow)";
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c == 0x7f || strchr("\"<>#\\", *c))
			return "has a character that no address has";
	url += tls ? 8 : 7;
	n = strcspn(url, "/?");
	if (str_copy(host, sizeof(host), str_n(url, n)) || !http_host_ok(host))
		return "has no host";
	if (str_copy(host, sizeof(host), bare_host(str_n(url, n))))
		return "has no host";
	if (!anywhere && is_number(host) && !netaddr_text_public(host))
		return "is not on the internet (EVENTS_PRIVATE=allow lets it "
		       "be)";
	return NULL;
}
