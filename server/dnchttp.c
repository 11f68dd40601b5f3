/*
 * The do-not-call list over HTTP, for whoever has no shell where the server is.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/str.h"
#include "server/access.h"
#include "server/app.h"
#include "server/dncfile.h"
#include "server/http/http.h"
#include "server/http/message.h"

enum { SAID_MAX = 16 * 1024 /* [bytes] of what is told of bad lines */ };

static void failed(struct app *app, int err, struct http_res *res)
{
	app_store_fault(app, NULL, err);
	http_fail_later(res, 503, 1,
	                "The ledger failed: %s. Try again; more is in the log "
	                "of dialout-server.",
	                err_str(err));
}

static int add_line(const char *line, void *arg)
{
	return buf_adds(arg, line);
}

static void give(struct app *app, struct http_res *res)
{
	unsigned long n;
	int err = dncfile_export(app->store, add_line, &res->body, &n);

	if (!err) {
		res->content_type = "text/csv; charset=utf-8";
		return;
	}
	buf_reset(&res->body);
	if (err == ERR_LIMIT)
		http_fail(res, 413,
		          "The list is too long for an answer: use "
		          "dialout-server dnc export FILE, which writes it.");
	else
		failed(app, err, res);
}

/* What was said of bad lines, as an array of texts. */
static int write_lines(struct buf *out, const char *said)
{
	struct str rest = str_of(said);
	unsigned n = 0;
	int err = buf_adds(out, "[");

	while (rest.v && !err) {
		struct str line = str_cut(&rest, '\n');

		if (!line.len)
			continue;
		err = n++ ? buf_adds(out, ",") : 0;
		if (!err)
			err = js_quote(out, line.v, line.len);
	}
	return err ? err : buf_adds(out, "]");
}

static int write_sums(struct buf *out, const struct dncfile_sums *sums,
                      const char *said)
{
	int err = buf_addf(out,
	                   "{\"taken\":%lu,\"new\":%lu,\"bad\":%lu,"
	                   "\"lines\":",
	                   sums->taken, sums->fresh, sums->bad);

	if (!err)
		err = write_lines(out, said);
	return err ? err : buf_adds(out, "}");
}

static void take(struct app *app, const struct http_req *req,
                 struct http_res *res)
{
	struct dncfile_sums sums;
	struct buf said;
	FILE *in;
	int err;

	if (!req->body_len) {
		http_fail(res, 400,
		          "Send numbers: one a line, or CSV with a column "
		          "phone_number.");
		return;
	}
	/* It is only read. */
	in = fmemopen((char *)(uintptr_t)req->body, req->body_len, "r");
	if (!in) {
		http_fail(res, 500,
		          "There was no memory for the list: send it in parts, "
		          "or try again.");
		return;
	}
	buf_init(&said, SAID_MAX);
	err = dncfile_import(app->store, in, &said, &sums);
	fclose(in);
	if (err) {
		failed(app, err, res);
	} else {
		log_line(LOG_INFO, "dnc", NULL,
		         "event=imported taken=%lu new=%lu bad=%lu", sums.taken,
		         sums.fresh, sums.bad);
		http_res_check(res,
		               write_sums(&res->body, &sums, buf_str(&said)));
	}
	buf_fini(&said);
}

void dncfile_handle(const struct http_req *req, struct http_res *res, void *arg)
{
	if (!access_check(arg, req, res, ACCESS_ADMIN, NULL))
		return;
	if (req->method == HTTP_POST)
		take(arg, req, res);
	else
		give(arg, res);
}
