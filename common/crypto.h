/*
 * crypto.h - digests, keyed digests, random numbers, secret comparison
 *
 * The one place that knows mbedTLS. TLS itself is the libraries' affair.
 * Safe to use from several threads.
 */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	CRYPTO_SHA256_LEN = 32, /* [bytes] */
	CRYPTO_SHA1_LEN = 20,   /* [bytes] */
	CRYPTO_ID_LEN = 23,     /* [bytes] of crypto_id(), with terminator */
};

void crypto_sha256(uint8_t out[CRYPTO_SHA256_LEN], const void *v, size_t len);
void crypto_hmac_sha256(uint8_t out[CRYPTO_SHA256_LEN], const void *key,
                        size_t key_len, const void *v, size_t len);
void crypto_sha1(uint8_t out[CRYPTO_SHA1_LEN], const void *v, size_t len);

/* Unpredictable bytes. Aborts when the system has none to give. */
void crypto_random(void *out, size_t len);

/* 128 random bits as 22 characters of [A-Za-z0-9_-]. */
void crypto_id(char out[CRYPTO_ID_LEN]);

/* Equal? Takes a time that depends on the lengths alone. */
bool crypto_equal(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
