/*
 * tool_http.h - a tool of an agent file: a request over HTTP
 *
 *	{"name": "free_slots", "description": "…", "parameters": {schema},
 *	 "http": {"method": "GET", "url": "https://api.example.com/{{day}}",
 *	          "timeout_ms": 10000, "headers": {"Name": "value"},
 *	          "secret_env": "SLOTS_KEY", "allow_private": false},
 *	 "filler": "One moment."}
 *
 * Which host is asked stands in the file and nowhere else: the model's
 * arguments fill places of path and query, percent-encoded, or are the JSON
 * body of a POST, PUT or PATCH.
 */
#ifndef BOT_TOOL_HTTP_H
#define BOT_TOOL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/tool_transfer.h"
#include "bot/tools.h"
#include "common/attr.h"
#include "common/js.h"
#include "common/str.h"

struct buf;

enum {
	TOOL_NAME_MAX = 64,       /* [bytes] without terminator, as models
	                           * want it: [A-Za-z0-9_-] */
	TOOL_HEADERS_MAX = 16,    /* of the file */
	TOOL_URL_MAX = 4 * 1024,  /* [bytes] filled in */
	TOOL_TIMEOUT_MS = 10000,  /* unless the file says otherwise */
	TOOL_TIMEOUT_MAX = 30000, /* [ms]: nobody waits longer on a telephone */
	TOOL_FAULT_MAX = 160,     /* [bytes] with terminator */
};

struct tool_http {
	char *method;
	char *url; /* template */
	char *headers[TOOL_HEADERS_MAX];
	size_t n_headers;
	char *secret_env; /* NULL: no Authorization */
	uint32_t timeout_ms;
	bool allow_private; /* else public addresses only, and https */
	bool body;          /* arguments go there */
};

/* A tool with all that it owns. */
struct tool_own {
	struct tool tool;
	struct tool_http http;
	struct tool_transfer transfer; /* in place of http if it has any */
	char *name, *description, *parameters, *filler;
};

/* The tool that @obj describes. -EINVAL with @fault; -ENOMEM. */
int tool_own_new(struct tool_own **tp, json_t *obj,
                 char fault[TOOL_FAULT_MAX]) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void tool_own_free(struct tool_own **tp);

/* Append the URL for @args, which tools_args() has passed. -EINVAL, with
 * @fault for the model: an argument is missing, or would lead to another path.
 * -ENOMEM, ERR_LIMIT: too long. */
int tool_http_url(const struct tool_http *h, struct str args, struct buf *url,
                  char fault[TOOL_FAULT_MAX]) MUST_CHECK;

/* Is @url a template that tool_http_url() can fill? NULL: it is; else what is
 * wrong with it. */
const char *tool_http_check_url(const char *url, bool allow_private);

#endif
