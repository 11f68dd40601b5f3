#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/tool_http.h"
#include "common/buf.h"
#include "common/jtext.h"

enum { VALUE_MAX = 2048 /* [bytes] of one argument */ };

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool all_of(struct str s, const char *marks)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.v[i]) && !strchr(marks, s.v[i]))
			return false;
	return s.len > 0;
}

/* Cut off the text up to the next place, and the place's name. False: there
 * is no further one, and @text is the rest. A "{{"
 * without its end has a place without a name. */
static bool next_place(struct str *rest, struct str *text, struct str *name)
{
	for (size_t i = 0; i + 1 < rest->len; i++) {
		const char *end;

		if (rest->v[i] != '{' || rest->v[i + 1] != '{')
			continue;
		*text = str_n(rest->v, i);
		*rest = str_n(rest->v + i + 2, rest->len - i - 2);
		end = memchr(rest->v, '}', rest->len);
		*name = str_n(rest->v, end ? (size_t)(end - rest->v) : 0);
		if (end && name->len + 1 < rest->len && end[1] == '}')
			*rest = str_n(end + 2, rest->len - name->len - 2);
		else
			*name = str_n("", 0);
		*name = str_trim(*name);
		return true;
	}
	*text = *rest;
	*rest = str_n("", 0);
	return false;
}

static const char *check_path(struct str path)
{
	static const char marks[] = "-._~:/?@!$&'()*+,;=%[]";
	struct str text, name;
	bool more = true;

	while (more) {
		more = next_place(&path, &text, &name);
		if (text.len && !all_of(text, marks))
			return "must be of letters that URLs are made of";
		if (more && !all_of(name, "_-."))
			return "has {{ without an argument's name and }}";
	}
	return NULL;
}

const char *tool_http_check_url(const char *url, bool allow_private)
{
	const bool tls = strncmp(url, "https://", 8) == 0;
	struct str host;
	size_t n;

	if (!tls && strncmp(url, "http://", 7) != 0)
		return "must begin with https://";
	if (!tls && !allow_private)
		return "must begin with https:// (http:// takes "
		       "\"allow_private\")";
	url += tls ? 8 : 7;
	n = strcspn(url, "/?");
	host = str_n(url, n);
	if (!all_of(host, ".-:[]"))
		return "must have a host, and no argument in it";
	return url[n] ? check_path(str_of(url + n)) : NULL;
}

static int add_value(struct buf *url, struct str args, struct str name,
                     char fault[TOOL_FAULT_MAX])
{
	struct buf text;
	struct str value;
	int err;

	if (jtext_path(args, name, &value) != 0 ||
	    jtext_type(value) == JTEXT_NULL) {
		snprintf(fault, TOOL_FAULT_MAX, "the argument %.*s is missing",
		         (int)(name.len < 60 ? name.len : 60), name.v);
		return -EINVAL;
	}
	buf_init(&text, VALUE_MAX);
	err = jtext_print(&text, value);
	if (!err)
		err = str_escape(url, str_n(buf_str(&text), text.len));
	buf_fini(&text);
	return err;
}

/* "." and ".." stay what they are when they are encoded, and a server, or the
 * library on the way to it, goes up by them. */
static bool climbs(struct str path)
{
	path = str_cut(&path, '?');
	while (path.len) {
		const struct str part = str_cut(&path, '/');

		if (str_eq(part, ".") || str_eq(part, ".."))
			return true;
	}
	return false;
}

int tool_http_url(const struct tool_http *h, struct str args, struct buf *url,
                  char fault[TOOL_FAULT_MAX])
{
	struct str rest = str_of(h->url), text, name;
	const size_t from = url->len;
	bool more = true;
	int err = 0;

	while (more && !err) {
		more = next_place(&rest, &text, &name);
		err = buf_add(url, text.v, text.len);
		if (more && !err)
			err = add_value(url, args, name, fault);
	}
	if (!err && climbs(str_n(url->v + from, url->len - from))) {
		snprintf(fault, TOOL_FAULT_MAX,
		         "an argument must not be \".\" or \"..\"");
		err = -EINVAL;
	}
	return err;
}
