/*
 * plivo_rest.h - what plivo-sim answers on HTTP: Plivo's REST API, and /sim
 *
 *	POST   /v1/Account/ID/Call/             make a call
 *	GET    /v1/Account/ID/Call/[?status=live|queued]   calls, CDRs
 *	GET, POST, DELETE  .../Call/UUID/       look, transfer, hang up
 *	POST   .../Call/UUID/{DTMF,Speak,Play,Record}/, DELETE for the last three
 *	GET, DELETE        .../Call/UUID/Stream/[STREAM/]
 *	DELETE .../Request/UUID/                cancel
 *
 *	GET  /sim/state                 calls, sums, the list of violations
 *	GET  /sim/journal[?since=N]     entries after the Nth, a line each
 *	POST /sim/hangup/UUID           the callee hangs up
 *	POST /sim/drop/UUID             the stream's cable is cut
 *	POST /sim/dtmf/UUID/DIGITS      the callee presses keys
 *	POST /sim/fault                 body: what --rest-fault takes
 */
#ifndef TESTS_SIM_LIB_PLIVO_REST_H
#define TESTS_SIM_LIB_PLIVO_REST_H

#include "tests/sim/lib/plivo_httpd.h"
#include "tests/sim/lib/plivo_sim.h"

psim_request_h psim_rest_handle; /* its argument is the struct psim */

/* /sim/...; @path begins after "/sim/". */
void psim_control(struct psim *s, const struct psim_message *m, struct str path,
                  struct str query, struct psim_reply *r);

/* One call, for GET: @what is "live", "queued" or "cdr". NULL: not that. */
struct psim_call;
json_t *psim_call_json(const struct psim_call *c, const char *what,
                       const char *api_id);

/* Status and body, which is released. */
void psim_reply_json(struct psim_reply *r, int status, json_t *body);

/* {"api_id":..., "error":TEXT} */
void psim_reply_error(struct psim_reply *r, int status, const char *text);

/* {"api_id":..., "message":TEXT} */
void psim_reply_message(struct psim_reply *r, int status, const char *text);

/* Everything under .../Call/UUID/: @rest follows the UUID. */
void psim_rest_call(struct psim *s, const struct psim_message *m,
                    struct psim_call *c, struct str rest, struct psim_reply *r);

#endif
