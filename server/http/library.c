#include "server/http/library.h"

#include <civetweb.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "server/http/http.h"
#include "server/http/message.h"

enum { HEAD_MAX = 512 /* [bytes] */ };

static void fill(struct http_res *res, int status, const char *text)
{
	switch (status) {
	case 413:
	case 414:
	case 431:
		http_fail(res, 413,
		          "The request's head is too long: send a shorter "
		          "address and fewer headers.");
		break;
	case 404:
		http_fail(res, 404,
		          "There is nothing here: look at the address, and for "
		          "the paths in README.md.");
		break;
	case 503:
		http_fail_later(res, 503, 1,
		                "The server has no room now: try again after "
		                "Retry-After.");
		break;
	default:
		if (status >= 500 && status != 505)
			http_fail(res, 500,
			          "The web server failed: %s. Try again, and "
			          "see the log of dialout-server.",
			          text);
		else
			http_fail(res, 400,
			          "This is no HTTP request: %s. Use HTTP/1.1, "
			          "and http:// in the address where nothing in "
			          "front of the server serves https://.",
			          text);
		break;
	}
}

int library_fault(struct mg_connection *conn, int status, const char *text)
{
	struct http_res res;
	struct buf head;
	int err;

	http_res_init(&res);
	fill(&res, status, text && *text ? text : "unknown");
	buf_init(&head, HEAD_MAX);
	err = buf_addf(&head,
	               "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n"
	               "Content-Length: %zu\r\nCache-Control: no-store\r\n"
	               "Connection: close\r\n%s\r\n",
	               res.status, http_reason(res.status), res.content_type,
	               res.body.len, buf_str(&res.headers));
	if (!err) {
		(void)mg_write(conn, head.v, head.len);
		(void)mg_write(conn, res.body.v, res.body.len);
	}
	mg_close_connection(conn);
	buf_fini(&head);
	http_res_fini(&res);
	return 0;
}

int library_log(const struct mg_connection *conn, const char *text)
{
	(void)conn;
	log_line(LOG_DEBUG, "http", NULL, "event=library text=%s",
	         LOG_TEXT(text));
	return 1;
}
