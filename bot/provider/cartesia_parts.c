#include "bot/provider/cartesia_parts.h"

#include <errno.h>
#include <string.h>

#include "common/base64.h"
#include "common/js.h"
#include "common/jtext.h"
#include "common/mem.h"

int ca_reply_add(struct ca_reply *r, const char *text, size_t len)
{
	struct ca_piece *p;

	if (r->waiting >= CA_PIECES_MAX)
		return -EAGAIN;
	p = mem_alloc(sizeof(*p) + len + 1);
	if (!p)
		return -ENOMEM;
	memcpy(p->text, text, len);
	p->text[len] = ' ';
	p->len = len + 1;
	p->next = NULL;
	*r->tail = p;
	r->tail = &p->next;
	r->waiting++;
	r->has_text = true;
	return 0;
}

void ca_reply_drop(struct ca_reply *r)
{
	struct ca_piece *p = r->first;

	r->first = p->next;
	if (!r->first)
		r->tail = &r->first;
	r->waiting--;
	if (r->submitted)
		r->submitted--;
	r->heard = false;
	mem_free(p);
}

void ca_reply_clear(struct ca_reply *r)
{
	while (r->first)
		ca_reply_drop(r);
	*r = (struct ca_reply){.tail = &r->first};
}

static struct str unquoted(struct str s)
{
	return s.len >= 2 && s.v[0] == '"' ? str_n(s.v + 1, s.len - 2)
	                                   : str_n("", 0);
}

void ca_parts_find(struct str msg, struct ca_parts *parts)
{
	struct str key, value;
	size_t pos = 0;

	*parts = (struct ca_parts){{0}, {0}, {0}};
	while (jtext_next(msg, &pos, &key, &value)) {
		if (str_eq(key, "type"))
			parts->type = unquoted(value);
		else if (str_eq(key, "context_id"))
			parts->context = unquoted(value);
		else if (str_eq(key, "data"))
			parts->data = unquoted(value);
	}
}

int ca_constants(struct buf *out, const struct tts_params *prm)
{
	const struct provider_cfg *cfg = prm->cfg;
	const char *model = cfg->model ? cfg->model : "sonic-3.5";
	const char *voice = cfg->voice ? cfg->voice
	                               : "71a7ad14-091c-4e8e-a314-"
	                                 "022ece01c121";
	const char *language = cfg->language ? cfg->language : "en";
	int err = buf_adds(out, "\"model_id\":");

	if (!err)
		err = js_quote(out, model, strlen(model));
	if (!err)
		err = buf_adds(out, ",\"voice\":{\"mode\":\"id\",\"id\":");
	if (!err)
		err = js_quote(out, voice, strlen(voice));
	if (!err)
		err = buf_adds(out, "},\"language\":");
	if (!err)
		err = js_quote(out, language, strcspn(language, "-_"));
	if (!err)
		err = buf_addf(out,
		               ",\"output_format\":{\"container\":\"raw\","
		               "\"encoding\":\"%s\",\"sample_rate\":%u},"
		               "\"add_timestamps\":true,"
		               "\"use_normalized_timestamps\":false,"
		               "\"max_buffer_delay_ms\":0",
		               prm->fmt == AUDIO_ULAW_8K ? "pcm_mulaw"
		                                         : "pcm_s16le",
		               audio_hz(prm->fmt));
	return err;
}

int ca_submission(struct buf *out, const struct buf *constants,
                  const char *context, struct str text, bool more)
{
	int err =
		buf_addf(out,
	                 "{%s,\"context_id\":\"%s\",\"continue\":%s,"
	                 "\"transcript\":",
	                 buf_str(constants), context, more ? "true" : "false");

	if (!err)
		err = js_quote(out, text.v, text.len);
	return err ? err : buf_adds(out, "}");
}

struct ca_reply *ca_reply_find(struct ca_reply replies[CA_REPLIES],
                               uint32_t number)
{
	for (size_t i = 0; i < CA_REPLIES; i++)
		if (replies[i].number == number)
			return &replies[i];
	return NULL;
}

struct ca_reply *ca_reply_of_context(struct ca_reply replies[CA_REPLIES],
                                     struct str id)
{
	for (size_t i = 0; i < CA_REPLIES; i++)
		if (replies[i].number && id.len &&
		    str_eq(id, replies[i].context))
			return &replies[i];
	return NULL;
}

uint32_t ca_seconds(const json_t *times, size_t i)
{
	double t = json_number_value(json_array_get(times, i));

	return t > 0 && t < 1e5 ? (uint32_t)(t * 1000) : 0;
}

long ca_pcm_decode(struct ca_pcm *p, enum audio_fmt fmt, const char *context,
                   struct str data)
{
	size_t whole = fmt == AUDIO_ULAW_8K ? 1 : 2, had = 0;
	char *v;
	long n;

	buf_reset(&p->samples);
	if (p->odd_of == context) {
		if (buf_add(&p->samples, &p->odd, 1))
			return -ENOMEM;
		had = 1;
	}
	p->odd_of = NULL;
	/* Room first, then decoded in place. */
	if (buf_add(&p->samples, data.v, data.len))
		return -ENOMEM;
	v = p->samples.v;
	n = base64_decode(v + had, data.v, data.len);
	if (n < 0)
		return n;
	n += (long)had;
	if ((size_t)n % whole) {
		n--;
		p->odd = (uint8_t)v[n];
		p->odd_of = context;
	}
	return n;
}
