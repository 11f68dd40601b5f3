#include "tests/sim/lib/ca_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"

static const char *const versions[] = {"2024-06-10", "2024-11-13",
                                       "2025-04-16", "2025-11-04",
                                       "2026-03-01", "2026-08-14"};

static bool known_version(const char *version)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (strcmp(versions[i], version) == 0)
			return true;
	return false;
}

static const char *credential(struct simreq *r)
{
	const char *key = simreq_arg(r, "api_key", 0), *bearer;

	if (!key)
		key = simreq_arg(r, "access_token", 0);
	if (!key)
		key = simreq_header(r, "x-api-key");
	if (key)
		return key;
	bearer = simreq_header(r, "authorization");
	return bearer && strncmp(bearer, "Bearer ", 7) == 0 ? bearer + 7 : NULL;
}

static bool known_arg(const char *name)
{
	return strcmp(name, "api_key") == 0 ||
	       strcmp(name, "access_token") == 0 ||
	       strcmp(name, "cartesia_version") == 0;
}

int ca_check_upgrade(struct sim *s, struct simreq *r, char version[16],
                     const char **text)
{
	const char *v = simreq_arg(r, "cartesia_version", 0);
	const char *key = credential(r), *name, *value;

	*text = simws_check(r);
	if (strcmp(simreq_path(r), "/tts/websocket") != 0) {
		*text = "No such endpoint.";
		return 404;
	}
	for (size_t i = 0; simreq_arg_at(r, i, &name, &value); i++)
		if (!known_arg(name))
			sim_violation(s, s->opened, "unknown parameter %s",
			              name);
	if (*text)
		return 400;
	if (!v)
		v = simreq_header(r, "cartesia-version");
	if (!v || !known_version(v)) {
		*text = "A known Cartesia-Version is required.";
		return 400;
	}
	if (!key || !*key || (s->key && strcmp(key, s->key) != 0)) {
		*text = "Invalid API key.";
		return 401;
	}
	snprintf(version, 16, "%s", v);
	return 0;
}

/* --- messages --- */

static int fail(struct ca_error *e, int status, const char *code,
                const char *fmt, ...) PRINTF_LIKE(4, 5);

static int fail(struct ca_error *e, int status, const char *code,
                const char *fmt, ...)
{
	va_list ap;

	e->status = status;
	e->code = code;
	e->title = status == 404 ? "Not found" : "Invalid request";
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return -1;
}

static int invalid(struct ca_error *e, const char *name)
{
	return fail(e, 400, "invalid_request", "field %s is not valid", name);
}

enum kind { TEXT, FLAG, NUMBER, OBJECT, ANY };

static const struct field {
	const char *name;
	enum kind kind;
	bool varies; /* within a context */
} fields[] = {
	{"model_id", TEXT, false},
	{"transcript", TEXT, true},
	{"continue", FLAG, true},
	{"flush", FLAG, true},
	{"duration", NUMBER, true},
	{"context_id", TEXT, false},
	{"voice", ANY, false},
	{"output_format", OBJECT, false},
	{"language", TEXT, false},
	{"locale", TEXT, false},
	{"add_timestamps", FLAG, false},
	{"add_phoneme_timestamps", FLAG, false},
	{"use_normalized_timestamps", FLAG, false},
	{"max_buffer_delay_ms", NUMBER, false},
	{"generation_config", OBJECT, false},
	{"pronunciation_dict_id", TEXT, false},
	{"speed", ANY, false},
};

static const struct field *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static bool fits(enum kind kind, const json_t *v)
{
	switch (kind) {
	case TEXT:
		return json_is_string(v);
	case FLAG:
		return json_is_boolean(v);
	case NUMBER:
		return json_is_number(v);
	case OBJECT:
		return json_is_object(v);
	case ANY:
		break;
	}
	return true;
}

static int check_fields(const json_t *msg, struct ca_error *e)
{
	static const char *const required[] = {"model_id", "transcript",
	                                       "voice", "output_format",
	                                       "context_id"};

	for (void *it = json_object_iter((json_t *)(uintptr_t)msg); it;
	     it = json_object_iter_next((json_t *)(uintptr_t)msg, it)) {
		const char *name = json_object_iter_key(it);
		const struct field *f = find(name);

		if (!f)
			return fail(e, 400, "invalid_request",
			            "unknown field %s", name);
		if (!fits(f->kind, json_object_iter_value(it)))
			return invalid(e, name);
	}
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (!json_object_get(msg, required[i]))
			return fail(e, 400, "invalid_request",
			            "field %s is missing", required[i]);
	return 0;
}

static int check_model(const json_t *msg, struct ca_error *e)
{
	const char *model = js_str(msg, "model_id", "");

	if (strcmp(model, "sonic-latest") == 0 ||
	    strncmp(model, "sonic-3", 7) == 0)
		return 0;
	return fail(e, 404, "model_not_found", "Model %.64s is not available.",
	            model);
}

static int check_voice(const json_t *msg, const char *version,
                       struct ca_error *e)
{
	const json_t *voice = json_object_get(msg, "voice");
	const char *mode = js_str(voice, "mode", "id");
	const char *id = js_str(voice, "id", "");

	if (json_is_string(voice) && strcmp(version, "2026-08-14") >= 0)
		return 0;
	if (!json_is_object(voice) || strcmp(mode, "id") != 0)
		return invalid(e, "voice");
	if (!json_object_get(voice, "mode") &&
	    strcmp(version, "2026-08-14") < 0)
		return invalid(e, "voice.mode");
	if (strlen(id) != 36)
		return fail(e, 404, "voice_not_found",
		            "voice.id is not a UUID");
	return 0;
}

static int read_format(const json_t *msg, struct ca_format *f,
                       struct ca_error *e)
{
	static const char *const encodings[] = {[CA_MULAW] = "pcm_mulaw",
	                                        [CA_ALAW] = "pcm_alaw",
	                                        [CA_S16LE] = "pcm_s16le",
	                                        [CA_F32LE] = "pcm_f32le"};
	static const int rates[] = {8000, 16000, 22050, 24000, 44100, 48000};
	const json_t *out = json_object_get(msg, "output_format");
	const char *encoding = js_str(out, "encoding", "");
	const json_int_t hz = js_int(out, "sample_rate", 0);
	size_t i;

	if (strcmp(js_str(out, "container", ""), "raw") != 0)
		return invalid(e, "output_format.container");
	for (i = 0; i < ARRAY_LEN(encodings); i++)
		if (strcmp(encodings[i], encoding) == 0)
			break;
	if (i == ARRAY_LEN(encodings))
		return invalid(e, "output_format.encoding");
	f->encoding = (enum ca_encoding)i;
	for (i = 0; i < ARRAY_LEN(rates); i++)
		if (rates[i] == hz)
			break;
	if (i == ARRAY_LEN(rates))
		return invalid(e, "output_format.sample_rate");
	f->hz = (uint32_t)hz;
	return json_object_size(out) == 3 ? 0 : invalid(e, "output_format");
}

static int read_generation(const json_t *msg, struct ca_request *q,
                           struct ca_error *e)
{
	const json_t *g = json_object_get(msg, "generation_config");
	const double volume = js_real(g, "volume", 1);
	const json_int_t delay = js_int(msg, "max_buffer_delay_ms", 3000);

	q->speed = js_real(g, "speed", 1);
	if (q->speed < 0.6 || q->speed > 1.5)
		return invalid(e, "generation_config.speed");
	if (volume < 0.5 || volume > 2)
		return invalid(e, "generation_config.volume");
	if (delay < 0 || delay > 5000)
		return invalid(e, "max_buffer_delay_ms");
	q->delay_ms = (uint32_t)delay;
	return 0;
}

static int check_text(const struct ca_request *q, struct ca_error *e)
{
	if (!*q->context_id || strlen(q->context_id) > 64)
		return invalid(e, "context_id");
	if (!*q->transcript && q->cont && !q->flush)
		return fail(e, 400, "invalid_request",
		            "an empty transcript needs flush, or continue "
		            "false");
	return 0;
}

int ca_check_message(const json_t *msg, const char *version,
                     struct ca_request *q, struct ca_error *e)
{
	*q = (struct ca_request){.context_id = js_str(msg, "context_id", NULL)};
	if (!json_is_object(msg))
		return fail(e, 400, "invalid_request", "not a JSON object");
	if (json_object_get(msg, "cancel")) {
		q->cancel = js_bool(msg, "cancel", false);
		if (!q->cancel || !q->context_id || json_object_size(msg) != 2)
			return invalid(e, "cancel");
		return 0;
	}
	q->transcript = js_str(msg, "transcript", "");
	q->cont = js_bool(msg, "continue", false);
	q->flush = js_bool(msg, "flush", false);
	q->timestamps = js_bool(msg, "add_timestamps", false);
	if (check_fields(msg, e) || check_model(msg, e) ||
	    check_voice(msg, version, e) || read_format(msg, &q->format, e) ||
	    read_generation(msg, q, e))
		return -1;
	if (json_object_get(msg, "language") && json_object_get(msg, "locale"))
		return fail(e, 400, "invalid_request",
		            "language and locale exclude one another");
	return check_text(q, e);
}

const char *ca_check_same(const json_t *first, const json_t *msg)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const json_t *a = json_object_get(first, fields[i].name);
		const json_t *b = json_object_get(msg, fields[i].name);

		if (!fields[i].varies && (a || b) &&
		    !(a && b &&
		      json_equal((json_t *)(uintptr_t)a,
		                 (json_t *)(uintptr_t)b)))
			return fields[i].name;
	}
	return NULL;
}
