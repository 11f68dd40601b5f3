/*
 * plivo_httpd.h - the HTTP server of plivo-sim, with faults on demand
 *
 * A handler answers each request before it returns; what makes an answer late,
 * lost or torn is asked for beside it.
 */
#ifndef TESTS_SIM_LIB_PLIVO_HTTPD_H
#define TESTS_SIM_LIB_PLIVO_HTTPD_H

#include "tests/sim/lib/plivo_http.h"
#include "tests/sim/lib/plivo_loop.h"

struct psim_httpd;

/* How the connection behaves once the handler has returned. */
enum psim_fate { PSIM_FATE_ANSWER, PSIM_FATE_CLOSE, PSIM_FATE_RESET };

struct psim_reply {
	int status;
	const char *type; /* content type; static */
	struct buf body;  /* the handler fills it */
	uint32_t delay_ms;
	enum psim_fate fate;
};

typedef void psim_request_h(const struct psim_message *m, struct psim_reply *r,
                            void *arg);

/* What is no HTTP is told to @bad, and closed. Errors as psim_listen(). */
int psim_httpd_open(struct psim_httpd **hp, struct psim_loop *l,
                    const char *address, int *port, psim_request_h *handler,
                    void (*bad)(const char *why, void *arg),
                    void *arg) MUST_CHECK;
void psim_httpd_close(struct psim_httpd **hp);

#endif
