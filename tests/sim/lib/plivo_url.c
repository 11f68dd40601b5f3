#include "tests/sim/lib/plivo_url.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"

static bool clean(const char *text)
{
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c == 0x7f || c == '"' || c == '<' || c == '>' ||
		    c == '\\' || c == '^' || c == '`' || c == '{' || c == '|' ||
		    c == '}')
			return false;
	}
	return true;
}

/* host, host:port, [v6], [v6]:port */
static int cut_authority(struct psim_url *u, struct str a)
{
	struct str host, port;
	uint64_t n;
	int err;

	if (!a.len || memchr(a.v, '@', a.len))
		return -EINVAL;
	err = str_copy(u->authority, sizeof(u->authority), a);
	if (err)
		return err;
	if (a.v[0] == '[') {
		host = str_n(a.v + 1, a.len - 1);
		host = str_cut(&host, ']');
		port = str_n(a.v + host.len + 1, a.len - host.len - 1);
		if (port.len < 1 || port.v[0] != ']')
			return -EINVAL;
		port = str_n(port.v + 1, port.len - 1);
	} else {
		struct str rest = a;

		host = str_cut(&rest, ':');
		port = str_n(a.v + host.len, a.len - host.len);
	}
	if (!host.len)
		return -EINVAL;
	if (port.len) {
		if (port.v[0] != ':')
			return -EINVAL;
		port = str_n(port.v + 1, port.len - 1);
		if (str_u64(port, 65535, &n) || !n)
			return -EINVAL;
	} else {
		port = str_of(u->tls ? "443" : "80");
	}
	err = str_copy(u->host, sizeof(u->host), host);
	return err ? err : str_copy(u->port, sizeof(u->port), port);
}

int psim_url_parse(struct psim_url *u, const char *text)
{
	static const char *const schemes[] = {"http", "https", "ws", "wss"};
	const char *end = strchr(text, '#');
	struct str whole =
		str_n(text, end ? (size_t)(end - text) : strlen(text));
	const char *start;
	size_t len;
	int err;

	memset(u, 0, sizeof(*u));
	if (!clean(text))
		return -EINVAL;
	err = str_copy(u->text, sizeof(u->text), whole);
	if (!err && end)
		err = str_copy(u->fragment, sizeof(u->fragment),
		               str_of(end + 1));
	if (err)
		return err;
	start = strstr(u->text, "://");
	if (!start)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_eq(str_n(u->text, (size_t)(start - u->text)),
		           schemes[i]))
			(void)snprintf(u->scheme, sizeof(u->scheme), "%s",
			               schemes[i]);
	if (!u->scheme[0])
		return -EINVAL;
	u->tls = !strcmp(u->scheme, "https") || !strcmp(u->scheme, "wss");
	start += 3;
	len = strcspn(start, "/?");
	u->target = start + len;
	return cut_authority(u, str_n(start, len));
}

static int rule_what(struct psim_rule *r, struct str list)
{
	r->on_4xx = r->on_5xx = r->on_connect = r->on_read = false;
	while (list.len) {
		const struct str one = str_cut(&list, ',');

		if (str_eq(one, "all"))
			r->on_4xx = r->on_5xx = r->on_connect = r->on_read =
				true;
		else if (str_eq(one, "4xx"))
			r->on_4xx = true;
		else if (str_eq(one, "5xx"))
			r->on_5xx = true;
		else if (str_eq(one, "ct"))
			r->on_connect = true;
		else if (str_eq(one, "rt"))
			r->on_read = true;
		else
			return -EINVAL;
	}
	return 0;
}

static int rule_number(struct psim_rule *r, struct str key, struct str value)
{
	const struct {
		const char *name;
		uint64_t least, most;
		uint32_t *to;
	} known[] = {
		{"ct", 100, 10000, &r->ct_ms},
		{"rt", 100, 40000, &r->rt_ms},
		{"tt", 100, 55000, &r->tt_ms},
		{"rc", 0, 5, &r->retries},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		uint64_t n;

		if (!str_eq(key, known[i].name))
			continue;
		if (str_u64(value, known[i].most, &n) || n < known[i].least)
			return -EINVAL;
		*known[i].to = (uint32_t)n;
		return 0;
	}
	return -EINVAL;
}

static bool region_known(struct str value)
{
	static const char *const regions[] = {
		"nearest",   "local",     "n_california", "n_virginia",
		"frankfurt", "singapore", "mumbai"};

	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		if (str_eq(value, regions[i]))
			return true;
	return false;
}

int psim_rule_parse(struct psim_rule *r, const char *fragment, char why[32])
{
	struct str rest = str_of(fragment);

	*r = (struct psim_rule){.ct_ms = 2000,
	                        .rt_ms = 40000,
	                        .tt_ms = 55000,
	                        .retries = 1,
	                        .on_connect = true,
	                        .on_read = true};
	while (rest.len) {
		struct str value = str_cut(&rest, '&');
		const struct str key = str_cut(&value, '=');
		int err;

		if (str_eq(key, "rp"))
			err = rule_what(r, value);
		else if (str_eq(key, "er"))
			err = region_known(value) ? 0 : -EINVAL;
		else
			err = rule_number(r, key, value);
		if (err) {
			(void)snprintf(why, 32, "%.*s", STR_ARG(key));
			return err;
		}
	}
	return 0;
}

int psim_pairs_add(struct psim_pairs *p, const char *k, const char *v)
{
	struct psim_pair one;

	if (p->n == PSIM_PAIRS_MAX)
		return ERR_LIMIT;
	one.k = mem_strdup(k);
	one.v = mem_strdup(v);
	if (!one.k || !one.v) {
		mem_free(one.k);
		mem_free(one.v);
		return -ENOMEM;
	}
	p->v[p->n++] = one;
	return 0;
}

int psim_pairs_addf(struct psim_pairs *p, const char *k, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return ERR_LIMIT;
	return psim_pairs_add(p, k, text);
}

/* A decoded copy of one side of a pair. */
static char *decoded(struct str s)
{
	char *text = mem_strndup(s.v ? s.v : "", s.len);
	long n;

	if (!text)
		return NULL;
	n = str_unescape(text, s.len, true);
	if (n < 0) {
		mem_free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

int psim_pairs_parse(struct psim_pairs *p, struct str text)
{
	while (text.len) {
		struct str value = str_cut(&text, '&');
		const bool empty = !value.len;
		const struct str key = str_cut(&value, '=');
		char *k, *v;
		int err = -EINVAL;

		if (empty)
			continue;
		k = decoded(key);
		v = decoded(value);
		if (k && v)
			err = psim_pairs_add(p, k, v);
		mem_free(k);
		mem_free(v);
		if (err)
			return err;
	}
	return 0;
}

const char *psim_pairs_get(const struct psim_pairs *p, const char *k)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].k, k))
			return p->v[i].v;
	return NULL;
}

int psim_pairs_encode(const struct psim_pairs *p, struct buf *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->n; i++) {
		if (i)
			err = buf_add(out, "&", 1);
		if (!err)
			err = str_escape(out, str_of(p->v[i].k));
		if (!err)
			err = buf_add(out, "=", 1);
		if (!err)
			err = str_escape(out, str_of(p->v[i].v));
	}
	return err;
}

static int by_key_and_value(const void *a, const void *b)
{
	const struct psim_pair *x = a, *y = b;
	const int c = strcmp(x->k, y->k);

	return c ? c : strcmp(x->v, y->v) != 0;
}

void psim_pairs_sort(struct psim_pairs *p)
{
	qsort(p->v, p->n, sizeof(p->v[0]), by_key_and_value);
}

void psim_pairs_fini(struct psim_pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		mem_free(p->v[i].k);
		mem_free(p->v[i].v);
	}
	p->n = 0;
}
