/*
 * hear.c - the recogniser as a program: demo-hear base|tiny FILE...
 *
 * Prints what is said in each file, a line a file. A file is bare samples of
 * 16 bits at 8,000 Hz, of at most 20 s. The checks of `make demo` read a
 * call's recording with it, by the net that did not hear the call.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/engine/models.h"
#include "bot/engine/moonshine.h"
#include "bot/engine/ort.h"
#include "bot/media/resample.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	HZ = 8000,
	SAMPLES_MAX = MOONSHINE_SEC_MAX * HZ,
	PAD = MOONSHINE_HZ * 15 / 100, /* [samples] of silence on both sides */
	TEXT_MAX = 8192,               /* [bytes] of a file's text */
};

static int load(int16_t *v, size_t *n, const char *path)
{
	FILE *f = fopen(path, "rb");
	int err = 0;

	if (!f)
		return -errno;
	*n = fread(v, sizeof(*v), SAMPLES_MAX, f);
	if (ferror(f))
		err = -EIO;
	else if (fgetc(f) != EOF)
		err = ERR_LIMIT;
	fclose(f);
	return err;
}

/* @wide and @pcm have room for what SAMPLES_MAX become. */
static int hear(struct moonshine *m, const int16_t *v, size_t n, int16_t *wide,
                float *pcm)
{
	struct resample *rs = NULL;
	struct buf text;
	size_t got;
	int err = resample_new(&rs, HZ, MOONSHINE_HZ);

	if (err)
		return err;
	got = resample_run(rs, wide, v, n);
	got += resample_flush(rs, wide + got);
	resample_free(&rs);
	memset(pcm, 0, (got + 2 * PAD) * sizeof(*pcm));
	for (size_t i = 0; i < got; i++)
		pcm[PAD + i] = (float)wide[i] / 32768;
	buf_init(&text, TEXT_MAX);
	err = moonshine_hear(m, pcm, got + 2 * PAD, &text, NULL, NULL);
	if (!err)
		printf("%s\n", buf_str(&text));
	buf_fini(&text);
	return err;
}

static int hear_files(struct moonshine *m, int n_files, char **files)
{
	const size_t room = 2 * (SAMPLES_MAX + HZ);
	int16_t *v = mem_alloc(SAMPLES_MAX * sizeof(*v));
	int16_t *wide = mem_alloc(room * sizeof(*wide));
	float *pcm = mem_alloc((room + (size_t)2 * PAD) * sizeof(*pcm));
	int err = v && wide && pcm ? 0 : -ENOMEM;
	size_t n = 0;

	for (int i = 0; i < n_files && !err; i++) {
		err = load(v, &n, files[i]);
		if (!err)
			err = hear(m, v, n, wide, pcm);
		if (err)
			fprintf(stderr, "demo-hear: %s: %s\n", files[i],
			        err_str(err));
	}
	mem_free(v);
	mem_free(wide);
	mem_free(pcm);
	return err;
}

int main(int argc, char **argv)
{
	const bool tiny = argc > 1 && !strcmp(argv[1], "tiny");
	char lib[MODELS_PATH_MAX];
	struct moonshine *m = NULL;
	struct ort *ort = NULL;
	int err;

	if (argc < 3 || (!tiny && strcmp(argv[1], "base") != 0)) {
		fprintf(stderr, "usage: demo-hear base|tiny FILE...\n");
		return 2;
	}
	err = models_find(lib, sizeof(lib), NULL, "libonnxruntime.so");
	if (!err)
		err = ort_open(&ort, lib);
	if (!err)
		err = moonshine_new(&m, ort, NULL,
		                    tiny ? MOONSHINE_TINY : MOONSHINE_BASE);
	if (!err)
		err = hear_files(m, argc - 2, argv + 2);
	moonshine_free(&m);
	ort_close(&ort);
	return err ? 1 : 0;
}
