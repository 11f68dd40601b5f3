#include "tests/sim/lib/plivo_sign.h"

#include <errno.h>
#include <string.h>

#include "common/crypto.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"

enum { TEXT_MAX = 256 * 1024 /* [bytes] above any form Plivo posts */ };

static int join(struct buf *out, const struct psim_pairs *p,
                const char *between, const char *inside)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->n; i++) {
		if (i)
			err = buf_adds(out, between);
		if (!err)
			err = buf_adds(out, p->v[i].k);
		if (!err)
			err = buf_adds(out, inside);
		if (!err)
			err = buf_adds(out, p->v[i].v);
	}
	return err;
}

/* Sorted copies are made, since the order of sending is the sender's. */
static int sorted(struct psim_pairs *to, const struct psim_pairs *from)
{
	int err = 0;

	for (size_t i = 0; !err && from && i < from->n; i++)
		err = psim_pairs_add(to, from->v[i].k, from->v[i].v);
	psim_pairs_sort(to);
	return err;
}

int psim_sign_text(struct buf *out, const char *url,
                   const struct psim_pairs *body, const char *nonce)
{
	struct psim_pairs *q = mem_zalloc(2 * sizeof(*q)), *b;
	const char *end = strchr(url, '#');
	struct str rest = str_n(url, end ? (size_t)(end - url) : strlen(url));
	const struct str base = str_cut(&rest, '?');
	int err;

	if (!q)
		return -ENOMEM;
	b = q + 1;
	err = psim_pairs_parse(q, rest);
	psim_pairs_sort(q);
	if (!err)
		err = sorted(b, body);
	if (!err)
		err = buf_add(out, base.v, base.len);
	if (!err && (q->n || b->n))
		err = buf_adds(out, "?");
	if (!err)
		err = join(out, q, "&", "=");
	if (!err && q->n && b->n)
		err = buf_adds(out, ".");
	if (!err)
		err = join(out, b, "", "");
	if (!err)
		err = buf_addf(out, ".%s", nonce);
	psim_pairs_fini(q);
	psim_pairs_fini(b);
	mem_free(q);
	return err;
}

int psim_sign(char out[PSIM_SIGNATURE_LEN], const char *url,
              const struct psim_pairs *body, const char *nonce,
              const char *token)
{
	struct buf text;
	int err;

	buf_init(&text, TEXT_MAX);
	err = psim_sign_text(&text, url, body, nonce);
	if (!err) {
		uint8_t mac[CRYPTO_SHA256_LEN];

		crypto_hmac_sha256(mac, token, strlen(token), text.v, text.len);
		out[psim_base64(out, mac, sizeof(mac))] = '\0';
	}
	buf_fini(&text);
	return err;
}

void psim_nonce(char out[PSIM_NONCE_LEN])
{
	uint8_t raw[PSIM_NONCE_LEN - 1];

	crypto_random(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		out[i] = (char)('0' + raw[i] % 10);
	out[sizeof(raw)] = '\0';
}
