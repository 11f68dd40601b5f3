#define _GNU_SOURCE
#include "tests/bench/voices.h"
#include "common/str.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/attr.h"
#include "tests/harness/speech.h"

enum { GSM_FRAME = 33 /* [bytes] */, GSM_SAMPLES = 160 };

/* ---- GSM 06.10 ------------------------------------------------------------- */

static struct {
	void *(*create)(void);
	int (*decode)(void *state, uint8_t *frame, int16_t *out);
	void (*destroy)(void *state);
} gsm;

static void find_gsm(void)
{
	void *lib = dlopen("libgsm.so.1", RTLD_NOW);

	if (!lib)
		return;
	/* As POSIX has it: an object's pointer holds a function's. */
	*(void **)(void *)&gsm.create = dlsym(lib, "gsm_create");
	*(void **)(void *)&gsm.destroy = dlsym(lib, "gsm_destroy");
	*(void **)(void *)&gsm.decode = dlsym(lib, "gsm_decode");
}

static size_t load_gsm(const char *path, int16_t *out, size_t cap)
{
	FILE *f = fopen(path, "rb");
	void *state = f ? gsm.create() : NULL;
	uint8_t frame[GSM_FRAME];
	size_t n = 0;

	while (state && n + GSM_SAMPLES <= cap &&
	       fread(frame, GSM_FRAME, 1, f) == 1 &&
	       gsm.decode(state, frame, out + n) == 0)
		n += GSM_SAMPLES;
	if (state)
		gsm.destroy(state);
	if (f)
		(void)fclose(f);
	return n;
}

/* ---- folders --------------------------------------------------------------- */

static bool is_speech(const char *name)
{
	static const char *const others[] = {"beep", "tone",    "ascending",
	                                     "ring", "silence", "monkeys",
	                                     "/moh", "music"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strstr(name, others[i]))
			return false;
	return true;
}

static bool is_readable(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".wav") == 0 ||
	               (strcmp(dot, ".gsm") == 0 && gsm.decode));
}

static void add(struct voices *v, size_t voice, const char *path)
{
	struct voices_file *f = &v->files[v->n_files];

	if (v->n_files == VOICES_FILES_MAX || !is_readable(path) ||
	    !is_speech(path) ||
	    str_copy(f->path, sizeof(f->path), str_of(path)) != 0)
		return;
	f->voice = voice;
	v->n_files++;
}

static void walk(struct voices *v, size_t voice, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	/* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (d && (e = readdir(d)) != NULL) {
		char path[512];
		struct stat st;

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		/* Folders that are links are others' names. */
		if (lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			walk(v, voice, path);
		else if (S_ISREG(st.st_mode))
			add(v, voice, path);
	}
	if (d)
		closedir(d);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct voices_file *)a)->path,
	              ((const struct voices_file *)b)->path);
}

void voices_find(struct voices *v, const char *root)
{
	DIR *d = opendir(root);
	const struct dirent *e;

	*v = (struct voices){.n_voices = 0};
	find_gsm();
	/* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (d && v->n_voices < VOICES_MAX && (e = readdir(d)) != NULL) {
		const size_t before = v->n_files;
		char path[512];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
		if (e->d_name[0] == '.' || lstat(path, &st) != 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		walk(v, v->n_voices, path);
		if (v->n_files - before > 50)
			(void)snprintf(v->names[v->n_voices++], VOICES_NAME_MAX,
			               "%.60s", e->d_name);
		else
			v->n_files = before;
	}
	if (d)
		closedir(d);
	qsort(v->files, v->n_files, sizeof(v->files[0]), by_path);
	if (v->n_files)
		return;
	(void)fprintf(stderr,
	              "no recordings in %s: apt-get install "
	              "asterisk-core-sounds-en-wav\n",
	              root);
	exit(2);
}

size_t voices_load(const struct voices_file *file, int16_t *out, size_t cap)
{
	struct speech sp;
	size_t n;

	if (strstr(file->path, ".gsm"))
		return load_gsm(file->path, out, cap);
	if (speech_load(&sp, file->path) != 0)
		return 0;
	n = sp.n < cap ? sp.n : cap;
	memcpy(out, sp.v, n * sizeof(out[0]));
	speech_fini(&sp);
	return n;
}
