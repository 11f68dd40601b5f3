/*
 * plivo_http.h - HTTP/1.1 messages, read strictly
 *
 * One reader for what comes in on REST, for the answers to webhooks and for
 * the answer to a WebSocket upgrade: CRLF line ends, token names, one length.
 */
#ifndef TESTS_SIM_LIB_PLIVO_HTTP_H
#define TESTS_SIM_LIB_PLIVO_HTTP_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

enum {
	PSIM_HEAD_MAX = 16 * 1024,  /* [bytes] start line and headers */
	PSIM_BODY_MAX = 512 * 1024, /* [bytes] an answer may have 100 KB */
	PSIM_HEADERS_MAX = 64,
};

struct psim_header {
	struct str name, value;
};

/* Slices point into the buffer that was parsed. */
struct psim_message {
	struct str method, target; /* of a request */
	int status;                /* of a response */
	bool http10;
	struct psim_header h[PSIM_HEADERS_MAX];
	size_t n;
	size_t head_len; /* [bytes] with the empty line */
	struct buf body; /* only psim_message_parse() fills it */
	bool keep_alive;
};

/* The head alone. 1: complete; 0: needs more; ERR_PROTO, ERR_LIMIT. */
int psim_head_parse(struct psim_message *m, struct str in,
                    bool response) MUST_CHECK;

/* Head and body. @eof: nothing more will come. *@used gets the length of the
 * message. Returns as psim_head_parse(), and -ENOMEM. */
int psim_message_parse(struct psim_message *m, struct str in, bool response,
                       bool eof, size_t *used) MUST_CHECK;

/* The value of a header, v == NULL when absent. */
struct str psim_message_header(const struct psim_message *m, const char *name);

void psim_message_init(struct psim_message *m);
void psim_message_fini(struct psim_message *m);

const char *psim_status_text(int status);

#endif
