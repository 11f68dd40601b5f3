#include "bot/engine/sound_cache.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "common/list.h"
#include "common/mem.h"

struct sound {
	struct link link; /* the latest stand last */
	char *key;
	size_t n;
	int16_t pcm[];
};

struct sound_cache {
	pthread_mutex_t lock;
	struct link sounds;
	size_t held, limit; /* [bytes] */
};

static struct sound *sound_of(struct link *l)
{
	return CONTAINER_OF(l, struct sound, link);
}

static size_t size_of(size_t n)
{
	return sizeof(struct sound) + n * sizeof(int16_t);
}

int sound_cache_new(struct sound_cache **cp, size_t limit)
{
	struct sound_cache *c = mem_zalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->sounds);
	c->limit = limit;
	*cp = c;
	return 0;
}

static void drop(struct sound_cache *c, struct sound *s)
{
	list_remove(&s->link);
	c->held -= size_of(s->n);
	mem_free(s->key);
	mem_free(s);
}

void sound_cache_free(struct sound_cache **cp)
{
	struct sound_cache *c = *cp;

	if (!c)
		return;
	while (!list_empty(&c->sounds))
		drop(c, sound_of(c->sounds.next));
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
	*cp = NULL;
}

/* The lock is held. */
static struct sound *find(struct sound_cache *c, const char *key)
{
	for (struct link *l = c->sounds.next; l != &c->sounds; l = l->next)
		if (!strcmp(sound_of(l)->key, key))
			return sound_of(l);
	return NULL;
}

bool sound_cache_get(struct sound_cache *c, const char *key, int16_t **pcm,
                     size_t *n)
{
	struct sound *s;
	int16_t *copy = NULL;

	pthread_mutex_lock(&c->lock);
	s = find(c, key);
	if (s) {
		list_remove(&s->link);
		list_append(&c->sounds, &s->link);
		copy = mem_alloc(s->n * sizeof(*copy) + 1);
	}
	if (copy) {
		memcpy(copy, s->pcm, s->n * sizeof(*copy));
		*pcm = copy;
		*n = s->n;
	}
	pthread_mutex_unlock(&c->lock);
	return copy != NULL;
}

void sound_cache_put(struct sound_cache *c, const char *key, const int16_t *pcm,
                     size_t n)
{
	struct sound *s, *same;

	if (size_of(n) > c->limit / 4)
		return;
	s = mem_alloc(size_of(n));
	if (!s)
		return;
	s->n = n;
	s->key = mem_strdup(key);
	if (!s->key) {
		mem_free(s);
		return;
	}
	memcpy(s->pcm, pcm, n * sizeof(*pcm));
	pthread_mutex_lock(&c->lock);
	while (c->held + size_of(n) > c->limit)
		drop(c, sound_of(c->sounds.next));
	/* Two calls may have made the same at the same time: keep the later. */
	same = find(c, key);
	if (same)
		drop(c, same);
	list_append(&c->sounds, &s->link);
	c->held += size_of(n);
	pthread_mutex_unlock(&c->lock);
}
