#include "bot/net/lag.h"

#include <string.h>

enum { US_PER_SEC = 1000000 };

/* Values below four have a bucket each; above, two bits follow the first. */
static unsigned bucket_of(uint32_t us)
{
	unsigned octave, i;

	if (us < 4)
		return us;
	octave = 31 - (unsigned)__builtin_clz(us);
	i = (octave - 1) * 4 + ((us >> (octave - 2)) & 3);
	return i < LAG_BUCKETS ? i : LAG_BUCKETS - 1;
}

/* Largest value of a bucket. */
static uint32_t bound_of(unsigned i)
{
	unsigned shift;

	if (i < 4)
		return i;
	shift = i / 4 - 1;
	return ((i % 4 + 5) << shift) - 1;
}

static bool live(const struct lag_slot *s, uint64_t now_us)
{
	return s->total && s->second + LAG_SLOTS > now_us / US_PER_SEC;
}

void lag_add(struct lag *lag, uint64_t now_us, uint64_t late_us)
{
	uint64_t second = now_us / US_PER_SEC;
	struct lag_slot *s = &lag->slot[second % LAG_SLOTS];
	uint32_t us = late_us > UINT32_MAX ? UINT32_MAX : (uint32_t)late_us;

	if (s->second != second) {
		memset(s, 0, sizeof(*s));
		s->second = second;
	}
	s->count[bucket_of(us)]++;
	s->total++;
	if (us > s->max_us)
		s->max_us = us;
}

uint32_t lag_max(const struct lag *lag, uint64_t now_us)
{
	uint32_t max = 0;

	for (unsigned i = 0; i < LAG_SLOTS; i++)
		if (live(&lag->slot[i], now_us) && lag->slot[i].max_us > max)
			max = lag->slot[i].max_us;
	return max;
}

uint64_t lag_count(const struct lag *lag, uint64_t now_us)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < LAG_SLOTS; i++)
		if (live(&lag->slot[i], now_us))
			n += lag->slot[i].total;
	return n;
}

uint32_t lag_at(const struct lag *lag, uint64_t now_us, unsigned permille)
{
	uint64_t count[LAG_BUCKETS] = {0}, total = 0, want, seen = 0;
	uint32_t max = lag_max(lag, now_us);

	for (unsigned i = 0; i < LAG_SLOTS; i++) {
		const struct lag_slot *s = &lag->slot[i];

		if (!live(s, now_us))
			continue;
		total += s->total;
		for (unsigned k = 0; k < LAG_BUCKETS; k++)
			count[k] += s->count[k];
	}
	want = (total * permille + 999) / 1000;
	for (unsigned k = 0; k < LAG_BUCKETS && total; k++) {
		seen += count[k];
		if (seen >= want)
			return bound_of(k) < max ? bound_of(k) : max;
	}
	return max;
}
