#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "server/store/pg.h"

/* What every connection is told. A transaction that a lost server has left
 * open must not lock the others out, and a promise is one only on the disk. */
static const char session[] =
	"SET statement_timeout = 2500;"
	"SET lock_timeout = 2000;"
	"SET idle_in_transaction_session_timeout = 10000;"
	"SET client_min_messages = warning;"
	"SELECT set_config('synchronous_commit', 'on', false)"
	" WHERE current_setting('synchronous_commit') = 'off'";

int64_t pg_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int pg_wait(struct pg_conn *c, bool to_write)
{
	struct pollfd pfd = {.fd = PQsocket(c->c),
	                     .events = to_write ? POLLIN | POLLOUT : POLLIN};
	int64_t left = c->until_ms - pg_clock_ms();

	if (pfd.fd < 0 || left <= 0 || poll(&pfd, 1, (int)left) <= 0)
		return PG_LOST;
	return 0;
}

/* Libpq names the socket or the host, and never the password. */
static void tell(const struct pg_conn *c, const char *event)
{
	char line[256];

	snprintf(line, sizeof(line), "%s", PQerrorMessage(c->c));
	line[strcspn(line, "\n")] = '\0';
	log_line(LOG_WARN, "store", NULL, "event=%s text=%s", event,
	         LOG_TEXT(line));
}

static int finish_connecting(struct pg_conn *c)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	while (PQstatus(c->c) != CONNECTION_BAD) {
		struct pollfd pfd = {.fd = PQsocket(c->c)};
		int64_t left = c->until_ms - pg_clock_ms();

		if (status == PGRES_POLLING_OK)
			return 0;
		if (status == PGRES_POLLING_FAILED || left <= 0)
			break;
		pfd.events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (poll(&pfd, 1, (int)left) <= 0)
			break;
		status = PQconnectPoll(c->c);
	}
	return PG_LOST;
}

static void hear_notice(void *arg, const char *text)
{
	(void)arg;
	log_line(LOG_WARN, "store", NULL, "event=notice text=%s",
	         LOG_TEXT(text));
}

int pg_connect(struct pg_conn *c)
{
	/* What follows "dbname" has the last word over the URL. */
	static const char *const names[] = {
		"dbname",           "fallback_application_name",
		"client_encoding",  "keepalives_idle",
		"tcp_user_timeout", NULL};
	const char *const values[] = {c->pg->url, "dialout-server", "UTF8",
	                              "10",       "5000",           NULL};
	int err;

	c->c = PQconnectStartParams(names, values, 1);
	err = c->c ? finish_connecting(c) : PG_LOST;
	if (!err) {
		PQsetNoticeProcessor(c->c, hear_notice, NULL);
		if (PQsetnonblocking(c->c, 1))
			err = PG_LOST;
	}
	if (!err)
		err = pg_say(c, session);
	if (!err)
		return 0;
	if (c->c && !pg_is_down(c->pg))
		tell(c, "not_connected");
	pg_disconnect(c);
	return PG_LOST;
}

void pg_disconnect(struct pg_conn *c)
{
	PQfinish(c->c);
	c->c = NULL;
	memset(c->ready, 0, sizeof(c->ready));
}
