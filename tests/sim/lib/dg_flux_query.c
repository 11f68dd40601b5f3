/* The query of /v2/listen. */
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/dg_flux.h"

/* A number between bounds, or not there. */
static bool fits(struct simreq *r, const char *name, double least, double most)
{
	const char *v = simreq_arg(r, name, 0);
	char *end;
	double n;

	if (!v)
		return true;
	n = strtod(v, &end);
	return end > v && !*end && n >= least && n <= most;
}

static const char *check_names(struct simreq *r)
{
	static const char *const known[] = {"model",
	                                    "encoding",
	                                    "sample_rate",
	                                    "eot_threshold",
	                                    "eot_timeout_ms",
	                                    "eager_eot_threshold",
	                                    "keyterm",
	                                    "language_hint",
	                                    "numerals",
	                                    "profanity_filter",
	                                    "redact",
	                                    "mip_opt_out",
	                                    "tag"};
	const char *name, *value;

	for (size_t i = 0; simreq_arg_at(r, i, &name, &value); i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			found = found || strcmp(known[k], name) == 0;
		if (!found)
			return "Unknown parameter.";
	}
	return NULL;
}

static const char *check_audio(struct simreq *r, struct dg_params *p)
{
	const char *encoding = simreq_arg(r, "encoding", 0);
	const char *rate = simreq_arg(r, "sample_rate", 0);
	uint64_t hz;

	if (!encoding || !rate || str_u64(str_of(rate), 48000, &hz) ||
	    hz < 8000)
		return "Raw audio needs encoding and sample_rate.";
	p->hz = (uint32_t)hz;
	if (strcmp(encoding, "linear16") == 0)
		p->encoding = DG_LINEAR16;
	else if (strcmp(encoding, "mulaw") == 0)
		p->encoding = DG_MULAW;
	else if (strcmp(encoding, "alaw") == 0)
		p->encoding = DG_ALAW;
	else
		return "Unsupported encoding.";
	return NULL;
}

static const char *check_turns(struct simreq *r, struct dg_flux_params *p)
{
	const char *model = simreq_arg(r, "model", 0);
	const char *timeout = simreq_arg(r, "eot_timeout_ms", 0);
	uint64_t ms = 5000;

	if (!model || (strcmp(model, "flux-general-en") != 0 &&
	               strcmp(model, "flux-general-multi") != 0))
		return "No such model on /v2/listen.";
	if (simreq_arg(r, "language_hint", 0) && !strstr(model, "-multi"))
		return "language_hint needs flux-general-multi.";
	if (!fits(r, "eot_threshold", 0.5, 0.9) ||
	    !fits(r, "eager_eot_threshold", 0.3, 0.9) ||
	    !fits(r, "eot_timeout_ms", 500, 10000))
		return "A threshold is out of its bounds.";
	if (timeout && str_u64(str_of(timeout), 10000, &ms))
		return "eot_timeout_ms is no number.";
	p->eager = simreq_arg(r, "eager_eot_threshold", 0) != NULL;
	p->timeout_ms = (uint32_t)ms;
	return NULL;
}

int dg_flux_check(struct sim *s, struct simreq *r, struct dg_flux_params *p,
                  const char **code, const char **text)
{
	const char *auth = simreq_header(r, "authorization");

	*p = (struct dg_flux_params){.eager = false};
	*code = "INVALID_AUTH";
	*text = "Invalid credentials.";
	if (!auth || strncmp(auth, "Token ", 6) != 0 || !auth[6] ||
	    (s->key && strcmp(auth + 6, s->key) != 0))
		return 401;
	*code = "Bad Request";
	*text = simws_check(r);
	if (!*text)
		*text = check_names(r);
	if (!*text)
		*text = check_audio(r, &p->audio);
	if (!*text)
		*text = check_turns(r, p);
	return *text ? 400 : 0;
}
