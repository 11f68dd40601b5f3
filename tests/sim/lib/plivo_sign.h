/*
 * plivo_sign.h - Plivo's V3 signature, as the sender computes it
 *
 * Written from plivo's published algorithm and checked against the vectors of
 * its SDKs; shares nothing with the verifier of the programs under test.
 */
#ifndef TESTS_SIM_LIB_PLIVO_SIGN_H
#define TESTS_SIM_LIB_PLIVO_SIGN_H

#include "tests/sim/lib/plivo_url.h"

enum {
	PSIM_SIGNATURE_LEN = 45, /* [bytes] with terminator */
	PSIM_NONCE_LEN = 21,     /* [bytes] with terminator */
};

/* What is signed, into @out: @url as dialled, a fragment is dropped; @body the
 * decoded form of a POST, NULL for GET. -EINVAL, -ENOMEM, ERR_LIMIT. */
int psim_sign_text(struct buf *out, const char *url,
                   const struct psim_pairs *body, const char *nonce) MUST_CHECK;

/* The signature of that text under @token. */
int psim_sign(char out[PSIM_SIGNATURE_LEN], const char *url,
              const struct psim_pairs *body, const char *nonce,
              const char *token) MUST_CHECK;

/* Twenty random digits. */
void psim_nonce(char out[PSIM_NONCE_LEN]);

#endif
