/*
 * plivo_rig.h - plivo-sim with a peer, for its own tests
 */
#ifndef TESTS_E2E_PLIVO_RIG_H
#define TESTS_E2E_PLIVO_RIG_H

#include "tests/e2e/plivo_peer.h"
#include "tests/harness/http.h"
#include "tests/harness/proc.h"

struct rig {
	struct proc sim;
	struct ppeer peer;
	char dir[256];
	char uuid[64];   /* of the last call that was made */
	json_t *journal; /* since rig_journal() */
};

/* Start both. @script: of the callee everywhere, NULL for the default; @args
 * are further options, NULL-terminated or NULL. */
void rig_open(struct rig *r, const char *script, const char *const *args);

/* SIGTERM; its exit code is returned. */
int rig_close(struct rig *r);

/* REST below /v1/Account/ID/, with good credentials. */
void rig_rest(struct rig *r, struct http_answer *a, const char *method,
              const char *path, const char *body);

/* POST Call with the peer's URLs; @more are further fields, as in
 * ",\"time_limit\":2", or "". Returns the status. */
long rig_call(struct rig *r, const char *more);

/* The document that streams to the peer; @after follows the stream. */
void rig_document(struct rig *r, const char *attributes, const char *after);

/* Read the journal. rig_entry(): its nth @event, NULL: there is none. */
void rig_journal(struct rig *r);
const json_t *rig_entry(const struct rig *r, const char *event, size_t n);
size_t rig_entries(const struct rig *r, const char *event);
int rig_int(const json_t *o, const char *key);
const char *rig_str(const json_t *o, const char *key);

/* POST /sim/@path with @body. */
void rig_order(struct rig *r, const char *path, const char *body);

/* Calls and hooks are over, and nothing was a violation. */
void rig_check_clean(struct rig *r);

#endif
