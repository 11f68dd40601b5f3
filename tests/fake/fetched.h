/*
 * fetched.h - requests of a test, what came of them, and who answers
 */
#ifndef TESTS_FAKE_FETCHED_H
#define TESTS_FAKE_FETCHED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/curl/fetch.h"
#include "tests/fake/peer.h"

enum { FETCHED_TURNS_MAX = 2000 /* of the loop in one test */ };

/* What the handlers of one request have seen. */
struct fetched {
	unsigned done, datas;
	struct fetch_result r;
	char body[256], text[256];
	struct fetch_req *req;
	int data_err; /* what the data handler returns */
	bool cancel;  /* the data handler cancels */
};

/* The pool of the test. */
extern struct fetch *fetched_pool;

/* Handlers; @arg: struct fetched. */
void fetched_done(const struct fetch_result *r, void *arg);
int fetched_data(const char *v, size_t len, void *arg);

/* Parameters of a GET that ends in @s, which is emptied. */
struct fetch_params fetched_get(struct fetched *s, const char *url);

/* Open the pool; drive it until the request of @s is done. */
void fetched_open(void);
void fetched_run(struct fetched *s);

/* One request from a pool of its own. */
void fetched_once(struct fetched *s, const struct fetch_params *prm);

/* Scripts of a peer: "hello" to every request; one request kept in @arg, of
 * PEER_TEXT_MAX, and refused for its speed; a body of two pieces, behind which
 * nothing comes, or, when @arg is NULL, the end. */
void fetched_hello(struct peer_conn *c, void *arg);
void fetched_keep(struct peer_conn *c, void *arg);
void fetched_pieces(struct peer_conn *c, void *arg);

#endif
