#include "tests/sim/lib/dg_query.h"

#include <string.h>

#include "common/str.h"

enum kind { BOOL, INT, TEXT, ENDPOINTING, REDACT, SERVED };

static const struct param {
	const char *name;
	enum kind kind;
	bool repeats;
	uint32_t least, most; /* INT */
} params[] = {
	{"model", TEXT, false, 0, 0},
	{"version", TEXT, false, 0, 0},
	{"language", TEXT, false, 0, 0},
	{"encoding", TEXT, false, 0, 0},
	{"sample_rate", INT, false, 8000, 48000},
	{"channels", INT, false, 1, 1},
	{"multichannel", BOOL, false, 0, 0},
	{"interim_results", BOOL, false, 0, 0},
	{"endpointing", ENDPOINTING, false, 0, 0},
	{"utterance_end_ms", INT, false, 1000, 60000},
	{"vad_events", BOOL, false, 0, 0},
	{"smart_format", BOOL, false, 0, 0},
	{"no_delay", BOOL, false, 0, 0},
	{"punctuate", BOOL, false, 0, 0},
	{"numerals", BOOL, false, 0, 0},
	{"profanity_filter", BOOL, false, 0, 0},
	{"filler_words", BOOL, false, 0, 0},
	{"keyterm", TEXT, true, 0, 0},
	{"keywords", TEXT, true, 0, 0},
	{"diarize", BOOL, false, 0, 0},
	{"diarize_model", TEXT, false, 0, 0},
	{"detect_entities", BOOL, false, 0, 0},
	{"dictation", BOOL, false, 0, 0},
	{"redact", REDACT, true, 0, 0},
	{"replace", TEXT, true, 0, 0},
	{"search", TEXT, true, 0, 0},
	{"tag", TEXT, true, 0, 0},
	{"extra", TEXT, true, 0, 0},
	{"mip_opt_out", BOOL, false, 0, 0},
	{"callback", SERVED, false, 0, 0},
	{"callback_method", SERVED, false, 0, 0},
};

static const struct param *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(params); i++)
		if (strcmp(params[i].name, name) == 0)
			return &params[i];
	return NULL;
}

static bool one_of(const char *value, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(value, *list) == 0)
			return true;
	return false;
}

static bool value_fits(const struct param *p, const char *value)
{
	static const char *const booleans[] = {"true", "false", NULL};
	static const char *const redactions[] = {
		"true", "false", "pci", "numbers", "aggressive_numbers",
		"ssn",  NULL};
	uint64_t n;

	switch (p->kind) {
	case BOOL:
		return one_of(value, booleans);
	case REDACT:
		return one_of(value, redactions);
	case ENDPOINTING:
		return one_of(value, booleans) ||
		       str_u64(str_of(value), 60000, &n) == 0;
	case INT:
		return str_u64(str_of(value), p->most, &n) == 0 &&
		       n >= p->least;
	case TEXT:
		return *value != '\0';
	case SERVED:
		break;
	}
	return false;
}

static bool is_true(struct simreq *r, const char *name)
{
	const char *value = simreq_arg(r, name, 0);

	return value && strcmp(value, "true") == 0;
}

static uint32_t number(struct simreq *r, const char *name, uint32_t def)
{
	const char *value = simreq_arg(r, name, 0);
	uint64_t n;

	if (!value || str_u64(str_of(value), UINT32_MAX, &n))
		return def;
	return (uint32_t)n;
}

static const char *check_each(struct sim *s, struct simreq *r, unsigned stream)
{
	const char *name, *value;

	for (size_t i = 0; simreq_arg_at(r, i, &name, &value); i++) {
		const struct param *p = find(name);

		if (!p) {
			sim_violation(s, stream, "unknown parameter %s=%s",
			              name, value);
			continue;
		}
		if (!value_fits(p, value)) {
			sim_violation(s, stream, "parameter %s=%s", name,
			              value);
			return "Invalid query string.";
		}
		if (!p->repeats && simreq_arg(r, name, 1)) {
			sim_violation(s, stream, "parameter %s repeated", name);
			return "Invalid query string: duplicate field.";
		}
	}
	return NULL;
}

static const char *read_encoding(struct simreq *r, struct dg_params *p)
{
	const char *encoding = simreq_arg(r, "encoding", 0);

	if (!encoding)
		return "A container cannot be decoded here: give encoding and "
		       "sample_rate.";
	if (strcmp(encoding, "linear16") == 0)
		p->encoding = DG_LINEAR16;
	else if (strcmp(encoding, "mulaw") == 0)
		p->encoding = DG_MULAW;
	else if (strcmp(encoding, "alaw") == 0)
		p->encoding = DG_ALAW;
	else
		return "Unsupported encoding.";
	p->hz = number(r, "sample_rate", 0);
	return p->hz ? NULL : "Raw encodings need sample_rate.";
}

static const char *check_model(struct simreq *r, struct dg_params *p)
{
	const char *model = simreq_arg(r, "model", 0);

	if (!model)
		return "No model was given.";
	if (strncmp(model, "flux-", 5) == 0)
		return "Flux models are served on /v2/listen.";
	if (strncmp(model, "nova", 4) != 0 && strncmp(model, "base", 4) != 0 &&
	    strncmp(model, "enhanced", 8) != 0)
		return "No such model/language/tier combination found.";
	if (simreq_arg(r, "keyterm", 0) && strncmp(model, "nova-3", 6) != 0)
		return "keyterm needs a nova-3 model.";
	if (simreq_arg(r, "keywords", 0) && strncmp(model, "nova-3", 6) == 0)
		return "keywords is not for nova-3: use keyterm.";
	return str_copy(p->model, sizeof(p->model), str_of(model))
	               ? "Model name too long."
	               : NULL;
}

static const char *read_rest(struct simreq *r, struct dg_params *p)
{
	const char *endpointing = simreq_arg(r, "endpointing", 0);
	const char *tag;

	p->channels = number(r, "channels", 1);
	p->interim = is_true(r, "interim_results");
	p->punctuate = is_true(r, "punctuate") || is_true(r, "smart_format");
	p->vad_events = is_true(r, "vad_events");
	p->numerals = is_true(r, "numerals");
	p->endpointing_ms = (int)number(r, "endpointing", 10);
	if (endpointing && strcmp(endpointing, "false") == 0)
		p->endpointing_ms = -1;
	p->utterance_end_ms = number(r, "utterance_end_ms", 0);
	for (size_t i = 0; (tag = simreq_arg(r, "tag", i)); i++)
		if (strncmp(tag, "script:", 7) == 0 &&
		    str_copy(p->script, sizeof(p->script), str_of(tag + 7)))
			return "Tag too long.";
	if (p->utterance_end_ms && !p->interim)
		return "utterance_end_ms needs interim_results=true.";
	return NULL;
}

static bool authorised(const struct sim *s, const struct simreq *r)
{
	const char *auth = simreq_header(r, "authorization");
	struct str key = str_of(auth), scheme;

	if (!auth)
		return false;
	scheme = str_cut(&key, ' ');
	if (!str_eq_nocase(scheme, "token") && !str_eq_nocase(scheme, "bearer"))
		return false;
	return key.len > 0 && (!s->key || str_eq(key, s->key));
}

int dg_query_check(struct sim *s, struct simreq *r, unsigned stream,
                   struct dg_params *p, const char **code, const char **text)
{
	const char *why = simws_check(r);

	*p = (struct dg_params){0};
	if (strcmp(simreq_path(r), "/v1/listen") != 0) {
		*code = "Not Found";
		*text = "No such endpoint.";
		return 404;
	}
	if (!authorised(s, r)) {
		*code = "INVALID_AUTH";
		*text = "Invalid credentials.";
		return 401;
	}
	if (!why)
		why = check_each(s, r, stream);
	if (!why)
		why = check_model(r, p);
	if (!why)
		why = read_encoding(r, p);
	if (!why)
		why = read_rest(r, p);
	if (!why)
		return 0;
	*code = "Bad Request";
	*text = why;
	return 400;
}
