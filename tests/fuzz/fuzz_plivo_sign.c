/*
 * Plivo's signature: URL, form and nonce as they come, separated by NULs. What
 * we have signed verifies, and with another nonce it does not.
 */
#include "common/buf.h"
#include "common/err.h"
#include "common/plivo_sign.h"
#include "tests/fuzz/fuzz.h"

static void verify(const struct plivo_sign *s, const char *made)
{
	struct plivo_sign other = *s;
	char nonce[PLIVO_SIGN_NONCE_MAX + 2];
	size_t n = strlen(s->nonce);

	must(plivo_sign_verify(s, made, NULL, "token") == 0);
	must(plivo_sign_verify(s, NULL, made, "token") == 0);
	must(plivo_sign_verify(s, made, NULL, "Token") != 0);
	must(plivo_sign_verify(s, NULL, NULL, "token") != 0);
	if (n > PLIVO_SIGN_NONCE_MAX)
		return;
	memcpy(nonce, s->nonce, n);
	memcpy(nonce + n, "x", 2);
	other.nonce = nonce;
	must(plivo_sign_verify(&other, made, NULL, "token") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *url = fuzz_part(&data, &len), *nonce = fuzz_part(&data, &len);
	char *form = fuzz_copy(data, len), made[PLIVO_SIGN_LEN + 1];
	struct plivo_sign s = {
		.url = url, .form = str_n(form, len), .nonce = nonce};
	struct buf text;
	int err;

	buf_init(&text, PLIVO_SIGN_TEXT_MAX);
	err = plivo_sign_text(&text, &s);
	must(err == 0 || err == ERR_LIMIT || err == ERR_AUTH);
	must(plivo_sign_make(made, &s, "token") == err);
	/* A header's list of signatures: any text will do. */
	must(plivo_sign_verify(&s, nonce, url, "token") != 0);
	if (!err && *nonce)
		verify(&s, made);
	buf_fini(&text);
	free(url);
	free(nonce);
	free(form);
	must(mem_live() == 0);
	return 0;
}
