#include "common/js.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/str.h"
#include "common/utf8.h"

json_t *js_parse(const char *text, size_t len, char *why, size_t why_cap)
{
	json_error_t e;
	json_t *json = json_loadb(text, len, JSON_DECODE_ANY, &e);

	if (!json && why)
		snprintf(why, why_cap, "%s at line %d, column %d", e.text,
		         e.line, e.column);
	return json;
}

const char *js_str(const json_t *obj, const char *key, const char *def)
{
	const char *v = json_string_value(json_object_get(obj, key));

	return v ? v : def;
}

int64_t js_int(const json_t *obj, const char *key, int64_t def)
{
	const json_t *v = json_object_get(obj, key);

	if (json_is_integer(v))
		return json_integer_value(v);
	if (json_is_real(v)) {
		double d = json_real_value(v);

		return fabs(d) < 9e15 && d == floor(d) ? (int64_t)d : def;
	}
	if (json_is_string(v)) {
		struct str s =
			str_n(json_string_value(v), json_string_length(v));
		bool minus = str_starts(s, "-");
		uint64_t n;

		if (str_u64(str_n(s.v + minus, s.len - minus), INT64_MAX, &n))
			return def;
		return minus ? -(int64_t)n : (int64_t)n;
	}
	return def;
}

double js_real(const json_t *obj, const char *key, double def)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_number(v) ? json_number_value(v) : def;
}

bool js_bool(const json_t *obj, const char *key, bool def)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_boolean(v) ? json_is_true(v) : def;
}

/* jansson only says that writing failed; the reason is kept beside it. */
struct sink {
	struct buf *out;
	int err;
};

static int add_chunk(const char *text, size_t len, void *arg)
{
	struct sink *sink = arg;
	int err = buf_add(sink->out, text, len);

	if (err)
		sink->err = err;
	return err;
}

int js_dump(struct buf *out, const json_t *json)
{
	struct sink sink = {out, -ENOMEM};

	return json_dump_callback(json, add_chunk, &sink,
	                          JSON_COMPACT | JSON_ENCODE_ANY)
	               ? sink.err
	               : 0;
}

static int quote_char(struct buf *out, const char *text, size_t n)
{
	unsigned char c = (unsigned char)text[0];

	if (c == '"' || c == '\\')
		return buf_addf(out, "\\%c", c);
	if (c == '\n')
		return buf_adds(out, "\\n");
	if (c < ' ' || c == 0x7f)
		return buf_addf(out, "\\u%04x", c);
	return buf_add(out, text, n);
}

int js_quote(struct buf *out, const char *text, size_t len)
{
	int err = buf_adds(out, "\"");

	while (len && !err) {
		size_t n = utf8_len(text, len);

		err = n ? quote_char(out, text, n)
		        : buf_adds(out, "\xef\xbf\xbd");
		text += n ? n : 1;
		len -= n ? n : 1;
	}
	return err ? err : buf_adds(out, "\"");
}
