#define _POSIX_C_SOURCE 200809L
#include "common/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { LINE_MAX_LEN = 2048 /* [bytes]; a longer line is cut */ };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static atomic_int min_level = LOG_INFO;
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static log_sink_h *sink_handler;
static void *sink_arg;

void log_set_level(enum log_level level)
{
	atomic_store(&min_level, level);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load(&min_level);
}

void log_set_sink(log_sink_h *sink, void *arg)
{
	pthread_mutex_lock(&sink_lock);
	sink_handler = sink;
	sink_arg = arg;
	pthread_mutex_unlock(&sink_lock);
}

static int write_head(char *line, size_t cap, enum log_level level,
                      const char *module, const char *call)
{
	struct timespec ts;
	struct tm tm;
	char when[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	if (!strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm))
		when[0] = '\0';
	return snprintf(line, cap, "%s.%03ldZ %s %s %s%s%s", when,
	                ts.tv_nsec / 1000000, level_names[level], module,
	                call ? "call=" : "", call ? call : "", call ? " " : "");
}

static void emit(enum log_level level, const char *line)
{
	pthread_mutex_lock(&sink_lock);
	if (sink_handler)
		sink_handler(level, line, sink_arg);
	else
		fprintf(stderr, "%s\n", line);
	pthread_mutex_unlock(&sink_lock);
}

void log_line(enum log_level level, const char *module, const char *call,
              const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	int saved = errno;
	va_list ap;
	int n;

	if (level < log_get_level())
		return;

	n = write_head(line, sizeof(line), level, module, call);
	if (n < 0 || (size_t)n >= sizeof(line))
		n = 0;
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);

	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	emit(level, line);
	errno = saved;
}

const char *log_text(char dst[LOG_TEXT_MAX], const char *text)
{
	size_t n = 0;

	dst[n++] = '"';
	for (; text && *text && n + 6 < LOG_TEXT_MAX; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			dst[n++] = '\\';
			dst[n++] = (char)c;
		} else {
			dst[n++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
		}
	}
	if (text && *text) {
		dst[n++] = '.';
		dst[n++] = '.';
		dst[n++] = '.';
	}
	dst[n++] = '"';
	dst[n] = '\0';
	return dst;
}
