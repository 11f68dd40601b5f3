/*
 * log.h - levelled lines of key=value, tagged with the call
 *
 *	2026-01-02T03:04:05.678Z info plivo call=c_1 event=dialled status=201
 *
 * One event a line; names are stable, so that they can be searched for. The
 * format string writes "event=... key=value"; values of foreign text go
 * through LOG_TEXT(). Control characters never reach the output, so one line
 * of input cannot become two of log. No credentials; telephone numbers masked
 * with str_mask_phone(); what people said at debug level only. Safe to use
 * from several threads.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Gets each finished line, terminated, without a newline. */
typedef void log_sink_h(enum log_level level, const char *line, void *arg);

/* Lines below @level are dropped; LOG_INFO until set. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Where lines go; NULL: standard error. */
void log_set_sink(log_sink_h *sink, void *arg);

enum {
	LOG_SECRETS_MAX = 32,    /* that are hidden; more are not */
	LOG_SECRET_MAX = 256,    /* [bytes] of one, with terminator */
	LOG_SECRET_SHORTEST = 8, /* [bytes] less would hide words, too */
};

/* Never write @secret (copied), even where a peer repeats it in what it says:
 * asterisks stand for it. Before there are threads. False: it is too short or
 * too long, or there are too many. */
bool log_hide(const char *secret, size_t len);

/* One line. @call is a call's public id, or NULL. */
void log_line(enum log_level level, const char *module, const char *call,
              const char *fmt, ...) PRINTF_LIKE(4, 5);

enum { LOG_TEXT_MAX = 256 /* [bytes] of quoted text, with terminator */ };

/* Foreign text as a quoted value, cut when long: LOG_TEXT(text). What looks
 * like a telephone number is masked but for its last two digits. */
const char *log_text(char dst[LOG_TEXT_MAX], const char *text);
#define LOG_TEXT(text) log_text((char[LOG_TEXT_MAX]){0}, (text))

#endif
