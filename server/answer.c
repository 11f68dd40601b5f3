#include "server/answer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

#define XML_HEAD    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define STREAM_TYPE "audio/x-mulaw;rate=8000"

int answer_webhook_url(struct buf *out, const char *base, const char *what,
                       const char *key)
{
	return buf_addf(out, "%s/%s/%s", base, what, key);
}

int answer_relay_url(struct buf *out, const char *base, const char *id)
{
	/* "http" and "https" become "ws" and "wss" by their first letters. */
	return buf_addf(out, "ws%s/ws/%s", base + strlen("http"), id);
}

/* Standard base64, then percent-encoded: '+' would arrive as a space. */
static int add_body(struct buf *out, char joint, struct str json)
{
	char *b64;
	size_t len;
	int err;

	/* Encoding never makes it shorter, so do not even try. */
	if (json.len > ANSWER_URL_MAX)
		return ERR_LIMIT;
	b64 = mem_alloc(BASE64_LEN(json.len) + 1);
	if (!b64)
		return -ENOMEM;
	len = base64_encode(b64, json.v, json.len);
	err = buf_addf(out, "%cbody=", joint);
	if (!err)
		err = str_escape(out, str_n(b64, len));
	mem_free(b64);
	return err;
}

static int check_url(const struct buf *out, size_t before, int err)
{
	return !err && out->len - before > ANSWER_URL_MAX ? ERR_LIMIT : err;
}

int answer_cloud_url(struct buf *out, const char *region, const char *agent,
                     const char *organization, struct str json)
{
	size_t before = out->len;
	bool plain = !region || !strcmp(region, "us-west");
	int err;

	err = buf_addf(out, "wss://%s%sapi.pipecat.daily.co/ws/plivo",
	               plain ? "" : region, plain ? "" : ".");
	if (!err)
		err = buf_adds(out, "?serviceHost=");
	if (!err)
		err = str_escape(out, str_of(agent));
	if (!err)
		err = buf_adds(out, ".");
	if (!err)
		err = str_escape(out, str_of(organization));
	if (!err && json.len)
		err = add_body(out, '&', json);
	return check_url(out, before, err);
}

int answer_fixed_url(struct buf *out, const char *ws, struct str json)
{
	size_t before = out->len;
	int err = buf_adds(out, ws);

	if (!err && json.len)
		err = add_body(out, strchr(ws, '?') ? '&' : '?', json);
	return check_url(out, before, err);
}

/* Append @text so that it stands for itself in text and attributes alike. */
static int add_escaped(struct buf *out, const char *text)
{
	int err = 0;

	for (; *text && !err; text++) {
		switch (*text) {
		case '&':
			err = buf_adds(out, "&amp;");
			break;
		case '<':
			err = buf_adds(out, "&lt;");
			break;
		case '>':
			err = buf_adds(out, "&gt;");
			break;
		case '"':
			err = buf_adds(out, "&quot;");
			break;
		case '\'':
			err = buf_adds(out, "&#39;");
			break;
		default:
			/* XML 1.0 has no other control characters at all. */
			if ((unsigned char)*text >= ' ' || *text == '\t')
				err = buf_add(out, text, 1);
			break;
		}
	}
	return err;
}

static int add_stream(struct buf *out, const char *status_url)
{
	int err = buf_adds(out, "<Stream bidirectional=\"true\" "
	                        "keepCallAlive=\"true\" "
	                        "contentType=\"" STREAM_TYPE "\"");

	if (!err && status_url) {
		err = buf_adds(out, " statusCallbackUrl=\"");
		if (!err)
			err = add_escaped(out, status_url);
		if (!err)
			err = buf_adds(out, "\"");
	}
	return err ? err : buf_adds(out, ">");
}

int answer_inline_xml(struct buf *out, const char *url)
{
	int err = buf_adds(out, XML_HEAD "<Response>\n    ");

	if (!err)
		err = add_stream(out, NULL);
	if (!err)
		err = buf_adds(out, "\n        ");
	if (!err)
		err = add_escaped(out, url);
	if (!err)
		err = buf_adds(out, "\n    </Stream>\n</Response>");
	return err;
}

int answer_stream_xml(struct buf *out, const char *url, const char *status_url,
                      const char *next_url)
{
	int err = buf_adds(out, XML_HEAD "<Response>");

	if (!err)
		err = add_stream(out, status_url);
	if (!err)
		err = add_escaped(out, url);
	if (!err)
		err = buf_adds(out, "</Stream><Redirect method=\"POST\">");
	if (!err)
		err = add_escaped(out, next_url);
	if (!err)
		err = buf_adds(out, "</Redirect></Response>");
	return err;
}

static int add_attr(struct buf *out, const char *name, const char *value)
{
	int err = buf_addf(out, " %s=\"", name);

	if (!err)
		err = add_escaped(out, value);
	return err ? err : buf_adds(out, "\"");
}

int answer_dial_xml(struct buf *out, const struct answer_dial *d)
{
	const bool sip = !strncmp(d->to, "sip:", 4);
	const char *tag = sip ? "User" : "Number";
	int err = buf_adds(out, XML_HEAD "<Response><Dial");

	if (!err)
		err = add_attr(out, "callerId", d->from);
	if (!err)
		err = buf_addf(out, " timeout=\"%u\"", d->ring_sec);
	if (!err)
		err = add_attr(out, "action", d->over_url);
	if (!err)
		err = buf_addf(out, " method=\"POST\"><%s>", tag);
	if (!err)
		err = add_escaped(out, d->to);
	return err ? err
	           : buf_addf(out, "</%s></Dial><Hangup/></Response>", tag);
}

int answer_sorry_xml(struct buf *out, const char *text)
{
	int err = buf_adds(out, XML_HEAD "<Response><Speak>");

	if (!err)
		err = add_escaped(out, text);
	if (!err)
		err = buf_adds(out, "</Speak><Hangup/></Response>");
	return err;
}

int answer_empty_xml(struct buf *out)
{
	return buf_adds(out, XML_HEAD "<Response/>");
}

int answer_hangup_xml(struct buf *out)
{
	return buf_adds(out, XML_HEAD "<Response><Hangup/></Response>");
}
