/*
 * plivo_xml.h - answer XML as Plivo takes it: expat, and every attribute checked
 *
 * What Plivo would refuse is refused here with a sentence; the call then ends
 * with one of the "invalid XML" causes.
 */
#ifndef TESTS_SIM_LIB_PLIVO_XML_H
#define TESTS_SIM_LIB_PLIVO_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

enum {
	PSIM_XML_MAX = 100 * 1024, /* [bytes] Plivo's limit */
	PSIM_XML_STEPS = 32,       /* elements under <Response> */
	PSIM_XML_WHY = 160,        /* [bytes] with terminator */
	PSIM_STREAM_URL_MAX = 2048 /* [bytes] Plivo's limit */
};

enum psim_verb {
	PSIM_STREAM,
	PSIM_HANGUP,
	PSIM_SPEAK,
	PSIM_PLAY,
	PSIM_WAIT,
	PSIM_REDIRECT,
	PSIM_DIAL,
	PSIM_OTHER, /* known to Plivo, passed over here */
};

enum psim_codec { PSIM_ULAW_8K, PSIM_L16_8K, PSIM_L16_16K };

struct psim_stream_spec {
	bool bidirectional, keep_alive;
	enum psim_codec codec;
	bool codec_given; /* without it Plivo's pages disagree */
	unsigned timeout_sec;
	char *status_url, *extra_headers; /* NULL: absent */
	bool status_get;
};

struct psim_step {
	enum psim_verb verb;
	char *name, *text; /* element; content without outer white space */
	struct psim_stream_spec stream;
	bool get;         /* Redirect's method, Dial's */
	unsigned seconds; /* Wait's length, Hangup's schedule, Dial's timeout */
	char *action, *caller_id; /* Dial's; NULL: absent */
	char reason[16];          /* Hangup's, or "" */
};

struct psim_xml {
	struct psim_step v[PSIM_XML_STEPS];
	size_t n;
};

/* -EINVAL: Plivo would refuse it, @why says for what; -ENOMEM. */
int psim_xml_parse(struct psim_xml **xp, const char *text, size_t len,
                   char why[PSIM_XML_WHY]) MUST_CHECK;
void psim_xml_free(struct psim_xml **xp);

const char *psim_codec_type(enum psim_codec c); /* "audio/x-mulaw" */
unsigned psim_codec_hz(enum psim_codec c);

#endif
