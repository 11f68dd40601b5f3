/*
 * zone.h - what time it is elsewhere, by the system's time zones
 *
 * localtime_r() knows one zone for the whole process; this reads the files
 * itself (TZif, RFC 8536) into values that threads need not share.
 */
#ifndef SERVER_ZONE_H
#define SERVER_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct zone;

/* Read @name ("America/New_York") of the folder @dir, NULL for the system's.
 * -ENOENT and the like; -EINVAL: it is no such file, or says what is not
 * understood. -ENOMEM. */
int zone_open(struct zone **zp, const char *dir, const char *name) MUST_CHECK;
/* The same of a file's bytes, which are not kept. */
int zone_read(struct zone **zp, const uint8_t *v, size_t len) MUST_CHECK;
void zone_close(struct zone **zp);

/* Seconds that clocks there are ahead of UTC at the Unix time @sec. */
int32_t zone_offset(const struct zone *z, int64_t sec);

#endif
