#include "bot/engine/ort.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

/* Places in the table of functions; they only ever grow at the end. */
enum {
	AT_ERROR_MESSAGE = 2,
	AT_CREATE_ENV = 3,
	AT_CREATE_SESSION = 7,
	AT_RUN = 9,
	AT_CREATE_OPTIONS = 10,
	AT_OPTIMIZE = 23,
	AT_INTRA_THREADS = 24,
	AT_INTER_THREADS = 25,
	AT_CREATE_TENSOR = 49,
	AT_TENSOR_DATA = 51,
	AT_SHAPE_COUNT = 64,
	AT_TENSOR_SHAPE = 65,
	AT_CPU_MEMORY = 69,
	AT_RELEASE_ENV = 92,
	AT_RELEASE_STATUS = 93,
	AT_RELEASE_MEMORY = 94,
	AT_RELEASE_SESSION = 95,
	AT_RELEASE_VALUE = 96,
	AT_RELEASE_SHAPE = 99,
	AT_RELEASE_OPTIONS = 100,
	AT_CONFIG = 130,
};

enum {
	API_VERSION = 17, /* of 2024; nothing newer is used */
	LEVEL_FATAL = 4,  /* errors come back as a status, too */
	OPTIMIZE_ALL = 99,
	ARENA_ALLOCATOR = 1,
};

/* A status is NULL for success. Handles of the library have no type here. */
typedef void any_h(void);
typedef const char *message_h(const void *status);
typedef void *create_env_h(int level, const char *name, void **env);
typedef void *create_session_h(void *env, const char *path, const void *options,
                               void **session);
typedef void *run_h(void *session, const void *run_options,
                    const char *const *in, struct ort_value *const *in_values,
                    size_t n_in, const char *const *out, size_t n_out,
                    struct ort_value **out_values);
typedef void *create_h(void **thing);
typedef void *set_int_h(void *options, int value);
typedef void *config_h(void *options, const char *key, const char *value);
typedef void *create_tensor_h(const void *memory, void *data, size_t bytes,
                              const int64_t *dims, size_t n_dims, int type,
                              struct ort_value **value);
typedef void *data_h(struct ort_value *value, void **data);
typedef void *count_h(const void *shape, size_t *n);
typedef void *shape_h(const struct ort_value *value, void **shape);
typedef void *cpu_memory_h(int allocator, int type, void **memory);
typedef void release_h(void *thing);

struct api_base {
	any_h *const *(*api)(uint32_t version);
	const char *(*version)(void);
};

typedef const struct api_base *api_base_h(void);

struct ort {
	void *lib;
	any_h *const *at;
	void *env, *memory;
};

struct ort_net {
	struct ort *ort;
	void *session;
};

#define CALL(ort, type, place) ((type *)(ort)->at[place])

/* Log and release what a function returned; 0 or ERR_PROVIDER. */
static int check(const struct ort *ort, void *status, const char *doing)
{
	if (!status)
		return 0;
	log_line(LOG_ERROR, "ort", NULL, "event=failed doing=%s reason=%s",
	         doing,
	         LOG_TEXT(CALL(ort, message_h, AT_ERROR_MESSAGE)(status)));
	CALL(ort, release_h, AT_RELEASE_STATUS)(status);
	return ERR_PROVIDER;
}

static void release(const struct ort *ort, int place, void *thing)
{
	if (thing)
		CALL(ort, release_h, place)(thing);
}

static int load(struct ort *ort, const char *path)
{
	api_base_h *base_of;
	void *symbol;

	ort->lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	symbol = ort->lib ? dlsym(ort->lib, "OrtGetApiBase") : NULL;
	if (!symbol) {
		// Where this thread failed. NOLINTNEXTLINE(concurrency-mt-unsafe)
		const char *why = dlerror();

		log_line(LOG_ERROR, "ort", NULL,
		         "event=unloadable reason=%s hint=\"make deps\"",
		         LOG_TEXT(why ? why : path));
		return -ENOENT;
	}
	/* ISO C has no cast from an object's pointer to a function's. */
	memcpy(&base_of, &symbol, sizeof(base_of));
	ort->at = base_of()->api(API_VERSION);
	return ort->at ? 0 : ERR_PROTO;
}

int ort_open(struct ort **op, const char *path)
{
	struct ort *ort = mem_zalloc(sizeof(*ort));
	int err;

	if (!ort)
		return -ENOMEM;
	err = load(ort, path);
	if (err)
		goto out;
	err = check(ort,
	            CALL(ort, create_env_h,
	                 AT_CREATE_ENV)(LEVEL_FATAL, "dialout", &ort->env),
	            "env");
	if (err)
		goto out;
	err = check(ort,
	            CALL(ort, cpu_memory_h, AT_CPU_MEMORY)(ARENA_ALLOCATOR, 0,
	                                                   &ort->memory),
	            "memory");
	if (err)
		goto out;
	*op = ort;
	ort = NULL;
out:
	ort_close(&ort);
	return err;
}

/* The library itself stays: it has threads and destructors of its own. */
void ort_close(struct ort **op)
{
	struct ort *ort = *op;

	if (!ort)
		return;
	release(ort, AT_RELEASE_MEMORY, ort->memory);
	release(ort, AT_RELEASE_ENV, ort->env);
	mem_free(ort);
	*op = NULL;
}

static int options_new(struct ort *ort, void **options)
{
	static const struct {
		int place, value;
	} set[] = {
		{AT_OPTIMIZE, OPTIMIZE_ALL},
		{AT_INTRA_THREADS, 1},
		{AT_INTER_THREADS, 1},
	};
	int err = check(ort, CALL(ort, create_h, AT_CREATE_OPTIONS)(options),
	                "options");

	for (size_t i = 0; i < ARRAY_LEN(set) && !err; i++)
		err = check(ort,
		            CALL(ort, set_int_h, set[i].place)(*options,
		                                               set[i].value),
		            "options");
	/* With KleidiAI's kernels for ARM's SME, as ONNX Runtime 1.28.2 has
	 * them, Kokoro speaks twice as long as it should, and no words (seen
	 * in an emulator). MLAS's own, for NEON, dotprod and i8mm, agree with
	 * x86-64. */
	if (!err)
		err = check(ort,
		            CALL(ort, config_h, AT_CONFIG)(
				    *options, "mlas.disable_kleidiai", "1"),
		            "options");
	return err;
}

int ort_net_new(struct ort_net **np, struct ort *ort, const char *path)
{
	struct ort_net *net = mem_zalloc(sizeof(*net));
	void *options = NULL;
	int err;

	if (!net)
		return -ENOMEM;
	net->ort = ort;
	err = options_new(ort, &options);
	if (!err)
		err = check(ort,
		            CALL(ort, create_session_h, AT_CREATE_SESSION)(
				    ort->env, path, options, &net->session),
		            "load");
	release(ort, AT_RELEASE_OPTIONS, options);
	if (err)
		ort_net_free(&net);
	else
		*np = net;
	return err;
}

void ort_net_free(struct ort_net **np)
{
	struct ort_net *net = *np;

	if (!net)
		return;
	release(net->ort, AT_RELEASE_SESSION, net->session);
	mem_free(net);
	*np = NULL;
}

int ort_tensor(struct ort_value **vp, struct ort *ort, enum ort_type type,
               void *data, size_t bytes, const int64_t *dims, size_t n_dims)
{
	return check(ort,
	             CALL(ort, create_tensor_h,
	                  AT_CREATE_TENSOR)(ort->memory, data, bytes, dims,
	                                    n_dims, (int)type, vp),
	             "tensor");
}

int ort_run(struct ort_net *net, const struct ort_feed *in,
            const struct ort_feed *out)
{
	return check(net->ort,
	             CALL(net->ort, run_h,
	                  AT_RUN)(net->session, NULL, in->names, in->values,
	                          in->n, out->names, out->n, out->values),
	             "run");
}

int ort_floats(struct ort *ort, struct ort_value *value, float **v, size_t *n)
{
	void *shape = NULL, *data = NULL;
	int err = check(ort, CALL(ort, shape_h, AT_TENSOR_SHAPE)(value, &shape),
	                "shape");

	if (!err)
		err = check(ort, CALL(ort, count_h, AT_SHAPE_COUNT)(shape, n),
		            "count");
	release(ort, AT_RELEASE_SHAPE, shape);
	if (!err)
		err = check(ort,
		            CALL(ort, data_h, AT_TENSOR_DATA)(value, &data),
		            "data");
	if (!err)
		*v = data;
	return err;
}

void ort_value_free(struct ort *ort, struct ort_value **vp)
{
	release(ort, AT_RELEASE_VALUE, *vp);
	*vp = NULL;
}
