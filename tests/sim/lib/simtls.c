#include "tests/sim/lib/simtls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "tests/sim/lib/simmem.h"

struct simtls_ctx {
	SSL_CTX *ssl;
	bool h2;
};

struct simtls {
	SSL *ssl;
	BIO *in, *out; /* of the SSL object */
	char alpn[16];
};

enum { CHUNK = 16384 /* [bytes] one TLS record */ };

static int choose_alpn(SSL *ssl, const unsigned char **out,
                       unsigned char *out_len, const unsigned char *in,
                       unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	const struct simtls_ctx *ctx = arg;
	const unsigned skip = ctx->h2 ? 0 : 3;
	unsigned char *choice;

	(void)ssl;
	if (SSL_select_next_proto(&choice, out_len, ours + skip,
	                          (unsigned)sizeof(ours) - 1 - skip, in,
	                          in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = choice;
	return SSL_TLSEXT_ERR_OK;
}

struct simtls_ctx *simtls_ctx_new(const char *cert, const char *key, bool h2)
{
	struct simtls_ctx *ctx = sim_zalloc(sizeof(*ctx));

	ctx->h2 = h2;
	ctx->ssl = SSL_CTX_new(TLS_server_method());
	ASSERT(ctx->ssl);
	SSL_CTX_set_min_proto_version(ctx->ssl, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx->ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ctx->ssl, choose_alpn, ctx);
	if (SSL_CTX_use_certificate_chain_file(ctx->ssl, cert) == 1 &&
	    SSL_CTX_use_PrivateKey_file(ctx->ssl, key, SSL_FILETYPE_PEM) == 1)
		return ctx;
	fprintf(stderr, "cannot use certificate %s with key %s: ", cert, key);
	ERR_print_errors_fp(stderr);
	simtls_ctx_free(&ctx);
	return NULL;
}

void simtls_ctx_free(struct simtls_ctx **cp)
{
	struct simtls_ctx *ctx = *cp;

	*cp = NULL;
	if (!ctx)
		return;
	SSL_CTX_free(ctx->ssl);
	mem_free(ctx);
}

struct simtls *simtls_new(struct simtls_ctx *ctx)
{
	struct simtls *t = sim_zalloc(sizeof(*t));

	t->ssl = SSL_new(ctx->ssl);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	ASSERT(t->ssl && t->in && t->out);
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_accept_state(t->ssl);
	return t;
}

void simtls_free(struct simtls **tp)
{
	struct simtls *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	SSL_free(t->ssl);
	mem_free(t);
}

static void drain(struct simtls *t, struct buf *out)
{
	char *v;
	const long n = BIO_get_mem_data(t->out, &v);

	if (n > 0)
		sim_add(out, v, (size_t)n);
	(void)BIO_reset(t->out);
}

static void note_alpn(struct simtls *t)
{
	const unsigned char *v;
	unsigned len;

	SSL_get0_alpn_selected(t->ssl, &v, &len);
	if (!t->alpn[0] && len > 0 && len < sizeof(t->alpn))
		memcpy(t->alpn, v, len);
}

int simtls_feed(struct simtls *t, const char *v, size_t len, struct buf *plain,
                struct buf *out)
{
	char chunk[CHUNK];
	int n, err = 0;

	ERR_clear_error();
	if (BIO_write(t->in, v, (int)len) != (int)len)
		return ERR_PROTO;
	for (;;) {
		n = SSL_read(t->ssl, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		sim_add(plain, chunk, (size_t)n);
	}
	switch (SSL_get_error(t->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_ZERO_RETURN:
		err = 1;
		break;
	default:
		err = ERR_PROTO;
		break;
	}
	note_alpn(t);
	drain(t, out);
	return err;
}

int simtls_seal(struct simtls *t, const void *v, size_t len, struct buf *out)
{
	ERR_clear_error();
	while (len > 0) {
		const size_t part = len < CHUNK ? len : CHUNK;

		if (SSL_write(t->ssl, v, (int)part) != (int)part)
			return ERR_PROTO;
		v = (const char *)v + part;
		len -= part;
	}
	drain(t, out);
	return 0;
}

void simtls_end(struct simtls *t, struct buf *out)
{
	ERR_clear_error();
	if (SSL_is_init_finished(t->ssl)) {
		SSL_shutdown(t->ssl);
		drain(t, out);
	}
}

const char *simtls_alpn(const struct simtls *t)
{
	return t->alpn;
}
