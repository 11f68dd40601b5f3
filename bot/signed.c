#include "bot/signed.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/plivo_sign.h"
#include "common/str.h"
#include "common/timer.h"

enum {
	URL_LEN_MAX = 40 * 1024, /* [bytes]; custom data may be in it */
	DIGEST = 16,             /* [bytes] kept of what is remembered */
};

/* Texts of any length, as what can be compared and kept. */
struct mark {
	uint8_t v[DIGEST];
};

struct nonce {
	bool used, has_uuid;
	uint64_t at_us;
	struct mark nonce, id, uuid;
};

struct signed_check {
	struct timers *timers;
	char *base, *token;
	const char *matched; /* scheme that was logged; NULL: none yet */
	struct nonce *ring;
	unsigned next;
};

static struct mark mark_of(const char *text)
{
	uint8_t full[CRYPTO_SHA256_LEN];
	struct mark m;

	crypto_sha256(full, text, strlen(text));
	memcpy(m.v, full, sizeof(m.v));
	return m;
}

static bool same(const struct mark *a, const struct mark *b)
{
	return memcmp(a->v, b->v, sizeof(a->v)) == 0;
}

int signed_new(struct signed_check **sp, struct timers *ts, const char *base,
               const char *token)
{
	struct signed_check *s = mem_zalloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->timers = ts;
	s->base = mem_strdup(base);
	s->token = mem_strdup(token);
	s->ring = mem_zalloc(SIGNED_NONCES_MAX * sizeof(*s->ring));
	if (!s->base || !s->token || !s->ring) {
		signed_free(&s);
		return -ENOMEM;
	}
	*sp = s;
	return 0;
}

void signed_free(struct signed_check **sp)
{
	struct signed_check *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	mem_free(s->base);
	mem_free(s->token);
	mem_free(s->ring);
	mem_free(s);
}

int signed_place_url(struct buf *out, const char *base, const char *id)
{
	size_t n = strlen(base);

	while (n && base[n - 1] == '/')
		n--;
	return buf_addf(out, "%.*s/ws/%s", (int)n, base, id);
}

/* "wss://host[:port]" of the base, without its path. */
static struct str origin(const char *base)
{
	const char *at = strstr(base, "://");

	return str_n(base,
	             at ? (size_t)(at + 3 - base) + strcspn(at + 3, "/?#") : 0);
}

static int format_url(struct buf *out, const struct signed_check *s,
                      const struct signed_upgrade *up)
{
	struct str o = origin(s->base);
	int err;

	if (up->id)
		return signed_place_url(out, s->base, up->id);
	err = buf_add(out, o.v, o.len);
	return err ? err : buf_adds(out, up->target);
}

int signed_verify(struct signed_check *s, const struct signed_upgrade *up)
{
	const char *scheme = NULL;
	struct buf url;
	int err;

	buf_init(&url, URL_LEN_MAX);
	err = format_url(&url, s, up);
	if (!err) {
		struct plivo_sign sign = {.url = url.v, .nonce = up->nonce};

		err = plivo_sign_verify_stream(&sign, up->signature,
		                               up->signature_ma, s->token,
		                               &scheme);
	}
	buf_fini(&url);
	if (!err && scheme != s->matched) {
		s->matched = scheme;
		log_line(LOG_INFO, "signed", NULL,
		         "event=scheme_matched scheme=%s", scheme);
	}
	return err;
}

static struct nonce *find(struct signed_check *s, const struct mark *m)
{
	uint64_t now_us = timers_now(s->timers);

	for (unsigned i = 0; i < SIGNED_NONCES_MAX; i++) {
		struct nonce *n = &s->ring[i];

		if (n->used && same(&n->nonce, m) &&
		    now_us - n->at_us < SIGNED_NONCE_SEC * 1000000ULL)
			return n;
	}
	return NULL;
}

int signed_nonce(struct signed_check *s, const char *nonce, const char *id)
{
	struct mark m = mark_of(nonce), i = mark_of(id);
	struct nonce *n = find(s, &m);

	if (n)
		return same(&n->id, &i) ? 0 : ERR_STALE;
	n = &s->ring[s->next++ % SIGNED_NONCES_MAX];
	*n = (struct nonce){.used = true,
	                    .at_us = timers_now(s->timers),
	                    .nonce = m,
	                    .id = i};
	return 0;
}

int signed_nonce_call(struct signed_check *s, const char *nonce,
                      const char *uuid)
{
	struct mark m = mark_of(nonce), u = mark_of(uuid);
	struct nonce *n = find(s, &m);

	if (!n)
		return 0; /* forgotten since; the signature stands */
	if (n->has_uuid)
		return same(&n->uuid, &u) ? 0 : ERR_STALE;
	n->uuid = u;
	n->has_uuid = true;
	return 0;
}
