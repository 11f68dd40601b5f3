/*
 * ort.h - ONNX Runtime, as much of it as the engines need
 *
 * The library is loaded at run time and its C interface declared here by
 * hand: no package has its header, and the order of its table of functions
 * has been frozen since version 1. A net may be run from several threads at
 * once; a value belongs to one. Errors are logged with the runtime's text.
 */
#ifndef BOT_ENGINE_ORT_H
#define BOT_ENGINE_ORT_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct ort;       /* the library */
struct ort_net;   /* a model */
struct ort_value; /* a tensor */

enum ort_type { ORT_FLOAT = 1, ORT_INT64 = 7, ORT_BOOL = 9 };

/* Load the library at @path. -ENOENT: cannot be loaded; ERR_PROTO: it is
 * older than what we speak; -ENOMEM. */
int ort_open(struct ort **op, const char *path) MUST_CHECK;

/* All nets have been freed. NULLs the caller's pointer. NULL is fine. */
void ort_close(struct ort **op);

/* Load the model at @path; it computes on the calling thread alone.
 * ERR_PROVIDER: refused; -ENOMEM. */
int ort_net_new(struct ort_net **np, struct ort *ort,
                const char *path) MUST_CHECK;
void ort_net_free(struct ort_net **np);

/* A tensor over @bytes of @data, which are borrowed for its life.
 * ERR_PROVIDER. */
int ort_tensor(struct ort_value **vp, struct ort *ort, enum ort_type type,
               void *data, size_t bytes, const int64_t *dims,
               size_t n_dims) MUST_CHECK;

struct ort_feed {
	const char *const *names;
	struct ort_value **values;
	size_t n;
};

/* Compute @out from @in. The values of @out are NULL before and the caller's
 * afterwards, on success only. ERR_PROVIDER. */
int ort_run(struct ort_net *net, const struct ort_feed *in,
            const struct ort_feed *out) MUST_CHECK;

/* The elements of a tensor, borrowed from it. ERR_PROVIDER. */
int ort_floats(struct ort *ort, struct ort_value *value, float **v,
               size_t *n) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void ort_value_free(struct ort *ort, struct ort_value **vp);

#endif
