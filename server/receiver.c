#include "server/receiver.h"

#include <string.h>

#include "common/mem.h"

static void receiver_free(struct receiver *r)
{
	list_remove(&r->link);
	mem_free(r->url);
	mem_free(r);
}

static struct receiver *receiver_new(struct link *list, const char *url)
{
	struct receiver *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->url = mem_strdup(url);
	if (!r->url) {
		mem_free(r);
		return NULL;
	}
	list_append(list, &r->link);
	return r;
}

struct receiver *receiver_of(struct link *list, const char *url)
{
	struct receiver *idle = NULL;
	unsigned n = 0;

	for (struct link *l = list->next; l != list; l = l->next) {
		struct receiver *r = CONTAINER_OF(l, struct receiver, link);

		if (!strcmp(r->url, url))
			return r;
		if (!r->n_out && !r->n_held && !idle)
			idle = r;
		n++;
	}
	/* One that failed long ago may be forgotten. */
	if (n >= RECEIVERS_MAX && idle)
		receiver_free(idle);
	return receiver_new(list, url);
}

void receiver_drop(struct receiver *r)
{
	if (!r->n_out && !r->n_held && !r->failing)
		receiver_free(r);
}

void receivers_free(struct link *list)
{
	while (!list_empty(list))
		receiver_free(CONTAINER_OF(list->next, struct receiver, link));
}
