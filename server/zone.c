#define _POSIX_C_SOURCE 200809L
#include "server/zone.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "server/zone_rule.h"

enum {
	FILE_MAX = 64 * 1024, /* [bytes] the largest has a few thousand */
	PATH_LEN = 512,       /* [bytes] */
	HEAD = 44,            /* [bytes] */
	TYPES_MAX = 256,
};

static const char system_dir[] = "/usr/share/zoneinfo";

struct zone {
	size_t n;         /* changes of the clocks */
	int64_t *times;   /* when, ascending */
	int32_t *offsets; /* from then on */
	int32_t first;    /* before all of them */
	bool has_rule;    /* after the last of them */
	struct zone_rule rule;
};

/* What is still to be read of a file. */
struct rest {
	const uint8_t *v;
	size_t len;
};

struct counts {
	uint32_t utc, std, leap, time, type, chars;
};

static const uint8_t *take(struct rest *r, size_t n)
{
	const uint8_t *v = r->v;

	if (n > r->len)
		return NULL;
	r->v += n;
	r->len -= n;
	return v;
}

static uint32_t be32(const uint8_t *v)
{
	return (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 |
	       (uint32_t)v[2] << 8 | v[3];
}

static int64_t be64(const uint8_t *v)
{
	return (int64_t)((uint64_t)be32(v) << 32 | be32(v + 4));
}

static int read_head(struct rest *r, struct counts *c, uint8_t *version)
{
	const uint8_t *v = take(r, HEAD);

	if (!v || memcmp(v, "TZif", 4) != 0)
		return -EINVAL;
	*version = v[4];
	*c = (struct counts){be32(v + 20), be32(v + 24), be32(v + 28),
	                     be32(v + 32), be32(v + 36), be32(v + 40)};
	/* Nothing of it is more than the file. */
	if (c->utc > FILE_MAX || c->std > FILE_MAX || c->leap > FILE_MAX ||
	    c->time > FILE_MAX || c->type > TYPES_MAX || c->chars > FILE_MAX ||
	    !c->type)
		return -EINVAL;
	return 0;
}

/* The times, types and offsets of the block that @c counts. */
static int read_block(struct zone *z, struct rest *r, const struct counts *c)
{
	const uint8_t *times = take(r, (size_t)c->time * 8);
	const uint8_t *kinds = take(r, c->time);
	const uint8_t *types = take(r, (size_t)c->type * 6);

	if (!times || !kinds || !types ||
	    !take(r, (size_t)c->chars + (size_t)c->leap * 12 + c->std + c->utc))
		return -EINVAL;
	z->first = (int32_t)be32(types);
	z->n = c->time;
	if (!z->n)
		return 0;
	z->times = mem_zalloc(z->n * sizeof(*z->times));
	z->offsets = mem_zalloc(z->n * sizeof(*z->offsets));
	if (!z->times || !z->offsets)
		return -ENOMEM;
	for (size_t i = 0; i < z->n; i++) {
		if (kinds[i] >= c->type)
			return -EINVAL;
		z->times[i] = be64(times + 8 * i);
		z->offsets[i] = (int32_t)be32(types + 6 * (size_t)kinds[i]);
		if (i && z->times[i] <= z->times[i - 1])
			return -EINVAL;
	}
	return 0;
}

static int read_rule(struct zone *z, const struct rest *r)
{
	const char *text = (const char *)r->v;

	if (r->len < 2 || text[0] != '\n' || text[r->len - 1] != '\n')
		return -EINVAL;
	if (r->len == 2)
		return 0;
	z->has_rule = true;
	return zone_rule_parse(&z->rule, str_n(text + 1, r->len - 2));
}

static int read_zone(struct zone *z, const uint8_t *v, size_t len)
{
	struct rest r = {v, len};
	struct counts c;
	uint8_t version;
	int err = read_head(&r, &c, &version);

	/* The first block has years up to 2037 alone. */
	if (!err && version < '2')
		err = -EINVAL;
	if (!err &&
	    !take(&r, (size_t)c.time * 5 + (size_t)c.type * 6 + c.chars +
	                      (size_t)c.leap * 8 + c.std + c.utc))
		err = -EINVAL;
	if (!err)
		err = read_head(&r, &c, &version);
	if (!err)
		err = read_block(z, &r, &c);
	return err ? err : read_rule(z, &r);
}

static int read_file(uint8_t *v, size_t *len, const char *dir, const char *name)
{
	char path[PATH_LEN];
	FILE *f;
	int err = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    sizeof(path))
		return -ENAMETOOLONG;
	f = fopen(path, "re");
	if (!f)
		return errno ? -errno : -EIO;
	*len = fread(v, 1, FILE_MAX, f);
	if (ferror(f))
		err = -EIO;
	fclose(f);
	return err;
}

int zone_read(struct zone **zp, const uint8_t *v, size_t len)
{
	struct zone *z = mem_zalloc(sizeof(*z));
	int err = z ? read_zone(z, v, len) : -ENOMEM;

	if (err)
		zone_close(&z);
	*zp = z;
	return err;
}

int zone_open(struct zone **zp, const char *dir, const char *name)
{
	uint8_t *v = mem_alloc(FILE_MAX);
	size_t len = 0;
	int err = v ? 0 : -ENOMEM;

	*zp = NULL;
	if (!err)
		err = read_file(v, &len, dir ? dir : system_dir, name);
	if (!err)
		err = zone_read(zp, v, len);
	mem_free(v);
	return err;
}

void zone_close(struct zone **zp)
{
	struct zone *z = *zp;

	if (!z)
		return;
	mem_free(z->times);
	mem_free(z->offsets);
	mem_free(z);
	*zp = NULL;
}

int32_t zone_offset(const struct zone *z, int64_t sec)
{
	size_t low = 0, high = z->n;

	/* How many changes were until then? */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (z->times[mid] <= sec)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->n && z->has_rule)
		return zone_rule_offset(&z->rule, sec);
	return low ? z->offsets[low - 1] : z->first;
}
