/*
 * exchange.h - a Plivo of many calls, each with a fate of its own
 *
 * Which call a request is about follows from the number that is called, so
 * that many may be started at once. It counts what it was asked to place.
 */
#ifndef TESTS_FAKE_EXCHANGE_H
#define TESTS_FAKE_EXCHANGE_H

#include <stdatomic.h>
#include <stddef.h>

/* How a POST is answered. */
enum exchange_fault {
	EXCHANGE_CLEAR,  /* 201, with the call's name */
	EXCHANGE_CLOSED, /* taken, and closed without a word */
	EXCHANGE_RESET,  /* likewise, by a reset */
	EXCHANGE_ERROR,  /* 5xx */
	EXCHANGE_HALF,   /* 201, cut off in its body */
	EXCHANGE_STALL,  /* no answer until the other side gives up */
	EXCHANGE_FAULTS
};

/* What has become of the call. */
enum exchange_place {
	EXCHANGE_NOWHERE, /* it was not placed */
	EXCHANGE_LIVE,
	EXCHANGE_QUEUED,
	EXCHANGE_ANSWERED, /* and over, by the callee */
	EXCHANGE_UNANSWERED,
};

struct exchange_call {
	enum exchange_fault fault;
	_Atomic(enum exchange_place) place;
	char key[64]; /* of its callbacks' paths; there once posts is not 0 */
	atomic_uint posts, deletes;
};

enum { EXCHANGE_NUMBER_LEN = 16, EXCHANGE_UUID_LEN = 24 };

/* A call was taken, and its POST is not answered yet. */
typedef void exchange_taken_h(unsigned call);

/* The port of a new one. @all: borrowed for good. @taken: or NULL. */
unsigned exchange_open(struct exchange_call *all, unsigned n,
                       exchange_taken_h *taken);

/* What the call's number and its name are. */
void exchange_number(char number[EXCHANGE_NUMBER_LEN], unsigned call);
void exchange_uuid(char uuid[EXCHANGE_UUID_LEN], unsigned call);

#endif
