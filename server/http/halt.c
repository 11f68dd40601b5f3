#define _POSIX_C_SOURCE 200809L
#include "server/http/halt.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/str.h"

enum { PAUSE_MS = 10 /* between two knocks: the first may come too early */ };

struct knock {
	struct sockaddr_in to;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done; /* under lock */
};

/* Whoever connects to 0.0.0.0 reaches this machine. False: nothing known. */
static bool address_of(struct knock *k, const struct mg_context *ctx)
{
	const char *listen = mg_get_option(ctx, "listening_ports");
	const char *colon = listen ? strchr(listen, ':') : NULL;
	struct mg_server_port port;
	char host[INET_ADDRSTRLEN];

	if (!colon || mg_get_server_ports(ctx, 1, &port) < 1 ||
	    str_copy(host, sizeof(host),
	             str_n(listen, (size_t)(colon - listen))))
		return false;
	k->to = (struct sockaddr_in){.sin_family = AF_INET,
	                             .sin_port = htons((uint16_t)port.port)};
	return inet_pton(AF_INET, host, &k->to.sin_addr) == 1;
}

static void knock(const struct knock *k)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)connect(fd, (const struct sockaddr *)&k->to, sizeof(k->to));
	close(fd);
}

static void *knocker(void *arg)
{
	struct knock *k = arg;

	pthread_mutex_lock(&k->lock);
	while (!k->done) {
		struct timespec until;

		knock(k);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += PAUSE_MS * 1000000L;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		(void)pthread_cond_timedwait(&k->ended, &k->lock, &until);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

void halt_library(struct mg_context *ctx)
{
	struct knock k = {.lock = PTHREAD_MUTEX_INITIALIZER,
	                  .ended = PTHREAD_COND_INITIALIZER};
	pthread_t thread;
	bool knocks = address_of(&k, ctx) &&
	              !pthread_create(&thread, NULL, knocker, &k);

	mg_stop(ctx);
	if (!knocks)
		return;
	pthread_mutex_lock(&k.lock);
	k.done = true;
	pthread_cond_signal(&k.ended);
	pthread_mutex_unlock(&k.lock);
	(void)pthread_join(thread, NULL);
}
