#define _POSIX_C_SOURCE 200809L
#include "common/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

static char secrets[LOG_SECRETS_MAX][LOG_SECRET_MAX];
static size_t n_secrets;

bool log_hide(const char *secret, size_t len)
{
	if (len < LOG_SECRET_SHORTEST || len >= LOG_SECRET_MAX)
		return false;
	for (size_t i = 0; i < n_secrets; i++)
		if (strlen(secrets[i]) == len &&
		    memcmp(secrets[i], secret, len) == 0)
			return true;
	if (n_secrets == LOG_SECRETS_MAX)
		return false;
	memcpy(secrets[n_secrets], secret, len);
	secrets[n_secrets++][len] = '\0';
	return true;
}

static void hide_secrets(char *line)
{
	for (size_t i = 0; i < n_secrets; i++) {
		char *p = line;

		while ((p = strstr(p, secrets[i])) != NULL) {
			memset(p, '*', strlen(secrets[i]));
			p += strlen(secrets[i]);
		}
	}
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
	hide_secrets(line);
	emit(level, line);
	errno = saved;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length of the telephone number that @text begins with: 7 to 15 digits with
 * spaces, dashes and parentheses between them; 0: none. Dots do not count, or
 * addresses would be numbers, too. */
static size_t phone_len(const char *text)
{
	size_t len = 0, digits = 0, whole_len = 0, whole_digits = 0;

	for (size_t i = 0; text[i]; i++) {
		if (is_digit(text[i])) {
			if (len && len < i) {
				whole_len = len;
				whole_digits = digits;
			}
			digits++;
			len = i + 1;
			/* Too many: two numbers, one behind the other. */
			if (digits > 15) {
				digits = whole_digits;
				len = whole_len;
				break;
			}
		} else if (!strchr(" -()", text[i]) || i - len >= 2) {
			break;
		}
	}
	return digits >= 7 && !is_alnum(text[len]) ? len : 0;
}

const char *log_text(char dst[LOG_TEXT_MAX], const char *text)
{
	const char *begin = text, *phone = text;
	size_t n = 0;

	dst[n++] = '"';
	for (; text && *text && n + 6 < LOG_TEXT_MAX; text++) {
		unsigned char c = (unsigned char)*text;

		if (text >= phone && is_digit(*text) &&
		    (text == begin || !is_alnum(text[-1])))
			phone = text + phone_len(text);
		if (text + 2 < phone && is_digit(*text))
			c = '*';
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
