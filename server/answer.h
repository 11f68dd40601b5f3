/*
 * answer.h - the addresses given to Plivo, and the XML that answers it
 *
 * Everything is written by an escaping writer from checked parts; no text of
 * a request reaches a document otherwise. All functions append to a buffer
 * and return -ENOMEM, or ERR_LIMIT where the result is too long for Plivo.
 */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "common/attr.h"
#include "common/str.h"

struct buf;

enum {
	ANSWER_URL_MAX = 2048, /* [bytes] Plivo's limit for a stream's URL */
	ANSWER_XML_MAX = 16 * 1024, /* [bytes] a document with such a URL,
	                             * escaped, and room */
};

/* @base "/" @what "/" @key: where Plivo finds us for one call. */
int answer_webhook_url(struct buf *out, const char *base, const char *what,
                       const char *key) MUST_CHECK;

/* The same host for WebSockets: @base with ws:// or wss://, "/ws/" @id. */
int answer_relay_url(struct buf *out, const char *base,
                     const char *id) MUST_CHECK;

/* Pipecat Cloud: @region NULL or "us-west" is the plain host. @json: custom
 * data as text, empty for none. ERR_LIMIT: longer than ANSWER_URL_MAX. */
int answer_cloud_url(struct buf *out, const char *region, const char *agent,
                     const char *organization, struct str json) MUST_CHECK;

/* A fixed WebSocket URL @ws, with the custom data inline. The same limit. */
int answer_fixed_url(struct buf *out, const char *ws,
                     struct str json) MUST_CHECK;

/* The example's document: the stream alone, laid out as there. */
int answer_inline_xml(struct buf *out, const char *url) MUST_CHECK;

/* A stream to our own bot, its callbacks, and behind it, where Plivo asks how
 * to go on. */
int answer_stream_xml(struct buf *out, const char *url, const char *status_url,
                      const char *next_url) MUST_CHECK;

/* Dial somebody else, then say at @over_url how that went. */
struct answer_dial {
	const char *to;   /* E.164, or sip:user@host */
	const char *from; /* what the other telephone shows */
	unsigned ring_sec;
	const char *over_url;
};

int answer_dial_xml(struct buf *out, const struct answer_dial *d) MUST_CHECK;

/* One sentence and a hang-up. */
int answer_sorry_xml(struct buf *out, const char *text) MUST_CHECK;

/* Nothing to do. */
int answer_empty_xml(struct buf *out) MUST_CHECK;

/* A hang-up alone. */
int answer_hangup_xml(struct buf *out) MUST_CHECK;

#endif
