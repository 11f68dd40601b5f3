#include "bot/stream/proto.h"

#include <string.h>

const struct stream_proto *stream_proto_find(const char *name)
{
	static const struct stream_proto *const all[] = {&stream_plivo};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}
