#include "bot/net/url.h"

#include <errno.h>
#include <string.h>

#include "common/str.h"

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static int parse_port(struct url *url, struct str port)
{
	uint64_t n;
	int err;

	if (!port.len)
		return 0;
	err = str_u64(port, UINT16_MAX, &n);
	if (err || !n)
		return -EINVAL;
	url->port = (uint16_t)n;
	return 0;
}

static int parse_authority(struct url *url, struct str at)
{
	struct str host;

	if (at.len && at.v[0] == '[') {
		host = str_cut(&at, ']');
		if (!at.v || (at.len && at.v[0] != ':'))
			return -EINVAL;
		host = str_n(host.v + 1, host.len - 1);
		if (at.len)
			at = str_n(at.v + 1, at.len - 1);
	} else {
		host = str_cut(&at, ':');
	}
	if (!host.len || memchr(host.v, '@', host.len))
		return -EINVAL;
	if (at.v && memchr(at.v, '@', at.len))
		return -EINVAL;
	if (parse_port(url, at))
		return -EINVAL;
	return str_copy(url->host, sizeof(url->host), host);
}

int url_parse(struct url *url, const char *text)
{
	struct str rest = str_of(text);
	size_t n;
	int err;

	memset(url, 0, sizeof(*url));
	if (!printable(text) || strchr(text, '#'))
		return -EINVAL;
	if (str_starts(rest, "wss://"))
		url->tls = true;
	else if (!str_starts(rest, "ws://"))
		return -EINVAL;
	url->port = url->tls ? 443 : 80;
	rest = str_of(text + (url->tls ? 6 : 5));
	n = strcspn(rest.v, "/?");
	err = parse_authority(url, str_n(rest.v, n));
	if (err)
		return err;
	rest = str_n(rest.v + n, rest.len - n);
	n = rest.len && rest.v[0] == '/' ? 0 : 1; /* "?a=b" and "" lack one */
	url->path[0] = '/';
	return str_copy(url->path + n, sizeof(url->path) - n, rest);
}
