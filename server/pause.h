/*
 * pause.h - the kill switch: no call is dialled until somebody resumes
 *
 * It stands in the ledger, so all servers of that ledger obey it, and a
 * restart does not forget it. Calls that wait go on waiting, calls that are up
 * go on; what the carrier has taken already rings.
 */
#ifndef SERVER_PAUSE_H
#define SERVER_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "server/store/setting.h"

struct app;
struct buf;
struct http_req;
struct http_res;
struct store;

struct pause {
	bool on;
	int64_t since_ms;
	char reason[STORE_SETTING_MAX]; /* "" unless said */
};

/* Errors are store.h's; @p then says nothing. */
int pause_look(struct store *s, struct pause *p) MUST_CHECK;

/* May calls be started? False: @res is 503, with Retry-After. */
bool pause_admits(struct app *app, struct http_res *res);

/* POST /pause and POST /resume. */
void pause_handle(const struct http_req *req, struct http_res *res, void *arg);
void pause_resume_handle(const struct http_req *req, struct http_res *res,
                         void *arg);

/* "dialout-server pause [REASON]" and "resume": the words behind them, see
 * ledgercmd_run(). */
int pause_run(struct buf *out, int argc, char **argv, const char *dotenv);
int pause_resume_run(struct buf *out, int argc, char **argv,
                     const char *dotenv);

#endif
