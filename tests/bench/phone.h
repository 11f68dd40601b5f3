/*
 * phone.h - a telephone for benches: one media stream to the bot
 *
 * Speaks Plivo's protocol in real time: 20 ms of mu-law a packet, what it was
 * given to say or silence; plays what comes at the line's speed and names the
 * marks when it has reached them.
 */
#ifndef TESTS_BENCH_PHONE_H
#define TESTS_BENCH_PHONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/timer.h"

enum { PHONE_MARKS_MAX = 64, PHONE_NAME_MAX = 64 };

struct phone {
	struct net *net;
	struct ws *ws;
	struct timer tick;
	uint64_t due_us; /* of the next packet */
	char id[32];     /* of stream and call */
	unsigned packets;
	const uint8_t *say; /* borrowed */
	size_t say_n, said;
	uint64_t line_us; /* there is something to play until then */
	struct {
		char name[PHONE_NAME_MAX];
		uint64_t due_us;
	} marks[PHONE_MARKS_MAX];
	size_t n_marks;
	bool gone; /* the bot has closed the stream */
};

/* Call the bot at @url; @id is unique among the phones. Fails the test. */
void phone_dial(struct phone *p, struct net *net, const char *url,
                const char *id);
void phone_hang_up(struct phone *p);

/* Say @n bytes of mu-law; borrowed until they are said. */
void phone_say(struct phone *p, const uint8_t *ulaw, size_t n);

/* Milliseconds of the call so far, as its packets count them. */
int64_t phone_time_ms(const struct phone *p);
bool phone_says(const struct phone *p);

#endif
