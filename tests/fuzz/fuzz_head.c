/*
 * Heads of HTTP requests to the bot, and URLs. Slices lie in the text, and a
 * head is complete or not whatever comes behind it.
 */
#include <errno.h>

#include "bot/net/http_head.h"
#include "bot/net/url.h"
#include "bot/peer.h"
#include "tests/fuzz/fuzz.h"

static void inside(struct str part, const char *v, size_t len)
{
	must(!part.len || (part.v >= v && part.v + part.len <= v + len));
}

static void look(const struct http_head *h, const char *v, size_t len)
{
	struct http_head again;

	must(h->len > 0 && h->len <= len);
	inside(h->method, v, h->len);
	inside(h->path, v, h->len);
	inside(h->query, v, h->len);
	inside(h->key, v, h->len);
	must(h->n_fields <= HTTP_HEADERS_MAX);
	for (size_t i = 0; i < h->n_fields; i++) {
		inside(h->field[i].name, v, h->len);
		inside(h->field[i].value, v, h->len);
		must(!memchr(h->field[i].value.v, '\n', h->field[i].value.len));
	}
	http_head_get(h, "Host");
	must(http_head_parse(&again, v, h->len) == 0);
	must(again.len == h->len);
	must(http_head_parse(&again, v, h->len - 1) != 0);
}

static void url(const char *text)
{
	struct url u;

	if (url_parse(&u, text) == 0) {
		must(u.host[0] && u.path[0] == '/' && u.port);
		must(!strpbrk(u.host, "/@ \r\n"));
		must(!strpbrk(u.path, " \r\n"));
	}
	peer_url_ok(text);
	peer_url_is_loopback(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len), *text = fuzz_string(data, len);
	struct http_head h;
	int err = http_head_parse(&h, v, len);

	must(err == 0 || err == -EAGAIN || err == 400 || err == 426 ||
	     err == 431 || err == 501 || err == 505);
	if (!err)
		look(&h, v, len);
	url(text);
	free(v);
	free(text);
	return 0;
}
