/*
 * simhttp_int.h - what the two versions of HTTP share
 */
#ifndef TESTS_SIM_LIB_SIMHTTP_INT_H
#define TESTS_SIM_LIB_SIMHTTP_INT_H

#include <nghttp2/nghttp2.h>

#include "common/list.h"
#include "tests/sim/lib/simhttp.h"

struct simhttp {
	struct simnet *net;
	simhttp_request_h *requesth;
	void *arg;
	unsigned n_conns;
};

struct simpair {
	char *name, *value;
};

/* Where an answer stands. */
enum simreq_state { SIMREQ_OPEN, SIMREQ_STREAMING, SIMREQ_ENDED };

struct simhttp_conn {
	struct simhttp *http;
	struct simconn *c;
	unsigned no;

	/* HTTP/1.1 */
	struct buf in;
	struct simreq *req; /* the one that is being answered */
	bool parsing;

	/* HTTP/2 */
	nghttp2_session *h2;
	struct link streams; /* of simreq.link */
	bool in_h2;          /* a call into nghttp2 is under way */
};

struct simreq {
	struct link link;
	struct simhttp_conn *conn;
	int32_t stream; /* HTTP/2; 0 in HTTP/1.1 */
	char *method, *target, *path, *query;
	struct simpair header[SIMHTTP_HEADERS_MAX];
	size_t n_headers;
	struct simpair *args;
	size_t n_args;
	struct buf body;
	bool keep_alive;

	enum simreq_state state;
	bool in_handler, dead;
	simreq_gone_h *goneh;
	void *arg;
	struct simpair out_header[16];
	size_t n_out;
	struct buf out; /* HTTP/2: what flow control holds back */
	bool out_end, out_waits;
};

struct simreq *simreq_new(struct simhttp_conn *conn);
void simreq_free(struct simreq *r);

/* Keep a header; false when there are too many. */
bool simreq_take_header(struct simreq *r, const char *name, size_t name_len,
                        const char *value, size_t value_len);
void simreq_take_target(struct simreq *r, const char *v, size_t len);

/* Give a whole request to the simulator. */
void simreq_dispatch(struct simreq *r);

/* The client has gone: tell, and release unless inside the handler. */
void simreq_drop(struct simreq *r);

/* The answer is complete. */
void simreq_finish(struct simreq *r);

void simhttp1_recv(struct simhttp_conn *conn, const char *v, size_t len);
void simhttp1_next(struct simhttp_conn *conn);
void simhttp1_begin(struct simreq *r, int status, const char *type, long len);
void simhttp1_send(struct simreq *r, const void *v, size_t len);
void simhttp1_end(struct simreq *r);

void simhttp2_start(struct simhttp_conn *conn);
void simhttp2_recv(struct simhttp_conn *conn, const char *v, size_t len);
void simhttp2_begin(struct simreq *r, int status, const char *type);
void simhttp2_send(struct simreq *r, const void *v, size_t len);
void simhttp2_end(struct simreq *r);
void simhttp2_abort(struct simreq *r);
void simhttp2_stop(struct simhttp_conn *conn);

/* End the connection and release it; requests hear of it. */
void simhttp_drop(struct simhttp_conn *conn, enum simconn_end how);

const char *simhttp_reason(int status);

#endif
