#define _POSIX_C_SOURCE 200809L
#include "tests/fake/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/test.h"

enum {
	CONNS_MAX = 256, /* connections of one test */
	READ_MS = 10000, /* [ms] the longest a script waits for bytes */
};

struct peer {
	peer_h *script;
	void *arg;
	int fd;
	int stop[2]; /* closed at one end: the test is over */
	unsigned port;
	char url[40];
	pthread_t acceptor;
	pthread_mutex_t lock;
	unsigned conns, requests;
	pthread_t threads[CONNS_MAX];
};

static int listen_on_loopback(unsigned *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(0, bind(fd, (struct sockaddr *)&sin, len));
	CHECK_INT(0, getsockname(fd, (struct sockaddr *)&sin, &len));
	*port = ntohs(sin.sin_port);
	return fd;
}

/* 1: readable, 0: time is up, -1: the test is over. */
static int wait_for(struct peer *p, int fd, int ms)
{
	struct pollfd pfd[2] = {{.fd = fd, .events = POLLIN},
	                        {.fd = p->stop[0], .events = POLLIN}};
	int n;

	do
		n = poll(pfd, 2, ms);
	while (n < 0 && errno == EINTR);
	if (pfd[1].revents)
		return -1;
	return pfd[0].revents ? 1 : 0;
}

static void *run_conn(void *arg)
{
	struct peer_conn *c = arg;

	c->peer->script(c, c->peer->arg);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct peer *p = arg;

	while (wait_for(p, p->fd, -1) >= 0) {
		int fd = accept(p->fd, NULL, NULL);
		struct peer_conn *c;

		if (fd < 0)
			continue;
		c = calloc(1, sizeof(*c));
		pthread_mutex_lock(&p->lock);
		ASSERT(c && p->conns < CONNS_MAX);
		c->peer = p;
		c->fd = fd;
		c->nr = p->conns + 1;
		ASSERT(!pthread_create(&p->threads[p->conns], NULL, run_conn,
		                       c));
		p->conns++;
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

struct peer *peer_new(peer_h *script, void *arg)
{
	struct peer *p = calloc(1, sizeof(*p));

	CHECK(p != NULL);
	p->script = script;
	p->arg = arg;
	p->fd = listen_on_loopback(&p->port);
	CHECK_INT(0, listen(p->fd, 128));
	CHECK_INT(0, pipe(p->stop));
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%u", p->port);
	pthread_mutex_init(&p->lock, NULL);
	CHECK_INT(0, pthread_create(&p->acceptor, NULL, accept_all, p));
	return p;
}

void peer_free(struct peer **pp)
{
	struct peer *p = *pp;
	unsigned i;

	*pp = NULL;
	close(p->stop[1]);
	pthread_join(p->acceptor, NULL);
	for (i = 0; i < p->conns; i++)
		pthread_join(p->threads[i], NULL);
	close(p->stop[0]);
	close(p->fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

unsigned peer_port(const struct peer *p)
{
	return p->port;
}

const char *peer_url(const struct peer *p)
{
	return p->url;
}

static unsigned count(struct peer *p, const unsigned *what)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = *what;
	pthread_mutex_unlock(&p->lock);
	return n;
}

unsigned peer_conns(struct peer *p)
{
	return count(p, &p->conns);
}

unsigned peer_requests(struct peer *p)
{
	return count(p, &p->requests);
}

/* Length of the whole request once its header has come; 0: not yet. */
static size_t whole_len(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *cl = strstr(text, "Content-Length:");
	size_t len;

	if (!end)
		return 0;
	len = (size_t)(end - text) + 4;
	if (cl && cl < end)
		len += strtoul(cl + 15, NULL, 10);
	return len;
}

bool peer_read(struct peer_conn *c)
{
	size_t len = 0;

	for (;;) {
		size_t want;
		ssize_t n;

		if (wait_for(c->peer, c->fd, READ_MS) <= 0)
			return false;
		n = recv(c->fd, c->request + len, sizeof(c->request) - 1 - len,
		         0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		c->request[len] = '\0';
		want = whole_len(c->request);
		if (want && len >= want)
			break;
	}
	pthread_mutex_lock(&c->peer->lock);
	c->peer->requests++;
	pthread_mutex_unlock(&c->peer->lock);
	return true;
}

void peer_send(struct peer_conn *c, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

void peer_sendf(struct peer_conn *c, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	peer_send(c, text);
}

void peer_answer(struct peer_conn *c, int status, const char *headers,
                 const char *body)
{
	peer_sendf(c, "HTTP/1.1 %d Some\r\nContent-Length: %zu\r\n%s\r\n",
	           status, strlen(body), headers);
	peer_send(c, body);
}

void peer_wait(struct peer_conn *c, int ms)
{
	char v[512];

	while (wait_for(c->peer, c->fd, ms) > 0) {
		if (recv(c->fd, v, sizeof(v), 0) <= 0)
			return;
	}
}

void peer_reset(struct peer_conn *c)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	c->fd = -1;
}

unsigned peer_dead_port(void)
{
	unsigned port;

	/* Bound but not listening: refused for as long as the test lives. */
	CHECK(listen_on_loopback(&port) >= 0);
	return port;
}
