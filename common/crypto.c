#define _GNU_SOURCE /* getrandom() */
#include "common/crypto.h"

#include <mbedtls/constant_time.h>
#include <mbedtls/md.h>
#include <sys/random.h>

#include "common/base64.h"

static void digest(mbedtls_md_type_t type, uint8_t *out, const void *v,
                   size_t len)
{
	int err = mbedtls_md(mbedtls_md_info_from_type(type), v, len, out);

	ASSERT(!err);
}

void crypto_sha256(uint8_t out[CRYPTO_SHA256_LEN], const void *v, size_t len)
{
	digest(MBEDTLS_MD_SHA256, out, v, len);
}

void crypto_sha1(uint8_t out[CRYPTO_SHA1_LEN], const void *v, size_t len)
{
	digest(MBEDTLS_MD_SHA1, out, v, len);
}

void crypto_hmac_sha256(uint8_t out[CRYPTO_SHA256_LEN], const void *key,
                        size_t key_len, const void *v, size_t len)
{
	int err = mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
	                          key, key_len, v, len, out);

	ASSERT(!err);
}

void crypto_random(void *out, size_t len)
{
	uint8_t *p = out;

	/* The kernel's generator is seeded by now and needs no state of ours
	 * that a fork() could double. */
	while (len) {
		ssize_t n = getrandom(p, len, 0);

		ASSERT(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

void crypto_id(char out[CRYPTO_ID_LEN])
{
	uint8_t bits[16];
	char text[BASE64_LEN(sizeof(bits)) + 1];
	size_t n;

	crypto_random(bits, sizeof(bits));
	n = base64_encode(text, bits, sizeof(bits));
	ASSERT(n >= CRYPTO_ID_LEN - 1);
	for (size_t i = 0; i < CRYPTO_ID_LEN - 1; i++) {
		out[i] = text[i];
		if (out[i] == '+')
			out[i] = '-';
		else if (out[i] == '/')
			out[i] = '_';
	}
	out[CRYPTO_ID_LEN - 1] = '\0';
}

bool crypto_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	uint8_t da[CRYPTO_SHA256_LEN], db[CRYPTO_SHA256_LEN];

	/* Digests have one length, so neither content nor a common prefix of
	 * the secret shows in the time. */
	crypto_sha256(da, a, a_len);
	crypto_sha256(db, b, b_len);
	return !mbedtls_ct_memcmp(da, db, sizeof(da)) && a_len == b_len;
}
