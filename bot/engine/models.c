#include "bot/engine/models.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"

int models_default_dir(char *dst, size_t cap)
{
	// Nobody changes the environment. NOLINTBEGIN(concurrency-mt-unsafe)
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	// NOLINTEND(concurrency-mt-unsafe)
	int n;

	if (cache && *cache)
		n = snprintf(dst, cap, "%s/dialout/models", cache);
	else if (home && *home)
		n = snprintf(dst, cap, "%s/.cache/dialout/models", home);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= cap ? ERR_LIMIT : 0;
}

int models_look(char *dst, size_t cap, const char *dir, const char *name)
{
	char def[MODELS_PATH_MAX];
	int n;

	dst[0] = '\0';
	if (!dir) {
		const int err = models_default_dir(def, sizeof(def));

		if (err)
			return err;
		dir = def;
	}
	n = snprintf(dst, cap, "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= cap)
		return ERR_LIMIT;
	return access(dst, R_OK) == 0 ? 0 : -errno;
}

int models_find(char *dst, size_t cap, const char *dir, const char *name)
{
	const int err = models_look(dst, cap, dir, name);

	if (!err || err == ERR_LIMIT)
		return err;
	log_line(LOG_ERROR, "models", NULL,
	         "event=missing file=%s reason=%s hint=\"make deps\"",
	         LOG_TEXT(dst[0] ? dst : name), LOG_TEXT(err_str(err)));
	return err;
}
