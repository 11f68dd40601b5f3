/*
 * ca_check.h - the rules of Cartesia's requests
 */
#ifndef TESTS_SIM_LIB_CA_CHECK_H
#define TESTS_SIM_LIB_CA_CHECK_H

#include <stdbool.h>

#include "tests/sim/lib/ca_audio.h"
#include "tests/sim/lib/sim.h"

struct ca_request {
	const char *context_id; /* borrowed from the message, as all texts */
	const char *transcript;
	bool cont, flush, timestamps, cancel;
	uint32_t delay_ms;
	double speed;
	struct ca_format format;
};

struct ca_error {
	int status;
	const char *code, *title;
	char message[256];
};

/* The upgrade: version and credential. 0, or the status of the refusal.
 * @version gets the date, at most 11 bytes. */
int ca_check_upgrade(struct sim *s, struct simreq *r, char version[16],
                     const char **text) MUST_CHECK;

/* One message. 0, or -1 and @e. */
int ca_check_message(const json_t *msg, const char *version,
                     struct ca_request *q, struct ca_error *e) MUST_CHECK;

/* Do two messages of one context agree in all that must be constant? NULL, or
 * the name of what does not. */
const char *ca_check_same(const json_t *first, const json_t *msg);

#endif
