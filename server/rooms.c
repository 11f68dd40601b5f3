#include "server/rooms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/str.h"
#include "server/app.h"
#include "server/config.h"

enum { NAME_MAX_LEN = 31 /* [bytes] of a provider's name */ };

static bool is_name(struct str s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < s.len; i++)
		if (!strchr(good, s.v[i]))
			return false;
	return s.len > 0 && s.len <= NAME_MAX_LEN;
}

/* "deepgram=100"; @bare: "100". */
static int read_one(struct store_room *room, const char *stage, struct str one,
                    bool *bare)
{
	struct str max = one, name = str_trim(str_cut(&max, '='));
	uint64_t n;

	*bare = !max.v;
	if (*bare)
		max = name;
	else if (!is_name(name))
		return -EINVAL;
	if (str_u64(str_trim(max), ROOMS_CALLS, &n) || !n)
		return -EINVAL;
	room->max = (unsigned)n;
	if (*bare)
		snprintf(room->what, sizeof(room->what), ",%s:", stage);
	else
		snprintf(room->what, sizeof(room->what), ",%s:%.*s,", stage,
		         STR_ARG(name));
	return 0;
}

static bool is_there(const struct rooms *r, const char *what)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->v[i].what, what))
			return true;
	return false;
}

int rooms_add(struct rooms *r, const char *stage, const char *text)
{
	struct str rest = str_of(text);
	const size_t had = r->n;
	bool bare = false;

	while (rest.v) {
		const bool after_bare = bare;
		struct store_room room;
		int err = read_one(&room, stage, str_trim(str_cut(&rest, ',')),
		                   &bare);

		/* A number alone is the only one. */
		if (!err && (after_bare || (bare && r->n > had) ||
		             is_there(r, room.what)))
			err = -EINVAL;
		if (!err && r->n == ROOMS_MAX)
			err = ERR_LIMIT;
		if (err)
			return err;
		r->v[r->n++] = room;
	}
	return 0;
}

/* ",stt:deepgram," as the labels of a gauge. */
static int print_labels(struct buf *out, const char *what)
{
	struct str name = str_of(what + 1), stage = str_cut(&name, ':');

	name = str_cut(&name, ',');
	return buf_addf(out, "{stage=\"%.*s\",provider=\"%.*s\"}",
	                STR_ARG(stage), name.len ? (int)name.len : 3,
	                name.len ? name.v : "all");
}

static int print_gauge(struct buf *out, const char *name, const char *help,
                       const struct rooms *r, const unsigned *v)
{
	int err =
		buf_addf(out, "# HELP dialout_%s %s\n# TYPE dialout_%s gauge\n",
	                 name, help, name);

	for (size_t i = 0; i < r->n && !err; i++) {
		err = buf_addf(out, "dialout_%s", name);
		if (!err)
			err = print_labels(out, r->v[i].what);
		if (!err)
			err = buf_addf(out, " %u\n", v[i]);
	}
	return err;
}

int rooms_print(struct app *app, struct buf *out)
{
	const struct rooms *r = &app->cfg->rooms;
	unsigned used[ROOMS_MAX] = {0}, max[ROOMS_MAX] = {0};
	int err = 0;

	if (!r->n)
		return 0;
	for (size_t i = 0; i < r->n && !err; i++) {
		max[i] = r->v[i].max;
		err = store_room_used(app->store, NULL, &r->v[i], &used[i]);
	}
	if (!err)
		err = print_gauge(out, "provider_calls",
		                  "calls that use a provider which has a limit",
		                  r, used);
	if (!err)
		err = print_gauge(out, "provider_limit",
		                  "of STT_LIMIT and TTS_LIMIT", r, max);
	return err;
}
