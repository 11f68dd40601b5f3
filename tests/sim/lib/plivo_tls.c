#define _GNU_SOURCE
#include "tests/sim/lib/plivo_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_loop.h"

struct psim_tls {
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	bool open;
};

static SSL_CTX *context(struct psim_loop *l)
{
	SSL_CTX *ctx;

	if (l->tls)
		return l->tls;
	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx)
		return NULL;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (l->ca ? SSL_CTX_load_verify_locations(ctx, l->ca, NULL) != 1
	          : SSL_CTX_set_default_verify_paths(ctx) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	l->tls = ctx;
	return ctx;
}

static int name_peer(SSL *ssl, const char *host)
{
	unsigned char raw[16];
	char name[256]; /* OpenSSL's macro takes no const */

	(void)snprintf(name, sizeof(name), "%s", host);
	if (inet_pton(AF_INET, host, raw) == 1 ||
	    inet_pton(AF_INET6, host, raw) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

int psim_tls_new(struct psim_tls **tp, struct psim_loop *l, const char *host)
{
	SSL_CTX *ctx = context(l);
	struct psim_tls *t;

	if (!ctx)
		return -EINVAL;
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->ssl = SSL_new(ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->in || !t->out) {
		BIO_free(t->in);
		BIO_free(t->out);
		SSL_free(t->ssl);
		mem_free(t);
		return -ENOMEM;
	}
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_connect_state(t->ssl);
	if (!name_peer(t->ssl, host)) {
		psim_tls_free(&t);
		return -EINVAL;
	}
	*tp = t;
	return 0;
}

void psim_tls_free(struct psim_tls **tp)
{
	if (!*tp)
		return;
	SSL_free((*tp)->ssl);
	mem_free(*tp);
	*tp = NULL;
}

int psim_tls_feed(struct psim_tls *t, const void *v, size_t len, bool *open)
{
	int rc;

	if (len > INT_MAX || (len && BIO_write(t->in, v, (int)len) != (int)len))
		return -ENOMEM;
	if (t->open) {
		*open = true;
		return 0;
	}
	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1) {
		t->open = *open = true;
		return 0;
	}
	if (SSL_get_error(t->ssl, rc) == SSL_ERROR_WANT_READ)
		return 0;
	return SSL_get_verify_result(t->ssl) == X509_V_OK ? ERR_PROTO
	                                                  : ERR_AUTH;
}

long psim_tls_read(struct psim_tls *t, void *v, size_t cap)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read(t->ssl, v, cap > INT_MAX ? INT_MAX : (int)cap);
	if (rc > 0)
		return rc;
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return ERR_EOF;
	default:
		return ERR_PROTO;
	}
}

int psim_tls_write(struct psim_tls *t, const void *v, size_t len)
{
	ERR_clear_error();
	if (len > INT_MAX || SSL_write(t->ssl, v, (int)len) != (int)len)
		return ERR_PROTO;
	return 0;
}

size_t psim_tls_output(struct psim_tls *t, void *v, size_t cap)
{
	const int n = BIO_read(t->out, v, cap > INT_MAX ? INT_MAX : (int)cap);

	return n > 0 ? (size_t)n : 0;
}
