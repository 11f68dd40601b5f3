#include "common/plivo_sign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

struct pair {
	struct str key, value; /* decoded; they lie in pairs.text */
};

struct pairs {
	struct pair v[PLIVO_SIGN_PAIRS_MAX];
	size_t n;
	char *text;
};

/* Decode in place as Plivo's own code does: '+' is a space, and what is no
 * escape stays as it is. A zero byte is a byte like any other here. */
static size_t decode(char *v, size_t len)
{
	size_t in, out = 0;

	for (in = 0; in < len; in++) {
		char digits[4] = {'0', '0', 0, 0};
		int code = -1;

		if (v[in] == '%' && len - in > 2) {
			digits[2] = v[in + 1];
			digits[3] = v[in + 2];
			code = str_hex4(digits, 4);
		}
		if (code >= 0) {
			v[out++] = (char)code;
			in += 2;
		} else {
			v[out++] = v[in] == '+' ? ' ' : v[in];
		}
	}
	return out;
}

static int compare_str(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int diff = len ? memcmp(a.v, b.v, len) : 0;

	if (diff)
		return diff;
	return (a.len > b.len) - (a.len < b.len);
}

static int compare(const void *a, const void *b)
{
	const struct pair *p = a, *q = b;
	int diff = compare_str(p->key, q->key);

	return diff ? diff : compare_str(p->value, q->value);
}

static int add_pair(struct pairs *ps, char *part, size_t len)
{
	char *eq = memchr(part, '=', len);
	size_t key_len = eq ? (size_t)(eq - part) : len;
	char *value = eq ? eq + 1 : part + len;
	struct pair *p;

	if (ps->n == ARRAY_LEN(ps->v))
		return ERR_LIMIT;
	p = &ps->v[ps->n++];
	p->value = str_n(value, decode(value, len - (size_t)(value - part)));
	p->key = str_n(part, decode(part, key_len));
	return 0;
}

/* The parameters of a query or a form, decoded and in order. */
static int read_pairs(struct pairs *ps, struct str encoded)
{
	char *part;
	int err = 0;

	ps->n = 0;
	ps->text = mem_strndup(encoded.len ? encoded.v : "", encoded.len);
	if (!ps->text)
		return -ENOMEM;
	for (part = ps->text; part < ps->text + encoded.len && !err;) {
		size_t left = encoded.len - (size_t)(part - ps->text);
		char *end = memchr(part, '&', left);
		size_t len = end ? (size_t)(end - part) : left;

		if (len)
			err = add_pair(ps, part, len);
		part += len + 1;
	}
	qsort(ps->v, ps->n, sizeof(ps->v[0]), compare);
	return err;
}

static int add_str(struct buf *out, struct str s)
{
	return s.len ? buf_add(out, s.v, s.len) : 0;
}

/* @eq between key and value and @amp between pairs: "=" and "&" of a query,
 * nothing at all of a form. */
static int add_pairs(struct buf *out, const struct pairs *ps, const char *eq,
                     const char *amp)
{
	size_t i;
	int err = 0;

	for (i = 0; i < ps->n && !err; i++) {
		if (i)
			err = buf_adds(out, amp);
		if (!err)
			err = add_str(out, ps->v[i].key);
		if (!err)
			err = buf_adds(out, eq);
		if (!err)
			err = add_str(out, ps->v[i].value);
	}
	return err;
}

/* Does @ps add any character? A form of "=" alone does not. */
static bool form_has_text(const struct pairs *ps)
{
	size_t i;

	for (i = 0; i < ps->n; i++) {
		if (ps->v[i].key.len || ps->v[i].value.len)
			return true;
	}
	return false;
}

struct parts {
	struct str scheme; /* with "://"; empty: taken from the URL */
	struct str base;   /* what follows it, up to the query */
	struct pairs query, form;
	struct str nonce;
};

static int write_text(struct buf *out, const struct parts *p)
{
	bool form = form_has_text(&p->form);
	int err = add_str(out, p->scheme);

	if (!err)
		err = add_str(out, p->base);
	if (!err && (p->query.n || form))
		err = buf_adds(out, "?");
	if (!err)
		err = add_pairs(out, &p->query, "=", "&");
	if (!err && p->query.n && form)
		err = buf_adds(out, ".");
	if (!err)
		err = add_pairs(out, &p->form, "", "");
	if (!err)
		err = buf_adds(out, ".");
	if (!err)
		err = add_str(out, p->nonce);
	return err;
}

static void parts_free(struct parts *p)
{
	if (!p)
		return;
	mem_free(p->query.text);
	mem_free(p->form.text);
	mem_free(p);
}

static int parts_new(struct parts **pp, const struct plivo_sign *s)
{
	struct parts *p = mem_zalloc(sizeof(*p));
	struct str rest = str_of(s->url), base;
	const char *colon;
	int err;

	if (!p)
		return -ENOMEM;
	rest = str_cut(&rest, '#');
	base = str_cut(&rest, '?');
	colon = strstr(s->url, "://");
	if (colon && colon < base.v + base.len) {
		size_t len = (size_t)(colon - base.v) + 3;

		p->scheme = str_n(base.v, len);
		base = str_n(base.v + len, base.len - len);
	}
	p->base = base;
	p->nonce = str_of(s->nonce);
	err = p->nonce.len > PLIVO_SIGN_NONCE_MAX ? ERR_LIMIT : 0;
	if (!err)
		err = read_pairs(&p->query, rest);
	if (!err)
		err = read_pairs(&p->form, s->form);
	if (err)
		parts_free(p);
	else
		*pp = p;
	return err;
}

int plivo_sign_text(struct buf *out, const struct plivo_sign *s)
{
	struct parts *p = NULL;
	int err = parts_new(&p, s);

	if (!err)
		err = write_text(out, p);
	parts_free(p);
	return err;
}

static int sign(char out[PLIVO_SIGN_LEN + 1], const struct parts *p,
                const char *token)
{
	uint8_t mac[CRYPTO_SHA256_LEN];
	struct buf text;
	int err;

	buf_init(&text, PLIVO_SIGN_TEXT_MAX);
	err = write_text(&text, p);
	if (!err) {
		crypto_hmac_sha256(mac, token, strlen(token), text.v, text.len);
		base64_encode(out, mac, sizeof(mac));
		out[PLIVO_SIGN_LEN] = '\0';
	}
	buf_fini(&text);
	return err;
}

int plivo_sign_make(char out[PLIVO_SIGN_LEN + 1], const struct plivo_sign *s,
                    const char *token)
{
	struct parts *p = NULL;
	int err = parts_new(&p, s);

	if (!err)
		err = sign(out, p, token);
	parts_free(p);
	return err;
}

/* Several tokens may be in use, and then each has signed. */
static bool listed(const char *header, const char *want)
{
	struct str list = str_of(header);
	bool found = false;

	while (list.v) {
		struct str one = str_trim(str_cut(&list, ','));

		if (crypto_equal(one.v, one.len, want, PLIVO_SIGN_LEN))
			found = true;
	}
	return found;
}

static int check(const struct parts *p, const char *v3, const char *ma,
                 const char *token)
{
	char want[PLIVO_SIGN_LEN + 1];
	bool in_v3, in_ma;
	int err = sign(want, p, token);

	if (err)
		return err;
	in_v3 = listed(v3, want);
	in_ma = listed(ma, want);
	return in_v3 || in_ma ? 0 : ERR_AUTH;
}

int plivo_sign_verify(const struct plivo_sign *s, const char *v3,
                      const char *ma, const char *token)
{
	struct parts *p = NULL;
	int err;

	if (!s->nonce || !s->nonce[0] || (!v3 && !ma) || !token || !token[0])
		return ERR_AUTH;
	err = parts_new(&p, s);
	if (!err)
		err = check(p, v3, ma, token);
	parts_free(p);
	return err;
}

int plivo_sign_verify_stream(const struct plivo_sign *s, const char *v3,
                             const char *ma, const char *token,
                             const char **scheme)
{
	/* "http" is what was seen on a live call. */
	static const char *const schemes[] = {"http://", "https://", "wss://",
	                                      "ws://"};
	struct parts *p = NULL;
	size_t i;
	int err;

	if (!s->nonce || !s->nonce[0] || (!v3 && !ma) || !token || !token[0])
		return ERR_AUTH;
	err = parts_new(&p, s);
	if (err)
		return err;
	err = ERR_AUTH;
	for (i = 0; i < ARRAY_LEN(schemes) && err == ERR_AUTH; i++) {
		p->scheme = str_of(schemes[i]);
		err = check(p, v3, ma, token);
		if (!err && scheme)
			*scheme = schemes[i];
	}
	parts_free(p);
	return err;
}
