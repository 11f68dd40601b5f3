/*
 * signed.h - did Plivo sign this upgrade, and is it the first of its nonce?
 *
 * Plivo signs the URL it was given, but with a scheme that is not always the
 * one it dialled: http, https, wss and ws are tried in that order, and the one
 * that matched is logged once. A nonce that was seen is refused for ten
 * minutes unless it comes for the same place and the same call. Pure, on the
 * clock of struct timers.
 */
#ifndef BOT_SIGNED_H
#define BOT_SIGNED_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/crypto.h"

struct buf;
struct signed_check;
struct timers;

enum {
	SIGNED_NONCES_MAX = 4096, /* remembered */
	SIGNED_NONCE_SEC = 600,   /* for so long [s] */
};

struct signed_upgrade {
	const char *id;           /* of the place; NULL: the inline form */
	const char *target;       /* inline: path and query as sent */
	const char *signature;    /* of X-Plivo-Signature-V3; NULL without */
	const char *signature_ma; /* of X-Plivo-Signature-Ma-V3; NULL without */
	const char *nonce;        /* NULL without */
};

/* @base: BOT_PUBLIC_URL; @token: the account's. Both copied. -ENOMEM. */
int signed_new(struct signed_check **sp, struct timers *ts, const char *base,
               const char *token) MUST_CHECK;
void signed_free(struct signed_check **sp);

/* Is the signature right? A place's URL is the one handed out, whatever the
 * request line says; the inline form's is the base's host with the target as
 * sent. ERR_AUTH: it is not, or there is none. -ENOMEM, ERR_LIMIT. */
int signed_verify(struct signed_check *s,
                  const struct signed_upgrade *up) MUST_CHECK;

/* Append the URL that is handed out for a place. -ENOMEM, ERR_LIMIT. */
int signed_place_url(struct buf *out, const char *base,
                     const char *id) MUST_CHECK;

/* Is this the nonce's first use, or one by the same @id ("" for the inline
 * form; the call is not known yet)? It is remembered. ERR_STALE: replayed. */
int signed_nonce(struct signed_check *s, const char *nonce,
                 const char *id) MUST_CHECK;

/* Now the call is known: is @uuid the one that the nonce came with first?
 * ERR_STALE. */
int signed_nonce_call(struct signed_check *s, const char *nonce,
                      const char *uuid) MUST_CHECK;

#endif
