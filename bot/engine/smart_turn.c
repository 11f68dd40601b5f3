#include "bot/engine/smart_turn.h"

#include <errno.h>

#include "bot/engine/ort.h"
#include "common/err.h"
#include "common/mem.h"

struct smart_turn {
	struct ort *ort;
	struct ort_net *net;
	struct turn_kit *kit;
	unsigned taken;
};

/* The first run allocates and chooses; nobody shall wait for that. */
static int warm_up(const struct smart_turn *s)
{
	struct turn_frame *silence =
		mem_zalloc(TURN_MEL_FRAMES * sizeof(*silence));
	float p;
	int err;

	if (!silence)
		return -ENOMEM;
	err = smart_turn_judge(s, silence, &p);
	mem_free(silence);
	return err;
}

int smart_turn_new(struct smart_turn **sp, struct ort *ort, const char *path)
{
	struct smart_turn *s = mem_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->ort = ort;
	err = turn_kit_new(&s->kit);
	if (!err)
		err = ort_net_new(&s->net, ort, path);
	if (!err)
		err = warm_up(s);
	if (err)
		smart_turn_free(&s);
	else
		*sp = s;
	return err;
}

void smart_turn_free(struct smart_turn **sp)
{
	struct smart_turn *s = *sp;

	if (!s)
		return;
	ort_net_free(&s->net);
	turn_kit_free(&s->kit);
	mem_free(s);
	*sp = NULL;
}

const struct turn_kit *smart_turn_kit(const struct smart_turn *s)
{
	return s->kit;
}

bool smart_turn_take(struct smart_turn *s)
{
	if (s->taken == SMART_TURN_QUEUE)
		return false;
	s->taken++;
	return true;
}

void smart_turn_give(struct smart_turn *s)
{
	ASSERT(s->taken > 0);
	s->taken--;
}

static int run(const struct smart_turn *s, float *features, float *probability)
{
	static const char *const in[] = {"input_features"};
	static const char *const out[] = {
		"logits"}; /* a probability, in truth */
	const int64_t dims[] = {1, TURN_BANDS, TURN_MEL_FRAMES};
	const size_t bytes = sizeof(*features) * TURN_BANDS * TURN_MEL_FRAMES;
	struct ort_value *given = NULL, *result = NULL;
	float *v;
	size_t n;
	int err = ort_tensor(&given, s->ort, ORT_FLOAT, features, bytes, dims,
	                     ARRAY_LEN(dims));

	if (!err)
		err = ort_run(s->net, &(struct ort_feed){in, &given, 1},
		              &(struct ort_feed){out, &result, 1});
	if (!err)
		err = ort_floats(s->ort, result, &v, &n);
	if (!err && n != 1)
		err = ERR_PROVIDER;
	if (!err)
		*probability = v[0];
	ort_value_free(s->ort, &given);
	ort_value_free(s->ort, &result);
	return err;
}

int smart_turn_judge(const struct smart_turn *s,
                     const struct turn_frame frames[TURN_MEL_FRAMES],
                     float *probability)
{
	float *features =
		mem_alloc(sizeof(*features) * TURN_BANDS * TURN_MEL_FRAMES);
	int err;

	if (!features)
		return -ENOMEM;
	turn_kit_features(s->kit, features, frames, TURN_MEL_FRAMES);
	err = run(s, features, probability);
	mem_free(features);
	return err;
}
