#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/bench/load.h"

enum {
	SPREAD = 4973, /* [ms] between the turns of two calls; prime */
	BYTES_PER_MS = 8,
	TEXT_MAX = 640,
};

/* ---- sending ---------------------------------------------------------- */

static void put(struct load *l, struct load_call *c, const void *v, size_t len)
{
	ssize_t n = send(c->fd, v, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == (ssize_t)len)
		return;
	l->n.blocked++;
	/* Nothing was taken: a frame is lost. A part was: so is the call. */
	if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		load_call_close(l, c);
}

static void say(struct load *l, struct load_call *c, const char *text)
{
	unsigned char out[TEXT_MAX + 8];

	put(l, c, out, load_frame(out, text, strlen(text)));
}

static void say_start(struct load *l, struct load_call *c)
{
	char text[TEXT_MAX];

	(void)snprintf(text, sizeof(text),
	               "{\"sequenceNumber\":0,\"event\":\"start\",\"start\":{"
	               "\"callId\":\"bench-uuid-%u\",\"streamId\":\"s%u\","
	               "\"accountId\":\"MAXXXXXXXXXXXXXXXXXX\",\"tracks\":["
	               "\"inbound\"],\"mediaFormat\":{\"encoding\":"
	               "\"audio/x-mulaw\",\"sampleRate\":8000}},"
	               "\"extra_headers\":\"{}\"}",
	               c->index, 1000000 + c->index);
	c->state = LOAD_TALKING;
	c->start_us = load_now_us();
	l->n.talking++;
	say(l, c, text);
}

/* ---- beginning and end ------------------------------------------------ */

static int dial(const struct load *l)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_port = htons(l->port),
	                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK)) {
		close(fd);
		return -ECONNREFUSED;
	}
	return fd;
}

int load_call_ring(struct load *l, unsigned index)
{
	struct load_call *c = &l->call[index];
	int err = load_reserve(l, index, c->id);

	return err ? err : load_prepare(l, index, c->id);
}

int load_call_open(struct load *l, unsigned index)
{
	struct load_call *c = &l->call[index];
	struct epoll_event ev = {.events = EPOLLIN, .data = {.u64 = index}};
	char id[64], req[512];
	int n, err = 0;

	if (c->id[0])
		memcpy(id, c->id, sizeof(id));
	else
		err = load_reserve(l, index, id);
	if (err)
		return err;
	*c = (struct load_call){.index = index, .fd = dial(l)};
	c->first = (LOAD_GREETING_MS + index * SPREAD % LOAD_TURN_MS) /
	           LOAD_FRAME_MS;
	if (c->fd < 0)
		return c->fd;
	n = snprintf(req, sizeof(req),
	             "GET /ws/%s HTTP/1.1\r\nHost: bot\r\n"
	             "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	             "Sec-WebSocket-Version: 13\r\n"
	             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	             "Authorization: Bearer %s\r\n\r\n",
	             id, l->secret);
	c->state = LOAD_UPGRADING;
	c->in = mem_alloc(LOAD_IN);
	if (!c->in || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev))
		return -ENOMEM;
	put(l, c, req, (size_t)n);
	return 0;
}

/* The packets of a reply against the best of them: those within the lead left
 * at once and are not late by any measure. */
static void judge(struct load *l, struct load_call *c)
{
	int32_t best = INT32_MAX;

	for (unsigned i = 0; i < c->n_packets; i++)
		if (c->offset[i] < best)
			best = c->offset[i];
	for (unsigned i = 0; i < c->n_packets; i++)
		load_hist_add(&l->n.late, (uint64_t)(c->offset[i] - best));
	c->n_packets = 0;
	c->reply_us = 0;
}

void load_call_close(struct load *l, struct load_call *c)
{
	if (c->state == LOAD_IDLE || c->state == LOAD_ENDED)
		return;
	if (c->state == LOAD_TALKING)
		l->n.talking--;
	l->n.ended++;
	c->state = LOAD_ENDED;
	close(c->fd);
	mem_free(c->in);
	c->in = NULL;
}

/* ---- what the bot sends ----------------------------------------------- */

static void on_first(struct load *l, struct load_call *c, uint64_t now)
{
	if (!c->greeted) {
		c->greeted = true;
		load_hist_add(&l->n.greet, (now - c->start_us) / 1000);
	} else if (c->asked_us) {
		load_hist_add(&l->n.answer, (now - c->asked_us) / 1000);
		c->asked_us = 0;
	}
}

static void on_audio(struct load *l, struct load_call *c, const char *text,
                     size_t len, uint64_t now)
{
	const char *at = memmem(text, len, "\"payload\":\"", 11), *end;
	size_t bytes;
	uint32_t us;

	if (!at)
		return;
	at += 11;
	end = memchr(at, '"', len - (size_t)(at - text));
	if (!end)
		return;
	bytes = (size_t)(end - at) / 4 * 3;
	for (const char *pad = end; bytes && pad[-1] == '='; pad--)
		bytes--;
	us = (uint32_t)(bytes * 1000 / BYTES_PER_MS);
	if (now > c->plays_to_us + LOAD_PAUSE_US || !c->reply_us) {
		judge(l, c);
		c->reply_at_us = now;
		on_first(l, c, now);
	} else if (now > c->plays_to_us) {
		l->n.gaps++;
	}
	if (c->reply_us >= LOAD_LEAD_US && c->n_packets < LOAD_PACKETS)
		c->offset[c->n_packets++] =
			(int32_t)(now - c->reply_at_us) - (int32_t)c->reply_us;
	c->reply_us += us;
	if (c->plays_to_us < now)
		c->plays_to_us = now;
	c->plays_to_us += us;
	l->n.audio_us += us;
	l->n.packets++;
}

static void on_mark(struct load_call *c, const char *text, size_t len,
                    uint64_t now)
{
	const char *at = memmem(text, len, "\"name\":\"", 8), *end;
	struct load_mark *m = &c->mark[c->n_marks];

	if (!at || c->n_marks == LOAD_MARKS)
		return;
	at += 8;
	end = memchr(at, '"', len - (size_t)(at - text));
	if (!end || (size_t)(end - at) >= sizeof(m->name))
		return;
	(void)snprintf(m->name, sizeof(m->name), "%.*s", (int)(end - at), at);
	m->due_us = c->plays_to_us > now ? c->plays_to_us : now;
	c->n_marks++;
}

static void on_text(struct load *l, struct load_call *c, const char *text,
                    size_t len)
{
	uint64_t now = load_now_us();

	if (memmem(text, len < 64 ? len : 64, "\"playAudio\"", 11)) {
		on_audio(l, c, text, len, now);
	} else if (memmem(text, len, "\"checkpoint\"", 12)) {
		on_mark(c, text, len, now);
	} else if (memmem(text, len, "\"clearAudio\"", 12)) {
		l->n.clears++;
		judge(l, c);
		c->plays_to_us = now;
		c->n_marks = 0;
		say(l, c, "{\"event\":\"clearedAudio\",\"streamId\":\"s\"}");
	}
}

/* The next message in @v: its length with head, 0 if it is not whole. */
static size_t message(struct load *l, struct load_call *c, const char *v,
                      size_t len)
{
	const unsigned char *u = (const unsigned char *)v;
	size_t head = 2, n;

	if (len < 2)
		return 0;
	n = u[1] & 127;
	if (n == 126) {
		head = 4;
		if (len < head)
			return 0;
		n = (size_t)u[2] << 8 | u[3];
	}
	if (n == 127 || (u[0] & 15) == 8) {
		load_call_close(l, c);
		return 0;
	}
	if (len < head + n)
		return 0;
	if ((u[0] & 15) == 1)
		on_text(l, c, v + head, n);
	return head + n;
}

static size_t upgraded(struct load *l, struct load_call *c, const char *v,
                       size_t len)
{
	const char *end = memmem(v, len, "\r\n\r\n", 4);

	if (!end)
		return 0;
	if (strncmp(v, "HTTP/1.1 101", 12) != 0) {
		(void)fprintf(stderr, "load: refused: %.60s\n", v);
		load_call_close(l, c);
		return 0;
	}
	say_start(l, c);
	return (size_t)(end + 4 - v);
}

void load_call_readable(struct load *l, struct load_call *c)
{
	static char v[2 * LOAD_IN];
	size_t at = 0, len, n;
	ssize_t got;

	if (c->state == LOAD_ENDED)
		return;
	memcpy(v, c->in, c->in_len);
	got = recv(c->fd, v + c->in_len, LOAD_IN, 0);
	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			load_call_close(l, c);
		return;
	}
	len = c->in_len + (size_t)got;
	do {
		n = c->state == LOAD_UPGRADING
		            ? upgraded(l, c, v + at, len - at)
		            : message(l, c, v + at, len - at);
		at += n;
	} while (n && c->state != LOAD_ENDED);
	if (c->state == LOAD_ENDED)
		return;
	c->in_len = len - at;
	if (c->in_len >= LOAD_IN)
		load_call_close(l, c);
	else
		memcpy(c->in, v + at, c->in_len);
}

/* ---- what the person sends -------------------------------------------- */

static void answer_marks(struct load *l, struct load_call *c, uint64_t now_us)
{
	char text[TEXT_MAX];
	unsigned n = 0;

	while (n < c->n_marks && c->mark[n].due_us <= now_us &&
	       c->state == LOAD_TALKING) {
		(void)snprintf(text, sizeof(text),
		               "{\"event\":\"playedStream\",\"streamId\":"
		               "\"s%u\",\"name\":\"%s\"}",
		               1000000 + c->index, c->mark[n].name);
		say(l, c, text);
		n++;
	}
	if (!n || c->state != LOAD_TALKING)
		return;
	c->n_marks -= n;
	memmove(c->mark, c->mark + n, c->n_marks * sizeof(c->mark[0]));
}

void load_call_tick(struct load *l, struct load_call *c, uint64_t now_us)
{
	unsigned char frame[LOAD_MESSAGE_MAX];
	unsigned i = LOAD_TURN - 1; /* before the first turn: silence */

	if (c->state != LOAD_TALKING)
		return;
	if (c->seq >= c->first)
		i = (c->seq - c->first) % LOAD_TURN;
	put(l, c, frame,
	    load_sound_frame(&l->sound, i, c->index, c->seq, frame));
	if (c->state != LOAD_TALKING)
		return;
	c->seq++;
	l->n.frames++;
	if (i + 1 == l->sound.spoken) {
		c->asked_us = now_us;
		l->n.turns++;
	}
	if (c->n_marks)
		answer_marks(l, c, now_us);
}
