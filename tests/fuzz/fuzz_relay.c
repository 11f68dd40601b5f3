/*
 * What a bot, or whoever sits at its address, sends to the relay: an answer to
 * the upgrade and frames. Input that begins with an even byte follows a right
 * answer. Over a real connection, as the reader takes what the socket gives.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/crypto.h"
#include "common/err.h"
#include "server/relay_client.h"
#include "server/relay_socket.h"
#include "tests/fuzz/fuzz.h"

enum { WAIT_MS = 2000, HEAD_LEN = 4096 };

/* One input is on its way at a time; the connection hands it over. */
static const uint8_t *input;
static size_t input_len;
static sem_t sent; /* by the server's thread: the input may go */
static int listener = -1;
static volatile char seen;

static void put(int fd, const void *v, size_t len)
{
	/* A peer that has seen enough is gone already. */
	if (len && send(fd, v, len, MSG_NOSIGNAL) < 0)
		return;
}

static void answer(int fd, const char *head)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	const char *key = strstr(head, "Sec-WebSocket-Key: ");
	char text[256], accept[64];
	uint8_t digest[CRYPTO_SHA1_LEN];
	int n;

	must(key != NULL);
	key += strlen("Sec-WebSocket-Key: ");
	n = snprintf(text, sizeof(text), "%.*s%s", (int)strcspn(key, "\r"), key,
	             guid);
	crypto_sha1(digest, text, (size_t)n);
	accept[base64_encode(accept, digest, sizeof(digest))] = '\0';
	n = snprintf(text, sizeof(text),
	             "HTTP/1.1 101 S\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	             accept);
	put(fd, text, (size_t)n);
}

static void *serve(void *arg)
{
	for (;;) {
		char head[HEAD_LEN + 1];
		size_t len = 0;
		int fd = accept(listener, NULL, NULL);

		must(fd >= 0);
		do {
			ssize_t n = recv(fd, head + len, HEAD_LEN - len, 0);

			must(n > 0);
			len += (size_t)n;
			head[len] = '\0';
		} while (!strstr(head, "\r\n\r\n"));
		if (input_len && !(input[0] & 1))
			answer(fd, head);
		if (input_len)
			put(fd, input + 1, input_len - 1);
		must(!sem_post(&sent));
		shutdown(fd, SHUT_WR);
		/* Not before it has let go: a reset would eat our bytes. */
		while (recv(fd, head, HEAD_LEN, 0) > 0)
			;
		close(fd);
	}
	return arg;
}

static unsigned begin(void)
{
	static struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	pthread_t thread;

	if (listener >= 0)
		return ntohs(at.sin_port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(listener >= 0);
	must(!bind(listener, (struct sockaddr *)&at, sizeof(at)));
	must(!listen(listener, 8));
	must(!getsockname(listener, (struct sockaddr *)&at, &len));
	must(!sem_init(&sent, 0, 0));
	must(!pthread_create(&thread, NULL, serve, NULL));
	return ntohs(at.sin_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned port = begin();
	size_t blocks = mem_live(), taken = 0;
	struct relay_client *c = NULL;
	struct relay_msg msg;
	int err, status = 0;

	input = data;
	input_len = len;
	err = relay_client_open(&c, "127.0.0.1", port, "/ws/x", NULL, &status);
	must(!err || !c);
	must(status >= 0 && status <= 999);
	if (len && !(data[0] & 1))
		must(!err && status == 101);
	while (!err) {
		err = relay_client_next(c, relay_now_ms() + WAIT_MS, -1, &msg);
		if (err)
			break;
		must(msg.op != RELAY_MORE);
		must(msg.len <= RELAY_MESSAGE_MAX);
		taken += msg.len;
		/* Every byte is read, whoever looks at it. */
		for (size_t i = 0; i < msg.len; i++)
			seen = msg.v[i];
	}
	must(err == ERR_EOF || err == ERR_PROTO || err == ERR_LIMIT ||
	     err == -ECONNRESET);
	must(taken <= len);
	relay_client_close(&c);
	while (sem_wait(&sent))
		must(errno == EINTR);
	must(mem_live() == blocks);
	return 0;
}
