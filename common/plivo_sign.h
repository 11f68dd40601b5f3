/*
 * plivo_sign.h - Plivo's V3 signature of a request
 *
 * In common although it knows a carrier, because both programs need it: the
 * server for webhooks, the bot for the upgrade of a media stream. Pure; does
 * no I/O, reads no clock. V2 signs no parameters and is never accepted.
 *
 * The boundary between keys and values of a form is not protected by the
 * signature ("CallUUID=1&To=2" signs like "CallUUID=1T&o=2"), so callers look
 * for the exact fields they expect. A nonce has no time in it.
 */
#ifndef COMMON_PLIVO_SIGN_H
#define COMMON_PLIVO_SIGN_H

#include "common/attr.h"
#include "common/base64.h"
#include "common/crypto.h"
#include "common/str.h"

struct buf;

enum {
	PLIVO_SIGN_LEN = BASE64_LEN(CRYPTO_SHA256_LEN), /* [bytes] */
	PLIVO_SIGN_PAIRS_MAX = 256,       /* parameters of one request */
	PLIVO_SIGN_TEXT_MAX = 256 * 1024, /* [bytes] of the signed text */
	PLIVO_SIGN_NONCE_MAX = 256,       /* [bytes] */
};

struct plivo_sign {
	const char *url;   /* as Plivo dialled it; a fragment is ignored */
	struct str form;   /* body of a POST, as sent; empty for GET */
	const char *nonce; /* X-Plivo-Signature-V3-Nonce; NULL: missing */
};

/* Append the text that is signed. ERR_LIMIT: more parameters or bytes than we
 * take. -ENOMEM. */
int plivo_sign_text(struct buf *out, const struct plivo_sign *s) MUST_CHECK;

/* The signature of it, with terminator. Same errors. */
int plivo_sign_make(char out[PLIVO_SIGN_LEN + 1], const struct plivo_sign *s,
                    const char *token) MUST_CHECK;

/* Is one of the signatures in @v3 (X-Plivo-Signature-V3) or @ma
 * (X-Plivo-Signature-Ma-V3), comma separated lists, NULL if missing, made
 * with @token? ERR_AUTH: no, or header or nonce are missing. Takes a time
 * that does not depend on the signatures' contents. ERR_LIMIT, -ENOMEM. */
int plivo_sign_verify(const struct plivo_sign *s, const char *v3,
                      const char *ma, const char *token) MUST_CHECK;

/* The same for a stream's upgrade: @s->url is "wss://..." or any other of
 * them, and the schemes http, https, wss, ws are tried in this order. @scheme
 * (may be NULL) gets the one that matched; static text. */
int plivo_sign_verify_stream(const struct plivo_sign *s, const char *v3,
                             const char *ma, const char *token,
                             const char **scheme) MUST_CHECK;

#endif
