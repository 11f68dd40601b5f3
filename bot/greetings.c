#include "bot/greetings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bot/provider/provider.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	KEY_LEN = 2 * CRYPTO_SHA256_LEN + 1,
	KEY_TEXT_MAX = CLIP_TEXT_MAX + 4096,
	DIR_MAX = 2048,
	PATH_SIZE = DIR_MAX + KEY_LEN + 16,
};

struct entry {
	char key[KEY_LEN];
	struct clip *clip; /* NULL: free */
	uint64_t used;
};

struct greetings {
	char *dir; /* NULL: none */
	struct entry entries[GREETINGS_MEMORY];
	uint64_t clock;
};

/* With its parents. 0, or errno says why. */
static int make_folder(const char *dir)
{
	char path[DIR_MAX];
	const int n = snprintf(path, sizeof(path), "%s/", dir);

	for (char *p = path + 1; p < path + n; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, S_IRWXU) && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return access(dir, R_OK | W_OK | X_OK);
}

int greetings_new(struct greetings **gp, const char *dir)
{
	struct greetings *g = mem_zalloc(sizeof(*g));

	if (!g)
		return -ENOMEM;
	*gp = g;
	if (!dir || !dir[0] || strlen(dir) >= DIR_MAX)
		return 0;
	if (make_folder(dir)) {
		log_line(LOG_WARN, "greetings", NULL,
		         "event=kept_in_memory_alone folder=%s why=%s",
		         LOG_TEXT(dir), LOG_TEXT(err_str(-errno)));
		return 0;
	}
	g->dir = mem_strdup(dir);
	if (g->dir)
		return 0;
	greetings_free(gp);
	return -ENOMEM;
}

void greetings_free(struct greetings **gp)
{
	struct greetings *g = *gp;

	*gp = NULL;
	if (!g)
		return;
	for (size_t i = 0; i < ARRAY_LEN(g->entries); i++)
		clip_free(&g->entries[i].clip);
	mem_free(g->dir);
	mem_free(g);
}

/* ---- keys ------------------------------------------------------------- */

/* Of all that makes a sound differ; false: of nothing that can be kept. */
static bool make_key(char key[KEY_LEN], const char *provider,
                     const struct provider_cfg *cfg, struct str text,
                     enum audio_fmt fmt)
{
	const char *const parts[] = {
		provider,   cfg->url,      cfg->model,
		cfg->voice, cfg->language, cfg->words_for_numbers ? "w" : NULL};
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct buf all;
	int err;

	buf_init(&all, KEY_TEXT_MAX);
	err = buf_addf(&all, "%d", (int)fmt);
	for (size_t i = 0; i < ARRAY_LEN(parts) && !err; i++)
		err = buf_addf(&all, "\n%s", parts[i] ? parts[i] : "");
	if (!err)
		err = buf_addf(&all, "\n%.*s", (int)text.len, text.v);
	if (!err)
		crypto_sha256(sum, all.v, all.len);
	buf_fini(&all);
	if (err)
		return false;
	for (size_t i = 0; i < sizeof(sum); i++)
		(void)snprintf(key + 2 * i, 3, "%02x", sum[i]);
	return true;
}

static void path_of(const struct greetings *g, char path[PATH_SIZE],
                    const char *name)
{
	(void)snprintf(path, PATH_SIZE, "%s/%s", g->dir, name);
}

static void clip_path(const struct greetings *g, char path[PATH_SIZE],
                      const char *key)
{
	char name[KEY_LEN + 8];

	(void)snprintf(name, sizeof(name), "%s.clip", key);
	path_of(g, path, name);
}

/* ---- memory ----------------------------------------------------------- */

static struct entry *oldest(struct greetings *g)
{
	struct entry *e = &g->entries[0];

	for (size_t i = 1; i < ARRAY_LEN(g->entries); i++)
		if (g->entries[i].used < e->used)
			e = &g->entries[i];
	return e;
}

static struct entry *remember(struct greetings *g, const char *key,
                              struct clip *clip)
{
	struct entry *e = oldest(g);

	clip_free(&e->clip);
	memcpy(e->key, key, KEY_LEN);
	e->clip = clip;
	e->used = ++g->clock;
	return e;
}

const struct clip *greetings_find(struct greetings *g, const char *provider,
                                  const struct provider_cfg *cfg,
                                  struct str text, enum audio_fmt fmt)
{
	char key[KEY_LEN], path[PATH_SIZE];
	struct clip *clip = NULL;

	if (!make_key(key, provider, cfg, text, fmt))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(g->entries); i++) {
		struct entry *e = &g->entries[i];

		if (e->clip && !strcmp(e->key, key)) {
			e->used = ++g->clock;
			return e->clip;
		}
	}
	if (!g->dir)
		return NULL;
	clip_path(g, path, key);
	if (clip_load(&clip, path, text, fmt))
		return NULL;
	return remember(g, key, clip)->clip;
}

/* ---- the folder ------------------------------------------------------- */

/* Count the clips; the name of the oldest goes into @name. */
static unsigned survey(const struct greetings *g, DIR *dir, char *name,
                       size_t cap)
{
	const struct dirent *e;
	time_t first = 0;
	unsigned n = 0;

	/* The DIR is this call's own. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((e = readdir(dir)) != NULL) {
		char path[PATH_SIZE];
		struct stat st;

		if (!strstr(e->d_name, ".clip") || strlen(e->d_name) >= cap)
			continue;
		path_of(g, path, e->d_name);
		if (stat(path, &st))
			continue;
		n++;
		if (!first || st.st_mtime < first) {
			first = st.st_mtime;
			memcpy(name, e->d_name, strlen(e->d_name) + 1);
		}
	}
	return n;
}

static void make_room(const struct greetings *g)
{
	DIR *dir = opendir(g->dir);
	char name[KEY_LEN + 32] = "", path[PATH_SIZE];

	if (!dir)
		return;
	if (survey(g, dir, name, sizeof(name)) >= GREETINGS_FILES) {
		path_of(g, path, name);
		(void)unlink(path);
	}
	closedir(dir);
}

void greetings_keep(struct greetings *g, const char *provider,
                    const struct provider_cfg *cfg, const struct clip *c)
{
	char key[KEY_LEN], path[PATH_SIZE];
	struct clip *copy = NULL;
	int err;

	if (!make_key(key, provider, cfg, str_of(c->asked), c->fmt))
		return;
	if (clip_copy(&copy, c) == 0)
		(void)remember(g, key, copy);
	if (!g->dir)
		return;
	make_room(g);
	clip_path(g, path, key);
	err = clip_save(c, path);
	if (err)
		log_line(LOG_WARN, "greetings", NULL,
		         "event=not_saved folder=%s why=%s", LOG_TEXT(g->dir),
		         LOG_TEXT(err_str(err)));
}
